"""Find out which of the sheet's columns means what.

Four authorities, each before the next: `[columns]` of the job file, the proper names - what the requirements call
their fields and documents, and the plain names - synonyms, and short names: a document's field without its document. A
column that one of them names leaves no room for the next: a synonym counts only where the sheet has no proper name for
the field, and then a short name may. Two columns of one authority for one field, or none for a required one, is one
error that lists them all, with the columns that nothing is asked for; a header that nobody knows is a warning. Nothing
is guessed: where other headers are near, or in another row, the message says so and what to type.
"""

import difflib
import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bulk_onboard import errors
from bulk_onboard.intake.names import ACCOUNT_HEADER, NEAR_THE_TOP, PLAIN, SYNONYMS, bare, known_headers, likely_headers
from bulk_onboard.model import sheet as ours
from bulk_onboard.model.dates import date_format
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.mask import masked, visible
from bulk_onboard.model.requirements import DocumentRequirement, FieldRequirement, RequirementsBook
from bulk_onboard.model.row import names_example
from bulk_onboard.model.sheet import (
    Columns,
    Sheet,
    column_letters,
    document_column,
    field_column,
    fields_asked_for,
    kind_column,
)

_ONLY_WRITTEN = frozenset(map(bare, (*ours.ADDED_COLUMNS, ours.SOME_ROWS_COLUMN))) - {bare(ours.BO_KEY)}
"""Columns that the annotated workbook adds for people to read."""

_NEAR = 0.75
"""How much two names must have in common to be slips of each other; from 0.6 on Date would be State."""

_MOST_LISTED = 12
_LONGEST_LISTED = 60  # characters


@dataclass(frozen=True, slots=True)
class _Names:
    """All headers that are understood, bare, to our name of the column.

    Attributes:
        mapped: those that the job file maps; to None where it leads nowhere.
        proper: what the requirements and the plain names call a column.
        synonyms: what else it may be called; none as long as no requirements are known, since they may use the word.
        short: names of documents' fields alone, where one field has them and nothing else is called so.
        titles: our name of a column to the header we write for it.
    """

    mapped: Mapping[str, str | None]
    proper: Mapping[str, str]
    synonyms: Mapping[str, str]
    short: Mapping[str, str]
    titles: Mapping[str, str]

    @property
    def all(self) -> Mapping[str, str]:
        """All but those of the job file, the first authority's first."""
        return {**self.short, **self.synonyms, **self.proper}

    def meaning(self, header: str) -> str | None:
        """Return our name of the column that goes by this name, if any."""
        return self.all.get(bare(header))

    def nearest(self, header: str, names: Collection[str]) -> str | None:
        """Return the title of the one among these columns whose name is nearly this one."""
        called = {word: name for word, name in self.all.items() if name in names}
        near = difflib.get_close_matches(bare(header), called, n=1, cutoff=_NEAR)
        return self.titles.get(called[near[0]]) if near else None


def match_columns(
    sheet: Sheet,
    book: RequirementsBook,
    mapping: Mapping[str, str],
    optional: Collection[str] = (),
    *,
    documents_optional: bool = False,
    with_account: bool = False,
) -> tuple[Columns, tuple[Finding, ...]]:
    """Return what the columns mean, and warnings about them.

    Those that mean nothing are warned of, and those of which something odd is asked.

    An empty book, as long as no requirements are known, asks for no column and calls none unknown.

    Args:
        sheet: the sheet.
        book: the requirements of all combinations the sheet may ask for.
        mapping: `[columns]` of the job file: a header of the sheet to any accepted header of what it stands for.
        optional: our names of columns that may be missing although they are required; `number_type` where the
            job has a default.
        documents_optional: whether the documents' columns may be missing, because a pattern finds the files.
        with_account: whether several accounts share the sheet, so that it must have a column that says whose a row is.

    Raises:
        HeadersError: columns doubled or missing, or a mapping that leads nowhere.
    """
    names = _names(book, mapping, with_account=with_account)
    headers = list(map(bare, sheet.headers))
    claims = _claims(headers, names)
    claimed = set(itertools.chain(*claims.values()))
    free = [p for p, header in enumerate(headers) if p not in claimed and header not in _ONLY_WRITTEN]
    not_needed = {*optional, *(_file_columns(book) if documents_optional else ()), *claims}
    required = required_columns(book) | ({ours.ACCOUNT} if with_account else set())
    needed = required - not_needed
    missing = [name for name in names.titles if name in needed]
    troubles = [
        *_astray(mapping, headers, names, book),
        *_doubled(claims, sheet, names),
        *_missing(missing, free, sheet, names),
    ]
    if troubles:
        unused = list(_unused(missing, free, sheet, names)) if missing and book.offered else []
        advice = _elsewhere(missing, sheet, names) or _advice(missing, is_of_others=bool(unused))
        raise _unfit(sheet, book, [*troubles, *unused], advice)
    positions = {name: position for position, name in sorted((p, name) for name, (p,) in claims.items())}
    columns = Columns(positions, {name: sheet.headers[p].strip() for name, p in positions.items()})
    return columns, (*_unknown(free, sheet, columns, names), *_odd(sheet, columns, book)) if book.offered else ()


