"""Which cells of a fixed annotated copy go back into the workbook, by comparing both with what they come from; pure.

Rule: a cell that only the copy changed is taken; one that only the workbook changed stays; what both changed alike
needs nothing. Where both changed it differently, or taking it would lose something, a sentence says so and nothing of
the row is taken. Rows are matched by `bo_key`, by what names a business, by their whole content, or by their number, in
this order, each only where one row alone has it. A row that cannot be matched gets a sentence, not a guess.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bulk_onboard.model.dates import day_of_excel
from bulk_onboard.model.sheet import (
    ADDED_COLUMNS,
    BO_KEY,
    SOME_ROWS_COLUMN,
    Edit,
    Merged,
    Sheet,
    SheetRow,
    Stored,
    column_letters,
)
from bulk_onboard.reporting.annotated.base import BLANK, Base, cell_digest

Formulas: TypeAlias = Mapping[tuple[int, int], str]
"""A sheet's formulas by row number and position; empty where the file keeps the formula with another cell."""

_FEW = 10
_NO_VALUE: Mapping[Stored, str] = {
    Stored.DATE: "a date",
    Stored.ERROR: "an error",
    Stored.UNCALCULATED: "a formula without a result",
}
_OURS = frozenset({*ADDED_COLUMNS, SOME_ROWS_COLUMN})


@dataclass(frozen=True, slots=True)
class Side:
    """The copy, or the workbook.

    Attributes:
        naming: positions of the columns by which a row is known again: the Key, then the registration number.
        dates: by row number and position, the text of a cell that is kept as a date, in a column that is for dates.
    """

    sheet: Sheet
    formulas: Formulas = field(default_factory=dict)
    naming: tuple[int, ...] = ()
    dates: Mapping[tuple[int, int], str] = field(default_factory=dict)


class Known(NamedTuple):
    """The record that a row of the workbook is in the ledger: its token, and the columns by which it is known there."""

    token: str
    by: frozenset[int]


@dataclass(slots=True)
class Merge:
    """What is to be done.

    Attributes:
        edits: to the workbook.
        left: sentences about rows of which nothing was taken, and what else a person must look at.
        notes: sentences that are worth knowing.
    """

    edits: list[Edit] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Column(NamedTuple):
    """What a column is called on each side: a header, and which of several that are called so.

    One without a header is known by its position.
    """

    header: str
    number: int

    @property
    def name(self) -> str:
        """What people call it."""
        return self.header or f"column {column_letters(self.number)}"


class _Row(NamedTuple):
    """A row, the digests of its cells by column."""

    number: int
    key: str
    cells: Mapping[_Column, str]


_Sign: TypeAlias = Callable[[_Row], Hashable]
"""What tells a row from others; None where it has no such thing."""


def merge(base: Base, copy: Side, workbook: Side, records: Mapping[int, Known]) -> Merge:
    """Return what of the copy goes into the workbook.

    Args:
        base: what the copy was made from.
        records: by row number of the workbook; a row that is none is not there.
    """
    return _Merging(base, copy, workbook, records).merged()


