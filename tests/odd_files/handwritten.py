"""Spreadsheets written by hand: the XML parts of an xlsx, and the zip around them.

Writers refuse to write what odd files hold, so the parts are texts here, and every one of them can be replaced. A cell
is a function of its address, so that a table of them reads like the sheet: `[text("A"), number("1"), None]`.
"""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

Cell = Callable[[str], str]
Cells = Sequence[Cell | str | None]
Parts = dict[str, bytes]

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{XML}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="49" applyNumberFormat="1"/></cellXfs></styleSheet>'
)  # style 1 shows dates, style 2 texts


def text(content: str) -> Cell:
    """A text kept in its cell."""
    return lambda at: f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(content)}</t></is></c>'


def shared(place: int | str) -> Cell:
    """A text kept in the table of shared texts, at this place."""
    return lambda at: f'<c r="{at}" t="s"><v>{place}</v></c>'


def number(digits: str, style: int = 0) -> Cell:
    """A number, with exactly these digits in the file."""
    return lambda at: f'<c r="{at}" s="{style}"><v>{digits}</v></c>'


def date(serial: str) -> Cell:
    """A day: a number that is shown as a date."""
    return number(serial, style=1)


def boolean(bit: int) -> Cell:
    """TRUE or FALSE."""
    return lambda at: f'<c r="{at}" t="b"><v>{bit}</v></c>'


def fault(sign: str) -> Cell:
    """An error such as #N/A."""
    return lambda at: f'<c r="{at}" t="e"><v>{sign}</v></c>'


def formula(source: str, result: str | None = None, kind: str = "str") -> Cell:
    """A formula with the result last calculated, or without one."""
    kept = "" if result is None else f"<v>{escape(result)}</v>"
    return lambda at: f'<c r="{at}" t="{kind}"><f>{escape(source)}</f>{kept}</c>'


def styled() -> Cell:
    """A cell with a style and nothing in it."""
    return lambda at: f'<c r="{at}" s="2"/>'


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet.

    Attributes:
        rows: from row 1 on; an empty sequence is a row that the file does not have.
        state: `visible`, `hidden` or `veryHidden`.
        before, after: XML around the rows, such as hidden columns and merged cells.
        attributes: XML attributes of single rows, by row number.
        kind: `worksheet`, or `chartsheet`.
    """

    rows: Sequence[Cells]
    name: str = "Businesses"
    state: str = "visible"
    before: str = ""
    after: str = ""
    attributes: Mapping[int, str] = field(default_factory=dict)
    kind: str = "worksheet"

    @property
    def xml(self) -> str:
        """The part."""
        if self.kind != "worksheet":
            return f'{XML}<{self.kind} xmlns="{MAIN}"/>'
        rows = "".join(self._row(at, cells) for at, cells in enumerate(self.rows, 1))
        return f'{XML}<worksheet xmlns="{MAIN}">{self.before}<sheetData>{rows}</sheetData>{self.after}</worksheet>'

    def _row(self, at: int, cells: Cells) -> str:
        attributes = self.attributes.get(at, "")
        if not cells and not attributes:
            return ""
        written = (write(cell, f"{letters(i)}{at}") for i, cell in enumerate(cells) if cell is not None and cell != "")
        return f'<row r="{at}" {attributes}>{"".join(written)}</row>'


def write(cell: Cell | str, at: str) -> str:
    """The XML of a cell at its address; a plain string is a text."""
    return text(cell)(at) if isinstance(cell, str) else cell(at)


def letters(position: int) -> str:
    """What Excel calls the column at a position, counted from 0."""
    prefix, last = divmod(position, 26)
    return (letters(prefix - 1) if prefix else "") + chr(ord("A") + last)


def merged(*ranges: str) -> str:
    """XML that merges cells; to stand after the rows."""
    listed = "".join(f'<mergeCell ref="{cells}"/>' for cells in ranges)
    return f"<mergeCells>{listed}</mergeCells>"


def parts(*pages: Page, texts: Sequence[str] = (), settings: str = "") -> Parts:
    """All parts of a workbook under their names; `texts` are the shared ones, `settings` stands in workbook.xml."""
    files = [f"{page.kind}s/sheet{at}.xml" for at, page in enumerate(pages, 1)]
    written = {
        "[Content_Types].xml": _content_types(files, pages),
        "_rels/.rels": relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(pages, settings),
        "xl/_rels/workbook.xml.rels": relations(
            [(page.kind, file) for page, file in zip(pages, files, strict=True)]
            + [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
        ),
        "xl/styles.xml": _STYLES,
        "xl/sharedStrings.xml": _shared_texts(texts),
        **{f"xl/{file}": page.xml for page, file in zip(pages, files, strict=True)},
    }
    return {name: content.encode("utf-8", "surrogatepass") for name, content in written.items()}


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The parts in a zip."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content, compression)
    return kept.getvalue()


def relations(targets: Sequence[tuple[str, str]]) -> str:
    """The part that leads to other parts: what each is, and where; called rId1, rId2 and so on."""
    listed = "".join(
        f'<Relationship Id="rId{at}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(targets, 1)
    )
    return f'{XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _content_types(files: Sequence[str], pages: Sequence[Page]) -> str:
    kinds = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles", "/xl/sharedStrings.xml": "sharedStrings"}
    kinds |= {f"/xl/{file}": page.kind for file, page in zip(files, pages, strict=True)}
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{_TYPE}.{kind}+xml"/>' for name, kind in kinds.items()
    )
    return (
        f'{XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{overrides}</Types>"
    )


def _workbook(pages: Sequence[Page], settings: str) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(page.name)} sheetId="{at}" state="{page.state}" r:id="rId{at}"/>'
        for at, page in enumerate(pages, 1)
    )
    return f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{settings}<sheets>{sheets}</sheets></workbook>'


def _shared_texts(texts: Sequence[str]) -> str:
    listed = "".join(f'<si><t xml:space="preserve">{escape(content)}</t></si>' for content in texts)
    return f'{XML}<sst xmlns="{MAIN}" count="{len(texts)}" uniqueCount="{len(texts)}">{listed}</sst>'
