"""When the next request may go, and what headers say of it."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.api.quota import (
    GUARD_S,
    LONGEST_WAIT_S,
    RESET_ROUNDING_S,
    Pace,
    Probe,
    answered,
    first_pace,
    next_wait_s,
    quota_hint,
    sent,
)
from bulk_onboard.model.outcome import QuotaHint
from bulk_onboard.units import Quota

SIXTY = Quota(60, 60.0)
THREE = Quota(3, 60.0)
SILENT = QuotaHint()
DATE = "Mon, 15 Jan 2024 13:39:30 GMT"  # 1705325970


def flowing(quota: Quota | None = THREE, *sends: float) -> Pace:
    """The state in the middle of a run, nothing in flight."""
    return Pace(quota=quota, sends=sends)


def throttled_pace(at: float, hint: QuotaHint = SILENT, pace: Pace | None = None) -> Pace:
    """The state after one request was sent and throttled at that instant."""
    return answered(sent(pace or flowing(), at), at, hint, throttled=True)


def test_first_request_goes_at_once():
    """A run that knows nothing sends one request without waiting."""
    assert 0 == next_wait_s(first_pace(SIXTY, 100.0), 100.0)


def test_nothing_goes_beside_the_first_request():
    """The second request waits for the first one's answer, however long that takes."""
    probing = sent(first_pace(SIXTY, 100.0), 100.0)

    assert [None, None] == [next_wait_s(probing, 100.0), next_wait_s(probing, 100000.0)]


def test_first_answer_opens_the_way():
    """After the first answer requests go side by side."""
    pace = answered(sent(first_pace(SIXTY, 100.0), 100.0), 100.4, SILENT)

    assert 0 == next_wait_s(sent(pace, 100.4), 100.4)


def test_probe_without_an_answer_is_sent_again_alone():
    """A first request that nobody answered taught nothing: the next one goes alone too."""
    pace = answered(sent(first_pace(SIXTY, 100.0), 100.0), 130.0, None)

    assert 0 == next_wait_s(pace, 130.0)
    assert next_wait_s(sent(pace, 130.0), 130.0) is None


def test_full_window_waits_for_its_oldest_send():
    """With the limit's number of sends in the window the next waits until the oldest is a window and a guard old."""
    pace = flowing(THREE, 10.0, 11.0, 12.0)

    assert 10.0 + 60.0 + GUARD_S - 30.0 == next_wait_s(pace, 30.0)
    assert 0 == next_wait_s(pace, 70.0 + GUARD_S)


def test_room_in_the_window_needs_no_wait():
    """Fewer own sends than the limit: send."""
    assert 0 == next_wait_s(flowing(THREE, 10.0, 11.0), 12.0)


def test_earlier_process_has_spent_its_part():
    """The sends of a killed run count: the next one goes when the oldest of them leaves the window."""
    pace = first_pace(THREE, 1000.0, earlier_sends_s_ago=[5.0, 20.0, 10.0])

    assert 40.0 + GUARD_S == pytest.approx(next_wait_s(pace, 1000.0))


def test_earlier_sends_beyond_the_limit_and_from_the_future_are_harmless():
    """Of very many earlier sends the newest count; one that a stepped clock puts into the future counts as now."""
    pace = first_pace(THREE, 1000.0, earlier_sends_s_ago=[*range(10, 5000), 2.0, -3.0])

    assert (990.0, 998.0, 1000.0) == pace.sends


def test_lower_limit_of_the_api_wins():
    """Where the API states fewer requests than the user, the user's number is not spent."""
    pace = answered(sent(flowing(SIXTY, 1.0, 2.0), 3.0), 3.5, QuotaHint(limit=3))

    assert 0 < next_wait_s(pace, 4.0)


def test_higher_limit_of_the_api_changes_nothing():
    """A user who states less than the API allows keeps to it."""
    pace = answered(sent(flowing(THREE, 1.0, 2.0), 3.0), 3.5, QuotaHint(limit=60))

    assert 0 < next_wait_s(pace, 4.0)


@pytest.mark.parametrize(
    ("hint", "least_s", "most_s"),
    [
        (QuotaHint(retry_after_s=17.0, reset_in_s=50.0), 17.0, 18.0),
        (QuotaHint(reset_in_s=12.0), 13.0, 14.0),
        (QuotaHint(retry_after_s=0.0, reset_in_s=12.0), 13.0, 14.0),
        (QuotaHint(retry_after_s=0.2), 1.0, 2.0),
        (QuotaHint(reset_in_s=0.0), 1.0, 2.0),
        (SILENT, 1.0, 2.0),
    ],
)
def test_throttled_bucket_waits_for_what_was_asked(hint, least_s, most_s):
    """Retry-After, else the reset and its rounding, else a second; never less than one."""
    pace = throttled_pace(100.0, hint)

    assert least_s <= next_wait_s(pace, 100.0) <= most_s


