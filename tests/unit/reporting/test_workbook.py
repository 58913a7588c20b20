"""The report as other programs read it."""

import re
import tracemalloc
import zipfile
from datetime import datetime, timedelta

import openpyxl
import pytest

from bulk_onboard.errors import ReportError
from bulk_onboard.model.ledger_state import Usage
from bulk_onboard.model.record import State
from bulk_onboard.reporting import target
from bulk_onboard.reporting.cover import page_breaks
from bulk_onboard.reporting.sheets import RESULT_HEADERS
from bulk_onboard.reporting.workbook import write_workbook
from tests.unit.reporting import samples
from tests.unit.reporting.samples import decision, finding, ledger_state, record, run_story

NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "#N/A", "http://example.com", "0012", "{=1}", "1e5", "_x000D_ x", "漢😀"]


def tables(rows=(), ledger=None):
    """The tables of these rows."""
    return samples.tables(list(rows), ledger or ledger_state(runs=[run_story()]))


def write_report(path, told):
    """Writes the workbook as a run does, and returns where it is."""
    return target.put(path, "xlsx", lambda file, folder: write_workbook(file, folder, told), run="r1", anew="again")


@pytest.fixture
def written(tmp_path):
    """Writes a report of some rows and reads it back."""

    def write(rows=(), ledger=None):
        path = write_report(tmp_path / "report.xlsx", tables(rows, ledger))
        return openpyxl.load_workbook(path)

    return write


def test_sheets_and_headers(written):
    """The report has its sheets, an empty one hidden; Results and Problems hold one header row and data rows alone."""
    book = written([decision(2, findings=[finding()]), decision(3)])

    assert ["Summary", "Results", "Problems", "Not in the workbook", "Runs", "Charts"] == book.sheetnames
    assert ["Not in the workbook", "Charts"] == [sheet.title for sheet in book if sheet.sheet_state != "visible"]
    assert [header.partition(" (")[0] for header in (cell.value for cell in book["Results"][1])] == list(RESULT_HEADERS)
    assert [2, 3] == [row[0] for row in book["Results"].iter_rows(min_row=2, values_only=True)]
    assert [2] == [row[0] for row in book["Problems"].iter_rows(min_row=2, values_only=True)]


@pytest.mark.parametrize("name", NASTY)
def test_texts_stay_texts(written, name):
    """A name that looks like a formula, a link, a number or an error value comes back as the text it is."""
    book = written([decision(2, key=name, cells={"business_name": name})])

    key, business_name = book["Results"]["B2"], book["Results"]["C2"]
    assert ("s", "s") == (key.data_type, business_name.data_type)
    assert (name, name) == (
        openpyxl.utils.escape.unescape(key.value),
        openpyxl.utils.escape.unescape(business_name.value),
    )
    assert business_name.hyperlink is None


def test_no_formula_anywhere(tmp_path):
    """The file has no formula in any of its sheets, and no link but from one sheet to another."""
    path = write_report(
        tmp_path / "r.xlsx",
        tables([decision(2, key="=1", cells={"business_name": "=2"}, findings=[finding()])]),
    )

    with zipfile.ZipFile(path) as file:
        sheets = [file.read(name) for name in file.namelist() if name.startswith("xl/worksheets/sheet")]
        relations = b"".join(file.read(name) for name in file.namelist() if name.endswith(".rels"))
    assert 6 == len(sheets)
    assert not any(b"<f>" in sheet for sheet in sheets)
    places = re.findall(b'<hyperlink [^>]*location="([^"]*)"', b"".join(sheets))
    assert [b"Problems!A2", b"Results!A2"] == [re.sub(b"['\"]", b"", place) for place in places]
    assert b"hyperlink" not in relations


def test_unwritable_characters_do_not_lose_the_report(written):
    """Control characters, lone surrogates and endless texts are cleaned or cut before they reach the file."""
    row = written([decision(2, cells={"business_name": "a\x00b\ud800c" + "x" * 40_000})])["Results"]["C2"]

    assert row.value.startswith("abcx")
    assert row.value.endswith("… (cut)")


