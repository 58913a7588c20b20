"""An .xlsx or .xlsm with some cells of one sheet written anew: every other byte of its parts stays as it was.

Of the sheet's part only the bytes of these cells change. A cell that was not there is put in its place among the others
of its row and takes the style of the one above it; so does a row that was not there.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.parsers import expat
from xml.sax.saxutils import escape
from zipfile import ZipFile

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.container import Container, open_container
from bulk_onboard.intake.reader.xlsx import WORKBOOK, place_of, sheet_parts
from bulk_onboard.intake.reader.xml import local, new_parser
from bulk_onboard.model.sheet import Edit, Stored, column_letters

_A_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_CALCULATION = re.compile(rb"<(?:\w+:)?calcPr\b[^>]*?(?=/?>)")
_BEFORE_CALCULATION = re.compile(
    rb"</((?:\w+:)?)(?:sheets|functionGroups|externalReferences|definedNames)\s*>(?!.*</(?:\w+:)?(?:functionGroups|"
    rb"externalReferences|definedNames)\s*>)",
    re.DOTALL,
)
_TAG = re.compile(rb"""<(?:"[^"]*"|'[^']*'|[^"'>])*>""")
_FORMULA = re.compile(rb"""<((?:\w+:)?)f\b(?:"[^"]*"|'[^']*'|[^"'>])*?(?:/>|>.*?</(?:\w+:)?f\s*>)""", re.DOTALL)
_NOT_KEPT = frozenset({"r", "t", "cm", "vm"})  # where, and what kind of value a cell had
_KINDS: Mapping[Stored | None, str] = {
    None: "str",
    Stored.NUMBER: "",
    Stored.FORMATTED: "",
    Stored.DATE: "",
    Stored.BOOLEAN: "b",
    Stored.ERROR: "e",
}
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)  # from which Excel counts days
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NO_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_AREA_AT_MOST = 1_000_000  # cells of an array formula


def formulas_of(path: str, content: bytes, sheet: str) -> dict[tuple[int, int], str]:
    """Return the formulas of a sheet by row number and position; empty where a cell shares that of another one."""
    container = open_container(path, content)
    return formulas_in_part(container.whole(_part_of(container, sheet)))


def edited(path: str, content: bytes, sheet: str, edits: Iterable[Edit]) -> bytes:
    """Return the workbook with these cells in the sheet; the program that opens it next calculates it anew.

    Raises:
        WorkbookError: it is damaged, or none that can be written.
    """
    container = open_container(path, content)
    wanted = _part_of(container, sheet)
    new = {wanted: edited_part(container.whole(wanted), edits)}
    if any(_A_FORMULA.search(container.whole(part)) for part in sheet_parts(container).values()):
        new[WORKBOOK] = _to_be_calculated(container.whole(WORKBOOK))
    stream = io.BytesIO()
    with ZipFile(stream, "w") as after:
        after.comment = container.archive.comment
        for name, entry in container.parts.items():
            after.writestr(entry, new[name] if name in new else container.whole(name), entry.compress_type)
    return stream.getvalue()


def _part_of(container: Container, sheet: str) -> str:
    found = next((part for name, part in sheet_parts(container).items() if name.casefold() == sheet.casefold()), None)
    if found is None:
        raise WorkbookError(f'it has no sheet "{sheet}"')
    return found


def _to_be_calculated(workbook: bytes) -> bytes:
    """Make Excel calculate all formulas when it opens the workbook."""
    if match := _CALCULATION.search(workbook):
        if b"fullCalcOnLoad" in match[0]:
            return workbook
        return workbook[: match.end()].rstrip() + b' fullCalcOnLoad="1"' + workbook[match.end() :]
    if match := _BEFORE_CALCULATION.search(workbook):
        element = b"<" + match[1] + b'calcPr fullCalcOnLoad="1"/>'
        return workbook[: match.end()] + element + workbook[match.end() :]
    return workbook


# -- the cells of a worksheet's part


@dataclass(slots=True)
class _Cell:
    """Where a cell stands: from its first byte to behind its last."""

    position: int
    attributes: Mapping[str, str]
    start: int
    end: int = 0


@dataclass(slots=True)
class _Row:
    """Where a row stands, and its cells where they are asked for; `content` is where the first one goes."""

    number: int
    start: int
    content: int
    end: int = 0
    cells: list[_Cell] = field(default_factory=list)
    styles: Mapping[int, str] = field(default_factory=dict)


