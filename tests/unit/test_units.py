"""Durations, quotas, sizes and lists as people write and read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.units import (
    Quota,
    format_age,
    format_clock,
    format_countdown,
    format_duration,
    format_estimate,
    format_list,
    format_size,
    parse_duration,
    parse_quota,
    write_duration,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2.5", 2.5), ("90s", 90), ("10m", 600), ("10 min", 600), ("5h", 18000), ("2D", 172800), (" 0 ", 0)],
)
def test_durations_are_read(text, seconds):
    """A bare number is seconds; s, m, min, h and d are understood in either case."""
    assert seconds == parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (2.5, "2.5s"),
        (60, "1m"),
        (90, "90s"),
        (5400, "90m"),
        (18000, "5h"),
        (86400, "1d"),
        (1234567, "1234567s"),
    ],
)
def test_durations_are_written_exactly(seconds, text):
    """In the largest unit that divides them, as they are read again."""
    assert text == write_duration(seconds)
    assert seconds == parse_duration(text)


@pytest.mark.parametrize("text", ["", "soon", "-5", "5 weeks", "1h30m", "1,5h", "nan", "inf"])
def test_other_durations_are_refused_with_examples(text):
    """What is no duration is an error that shows how to write one."""
    with pytest.raises(ValueError, match="90s, 10m, 5h, 2d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3569, "59 min"),
        (3599, "1 h"),
        (10000, "2 h 47 min"),
        (86399, "1 d"),
        (273600, "3 d 4 h"),
    ],
)
def test_durations_are_written_roughly(seconds, text):
    """Two units at most, and no 60 of anything."""
    assert text == format_duration(seconds)


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("60/min", Quota(60, 60)),
        ("600/60s", Quota(600, 60)),
        ("60/6s", Quota(60, 6)),
        ("5/s", Quota(5, 1)),
        ("100 / 1.5 S", Quota(100, 1.5)),
        ("300/5m", Quota(300, 300)),
        ("none", None),
        (" None ", None),
    ],
)
def test_quotas_are_read(text, quota):
    """So many per window; none is no quota."""
    assert quota == parse_quota(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("60", "60/min"), ("60/", "60/min"), ("60 per minute", "60/min"), ("5 / second", "5/s"), ("900/hour", "900/h")],
)
def test_quota_that_is_nearly_one_is_answered_with_it(text, meant):
    """Where it is clear what somebody meant, the message is what to write."""
    with pytest.raises(ValueError, match=f"write {meant}$"):
        parse_quota(text)


@pytest.mark.parametrize(
    ("text", "meant"), [("2days", "2d"), ("90 sec", "90s"), ("1.5 hours", "1.5h"), ("5mins", "5m")]
)
def test_duration_that_is_nearly_one_is_answered_with_it(text, meant):
    """A unit that is spelt out is not taken, and the message has the letter."""
    with pytest.raises(ValueError, match=f"write {meant}$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "0/min", "60/0s", "/min", "-1/s", "60/day", "1.5/s"])
def test_other_quotas_are_refused_with_examples(text):
    """What is no quota is an error that shows how to write one."""
    with pytest.raises(ValueError, match="60/min, 600/60s"):
        parse_quota(text)


@given(st.integers(1, 10_000), st.integers(1, 100_000))
def test_quota_reads_as_it_is_written(limit, window_s):
    """What a quota is shown as, is read as the same quota."""
    quota = Quota(limit, float(window_s))

    assert quota == parse_quota(str(quota))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (1024, "1.0 KiB"),
        (5 * 1024 * 1024, "5.0 MiB"),
        (1024**2 - 1, "1.0 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5 * 1024**4, "5120.0 GiB"),
    ],
)
def test_sizes_are_written_in_their_unit(size, text):
    """Bytes are whole, everything above has one digit, and there is no 1024 of a unit that has a larger one."""
    assert text == format_size(size)


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=3), "just now (15:30)"),
        (timedelta(seconds=-3), "just now (15:31)"),
        (timedelta(minutes=2, seconds=30), "2 minutes ago (15:28)"),
        (timedelta(minutes=61), "1 hour ago (14:30)"),
        (timedelta(hours=16), "16 hours ago (28 Nov 2026 23:31)"),
        (timedelta(days=3), "3 days ago (26 Nov 2026 15:31)"),
        (timedelta(hours=-1), "in the future (16:31)"),
    ],
)
def test_instants_are_told_as_people_do(ago, text):
    """How long ago, and the time on the wall; with the date where that is another day there."""
    india = timezone(timedelta(hours=5, minutes=30))
    now = datetime(2026, 11, 29, 10, 1, tzinfo=UTC)

    assert text == format_age(now - ago, now, india)


@pytest.mark.parametrize(
    ("seconds", "countdown", "estimate"),
    [
        (0.2, "0 s", "1 s"),
        (7.4, "7 s", "7 s"),
        (37.0, "37 s", "35 s"),
        (60.0, "1 min", "1 min"),
        (148.0, "2 min 28 s", "2 min 30 s"),
        (599.0, "9 min 59 s", "10 min"),
        (10_020.0, "2 h 47 min", "2 h 47 min"),
    ],
)
def test_a_wait_is_told_to_the_second_and_an_estimate_no_finer_than_anybody_can_know(seconds, countdown, estimate):
    """Somebody watches the one, and plans by the other."""
    assert (countdown, estimate) == (format_countdown(seconds), format_estimate(seconds))


NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOON + timedelta(hours=3), "15:00"),
        (NOON + timedelta(days=1), "Tue 12:00"),
        (NOON + timedelta(days=7), "12 Jan 12:00"),
        (NOON - timedelta(days=1), "4 Jan 12:00"),
    ],
)
def test_an_hour_has_its_day_where_that_is_not_today(at, said):
    """As people say it."""
    assert said == format_clock(at, NOON)


def test_names_stand_in_a_row():
    """Commas between them, and a word before the last."""
    rows = [format_list(names) for names in ((), ("a",), ("a", "b"), ("a", "b", "c"))]
    assert ["", "a", "a and b", "a, b and c"] == rows
    assert "a, b or c" == format_list(("a", "b", "c"), last="or")


def test_one_more_name_is_named_rather_than_counted():
    """`and 1 more` would be no shorter than the name."""
    assert ["a, b, c and d", "a, b, c and 2 more"] == [format_list(names, at_most=3) for names in ("abcd", "abcde")]
