"""How an annotated workbook looks, whoever writes it.

A cell's text keeps its colour, so that removing a mark restores the cell: dark paper lies under light text.
"""

from collections.abc import Iterable, Mapping

PAPER: Mapping[str, str] = {"error": "FFC9C4", "warning": "FFEFA8"}
DARK_PAPER: Mapping[str, str] = {"error": "A8201A", "warning": "8A6100"}
INK: Mapping[str, str] = {"error": "8E1B16", "warning": "6B4B00"}
HEADER_PAPER, HEADER_INK = "44546A", "FFFFFF"
TITLE_INK = "1F3864"
ADDED_WIDTHS = (22, 13, 90, 40)  # characters, in the order of the added columns
MEND_WIDTHS = (8, 11, 30, 26, 52, 52, 34)
LINE_HEIGHT = 15  # points
COMMENT_WIDTH = 340  # pixels
COMMENT_LINE = 18
COMMENT_LINE_LENGTH = 48  # characters


def comment_height(text: str) -> int:
    """Pixels that a comment needs."""
    return COMMENT_LINE * (1 + lines_of(text, COMMENT_LINE_LENGTH))


def lines_of(text: str, width: int) -> int:
    """How many lines a text takes that wraps after so many characters."""
    return sum(-(-len(line) // width) or 1 for line in text.split("\n"))


def mend_height(mend: Iterable[object]) -> float:
    """Points that a line of the sheet "How to fix" needs."""
    columns = zip(mend, MEND_WIDTHS, strict=True)
    return LINE_HEIGHT * max(lines_of(str(value), width) for value, width in columns)
