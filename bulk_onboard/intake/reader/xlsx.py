"""What calamine does not tell of an .xlsx: which part holds which sheet, and what its cells are beyond their values.

Calamine reads errors, and formulas without a result, as blank. Cells are found as calamine finds them: by their
reference, else after the one before them. A formula whose result is the empty text is calculated: it has a value,
though an empty one, and the type `str`. A date in ISO form has the type `d`; calamine gives one with a time zone as
text.
"""

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from xml.parsers import expat

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.container import Container
from bulk_onboard.intake.reader.number_format import NumberFormat, formats_of, whole_number
from bulk_onboard.intake.reader.sheet_rows import Place, XmlExtras
from bulk_onboard.intake.reader.xml import SHEET, STRINGS, SURROGATES, Found, elements_of, follow, scan
from bulk_onboard.model.sheet import LAST_COLUMN, LAST_ROW, Stored, WorkbookType, column_letters

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
STYLES = "xl/styles.xml"
SHARED_STRINGS = "xl/sharedstrings.xml"
CONTENT = "content.xml"
MANIFEST = "meta-inf/manifest.xml"

_ELSEWHERE = ("xl/externallinks/", "xl/connections.")
_TELL_OF_OTHERS = {WORKBOOK, RELATIONS, STYLES}
_FEW = 8
_NOTHING = Found(frozenset(), 0)
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_NAMELESS_ERROR = "#ERROR!"


# -- parts


def sheet_parts(container: Container) -> Mapping[str, str]:
    """Return by a sheet's name its part's, in lower case; `expat.ExpatError` for what is no XML."""
    targets = {
        attributes["Id"]: posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/").lower()
        for name, attributes in elements_of(container.whole(RELATIONS))
        if name == "Relationship" and "Id" in attributes and "Target" in attributes
    }
    return {
        attributes["name"]: targets[attributes["id"]]
        for name, attributes in elements_of(container.whole(WORKBOOK))
        if name == "sheet" and "name" in attributes and attributes.get("id") in targets
    }


def refers_elsewhere(parts: Collection[str]) -> bool:
    """Whether the workbook takes values from other files or data connections, which are never opened."""
    return any(part.startswith(_ELSEWHERE) for part in parts)


class Overview(NamedTuple):
    """What the look over all parts found.

    Attributes:
        found: by a part's name, what is in it.
        parts: by a sheet's name, its part's; of an .xlsx only.
        formats: by a style's number, its format, where that shows more of a number than its digits.
    """

    found: Mapping[str, Found] = {}
    parts: Mapping[str, str] = {}
    formats: Mapping[str, NumberFormat] = {}

    def may_have_extras(self, sheet: str) -> bool:
        """Whether the sheet's XML may tell more than its values."""
        return not self._of(sheet).marks <= frozenset(SURROGATES)

    def has_surrogates(self, sheet: str) -> bool:
        """Whether texts may hold half characters."""
        strings = self.found.get(SHARED_STRINGS, _NOTHING).marks
        return not (strings | self._of(sheet).marks).isdisjoint(SURROGATES)

    def values(self, sheet: str) -> int:
        """How many cells of the sheet may have a value."""
        return self._of(sheet).values

    def _of(self, sheet: str) -> Found:
        return self.found.get(self.parts.get(sheet, ""), _NOTHING)


def overview_of(container: Container, kind: WorkbookType) -> Overview:
    """Scan every part; those that tell which others hold cells first, each before it is parsed.

    Raises:
        WorkbookError: a part is dangerous, damaged or encrypted.
        expat.ExpatError: a part that should be XML is none.
    """
    for name in _TELL_OF_OTHERS & container.parts.keys():
        scan(container, name)
    is_xlsx = kind is WorkbookType.XLSX
    parts = sheet_parts(container) if is_xlsx else {}
    formats = formats_of(elements_of(container.whole(STYLES))) if is_xlsx else {}
    wanted: dict[str, tuple[bytes, ...]] = {SHARED_STRINGS: STRINGS, CONTENT: STRINGS}
    wanted |= dict.fromkeys(parts.values(), SHEET + _style_marks(formats))
    found = {name: scan(container, name, wanted.get(name, ())) for name in container.parts}
    if b"encryption-data" in container.whole(MANIFEST):
        raise WorkbookError(f"{container.path} is protected by a password. Save it without a password.")
    return Overview(found, parts, formats)


def _style_marks(formats: Mapping[str, NumberFormat]) -> tuple[bytes, ...]:
    """Return the marks of cells with these styles; where there are many styles, that of cells with any."""
    if len(formats) > _FEW:
        return (b"s=",)
    return tuple(f"s={quote}{style}{quote}".encode() for style in formats for quote in "\"'")


# -- cells


def extras_of(pieces: Iterable[bytes], formats: Mapping[str, NumberFormat], *, doubles: bool = False) -> XmlExtras:
    """Return what the sheet's XML tells beyond the values; `expat.ExpatError` for what is no XML.

    Args:
        pieces: the sheet's part.
        formats: by a style's number, its format, where that shows more of a number than its digits.
        doubles: whether to look for a cell that has two values, which takes memory.
    """
    watcher = _Watcher(formats, doubles=doubles)
    follow(pieces, watcher)
    return watcher.extras


class _Watcher:
    """Follows the rows and cells; text is listened to only where it matters."""

    def __init__(self, formats: Mapping[str, NumberFormat], *, doubles: bool) -> None:
        self.extras = XmlExtras()
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
                self.extras.hidden_columns.append((first - 1, min(last, LAST_COLUMN) - 1))

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        number = _number(attributes.get("r"))
        self._row = number - 1 if number else self._row + 1
        self._reference = ""
        self._after = -1
        if _yes(attributes.get("hidden")):
            self.extras.hidden_rows.append((self._row, self._row))

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
            self.extras.errors[self._place()] = value or _NAMELESS_ERROR
        elif self._formula and not value and not (kind == "str" and self._value is not None):
            self.extras.uncalculated.add(self._place())
        elif kind == "d":
            self.extras.kinds[self._place()] = Stored.DATE
        elif kind == "n" and value and (style := self._formats.get(self._cell.get("s", ""))):
            self.extras.note_number([self._place()], value, style.shown(whole_number(value)))

    def _place(self) -> Place:
        """Return where the cell is: where its reference says, or so many cells after the last one that had one."""
        row, column = place_of(self._reference) or (self._row, 0)
        return row, column + self._after

    def _take(self, taken: set[int]) -> None:
        """Note a place that has a value already: calamine keeps the last one and drops the others without a word."""
        row, column = self._place()
        place = row * LAST_COLUMN + column
        if (place in taken or self._values > 1) and not self.extras.double:
            self.extras.double = f"{column_letters(column)}{row + 1}"
        taken.add(place)


def _yes(text: str | None) -> bool:
    return text in {"1", "true", "on"}


def _number(text: str | None) -> int:
    """Return a row's or column's number; 0 for what is none."""
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0


def place_of(reference: str) -> Place | None:
    """Return the place of a cell: `C5` is (4, 2); None for what is no cell of any sheet."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    row = int(match[2])
    return (row - 1, column - 1) if 1 <= row <= LAST_ROW and column <= LAST_COLUMN else None