class _Merging:
    """Three sheets that are compared, and what comes of it so far."""

    def __init__(self, base: Base, copy: Side, workbook: Side, records: Mapping[int, Known]) -> None:
        self._made = Merge()
        self._records = records
        self._base, self._copy, self._workbook = base, copy, workbook
        self._in_base = _columns(base.headers)
        self._in_copy, self._in_workbook = _columns(copy.sheet.headers), _columns(workbook.sheet.headers)
        self._adopt_renamed()
        self._copied_rows = {row.number: row for row in copy.sheet.rows}
        self._own_rows = {row.number: row for row in workbook.sheet.rows}
        self._new_columns: dict[_Column, int] = {}
        self._next_row = max((row.number for row in workbook.sheet.rows), default=workbook.sheet.header_row) + 1

    def merged(self) -> Merge:
        """Compare row by row."""
        before = [
            _Row(row.number, row.key, {column: row.digest(position) for column, position in self._in_base.items()})
            for row in self._base.rows
        ]
        copied, here = _rows(self._copy.sheet, self._in_copy), _rows(self._workbook.sheet, self._in_workbook)
        in_copy = _matched(before, copied, [_by_key, *self._by_names(self._copy, self._in_copy)])
        if self._base.sha256 == self._workbook.sheet.sha256:
            numbers = {row.number for row in before}
            in_workbook = {row.number: row for row in here if row.number in numbers}
        else:
            in_workbook = _matched(before, here, self._by_names(self._workbook, self._in_workbook))
        for row in before:
            if row.number in in_copy:
                self._take_row(row, in_copy[row.number], in_workbook.get(row.number))
        deleted = [row for row in before if row.number not in in_copy]
        self._note_deleted([in_workbook[row.number].number for row in deleted if row.number in in_workbook])
        new = _without(copied, in_copy.values())
        self._add_rows(new, _without(here, in_workbook.values()), known=_keys(before), is_sure=not deleted)
        self._name_new_columns()
        return self._made

    def _adopt_renamed(self) -> None:
        """Take a column with an unknown header, at the place of one that the copy lacks, for that column."""
        lacking = {place: c for c, place in self._in_base.items() if c in self._in_workbook and c not in self._in_copy}
        for column, place in list(self._in_copy.items()):
            before = lacking.get(place)
            if before and column not in self._in_base and column not in self._in_workbook:
                self._in_copy[before] = self._in_copy.pop(column)
                self._made.left.append(
                    f'The copy calls the column "{before.name}" "{column.name}". Its cells were taken, its header was '
                    "not: change that in the workbook."
                )

    def _by_names(self, side: Side, columns: Mapping[_Column, int]) -> list[_Sign]:
        by_place = {place: column for column, place in columns.items()}
        named = [by_place[place] for place in side.naming if place in by_place]
        return [*map(_by_cell, named), _by_content(self._in_base.keys() & columns.keys()), _by_number]

    def _take_row(self, before: _Row, copied: _Row, here: _Row | None) -> None:
        changed = [c for c, digest in copied.cells.items() if digest != before.cells.get(c, BLANK)]
        if not changed:
            return
        if here is None:
            self._made.left.append(
                f"Row {copied.number} of the copy was changed, and the workbook has no such row any more. "
                "Write it into the workbook, if it is still wanted."
            )
            return
        edits, troubles = [], []
        for column in changed:
            ours = here.cells.get(column, BLANK)
            if ours == copied.cells[column]:
                continue
            if ours != before.cells.get(column, BLANK):
                troubles.append(f"{column.name}: copy and workbook were both changed, and say different things.")
                continue
            edit = self._edit(column, copied.number, here.number)
            if isinstance(edit, str):
                troubles.append(f"{column.name}: {edit}")
            elif not self._says_so(edit, here.number):
                edits.append(edit)
        if troubles:
            self._leave(here.number, copied.number, troubles)
        elif not all(edit.is_result and edit.stored is Stored.UNCALCULATED for edit in edits):
            # Else only results are lost, by a program that does not calculate: those of the workbook are right still.
            self._made.edits += (*edits, *self._who_it_is(edits, here))

    def _leave(self, row: int, copied: int, troubles: Sequence[str]) -> None:
        where = "" if row == copied else f" (row {copied} of the copy)"
        self._made.left.append(f"Row {row}{where} is left as it is. {' '.join(troubles)}")

    def _edit(self, column: _Column, source: int, target: int) -> Edit | str:
        """Return how the cell is taken, or a sentence why it is not."""
        row, place = self._copied_rows[source], self._in_copy[column]
        text, stored = row.cells[place], row.stored.get(place)
        if column in self._in_workbook:
            position = self._in_workbook[column]
        elif column in self._in_base:
            return "the workbook has no such column any more."
        else:
            position = self._new_column(column)
        theirs, ours = self._copy.formulas.get((source, place)), self._workbook.formulas.get((target, position))
        if ours is not None:
            if theirs is None or (theirs and ours and theirs != ours):
                return "the workbook has a formula there, which is not replaced. Change it there."
            return Edit(target, position, text, stored, is_result=True)
        if area := _covering(self._workbook.sheet.merged, target, position):
            return f"it is one of the merged cells {area} of the workbook. Unmerge them there."
        if not self._is_day_for_day(text, stored, target, position):
            if (source, place) in self._copy.dates:
                text, stored = self._copy.dates[source, place], None
            if stored is not None and stored in _NO_VALUE:
                return f"the copy has {_NO_VALUE[stored]} there. Write the value itself, as text."
        return Edit(target, position, text, stored)

    def _says_so(self, edit: Edit, here: int) -> bool:
        """Return whether the workbook says already what is to be written, as where a date is the day of its text."""
        row, place = self._own_rows[here], edit.position
        if edit.is_result or place >= len(row.cells):
            return False
        return (row.cells[place], row.stored.get(place)) == (edit.text, edit.stored)

    def _is_day_for_day(self, text: str, stored: Stored | None, target: int, position: int) -> bool:
        """Return whether the copy has another day in a cell that the workbook keeps as a date, too.

        Then nothing of what was written is lost.
        """
        ours = self._own_rows.get(target)
        return (
            stored is Stored.DATE
            and ours is not None
            and ours.stored.get(position) is Stored.DATE
            and day_of_excel(text) is not None
        )

    def _who_it_is(self, edits: Iterable[Edit], here: _Row) -> Iterator[Edit]:
        """Yield the `bo_key` that keeps a row its record, where its names change.

        It would be filed as a new business else.
        """
        known = self._records.get(here.number)
        if known is None or known.by.isdisjoint(edit.position for edit in edits):
            return
        there = _bo_key_of(self._workbook.sheet)
        position = self._new_column(_Column(BO_KEY, 0)) if there is None else there
        yield Edit(here.number, position, f"~{known.token}")

    def _new_column(self, column: _Column) -> int:
        """Return where a column goes that the workbook does not have yet."""
        return self._new_columns.setdefault(column, len(self._workbook.sheet.headers) + len(self._new_columns))

    def _name_new_columns(self) -> None:
        used = {edit.position for edit in self._made.edits}
        headers = self._copy.sheet.headers
        for column, position in self._new_columns.items():
            if position in used and column.header:
                header = headers[self._in_copy[column]] if column in self._in_copy else column.header
                self._made.edits.append(Edit(self._workbook.sheet.header_row, position, header))
                self._made.notes.append(f'The workbook has a new column "{header.strip()}".')

    def _note_deleted(self, rows: Sequence[int]) -> None:
        if rows:
            self._made.left.append(
                f"{_row_list(rows)} of the workbook {'is' if len(rows) == 1 else 'are'} not in the copy, and stay"
                f"{'s' if len(rows) == 1 else ''}. Delete in the workbook what is not to be sent."
            )

    def _add_rows(self, new: Sequence[_Row], others: Sequence[_Row], *, known: frozenset[str], is_sure: bool) -> None:
        """Add rows that only the copy has below the last one, unless one of them may be a row that is there.

        `others` are the rows that only the workbook has.
        """
        there = {frozenset(_filled(row)) for row in others}
        for row in new:
            if frozenset(_filled(row)) in there or not _filled(row):
                continue
            if not is_sure or row.key in known:
                self._made.left.append(
                    f"Row {row.number} of the copy may be a new one or one of the workbook's, and nothing says "
                    "which. Write it into the workbook yourself."
                )
                continue
            edits = [self._edit(column, row.number, self._next_row) for column, _ in _filled(row)]
            troubles = [edit for edit in edits if isinstance(edit, str)]
            if troubles:
                self._made.left.append(f"Row {row.number} of the copy is not taken. {' '.join(troubles)}")
                continue
            self._made.edits += [edit for edit in edits if isinstance(edit, Edit)]
            self._made.notes.append(f"Row {row.number} of the copy is a new one; it is row {self._next_row} now.")
            self._next_row += 1