def titles(book: RequirementsBook, *, with_account: bool = False) -> dict[str, str]:
    """Return by our name of every column the header we write for it, in the order of a new workbook.

    No two of them are read as one. That of the account is there for a sheet that several accounts share.
    """
    plain = {name: headers[0] for name, headers in PLAIN.items()}
    fields = {field.name: field.label or field.name for field in book.fields}
    business = {name: plain.pop(name) for name in list(plain)[: list(plain).index(ours.COUNTRY_ISO)]}
    combination = {name: plain.pop(name) for name in (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)}
    account = {ours.ACCOUNT: ACCOUNT_HEADER} if with_account else {}
    others = account | business | fields | combination
    taken = {"", *(bare(title) for title in (*others.values(), *plain.values()))}
    return others | dict(_of_documents(book, taken)) | plain


def _of_documents(book: RequirementsBook, taken: set[str]) -> Iterator[tuple[str, str]]:
    """Yield name and header of the documents' columns; what would be read as a taken one has its name behind it."""

    def told_apart(title: str, name: str) -> str:
        tries = itertools.chain((title, f"{title} ({name})"), (f"{title} ({name} {n})" for n in itertools.count(2)))
        free = next(each for each in tries if bare(each) not in taken)
        taken.add(bare(free))
        return free

    files = {document.type for document in book.files}
    for document in book.documents:
        title = document.title or document.type
        if document.type in files:
            yield document_column(document.type), told_apart(title, document.type)
            if _has_kinds(document, book):
                yield kind_column(document.type), told_apart(f"{title} Kind", document.type)
        for field in _fields_of(document, book):
            yield field_column(document.type, field.name), told_apart(f"{title}: {field.label}", field.name)


def _has_kinds(document: DocumentRequirement, book: RequirementsBook) -> bool:
    """Return whether any combination lists kinds of the document."""
    return any(each.kinds for offer in book.offered.values() for each in offer.documents if each.type == document.type)


def _fields_of(document: DocumentRequirement, book: RequirementsBook) -> list[FieldRequirement]:
    """Return the fields that any combination asks for of a document."""
    return [field for of, field in book.document_fields if of.type == document.type]


def required_columns(book: RequirementsBook) -> set[str]:
    """Return our names of the columns that some combination of the book requires.

    A document's `business_name` needs none, since Business Name is sent for it.
    """
    if not book.offered:
        return set()
    fields = {
        column
        for requirements in book.offered.values()
        for column, field in fields_asked_for(requirements)
        if field.required and (column == field.name or field.name != ours.BUSINESS_NAME)
    }
    return fields | _file_columns(book) | {ours.NUMBER_TYPE}


def _advice(missing: Collection[str], *, is_of_others: bool) -> str:
    advice = "Correct the headers, or map them under [columns] in the job file."
    if ours.ACCOUNT in missing:
        advice += (
            f' In the column "{ACCOUNT_HEADER}" each row names its account, since the job has several for this sheet; '
            "or give each account a workbook of its own there."
        )
    return f"{advice} The command template writes a new workbook that fits." if is_of_others else advice


def _unfit(sheet: Sheet, book: RequirementsBook, troubles: Sequence[str], advice: str) -> errors.HeadersError:
    place = f'The headers in row {sheet.header_row} of sheet "{sheet.name}" do not fit'
    against = f"They were held against {book.described}. " if book.offered else ""
    return errors.HeadersError(f"{place}: {'; '.join(troubles)}. {against}{advice}")


def _file_columns(book: RequirementsBook) -> set[str]:
    return {document_column(document.type) for document in book.files}


def _names(book: RequirementsBook, mapping: Mapping[str, str], *, with_account: bool) -> _Names:
    called = titles(book, with_account=with_account)
    proper = _proper_names(book, called)
    synonyms = {
        bare(synonym): name
        for name, others in SYNONYMS.items()
        for synonym in others
        if book.offered and name in called
    }
    names = _Names({}, proper, synonyms, _short_names(book, proper), called)
    return replace(names, mapped={bare(header): names.meaning(target) for header, target in mapping.items()})


