"""The tables of the report."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.finding import VERY_MANY
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.reporting.sheets import (
    RESULT_HEADERS,
    links_between,
    problems_table,
    results_table,
    runs_table,
    unclaimed_table,
)
from bulk_onboard.reporting.table import Link
from tests.unit.reporting.samples import decision, finding, ledger_state, record, run_story, status, tables, token

INDIA = ZoneInfo("Asia/Kolkata")


def results_of(joined):
    """The table Results."""
    return results_table(joined, links_between(joined, joined.findings()), INDIA)


def problems_of(findings):
    """The table Problems, of findings without rows."""
    return problems_table(links_between(status([], ledger_state()), findings))


def results(decisions, ledger, found=()):
    """The rows as dictionaries by header."""
    table = results_of(status(decisions, ledger, found))
    return [dict(zip(table.headers, row, strict=True)) for row in table.rows]


def test_headers_are_the_promised_ones():
    """Others read these columns by their headers."""
    promised = (
        "Row|Key|Business Name|State|Review|Reason|What to do|Numbers|Problems|Submitted at|Number Type|Attempts|"
        "Compliance ID"
    )

    assert promised == "|".join(RESULT_HEADERS)


def test_rows_can_be_gone_through_again():
    """The table is made anew each time it is read, so whoever reads it twice sees the same rows."""
    table = results_of(status([decision(2), decision(3)], ledger_state(record(2))))

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
            "Submitted at (Asia/Kolkata)": datetime(2026, 1, 2, 15, 30, tzinfo=INDIA),
            "Problems": None,
            "Attempts": 1,
            "Numbers": "911111111111; 912222222222; 913333333333",
        }
    ] == told


def test_duplicate_row():
    """A duplicate is one, and names its first row; what became of the record stands in the first row alone."""
    first, second = results([decision(2), decision(3, duplicate_of=2)], ledger_state(record(2)))

    assert ("submitted", "duplicate") == (first["State"], second["State"])
    assert "Row 2 has the same key and content; this one is not sent again." == second["Reason"]
    assert not second["Compliance ID"]
    assert [None] * 3 == [second[header] for header in ("Review", "Submitted at (Asia/Kolkata)", "Attempts")]


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
    assert "Replace the Address Proof or correct the row, then run again." == (sent_back["What to do"])
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

    table = unclaimed_table(status([decision(2)], ledger), INDIA)

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
    table = problems_of([finding(row=7, seen="?")])

    assert ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to fix") == table.headers
    problem = "Email is required and the cell is blank."
    assert [(7, "Email", "field-missing", "error", "?", problem, "Fill in the cell.")] == list(table.rows)


def test_the_same_trouble_in_very_many_rows_is_one_line():
    """More than a hundred alike are one line, at the place of the first, with a count; others keep their own lines."""
    alike = [finding(row=row) for row in range(2, VERY_MANY + 3)]
    other = finding(row=3, column="City")

    rows = list(problems_of([alike[0], other, *alike[1:]]).rows)

    assert [(2, "Email"), (3, "City")] == [row[:2] for row in rows]
    assert "Email is required and the cell is blank. And 100 more rows." == rows[0][5]


def test_a_hundred_alike_keep_their_lines():
    """Up to a hundred findings are told one by one."""
    assert VERY_MANY == len(list(problems_of([finding(row=row) for row in range(VERY_MANY)]).rows))


def test_different_details_are_different_troubles():
    """Duplicates of different rows are not the same trouble."""
    findings = [finding("duplicate", row=row, details={"other": row}) for row in range(VERY_MANY + 1)]

    assert VERY_MANY + 1 == len(list(problems_of(findings).rows))


_ROW = st.tuples(st.sampled_from([None, *State]), st.booleans(), st.integers(0, 3), st.booleans())


@given(st.lists(_ROW, max_size=20))
def test_a_filter_on_state_finds_what_summary_counts(rows):
    """Whoever filters Results by a state sees as many rows as the first sheet says, of every state and review."""
    decisions, records = [], []
    for number, (state, spoiled, back, is_example) in enumerate(rows, start=2):
        duplicate_of = number - back if back and number - back >= 2 else None
        findings = [finding(row=number)] if spoiled else []
        decisions.append(decision(number, findings=findings, duplicate_of=duplicate_of, is_example=is_example))
        if state is not None:
            records.append(record(number, state, review="approved"))
    made = tables(decisions, ledger_state(*records))

    shown = [dict(zip(made.results.headers, row, strict=True)) for row in made.results.rows]
    for header, counts in (("State", made.summary.counts), ("Review", made.summary.reviews)):
        told = {name: number for name, number, _ in counts.rows if name != "Total"}
        assert told == Counter(row[header] for row in shown if row[header])


def test_rows_and_problems_lead_to_each_other():
    """Each row with findings to the first of them, with how many there are; each finding back to its row."""
    rows = [
        decision(2, is_example=True),
        decision(3),
        decision(4, findings=[finding(row=4), finding("duplicate", row=4, column="")]),
        decision(5, findings=[finding(row=5)]),
    ]
    made = tables(rows, ledger_state(), [finding("unknown-column", row=1, details={"nearest": ""})])

    places = [row[8] for row in made.results.rows]
    back = [row[0] for row in made.problems.rows]

    assert [None, Link(2, "Problems", 2), Link(1, "Problems", 4)] == places
    assert [1, Link(4, "Results", 2), Link(4, "Results", 2), Link(5, "Results", 3)] == back


def test_row_whose_finding_is_told_once_for_many_leads_to_that_line():
    """So that nobody looks for it in vain."""
    rows = [decision(row, findings=[finding(row=row)]) for row in range(2, VERY_MANY + 4)]
    made = tables(rows, ledger_state())

    assert [Link(1, "Problems", 1)] * len(rows) == [row[8] for row in made.results.rows]


def test_row_has_the_colour_of_the_worst():
    """An approved record of which a number was refused is approved, and its row is not green."""
    numbers = {"911140000000": Linking(Linkage.REFUSED)}
    rows = [decision(2, cells={"numbers": "911140000000"}), decision(3), decision(4), decision(5)]
    ledger = ledger_state(
        record(2, review="approved", numbers=numbers), record(3, review="approved"), record(4, review="rejected")
    )

    shown = results(rows, ledger)

    assert ["attention", "approved", "rejected", "not sent"] == [row["State"].colour for row in shown]
    assert ["approved", "approved", "rejected"] == [row["Review"].colour for row in shown[:3]]
    assert "refused" == shown[0]["Numbers"].colour


def told(ledger, zone=UTC):
    """The runs as dictionaries by header."""
    table = runs_table(ledger, zone)
    return [dict(zip(table.headers, row, strict=True)) for row in table.rows]


def test_zone_is_named_in_the_header():
    """Times are local, and the header says whose."""
    (run,) = told(ledger_state(runs=[run_story("2026-01-02T09:00:00.000Z")]), ZoneInfo("Asia/Kolkata"))

    instants = (run["Began (Asia/Kolkata)"], run["Ended (Asia/Kolkata)"])
    assert ("14:30", "16:30") == tuple(f"{each:%H:%M}" for each in instants)


def test_requests_by_outcome():
    """Requests are added up; records that were refused are told apart from links, and throttled ones are counted."""
    (run,) = told(ledger_state(runs=[run_story(exit_status=3)]))

    assert (13, 1, 2, 5) == (run["Requests"], run["Refused"], run["Link requests refused"], run["Throttled"])
    assert (3, "finished; some rows need attention") == (run["Exit status"], run["Ended how"])
    assert not [header for header in run if "digest" in header]


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
