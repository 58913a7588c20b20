"""The second look at a sheet of an .ods: errors, formulas without a result, what is hidden and merged.

LibreOffice marks an error with the type `error` and keeps its sign as the cell's paragraph. A formula whose result
is the empty text has an empty paragraph; one that was never calculated has none.
"""

from collections.abc import Iterable, Mapping
from xml.parsers import expat

from bulk_onboard.intake.reader.look import MOST_ROWS, Look
from bulk_onboard.intake.reader.xml import local, new_parser
from bulk_onboard.model.sheet import Merged

_CELLS = {"table-cell", "covered-table-cell"}
_HIDDEN = {"collapse", "filter"}
_AT_MOST = 1_000
"""Repeats of a cell that holds something; those of blank ones run to the sheet's end."""


def second_look(pieces: Iterable[bytes], sheet: str) -> Look:
    """What `content.xml` tells of the sheet beyond the values; `expat.ExpatError` for what is no XML."""
    watcher = _Watcher(sheet)
    parser = new_parser()
    parser.StartElementHandler = watcher.start
    parser.EndElementHandler = watcher.end
    watcher.parser = parser
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return watcher.look


class _Watcher:
    def __init__(self, sheet: str) -> None:
        self.look = Look()
        self.parser: expat.XMLParserType
        self._sheet = sheet
        self._inside = False
        self._row = 0
        self._rows = 1
        self._column = 0
        self._columns = 0
        self._cell: Mapping[str, str] = {}
        self._paragraph: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = local(name)
        if name == "table":
            self._inside = attributes.get("table:name") == self._sheet
            self._row = self._columns = 0
        elif not self._inside:
            return
        elif name == "table-column":
            self._start_column(attributes)
        elif name == "table-row":
            self._start_row(attributes)
        elif name in _CELLS:
            self._cell, self._paragraph = attributes, None
        elif name == "p" and self._paragraph is None and self._cell:
            self._paragraph = []
            self.parser.CharacterDataHandler = self._paragraph.append

    def end(self, name: str) -> None:
        name = local(name)
        if name == "p":
            self.parser.CharacterDataHandler = None
        elif not self._inside:
            return
        elif name == "table":
            self._inside = False
        elif name == "table-row":
            self._row += self._rows
        elif name in _CELLS:
            self._end_cell()

    def _start_column(self, attributes: Mapping[str, str]) -> None:
        count = _count(attributes, "table:number-columns-repeated")
        if attributes.get("table:visibility") in _HIDDEN:
            self.look.hidden_columns.append((self._columns, self._columns + count - 1))
        self._columns += count

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        self._rows = _count(attributes, "table:number-rows-repeated")
        self._column = 0
        if attributes.get("table:visibility") in _HIDDEN:
            self.look.hidden_rows.append((self._row, self._row + self._rows - 1))

    def _end_cell(self) -> None:
        cell, self._cell = self._cell, {}
        count = _count(cell, "table:number-columns-repeated")
        text = "".join(self._paragraph or ())
        if cell.get("calcext:value-type") == "error":
            self.look.errors |= dict.fromkeys(self._places(count), text or "#ERROR!")
        elif "table:formula" in cell and "office:value-type" not in cell and self._paragraph is None:
            self.look.uncalculated.update(self._places(count))
        wide = _count(cell, "table:number-columns-spanned")
        high = _count(cell, "table:number-rows-spanned")
        if wide > 1 or high > 1:
            row, column = self._row + 1, self._column
            self.look.merged.append(Merged(row, row + high - 1, column, column + wide - 1))
        self._column += count

    def _places(self, count: int) -> list[tuple[int, int]]:
        rows = range(self._row, self._row + min(self._rows, _AT_MOST))
        return [(row, self._column + i) for row in rows for i in range(min(count, _AT_MOST))]


def _count(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return min(int(text), MOST_ROWS) if text.isdecimal() and len(text) < 8 else 1
