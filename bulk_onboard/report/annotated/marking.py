"""Marks on the cells of the user's own sheet, put on and taken off again.

A mark is a fill of ours and a part of the cell's comment that begins with our line. Both are known again in a copy
that somebody mended, sorted and saved, so marks never pile up: the fill carries the paper that it covers where no
program shows it, in the second colour that a plain fill does not use, and what stands above our line in a comment is
the user's. Where a program forgot the second colour, the cell is left without paper, or on some dark
one under light text.
"""

from collections.abc import Iterable
from copy import copy
from typing import Any

from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles.colors import COLOR_INDEX, Color
from openpyxl.styles.fills import PatternFill

from bulk_onboard.report.annotated import looks
from bulk_onboard.report.annotated.annotation import Mark
from bulk_onboard.report.annotated.looks import COMMENT_WIDTH, comment_height
from bulk_onboard.report.annotated.mends import AUTHOR

COMMENTS_AT_MOST = 5_000

_OUR_LINE = "— bulk-onboard —"
_LONGEST_COMMENT = 4_000
_COVERED = "B0"  # in place of a colour's opacity: this one is covered by a mark
_PAPERS = {f"FF{paper}" for papers in (looks.PAPER, looks.DARK_PAPER) for paper in papers.values()}
_DARK_PAPERS = {f"FF{paper}" for paper in looks.DARK_PAPER.values()}
_SOME_DARK = PatternFill("solid", fgColor=f"FF{looks.HEADER_PAPER}")


def unmark(book: Any, sheet: Any) -> None:
    """Take every mark of ours off the sheet."""
    ours = {number: fill for number, fill in enumerate(book._fills) if _is_ours(fill)}
    restored: dict[tuple[int, ...], Any] = {}
    for cell in list(sheet._cells.values()):
        if cell.has_style and cell._style.fillId in ours:
            before = tuple(cell._style)
            if before not in restored:
                cell.fill = _uncovered(ours[cell._style.fillId])
                restored[before] = cell._style
            cell._style = copy(restored[before])
        if cell.comment is not None:
            _write_comment(cell, _users_part(cell.comment.text), cell.comment.author)


def mark(sheet: Any, marks: Iterable[Mark]) -> int:
    """Fill and comment the cells; how many comments there was no room for. Errors are commented first."""
    firsts = {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    filled: dict[tuple[object, ...], Any] = {}
    left_out = 0
    for number, one in enumerate(sorted(marks, key=lambda one: one.severity != "error")):
        place = (one.row, one.position + 1)
        cell = sheet.cell(*firsts.get(place, place))
        if not _is_ours(cell.fill):
            _fill(cell, one.severity, filled)
        if number < COMMENTS_AT_MOST:
            _add_comment(cell, one.text)
        else:
            left_out += 1
    return left_out


def fit_comments(book: Any) -> None:
    """Give every comment a box that holds it, since openpyxl forgets how large the boxes were."""
    for sheet in book.worksheets:
        for cell in sheet._cells.values():
            if not isinstance(cell, MergedCell) and cell.comment is not None:
                cell.comment.width, cell.comment.height = COMMENT_WIDTH, comment_height(cell.comment.text)


def _fill(cell: Any, severity: str, filled: dict[tuple[object, ...], Any]) -> None:
    """Fill the cell; a look that many cells share is made once, since making one is slow."""
    before = (severity, *cell._style)
    if before not in filled:
        paper = (looks.DARK_PAPER if _is_light(cell.font.color) else looks.PAPER)[severity]
        cell.fill = PatternFill("solid", fgColor=f"FF{paper}", bgColor=_covered(cell.fill))
        filled[before] = cell._style
    cell._style = copy(filled[before])


def _is_ours(fill: Any) -> bool:
    return fill.fill_type == "solid" and fill.fgColor.type == "rgb" and fill.fgColor.rgb in _PAPERS


def _covered(fill: Any) -> Color:
    """The colour of a fill, as a mark carries it; the plain default where there is none."""
    colour = fill.fgColor
    if fill.fill_type != "solid" or (colour.type == "indexed" and colour.indexed >= len(COLOR_INDEX)):
        return Color()
    if colour.type == "theme":
        return Color(theme=colour.theme, tint=colour.tint)
    return Color(rgb=_COVERED + (COLOR_INDEX[colour.indexed] if colour.type == "indexed" else colour.rgb)[2:])


def _uncovered(fill: Any) -> PatternFill:
    """The fill that a mark covers."""
    colour = fill.bgColor
    if colour.type == "theme":
        return PatternFill("solid", fgColor=Color(theme=colour.theme, tint=colour.tint))
    if colour.type == "rgb" and colour.rgb.startswith(_COVERED):
        return PatternFill("solid", fgColor=f"FF{colour.rgb[2:]}")
    return _SOME_DARK if fill.fgColor.rgb in _DARK_PAPERS else PatternFill()


def _is_light(colour: Any) -> bool:
    """Whether text of this colour needs dark paper."""
    if colour is None or colour.type == "indexed":
        return colour is not None and colour.indexed in (1, 9)
    if colour.type == "theme":
        return colour.theme in (0, 2) and colour.tint >= 0
    red, green, blue = (int(colour.rgb[place : place + 2], 16) for place in (2, 4, 6))
    return 0.3 * red + 0.59 * green + 0.11 * blue > 150


def _users_part(text: str) -> str:
    return text.partition(_OUR_LINE)[0].rstrip()


def _add_comment(cell: Any, text: str) -> None:
    before = cell.comment.text if cell.comment is not None else ""
    joint = "\n\n" if before else ""
    ours = text if _OUR_LINE in before else f"{_OUR_LINE}\n{text}"
    _write_comment(cell, before + joint + ours[:_LONGEST_COMMENT], cell.comment.author if before else AUTHOR)


def _write_comment(cell: Any, text: str, author: str) -> None:
    cell.comment = Comment(text, author or AUTHOR) if text else None
