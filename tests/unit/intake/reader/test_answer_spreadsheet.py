"""Whole workbooks through the reader's child half: what is found, what is refused."""

from pathlib import Path

import pytest

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.answer import lines_of
from bulk_onboard.intake.transport import ReadRequest
from bulk_onboard.intake.workbook import sheet_of
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import Merged, Sheet, SheetRow, Stored
from tests.support.spreadsheets import (
    MAIN,
    cell,
    row,
    styles,
    text,
    texts,
    worksheet,
    write_xlsx,
    write_zip,
    xlsx_parts,
)

GOOD = texts(["Key", "City"], ["k1", "Pune"])


def read(path: Path) -> tuple[Sheet, list[SheetRow]]:
    """The answer, taken apart."""
    sheet = sheet_of(path, 1, lines_of(ReadRequest(path.name, None, 1, None), path.read_bytes()))
    return sheet, list(sheet.rows)


def refusal(path: Path) -> str:
    """What reading it complains about."""
    with pytest.raises(WorkbookError) as caught:
        read(path)
    return str(caught.value)


def test_escapes_are_decoded_once(tmp_path):
    """`_x000D_` is a carriage return, `_x005F_x000D_` the text that looks like it; halves of characters are mended."""
    words = ("_x000D_a", "_x005F_x000D_", "_xD83D__xDE00_", "_xD800_", "plain")
    path = write_xlsx(tmp_path / "a.xlsx", texts(["H"], *([word] for word in words)))

    _, rows = read(path)

    assert ["\ra", "_x000D_", "😀", "\ufffd", "plain"] == [line.cells[0] for line in rows]


def test_typed_cells(tmp_path):
    """Numbers, dates, booleans, errors and uncalculated formulas say how they are kept."""
    data = GOOD + row(
        3, cell("A3", "560001.0"), cell("B3", "43831", style=1), cell("C3", "1", kind="b"),
        cell("D3", "#N/A", kind="e"), '<c r="E3"><f>1</f></c>', cell("F3", "7", formula="<f>3+4</f>"),
    )  # fmt: skip

    _, rows = read(write_xlsx(tmp_path / "a.xlsx", data))

    assert ("560001", "2020-01-01", "TRUE", "#N/A", "", "7") == rows[1].cells
    assert {
        0: Stored.NUMBER, 1: Stored.DATE, 2: Stored.BOOLEAN, 3: Stored.ERROR, 4: Stored.UNCALCULATED, 5: Stored.NUMBER,
    } == rows[1].stored  # fmt: skip


def test_leading_zeros_that_only_a_format_shows(tmp_path):
    """What the user sees is what is read: 123 under the format 000000 is 000123."""
    data = GOOD + row(3, cell("A3", "123", style=2), cell("B3", "1234567", style=2)) + row(4, cell("A4", "123"))
    path = write_xlsx(tmp_path / "a.xlsx", data, xl__styles_xml=styles("000000"))

    _, rows = read(path)

    assert [("000123", "1234567"), ("123", "")] == [line.cells for line in rows[1:]]


def test_hidden_and_merged(tmp_path):
    """Hidden rows and columns that hold something are read and told of; merged cells below the headers are listed."""
    hidden = 'hidden="1"'
    data = texts(["Key", "City", "", "Note"]) + "".join(
        (row(2, text("A2", "k1"), attributes=hidden), row(3, attributes=hidden), row(4, text("B4", "x")))
    )
    columns = '<cols><col min="2" max="3" hidden="1"/></cols>'
    merged = '<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A4:B5"/></mergeCells>'
    path = write_zip(tmp_path / "a.xlsx", xlsx_parts({"S": worksheet(data, columns, merged)}))

    head, rows = read(path)

    assert [2, 4] == [line.number for line in rows]
    assert (Merged(4, 5, 0, 1),) == head.merged
    assert (
        Finding("hidden-rows", details={"rows": "2"}),
        Finding("hidden-columns", details={"columns": "B"}),
    ) == head.findings


@pytest.mark.parametrize("part", ["xl__externalLinks__externalLink1_xml", "xl__connections_xml"])
def test_references_to_elsewhere_are_noted(part, tmp_path):
    """External links and data connections are told of, and not followed."""
    head, _ = read(write_xlsx(tmp_path / "a.xlsx", GOOD, **{part: "<a/>"}))

    assert (Finding("external-links"),) == head.findings


def test_sheet_is_found_by_its_relation(tmp_path):
    """The second look sees the same sheet that calamine reads, wherever its part is."""
    bad = texts(["Key"]) + row(2, cell("A2", "#REF!", kind="e"))
    parts = xlsx_parts({"One": worksheet(texts(["Read me"])), "Two": worksheet(bad)})
    parts["xl/Odd Place/S.xml"] = parts.pop("xl/worksheets/sheet2.xml")
    relations = str(parts["xl/_rels/workbook.xml.rels"])
    parts["xl/_rels/workbook.xml.rels"] = relations.replace("worksheets/sheet2.xml", "/xl/Odd Place/S.xml")

    _, rows = read(write_zip(tmp_path / "a.xlsx", parts))

    assert [(2, ("#REF!",), {0: Stored.ERROR})] == rows


