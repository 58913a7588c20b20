"""When the next request may go: each rule of docs/design/pacing.md, Rules, by itself."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.api.quota import GUARD_S, Pace, answered, first_pace, next_wait_s, sent
from bulk_onboard.model.outcome import QuotaHeaders
from bulk_onboard.units import Quota

SIXTY = Quota(60, 60.0)
THREE = Quota(3, 60.0)
SILENT = QuotaHeaders()


def told(remaining: int | None, limit: int | None = 60, reset_in_s: float | None = None, **more) -> QuotaHeaders:
    """What an answer said of the quota."""
    return QuotaHeaders(limit=limit, remaining=remaining, reset_in_s=reset_in_s, **more)


def go(pace: Pace, *instants: float) -> Pace:
    """The state after sends at these instants."""
    for at in instants:
        pace = sent(pace, at)
    return pace


def begun(headers: QuotaHeaders = SILENT, quota: Quota | None = SIXTY, at: float = 0.0) -> Pace:
    """The state after a first request went and was answered at that instant."""
    return answered(go(first_pace(quota, at), at), 0, at, headers)


def silent(quota: Quota, *instants: float) -> Pace:
    """The state after sends at these instants, all answered, by an API without headers."""
    pace = replace(first_pace(quota, 0.0), blind=False)
    for ticket, at in enumerate(instants):
        pace = answered(go(pace, at), ticket, at, SILENT)
    return pace


def throttled_pace(at: float, headers: QuotaHeaders = SILENT, pace: Pace | None = None) -> Pace:
    """The state after one request was sent and throttled at that instant."""
    pace = begun() if pace is None else pace
    return answered(go(pace, at), pace.next_ticket, at, headers, throttled=True)


# Rule 1: the API said so.


def test_credit_is_spent_at_once():
    """What the API has left is sent without a wait, whatever our own log says."""
    pace = answered(go(first_pace(SIXTY, 0.0, [30.0] * 40), 0.0), 0, 0.0, told(59))
    pace = go(pace, *[1.0] * 57)

    assert (98, 0) == (len(pace.sends), next_wait_s(pace, 1.0))


@pytest.mark.parametrize(
    ("quota", "wait_s"), [(SIXTY, 1.0), (Quota(100, 60.0), 1.0), (THREE, 20.0), (Quota(60, 6.0), 0.1)]
)
def test_last_credit_waits_for_the_next_drop(quota, wait_s):
    """The last credit goes when a bucket has refilled one, and not before a sixtieth of a window, at most a second."""
    pace = begun(told(1, limit=quota.limit), quota, at=100.0)
    pace = replace(pace, reset_at=-inf, sends=pace.sends * quota.limit)  # no room in our own log

    assert wait_s == pytest.approx(next_wait_s(pace, 100.0))


def test_credit_above_our_own_limit_is_not_ours():
    """A user who states less than the API allows keeps to it, also when the API has plenty left."""
    pace = go(begun(told(59), THREE), 0.0, 0.0)

    assert 60.0 + GUARD_S == pytest.approx(next_wait_s(pace, 0.0))


def test_reset_above_our_own_limit_opens_nothing():
    """Nor does the API's reset let a user's own limit be passed."""
    pace = begun(told(57, reset_in_s=5.0), Quota(1, 60.0))

    assert 60.0 + GUARD_S == pytest.approx(next_wait_s(pace, 0.0))


def test_lower_limit_of_the_api_wins():
    """Where the API states fewer requests than the user, the user's number is not spent."""
    pace = answered(go(begun(), 1.0, 2.0), 2, 2.5, QuotaHeaders(limit=3))

    assert 60.0 + GUARD_S == pytest.approx(next_wait_s(pace, 0.0))


# Rule 2: our own log says so.


def test_full_window_waits_for_its_oldest_send():
    """With the limit's number of sends in the window the next waits until the oldest is a window and a guard old."""
    pace = silent(THREE, 10.0, 11.0, 12.0)

    assert 10.0 + 60.0 + GUARD_S - 30.0 == pytest.approx(next_wait_s(pace, 30.0))
    assert 0 == next_wait_s(pace, 70.0 + GUARD_S)


def test_room_in_the_window_needs_no_wait():
    """Fewer own sends than the limit: send."""
    assert 0 == next_wait_s(silent(THREE, 10.0, 11.0), 12.0)


