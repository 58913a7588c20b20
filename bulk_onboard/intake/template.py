"""Write an input workbook from the requirements: what to fill in, where, and which words are accepted.

Every column is text, so that Excel destroys nothing. Below the headers stands one example, which is recognised and
never sent. The second sheet explains; it holds one cell in the header row and no rows, so it is never taken for data.
A third one, hidden, holds the drop-downs that are too long to stand in the sheet itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from bulk_onboard import errors
from bulk_onboard.intake.header import required_columns, titles
from bulk_onboard.model import page as paper
from bulk_onboard.model import sheet as ours
from bulk_onboard.model.dates import EXAMPLE_DAY, PLAIN_DATES, date_format
from bulk_onboard.model.documents import ACCEPTED_WORDS
from bulk_onboard.model.indian_states import STATES
from bulk_onboard.model.mask import visible
from bulk_onboard.model.requirements import Combination, FieldRequirement, Requirements, RequirementsBook
from bulk_onboard.model.row import EXAMPLE, example_path
from bulk_onboard.model.sheet import (
    LAST_ROW,
    column_letters,
    document_column,
    field_column,
    fields_asked_for,
    kind_column,
)

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.comments import Comment
    from openpyxl.worksheet.worksheet import Worksheet

_TEXT = "@"
_FONT, _SIZE = "Calibri", 11  # as all other cells have it
_LIST_LIMIT = 255  # characters of a drop-down that stands in the sheet itself
_LISTS = "Lists"
_NARROWEST, _WIDEST = 14, 32  # characters
_HEADER_HEIGHT = 34  # points, two lines
_IN_VIEW = 70  # characters of the columns that stay in view
_NOTE_WIDTH = 320  # pixels, which hold about 50 characters
_NOTE_CHARACTERS, _NOTE_LINE = 42, 20

_EXAMPLE_NOTE = "This row is an example.\nIt is never sent. Delete it, or write over it, its Key included."

_GUIDE = """How to fill in the sheet "Businesses"

One row is one business. Dark headers must be filled in; the others may stay blank.
Rest the pointer on a header to see what belongs there. Some cells offer the accepted words in a list.

Row 2 is an example. It is never sent. Delete it, or write over it, its Key included.

Key is your own name for a row, such as a customer number. Give each row another one, and never change it: a corrected \
row is recognised by it. Without a Key the registration number serves.

Documents are {accepted} files of at most 5 MiB. Put them into the documents folder and write their paths, starting at \
that folder: acme/identity.pdf

Numbers are phone numbers of your account, to be linked once the business is approved. Separate several by commas.

Every cell is formatted as text, so that Excel keeps 0012345 and 1-2 as they are. If you paste, paste values only.

You may reorder columns, leave out those that may stay blank, and add notes of your own: an unknown column is ignored, \
with a warning."""

_PARTS = (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)
_INDIA = "IN"

_PLAIN_NOTES = {
    ours.ACCOUNT: "The account that the business is filed with, one of the list.",
    ours.KEY: "Your own name for the row, such as a customer number; each row another one.",
    ours.ALIAS: "What the record is to be called at the API; else the Key.",
    ours.COUNTRY_ISO: "Country of the phone number.",
    ours.NUMBER_TYPE: "Type of the phone number.",
    ours.USER_TYPE: "Who uses the number.",
    ours.NUMBERS: "Phone numbers to link once approved, separated by commas.",
    ours.CALLBACK_URL: "Where the API reports reviews; begins with https://.",
}
_PATH_NOTE = "The path of a {accepted} file, starting at the documents folder; at most 5 MiB."
_LONGEST_NOTE = 1_000  # characters of what the API says about a field or document


class Choices(NamedTuple):
    """The words of a drop-down, none for no drop-down; `closed` where nothing else is accepted."""

    words: tuple[str, ...] = ()
    closed: bool = True


class FormColumn(NamedTuple):
    """One column of a new workbook: our name of it, its header; `note` has its title in the first line."""

    name: str
    title: str
    required: bool
    note: str
    choices: Choices
    example: str


def write_template(path: Path, book: RequirementsBook, accounts: Sequence[str] = ()) -> None:
    """Write a workbook with a column for everything that may be filled in, and the example as its only row.

    Args:
        path: the file to write.
        book: the requirements.
        accounts: the names of those that share the workbook, which each row must name one of.

    Raises:
        UsageError: the file is there already, or its folder is not.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - costs 0.3 s, which only writing a workbook should pay

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    _write_sheet(workbook, list(form_columns(book, accounts)), _GUIDE.format(accepted=ACCEPTED_WORDS[book.contract]))
    try:
        path.touch(mode=0o600, exist_ok=False)
        workbook.save(path)
    except FileExistsError:
        raise errors.UsageError(f"{path} exists already and is not overwritten. Choose another name.") from None
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be written: {error.strerror}. Choose another place.") from None


