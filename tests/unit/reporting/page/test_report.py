"""The report as one page."""

import re
import tracemalloc

from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.reporting.page import report
from bulk_onboard.reporting.page.render import report_page
from bulk_onboard.reporting.page.report import report_view
from bulk_onboard.reporting.target import HTML_MARK
from tests.unit.reporting.samples import decision, finding, ledger_state, record, run_story, tables

ROWS = [
    decision(2, key="K-2"),
    decision(3, key="K-3", findings=[finding(row=3)]),
    decision(4, key="K-4"),
    decision(5, key="K-5", findings=[finding("state-unknown", row=5, details={"other": 2, "nearest": ""})]),
]
LEDGER = ledger_state(
    record(2, review="approved"),
    record(4, review="rejected", review_reason="not legible"),
    record(5),
    runs=[run_story()],
)


def hrefs(page: bytes) -> set[str]:
    return set(re.findall(r'href="#([^"]+)"', page.decode()))


def ids(page: bytes) -> set[str]:
    return set(re.findall(r' id="([^"]+)"', page.decode()))


def test_page_opens_with_figures_and_sentence():
    """They come before any table."""
    page = report_page(tables(ROWS, LEDGER)).decode()

    assert (
        page.index("Of 4 businesses") < page.index('class="tiles"') < page.index('class="bars"') < page.index("<table")
    )


def test_rows_that_need_attention_are_there_with_what_to_do():
    """And no other."""
    view = report_view(tables(ROWS, LEDGER))

    assert ["K-3", "K-4"] == [row.cells[1].content for row in view.attention.rows]
    assert ["invalid", "rejected"] == [row.cells[2].content for row in view.attention.rows]
    assert 4 == len(view.results.rows)


def test_number_that_was_not_linked_is_told_where_the_row_is():
    """Whoever reads what needs attention need not look for it among all rows."""
    refused = record(2, review="approved", numbers={"911140000000": Linking(Linkage.REFUSED, "not rented")})
    view = report_view(tables([decision(2, cells={"numbers": "911140000000"})], ledger_state(refused)))

    (row,) = view.attention.rows
    assert "911140000000 refused: not rented" in [cell.below for cell in row.cells]


def test_column_that_no_row_fills_is_left_out():
    """As row numbers and problems, where a report is made from the ledger alone."""
    by_workbook, by_ledger = (report_view(tables(rows, LEDGER)) for rows in (ROWS, None))

    assert {"Row", "Problems"} <= {column.header for column in by_workbook.attention.columns}
    assert ["Business", "State", "Reason", "What to do"] == [c.header for c in by_ledger.attention.columns]
    assert all(len(row.cells) == len(by_ledger.results.columns) for row in by_ledger.results.rows)


def test_very_many_kinds_of_problems_lead_to_their_rows():
    """The first ten are named, and the card is no longer than a screen."""
    plain = (code for code, each in CATALOGUE.items() if "{" not in each.problem + each.fix)
    codes = [code for code in plain if CATALOGUE[code].severity is Severity.ERROR][:14]
    rows = [decision(n, findings=[finding(code, row=n)]) for n, code in enumerate(codes, start=2)]

    page = report_page(tables(rows, ledger_state())).decode()

    assert '<strong>4</strong><span>of <a href="#attention">4 other kinds</a></span>' in page
    assert 11 == page[page.index('class="kinds"') : page.index("What happened")].count("<li")


def test_links_lead_from_rows_to_problems_and_back():
    """Each leads to a place that is in the page."""
    page = report_page(tables(ROWS, LEDGER))

    assert hrefs(page) <= ids(page)
    assert {"problems-1", "attention-2"} <= hrefs(page)


def test_links_lead_nowhere_that_is_not_shown(monkeypatch):
    """Of very many rows the first are shown, and it is said how many more there are."""
    monkeypatch.setattr(report, "ROWS_SHOWN", 1)

    page = report_page(tables(ROWS, LEDGER))

    assert hrefs(page) <= ids(page)
    assert b"3 more are in the report" in page


def test_rows_that_are_not_shown_are_not_held(monkeypatch):
    """A view of 8,000 rows takes hardly more memory than one of 1,000, and says how many it leaves out."""
    monkeypatch.setattr(report, "ROWS_SHOWN", 100)

    def view(rows):
        told = tables([decision(number) for number in range(2, rows + 2)], ledger_state())
        tracemalloc.start()
        made = report_view(told)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return made.results.left_out, most

    (_, few), (left_out, many) = view(1_000), view(8_000)

    assert 7_900 == left_out
    assert many < few + (1 << 19)


def test_page_is_one_file_without_script():
    """Nothing is loaded, and its own policy forbids it; the mark by which we know it stands near its beginning."""
    page = report_page(tables(ROWS, LEDGER)).decode()

    assert HTML_MARK in page[:4_096]
    assert "<script" not in page
    assert [] == re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page)
    assert "default-src 'none'" in page
    assert " style=" not in page


def test_nothing_that_others_wrote_is_markup():
    """Names, Keys, reasons and what was seen in cells."""
    hostile = "<script>alert(1)</script>"
    row = decision(2, key=hostile, cells={"business_name": hostile}, findings=[finding(seen=hostile, column=hostile)])
    books = ledger_state(record(2, State.REFUSED, reason=hostile, code=hostile), runs=[run_story()])

    page = report_page(tables([row], books, workbook=hostile))

    assert b"<script" not in page
    assert b"&lt;script&gt;" in page


def test_masked_report_has_no_name():
    """What is masked in its tables is masked in the page."""
    seen = finding(row=3, seen="a@b.example")
    row = decision(3, key="K-3", cells={"business_name": "Invented Traders"}, findings=[seen])

    page = report_page(tables([row], ledger_state(runs=[run_story()]), redact=True))

    assert b"Invented Traders" not in page
    assert b"K-3" in page
    assert b"ops-1" not in page


def test_empty_job_makes_a_page_too():
    """Before the first run there is nothing to show."""
    page = report_page(tables([], ledger_state()))

    assert b"There are no businesses yet." in page
    assert b"<table" not in page
