"""Merged cells of a plain copy: no two may overlap, or spreadsheet programs call the copy damaged."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import groupby

from bulk_onboard.model.sheet import Merged


def disjoint(merged: Iterable[Merged]) -> list[Merged]:
    """Areas that cover the same cells, none of them twice; cells beside them too where the file's own overlap.

    No program makes such a file; whoever did loses no finding by it.
    """
    areas = sorted(set(merged))
    return list(_bands(areas)) if _overlap(areas) else areas


def _overlap(areas: Iterable[Merged]) -> bool:
    """Whether any two do; the areas are in the order of their first rows."""
    beside: list[tuple[int, int]] = []  # columns of the areas that reach down to the row
    ends: list[tuple[int, tuple[int, int]]] = []
    for area in areas:
        while ends and ends[0][0] < area.first_row:
            del beside[bisect_left(beside, heappop(ends)[1])]
        columns = (area.first_column, area.last_column)
        place = bisect_left(beside, columns)
        if place and beside[place - 1][1] >= area.first_column:
            return True
        if place < len(beside) and beside[place][0] <= area.last_column:
            return True
        insort(beside, columns)
        heappush(ends, (area.last_row, columns))
    return False


def _bands(areas: Iterable[Merged]) -> Iterator[Merged]:
    """The areas of rows that overlap, as one area each."""
    band, last = 0, 0
    numbered = []
    for area in areas:
        band += area.first_row > last
        last = max(last, area.last_row)
        numbered.append((band, area))
    for _, group in groupby(numbered, key=lambda one: one[0]):
        together = [area for _, area in group]
        yield Merged(
            together[0].first_row,
            max(area.last_row for area in together),
            min(area.first_column for area in together),
            max(area.last_column for area in together),
        )