def test_text_that_reads_like_markup_does_not_break_the_report(written):
    """A name from <r> to </r> stands in its cell, a blank before it; the file can still be read."""
    book = written([decision(2, cells={"business_name": "<r>broken</r>"})])

    assert " <r>broken</r>" in [cell.value for cell in book["Results"][2]]


def test_summary_adds_up(written):
    """The counts on the first sheet add up to the rows in Results."""
    rows = [decision(2), decision(3, duplicate_of=2), decision(4), decision(5, findings=[finding(row=5)])]
    book = written(rows, ledger_state(record(2), record(4, State.REFUSED)))

    cells = [(row[0], row[2]) for row in book["Summary"].iter_rows(values_only=True)]
    start, total = cells.index(("State", "Rows")), next(number for name, number in cells if name == "Total")
    counted = [number for _, number in cells[start + 1 : cells.index(("Total", total))]]
    assert sum(counted) == total == book["Results"].max_row - 1


def test_chart_draws_the_counts(tmp_path):
    """The first sheet has a chart, which carries its numbers for viewers that do not read the cells."""
    path = write_report(
        tmp_path / "r.xlsx",
        tables([decision(2), decision(3)], ledger_state(record(2))),
    )

    with zipfile.ZipFile(path) as file:
        chart = file.read("xl/charts/chart1.xml").decode()
    assert "<c:v>pending</c:v>" in chart
    assert 2 == chart.count("<c:v>1</c:v>")


def test_requests_of_a_run_are_drawn_by_the_minute(tmp_path):
    """One bar for each minute, however many entries it has; of a short run a few empty ones after it."""
    ledger = ledger_state(runs=[run_story()])
    at = datetime.fromisoformat(ledger.runs[0].started.at)
    ledger.usage.extend(Usage(at + timedelta(seconds=second), 20, 20, 0) for second in (5, 10, 15))

    write_report(tmp_path / "r.xlsx", tables([decision(2)], ledger))

    data = openpyxl.load_workbook(tmp_path / "r.xlsx")["Charts"]
    drawn = list(data.iter_rows(min_col=3, max_col=5, values_only=True))
    assert ("14:30", 60, 60) == drawn[0]
    assert [("14:31", 0, 60), ("14:35", 0, 60)] == [drawn[1], drawn[-1]]


def test_pages_of_the_first_sheet_end_before_what_would_not_fit():
    """The counts begin the second page, unless that has begun before them; a heading is not left behind."""
    fits = [(0, 0.0), (5, 300.0), (9, 500.0), (20, 900.0)]
    overflows = [(0, 0.0), (5, 300.0), (8, 650.0), (9, 750.0), (20, 900.0)]

    assert [9] == page_breaks(fits, 9)
    assert [8] == page_breaks(overflows, 9)


def test_empty_report(written):
    """A sheet without rows makes a report with headers alone, and no chart of nothing."""
    book = written()

    assert 1 == book["Results"].max_row
    assert [] == book["Summary"]._charts


def test_sheets_are_ready_to_be_read(written):
    """Headers are frozen and filtered, widths fit, and a state has its colour."""
    sheet = written([decision(2, key="K" * 30)], ledger_state(record(2)))["Results"]

    assert ("C2", "A1:M2") == (sheet.freeze_panes, sheet.auto_filter.ref)
    assert 30 <= sheet.column_dimensions["B"].width <= 34
    assert "FFDDEBF7" == sheet["D2"].fill.fgColor.rgb
    assert ("$1:$1", "landscape", 1, 0) == (
        sheet.print_title_rows,
        sheet.page_setup.orientation,
        sheet.page_setup.fitToWidth or 1,
        sheet.page_setup.fitToHeight,
    )
    assert "Page &P of &N" in sheet.oddFooter.right.text.replace("&[Page]", "&P").replace("&[Pages]", "&N")


