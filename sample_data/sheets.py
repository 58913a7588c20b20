"""A sheet of text as .xlsx or .csv, the same bytes each time.

The libraries that write workbooks put the hour into them, or change their XML from version to version; so this is
the XML itself, stored in a zip whose entries all have the same date. Every cell is text, as in the template, unless it
is one of the classes here: what Excel and people make of cells.
"""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape

Table = Sequence[Sequence[str]]
"""The header row and those below it; an empty one stays blank."""


class Number(str):
    """A cell kept as a number: these digits."""

    __slots__ = ()


class Divided(Number):
    """The same, shown with a comma at the thousands."""

    __slots__ = ()


class Day(str):
    """A cell kept as a date: this one, in ISO form."""

    __slots__ = ()


class Error(str):
    """A cell that holds an error and no value."""

    __slots__ = ()


class Formula(str):
    """A cell with a formula that was never calculated."""

    __slots__ = ()


class Merged(str):
    """A text in a cell that is merged with the one to its right."""

    __slots__ = ()


_DATE = (2026, 1, 1, 0, 0, 0)
_WIDEST = 60

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_TEXT, _HEADER, _DAY, _DIVIDED = 1, 2, 3, 4  # positions in cellXfs
# Excel's numbers for formats: 49 is "Text", 14 a date, 3 a number with commas at the thousands
_FIRST_DAY = date(1899, 12, 30)  # from which Excel counts

_PARTS: Mapping[str, str] = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>\
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>\
<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>\
<sheet name="Businesses" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>\
<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>""",
    "xl/styles.xml": f"""<styleSheet {_MAIN}>\
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>\
<font><b/><sz val="11"/><color rgb="FFFFFFFF"/><name val="Calibri"/></font></fonts>\
<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>\
<fill><patternFill patternType="solid"><fgColor rgb="FF1F3864"/><bgColor indexed="64"/></patternFill></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>\
<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>""",
}


def xlsx(table: Table, *, hidden_row: int = 0, hidden_column: int = 0) -> bytes:
    """A workbook of one sheet, "Businesses", its header row bold and frozen, its columns as wide as they need.

    A row and a column can be hidden, both counted from 1.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, xml in {**_PARTS, "xl/worksheets/sheet1.xml": _sheet(table, hidden_row, hidden_column)}.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 0  # the same on every system
            archive.writestr(entry, _XML + xml)
    return file.getvalue()


def csv_utf8(table: Table) -> bytes:
    """What Excel saves as "CSV UTF-8": with a mark at the beginning, and CR LF at the end of each line."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(table)
    return file.getvalue().encode("utf-8-sig")


def _sheet(table: Table, hidden_row: int, hidden_column: int) -> str:
    columns = "".join(
        f'<col min="{i}" max="{i}" width="{_width(texts)}" style="{_TEXT}" customWidth="1"'
        f"{_hidden(i == hidden_column)}/>"
        for i, texts in enumerate(zip(*filter(None, table), strict=True), 1)
    )
    rows = "".join(_row(number, texts, number == hidden_row) for number, texts in enumerate(table, 1) if texts)
    merged = "".join(
        f'<mergeCell ref="{_letter(i)}{number}:{_letter(i + 1)}{number}"/>'
        for number, texts in enumerate(table, 1)
        for i, text in enumerate(texts)
        if isinstance(text, Merged)
    )
    return f"""<worksheet {_MAIN}><sheetViews><sheetView tabSelected="1" workbookViewId="0">\
<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>\
<cols>{columns}</cols><sheetData>{rows}</sheetData>{merged and f"<mergeCells>{merged}</mergeCells>"}</worksheet>"""


def _width(texts: Sequence[str]) -> int:
    return min(_WIDEST, max(map(len, texts)) + 3)


def _row(number: int, texts: Sequence[str], hidden: bool) -> str:
    style = _HEADER if number == 1 else _TEXT
    cells = "".join(_cell(f"{_letter(i)}{number}", style, text) for i, text in enumerate(texts) if text)
    return f'<row r="{number}"{_hidden(hidden)}>{cells}</row>'


def _hidden(hidden: bool) -> str:
    return ' hidden="1"' if hidden else ""


def _cell(place: str, style: int, text: str) -> str:
    if isinstance(text, Divided):
        return f'<c r="{place}" s="{_DIVIDED}"><v>{text}</v></c>'
    if isinstance(text, Number):
        return f'<c r="{place}"><v>{text}</v></c>'
    if isinstance(text, Day):
        return f'<c r="{place}" s="{_DAY}"><v>{(date.fromisoformat(text) - _FIRST_DAY).days}</v></c>'
    if isinstance(text, Error):
        return f'<c r="{place}" t="e"><v>{text}</v></c>'
    if isinstance(text, Formula):
        return f'<c r="{place}"><f>{escape(text)}</f></c>'
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _letter(position: int) -> str:
    return chr(ord("A") + position)  # up to Z, which is enough