def _columns(headers: Sequence[str]) -> dict[_Column, int]:
    """Return the columns and their positions, without those that every copy gets anew."""
    seen: Counter[str] = Counter()
    found: dict[_Column, int] = {}
    for position, header in enumerate(headers):
        name = header.strip()
        if name.casefold() not in _OURS:
            found[_Column(name, seen[name] if name else position)] = position
            seen[name] += 1
    return found


def _rows(sheet: Sheet, columns: Mapping[_Column, int]) -> list[_Row]:
    place = _bo_key_of(sheet)
    keys = ("" if place is None else row.cells[place].strip() for row in sheet.rows)
    return [_Row(row.number, key, _digests(row, columns)) for row, key in zip(sheet.rows, keys, strict=True)]


def _bo_key_of(sheet: Sheet) -> int | None:
    return next((p for p, header in enumerate(sheet.headers) if header.strip().casefold() == BO_KEY), None)


def _digests(row: SheetRow, columns: Mapping[_Column, int]) -> dict[_Column, str]:
    cells, stored = row.cells, row.stored
    return {c: cell_digest(cells[p], stored.get(p)) if cells[p] or p in stored else BLANK for c, p in columns.items()}


def _filled(row: _Row) -> list[tuple[_Column, str]]:
    return [(column, digest) for column, digest in row.cells.items() if digest != BLANK]


