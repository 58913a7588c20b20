"""What a run used of the quota, minute by minute by the clock; the workbook and the pages draw it.

Of several accounts the runs that went on at one time are added up, and so are the quotas of these accounts, which is
what they may send together.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import chain
from math import ceil
from typing import NamedTuple

from bulk_onboard.model.ledger_state import LedgerState, Usage
from bulk_onboard.units import format_count, parse_quota

MINUTE = timedelta(minutes=1)
_BUSY = 0.5  # of the requests of the run that made most


class Minute(NamedTuple):
    """The requests of one minute by the clock."""

    at: datetime
    requests: int
    throttled: int = 0


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """What one run used of its quota, or the runs of several accounts together.

    Attributes:
        minutes: from its first request to its last, in the readers' time zone.
        allowed: requests a minute by its quota, or by the sum of their quotas; None for no limit.
        accounts: of how many accounts it is, where it is of several; else 0.
    """

    minutes: tuple[Minute, ...]
    allowed: float | None
    accounts: int = 0

    @property
    def of_whom(self) -> str:
        """What is said behind the word for quota or requests: ` of 12 accounts`; empty for one job's."""
        return f" of {format_count(self.accounts, 'account')}" if self.accounts else ""

    def groups(self, at_most: int) -> tuple[tuple[Minute, ...], ...]:
        """Return the minutes in so many groups at most, each for one bar: of a long run several minutes together."""
        many = ceil(len(self.minutes) / at_most)
        return tuple(self.minutes[start : start + many] for start in range(0, len(self.minutes), many))


def mean(group: Sequence[Minute]) -> float:
    """Return how many requests a minute of the group had."""
    return sum(each.requests for each in group) / len(group)


def quota_use(ledger_state: LedgerState, zone: tzinfo) -> QuotaUse | None:
    """Return what the run under way used, else the newest of the busy ones.

    So a look at reviews after a run does not take its place. Return None where no requests are known.
    """
    runs = [(quota, minutes) for quota, minutes in _runs(ledger_state) if minutes]
    if not runs:
        return None
    made = [sum(minute.requests for minute in minutes) for _, minutes in runs]
    is_under_way = ledger_state.runs[-1].ended is None
    newest = next(place for place in reversed(range(len(made))) if is_under_way or made[place] >= _BUSY * max(made))
    kept, minutes = runs[newest]
    quota = parse_quota(kept)
    local = tuple(each._replace(at=each.at.astimezone(zone)) for each in minutes)
    return QuotaUse(local, quota.limit * 60 / quota.window_s if quota else None)


def together(uses: Iterable[QuotaUse]) -> QuotaUse | None:
    """Return what several accounts used in the runs that went on at one time, the newest that there were.

    An account whose run was over before the others began has no part in it. Return None where no requests are known.

    Args:
        uses: one of each account.
    """
    newest_first = sorted(uses, key=lambda use: use.minutes[-1].at, reverse=True)
    taken: list[QuotaUse] = []
    for use in newest_first:
        if taken and use.minutes[-1].at < min(each.minutes[0].at for each in taken):
            break
        taken.append(use)
    if not taken:
        return None
    requests, throttled = Counter[datetime](), Counter[datetime]()
    for minute in chain.from_iterable(use.minutes for use in taken):
        requests[minute.at] += minute.requests
        throttled[minute.at] += minute.throttled
    allowed = [use.allowed for use in taken if use.allowed is not None]
    return QuotaUse(
        tuple(_every_minute(requests, throttled)), sum(allowed) if len(allowed) == len(taken) else None, len(taken)
    )


def _runs(ledger_state: LedgerState) -> Iterator[tuple[str, list[Minute]]]:
    """Yield the quota of each run, and its minutes."""
    begins = [datetime.fromisoformat(run.started.at) for run in ledger_state.runs]
    sent = sorted(datetime.fromisoformat(record.sent_at) for record in ledger_state.records.values() if record.sent_at)
    times = [each.at for each in ledger_state.usage]
    for run, began, ended in zip(ledger_state.runs, begins, (*begins[1:], None), strict=False):
        first, end = bisect_left(times, began), len(times) if ended is None else bisect_left(times, ended)
        first_sent, end_sent = bisect_left(sent, began), len(sent) if ended is None else bisect_left(sent, ended)
        yield run.started.quota, minutes_of(ledger_state.usage[first:end], sent[first_sent:end_sent])


def minutes_of(usage: Sequence[Usage], sent: Sequence[datetime]) -> list[Minute]:
    """Return the minutes of a run from its first request to its last, those without any included.

    Each entry of `usage` says how many requests there were since the one before, which may be more than a minute ago.
    When records were sent is known to the instant, so those are counted in their own minutes; all others, which are
    reads for the most part, in that of the entry.

    Args:
        usage: in order.
        sent: when a record was sent, in order; also after the last entry, in the minute that is not over yet.
    """
    requests: Counter[datetime] = Counter()
    throttled: Counter[datetime] = Counter()
    place = 0
    for each in usage:
        end = bisect_left(sent, each.at, lo=place)
        own = sent[place : min(end, place + each.requests)]
        requests.update(map(_minute, own))
        requests[_minute(each.at)] += each.requests - len(own)
        throttled[_minute(each.at)] += each.throttled
        place = end
    requests.update(map(_minute, sent[place:]))
    return list(_every_minute(requests, throttled))


def _every_minute(requests: Mapping[datetime, int], throttled: Mapping[datetime, int]) -> Iterator[Minute]:
    """Yield the minutes from the first with requests to the last, those without any included."""
    if not requests:
        return
    first, last = min(requests), max(requests)
    for number in range((last - first) // MINUTE + 1):
        at = first + number * MINUTE
        yield Minute(at, requests.get(at, 0), throttled.get(at, 0))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
