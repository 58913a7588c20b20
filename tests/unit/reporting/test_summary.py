"""The first sheet's words, and all tables together."""

from bulk_onboard.model.command import Commands
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import State
from bulk_onboard.reporting.summary import next_command
from tests.unit.reporting.samples import decision, finding, ledger_state, record, run_story, status, tables, token


def test_counts_end_in_the_total():
    """The states that have rows are listed with their meaning, and the total is their sum."""
    rows = [decision(2), decision(3), decision(4, duplicate_of=2), decision(5, findings=[finding(row=5)])]

    listed = tables(rows, ledger_state(record(2))).summary.counts.rows

    assert [("invalid", 1), ("not sent", 1), ("submitted", 1), ("duplicate", 1), ("Total", 4)] == [
        r[:2] for r in listed
    ]


def test_what_happened():
    """The counts, biggest first; then who began the newest run. What stopped it stands at the top."""
    ledger = ledger_state(record(2), record(3), runs=[run_story()])

    happened = tables([decision(2), decision(3), decision(4)], ledger, stopped="The disk is full.").summary

    assert (
        "Of 3 rows, 2 are submitted and 1 is not sent.",
        "The one run so far was begun by asha on ops-1 at 2 Jan 2026 14:30; see the sheet Runs.",
    ) == happened.happened
    assert ("The disk is full.",) == happened.notices


def test_workbook_yet_to_be_filled_in():
    """A sheet with nothing but the template's example leaves nothing to do, and says why."""
    summary = tables([decision(2, is_example=True)], ledger_state()).summary

    assert "There are no rows." == summary.happened[0]
    assert (("Total", 0, ""),) == summary.counts.rows
    assert ("Nothing is left to do here.",) == summary.todo
    assert "bulk-onboard status migration.toml" == summary.command


def test_nothing_at_all():
    """An empty sheet and an empty ledger make a report all the same."""
    summary = tables([], ledger_state()).summary

    assert ("There are no rows.", "Nothing has been sent yet: no run has begun.") == summary.happened
    assert (("Total", 0, ""),) == summary.counts.rows
    assert ("Nothing is left to do here.",) == summary.todo


def test_without_the_workbook_the_summary_says_so():
    """A report from the ledger alone says why names are blank, and nothing is missed as not in the workbook."""
    made = tables(None, ledger_state(record(2)))

    assert "made from the ledger alone" in made.summary.notices[0]
    assert 1 == len(list(made.results.rows))
    assert () == made.not_in_workbook.rows


def test_report_of_a_ledger_alone_names_no_command_and_no_sheet_that_it_does_not_have():
    """Nobody knows the workbook that a run would take; what is wrong with a row stands in Results."""
    made = tables(None, ledger_state(record(2, State.INVALID, code="field-missing")), commands=None)

    assert ("", ()) == (made.summary.command, made.summary.commands)
    assert ("Fix the 1 invalid row: the sheet Results says what is wrong. Then run again.",) == made.summary.todo
    assert "Fix the row as the command check says, then run again." in next(iter(made.results.rows))


def test_reviews_are_expected_after_business_days():
    """Three business days after a Friday is Wednesday; duplicates and judged records are not waited for."""
    ledger = ledger_state(
        record(2),
        record(3, submitted_at="2026-01-05T10:00:00.000Z"),
        record(5, review="approved"),
        record(6, State.REFUSED),
    )
    rows = [decision(2), decision(3), decision(4, duplicate_of=2), decision(5), decision(6)]

    (sentence,) = tables(rows, ledger).summary.expected

    assert sentence.startswith("2 reviews are expected between Wed 7 Jan 2026 and Thu 8 Jan 2026,")


def test_no_expectation_without_requirements():
    """Where nobody said how long a review takes, nothing is promised."""
    assert () == tables([decision(2)], ledger_state(record(2)), requirements=None).summary.expected


