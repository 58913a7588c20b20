"""What a run used of its quota, minute by minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bulk_onboard.model.ledger_state import LedgerState, Usage
from bulk_onboard.reporting.quota_use import mean, minutes_of, quota_use
from tests.unit.reporting.samples import run_story

BEGAN = datetime(2026, 1, 2, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_requests_count_in_the_minute_in_which_they_were_made():
    """What was sent is known to the instant; what else an entry counts, in the minute of the entry."""
    usage = [Usage(at(75), 12, 10, 0), Usage(at(130), 5, 4, 2)]
    sent = [at(second) for second in (1, 2, 3, 4, 5, 61, 62, 63, 64, 65, 121, 122, 123, 124)]

    assert [5, 7, 5] == [each.requests for each in minutes_of(usage, sent)]
    assert [0, 0, 2] == [each.throttled for each in minutes_of(usage, sent)]


def test_minute_that_is_not_over_has_what_was_sent_in_it():
    """It is not counted by the run yet."""
    assert [3, 0, 2] == [each.requests for each in minutes_of([Usage(at(30), 3, 3, 0)], [at(125), at(126)])]


def test_request_that_the_next_entry_counts_is_not_counted_twice():
    """One that was sent while an entry was written."""
    usage = [Usage(at(59), 2, 2, 0), Usage(at(119), 2, 2, 0)]

    assert 4 == sum(each.requests for each in minutes_of(usage, [at(second) for second in (1, 2, 58, 61)]))
    assert [2, 0] == [each.requests for each in minutes_of([Usage(at(119), 2, 2, 0)], [at(1), at(2), at(3)])]


def test_all_requests_are_counted_once():
    """However few of the instants are still known, since a later update takes the place of a create."""
    usage = [Usage(at(60 * minute + 59), 40, 39, 1) for minute in range(50)]
    sent = [at(second) for second in range(0, 3_000, 7)]

    assert 2_000 == sum(each.requests for each in minutes_of(usage, sent))


def test_two_entries_of_one_minute_are_one_minute():
    """A short run writes its last entry in the minute of another."""
    assert [30] == [each.requests for each in minutes_of([Usage(at(10), 20, 20, 0), Usage(at(40), 10, 10, 0)], [])]


def test_usage_of_a_long_run_is_put_together():
    """Several minutes make one bar, which has their mean; times are in the readers' zone."""
    used = [Usage(at(60 * number), 50 + number % 2, 50, 0) for number in range(1, 481)]

    use = quota_use(LedgerState(runs=[run_story()], usage=used), ZoneInfo("Asia/Kolkata"))

    groups = use.groups(240)
    assert (240, {50.5}, 60.0) == (len(groups), {mean(group) for group in groups}, use.allowed)
    assert "14:31" == f"{groups[0][0].at:%H:%M}"


def test_nothing_is_known_before_the_first_request():
    """As of a ledger of an older version."""
    assert quota_use(LedgerState(), UTC) is None
