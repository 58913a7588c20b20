"""How long a run still takes, phase by phase: looks, waits, what is due, and the look for duplicates at its end."""

from types import SimpleNamespace

import pytest

from bulk_onboard.pipeline.forecast import REPORT_S, REPORT_S_A_ROW, seconds_left
from bulk_onboard.pipeline.progress import LOOKING_FOR_DUPLICATES, WRITING_REPORT, Activity, Progress
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.planning import Budget
from bulk_onboard.units import Quota
from tests.support.clocks import FakeClock

WINDOW_S, SETTLE_S = 60.0, 90.0
AT_ONCE = Budget(quota=Quota(60, WINDOW_S))


def a_run(*, left=0.0, activity=None, blind=False, wait=None, audit="auto", tried=0, unknown=(0, 0.0)):
    """A run that began at second 0, and has so many requests left."""
    ledger_state = SimpleNamespace(records=dict.fromkeys(range(150)), wants_audit=tried > 0, swept=not blind)
    return SimpleNamespace(
        clock=FakeClock(),
        stop=Stop(),
        began_at=0.0,
        job=SimpleNamespace(settle=SETTLE_S, wait=wait, audit=audit),
        journal=SimpleNamespace(ledger_state=ledger_state, is_older=False),
        judgement=SimpleNamespace(missing=""),
        progress=Progress(requests_left=left, activity=activity, settling=lambda: unknown),
        connection=SimpleNamespace(budget=lambda: AT_ONCE),
    )


def sending(newest_create_at=0.0):
    """What sends, with when it created a record last."""
    return SimpleNamespace(newest_create_at=newest_create_at)


@pytest.mark.parametrize(
    ("run", "runner", "left_s"),
    [
        (a_run(left=100, blind=True), None, SETTLE_S + WINDOW_S + SETTLE_S),
        (a_run(left=50), None, SETTLE_S),
        (a_run(left=130), sending(), 2 * WINDOW_S + SETTLE_S),
        (a_run(left=130, audit="never"), sending(), 2 * WINDOW_S),
        (a_run(left=130, wait=3600.0), sending(), 2 * WINDOW_S),
        (a_run(tried=9), sending(0.0), SETTLE_S),
        (a_run(), sending(), 0.0),
        (a_run(unknown=(2, 30.0), audit="never"), sending(), 30.0),
        (a_run(activity=Activity("waiting", 40.0, LOOKING_FOR_DUPLICATES)), sending(), 40.0),
        (a_run(activity=Activity(LOOKING_FOR_DUPLICATES)), sending(), 0.0),
    ],
    ids=["new ledger", "known account", "sending", "no audit", "reviews follow", "all sent", "nothing", "settling",
         "before the audit", "audit"],
)  # fmt: skip
def test_every_wait_that_is_ahead_counts(run, runner, left_s):
    """The time is that until the run ends with its report, not until the last row is sent."""
    assert left_s + REPORT_S + 150 * REPORT_S_A_ROW == pytest.approx(seconds_left(run, runner))


@pytest.mark.parametrize(
    "activity", [Activity(WRITING_REPORT), Activity("14 reviews pending", 40.0, "looking again", 3600.0)]
)
def test_where_nobody_can_know_nothing_is_told(activity):
    """Reviewers take their time, and a report is written as fast as it goes."""
    assert seconds_left(a_run(activity=activity), sending()) is None


def test_a_run_that_is_to_stop_tells_no_time():
    """It ends when the calls in flight do."""
    run = a_run(left=100)
    run.stop.request("a test")

    assert seconds_left(run, sending()) is None