def _write_sheet(workbook: "Workbook", columns: Sequence[FormColumn], guide: str) -> None:
    sheet = workbook.create_sheet("Businesses")
    _write_guide(workbook, guide)
    for position, column in enumerate(columns):
        _write_header(sheet, position, column)
        _write_example(sheet, position, column)
        _offer_choices(workbook, sheet, position, column)
    sheet.row_dimensions[1].height = _HEADER_HEIGHT
    sheet["A2"].comment = _comment(_EXAMPLE_NOTE)
    names = _names_in_view(sheet, columns)
    sheet.freeze_panes = f"{column_letters(names)}2"
    pages = paper.pages_wide(sheet.column_dimensions[column_letters(p)].width for p in range(len(columns)))
    _set_up_page(sheet, pages)
    sheet.print_title_rows = "1:1"
    if pages > 1:
        sheet.print_title_cols = f"A:{column_letters(names - 1)}"


def _names_in_view(sheet: "Worksheet", columns: Sequence[FormColumn]) -> int:
    """Return how many columns from the left stay in view: up to Business Name, if that leaves room for others."""
    width = 0.0
    for position, column in enumerate(columns):
        width += sheet.column_dimensions[column_letters(position)].width
        if width > _IN_VIEW:
            break
        if column.name == ours.BUSINESS_NAME:
            return position + 1
    return 1


def _set_up_page(sheet: Any, pages_wide: int = 1) -> None:
    """Print on A4 in landscape, with numbers of pages."""
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415 - see write_template

    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages_wide, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = paper.SIDE
    sheet.page_margins.top, sheet.page_margins.bottom = paper.TOP, paper.BOTTOM
    sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", paper.FOOTER


