"""Where the parts of the charts are: pure geometry, which templates draw as SVG.

All texts of a chart stand beside the drawing as ordinary text, so that they wrap on a phone, are read aloud, and print.
A drawing is stretched to the width that there is.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import ceil
from typing import NamedTuple

from bulk_onboard.model.ledger_state import LedgerState, Usage
from bulk_onboard.reporting.figures import Outcome
from bulk_onboard.units import format_count, parse_quota

WIDTH, HEIGHT = 1000, 200
_LEAST = 4  # so that a bar of very few can be seen

_MINUTE = timedelta(minutes=1)
_BUSY = 0.5  # of the requests of the run that made most
_MOST_BARS, _LEAST_BARS = 120, 10
_GAP = 0.18  # of a bar's width
_HEADROOM = 1.1  # so that the line of the quota is within the drawing


class Bar(NamedTuple):
    """One bar of a drawing, and what it says when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str


class OutcomeBar(NamedTuple):
    """One outcome: its name, its rows, their share in words, how long its bar is, and what its colour means."""

    name: str
    rows: int
    share: str
    length: float
    part: str


def outcome_bars(outcomes: Iterable[Outcome]) -> tuple[OutcomeBar, ...]:
    """Return a bar for each outcome, the longest over the whole width."""
    shown = tuple(outcomes)
    most, total = max((each.rows for each in shown), default=0), sum(each.rows for each in shown)
    return tuple(
        OutcomeBar(
            each.name, each.rows, _share(each.rows, total), max(_LEAST, WIDTH * each.rows / most), each.part.value
        )
        for each in shown
    )


def _share(rows: int, total: int) -> str:
    """Return a share in percent; never 0 % of something, and 100 % only of all."""
    percent = 100 * rows / total
    if rows == total:
        return "100 %"
    return "< 1 %" if percent < 1 else "> 99 %" if percent > 99 else f"{percent:.0f} %"


class Minute(NamedTuple):
    """The requests of one minute by the clock."""

    at: datetime
    requests: int
    throttled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsChart:
    """Requests per minute of one run, against the quota.

    Attributes:
        bars: one for each minute, or several minutes together where there are very many.
        quota_y: where the line of the quota is; None without a quota.
        quota: what may be sent in a minute, in words; empty without a quota.
        top: the number at the upper edge.
        since, until: the first and the last instant, in words.
        sentence: what the drawing shows.
    """

    bars: tuple[Bar, ...]
    quota_y: float | None
    quota: str
    top: str
    since: str
    until: str
    sentence: str


def requests_chart(ledger_state: LedgerState, zone: tzinfo) -> RequestsChart | None:
    """Return the chart of the run under way, else of the newest busy one: what came after it only looked at reviews.

    Return None where no requests are known.
    """
    runs = [(quota, minutes) for quota, minutes in _runs(ledger_state) if minutes]
    if not runs:
        return None
    made = [sum(minute.requests for minute in minutes) for _, minutes in runs]
    is_under_way = ledger_state.runs[-1].ended is None
    newest = next(place for place in reversed(range(len(made))) if is_under_way or made[place] >= _BUSY * max(made))
    kept, minutes = runs[newest]
    quota = parse_quota(kept)
    allowed = quota.limit * 60 / quota.window_s if quota else None
    return _drawn(minutes, allowed, zone)


def _runs(ledger_state: LedgerState) -> Iterable[tuple[str, list[Minute]]]:
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
    if not requests:
        return []
    first, last = min(requests), max(requests)
    every = (first + number * _MINUTE for number in range((last - first) // _MINUTE + 1))
    return [Minute(at, requests[at], throttled[at]) for at in every]


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _drawn(minutes: list[Minute], allowed: float | None, zone: tzinfo) -> RequestsChart:
    many = ceil(len(minutes) / _MOST_BARS)
    groups = [minutes[start : start + many] for start in range(0, len(minutes), many)]
    heights = [sum(each.requests for each in group) / len(group) for group in groups]
    top = _round_up(_HEADROOM * max(*heights, allowed or 0.0, 1.0))
    wide = WIDTH / max(_LEAST_BARS, len(groups))

    def bar(place: int) -> Bar:
        high = HEIGHT * heights[place] / top
        x, width = round((place + _GAP / 2) * wide, 2), round((1 - _GAP) * wide, 2)
        return Bar(x, round(HEIGHT - high, 2), width, round(high, 2), _title(groups[place], zone))

    first, end = minutes[0].at, minutes[0].at + max(len(minutes), _LEAST_BARS) * _MINUTE
    return RequestsChart(
        bars=tuple(map(bar, range(len(groups)))),
        quota_y=None if allowed is None else round(HEIGHT - HEIGHT * allowed / top, 2),
        quota="" if allowed is None else f"{allowed:,.0f} a minute",
        top=f"{top:,}",
        since=f"{first.astimezone(zone).day} {first.astimezone(zone):%b}, {_clock(first, zone)}",
        until=_clock(end, zone),
        sentence=_sentence(minutes, allowed),
    )


def _title(group: list[Minute], zone: tzinfo) -> str:
    requests, throttled = sum(each.requests for each in group), sum(each.throttled for each in group)
    number = format_count(requests, "request") + (f", {throttled:,} throttled" if throttled else "")
    until = f" to {_clock(group[-1].at, zone)}" if len(group) > 1 else ""
    return f"{_clock(group[0].at, zone)}{until}: {number}"


def _sentence(minutes: Sequence[Minute], allowed: float | None) -> str:
    requests, throttled = sum(each.requests for each in minutes), sum(each.throttled for each in minutes)
    peak = max(each.requests for each in minutes)
    against = f"; the quota is {allowed:,.0f}" if allowed else ""
    refused = f" {throttled:,} {'was' if throttled == 1 else 'were'} throttled." if throttled else ""
    return f"{format_count(requests, 'request')}, at most {peak:,} in a minute{against}.{refused}"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _round_up(number: float) -> int:
    """Return the next number that an axis may end with: one of `_STEPS` times a power of ten, at least 10."""
    power = int("1" + "0" * max(0, len(str(int(number))) - 2))
    return next(step * power for step in _STEPS if step * power >= number)


_STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
