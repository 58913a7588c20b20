"""Odd spreadsheet files: the container."""

import re
import zipfile
from pathlib import Path

from tests.odd_files import archives
from tests.odd_files.handwritten import (
    LINKS,
    MAIN,
    XML,
    Page,
    Parts,
    letters,
    parts,
    shared,
    text,
    write,
    zipped,
)
from tests.odd_files.odd import HEADERS, Make, Odd, book, good, row, sheet
from tests.odd_files.xlsb import NOT_AVAILABLE, xlsb
from tests.support.businesses import pdf

FILES = Path(__file__).with_name("files")
SHEET = "xl/worksheets/sheet1.xml"

GOOD = parts(sheet(good()))
ENTITY = b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def committed(name: str) -> Make:
    """A file that lies in `files/`."""
    return (FILES / name).read_bytes


def changed(name: str, old: bytes, new: bytes, files: Parts = GOOD) -> Make:
    """A good workbook with one part changed."""
    assert old in files[name]
    return lambda: zipped({**files, name: files[name].replace(old, new, 1)})


def added(**more: str) -> Make:
    """A good workbook with parts more; `__` stands for a slash, `_` for a dot."""
    named = {name.replace("__", "/").replace("_", "."): content.encode() for name, content in more.items()}
    return lambda: zipped({**GOOD, **named})


def far_rows() -> bytes:
    """A million rows with a style alone, and a business below them."""
    blank = "".join(f'<row r="{at}" s="2" customFormat="1"/>' for at in range(3, 1_000_003))
    cells = "".join(write(cell, f"{letters(at)}1000003") for at, cell in enumerate(good(2)) if cell)
    below = f'{blank}<row r="1000003">{cells}</row></sheetData>'
    return zipped({**GOOD, SHEET: GOOD[SHEET].replace(b"</sheetData>", below.encode())})


def many_rows() -> bytes:
    """More rows than are ever read."""
    cell = '<c r="A{0}" t="inlineStr"><is><t>{0}</t></is></c>'
    rows = "".join(f'<row r="{at}">{cell.format(at)}</row>' for at in range(2, 200_003))
    return zipped({**GOOD, SHEET: GOOD[SHEET].replace(b"</sheetData>", rows.encode() + b"</sheetData>")})


