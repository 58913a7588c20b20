"""Where the parts of the charts are."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bulk_onboard.model.ledger_state import RunStory, Usage
from bulk_onboard.reporting.figures import Outcome, Part
from bulk_onboard.reporting.page.charts import HEIGHT, WIDTH, outcome_bars, requests_chart
from bulk_onboard.reporting.quota_use import quota_use
from tests.unit.reporting.samples import ledger_state, record, run_story

BEGAN = datetime(2026, 1, 2, 9, 0, tzinfo=UTC)
INDIA = ZoneInfo("Asia/Kolkata")


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def told(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_outcomes_have_bars_as_long_as_their_rows():
    """The longest takes the whole width; a single one in very many can still be seen, and is not 0 %."""
    approved, rejected = outcome_bars([Outcome("approved", 9_999, Part.DONE), Outcome("rejected", 1, Part.NEEDS_US)])

    assert (WIDTH, "> 99 %", "done") == (approved.length, approved.share, approved.part)
    assert (True, "< 1 %", "needs us") == (rejected.length > 1, rejected.share, rejected.part)


def test_no_outcomes_have_no_bars():
    """Nothing is divided by nothing."""
    assert () == outcome_bars([])
    assert ["100 %"] == [each.share for each in outcome_bars([Outcome("pending", 3, Part.WAITING)])]


def chart(*usage: Usage, quota: str = "60/min", ago: int = 0):
    run = run_story(told(BEGAN), seq=1)
    run.started = type(run.started)(
        **{f: getattr(run.started, f) for f in run.started.__struct_fields__} | {"quota": quota}
    )
    state = ledger_state(runs=[run])
    state.usage.extend(usage)
    return requests_chart(quota_use(state, INDIA))


def test_bars_stand_against_the_quota():
    """A minute in which all of it was used reaches its line; times are the readers'."""
    drawn = chart(Usage(at(50), 60, 60, 0), Usage(at(110), 30, 30, 0))

    full, half = drawn.bars
    assert pytest.approx(drawn.quota_y) == full.y
    assert pytest.approx(2 * half.height) == full.height
    assert all(0 <= bar.y and bar.y + bar.height <= HEIGHT and bar.x + bar.width <= WIDTH for bar in drawn.bars)
    assert ("60 a minute", "2 Jan, 14:30", "14:40") == (drawn.quota, drawn.since, drawn.until)
    assert "90 requests, at most 60 in a minute; the quota is 60." == drawn.sentence
    assert "14:30: 60 requests" == full.title


@pytest.mark.parametrize(("quota", "line"), [("60/6s", "600 a minute"), ("5/s", "300 a minute"), ("none", "")])
def test_quota_is_drawn_by_the_minute(quota, line):
    """Whatever its window; without one there is no line."""
    drawn = chart(Usage(at(50), 60, 60, 3), quota=quota)

    assert line == drawn.quota
    assert (drawn.quota_y is None) == (quota == "none")
    assert "3 were throttled" in drawn.sentence


def test_long_run_has_bars_of_several_minutes():
    """No more than can be told apart; the mean of theirs."""
    drawn = chart(*(Usage(at(60 * minute + 30), 60, 60, 0) for minute in range(1_000)))

    assert len(drawn.bars) <= 120
    assert 1 == len({bar.height for bar in drawn.bars})


def test_busy_run_is_shown_rather_than_a_look_at_the_reviews_after_it():
    """Which made three requests."""
    state = ledger_state(record(2), runs=[run_story(told(BEGAN)), run_story(told(at(7_200)))])
    state.usage.extend([Usage(at(50), 60, 60, 0), Usage(at(7_210), 3, 0, 0)])

    assert "61 requests" in requests_chart(quota_use(state, UTC)).sentence


def test_long_look_at_reviews_is_no_busy_run_unless_it_goes_on():
    """It makes dozens of requests where the run before it made thousands; while it goes on it is what people watch."""
    state = ledger_state(record(2), runs=[run_story(told(BEGAN)), run_story(told(at(7_200)))])
    state.usage.extend([Usage(at(50), 3_000, 3_000, 0), Usage(at(7_210), 90, 0, 0)])
    ended = requests_chart(quota_use(state, UTC))
    state.runs[-1] = RunStory(state.runs[-1].started)

    assert "3,001 requests" in ended.sentence
    assert "90 requests" in requests_chart(quota_use(state, UTC)).sentence


def test_nothing_is_drawn_of_nothing():
    """Before the first request."""
    assert requests_chart(quota_use(ledger_state(), UTC)) is None
    assert chart() is None
