"""Find out which of the sheet's columns means what (design.md 8).

Headers are matched without regard to case, blanks, underscores, dots, dashes and order against what the requirements
call their fields and documents, and the plain names below; `[columns]` of the job file goes before both. Two columns
for one field, or none for a required one, is one error that lists them all; a header that nobody knows is a warning.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from bulk_onboard import errors
from bulk_onboard.model import sheet as ours
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.sheet import Columns, Sheet, document_column, kind_column

PLAIN: Mapping[str, tuple[str, ...]] = {
    ours.KEY: ("Key", "Reference"),
    ours.ALIAS: ("Alias",),
    ours.BUSINESS_NAME: ("Business Name",),
    ours.REGISTRATION_NUMBER: ("Registration Number",),
    "email": ("Email",),
    "address.line1": ("Address Line 1",),
    "address.line2": ("Address Line 2",),
    "address.city": ("City",),
    "address.state": ("State",),
    "address.postal_code": ("Postal Code",),
    "address.country": ("Country",),
    ours.COUNTRY_ISO: ("Number Country",),
    ours.NUMBER_TYPE: ("Number Type",),
    ours.USER_TYPE: ("User Type",),
    ours.NUMBERS: ("Numbers",),
    ours.CALLBACK_URL: ("Callback URL",),
}
"""Our name of a column, and the headers that stand for it whatever the requirements are."""

_IGNORED = re.compile(r"[\s_.\-\u2010-\u2015\ufeff]+")


def match_columns(
    sheet: Sheet, book: RequirementsBook, mapping: Mapping[str, str], optional: Collection[str] = ()
) -> tuple[Columns, tuple[Finding, ...]]:
    """What the columns mean, and warnings about those that mean nothing.

    An empty book, as long as no requirements are known, asks for no column and calls none unknown.

    Args:
        sheet: the sheet.
        book: the requirements of all combinations the sheet may ask for.
        mapping: `[columns]` of the job file: a header of the sheet to any accepted header of what it stands for.
        optional: our names of columns that may be missing although they are required; `number_type` where the
            job has a default.

    Raises:
        WorkbookError: columns doubled or missing, or a mapping that leads nowhere.
    """
    names = accepted_headers(book)
    claims = _claims(list(map(_plain, sheet.headers)), names, mapping)
    claimed = {position for positions in claims.values() for position in positions}
    free = [position for position in range(len(sheet.headers)) if position not in claimed]
    troubles = [
        *_astray(mapping, sheet, names, book),
        *_doubled(claims, sheet, book),
        *_missing(claims, free, sheet, book, optional),
    ]
    if troubles:
        raise errors.WorkbookError(
            f'The columns of sheet "{sheet.name}" do not fit: {"; ".join(troubles)}. '
            "Correct the headers, or map them under [columns] in the job file."
        )
    positions = {name: position for name, (position,) in claims.items()}
    columns = Columns(positions, {name: sheet.headers[p].strip() for name, p in positions.items()})
    return columns, tuple(_unknown(free, sheet, columns, book)) if book.offered else ()


def accepted_headers(book: RequirementsBook) -> dict[str, str]:
    """Every header that is understood, bare of case and blanks, to our name of the column.

    Where the requirements and the plain names use one word for two fields, the requirements are meant.
    """
    pairs: list[tuple[str, str]] = [(name, name) for name in PLAIN]
    pairs += [(header, name) for name, headers in PLAIN.items() for header in headers]
    for document in book.documents():
        for called in (document.type, document.title):
            pairs += [(called, document_column(document.type)), (f"{called} Kind", kind_column(document.type))]
    pairs += [(field.label, field.name) for field in book.fields()]
    pairs += [(field.name, field.name) for field in book.fields()]
    return {_plain(header): name for header, name in pairs if _plain(header)}


def titles(book: RequirementsBook) -> dict[str, str]:
    """Our name of every column there may be to the header we write for it, in the order of a new workbook."""
    plain = {name: headers[0] for name, headers in PLAIN.items()}
    fields = {field.name: field.label or field.name for field in book.fields()}
    business = {name: plain.pop(name) for name in list(plain)[: list(plain).index(ours.COUNTRY_ISO)]}
    combination = {name: plain.pop(name) for name in (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)}
    documents = {}
    for document in book.documents():
        documents[document_column(document.type)] = document.title or document.type
        documents[kind_column(document.type)] = f"{document.title or document.type} Kind"
    return business | fields | combination | documents | plain


def required_columns(book: RequirementsBook) -> set[str]:
    """Our names of the columns that some combination of the book cannot do without."""
    if not book.offered:
        return set()
    fields = {field.name for r in book.offered.values() for field in r.fields if field.required}
    return fields | {document_column(document.type) for document in book.documents()} | {ours.NUMBER_TYPE}


def column_letter(position: int) -> str:
    """What Excel calls the column at a position, counted from 0: A, Z, AA."""
    prefix, last = divmod(position, 26)
    return (column_letter(prefix - 1) if prefix else "") + chr(ord("A") + last)


def _plain(header: str) -> str:
    return _IGNORED.sub("", header).casefold()


def _claims(headers: Sequence[str], names: Mapping[str, str], mapping: Mapping[str, str]) -> dict[str, list[int]]:
    """Our name of a column to the positions that claim it; a mapped header leaves no room for another."""
    targets = {_plain(header): names.get(_plain(target)) for header, target in mapping.items()}
    taken = {targets[header] for header in headers if header in targets}
    claims: dict[str, list[int]] = {}
    for position, header in enumerate(headers):
        name = targets[header] if header in targets else names.get(header)
        if name and (header in targets or name not in taken):
            claims.setdefault(name, []).append(position)
    return claims


def _astray(
    mapping: Mapping[str, str], sheet: Sheet, names: Mapping[str, str], book: RequirementsBook
) -> Iterator[str]:
    """Mappings from a header the sheet does not have, or to a column that nobody knows."""
    present = set(map(_plain, sheet.headers))
    for header, target in mapping.items():
        if _plain(header) not in present:
            yield f'[columns] maps "{header}", which is no header of the sheet'
        if book.offered and _plain(target) not in names:
            yield f'[columns] maps "{header}" to "{target}", which is no known column'


def _doubled(claims: Mapping[str, list[int]], sheet: Sheet, book: RequirementsBook) -> Iterator[str]:
    for name, positions in claims.items():
        if len(positions) > 1:
            where = ", ".join(f'{column_letter(p)} ("{sheet.headers[p].strip()}")' for p in positions)
            yield f'"{titles(book)[name]}" is there more than once, in columns {where}'


def _missing(
    claims: Mapping[str, list[int]], free: list[int], sheet: Sheet, book: RequirementsBook, optional: Collection[str]
) -> Iterator[str]:
    required = required_columns(book) - set(optional) - claims.keys()
    strangers = {_plain(sheet.headers[position]): sheet.headers[position].strip() for position in free}
    for name, title in titles(book).items():
        if name in required:
            near = difflib.get_close_matches(_plain(title), strangers, n=1)
            yield f'"{title}" is missing' + (f' (is it "{strangers[near[0]]}"?)' if near else "")


def _unknown(free: Iterable[int], sheet: Sheet, columns: Columns, book: RequirementsBook) -> Iterator[Finding]:
    """A warning for each column without a meaning; one without header counts only if something is in it."""
    for position in free:
        header, letter = sheet.headers[position].strip(), column_letter(position)
        filled = next((number for number, cells in sheet.rows if cells[position].strip()), None)
        if header:
            nearest = _nearest(header, columns, book)
        elif filled:
            nearest = f"; it has no header, and its first content is in {letter}{filled}"
        else:
            continue
        yield Finding("unknown-column", sheet.name, sheet.header_row, header or letter, header, {"nearest": nearest})


def _nearest(header: str, columns: Columns, book: RequirementsBook) -> str:
    """What may be meant; only what the sheet does not have yet, so that following the advice doubles nothing."""
    names = accepted_headers(book)
    if _plain(header) in names:
        return f'; [columns] says that "{columns.header(names[_plain(header)])}" is this column'
    unclaimed = {accepted: name for accepted, name in names.items() if name not in columns.positions}
    near = difflib.get_close_matches(_plain(header), unclaimed, n=1)
    return f'; did you mean "{titles(book)[unclaimed[near[0]]]}"?' if near else ""
