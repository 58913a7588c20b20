"""What an answer's headers say of the quota; what is missing or absurd is None.

See docs/design/pacing.md, Headers.

The headers are whole seconds, counted from the answer's own `Date`: the clocks of the two machines need not agree.
Who reads a delay adds the second that this rounding may hide.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from bulk_onboard.model.outcome import QuotaHint

LONGEST_PAUSE_S = 120.0

_EPOCH_FROM = 1e8  # a smaller number is a delay (docs/design/pacing.md, Headers)
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_COUNT = re.compile(r"[0-9]{1,9}")


def quota_hint(headers: Mapping[str, str]) -> QuotaHint:
    """What an answer's headers (names in lower case) say of the quota.

    How far away a reset may be, before or after its answer, only the quota's window can tell; a `Retry-After` is an
    order, and is obeyed up to two minutes.
    """
    answered_at = _http_date(headers.get("date", ""))
    retry_after_s = _delay_s(headers.get("retry-after", ""), answered_at)
    return QuotaHint(
        limit=_count(headers.get("x-ratelimit-limit", "")) or None,
        remaining=_count(headers.get("x-ratelimit-remaining", "")),
        reset_in_s=_delay_s(headers.get("x-ratelimit-reset", ""), answered_at),
        retry_after_s=None if retry_after_s is None else min(LONGEST_PAUSE_S, max(0.0, retry_after_s)),
    )


def _delay_s(text: str, answered_at: float | None) -> float | None:
    """Seconds from the answer, of a delay, epoch seconds or an HTTP date; the latter two need a `Date`."""
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else None
    if number is not None and number < _EPOCH_FROM:
        return number
    instant = number or _http_date(text)
    return None if instant is None or answered_at is None else instant - answered_at


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text := text.strip()) else None


def _http_date(text: str) -> float | None:
    """Epoch seconds of an HTTP date."""
    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