@pytest.mark.parametrize("where", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "docProps/app.xml"])
@pytest.mark.parametrize("declaration", ['<!DOCTYPE a [<!ENTITY b "c">]>', "<!doctype a>"])
def test_document_types_are_refused(where, declaration, tmp_path):
    """No part may declare entities, the small ones included."""
    parts = xlsx_parts({"S": worksheet(GOOD)})
    parts[where] = declaration + str(parts.get(where, "<a/>"))

    assert "declares a document type (DOCTYPE)" in refusal(write_zip(tmp_path / "a.xlsx", parts))


def test_declaration_across_pieces_is_seen(tmp_path):
    """It is found where the unpacked pieces meet, too."""
    parts = xlsx_parts({"S": worksheet(GOOD)})
    for shift in range(12):
        space = bytes(65 + n % 26 for n in range((1 << 18) - 20 + shift))
        parts["docProps/app.xml"] = b"<a>" + space + b"<!DOCTYPE a></a>"

        assert "DOCTYPE" in refusal(write_zip(tmp_path / "a.xlsx", parts))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_refused(encoding, tmp_path):
    """Calamine finds nothing in UTF-16, without a word; and a DOCTYPE in it would not be seen."""
    parts = xlsx_parts({"S": worksheet(GOOD)})
    parts["xl/worksheets/sheet1.xml"] = worksheet(GOOD).encode(encoding)

    assert "its part xl/worksheets/sheet1.xml is not UTF-8" in refusal(write_zip(tmp_path / "a.xlsx", parts))


def test_cdata_is_refused(tmp_path):
    """Calamine reads it as blank, so it is no blank here."""
    path = write_xlsx(tmp_path / "a.xlsx", GOOD + row(3, '<c r="A3" t="str"><v><![CDATA[k2]]></v></c>'))

    assert "holds CDATA" in refusal(path)


def test_sheet_that_calamine_cannot_read(tmp_path):
    """Half a sheet, a number that is none, a text that is not there: damaged, without quoting the cell."""
    half = f'<worksheet xmlns="{MAIN}"><sheetData>{GOOD}'

    assert "is damaged: it has Excel's form" in refusal(write_zip(tmp_path / "a.xlsx", xlsx_parts({"S": half})))
    for value in (cell("A3", "secret"), cell("A3", "99", kind="s")):
        sentence = refusal(write_xlsx(tmp_path / "a.xlsx", GOOD + row(3, value)))

        assert "is damaged: it has Excel's form" in sentence
        assert "secret" not in sentence


def test_a_million_blank_rows(tmp_path):
    """Styled rows without content are skipped, and what comes after them is read."""
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(3, 100_000))

    _, rows = read(write_xlsx(tmp_path / "a.xlsx", GOOD + blank + row(100_000, text("A100000", "k2"))))

    assert [2, 100_000] == [line.number for line in rows]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (GOOD + row(2, text("A2", "k2")), "A2"),
        (GOOD + row(3, text("A3", "k2"), text("B3", "x"), text("A3", "k3")), "A3"),
        (GOOD + row(3, '<c r="B3"><v>1</v><v>2</v></c>'), "B3"),
        (GOOD + row(3, '<c r="C3"><v>1</v><is><t>2</t></is></c>'), "C3"),
    ],
)
def test_two_values_for_one_cell(data, where, tmp_path):
    """Calamine lets the last one win; a lost row is no row read."""
    path = write_xlsx(tmp_path / "a.xlsx", data)

    assert f'sheet "S" has two values for cell {where}' in refusal(path)


def test_two_sheets_in_one_part(tmp_path):
    """Calamine reads the first only; so neither is read."""
    more = f"<sheetData>{row(9, text('A9', 'k9'))}</sheetData>"
    path = write_zip(tmp_path / "a.xlsx", xlsx_parts({"S": worksheet(GOOD, after=more)}))

    assert "is damaged" in refusal(path)


def test_rows_in_any_order(tmp_path):
    """Rows out of order are read under their numbers, and blank ones in between are none."""
    path = write_xlsx(tmp_path / "a.xlsx", row(5, text("A5", "k2")) + row(3, '<c r="A3"/>') + GOOD)

    assert [2, 5] == [line.number for line in read(path)[1]]


def test_row_of_signs_without_width(tmp_path):
    """What nobody can see is blank."""
    path = write_xlsx(tmp_path / "a.xlsx", GOOD + row(3, text("A3", "\u200b \ufeff")) + row(4, text("A4", "\u200bx")))

    assert [2, 4] == [line.number for line in read(path)[1]]
