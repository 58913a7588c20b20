"""The tables of the report."""

from datetime import UTC
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.command import Commands
from bulk_onboard.model.finding import VERY_MANY
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.reporting.sheets import RESULT_HEADERS, problems_table, results_table, runs_table, unclaimed_table
from tests.unit.reporting.samples import decision, finding, ledger_state, record, run_story, status, token

INDIA = ZoneInfo("Asia/Kolkata")


def results(decisions, ledger, found=()):
    """The rows as dictionaries by header."""
    table = results_table(status(decisions, ledger, found), Commands(job="job.toml"), INDIA)
    return [dict(zip(table.headers, row, strict=True)) for row in table.rows]


def test_headers_are_the_promised_ones():
    """Others read these columns by their headers."""
    promised = (
        "Row|Key|Business Name|Number Type|State|Review|Compliance ID|Reason|What to do|Submitted at|Attempts|Numbers"
    )

    assert promised == "|".join(RESULT_HEADERS)


def test_rows_can_be_gone_through_again():
    """The table is made anew each time it is read, so whoever reads it twice sees the same rows."""
    table = results_table(status([decision(2), decision(3)], ledger_state(record(2))), Commands(job="job.toml"), INDIA)

    assert [2, 3] == [row[0] for row in table.rows] == [row[0] for row in table.rows]


def test_submitted_row():
    """A submitted row shows who it is, its id at the API, and the local time."""
    row = decision(2, key="K-1", cells={"numbers": "+911111111111;\n+912222222222 , +913333333333"})

    told = results([row], ledger_state(record(2)))

    assert [
        {
            "Row": 2,
            "Key": "K-1",
            "Business Name": "Business 2",
            "Number Type": "local",
            "State": "submitted",
            "Review": "pending",
            "Compliance ID": "00000000-0000-4000-8000-000000000002",
            "Reason": "The API has it; its review is pending.",
            "What to do": "Nothing now; wait for the review.",
            "Submitted at": "2026-01-02 15:30:00",
            "Attempts": 1,
            "Numbers": "911111111111; 912222222222; 913333333333",
        }
    ] == told


def test_duplicate_row():
    """A duplicate is one, and names its first row; what became of the record stands in the first row alone."""
    first, second = results([decision(2), decision(3, duplicate_of=2)], ledger_state(record(2)))

    assert ("submitted", "duplicate") == (first["State"], second["State"])
    assert "Row 2 has the same key and content; this one is not sent again." == second["Reason"]
    assert [None] * 4 == [second[header] for header in ("Review", "Compliance ID", "Submitted at", "Attempts")]


def test_duplicate_of_an_invalid_row():
    """The duplicate of a row with errors is a duplicate all the same, so that a filter finds what Summary counts."""
    rows = [decision(2, findings=[finding()]), decision(3, duplicate_of=2)]

    assert ["invalid", "duplicate"] == [row["State"] for row in results(rows, ledger_state())]


def test_example_row():
    """The template's example is out of sight."""
    assert [3] == [row["Row"] for row in results([decision(2, is_example=True), decision(3)], ledger_state())]


def test_what_turned_up_while_sending_is_told():
    """A row whose document changed during the run says so, though its check had found nothing."""
    changed = finding("document-changed", column="Identity Proof")

    (told,) = results([decision(2)], ledger_state(), [changed])

    assert "not sent" == told["State"]
    assert "Identity Proof: The file was replaced or changed" in told["Reason"]


def test_what_the_api_said_of_numbers_and_documents():
    """An approved row tells each number's outcome; one sent back names the document that is to be replaced."""
    numbers = {"911140000000": Linking(Linkage.LINKED), "911140000001": Linking(Linkage.HELD, "of another record")}
    rejected = finding("review-rejected", row=3, details={"reason": "", "document": "the Address Proof"})
    rows = [decision(2, cells={"numbers": "911140000000, 911140000001"}), decision(3)]
    ledger = ledger_state(
        record(2, review="approved", numbers=numbers), record(3, review="rejected", review_reason="it is expired")
    )

    approved, sent_back = results(rows, ledger, [rejected])

    assert "911140000000 linked; 911140000001 held: of another record" == approved["Numbers"]
    assert "It is expired." == sent_back["Reason"]
    assert (
        "Replace the Address Proof or correct the row, then run again: bulk-onboard run job.toml"
        == (sent_back["What to do"])
    )
    assert "911140000000 linked" in str(results(None, ledger)[0]["Numbers"])


def test_without_the_workbook():
    """Without the workbook each record is told once, names blank, by the Key or else the end of its alias."""
    told = results(
        None, ledger_state(record(2, key="K-1"), record(3, State.REFUSED, code="bad_field", reason="Too short"))
    )

    assert [(None, "K-1", None), (None, f"~{token(3)}", None)] == [
        (row["Row"], row["Key"], row["Business Name"]) for row in told
    ]
    assert ["submitted", "refused"] == [row["State"] for row in told]
    assert "bad_field: Too short." == told[1]["Reason"]


def test_record_whose_row_has_gone():
    """A record that was sent and has no row any more stands in a table of its own."""
    ledger = ledger_state(record(2), record(3, key="K-3", alias="K-3 ~x"))

    table = unclaimed_table(status([decision(2)], ledger), Commands(job="job.toml"), INDIA)

    assert [("K-3", "K-3 ~x", "submitted")] == [row[:3] for row in table.rows]


@given(st.lists(st.tuples(st.integers(2, 40), st.sampled_from([None, *State]), st.booleans()), max_size=30))
def test_each_row_stands_in_the_results_once(rows):
    """Whatever the ledger holds, Results has each row of the sheet exactly once, in the sheet's order."""
    numbers = sorted({number for number, _, _ in rows})
    decisions = [decision(n, duplicate_of=numbers[0] if n != numbers[0] and n % 3 == 0 else None) for n in numbers]
    ledger = ledger_state(*(record(number, state) for number, state, _ in rows if state is not None))

    told = results(decisions, ledger)

    assert numbers == [row["Row"] for row in told]
    ids = [row["Compliance ID"] for row in told if row["Compliance ID"]]
    assert len(ids) == len(set(ids))


def test_headers_and_a_row():
    """A finding is told with its place, what was seen, what is wrong and how to fix it."""
    table = problems_table([finding(row=7, seen="?")])

    assert ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to fix") == table.headers
    problem = "Email is required and the cell is blank."
    assert [(7, "Email", "field-missing", "error", "?", problem, "Fill in the cell.")] == list(table.rows)


def test_the_same_trouble_in_very_many_rows_is_one_line():
    """More than a hundred alike are one line, at the place of the first, with a count; others keep their own lines."""
    alike = [finding(row=row) for row in range(2, VERY_MANY + 3)]
    other = finding(row=3, column="City")

    rows = list(problems_table([alike[0], other, *alike[1:]]).rows)

    assert [(2, "Email"), (3, "City")] == [row[:2] for row in rows]
    assert "Email is required and the cell is blank. And 100 more rows." == rows[0][5]


def test_a_hundred_alike_keep_their_lines():
    """Up to a hundred findings are told one by one."""
    assert VERY_MANY == len(list(problems_table([finding(row=row) for row in range(VERY_MANY)]).rows))


def test_different_details_are_different_troubles():
    """Duplicates of different rows are not the same trouble."""
    findings = [finding("duplicate", row=row, details={"other": row}) for row in range(VERY_MANY + 1)]

    assert VERY_MANY + 1 == len(list(problems_table(findings).rows))


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