def _keys(rows: Iterable[_Row]) -> frozenset[str]:
    return frozenset(row.key for row in rows if row.key)


def _without(rows: Iterable[_Row], others: Iterable[_Row]) -> list[_Row]:
    numbers = {row.number for row in others}
    return [row for row in rows if row.number not in numbers]


def _matched(before: Sequence[_Row], now: Sequence[_Row], signs: Sequence[_Sign]) -> dict[int, _Row]:
    """Return, by the number that a row had before, the row that it is now.

    But for `bo_key`, which is made for this, half of what a row said must be the same still.
    """
    found: dict[int, _Row] = {}
    left = list(now)
    for sign in signs:
        lost = [row for row in before if row.number not in found]
        mine, theirs = _by_sign(lost, sign), _by_sign(left, sign)
        for each, row in mine.items():
            other = theirs.get(each)
            if other is not None and (sign is _by_key or _are_alike(row, other)):
                found[row.number] = other
        left = _without(left, found.values())
    return found


def _by_sign(rows: Iterable[_Row], sign: _Sign) -> dict[Hashable, _Row]:
    """Return the rows whose sign no other row has, by that sign."""
    signed = [(sign(row), row) for row in rows]
    counted = Counter(each for each, _ in signed)
    return {each: row for each, row in signed if each is not None and counted[each] == 1}


def _by_key(row: _Row) -> Hashable:
    return row.key or None


def _by_cell(column: _Column) -> _Sign:
    return lambda row: digest if (digest := row.cells.get(column, BLANK)) != BLANK else None


def _by_content(columns: Iterable[_Column]) -> _Sign:
    ordered = sorted(columns)
    return lambda row: tuple(row.cells.get(column, BLANK) for column in ordered)


def _by_number(row: _Row) -> Hashable:
    return row.number


def _are_alike(before: _Row, now: _Row) -> bool:
    said = [(column, digest) for column, digest in _filled(before) if column in now.cells]
    return 2 * sum(now.cells[column] == digest for column, digest in said) >= len(said)


def _covering(merged: Iterable[Merged], row: int, position: int) -> str:
    """Return the merged cells that the place is in without being the first; empty where it is in none."""
    for area in merged:
        inside = area.first_row <= row <= area.last_row and area.first_column <= position <= area.last_column
        if inside and (row, position) != (area.first_row, area.first_column):
            first = f"{column_letters(area.first_column)}{area.first_row}"
            return f"{first}:{column_letters(area.last_column)}{area.last_row}"
    return ""


def _row_list(rows: Sequence[int]) -> str:
    if len(rows) == 1:
        return f"Row {rows[0]}"
    more = len(rows) - _FEW
    return f"Rows {', '.join(map(str, rows[:_FEW]))}{f' and {more:,} more' if more > 0 else ''}"