class _Watcher:
    """Follows rows and cells of a part, by bytes."""

    def __init__(self, part: bytes, wanted: frozenset[int]) -> None:
        self.part, self.wanted = part, wanted
        self.rows: list[_Row] = []
        self.prefix = ""
        self.data_at = self.data_end = -1
        self.formulas: dict[tuple[int, int], str] = {}
        self.styles: dict[int, str] = {}
        self._row: _Row | None = None
        self._cell: _Cell | None = None
        self._text: list[str] | None = None
        self.parser = new_parser()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.Parse(part, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self.parser.CurrentByteIndex
        match local(name):
            case "sheetData":
                self.prefix, self.data_at = name.removesuffix("sheetData"), _behind_tag(self.part, at)
            case "row" if self.data_at >= 0 and self.data_end < 0:
                number = int(attributes["r"]) if "r" in attributes else (self.rows[-1].number + 1 if self.rows else 1)
                self._row = _Row(number, at, _behind_tag(self.part, at))
                self.rows.append(self._row)
            case "c" if self._row is not None:
                self._cell = _Cell(self._position(attributes), attributes, at)
                self._row.cells.append(self._cell)
            case "f" if self._cell is not None and self._row is not None:
                self._text = []
                self.parser.CharacterDataHandler = self._text.append
                self._note_area(attributes.get("ref", "") if attributes.get("t") in ("array", "dataTable") else "")

    def _end(self, name: str) -> None:
        match local(name):
            case "sheetData":
                self.data_end = self.parser.CurrentByteIndex
            case "row" if self._row is not None:
                self._row.end = self._behind(self._row.content)
                if self._row.number in self.wanted:
                    self._row.styles = dict(self.styles)
                else:
                    self._row.cells = []
                self._row = None
            case "c" if self._cell is not None and self._row is not None:
                self._cell.end = self._behind(_behind_tag(self.part, self._cell.start))
                if "s" in self._cell.attributes:
                    self.styles[self._cell.position] = self._cell.attributes["s"]
                self._cell = None
            case "f" if self._cell is not None and self._row is not None:
                self.formulas[self._row.number, self._cell.position] = "".join(self._text or ())
                self.parser.CharacterDataHandler, self._text = None, None

    def _position(self, attributes: Mapping[str, str]) -> int:
        row = self._row
        if row is None:
            raise AssertionError("a cell stands in a row")
        place = place_of(attributes.get("r", ""))
        if place is None:
            return row.cells[-1].position + 1 if row.cells else 0
        if place[0] + 1 != row.number:
            raise WorkbookError("it has cells whose place is not that of their row")
        return place[1]

    def _note_area(self, reference: str) -> None:
        """Note an array formula for each of its cells; it is written with the first one only."""
        first, _, last = reference.partition(":")
        begin, end = place_of(first), place_of(last or first)
        if begin and end and (end[0] - begin[0] + 1) * (end[1] - begin[1] + 1) <= _AREA_AT_MOST:
            for row in range(begin[0], end[0] + 1):
                for position in range(begin[1], end[1] + 1):
                    self.formulas.setdefault((row + 1, position), "")

    def _behind(self, behind_start_tag: int) -> int:
        """Return the place behind an element that ends now."""
        if self.part[behind_start_tag - 2 : behind_start_tag] == b"/>":
            return behind_start_tag
        return _behind_tag(self.part, self.parser.CurrentByteIndex)


def formulas_in_part(part: bytes) -> dict[tuple[int, int], str]:
    """Return the formulas of a worksheet's part, as `formulas_of` does of a workbook's sheet."""
    return _watched(part, frozenset()).formulas


def edited_part(part: bytes, edits: Iterable[Edit]) -> bytes:
    """Return the worksheet's part with these cells in it.

    Raises:
        WorkbookError: it is none that can be written.
    """
    by_row: dict[int, dict[int, Edit]] = {}
    for edit in edits:
        by_row.setdefault(edit.row, {})[edit.position] = edit
    watched = _watched(part, frozenset(by_row))
    if watched.data_at < 0 or watched.part[watched.data_at - 2 : watched.data_at] == b"/>":
        raise WorkbookError("its sheet has no rows")
    pieces = list(_replacements(watched, by_row))
    done = 0
    kept: list[bytes] = []
    for start, end, content in sorted(pieces, key=lambda piece: piece[:2]):
        kept += (part[done:start], content)
        done = end
    return b"".join((*kept, part[done:]))


def _watched(part: bytes, wanted: frozenset[int]) -> _Watcher:
    try:
        return _Watcher(part, wanted)
    except (expat.ExpatError, ValueError, UnicodeError):
        raise WorkbookError("its sheet is not as it must be") from None


def _replacements(watched: _Watcher, by_row: Mapping[int, Mapping[int, Edit]]) -> Iterator[tuple[int, int, bytes]]:
    """Return what goes where: from, to, and the bytes."""
    prefix = watched.prefix
    there: dict[int, _Row] = {}
    for row in watched.rows:
        if there.setdefault(row.number, row) is not row:
            raise WorkbookError("it has a row twice")
    for number, cells in sorted(by_row.items()):
        if number not in there:
            behind = next((other.start for other in watched.rows if other.number > number), watched.data_end)
            made = "".join(_new_cell(prefix, edit, watched.styles.get(p, "")) for p, edit in sorted(cells.items()))
            yield behind, behind, f'<{prefix}row r="{number}">{made}</{prefix}row>'.encode()
        else:
            yield from _in_row(watched, there[number], cells)


def _in_row(watched: _Watcher, row: _Row, cells: Mapping[int, Edit]) -> Iterator[tuple[int, int, bytes]]:
    prefix, tag = watched.prefix, watched.part[row.start : row.content]
    is_empty = tag.endswith(b"/>")
    without_span = re.sub(rb"""\s(?:\w+:)?spans\s*=\s*(?:"[^"]*"|'[^']*')""", b"", tag)
    if is_empty:
        made = "".join(_new_cell(prefix, edit, row.styles.get(p, "")) for p, edit in sorted(cells.items()))
        yield row.start, row.content, without_span[:-2].rstrip() + f">{made}</{prefix}row>".encode()
        return
    yield row.start, row.content, without_span
    there = {cell.position: cell for cell in row.cells}
    for position, edit in sorted(cells.items()):
        cell = there.get(position)
        if cell is not None:
            yield cell.start, cell.end, _rewritten(watched, cell, edit)
            continue
        behind = next((c.start for c in row.cells if c.position > position), None)
        if behind is None:
            behind = row.cells[-1].end if row.cells else row.content
        yield behind, behind, _new_cell(prefix, edit, row.styles.get(position, "")).encode()


def _rewritten(watched: _Watcher, cell: _Cell, edit: Edit) -> bytes:
    kept = "".join(f' {n}="{_attribute(v)}"' for n, v in cell.attributes.items() if n not in _NOT_KEPT)
    formula = ""
    if edit.is_result and (match := _FORMULA.search(watched.part[cell.start : cell.end])):
        formula = match[0].decode()
    return _element(watched.prefix, edit, kept, formula).encode()


def _new_cell(prefix: str, edit: Edit, style: str) -> str:
    return _element(prefix, edit, f' s="{_attribute(style)}"' if style else "")


def _element(prefix: str, edit: Edit, attributes: str, formula: str = "") -> str:
    kind, value = _value(prefix, edit, formula)
    name, where = f"{prefix}c", f"{column_letters(edit.position)}{edit.row}"
    kind = f' t="{kind}"' if kind else ""
    if not formula and not value:
        return f'<{name} r="{where}"{attributes}/>'
    return f'<{name} r="{where}"{attributes}{kind}>{formula}{value}</{name}>'


def _value(prefix: str, edit: Edit, formula: str) -> tuple[str, str]:
    """Return the kind of a value, and the element that holds it."""
    text = escape(_escaped(edit.text))
    if edit.stored is Stored.UNCALCULATED or not (edit.text or formula):
        return "", ""
    if edit.stored is None and not formula:
        return "inlineStr", f'<{prefix}is><{prefix}t xml:space="preserve">{text}</{prefix}t></{prefix}is>'
    value = str(int(edit.text == "TRUE")) if edit.stored is Stored.BOOLEAN else text
    if edit.stored is Stored.DATE:
        value = _days(edit.text)
    return _KINDS[edit.stored], f"<{prefix}v>{value}</{prefix}v>"


def _days(text: str) -> str:
    """Return a date as the number that Excel keeps, which the format of its cell shows as one; empty for no date."""
    try:
        passed = datetime.fromisoformat(text).replace(tzinfo=UTC) - _FIRST_DAY
    except ValueError:
        return ""
    return f"{passed / timedelta(days=1):.15g}"


def _escaped(text: str) -> str:
    """Escape characters as Excel does that XML cannot hold, and texts that look like such an escape."""
    return _NO_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", _LOOKS_ESCAPED.sub("_x005F_", text))


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def _behind_tag(part: bytes, at: int) -> int:
    match = _TAG.match(part, at)
    if match is None:
        raise ValueError
    return match.end()