def _proper_names(book: RequirementsBook, called: Mapping[str, str]) -> dict[str, str]:
    """Return by each proper name our name of the column; the requirements win over the plain names.

    Args:
        book: the requirements.
        called: the headers that we write, each of which must mean its own column.
    """
    pairs: list[tuple[str, str]] = [(name, name) for name in (*PLAIN, ours.BO_KEY)]
    pairs += [(header, name) for name, headers in PLAIN.items() for header in headers]
    for document in book.documents:
        path, kind = document_column(document.type), kind_column(document.type)
        for word in (document.type, document.title):
            pairs += [(word, path), (f"{word} Kind", kind)]
            for field in _fields_of(document, book):
                pairs += [(f"{word}: {text}", field_column(document.type, field.name)) for text in _called(field)]
    pairs += [(field.label, field.name) for field in book.fields]
    pairs += [(field.name, field.name) for field in book.fields]
    pairs += [(title, name) for name, title in called.items()]
    known = {*called, ours.BO_KEY}
    return {word: name for header, name in pairs if name in known and (word := bare(header))}


def _called(field: FieldRequirement) -> tuple[str, str]:
    return field.label, field.name


def _short_names(book: RequirementsBook, taken: Collection[str]) -> dict[str, str]:
    """Return label and name of each document's field that no other field has, and that mean nothing else."""
    named = {
        (bare(word), field_column(document.type, field.name))
        for document, field in book.document_fields
        for word in _called(field)
    }
    times = Counter(word for word, _ in named)
    return {word: name for word, name in named if word and times[word] == 1 and word not in taken}


def _claims(headers: Sequence[str], names: _Names) -> dict[str, list[int]]:
    """Return by our name of a column the positions that claim it under the first authority that names it."""
    claims: dict[str, list[int]] = {}
    left = dict(enumerate(headers))
    for authority in (names.mapped, names.proper, names.synonyms, names.short):
        known = {position: authority[header] for position, header in left.items() if header in authority}
        named: dict[str, list[int]] = {}
        for position, name in known.items():
            if name and name not in claims:
                named.setdefault(name, []).append(position)
            elif authority is names.synonyms:
                continue  # a short name may be meant
            del left[position]
        claims |= named
    return claims


def _astray(
    mapping: Mapping[str, str], headers: Collection[str], names: _Names, book: RequirementsBook
) -> Iterator[str]:
    """Name mappings from a header the sheet does not have, or to a column that is not known."""
    seen: dict[str, str] = {}
    for header, target in mapping.items():
        if not bare(header) or bare(header) not in headers:
            yield f'[columns] maps "{header}", which is no header of the sheet'
        elif (other := seen.setdefault(bare(header), header)) != header:
            yield f'[columns] maps "{other}" and "{header}", which are one and the same header'
        if book.offered and not names.meaning(target):
            near = names.nearest(target, names.titles)
            hint = f' (did you mean "{near}"?)' if near else ""
            yield f'[columns] maps "{header}" to "{target}", which is no known column{hint}'


def _doubled(claims: Mapping[str, list[int]], sheet: Sheet, names: _Names) -> Iterator[str]:
    for name, positions in claims.items():
        if len(positions) > 1:
            where = ", ".join(f'{column_letters(p)} ("{sheet.headers[p].strip()}")' for p in positions)
            yield f'"{names.titles.get(name, name)}" is there more than once, in columns {where}'


def _missing(missing: Sequence[str], free: Sequence[int], sheet: Sheet, names: _Names) -> Iterator[str]:
    likely = _likely(missing, free, sheet, names)
    for name in missing:
        yield f'"{names.titles[name]}" is missing' + (f' (is it "{likely[name]}"?)' if name in likely else "")


def _likely(missing: Sequence[str], free: Sequence[int], sheet: Sheet, names: _Names) -> dict[str, str]:
    """Return by our name of a missing column the header that is nearly one of its own, or else a word of one: `Pin`.

    None where the headers stand in another row, since these are none then.
    """
    if _elsewhere(missing, sheet, names):
        return {}
    strangers = {bare(sheet.headers[position]): sheet.headers[position].strip() for position in free}
    called = {name: (names.titles[name], *SYNONYMS.get(name, ())) for name in missing}
    found: dict[str, str] = {}
    for spellings in (called, {name: " ".join(its).split() for name, its in called.items()}):
        for name in (name for name in missing if name not in found):
            if near := [each for word in spellings[name] if len(word) > 2 for each in _near(word, strangers)]:
                found[name] = strangers.pop(near[0])  # a header is one column
    return found


def _near(word: str, headers: Collection[str]) -> list[str]:
    return difflib.get_close_matches(bare(word), headers, n=1, cutoff=_NEAR)


def _unused(missing: Sequence[str], free: Sequence[int], sheet: Sheet, names: _Names) -> Iterator[str]:
    """Name the columns that nothing is asked for; in a wrong row they may hold anything, so they are masked."""
    likely = set(_likely(missing, free, sheet, names).values())
    headers = [header for position in free if (header := sheet.headers[position].strip()) and header not in likely]
    if headers:
        shown = [f'"{masked(header)[:_LONGEST_LISTED]}"' for header in headers[:_MOST_LISTED]]
        more = f" and {len(headers) - _MOST_LISTED:,} more" if len(headers) > _MOST_LISTED else ""
        yield f"nothing is asked for in {', '.join(shown)}{more}"