@pytest.mark.parametrize(("window_s", "guard_s"), [(60.0, 0.35), (3600.0, 0.35), (6.0, 0.1)])
def test_guard_of_a_short_window_is_short(window_s, guard_s):
    """A guard is a sixtieth of a window, at most 0.35 s."""
    assert guard_s == pytest.approx(first_pace(Quota(60, window_s), 0.0).guard_s)


def test_requests_of_others_fill_the_window_too():
    """Where the user states less than the API, what others spent of the API's limit is counted."""
    pace = begun(told(1), Quota(50, 60.0))  # 58 were not ours
    pace = go(pace, 1.0)

    assert 60.0 + GUARD_S == pytest.approx(next_wait_s(pace, 0.0))


def test_earlier_process_has_spent_its_part():
    """The sends of a killed run count: the first one goes when the oldest of them leaves the window."""
    pace = first_pace(THREE, 1000.0, earlier_sends_s_ago=[5.0, 20.0, 10.0])

    assert 40.0 + GUARD_S == pytest.approx(next_wait_s(pace, 1000.0))


def test_old_sends_and_those_from_the_future_are_harmless():
    """Earlier sends of the last window count; one that a stepped clock puts into the future counts as now."""
    pace = first_pace(THREE, 1000.0, earlier_sends_s_ago=[*range(10, 5000, 50), 2.0, -3.0])

    assert [940.0, 990.0, 998.0, 1000.0] == [send.at for send in pace.sends]


# Rule 3: nothing known.


def test_first_request_goes_at_once():
    """A run that knows nothing sends one request without waiting."""
    assert 0 == next_wait_s(first_pace(SIXTY, 100.0), 100.0)


def test_nothing_goes_beside_the_first_request():
    """The second request waits for the first one's answer."""
    probing = go(first_pace(SIXTY, 100.0), 100.0)

    assert [None, None] == [next_wait_s(probing, 100.0), next_wait_s(probing, 1000.0)]


def test_first_answer_opens_the_way():
    """After the first answer requests go side by side."""
    assert 0 == next_wait_s(go(begun(), 0.5), 0.5)


def test_probe_without_an_answer_is_sent_again_alone():
    """A first request that nobody answered counts as spent and taught nothing: the next one goes alone too."""
    pace = answered(go(first_pace(SIXTY, 100.0), 100.0), 0, 130.0, None)

    assert (1, 0) == (len(pace.sends), next_wait_s(pace, 130.0))
    assert next_wait_s(go(pace, 130.0), 130.0) is None


def test_reset_opens_the_way_for_one():
    """Without credit, one request goes a second after the reset that was told, and nothing beside it."""
    pace = begun(told(0, limit=1, reset_in_s=10.0), Quota(1, 60.0))

    assert 11.0 == pytest.approx(next_wait_s(pace, 0.0))
    assert 49.0 < next_wait_s(go(pace, 11.0), 11.0)


def test_reset_opens_the_way_once():
    """A probe that learned nothing is not made again for the same reset."""
    pace = go(begun(told(0, limit=1, reset_in_s=10.0), Quota(1, 60.0)), 11.0)
    pace = answered(pace, 1, 12.0, SILENT)

    assert 11.0 + 60.0 + GUARD_S == pytest.approx(next_wait_s(pace, 0.0))


def test_reset_waits_for_what_is_on_its_way():
    """While an answer is awaited the reset says nothing: that request may be the one that spends what it gave."""
    pace = go(begun(told(1, limit=2, reset_in_s=10.0), Quota(2, 60.0)), 1.0)

    assert 60.0 + GUARD_S == pytest.approx(next_wait_s(pace, 0.0))


def test_reset_only_moves_later():
    """An answer that comes late does not bring an earlier reset back."""
    pace = go(begun(told(58, reset_in_s=30.0)), 1.0)

    assert 31.0 == answered(pace, 1, 2.0, told(57, reset_in_s=20.0)).reset_at


# Rule 4: certain credit.


@pytest.mark.parametrize(
    ("in_flight", "remaining", "credit"),
    [(0, 58, 58), (3, 58, 55), (3, 2, 0), (3, 59, 56)],
)
def test_credit_counts_what_is_on_its_way(in_flight, remaining, credit):
    """Each send that the API may have counted after this one is taken off what it says is left."""
    pace = go(begun(told(59)), *[1.0] * (1 + in_flight))
    pace = replace(pace, credit=0)

    assert credit == answered(pace, 1, 1.5, told(remaining)).credit