def test_no_header_is_cut_off(written):
    """Link requests refused stands over narrow numbers, in three lines."""
    sheet = written([decision(2)])["Runs"]

    assert sheet.row_dimensions[1].height > 3 * 12.75


def test_instants_are_dates(written):
    """In the readers' time zone, which the header names, so that they can be sorted and filtered as dates."""
    sheet = written([decision(2)], ledger_state(record(2), runs=[run_story()]))["Results"]

    assert ("Submitted at (Asia/Kolkata)", "2026-01-02 15:30:00") == (sheet["J1"].value, str(sheet["J2"].value))
    assert sheet["J2"].is_date


def test_row_is_as_high_as_its_text(written):
    """No higher than the lines that it takes; a row of one line has no height of its own."""
    long = decision(3, findings=[finding(row=3, code="older-content", details={})])
    sheet = written([decision(2), long])["Results"]

    assert sheet.row_dimensions[2].height is None
    assert 38 <= sheet.row_dimensions[3].height <= 55


def test_columns_fit_the_first_rows(tmp_path):
    """How wide a column is, the first thousand rows say; a longer text below wraps, in a row that is high enough."""
    name = "N" * 100
    rows = [decision(number) for number in range(2, 1002)] + [decision(1002, cells={"business_name": name})]

    sheet = openpyxl.load_workbook(write_report(tmp_path / "r.xlsx", tables(rows)))["Results"]

    assert sheet.column_dimensions["C"].width < 20
    assert name == sheet["C1002"].value
    assert sheet.row_dimensions[1002].height > 5 * 12


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Writing 16,000 rows takes hardly more memory than writing 2,000: no table is ever held whole."""

    def peak(rows):
        told = tables([decision(number) for number in range(2, rows)])
        tracemalloc.start()
        write_report(tmp_path / f"{rows}.xlsx", told)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(2_000), peak(16_000)

    assert many < few + (1 << 20)


def test_report_is_private(tmp_path):
    """Only its owner can read the report, and no temporary file stays."""
    path = write_report(tmp_path / "report.xlsx", tables([decision(2)]))

    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


def test_other_place_when_the_target_is_taken(tmp_path):
    """A target that cannot be replaced is left alone; the report stands beside it under the run's name."""
    (tmp_path / "report.xlsx").mkdir()

    path = write_report(tmp_path / "report.xlsx", tables([decision(2)]))

    assert tmp_path / "report-r1.xlsx" == path
    assert 2 == openpyxl.load_workbook(path)["Results"].max_row


def test_no_place_at_all(tmp_path):
    """Where no report can be written, one sentence says why and what to type later."""
    with pytest.raises(ReportError, match=r"No such file or directory.*then type: again"):
        write_report(tmp_path / "missing" / "report.xlsx", tables())


def test_many_rows(tmp_path):
    """Five thousand rows are each there once."""
    rows = [decision(number) for number in range(2, 5002)]

    path = write_report(tmp_path / "report.xlsx", tables(rows))

    book = openpyxl.load_workbook(path, read_only=True)
    numbers = [row[0] for row in book["Results"].iter_rows(min_row=2, max_col=1, values_only=True)]
    book.close()
    assert list(range(2, 5002)) == numbers


@pytest.mark.parametrize(("name", "lines"), [("n" * 38, 1), ("N" * 38, 2), ("a\nb\nc", 3)])
def test_lines_are_counted_by_the_width_of_letters(written, name, lines):
    """Small letters are narrower than the digits by which a column's width is counted, capitals are wider."""
    sheet = written([decision(2, cells={"business_name": "n" * 60}), decision(3, cells={"business_name": name})])[
        "Results"
    ]

    height = sheet.row_dimensions[3].height
    assert lines == (1 if height is None else round((height - 2) / 12.75))
