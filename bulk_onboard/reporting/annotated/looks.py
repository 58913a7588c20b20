"""How an annotated workbook looks: colours, widths, heights, and what stays in view; pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bulk_onboard.model.sheet import ADDED_COLUMNS
from bulk_onboard.reporting.figures import Part

AUTHOR = "bulk-onboard"
"""Of comments."""

PAPER: Mapping[str, str] = {"error": "FFC9C4", "warning": "FFEFA8"}
DARK_PAPER: Mapping[str, str] = {"error": "A8201A", "warning": "8A6100"}
INK: Mapping[str, str] = {"error": "8E1B16", "warning": "6B4B00"}
HEADER_PAPER, HEADER_INK = "44546A", "FFFFFF"
TITLE_INK, LINK_INK, LINE_INK = "1F3864", "0563C1", "D9D9D9"


class Tone(NamedTuple):
    """Paper and ink of a state; the state's word says what the colour means."""

    paper: str
    ink: str


TONES: Mapping[str, Tone] = {
    Part.DONE: Tone("E2F0D9", "1E5C1E"),
    Part.WAITING: Tone("DDEBF7", "1F4E78"),
    Part.NEEDS_US: Tone("FCE4D6", "833C0B"),
    Part.NOT_SENT: Tone("EDEDED", "595959"),
}
"""By what a row's state means; one that stands aside has none."""

ADDED_WIDTHS = (22, 14, 68, 38)  # characters, in the order of the added columns
FIX_WIDTHS = (8, 10, 24, 22, 44, 44, 26)
LINE_HEIGHT = 15  # points
COMMENT_WIDTH = 340  # pixels
COMMENT_LINE = 18
COMMENT_LINE_LENGTH = 48  # characters


def comment_height(text: str) -> int:
    """Return the pixels that a comment needs."""
    return COMMENT_LINE * (1 + lines_of(text, COMMENT_LINE_LENGTH))


def lines_of(text: str, width: int) -> int:
    """Return how many lines a text takes that wraps after so many characters."""
    return sum(-(-len(line) // width) or 1 for line in text.split("\n"))


def line_height(cells: Iterable[object]) -> float:
    """Return the points that a line of the sheet "How to fix" needs."""
    columns = zip(cells, FIX_WIDTHS, strict=True)
    return LINE_HEIGHT * max(lines_of(str(value), width - 1) for value, width in columns)


_PROBLEMS_WIDTH = ADDED_WIDTHS[ADDED_COLUMNS.index("bo_problems")]
_LINES_AT_MOST = 12  # that a row is made high for


def row_height(problems: str) -> float:
    """Return the points that a row needs whose `bo_problems` says this."""
    return LINE_HEIGHT * min(lines_of(problems, _PROBLEMS_WIDTH), _LINES_AT_MOST)


_IN_VIEW = 70  # characters of columns that stay in view: a third of a small screen
_ROWS_IN_VIEW = 8


def frozen_columns(widths: Sequence[float], names: Iterable[int]) -> int:
    """Return how many columns from the left are to stay in view: up to what names a row, as far as there is room.

    Args:
        widths: of the columns from the left, in characters.
        names: positions of the columns that name a row.
    """
    fitting = [place + 1 for place in names if sum(widths[: place + 1]) <= _IN_VIEW]
    return max(fitting, default=0)


def frozen_rows(header_row: int) -> int:
    """Return how many rows are to stay in view; none where the headers stand so low that no room would be left."""
    return header_row if header_row <= _ROWS_IN_VIEW else 0
