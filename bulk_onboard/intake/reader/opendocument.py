"""What calamine does not tell of an .ods: errors, what it leaves out of texts, what is hidden and merged.

LibreOffice marks an error with the type `error` and keeps its sign as the cell's paragraph. A formula whose result
is the empty text has an empty paragraph; one that was never calculated has none. The paragraph of a number is what is
shown of it: zeros or a code beside the digits come from the format. Tabs and line breaks in a text are elements. Dates
and times are told by their type, since calamine gives those with a time zone as text.
"""

from collections.abc import Iterable, Mapping
from xml.parsers import expat

from bulk_onboard.intake.reader.sheet_rows import XmlExtras
from bulk_onboard.intake.reader.xml import follow, local
from bulk_onboard.model.sheet import LAST_ROW, Merged, Stored

_CELLS = {"table-cell", "covered-table-cell"}
_PARAGRAPHS = {"p", "h"}
_LEFT_OUT = {"tab": "\t", "line-break": "\n"}
"""What calamine leaves out of a text, by the element that stands for it."""

_DATES = {"date", "time"}
_NUMBERS = {"float", "currency", "percentage"}
_HIDDEN = {"collapse", "filter"}
_AT_MOST = 1_000
"""How often a cell is repeated at most; blank ones are repeated to the sheet's end."""


def extras_of(pieces: Iterable[bytes], sheet: str) -> XmlExtras:
    """Return what `content.xml` tells of the sheet beyond the values; `expat.ExpatError` for what is no XML."""
    watcher = _Watcher(sheet)
    follow(pieces, watcher)
    return watcher.extras


class _Watcher:
    """Follows the rows and cells of one sheet, and listens to the text in them; not to that of comments."""

    def __init__(self, sheet: str) -> None:
        self.extras = XmlExtras()
        self.parser: expat.XMLParserType
        self._sheet = sheet
        self._inside = False
        self._row = 0
        self._rows = 1
        self._column = 0
        self._columns = 0
        self._cell: Mapping[str, str] | None = None
        self._commented = False
        self._text: list[str] | None = None
        self._left_out = False
        self._starts = {"table-column": self._start_column, "table-row": self._start_row, "annotation": self._comment}
        self._starts |= dict.fromkeys(_CELLS, self._start_cell)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = local(name)
        if name == "table":
            self._inside = attributes.get("table:name") == self._sheet
            self._row = self._columns = 0
        elif not self._inside:
            return
        elif handler := self._starts.get(name):
            handler(attributes)
        elif self._cell is not None and not self._commented:
            self._start_in_cell(name, attributes)

    def end(self, name: str) -> None:
        name = local(name)
        if not self._inside:
            return
        if name == "table":
            self._inside = False
        elif name == "table-row":
            self._row += self._rows
        elif name == "annotation":
            self._commented = False
        elif name in _CELLS:
            self._end_cell()
        elif name in _PARAGRAPHS:
            self.parser.CharacterDataHandler = None

    def _start_column(self, attributes: Mapping[str, str]) -> None:
        count = _count(attributes, "table:number-columns-repeated")
        if attributes.get("table:visibility") in _HIDDEN:
            self.extras.hidden_columns.append((self._columns, self._columns + count - 1))
        self._columns += count

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        self._rows = _count(attributes, "table:number-rows-repeated")
        self._column = 0
        if attributes.get("table:visibility") in _HIDDEN:
            self.extras.hidden_rows.append((self._row, self._row + self._rows - 1))

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        self._cell, self._text, self._left_out = attributes, None, False

    def _comment(self, _attributes: Mapping[str, str]) -> None:
        self._commented = True

    def _start_in_cell(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _PARAGRAPHS:
            if self._text is None:
                self._text = []
            else:
                self._text.append("\n")
            self.parser.CharacterDataHandler = self._text.append
        elif self._text is not None and name == "s":
            self._text.append(" " * min(_count(attributes, "text:c"), _AT_MOST))
        elif self._text is not None and name in _LEFT_OUT:
            self._text.append(_LEFT_OUT[name])
            self._left_out = True

    def _end_cell(self) -> None:
        cell, self._cell = self._cell or {}, None
        count = _count(cell, "table:number-columns-repeated")
        kind, text = cell.get("office:value-type"), "".join(self._text or ())
        if cell.get("calcext:value-type") == "error":
            self.extras.errors |= dict.fromkeys(self._places(count), text or "#ERROR!")
        elif "table:formula" in cell and kind is None and self._text is None:
            self.extras.uncalculated.update(self._places(count))
        elif self._left_out and kind == "string" and "office:string-value" not in cell:
            self.extras.texts |= dict.fromkeys(self._places(count), text)
        elif kind in _DATES:
            self.extras.kinds |= dict.fromkeys(self._places(count), Stored.DATE)
        elif kind in _NUMBERS and self._text is not None and text != (value := cell.get("office:value", "")):
            self.extras.note_number(self._places(count), value, text.strip() if kind == "float" else None)
        wide = _count(cell, "table:number-columns-spanned")
        high = _count(cell, "table:number-rows-spanned")
        if wide > 1 or high > 1:
            row, column = self._row + 1, self._column
            self.extras.merged.append(Merged(row, row + high - 1, column, column + wide - 1))
        self._column += count

    def _places(self, count: int) -> list[tuple[int, int]]:
        rows = range(self._row, self._row + min(self._rows, _AT_MOST))
        return [(row, self._column + i) for row in rows for i in range(min(count, _AT_MOST))]


def _count(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return min(int(text), LAST_ROW) if text.isdecimal() and len(text) < 8 else 1
