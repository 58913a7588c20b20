"""Quota: three kinds of window, their headers, and what a throttled client sees."""

from typing import Any

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.quota import WINDOWS, FixedWindow, SlidingWindow, TokenBucket, Window
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import Quota

THREE_A_MINUTE = Quota(3, 60)


def granted(window: Window, *instants: float) -> list[bool]:
    return [window.grant(instant).granted for instant in instants]


def test_fixed_window_gives_everything_back_on_the_minute() -> None:
    """Windows begin at multiples of their length, wherever the first request was."""
    window = FixedWindow(THREE_A_MINUTE)

    answers = granted(window, 50, 51, 52, 59.9, 60, 60, 60, 60, 119.9, 120)

    assert [True, True, True, False, True, True, True, False, False, True] == answers


def test_sliding_window_gives_back_one_by_one() -> None:
    """Each request comes back one window after it was granted; throttled ones do not count."""
    window = SlidingWindow(THREE_A_MINUTE)

    answers = granted(window, 50, 55, 59, 60, 109.9, 110, 114, 115)

    assert [True, True, True, False, False, True, False, True] == answers


def test_token_bucket_gives_back_steadily() -> None:
    """A full bucket bursts, then one request comes back each 20 s, never more than the bucket holds."""
    window = TokenBucket(THREE_A_MINUTE)

    answers = granted(window, 0, 0, 0, 0, 19, 20, 39, 40, 1000, 1000, 1000, 1000)

    assert [True, True, True, False, False, True, False, True, True, True, True, False] == answers


@pytest.mark.parametrize(
    ("kind", "reset_at", "retry_after_s"),
    [("fixed", 60, 40), ("sliding", 70, 50), ("bucket", 70, 10)],
)
def test_throttled_grant_says_when_to_come_back(kind: str, reset_at: float, retry_after_s: float) -> None:
    """Nothing remains, and the window tells its reset and how long the next request has to wait."""
    window = WINDOWS[kind](THREE_A_MINUTE)
    granted(window, 10, 10, 10)

    grant = window.grant(20)

    assert (False, 3, 0) == (grant.granted, grant.limit, grant.remaining)
    assert [reset_at, retry_after_s] == pytest.approx([grant.reset_at, grant.retry_after_s])


def test_unknown_window_is_a_mistake_of_use() -> None:
    """A kind that does not exist is named, with those that do."""
    with pytest.raises(UsageError, match="fixed, sliding, bucket"):
        Sandbox(window="leaky")


async def test_headers_count_down_and_the_throttled_client_gets_an_answer(client: Any, clock: Any) -> None:
    """Every answer carries the three headers; the one too many gets 429 and Retry-After, and stores nothing."""
    async with Sandbox(quota=THREE_A_MINUTE, clock=clock) as sandbox:
        clock.at += 15

        answers = [await client.create(sandbox) for _ in range(4)]

        assert [201, 201, 201, 429] == [seen.http_status for seen in answers]
        assert ["2", "1", "0", "0"] == [seen.headers["X-RateLimit-Remaining"] for seen in answers]
        assert {("3", "1767607260")} == {
            (seen.headers["X-RateLimit-Limit"], seen.headers["X-RateLimit-Reset"]) for seen in answers
        }
        assert "45" == answers[-1].headers["Retry-After"]
        assert "Mon, 05 Jan 2026 10:00:15 GMT" == answers[-1].headers["Date"]
        assert (429, "rate_limit_exceeded", None) == answers[-1].error
        assert 3 == len(sandbox.state.records)


async def test_requirements_have_a_budget_of_their_own(client: Any, clock: Any) -> None:
    """Requirements neither spend nor feel the quota of everything else."""
    async with Sandbox(quota=Quota(1, 60), requirements_quota=Quota(2, 60), clock=clock) as sandbox:
        paths = ["", "", "Requirements/", "Requirements", "Requirements/"]

        answers = [await client.send(sandbox, "GET", f"PhoneNumber/Compliance/{path}") for path in paths]

        assert [200, 429, 200, 200, 429] == [seen.http_status for seen in answers]


async def test_without_a_quota_there_are_no_headers(client: Any) -> None:
    """No quota, nothing said about one."""
    async with Sandbox() as sandbox:
        seen = await client.create(sandbox)

        assert [] == [name for name in seen.headers if name.startswith("X-RateLimit")]


async def test_large_upload_that_is_throttled_still_reads_its_429(client: Any, clock: Any) -> None:
    """The body is drained, so that a client in mid-upload gets the answer and no reset."""
    async with Sandbox(quota=Quota(1, 60), clock=clock) as sandbox:
        files = dict.fromkeys(range(3), b"%PDF-".ljust(5 * 1024 * 1024))
        await client.listed(sandbox)

        seen = await client.create(sandbox, files)

        assert 429 == seen.http_status
        assert sandbox.log[-1].body_size > 15 * 1024 * 1024