def test_late_answer_does_not_raise_the_credit():
    """An answer that was overtaken counts those that came after its question, answered or not."""
    pace = go(begun(told(40)), 1.0, 2.0, 3.0)
    pace = answered(pace, 2, 4.0, told(30))
    before = pace.credit

    assert (28, 28) == (before, answered(pace, 1, 5.0, told(39)).credit)


def test_answer_takes_back_credit():
    """Less left than was thought to be certain is believed at once, even where our own sends might explain it."""
    pace = answered(go(first_pace(SIXTY, 0.0, [30.0] * 55), 0.0), 0, 0.0, told(59))
    pace = answered(go(pace, 1.0, 2.0), 1, 3.0, told(7))

    assert ((), 7) == (pace.foreign, pace.credit)


def test_what_was_certain_stays_certain():
    """An answer to the newest send, which knows nothing of the older ones, takes nothing back."""
    pace = go(begun(told(59)), 1.0, 2.0, 3.0)

    assert 56 == answered(pace, 3, 4.0, told(56)).credit


def test_lowest_word_counts_when_all_is_quiet():
    """With nothing on its way the lowest word among the last sends is what is left, whoever was answered last."""
    pace = go(begun(told(40)), 1.0, 1.0, 1.0)
    for ticket, remaining in ((2, 37), (3, 39), (1, 38)):
        pace = answered(pace, ticket, 2.0 + ticket / 10, told(remaining))

    assert 37 == pace.credit


def test_request_without_an_answer_counts_as_spent():
    """Of the last requests one was never answered: the API may have counted it after the others."""
    pace = answered(go(begun(told(40)), 1.0, 1.0), 1, 30.0, None)

    assert 37 == answered(pace, 2, 31.0, told(38)).credit


# Rule 5: throttled.


@pytest.mark.parametrize(
    ("headers", "least_s", "most_s"),
    [
        (QuotaHeaders(retry_after_s=17.0, reset_in_s=50.0), 17.0, 18.0),
        (QuotaHeaders(reset_in_s=12.0), 13.0, 14.0),
        (QuotaHeaders(retry_after_s=0.0, reset_in_s=12.0), 13.0, 14.0),
        (QuotaHeaders(retry_after_s=0.2), 1.0, 2.0),
        (QuotaHeaders(reset_in_s=0.0), 1.0, 2.0),
        (QuotaHeaders(reset_in_s=-40.0), 1.0, 2.0),
        (QuotaHeaders(reset_in_s=3600.0), 1.0, 2.0),
        (SILENT, 1.0, 2.0),
    ],
)
def test_throttled_bucket_waits_for_what_was_asked(headers, least_s, most_s):
    """Retry-After, else a reset that makes sense and its rounding, else a second; never less than one."""
    pace = throttled_pace(100.0, headers)

    assert least_s <= next_wait_s(pace, 100.0) <= most_s


@pytest.mark.parametrize("headers", [SILENT, QuotaHeaders(reset_in_s=0.0)])
@pytest.mark.parametrize("quota", [None, SIXTY])
def test_repeated_throttling_waits_longer_and_longer(headers, quota):
    """1, 2, 4 … seconds, at most 30, however often; the guard comes on top."""
    pace, now, waits = begun(quota=quota), 0.0, []
    for _ in range(1100):
        pace = throttled_pace(now, headers, pace)
        waits.append(pace.hold_until - now - pace.guard_s)
        now = pace.hold_until

    assert [1, 2, 4, 8, 16, 30, 30] == pytest.approx(waits[:7])
    assert 30 == pytest.approx(max(waits))


def test_after_a_throttle_one_probe_goes_alone():
    """When the wait is over a single request goes, and others follow its success only."""
    pace = throttled_pace(100.0, QuotaHeaders(retry_after_s=5.0))

    probing = go(pace, pace.hold_until)
    assert next_wait_s(probing, pace.hold_until) is None

    open_again = answered(probing, 2, pace.hold_until + 1, SILENT)
    assert 0 == next_wait_s(go(open_again, pace.hold_until + 1), pace.hold_until + 1)


def test_throttle_ends_with_a_success():
    """After a success the credit is what its answer says, not what was left before; waits begin at a second again."""
    pace = throttled_pace(0.0, SILENT, throttled_pace(0.0, SILENT, begun(told(59))))
    pace = answered(go(pace, 5.0), 3, 5.0, SILENT)
    assert 0 == pace.credit

    assert 1.0 == pytest.approx(next_wait_s(again := throttled_pace(9.0, SILENT, pace), 9.0) - again.guard_s)