def test_repeated_throttling_without_headers_waits_longer_and_longer():
    """1, 2, 4 … seconds, at most 30, however often; the guard comes on top."""
    pace, now, waits = flowing(None), 0.0, []
    for _ in range(1100):
        pace = throttled_pace(now, SILENT, pace)
        waits.append(pace.hold_until - now - pace.guard_s)
        now = pace.hold_until

    assert [1, 2, 4, 8, 16, 30, 30] == pytest.approx(waits[:7])
    assert 30 == pytest.approx(max(waits))


def test_after_a_throttle_one_probe_goes_alone():
    """When the wait is over a single request goes, and others follow its success only."""
    pace = throttled_pace(100.0, QuotaHint(retry_after_s=5.0), flowing(SIXTY))

    probing = sent(pace, pace.hold_until)
    assert next_wait_s(probing, pace.hold_until) is None

    open_again = answered(probing, pace.hold_until + 1, SILENT)
    assert 0 == next_wait_s(sent(open_again, pace.hold_until + 1), pace.hold_until + 1)


def test_requests_in_flight_at_a_throttle_are_waited_for():
    """The probe goes when all earlier requests have ended; their successes do not stand for its own."""
    two_out = sent(sent(flowing(SIXTY), 100.0), 100.0)
    pace = answered(two_out, 101.0, QuotaHint(retry_after_s=2.0), throttled=True)
    assert next_wait_s(pace, 110.0) is None

    pace = answered(pace, 110.0, SILENT)
    assert (0, Probe.DUE) == (next_wait_s(pace, 110.0), pace.probe)


def test_requests_throttled_together_count_once():
    """Eight uploads that meet one full window are one throttle: neither the back-off nor the guard jumps."""
    pace = flowing(SIXTY)
    for _ in range(8):
        pace = sent(pace, 100.0)
    for _ in range(8):
        pace = answered(pace, 101.0, SILENT, throttled=True)

    assert (1, GUARD_S + 0.25, 0) == (pace.throttles, pace.guard_s, pace.in_flight)


def test_longer_wait_stands():
    """A later answer that asks for less does not shorten what was asked before."""
    pace = sent(sent(flowing(SIXTY), 100.0), 100.0)
    pace = answered(pace, 101.0, QuotaHint(retry_after_s=60.0), throttled=True)
    before = pace.hold_until

    assert before == answered(pace, 102.0, QuotaHint(retry_after_s=1.0), throttled=True).hold_until


def test_guard_grows_with_each_throttle_to_a_bound():
    """Each throttle widens the guard by a quarter of a second, at most to five seconds."""
    pace, guards = flowing(SIXTY), []
    for _ in range(100):
        pace = throttled_pace(pace.hold_until if pace.hold_until > 0 else 0.0, SILENT, pace)
        guards.append(pace.guard_s)

    assert [0.6, 0.85] == pytest.approx(guards[:2])
    assert 5.0 == guards[-1]


def test_retry_after_is_obeyed_on_other_answers_too():
    """A 503 that asks for a pause gets it."""
    pace = answered(sent(flowing(), 100.0), 100.0, QuotaHint(retry_after_s=7.0))

    assert 7.0 <= next_wait_s(pace, 100.0) <= 8.0


def test_without_a_quota_nothing_is_paced():
    """`none` sends as fast as it can: no window, no lonely first request."""
    pace = first_pace(None, 0.0)
    for _ in range(1000):
        assert 0 == next_wait_s(pace, 0.0)
        pace = sent(pace, 0.0)

    assert () == pace.sends


def test_without_a_quota_throttling_is_obeyed():
    """`none` still waits when the API says so."""
    pace = throttled_pace(100.0, QuotaHint(retry_after_s=9.0), first_pace(None, 100.0))

    assert 9.0 <= next_wait_s(pace, 100.0)


HINTS = st.builds(
    QuotaHint,
    limit=st.none() | st.integers(1, 8),
    remaining=st.none() | st.integers(0, 8),
    reset_in_s=st.none() | st.floats(0, LONGEST_WAIT_S),
    retry_after_s=st.none() | st.floats(0, LONGEST_WAIT_S),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["pass", "send", "answer", "throttle", "lose"]), st.floats(0, 30), HINTS), max_size=60
)