def _elsewhere(missing: Sequence[str], sheet: Sheet, names: _Names) -> str:
    """Say what to do where the headers, or some that are missing, stand in a row below; empty where none do."""
    known = {**names.all, **names.mapped}
    here = len(known_headers(sheet.headers, known))
    below = [(row.number, row.cells) for row in sheet.rows_at(range(min(NEAR_THE_TOP, sheet.height)))]
    if missing and (better := likely_headers(below, known, beyond=here)):
        return (
            f"Row {better[0]} holds {_listed(better[1])}: if these are the headers, say so: --header-row {better[0]}."
        )
    lacking = {word for word, name in known.items() if name in missing}
    if second := likely_headers(below, lacking, beyond=0):
        return f"Row {second[0]} holds {_listed(second[1])}: headers must stand in one row, so write them all into one."
    return ""


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(f'"{header}"' for header in headers[:3]) + (" …" if len(headers) > 3 else "")


def _unknown(free: Sequence[int], sheet: Sheet, columns: Columns, names: _Names) -> Iterator[Finding]:
    """Warn of each column without a meaning.

    Not of a blank one beside the template's example: a template has columns for every number type, and those of a type
    that no row asks for stay blank.
    """
    is_example = _examples(sheet, columns) if free else ()
    filled = _first_filled(free, sheet, is_example)
    is_template = any(is_example)
    for position in free:
        header, letter = sheet.headers[position].strip(), column_letters(position)
        if position not in filled and is_template:
            continue
        if bare(header):
            nearest = _meant(header, columns, names)
        elif position in filled:
            header, nearest = letter, f" It has no header, and its first content is in {letter}{filled[position]}."
        else:
            continue
        seen = sheet.headers[position].strip()
        yield Finding("unknown-column", sheet.name, sheet.header_row, header, seen, {"nearest": nearest})


def _odd(sheet: Sheet, columns: Columns, book: RequirementsBook) -> Iterator[Finding]:
    """Warn once of each column of which the requirements ask something odd."""
    asked = {
        (name, oddity): field
        for requirements in book.offered.values()
        for name, field in fields_asked_for(requirements)
        if (oddity := _oddity(field)) and name in columns.positions
    }
    for (name, oddity), field in asked.items():
        header = columns.header(name)
        details = {"oddity": oddity, "instead": _instead(field)}
        yield Finding("odd-requirement", sheet.name, sheet.header_row, header, header, details)


def _oddity(field: FieldRequirement) -> str:
    """Return what is odd, as the end of "this column …"; empty for nothing."""
    of_dates = ""
    if field.field_type == "date" and not field.date_format:
        of_dates = "is for dates, and no format is named"
    elif field.field_type == "date" and date_format(field.date_format) is None:
        of_dates = f'is for dates written as "{visible(field.date_format)[:_LONGEST_LISTED]}", which is no known format'
    return " and ".join(filter(None, (visible(field.oddity), of_dates)))


def _instead(field: FieldRequirement) -> str:
    """Say what is accepted all the same."""
    if field.field_type == "date":
        return "Any date is accepted that can be read in one way only."
    return "Its words are accepted, whatever their length." if field.choices else "Any text is accepted."


def _examples(sheet: Sheet, columns: Columns) -> list[bool]:
    """Return of each row whether it is the template's example."""
    known = [columns.positions.get(name) for name in (ours.KEY, ours.REGISTRATION_NUMBER)]
    naming = [sheet.texts[position] if position is not None else ("",) * sheet.height for position in known]
    return [names_example(*names) for names in zip(*naming, strict=True)]


def _first_filled(positions: Sequence[int], sheet: Sheet, is_example: Sequence[bool]) -> dict[int, int]:
    """Return the row number of the first content of each of these columns that has any, the example's left out."""
    found: dict[int, int] = {}
    for position in positions:
        rows = zip(sheet.numbers, sheet.texts[position], is_example, strict=True)
        number = next((number for number, text, is_template in rows if not is_template and text.strip()), 0)
        if number:
            found[position] = number
    return found


def _meant(header: str, columns: Columns, names: _Names) -> str:
    """Say which column may be meant; only one that the sheet does not have yet, so that no column is doubled."""
    if name := names.meaning(header):
        taken = columns.header(name)
        return (
            f' [columns] says that "{taken}" is this column.'
            if bare(taken) in names.mapped
            else f' "{taken}" is taken.'
        )
    near = names.nearest(header, names.titles.keys() - columns.positions.keys())
    return f' Did you mean "{near}"?' if near else ""
