"""How the report's workbook looks: colours by word, formats of cells, heights of rows, the page.

Not every program finds out by itself how high a row must be, so the lines of a text are counted by the widths of its
letters. The letters are Arial's, which every program has, or one of the same widths.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from xlsxwriter.utility import xl_pixel_width

from bulk_onboard.reporting.figures import Part
from bulk_onboard.reporting.sheets import ATTENTION
from bulk_onboard.reporting.table import Cell, FileName, Word, cell_text


class Colour(NamedTuple):
    """The colour of a word: of its cell, its letters, and its bar in a chart."""

    paper: str
    ink: str
    bar: str


_GREEN = Colour("#E2F0D9", "#1E5C1E", "#5FA55A")
BLUE = Colour("#DDEBF7", "#1F4E78", "#5B9BD5")
_RED = Colour("#F9D0D0", "#8B0000", "#C0392B")
_ORANGE = Colour("#FCE4D6", "#833C0B", "#ED7D31")
_GREY = Colour("#EDEDED", "#595959", "#A5A5A5")
_YELLOW = Colour("#FFF2CC", "#7F6000", "#FFC000")
_PURPLE = Colour("#E4DFEC", "#403151", "#8064A2")
_PINK = Colour("#FADADD", "#7A0016", "#D98880")
_SLATE = Colour("#E3E7ED", "#44546A", "#8497B0")

COLOURS: Mapping[str, Colour] = {  # of a state, review, severity or part
    "approved": _GREEN,
    "linked": _GREEN,
    "done": _GREEN,
    "submitted": BLUE,
    "pending": BLUE,
    "draft": BLUE,
    "waiting": BLUE,
    "rejected": _RED,
    "gone": _RED,
    "invalid": _ORANGE,
    "not known": _ORANGE,
    "error": _ORANGE,
    "needs us": _ORANGE,
    ATTENTION: _ORANGE,
    "refused": _PINK,
    "more info": _YELLOW,
    "warning": _YELLOW,
    "deferred": _YELLOW,
    "held": _PURPLE,
    "suspended": _PURPLE,
    "uncertain": _SLATE,
    "expired": _SLATE,
    "not sent": _GREY,
    "deleted": _GREY,
    "abandoned": _GREY,
    "duplicate": _GREY,
    "blank": _GREY,
}
INK = "#1F3864"
_FAINT = "#7F7F7F"
LINE = "#D9D9D9"
QUOTA = "#C0392B"

FONT, _FIXED = "Arial", "Courier New"
SIZE = 10
"""Points of most letters."""
LINE_POINTS = 12.75
"""How high a line of them is."""
_NAMED_AT_MOST = 80  # characters of a title, since a footer may have 255 in all
_PIXELS = 0.95  # of Arial 10 to Calibri 11, whose widths are known; rather too wide than too narrow


@lru_cache(maxsize=4_096)
def lines_of(text: str, pixels: int, size: float = SIZE) -> int:
    """Return how many lines a text takes in a cell of that width, with letters of that size."""
    room = pixels / (_PIXELS * size / SIZE)
    return sum(_wrapped(line, room) for line in text.split("\n"))


_BLANK = xl_pixel_width(" ")


def _wrapped(line: str, room: float) -> int:
    lines, used = 1, 0.0
    for word in line.split(" "):
        size = xl_pixel_width(word)
        if used and used + _BLANK + size > room:
            lines, used = lines + 1, 0.0
        used += size + (_BLANK if used else 0)
        while used > room:
            lines, used = lines + 1, used - room
    return lines


class Formats:
    """The looks of cells; made once, since a workbook keeps every format it was ever given."""

    def __init__(self, book: Any) -> None:
        def made(*looks: Mapping[str, Any], **look: Any) -> Any:
            merged: dict[str, Any] = {"font_scheme": "none"}  # else Excel shows the theme's font
            for each in (*looks, look):
                merged |= each
            return book.add_format(merged)

        wrapped = {"text_wrap": True, "valign": "vcenter"}
        cell = {"valign": "top", "bottom": 1, "bottom_color": LINE}
        right = {"align": "right", "indent": 1}
        head = {**wrapped, "bold": True, "font_color": "#FFFFFF", "bg_color": INK}
        tile = {"align": "center", "left": 5, "left_color": "#FFFFFF", "right": 5, "right_color": "#FFFFFF"}
        self.title = made(bold=True, font_size=20, font_color=INK, valign="vcenter")
        self.sentence = made(wrapped, font_size=13)
        self.notice = made(wrapped, bg_color=_YELLOW.paper, font_color=_YELLOW.ink, indent=1)
        self.heading = made(bold=True, font_size=12, font_color=INK, bottom=1, bottom_color=INK)
        self.prose = made(wrapped)
        self.faint = made(wrapped, font_color=_FAINT)
        self.command = made(wrapped, font_name=_FIXED, font_size=9, bg_color="#F2F2F2", indent=1)
        self.header = made(head)
        self.header_right = made(head, right)
        self.text = made(cell, text_wrap=True)
        self.number = made(cell, right, num_format="#,##0")
        self.row = made(cell, right, num_format="0")
        self.link = made(cell, right, num_format="0", font_color="#0563C1", underline=1)
        self.file = made(cell, text_wrap=True, font_color="#0563C1", underline=1)
        self.date = made(cell, num_format="yyyy-mm-dd hh:mm", align="left")
        self.total = made(right, bold=True, num_format="#,##0")
        self.total_name = made(bold=True)
        self.words = {word: made(cell, _inked(each), text_wrap=True) for word, each in COLOURS.items()}
        self.figures = {
            part: made(tile, _inked(COLOURS[part]), bold=True, font_size=30, num_format="#,##0", valign="vcenter")
            for part in Part
        }
        self.labels = {part: made(tile, _inked(COLOURS[part]), font_size=11, valign="top") for part in Part}

    def of(self, value: Cell) -> Any:
        """Return the look of a text or a number."""
        if isinstance(value, Word):
            return self.words.get(value.colour, self.text)
        if isinstance(value, FileName) and value.path:
            return self.file
        return self.number if isinstance(value, int) else self.text


def _inked(colour: Colour) -> dict[str, str]:
    return {"bg_color": colour.paper, "font_color": colour.ink}


def set_up_page(sheet: Any, title: str) -> None:
    """Set up A4 with the report's title and page numbers."""
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    named = cell_text(title)[:_NAMED_AT_MOST].replace("&", "&&")
    sheet.set_footer(f"&L&8&K7F7F7F{named}&C&8&K7F7F7F&A&R&8&K7F7F7FPage &P of &N")