@given(limit=st.integers(1, 6), window_s=st.floats(1, 60), earlier=st.lists(st.floats(0, 60), max_size=8), steps=STEPS)
def test_no_window_ever_holds_more_than_the_limit(limit, window_s, earlier, steps):
    """Whatever happens, no window holds more own sends than the limit, and a wait that was asked for is kept."""
    pace, now, in_flight = first_pace(Quota(limit, window_s), 0.0, earlier), 0.0, 0
    sends, asked_until = [-age for age in sorted(earlier, reverse=True)][-limit:], -inf

    for step, seconds, hint in steps:
        now += seconds
        if step == "send" and next_wait_s(pace, now) == 0:
            assert asked_until <= now
            pace, in_flight = sent(pace, now), in_flight + 1
            sends.append(now)
        elif step in ("answer", "throttle", "lose") and in_flight:
            in_flight -= 1
            pace = answered(pace, now, None if step == "lose" else hint, throttled=step == "throttle")
            if step == "throttle":
                asked_until = max(asked_until, now + (hint.retry_after_s or 0))

    assert in_flight == pace.in_flight
    for i in range(len(earlier[:limit]), len(sends)):
        assert len([at for at in sends[: i + 1] if at > sends[i] - window_s]) <= limit


@given(steps=STEPS)
def test_patience_ends(steps):
    """The next send is never further away than two minutes, the reset's rounding and the guard."""
    pace, now = first_pace(THREE, 0.0), 0.0
    for step, seconds, hint in steps:
        now += seconds
        pace = answered(sent(pace, now), now, None if step == "lose" else hint, throttled=step == "throttle")

        assert next_wait_s(replace(pace, in_flight=0), now) <= LONGEST_WAIT_S + RESET_ROUNDING_S + pace.guard_s


def headers(**named: str) -> dict[str, str]:
    """Headers by their names, underscores for hyphens."""
    return {name.replace("_", "-"): value for name, value in named.items()}


def test_documented_headers_are_read():
    """The example of the API's document, half a minute before its reset."""
    hint = quota_hint(
        headers(x_ratelimit_limit="60", x_ratelimit_remaining="45", x_ratelimit_reset="1705326000", date=DATE)
    )

    assert QuotaHint(limit=60, remaining=45, reset_in_s=30.0) == hint


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("30", 30.0),
        ("2.5", 2.5),
        ("99999999", 120.0),
        ("100000000", 0.0),
        ("1705325971", 1.0),
        ("1705325000", 0.0),
        ("1705399999", 120.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1e3", None),
        ("²", None),
    ],
)
def test_reset_is_a_delay_or_an_instant(reset, expected):
    """Below 10^8 seconds to wait, above an instant by the answer's own clock; 0 to 120 s; None for nonsense."""
    assert expected == quota_hint(headers(x_ratelimit_reset=reset, date=DATE)).reset_in_s


def test_instant_without_a_date_says_nothing():
    """An instant cannot be compared with the clock of another machine."""
    assert quota_hint(headers(x_ratelimit_reset="1705326000")).reset_in_s is None


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("17", 17.0),
        ("3600", 120.0),
        ("Mon, 15 Jan 2024 13:39:42 GMT", 12.0),
        ("Mon, 15 Jan 2024 13:39:00 GMT", 0.0),
        ("Fri, 15 Jan 2044 13:39:00 GMT", 120.0),
        ("-1", None),
        ("later", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(retry_after, expected):
    """Both forms of HTTP are understood."""
    assert expected == quota_hint(headers(retry_after=retry_after, date=DATE)).retry_after_s


@pytest.mark.parametrize("limit", ["0", "sixty", "-60", "9" * 40, ""])
def test_absurd_limit_says_nothing(limit):
    """A limit that would stop everything, or is none, is not believed."""
    assert quota_hint(headers(x_ratelimit_limit=limit)).limit is None


HEADER = st.one_of(
    st.text(),
    st.from_regex(r"\A-?[0-9]{1,30}(\.[0-9]*)?\Z"),
    st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.from_regex(r"\AMon, [0-9]{1,3} Jan [0-9]{1,6} [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2} [-+][0-9]{1,20}\Z"),
)
NAMES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "date")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, HEADER)))
def test_no_header_does_harm(any_headers):
    """Whatever the headers hold, reading them raises nothing, and every delay lies between 0 and 120 s."""
    hint = quota_hint(any_headers)

    assert all(delay is None or 0 <= delay <= LONGEST_WAIT_S for delay in (hint.reset_in_s, hint.retry_after_s))
    assert hint.limit is None or hint.limit > 0
    assert hint.remaining is None or hint.remaining >= 0
