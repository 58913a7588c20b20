"""The API's quota of requests, in three kinds of window: the API's document, "Rate Limits", does not say which it is.

A window is given the instant of each request, as epoch seconds that never step, and grants it or not. A request that
is not granted is not counted. The kinds differ in when they give back:

    fixed     all at once, at each multiple of the window on the clock
    sliding   each request one window after it was granted
    bucket    steadily, `limit` per window, up to `limit`

The reset of a grant is when something comes back (fixed, sliding), or when all has come back (bucket).
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from bulk_onboard.errors import UsageError
from bulk_onboard.units import Quota

# Instants are floats of microseconds: a token that is due must not be missed by their rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Grant:
    """A window's answer to one request; `retry_after_s` is 0 when it is granted."""

    granted: bool
    limit: int
    remaining: int
    reset_at: float
    retry_after_s: float

    def headers(self, wrong_by_s: float = 0.0) -> dict[str, str]:
        """Return the document's headers, and `Retry-After` when the request is throttled; whole seconds.

        `wrong_by_s` is how far ahead the shown clock is, which `X-RateLimit-Reset` goes by.
        """
        shown = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.floor(self.reset_at + wrong_by_s)),
        }
        return shown if self.granted else shown | {"Retry-After": str(max(1, math.ceil(self.retry_after_s)))}


class FixedWindow:
    """Windows aligned to the clock."""

    def __init__(self, quota: Quota) -> None:
        self._limit, self._window_s = quota.limit, quota.window_s
        self._window, self._spent = 0, 0

    def grant(self, now: float) -> Grant:
        """Count a request against the window that `now` lies in."""
        window = math.floor(now / self._window_s)
        if window != self._window:
            self._window, self._spent = window, 0
        granted = self._spent < self._limit
        self._spent += granted
        reset_at = (window + 1) * self._window_s
        return Grant(granted, self._limit, self._limit - self._spent, reset_at, 0 if granted else reset_at - now)


class SlidingWindow:
    """A log of the requests granted within the last window."""

    def __init__(self, quota: Quota) -> None:
        self._limit, self._window_s = quota.limit, quota.window_s
        self._granted: deque[float] = deque()

    def grant(self, now: float) -> Grant:
        """Count a request against the window that ends now."""
        while self._granted and self._granted[0] <= now - self._window_s:
            self._granted.popleft()
        granted = len(self._granted) < self._limit
        if granted:
            self._granted.append(now)
        reset_at = self._granted[0] + self._window_s
        remaining = self._limit - len(self._granted)
        return Grant(granted, self._limit, remaining, reset_at, 0 if granted else reset_at - now)


class TokenBucket:
    """A bucket of `limit` requests, full at the start."""

    def __init__(self, quota: Quota) -> None:
        self._limit, self._per_s = quota.limit, quota.limit / quota.window_s
        self._held, self._at = float(quota.limit), -math.inf

    def grant(self, now: float) -> Grant:
        """Take one request out of the bucket."""
        self._held = min(self._limit, self._held + (now - self._at) * self._per_s)
        self._at = now
        granted = self._held > 1 - _ROUNDING
        self._held = max(0.0, self._held - granted)
        full_at = now + (self._limit - self._held) / self._per_s
        retry_after_s = 0 if granted else (1 - self._held) / self._per_s
        return Grant(granted, self._limit, math.floor(self._held), full_at, retry_after_s)


Window = FixedWindow | SlidingWindow | TokenBucket
WINDOWS: Mapping[str, type[Window]] = {
    "fixed": FixedWindow,
    "sliding": SlidingWindow,
    "bucket": TokenBucket,
}


REQUIREMENTS, COMPLIANCE = "requirements", "compliance"


def budget_of(operation: str) -> str:
    """Return the budget that an operation spends: requirements have their own, everything else shares one."""
    return REQUIREMENTS if operation == "requirements" else COMPLIANCE


class Quotas:
    """The API's two budgets, each with a window of the same kind, or none where it has no quota.

    Raises:
        UsageError: there is no such kind of window.
    """

    def __init__(self, kind: str, quotas: Mapping[str, Quota | None]) -> None:
        if kind not in WINDOWS:
            raise UsageError(f"there is no window {kind!r}; choose one of {', '.join(WINDOWS)}")
        self.quotas = quotas
        self._windows = {budget: WINDOWS[kind](quota) for budget, quota in quotas.items() if quota}

    def grant(self, operation: str, now: float) -> Grant | None:
        """Count a request, or throttle it; None where there is no quota."""
        window = self._windows.get(budget_of(operation))
        return None if window is None else window.grant(now)
