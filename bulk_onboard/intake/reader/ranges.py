"""Rows and columns in words: `5–7, 12` and `C, F–G`."""

from collections.abc import Iterable
from itertools import pairwise

from bulk_onboard.model.sheet import column_letters

_MOST = 12
"""Runs that are told one by one; people look at a few, and then at the sheet."""


def rows_in_words(numbers: Iterable[int]) -> str:
    """Row numbers, runs together."""
    return _in_words([(str(first), str(last)) for first, last in _runs(numbers)])


def columns_in_words(positions: Iterable[int]) -> str:
    """Positions from 0 as Excel's letters, runs together."""
    return _in_words([(column_letters(first), column_letters(last)) for first, last in _runs(positions)])


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    ordered = sorted(set(numbers))
    if not ordered:
        return []
    gaps = [(left, right) for left, right in pairwise(ordered) if right > left + 1]
    firsts = [ordered[0], *(right for _, right in gaps)]
    lasts = [*(left for left, _ in gaps), ordered[-1]]
    return list(zip(firsts, lasts, strict=True))


def _in_words(runs: list[tuple[str, str]]) -> str:
    told = ", ".join(first if first == last else f"{first}–{last}" for first, last in runs[:_MOST])
    return told if len(runs) <= _MOST else f"{told} and {len(runs) - _MOST} more"
