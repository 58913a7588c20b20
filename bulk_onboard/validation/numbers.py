"""The numbers that are to be linked to a row's record once it is approved.

Rule: none of this keeps a row out, since numbers are no part of what is reviewed. What is no number is never linked. A
number without its country's calling code may be one all the same, but hardly the one that is meant. Of a number in
several rows the one has it whose record is approved first, so all but the first row are told; how it is written makes
no difference.
"""

from collections.abc import Iterator, Sequence

from bulk_onboard.model.finding import NO_RULINGS, Rulings
from bulk_onboard.model.number import CALLING_CODES, digits_of, numbers_in, written_numbers
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import NUMBERS, Columns
from bulk_onboard.validation.marking import Marker
from bulk_onboard.validation.trouble import Trouble, shown

_TOLD = 4  # digits that tell which number of a cell is meant, and nothing of a number that should not be there
_FEW = 3


def number_troubles(row: Row) -> Iterator[Trouble]:
    """What is wrong with the numbers of one row."""
    cell = row.cells.get(NUMBERS, "")
    if not cell:
        return
    written = list(written_numbers(cell))
    if strangers := [text for text in written if not digits_of(text)]:
        yield Trouble("number-unreadable", NUMBERS, _listed([shown(NUMBERS, text) for text in strangers]))
    code = CALLING_CODES.get(row.combination.country_iso, "")
    if astray := [digits for digits in numbers_in(cell) if not digits.startswith(code)]:
        details = {"code": code, "country": row.combination.country_iso}
        seen = _listed([f"{digits[:_TOLD]}…" for digits in astray])
        yield Trouble("number-without-calling-code", NUMBERS, seen, details)


def with_shared_numbers_marked(
    judged: Sequence[JudgedRow], *, columns: Columns, rulings: Rulings = NO_RULINGS
) -> tuple[JudgedRow, ...]:
    """The same rows in the same order; those that name a number of an earlier row are told so."""
    rows, marker = list(judged), Marker(columns, rulings)
    first: dict[str, int] = {}
    for position, one in enumerate(rows):
        cell = one.row.cells.get(NUMBERS, "")
        if not cell or one.aside:
            continue
        number = one.row.number
        shared = [digits for digits in numbers_in(cell) if first.setdefault(digits, number) != number]
        if shared:
            rows[position] = marker.mark(one, [_of_another_row(digits, first[digits]) for digits in shared])
    return tuple(rows)


def _of_another_row(digits: str, first: int) -> Trouble:
    return Trouble("number-in-two-rows", NUMBERS, f"…{digits[-_TOLD:]}", {"other": first})


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _FEW
    return ", ".join(texts[:_FEW]) + (f" and {more:,} more" if more > 0 else "")
