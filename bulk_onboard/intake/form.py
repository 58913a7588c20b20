"""What a new workbook asks for: its columns, and for each its note, the words to choose from, and an example.

Rule: what holds for all combinations of the requirements is said once; where they differ, each is named with what holds
for it. A drop-down offers what any of them takes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bulk_onboard.intake.header import required_columns, titles
from bulk_onboard.model import sheet as ours
from bulk_onboard.model.example import EXAMPLE, example_path
from bulk_onboard.model.indian_states import STATES
from bulk_onboard.model.requirements import Combination, FieldRequirement, RequirementsBook
from bulk_onboard.model.sheet import document_column, kind_column

_PARTS = (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)
_INDIA = "IN"

_PLAIN_NOTES = {
    ours.KEY: "Your own name for the row, such as a customer number; each row another one.",
    ours.ALIAS: "What the record is to be called at the API; else the Key.",
    ours.COUNTRY_ISO: "Country of the phone number.",
    ours.NUMBER_TYPE: "Type of the phone number.",
    ours.USER_TYPE: "Who uses the number.",
    ours.NUMBERS: "Phone numbers to link once approved, separated by commas.",
    ours.CALLBACK_URL: "Where the API reports reviews; begins with https://.",
}
_PATH_NOTE = "The path of a PNG or PDF file, starting at the documents folder; at most 5 MiB."


class Choices(NamedTuple):
    """The words of a drop-down, none for no drop-down; `closed` where nothing else is accepted."""

    words: tuple[str, ...] = ()
    closed: bool = True


class FormColumn(NamedTuple):
    """One column of a new workbook; `note` has its title in the first line."""

    title: str
    required: bool
    note: str
    choices: Choices
    example: str


def form_columns(book: RequirementsBook) -> Iterator[FormColumn]:
    """Every column there may be, in the order of a new workbook."""
    required, notes, choices = required_columns(book), _notes(book), _choices(book)
    for name, title in titles(book).items():
        must = _must(name, book) if name in required else "May stay blank."
        note = f"{title}\n{must} {notes.get(name, '')}".rstrip()
        offered = choices.get(name, Choices())
        yield FormColumn(title, name in required, note, offered, _example(name, book, offered))


def _must(name: str, book: RequirementsBook) -> str:
    """That the column must be filled in, and by whom where others may leave it blank."""
    asking: list[Combination] = []
    for combination, requirements in book.offered.items():
        names = {field.name for field in requirements.fields if field.required}
        if name in names | {document_column(document.type) for document in requirements.documents}:
            asking.append(combination)
    if len(asking) in (0, len(book.offered)):
        return "Required."
    return f"Required for {_called(asking, book)}."


def _notes(book: RequirementsBook) -> dict[str, str]:
    """Our name of a column to what belongs there."""
    said: defaultdict[str, list[tuple[Combination, str]]] = defaultdict(list)
    for combination, requirements in book.offered.items():
        for field in requirements.fields:
            said[field.name].append((combination, _length(field)))
        for document in requirements.documents:
            said[document_column(document.type)].append((combination, document.description))
            said[kind_column(document.type)].append((combination, ", ".join(document.kinds)))
    notes = {name: _told_apart(texts, book) for name, texts in said.items()}
    for document in book.documents():
        path, kind = document_column(document.type), kind_column(document.type)
        notes[path] = f"{_PATH_NOTE}\n{notes[path]}"
        notes[kind] = f"What the document is: {notes[kind]}" if notes[kind] else "What the document is."
    return _PLAIN_NOTES | notes


def _length(field: FieldRequirement) -> str:
    low, high = field.min_length or 0, field.max_length
    if high is None:
        return f"At least {low} characters" if low else ""
    return f"Exactly {high} characters" if low == high else f"{low} to {high} characters"


def _told_apart(texts: Iterable[tuple[Combination, str]], book: RequirementsBook) -> str:
    """One text where all agree, else each with the combinations that say it; a sentence, or nothing."""
    saying: defaultdict[str, list[Combination]] = defaultdict(list)
    for combination, text in texts:
        saying[text.rstrip(".")].append(combination)
    if len(saying) == 1:
        told = next(iter(saying))
    else:
        told = "; ".join(f"{_called(who, book)}: {text or 'anything'}" for text, who in saying.items())
    return f"{told}." if told else ""


def _called(combinations: Iterable[Combination], book: RequirementsBook) -> str:
    """The combinations by those of their parts in which the book's differ: `local, mobile`."""
    varying = [part for part, words in enumerate(zip(*book.offered, strict=True)) if len(set(words)) > 1]
    return ", ".join(" / ".join(combination[part] for part in varying) for combination in combinations)


def _choices(book: RequirementsBook) -> dict[str, Choices]:
    """Our name of a column to the words it offers; an address may lie outside the countries of the numbers."""
    kinds: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for requirements in book.offered.values():
        for document in requirements.documents:
            kinds[kind_column(document.type)] |= dict.fromkeys(document.kinds)
    choices = {name: Choices(tuple(words)) for name, words in kinds.items()}
    for name, words in zip(_PARTS, zip(*book.offered, strict=True), strict=False):
        choices[name] = Choices(tuple(dict.fromkeys(words)))
    countries = choices.get(ours.COUNTRY_ISO, Choices()).words
    choices["address.country"] = Choices(countries, closed=False)
    if _INDIA in countries:
        choices["address.state"] = Choices(tuple(state.name for state in STATES), closed=False)
    return choices


def _example(name: str, book: RequirementsBook, choices: Choices) -> str:
    """The cell of the example row; of the accepted words the first where the example's is none of them."""
    paths = {document_column(document.type): example_path(document.type) for document in book.documents()}
    text = EXAMPLE.get(name) or paths.get(name, "")
    return text if not choices.words or text in choices.words else choices.words[0]
