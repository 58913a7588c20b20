"""The Runs table."""

from datetime import UTC
from zoneinfo import ZoneInfo

from bulk_onboard.report.sheets import runs_table
from tests.unit.report.samples import ledger_state, record, run_story


def told(ledger, zone=UTC):
    """The runs as dictionaries by header."""
    table = runs_table(ledger, zone)
    return [dict(zip(table.headers, row, strict=True)) for row in table.rows]


def test_zone_is_named_in_the_header():
    """Times are local, and the header says whose."""
    (run,) = told(ledger_state(runs=[run_story("2026-01-02T09:00:00.000Z")]), ZoneInfo("Asia/Kolkata"))

    assert ("2026-01-02 14:30:00", "2026-01-02 16:30:00") == (run["Began (Asia/Kolkata)"], run["Ended (Asia/Kolkata)"])


def test_requests_by_outcome():
    """Requests are added up, refused and throttled ones also by themselves, whatever the operation."""
    (run,) = told(ledger_state(runs=[run_story(exit_status=3)]))

    assert (11, 1, 5) == (run["Requests"], run["Refused"], run["Throttled"])
    assert (3, "finished; some rows need attention") == (run["Exit status"], run["Ended how"])
    assert "aaaaaaaaaaaa" == run["Workbook digest"]


def test_killed_run():
    """A run that could not tell its end says so, and is still credited with what it created."""
    runs = [run_story(exit_status=None, seq=2), run_story(seq=9)]
    found = record(5, created=0)
    ledger = ledger_state(record(2, created=3), record(3, created=8), record(4, created=10), found, runs=runs)

    killed, newest = told(ledger)

    assert (2, 1) == (killed["Created"], newest["Created"])
    assert ("not recorded", None, "killed, or still under way") == (
        killed["Ended (UTC)"],
        killed["Requests"],
        killed["Ended how"],
    )