@pytest.mark.parametrize(("limit", "wait_s"), [(3, 5.0), (60, 60.0)])
def test_after_a_throttle_only_the_api_is_asked(limit, wait_s):
    """Where the API leads its wait is all that counts; where the user states less, our own log counts too."""
    pace = go(begun(told(3, limit=limit), THREE), 0.0)
    pace = answered(throttled_pace(0.0, told(0, limit=limit, retry_after_s=5.0), pace), 1, 0.0, SILENT)

    assert wait_s <= next_wait_s(pace, 0.0) <= wait_s + 1


def test_requests_in_flight_at_a_throttle_are_waited_for():
    """The probe goes when all earlier requests have ended; their successes do not stand for its own."""
    pace = answered(go(begun(), 100.0, 100.0), 1, 101.0, QuotaHeaders(retry_after_s=2.0), throttled=True)
    assert next_wait_s(pace, 110.0) is None

    pace = answered(pace, 2, 110.0, told(50))
    assert (0, True, 0) == (next_wait_s(pace, 110.0), pace.blind, pace.credit)


def test_requests_throttled_together_count_once():
    """Eight uploads that meet one full window are one throttle: neither the back-off nor the guard jumps."""
    pace = go(begun(), *[100.0] * 8)
    for ticket in range(1, 9):
        pace = answered(pace, ticket, 101.0, SILENT, throttled=True)

    assert (1, GUARD_S + 0.25) == (pace.throttles, pace.guard_s)


def test_longer_wait_stands():
    """A later answer that asks for less does not shorten what was asked before."""
    pace = answered(go(begun(), 100.0, 100.0), 1, 101.0, QuotaHeaders(retry_after_s=60.0), throttled=True)
    before = pace.hold_until

    assert before == answered(pace, 2, 102.0, QuotaHeaders(retry_after_s=1.0), throttled=True).hold_until


@pytest.mark.parametrize(("window_s", "grown"), [(60.0, [0.6, 0.85, 5.0]), (6.0, [0.2, 0.3, 0.5])])
def test_guard_grows_with_each_throttle_to_a_bound(window_s, grown):
    """Each throttle widens the guard by a quarter of a second, at most to five; a short window's by less."""
    pace, guards = begun(quota=Quota(60, window_s)), []
    for _ in range(100):
        pace = throttled_pace(max(1.0, pace.hold_until), SILENT, pace)
        guards.append(pace.guard_s)

    assert grown == pytest.approx([guards[0], guards[1], guards[-1]])


def test_retry_after_is_obeyed_on_other_answers_too():
    """A 503 that asks for a pause gets it."""
    pace = begun(told(59, retry_after_s=7.0))

    assert 7.0 <= next_wait_s(pace, 0.0) <= 8.0


# Rule 6: others spend.


def test_what_others_spent_is_noticed_and_forgotten():
    """Remaining lower than our own sends explain is others' spending, and counts for a window."""
    pace = begun(told(40))
    assert ((60.0 + GUARD_S, 19),) == pace.foreign

    pace = answered(go(pace, 1.0), 1, 1.5, told(35))
    assert [19, 4] == [count for _, count in pace.foreign]

    assert () == answered(go(pace, 70.0), 2, 70.0, told(59)).foreign


def test_own_spending_is_not_taken_for_others():
    """Answers in any order, and an upload longer than a window, explain themselves."""
    pace = go(begun(told(59)), 1.0, 2.0)
    pace = answered(pace, 2, 3.0, told(57))
    for ticket, at, remaining in ((3, 30.0, 56), (4, 65.0, 58), (5, 80.0, 57)):
        pace = answered(go(pace, at), ticket, at, told(remaining))

    assert () == answered(pace, 1, 90.0, told(58)).foreign


def test_while_others_spend_only_the_api_is_believed():
    """Our own log is no proof for two windows, and the last three credits do not go in a burst."""
    pace = begun(told(3))

    assert 1.0 == pytest.approx(next_wait_s(pace, 0.0))
    assert 120.0 == pytest.approx(next_wait_s(go(pace, 1.0, 2.0, 3.0), 0.0))