CONTAINERS = (
    # -- hostile archives
    Odd("bomb.xlsx", "a part of 1 MB inflates to 1 GB",
        lambda: archives.bomb(GOOD, "xl/media/image1.xml", mebibytes=1024), refused="unpack"),
    Odd("bomb_sheet.xlsx", "the sheet itself inflates to 1 GB",
        lambda: archives.bomb({n: b for n, b in GOOD.items() if n != SHEET}, SHEET, mebibytes=1024), refused="unpack"),
    Odd("bomb_liar.xlsx", "a part inflates to 1 GB and claims 1,000 bytes",
        lambda: archives.bomb({n: b for n, b in GOOD.items() if n != SHEET}, SHEET, mebibytes=1024, claims=1000),
        refused="not what the archive says"),
    Odd("laughs.xlsx", "entities that expand to entities",
        changed(SHEET, b"<worksheet", ENTITY + b"<worksheet"), refused="DOCTYPE"),
    Odd("external_entity.xlsx", "an entity that would fetch a file of this machine",
        changed("xl/sharedStrings.xml", b"<sst", EXTERNAL + b"<sst"), refused="DOCTYPE"),
    Odd("doctype_in_a_small_part.xlsx", "entities in a part that tells nothing of cells",
        changed("xl/styles.xml", b"<styleSheet", ENTITY + b"<styleSheet"), refused="DOCTYPE"),
    Odd("doctype_utf16.xlsx", "entities in UTF-16, where a search for the bytes of ASCII is blind",
        lambda: zipped({**GOOD, SHEET: GOOD[SHEET].decode().replace("UTF-8", "UTF-16")
                        .replace("<worksheet", EXTERNAL.decode() + "<worksheet", 1).encode("utf-16")}),
        refused="not UTF-8"),
    Odd("two_sheets_one_name.xlsx", "two parts of the same name: two readers may see two sheets",
        lambda: archives.doubled(GOOD, SHEET, parts(sheet(good(2)))[SHEET]), refused="two parts of one name"),
    Odd("overlapping.xlsx", "two entries share their bytes",
        lambda: archives.overlapping(GOOD, SHEET, "xl/worksheets/sheet2.xml"), refused="not what the archive says"),
    Odd("climbing.xlsx", "a part called ../../x, which is written nowhere",
        lambda: archives.named(GOOD, "../../x.xml")),
    Odd("absolute.xlsx", "a part called /etc/x, which is written nowhere", lambda: archives.named(GOOD, "/etc/x.xml")),
    Odd("encrypted_parts.xlsx", "the zip itself is encrypted", lambda: archives.encrypted(GOOD), refused="password"),
    Odd("many_parts.xlsx", "6,000 parts", lambda: archives.with_entries(GOOD, 6000), refused="parts"),
    Odd("stored.xlsx", "nothing in the zip is compressed", lambda: zipped(GOOD, zipfile.ZIP_STORED)),
    # -- size
    Odd("far_cell.xlsx", "4 KB, and one cell is XFD1048576",
        changed(SHEET, b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
        refused="A stray cell far below or beside the data may be why"),
    Odd("far_column.xlsx", "one cell is XFD2, which no header stands over",
        changed(SHEET, b"</row></sheetData>", b'<c r="XFD2"><v>1</v></c></row></sheetData>'),
        finds=["unknown-column 1 XFD"]),
    Odd("beyond_the_last_row.xlsx", "a cell in row 99,999,999, which no sheet has",
        changed(SHEET, b"</sheetData>", b'<row r="99999999"><c r="A99999999"><v>1</v></c></row></sheetData>'),
        refused="A stray cell far below or beside the data may be why"),
    Odd("styled_rows.xlsx", "a million blank rows with a style, then a business", far_rows, rows=(2, 1_000_003)),
    Odd("many_rows.xlsx", "200,002 rows that hold something", many_rows, refused="200,000"),
    Odd("lying_dimension.xlsx", "the sheet claims to end in row 2",
        book(sheet(*map(good, range(5)), before='<dimension ref="A1:N2"/>')), rows=range(2, 7)),
    Odd("boasting_dimension.xlsx", "the sheet claims every cell there can be",
        book(sheet(good(), before='<dimension ref="A1:XFD1048576"/>'))),
    # -- other formats, each what its name says
    Odd("macros.xlsm", "macros", lambda: zipped({**GOOD, "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 Sub Auto_Open()"})),
    Odd("mixed.xls", "the old format: #N/A looks like a blank there", committed("mixed.xls"),
        finds=["format-tells-less 1", "field-missing 3 City", "date-instead-of-text 6 Registration Number"],
        rows=(2, 3, 5, 6), reads={"5 Postal Code": "560004"}),
    Odd("mixed.ods", "LibreOffice's own format", committed("mixed.ods"),
        finds=["cell-error 3 City", "date-instead-of-text 6 Registration Number"],
        rows=(2, 3, 5, 6), reads={"5 Postal Code": "560004"}),
    Odd("binary.xlsb", "Excel's binary format, with a blank row and an error",
        lambda: xlsb([HEADERS, good(1), [], [NOT_AVAILABLE if cell == "Bengaluru" else cell for cell in good(2)]]),
        finds=["format-tells-less 1", "field-missing 4 City"], rows=(2, 4)),
    Odd("strict.xlsx", "saved as Strict Open XML, whose names are others",
        lambda: zipped({name: content.replace(LINKS.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships")
                        .replace(MAIN.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main")
                        for name, content in GOOD.items()})),
    Odd("prefixed_names.xlsx", "every name in its XML has a prefix, as some programs write it",
        lambda: zipped({**GOOD, SHEET: GOOD[SHEET].replace(b"<", b"<x:").replace(b"<x:/", b"</x:")
                        .replace(b"<x:?", b"<?").replace(b"xmlns=", b"xmlns:x=")})),
    Odd("no_addresses.xlsx", "cells and rows without addresses: they count from the one before",
        lambda: zipped({**GOOD, SHEET: _without_addresses(book_of(3))}), rows=(2, 3, 4)),
    # -- not what the name says
    Odd("locked.xlsx", "protected by a password", committed("locked.xlsx"), refused="password"),
    Odd("locked.xls", "an old one protected by a password", committed("locked.xls"), refused="password"),
    Odd("locked.ods", "an ods protected by a password", committed("locked.ods"), refused="password"),
    Odd("numbers.xlsx", "Apple Numbers under another name",
        lambda: zipped({"Index/Document.iwa": b"\0", "Metadata/Properties.plist": b""}), refused="Numbers"),
    Odd("page.xlsx", "a web page that a portal calls Excel",
        lambda: b"<html><body><table><tr><td>Key</td></tr></table></body></html>", refused="web page"),
    Odd("text.xlsx", "csv called xlsx", lambda: b"Key,Business Name\r\nA,B\r\n", refused="csv"),
    Odd("scan.xlsx", "a PDF called xlsx", lambda: pdf("x"), refused="PDF"),
    Odd("letter.xlsx", "a Word document called xlsx",
        lambda: zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}), refused="Word"),
    Odd("photos.xlsx", "a zip of other things", lambda: zipped({"a.png": b"x"}),
        refused="zip archive without a workbook"),
    Odd("old.xlsx", "an .xls called .xlsx", committed("mixed.xls"), refused=".xls"),
    Odd("new.xls", "an .xlsx called .xls", row(), refused=".xlsx"),
    Odd("open.xlsx", "an .ods called .xlsx", committed("mixed.ods"), refused=".ods"),
    Odd("excel.csv", "an .xlsx called .csv", row(), refused=".xlsx"),
    # -- broken
    Odd("nothing.xlsx", "0 bytes", lambda: b"", refused="empty (0 bytes)"),
    Odd("half.xlsx", "the copy was interrupted", lambda: archives.cut(zipped(GOOD), 0.5), refused="cut off"),
    Odd("half.xls", "the copy of an old one was interrupted", lambda: archives.cut(committed("mixed.xls")(), 0.5),
        refused="Office file of an unknown kind"),
    Odd("no_end.xlsx", "the last bytes are missing", lambda: zipped(GOOD)[:-10], refused="cut off"),
    Odd("no_sheet.xlsx", "the part of the sheet is missing",
        lambda: zipped({name: body for name, body in GOOD.items() if name != SHEET}), refused="damaged"),
    Odd("cut_sheet.xlsx", "the part of the sheet ends in mid-cell",
        lambda: zipped({**GOOD, SHEET: archives.cut(GOOD[SHEET], 0.7)}), refused="damaged"),
    Odd("rubbish.xlsx", "the part of the sheet is no XML",
        lambda: zipped({**GOOD, SHEET: b"\x00\x01rubbish"}), refused="damaged"),
    Odd("astray_text.xlsx", "a cell refers to a shared text that is not there", row(City=shared(7)), refused="damaged"),
    Odd("two_rows_3.xlsx", "two rows say that they are row 3", lambda: zipped({**GOOD, SHEET: _two_rows_3()}),
        refused="two values for cell A3"),
    Odd("two_cells_c2.xlsx", "two cells say that they are C2", changed(SHEET, b'<c r="D2"', b'<c r="C2"'),
        refused="two values for cell C2"),
    Odd("rows_astray.xlsx", "a row says another number than its cells, which count",
        changed(SHEET, b'<row r="4"', b'<row r="3"', parts(sheet(good(1), good(2), good(3)))), rows=(2, 3, 4)),
    Odd("rows_backwards.xlsx", "the last row stands first in the file", lambda: zipped({**GOOD, SHEET: _backwards()}),
        rows=(2, 3, 4)),
    Odd("~$lock.xlsx", "the little file that Excel keeps beside an open workbook",
        lambda: b"\x04user" + b" " * 160, refused="the mark that Excel leaves"),
    # -- several sheets
    Odd("hidden_sheet.xlsx", "a hidden sheet of businesses beside the visible one",
        book(sheet(good(1)), sheet(good(2), name="Old", state="hidden")), reads={"2 City": "Bengaluru"}),
    Odd("very_hidden_sheet.xlsx", "a sheet that only macros can show",
        book(sheet(good(2), name="Old", state="veryHidden"), sheet(good(1)))),
    Odd("hidden_by_name.xlsx", "the user names the hidden sheet",
        book(sheet(good(1)), sheet(good(2), good(3), name="Old", state="hidden")), rows=(2, 3), flags={"sheet": "Old"}),
    Odd("two_sheets.xlsx", "two sheets of businesses",
        book(sheet(good(1)), sheet(good(2), name="More")), refused="several sheets with rows"),
    Odd("wrong_sheet.xlsx", "the user names a sheet that is not there", row(), refused='no sheet "Mai"',
        flags={"sheet": "Mai"}),
    Odd("instructions.xlsx", "a page of instructions before the businesses",
        book(Page([["Read this first"]], name="Help"), sheet(good()))),
    Odd("chart.xlsx", "a chart sheet before the businesses",
        book(Page([], name="Chart", kind="chartsheet"), sheet(good()))),
    Odd("how_to_fix.xlsx", "the sheet that the annotated workbook adds",
        book(sheet(good()), Page([["Row", "Problem"], ["2", "x"]], name="How to fix"))),
    Odd("all_hidden.xlsx", "every sheet is hidden", book(sheet(good(), state="hidden")), refused="No visible sheet"),
    Odd("blank.xlsx", "a sheet without a single cell", book(Page([])), refused="holds anything"),
    Odd("to_be_filled_in.xlsx", "headers and nothing below", book(sheet()), rows=()),
    # -- what does not show
    Odd("hidden_row.xlsx", "row 3 is hidden",
        book(sheet(good(1), good(2), attributes={3: 'hidden="1"'})), finds=["hidden-rows 1"], rows=(2, 3)),
    Odd("hidden_column.xlsx", "the column of cities is hidden",
        book(sheet(good(), before='<cols><col min="7" max="7" hidden="1"/></cols>')), finds=["hidden-columns 1"]),
    Odd("external_links.xlsx", "values that come from another file",
        added(xl__externalLinks__externalLink1_xml=f'{XML}<externalLink xmlns="{MAIN}"/>'), finds=["external-links 1"]),
    Odd("data_connection.xlsx", "a connection to a database",
        added(xl__connections_xml=f'{XML}<connections xmlns="{MAIN}"/>'), finds=["external-links 1"]),
)  # fmt: skip


def book_of(count: int) -> bytes:
    """The sheet of so many good rows, as XML."""
    return parts(sheet(*[[cell or text(" ") for cell in good(at)] for at in range(count)]))[SHEET]


def _two_rows_3() -> bytes:
    return re.sub(rb'r="([A-Z]*)4"', rb'r="\g<1>3"', book_of(3))


def _backwards() -> bytes:
    before, *rows, after = re.split(rb"(?=<row)|(?=</sheetData>)", book_of(3))
    return b"".join([before, *reversed(rows), after])


def _without_addresses(xml: bytes) -> bytes:
    return re.sub(rb' r="[A-Z]*[0-9]+"', b"", xml)
