"""What follows from how a try ended, and what counts as progress: tables, without a clock or a database."""

import pytest
from msgspec.structs import replace

from bulk_onboard.cluster.client import how_far
from bulk_onboard.cluster.rules import IN_VAIN_AT_MOST, PAUSES, THEN, Next, Then, Try, what_follows, what_is_done
from bulk_onboard.errors import SIGNALS, ExitStatus
from bulk_onboard.model import entry as entries
from bulk_onboard.model.ledger_state import LedgerState, RunStory
from bulk_onboard.model.record import Linkage, Linking, Record, State

TOKEN = "abcdefgh23456777"
FILED = Record(token=TOKEN, state=State.SUBMITTED, compliance_id="c-1", review="pending", fingerprint="f1")


def ended(exit_status: ExitStatus, **facts: object) -> Next:
    """What follows from a try that got something done and ended so."""
    return what_follows(Try(exit_status=exit_status, **{"got_on": True, **facts}))  # type: ignore[arg-type]


def done_in(*records: Record) -> str:
    return what_is_done(LedgerState(records={record.token: record for record in records}))


def test_every_exit_status_has_its_rule():
    assert set(ExitStatus) == set(THEN)


@pytest.mark.parametrize("exit_status", [ExitStatus.DONE, ExitStatus.ROWS_NEED_ATTENTION])
def test_a_run_that_came_to_its_end_ends_the_task(exit_status: ExitStatus):
    assert Next(Then.DONE) == ended(exit_status)


@pytest.mark.parametrize(
    "exit_status",
    [ExitStatus.BUG, ExitStatus.USAGE, ExitStatus.LEDGER, ExitStatus.CREDENTIALS, ExitStatus.REPORT],
)
def test_what_another_try_would_not_change_fails_at_once(exit_status: ExitStatus):
    assert Next(Then.FAILED) == ended(exit_status)
    assert Next(Then.FAILED) == ended(exit_status, got_on=False, is_blameless=True)


@pytest.mark.parametrize("exit_status", [ExitStatus.STOPPED, ExitStatus.LOCKED])
def test_a_run_that_stopped_is_tried_again_after_a_lease(exit_status: ExitStatus):
    assert Next(Then.AGAIN, in_vain=0, pause=1) == ended(exit_status)


@pytest.mark.parametrize("exit_status", sorted(SIGNALS))
def test_what_a_signal_stopped_is_put_back_and_does_not_count(exit_status: ExitStatus):
    assert Next(Then.AT_ONCE, in_vain=3) == ended(exit_status, got_on=False, in_vain=3)


def test_five_tries_in_a_row_without_progress_fail():
    in_vain, pauses = 0, []
    while (following := ended(ExitStatus.STOPPED, got_on=False, in_vain=in_vain)).then is Then.AGAIN:
        in_vain = following.in_vain
        pauses.append(following.pause)
    assert 5 == following.in_vain == IN_VAIN_AT_MOST
    assert Then.FAILED is following.then
    assert pauses == list(PAUSES)


def test_an_outage_of_two_hours_kills_no_task():
    assert sum(PAUSES) >= 2 * 60


def test_any_progress_begins_to_count_anew():
    assert Next(Then.AGAIN, in_vain=0, pause=1) == ended(ExitStatus.STOPPED, in_vain=4)


def test_a_try_that_the_database_ended_does_not_count():
    assert Next(Then.AGAIN, in_vain=4, pause=1) == ended(ExitStatus.STOPPED, got_on=False, in_vain=4, is_blameless=True)


@pytest.mark.parametrize("exit_status", [ExitStatus.STOPPED, ExitStatus.LOCKED, *sorted(SIGNALS)])
def test_a_task_that_is_to_stop_is_not_tried_again(exit_status: ExitStatus):
    assert Then.STOPPED is ended(exit_status, is_to_stop=True).then


def test_a_task_that_is_to_stop_and_came_to_its_end_is_done():
    assert Then.DONE is ended(ExitStatus.DONE, is_to_stop=True).then
    assert Then.FAILED is ended(ExitStatus.CREDENTIALS, is_to_stop=True).then


@pytest.mark.parametrize(
    "change",
    [
        {"review": "approved"},
        {"fingerprint": "f2"},
        {"state": State.DELETED},
        {"numbers": {"911140000000": Linking(Linkage.LINKED)}},
    ],
    ids=str,
)
def test_what_changes_of_a_record_is_progress(change: dict[str, object]):
    assert done_in(FILED) != done_in(replace(FILED, **change))


def test_a_record_more_is_progress():
    assert done_in(FILED) != done_in(FILED, replace(FILED, token="bbbbbbbb23456777"))


@pytest.mark.parametrize("state", [State.NOT_SENT, State.SENDING, State.DEFERRED, State.UNCERTAIN, State.INVALID])
def test_a_record_that_is_sent_and_fails_again_and_again_is_no_progress(state: State):
    assert done_in() == done_in(Record(token=TOKEN, state=state, attempts=3, sent_at="2026-01-05T10:00:00.000Z"))


def test_lines_about_runs_are_no_progress():
    state = LedgerState(records={TOKEN: FILED})
    before = what_is_done(state)
    state.runs.append(RunStory(started_at("2026-01-05T10:00:00.000Z", seq=9)))
    assert before == what_is_done(state)


def started_at(at: str, *, seq: int) -> entries.RunStarted:
    return entries.RunStarted(
        seq=seq, at=at, run_id="r", user="u", host="h", version="1", workbook="", job="", requirements="",
        contract="beta", quota="none", settle=90.0, typed="", flags=(),
    )  # fmt: skip


def sent(token: str, at: str, state: State = State.SUBMITTED) -> Record:
    return Record(token=token, state=state, sent_at=at)


def test_how_far_a_task_is_counts_the_rows_that_its_runs_have_done():
    state = LedgerState(
        records={
            each.token: each
            for each in (
                sent("before", "2026-01-04T10:00:00.000Z"),
                sent("first", "2026-01-05T10:00:01.000Z"),
                sent("second", "2026-01-05T11:00:01.000Z"),
                sent("unknown", "2026-01-05T11:00:02.000Z", State.UNCERTAIN),
            )
        },
        runs=[
            RunStory(started_at("2026-01-04T09:00:00.000Z", seq=1)),
            RunStory(started_at("2026-01-05T10:00:00.000Z", seq=9)),
            RunStory(started_at("2026-01-05T11:00:00.000Z", seq=20)),
        ],
        planned=entries.Planned(rows=3),
    )
    assert (4, 2) == how_far(state, since=5)


def test_nothing_is_said_of_how_far_a_task_is_before_a_run_of_it_has_planned():
    assert (0, 0) == how_far(LedgerState(runs=[RunStory(started_at("2026-01-05T10:00:00.000Z", seq=1))]), since=5)