def test_what_to_do_names_states_and_reviews():
    """Each group that needs somebody has a sentence."""
    ledger = ledger_state(record(3, State.HELD), record(4, review="rejected"))
    rows = [decision(2, findings=[finding()]), decision(3), decision(4)]

    todo = tables(rows, ledger).summary.todo

    assert ["Fix the 1 invalid row", "Look at the 1 held row", "Correct the 1 rejected row"] == [
        line.split(":")[0].split(", before")[0] for line in todo
    ]


def test_numbers_and_drift_are_told():
    """What changed after it was sent is part of what happened; numbers that are not linked are left to do."""
    ledger = ledger_state(record(2, review="approved"), record(3), record(9))
    rows = [decision(2, cells={"numbers": "911140000000"}), decision(3, fingerprint="new")]

    summary = tables(rows, ledger).summary

    assert any(line.startswith("1 row changed while the review was pending: ") for line in summary.happened)
    assert "1 record has no row any more: see the sheet Not in the workbook." in summary.happened
    assert ("Run again to link the 1 number not linked yet, in 1 approved row.",) == summary.todo


def test_review_that_is_none_of_ours_is_listed():
    """Under the API's own name, after ours."""
    listed = tables([decision(2), decision(3)], ledger_state(record(2), record(3, review="in_audit"))).summary

    assert [("pending", 1), ("in_audit", 1)] == [line[:2] for line in listed.reviews.rows]
    assert "a word of the API's that this version does not know" == listed.reviews.rows[1][2]


def test_next_command():
    """What is held comes before what a run would lead on, and the marked copy before the workbook; else the status."""
    held, job = record(2, State.HELD, key="K-2"), Commands(job="a b.toml", flags={"limit": ("5",), "quota": ("5/s",)})
    rejected = status([decision(2)], ledger_state(record(2, review="rejected")))

    assert f"bulk-onboard resolve 'a b.toml' {token(2)} --quota 5/s" == next_command(
        status([decision(2), decision(3)], ledger_state(held)), job
    )
    assert "bulk-onboard run 'a b.toml' --quota 5/s" == next_command(rejected, job)
    assert "bulk-onboard merge 'a b.toml' --quota 5/s && bulk-onboard run 'a b.toml' --quota 5/s" == next_command(
        rejected, job, marked=True
    )
    assert "bulk-onboard status 'a b.toml'" == next_command(status([decision(2)], ledger_state(record(2))), job)
    assert "bulk-onboard run 'a b.toml' --quota 5/s" == next_command(status([decision(2)], LedgerState()), job)


def test_next_command_of_a_run_that_was_stopped():
    """It goes on as it was typed, whatever else there is to do."""
    job = Commands(job="j.toml", flags={"limit": ("5",), "wait": ("2d",), "retry_refused": ("any",)}, verb="resume")

    told = next_command(status([decision(2)], ledger_state(record(2, State.HELD))), job, continued=True)

    assert "bulk-onboard resume j.toml --limit 5 --wait 2d" == told


def test_problems_come_in_the_order_of_the_rows():
    """Findings of the sheet, of the rows, and those that turned up while sending are one list."""
    more = [finding("unknown-column", row=1), finding("document-changed", row=3)]
    rows = [decision(2, findings=[finding(row=2)]), decision(3), decision(4, findings=[finding(row=4)])]

    made = tables(rows, ledger_state(), more)

    assert ["1", "2", "3", "4"] == [str(row[0]) for row in made.problems.rows]
    assert "The file was replaced or changed" in str(list(made.results.rows)[1][5])


def test_commands_stand_on_the_first_sheet_once():
    """Rows that wait for an answer are named with the command for each; a few of very many, the first as the next."""
    rows = [decision(number, key=f"K-{number}") for number in range(2, 12)]
    held = [record(number, State.HELD, key=f"K-{number}") for number in range(2, 12)]

    commands = tables(rows, ledger_state(*held)).summary.commands

    assert ("Choose an answer for K-3", "bulk-onboard resolve migration.toml K-3") == commands[0]
    assert 5 == len(commands)