def _write_header(sheet: "Worksheet", position: int, column: FormColumn) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - see write_template

    fill, ink = ("1F3864", "FFFFFF") if column.required else ("D9E1F2", "1F3864")
    cell = _put(sheet, 1, position, column.title)
    cell.fill = PatternFill("solid", fgColor=fill)
    cell.font = Font(name=_FONT, size=_SIZE, bold=True, color=ink)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    cell.comment = _comment(column.note)
    words = column.choices.words if column.choices.closed else ()
    longest = max(map(len, (column.example, *words)))
    whole = sheet.column_dimensions[column_letters(position)]
    word = max(map(len, column.title.split()), default=0)
    whole.width = max(_NARROWEST, word + 4, min(len(column.title) // 2 + 6, _WIDEST), min(longest + 4, _WIDEST))
    whole.number_format = _TEXT


def _write_example(sheet: "Worksheet", position: int, column: FormColumn) -> None:
    from openpyxl.styles import Font  # noqa: PLC0415 - see write_template

    _put(sheet, 2, position, column.example).font = Font(name=_FONT, size=_SIZE, italic=True, color="808080")


def _put(sheet: "Worksheet", row: int, position: int, text: str) -> "Cell":
    """Write a text into a cell that keeps whatever is written as text; a blank one stays blank."""
    cell = cast("Cell", sheet.cell(row, position + 1))
    if text:
        cell.value = visible(text)
        cell.data_type = "s"  # else a text that begins with = would be a formula
    cell.number_format = _TEXT
    return cell


def _comment(note: str) -> "Comment":
    """Return a note in a box that holds all of it."""
    from openpyxl.comments import Comment  # noqa: PLC0415 - see write_template

    lines = sum(len(line) // _NOTE_CHARACTERS + 1 for line in note.splitlines())
    return Comment(note, "bulk-onboard", width=_NOTE_WIDTH, height=_NOTE_LINE * (lines + 1))


def _offer_choices(workbook: "Workbook", sheet: "Worksheet", position: int, column: FormColumn) -> None:
    """Add a drop-down to the column; where other words are accepted too, Excel asks before it takes one."""
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415 - see write_template

    choices = column.choices
    if not choices.words:
        return
    validation = DataValidation(
        type="list",
        formula1=_listed_in_place(choices) or _listed_aside(workbook, position, column),
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="stop" if choices.closed else "warning",
        errorTitle="Not accepted" if choices.closed else "Not in the list",
        error="Choose one of the list.",
    )
    letter = column_letters(position)
    validation.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(validation)


def _listed_in_place(choices: Choices) -> str:
    """Return the words as one text, divided by commas; empty where they do not fit into one."""
    words = ",".join(choices.words)
    fits = (
        len(words) <= _LIST_LIMIT
        and words.isprintable()
        and not any(sign in word for word in choices.words for sign in ',"')
    )
    return f'"{words}"' if fits else ""


def _listed_aside(workbook: "Workbook", position: int, column: FormColumn) -> str:
    """Write the words into the hidden sheet, and return their range."""
    lists = workbook[_LISTS] if _LISTS in workbook.sheetnames else workbook.create_sheet(_LISTS)
    lists.sheet_state = "hidden"
    for row, word in enumerate((column.title, *column.choices.words), 1):
        _put(lists, row, position, word)
    letter = column_letters(position)
    return f"{_LISTS}!${letter}$2:${letter}${len(column.choices.words) + 1}"


def _write_guide(workbook: "Workbook", guide: str) -> None:
    from openpyxl.styles import Alignment  # noqa: PLC0415 - see write_template

    sheet = workbook.create_sheet("How to fill in")
    _set_up_page(sheet)
    sheet.sheet_view.showGridLines = False
    sheet.column_dimensions["A"].width = 100
    sheet.row_dimensions[1].height = 390
    cell = sheet.cell(1, 1, guide)
    cell.alignment = Alignment(wrap_text=True, vertical="top")


# -- the columns


def form_columns(book: RequirementsBook, accounts: Sequence[str] = ()) -> Iterator[FormColumn]:
    """Return every column there may be, in the order of a new workbook.

    What holds for all combinations of the requirements is said once; where they differ, each is named with what holds
    for it. A drop-down offers what any of them takes.
    """
    required, notes, choices, examples = required_columns(book), _notes(book), _choices(book), _examples(book)
    if accounts:
        required.add(ours.ACCOUNT)
        choices[ours.ACCOUNT] = Choices(tuple(accounts))
    for name, title in ((name, _plain(title)) for name, title in titles(book, with_account=bool(accounts)).items()):
        must = _must(name, book) if name in required else "May stay blank."
        note = f"{title}\n{must} {notes.get(name, '')}".rstrip()
        offered = choices.get(name, Choices())
        text = examples.get(name, "")
        example = text if not offered.words or text in offered.words else offered.words[0]
        yield FormColumn(name, title, name in required, note, offered, example)


def _must(name: str, book: RequirementsBook) -> str:
    """Say that the column must be filled in, and for which combinations where others may leave it blank."""
    asking: list[Combination] = []
    for combination, requirements in book.offered.items():
        names = {column for column, field in fields_asked_for(requirements) if field.required}
        if name in names | {document_column(each.type) for each in requirements.documents if each.needs_file}:
            asking.append(combination)
    if len(asking) in (0, len(book.offered)):
        return "Required."
    return f"Required for {_called(asking, book)}."


def _notes(book: RequirementsBook) -> dict[str, str]:
    """Return by our name of a column what belongs there."""
    said: defaultdict[str, list[tuple[Combination, str]]] = defaultdict(list)
    for combination, requirements in book.offered.items():
        for column, field in fields_asked_for(requirements):
            said[column].append((combination, _belongs(field)))
        for document in requirements.documents:
            said[document_column(document.type)].append((combination, _plain(document.description)))
            said[kind_column(document.type)].append((combination, ", ".join(document.kinds)))
    notes = {name: _told_apart(texts, book) for name, texts in said.items()}
    for document in book.documents:
        path, kind = document_column(document.type), kind_column(document.type)
        notes[path] = f"{_PATH_NOTE.format(accepted=ACCEPTED_WORDS[book.contract])}\n{notes[path]}"
        notes[kind] = f"What the document is: {notes[kind]}" if notes[kind] else "What the document is."
    for document, field in book.document_fields:
        if field.name == ours.BUSINESS_NAME:
            column = field_column(document.type, field.name)
            notes[column] = f"Business Name is sent where it is blank; else the two must be the same. {notes[column]}"
    return _PLAIN_NOTES | notes


def _belongs(field: FieldRequirement) -> str:
    """Return what belongs into a field: what the API says, and how it has to be written."""
    if field.choices:
        how = "One of the words of the list"
    elif field.field_type == "date":
        wanted = date_format(field.date_format)
        how = f"A date, written as {wanted.name}: {wanted.text_of(EXAMPLE_DAY)}" if wanted else "A date"
    else:
        how = _length(field)
    return ". ".join(filter(None, (_plain(field.help_text).rstrip("."), how)))


def _plain(text: str) -> str:
    """Return a text of the API such that a cell or note can hold it."""
    return " ".join(visible(text).split())[:_LONGEST_NOTE]


def _length(field: FieldRequirement) -> str:
    low, high = field.min_length or 0, field.max_length
    if high is None:
        return f"At least {low} characters" if low else ""
    return f"Exactly {high} characters" if low == high else f"{low} to {high} characters"


def _told_apart(texts: Iterable[tuple[Combination, str]], book: RequirementsBook) -> str:
    """Return the one text where all agree, else each with the combinations it is of; a sentence, or nothing."""
    saying: defaultdict[str, list[Combination]] = defaultdict(list)
    for combination, text in texts:
        saying[text.rstrip(".")].append(combination)
    if len(saying) == 1:
        told = next(iter(saying))
    else:
        told = "; ".join(f"{_called(who, book)}: {text or 'anything'}" for text, who in saying.items())
    return f"{told}." if told else ""


def _called(combinations: Iterable[Combination], book: RequirementsBook) -> str:
    """Name combinations by those parts in which the book's differ: `local, mobile`."""
    varying = [part for part, words in enumerate(zip(*book.offered, strict=True)) if len(set(words)) > 1]
    return ", ".join(" / ".join(combination[part] for part in varying) for combination in combinations)


def _choices(book: RequirementsBook) -> dict[str, Choices]:
    """Return by our name of a column the words it offers; addresses may lie in other countries than the numbers."""
    offered: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for requirements in book.offered.values():
        for document in requirements.documents:
            offered[kind_column(document.type)] |= dict.fromkeys(document.kinds)
        for column, field in fields_asked_for(requirements):
            offered[column] |= dict.fromkeys(field.choices)
    choices = {name: Choices(tuple(words)) for name, words in offered.items()}
    for name, words in zip(_PARTS, zip(*book.offered, strict=True), strict=False):
        choices[name] = Choices(tuple(dict.fromkeys(words)))
    countries = choices.get(ours.COUNTRY_ISO, Choices()).words
    choices["address.country"] = Choices(countries, closed=False)
    if _INDIA in countries:
        choices["address.state"] = Choices(tuple(state.name for state in STATES), closed=False)
    return choices


def _examples(book: RequirementsBook) -> dict[str, str]:
    """Return the cells of the example row, which the requirements have nothing against.

    Where combinations ask for a field differently, the example shows how it is written for its own. A document's
    `business_name` stays blank, to show that it may.
    """
    own = _combination_of_example(book)
    asked = [*book.document_fields, *((document, f) for document in own.documents for f in document.fields)]
    paths = {document_column(document.type): example_path(document.type) for document in book.files}
    fields = {
        field_column(document.type, field.name): _example(field)
        for document, field in asked
        if field.name != ours.BUSINESS_NAME
    }
    return paths | fields | dict(EXAMPLE)


def _combination_of_example(book: RequirementsBook) -> Requirements:
    """Return what is asked for in the example's own row; of what it cannot have it has the first that is offered."""
    parts = zip(_PARTS, zip(*book.offered, strict=True), strict=True)
    shown = [EXAMPLE[name] if EXAMPLE[name] in words else words[0] for name, words in parts]
    return book.offered.get(Combination(*shown), next(iter(book.offered.values())))


def _example(field: FieldRequirement) -> str:
    if field.field_type == "date":
        return (date_format(field.date_format) or PLAIN_DATES).text_of(EXAMPLE_DAY)
    text = "Example".ljust(field.min_length or 0, "x")
    return text[: field.max_length or len(text)]
