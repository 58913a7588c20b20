"""The second look at the cells of an .xlsx: calamine reads errors, and formulas without a result, as blank.

Cells are found as calamine finds them: by their reference, else after the one before them. A formula whose result is
the empty text is calculated: it has a value, though an empty one, and the type `str`. A date in ISO form has the type
`d`; calamine gives one with a time zone as text.
"""

from collections.abc import Iterable, Mapping
from xml.parsers import expat

from bulk_onboard.intake.reader.archive.xml import follow
from bulk_onboard.intake.reader.look import Look, Place, place_of, whole_number
from bulk_onboard.intake.reader.xlsx.styles import NumberFormat
from bulk_onboard.model.sheet import LAST_COLUMN, Stored, column_letters

_NAMELESS_ERROR = "#ERROR!"


def second_look(pieces: Iterable[bytes], formats: Mapping[str, NumberFormat], *, doubles: bool = False) -> Look:
    """What the sheet's XML tells beyond the values; `expat.ExpatError` for what is no XML.

    Args:
        pieces: the sheet's part.
        formats: by the style's number: its format, where that shows more of a number than its digits.
        doubles: whether to look for a cell that has two values, which takes memory.
    """
    watcher = _Watcher(formats, doubles=doubles)
    follow(pieces, watcher)
    return watcher.look


class _Watcher:
    """Follows the rows and cells; text is listened to only where it matters."""

    def __init__(self, formats: Mapping[str, NumberFormat], *, doubles: bool) -> None:
        self.look = Look()
        self.parser: expat.XMLParserType
        self._formats = formats
        self._taken: set[int] | None = set() if doubles else None
        self._values = 0
        self._row = -1
        self._reference = ""
        self._after = -1
        self._cell: Mapping[str, str] = {}
        self._formula = False
        self._has_data = False
        self._value: list[str] | None = None
        self._starts = {"c": self._start_cell, "f": self._start_formula, "v": self._start_value, "row": self._start_row}
        self._starts |= {"col": self._start_column, "is": self._start_text, "sheetData": self._start_data}
        self._ends = {"c": self._end_cell, "v": self._end_value}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if handler := self._starts.get(name) or (":" in name and self._starts.get(name.rpartition(":")[2])):
            handler(attributes)

    def end(self, name: str) -> None:
        if handler := self._ends.get(name) or (":" in name and self._ends.get(name.rpartition(":")[2])):
            handler()

    def _start_data(self, _attributes: Mapping[str, str]) -> None:
        if self._has_data:  # calamine sees the first one only
            raise expat.ExpatError("two sheets in one part")
        self._has_data = True

    def _start_column(self, attributes: Mapping[str, str]) -> None:
        if _yes(attributes.get("hidden")):
            first, last = _number(attributes.get("min")), _number(attributes.get("max"))
            if first and last:
                self.look.hidden_columns.append((first - 1, min(last, LAST_COLUMN) - 1))

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        number = _number(attributes.get("r"))
        self._row = number - 1 if number else self._row + 1
        self._reference = ""
        self._after = -1
        if _yes(attributes.get("hidden")):
            self.look.hidden_rows.append((self._row, self._row))

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        if reference := attributes.get("r"):
            self._reference = reference
            self._after = 0
        else:
            self._after += 1
        self._cell = attributes
        self._formula = False
        self._value = None
        self._values = 0

    def _start_text(self, _attributes: Mapping[str, str]) -> None:
        self._values += 1

    def _start_formula(self, _attributes: Mapping[str, str]) -> None:
        self._formula = True

    def _start_value(self, _attributes: Mapping[str, str]) -> None:
        self._value = []
        self._values += 1
        if self._formula or self._cell.get("t") == "e" or self._cell.get("s") in self._formats:
            self.parser.CharacterDataHandler = self._value.append

    def _end_value(self) -> None:
        self.parser.CharacterDataHandler = None

    def _end_cell(self) -> None:
        if self._taken is not None and self._values:
            self._take(self._taken)
        kind = self._cell.get("t", "n")
        value = "".join(self._value).strip() if self._value else ""
        if kind == "e":
            self.look.errors[self._place()] = value or _NAMELESS_ERROR
        elif self._formula and not value and not (kind == "str" and self._value is not None):
            self.look.uncalculated.add(self._place())
        elif kind == "d":
            self.look.kinds[self._place()] = Stored.DATE
        elif kind == "n" and value and (style := self._formats.get(self._cell.get("s", ""))):
            self.look.note_number([self._place()], value, style.shown(whole_number(value)))

    def _place(self) -> Place:
        """Where the cell is: where its own reference says, or how many cells after the last that had one."""
        row, column = place_of(self._reference) or (self._row, 0)
        return row, column + self._after

    def _take(self, taken: set[int]) -> None:
        """Calamine lets the last of several values win; here none is lost without a word."""
        row, column = self._place()
        place = row * LAST_COLUMN + column
        if (place in taken or self._values > 1) and not self.look.double:
            self.look.double = f"{column_letters(column)}{row + 1}"
        taken.add(place)


def _yes(text: str | None) -> bool:
    return text in {"1", "true", "on"}


def _number(text: str | None) -> int:
    """A row's or column's number; 0 for what is none."""
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0