def test_throttle_despite_the_headers_is_others_spending():
    """After a throttle that the headers had not announced, our own log is no proof for two windows."""
    pace = throttled_pace(0.0, told(0, retry_after_s=5.0), begun(told(59)))
    pace = answered(go(pace, 6.0), 2, 6.0, told(57))

    assert 120.0 == next_wait_s(go(pace, *[6.0] * 57), 0.0)


# Rule 7: headers that say nothing.


@pytest.mark.parametrize(
    "headers",
    [
        SILENT,
        told(40, limit=None),
        told(61),
        told(10**8),
        told(10**8, limit=10**8),
        told(None, reset_in_s=86400.0),
        told(None, reset_in_s=-86400.0),
    ],
)
def test_absurd_headers_leave_our_own_log(headers):
    """A Remaining that no limit stands beside or that is above it, and a reset hours away, change nothing."""
    pace = begun(headers)

    assert (0, (), -inf) == (0 if pace.stated_limit == 10**8 else pace.credit, pace.foreign, pace.reset_at)
    assert 60.0 + GUARD_S == pytest.approx(next_wait_s(go(pace, *[0.0] * 59), 0.0))


# Without a quota.


def test_without_a_quota_nothing_is_paced():
    """`none` sends as fast as it can: no window, no lonely first request, and no lower limit of the API's."""
    pace = begun(told(0, limit=1, reset_in_s=30.0), None)
    for ticket in range(1, 1000):
        assert 0 == next_wait_s(pace, 0.0)
        pace = answered(go(pace, 0.0), ticket, 0.0, told(0, limit=1))

    assert 1 == len(pace.sends)


def test_without_a_quota_throttling_is_obeyed():
    """`none` still waits when the API says so."""
    pace = throttled_pace(100.0, QuotaHeaders(retry_after_s=9.0), first_pace(None, 100.0))

    assert 9.0 <= next_wait_s(pace, 100.0) <= 10.0


# Whatever happens.

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pass", "send", "answer", "throttle", "lose"]),
        st.floats(0, 30),
        st.builds(
            QuotaHeaders,
            limit=st.none() | st.integers(7, 9),
            remaining=st.none() | st.integers(0, 9),
            reset_in_s=st.none() | st.floats(-200, 200),
            retry_after_s=st.none() | st.floats(0, 120),
        ),
    ),
    max_size=60,
)


@given(limit=st.integers(1, 6), window_s=st.floats(1, 60), earlier=st.lists(st.floats(0, 60), max_size=8), steps=STEPS)
def test_no_window_ever_holds_more_than_the_users_limit(limit, window_s, earlier, steps):
    """Below the API's limit no window holds more own sends than the user's, and a wait that was asked for is kept."""
    pace, now, in_flight = first_pace(Quota(limit, window_s), 0.0, earlier), 0.0, []
    sends, asked_until = [-age for age in sorted(earlier, reverse=True)][-limit:], -inf
    spent = len(sends)

    for step, seconds, headers in steps:
        now += seconds
        if step == "send" and next_wait_s(pace, now) == 0:
            assert asked_until <= now
            in_flight.append(pace.next_ticket)
            pace = sent(pace, now)
            sends.append(now)
        elif step in ("answer", "throttle", "lose") and in_flight:
            ticket = in_flight.pop(int(seconds) % len(in_flight))
            pace = answered(pace, ticket, now, None if step == "lose" else headers, throttled=step == "throttle")
            if step == "throttle":
                asked_until = max(asked_until, now + (headers.retry_after_s or 0))

    for i in range(spent, len(sends)):
        assert len([at for at in sends[: i + 1] if at > sends[i] - window_s]) <= limit


@given(limit=st.integers(1, 9), steps=STEPS)
def test_patience_ends(limit, steps):
    """When nothing is on its way, the next send is never further away than two windows, a second and the guard."""
    pace, now = first_pace(Quota(limit, 60.0), 0.0), 0.0
    for step, seconds, headers in steps:
        now += seconds
        pace = answered(
            go(pace, now), pace.next_ticket, now, None if step == "lose" else headers, throttled=step == "throttle"
        )

        assert next_wait_s(pace, now) <= 121.0 + pace.guard_s + 1e-6


@given(steps=STEPS)
def test_log_of_sends_stays_short(steps):
    """Of what was sent and answered a window ago nothing is remembered."""
    pace, now = first_pace(SIXTY, 0.0), 0.0
    for _, seconds, headers in steps:
        now += seconds
        pace = answered(go(pace, now), pace.next_ticket, now, headers)

        assert all(send.at > now - 66.0 for send in pace.sends)
