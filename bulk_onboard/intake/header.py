"""Find out which of the sheet's columns means what.

Three authorities, each before the next: `[columns]` of the job file, the proper names - what the requirements call
their fields and documents, and the plain names - and synonyms. A column that one of them names leaves no room for the
next: a synonym counts only where the sheet has no proper name for the field. Two columns of one authority for one
field, or none for a required one, is one error that lists them all; a header that nobody knows is a warning. Nothing
is guessed: where other headers are near, or in another row, the message says so and what to type.
"""

import difflib
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.intake.names import NEAR_THE_TOP, PLAIN, SYNONYMS, bare, known_headers, likely_headers
from bulk_onboard.model import sheet as ours
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.sheet import Columns, Sheet, column_letters, document_column, kind_column

_ONLY_WRITTEN = frozenset(map(bare, (*ours.ADDED_COLUMNS, ours.SOME_ROWS_COLUMN))) - {bare(ours.BO_KEY)}
"""Columns that the annotated workbook adds for people to read."""

_NEAR = 0.75
"""How much two names must have in common to be slips of each other; from 0.6 on Date would be State."""


@dataclass(frozen=True, slots=True)
class _Names:
    """All headers that are understood, bare, to our name of the column.

    Attributes:
        mapped: those that the job file maps; to None where it leads nowhere.
        proper: what the requirements and the plain names call a column.
        synonyms: what else it may be called; none as long as no requirements are known, since they may use the word.
        titles: our name of a column to the header we write for it.
    """

    mapped: Mapping[str, str | None]
    proper: Mapping[str, str]
    synonyms: Mapping[str, str]
    titles: Mapping[str, str]

    def meaning(self, header: str) -> str | None:
        """Return our name of the column that goes by this name, if any."""
        return self.proper.get(bare(header)) or self.synonyms.get(bare(header))

    def nearest(self, header: str, names: Collection[str]) -> str | None:
        """Return the title of the one among these columns whose name is nearly this one."""
        called = {word: name for word, name in ({**self.synonyms, **self.proper}).items() if name in names}
        near = difflib.get_close_matches(bare(header), called, n=1, cutoff=_NEAR)
        return self.titles.get(called[near[0]]) if near else None


def match_columns(
    sheet: Sheet,
    book: RequirementsBook,
    mapping: Mapping[str, str],
    optional: Collection[str] = (),
    *,
    documents_optional: bool = False,
) -> tuple[Columns, tuple[Finding, ...]]:
    """Return what the columns mean, and warnings about those that mean nothing.

    An empty book, as long as no requirements are known, asks for no column and calls none unknown.

    Args:
        sheet: the sheet.
        book: the requirements of all combinations the sheet may ask for.
        mapping: `[columns]` of the job file: a header of the sheet to any accepted header of what it stands for.
        optional: our names of columns that may be missing although they are required; `number_type` where the
            job has a default.
        documents_optional: whether the documents' columns may be missing, because a pattern finds the files.

    Raises:
        WorkbookError: columns doubled or missing, or a mapping that leads nowhere.
    """
    names = _names(book, mapping)
    headers = list(map(bare, sheet.headers))
    claims = _claims(headers, names)
    claimed = set(itertools.chain(*claims.values()))
    free = [p for p, header in enumerate(headers) if p not in claimed and header not in _ONLY_WRITTEN]
    not_needed = {*optional, *(_document_columns(book) if documents_optional else ()), *claims}
    needed = required_columns(book) - not_needed
    missing = [name for name in names.titles if name in needed]
    troubles = [
        *_astray(mapping, headers, names, book),
        *_doubled(claims, sheet, names),
        *_missing(missing, free, sheet, names),
    ]
    if troubles:
        raise _unfit(sheet, troubles, _elsewhere(missing, sheet, names))
    positions = {name: position for position, name in sorted((p, name) for name, (p,) in claims.items())}
    columns = Columns(positions, {name: sheet.headers[p].strip() for name, p in positions.items()})
    return columns, tuple(_unknown(free, sheet, columns, names)) if book.offered else ()


