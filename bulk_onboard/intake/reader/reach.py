"""How far a sheet may reach, and what to say of one with a stray cell far away.

One such cell makes a sheet claim 1,048,576 rows × 16,384 columns. The data is taken to end where many blank rows or
columns follow.
"""

from collections.abc import Collection
from itertools import pairwise

from bulk_onboard.model.sheet import column_letters

MOST_CELLS = 20_000_000

_BLANK_ROWS = 1_000
_BLANK_COLUMNS = 100


def too_far(sheet: str, rows: Collection[int], columns: Collection[int]) -> str:
    """The sentence.

    Args:
        sheet: what to call it.
        rows: those that hold something, counted from 0.
        columns: likewise.
    """
    return (
        f"{sheet} claims {max(rows) + 1:,} rows × {max(columns) + 1:,} columns, while its data ends at "
        f"row {_end(rows, _BLANK_ROWS) + 1} and column {column_letters(_end(columns, _BLANK_COLUMNS))}. "
        "In Excel delete all rows below and all columns to the right of the data, and save it."
    )


def _end(numbers: Collection[int], blanks: int) -> int:
    """The last one before many are missing."""
    ordered = sorted(numbers)
    return next((left for left, right in pairwise(ordered) if right - left > blanks), ordered[-1])