def titles(book: RequirementsBook) -> dict[str, str]:
    """Return by our name of every column the header we write for it, in the order of a new workbook."""
    plain = {name: headers[0] for name, headers in PLAIN.items()}
    fields = {field.name: field.label or field.name for field in book.fields}
    business = {name: plain.pop(name) for name in list(plain)[: list(plain).index(ours.COUNTRY_ISO)]}
    combination = {name: plain.pop(name) for name in (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)}
    documents = {}
    for document in book.documents:
        documents[document_column(document.type)] = document.title or document.type
        documents[kind_column(document.type)] = f"{document.title or document.type} Kind"
    return business | fields | combination | documents | plain


def required_columns(book: RequirementsBook) -> set[str]:
    """Return our names of the columns that some combination of the book requires."""
    if not book.offered:
        return set()
    fields = {field.name for r in book.offered.values() for field in r.fields if field.required}
    return fields | _document_columns(book) | {ours.NUMBER_TYPE}


def _unfit(sheet: Sheet, troubles: Sequence[str], elsewhere: str) -> errors.WorkbookError:
    advice = elsewhere or "Correct the headers, or map them under [columns] in the job file."
    place = f'The headers in row {sheet.header_row} of sheet "{sheet.name}" do not fit'
    return errors.WorkbookError(f"{place}: {'; '.join(troubles)}. {advice}")


def _document_columns(book: RequirementsBook) -> set[str]:
    return {document_column(document.type) for document in book.documents}


def _names(book: RequirementsBook, mapping: Mapping[str, str]) -> _Names:
    proper, called = _proper_names(book), titles(book)
    synonyms = {
        bare(synonym): name
        for name, others in SYNONYMS.items()
        for synonym in others
        if book.offered and name in called
    }
    mapped = {
        bare(header): proper.get(bare(target)) or synonyms.get(bare(target)) for header, target in mapping.items()
    }
    return _Names(mapped, proper, synonyms, called)


def _proper_names(book: RequirementsBook) -> dict[str, str]:
    """Return by each proper name our name of the column; the requirements win over the plain names."""
    pairs: list[tuple[str, str]] = [(name, name) for name in (*PLAIN, ours.BO_KEY)]
    pairs += [(header, name) for name, headers in PLAIN.items() for header in headers]
    for document in book.documents:
        path, kind = document_column(document.type), kind_column(document.type)
        for called in (document.type, document.title):
            pairs += [(called, path), (f"{called} Kind", kind)]
    pairs += [(field.label, field.name) for field in book.fields]
    pairs += [(field.name, field.name) for field in book.fields]
    return {word: name for header, name in pairs if (word := bare(header))}


def _claims(headers: Sequence[str], names: _Names) -> dict[str, list[int]]:
    """Return by our name of a column the positions that claim it under the first authority that names it."""
    claims: dict[str, list[int]] = {}
    left = dict(enumerate(headers))
    for authority in (names.mapped, names.proper, names.synonyms):
        known = {position: authority[header] for position, header in left.items() if header in authority}
        named: dict[str, list[int]] = {}
        for position, name in known.items():
            if name and name not in claims:
                named.setdefault(name, []).append(position)
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
    strangers = {bare(sheet.headers[position]): sheet.headers[position].strip() for position in free}
    for name in missing:
        near = difflib.get_close_matches(bare(names.titles[name]), strangers, n=1, cutoff=_NEAR)
        yield f'"{names.titles[name]}" is missing' + (f' (is it "{strangers[near[0]]}"?)' if near else "")


def _elsewhere(missing: Sequence[str], sheet: Sheet, names: _Names) -> str:
    """Say what to do where the headers, or some that are missing, stand in a row below; empty where none do."""
    known = {**names.synonyms, **names.proper, **names.mapped}
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
    """Warn of each column without a meaning; one without header counts only if something is in it."""
    filled = {p: number for p in free if not bare(sheet.headers[p]) if (number := _first_filled(sheet, p))}
    for position in free:
        header, letter = sheet.headers[position].strip(), column_letters(position)
        if bare(header):
            nearest = _meant(header, columns, names)
        elif position in filled:
            header, nearest = letter, f" It has no header, and its first content is in {letter}{filled[position]}."
        else:
            continue
        seen = sheet.headers[position].strip()
        yield Finding("unknown-column", sheet.name, sheet.header_row, header, seen, {"nearest": nearest})


def _first_filled(sheet: Sheet, position: int) -> int:
    """Return the row number of a column's first content; 0 where it holds none."""
    return next((number for number, text in zip(sheet.numbers, sheet.texts[position], strict=True) if text.strip()), 0)


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
