"""Where the parts of the charts are: pure geometry, which templates draw as SVG.

All texts of a chart stand beside the drawing as ordinary text, so that they wrap on a phone, are read aloud, and print.
A drawing is stretched to the width that there is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import ceil
from typing import NamedTuple

from bulk_onboard.model.ledger_state import Usage
from bulk_onboard.reporting.figures import Outcome
from bulk_onboard.units import Quota, format_count

WIDTH, HEIGHT = 1000, 200
_MOST_BARS = 120
_GAP = 0.18  # of a bar's width
_MINUTE_S = 60.0
_LONGEST, _SHORTEST = timedelta(seconds=90), timedelta(seconds=1)
_LEAST_SPAN = timedelta(minutes=5)
_HEADROOM = 1.1  # so that the line of the quota is within the drawing
_LEAST = 4  # so that a bar of very few can be seen


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


class _Stretch(NamedTuple):
    """What was used from one instant to another, at most a minute unless minutes were put together."""

    since: datetime
    until: datetime
    requests: int
    throttled: int

    @property
    def per_minute(self) -> float:
        """Requests a minute; in less than a minute, those that there were."""
        return self.requests * _MINUTE_S / max(_MINUTE_S, (self.until - self.since).total_seconds())


def requests_chart(
    usage: Sequence[Usage], *, began: datetime, quota: Quota | None, zone: tzinfo
) -> RequestsChart | None:
    """Return the chart of a run; None where it has made no requests yet.

    Args:
        usage: of this run, in order.
        began: when the run did; aware.
        quota: as the run kept it.
        zone: of the readers.
    """
    stretches = _together(list(_stretches(usage, began)))
    if not stretches:
        return None
    allowed = quota.limit * _MINUTE_S / quota.window_s if quota else None
    peak = max(each.per_minute for each in stretches)
    top = _round_up(_HEADROOM * max(peak, allowed or 0.0, 1.0))
    since, until = stretches[0].since, max(stretches[-1].until, stretches[0].since + _LEAST_SPAN)
    seconds = (until - since).total_seconds()

    def bar(each: _Stretch) -> Bar:
        x = WIDTH * (each.since - since).total_seconds() / seconds
        width = WIDTH * (each.until - each.since).total_seconds() / seconds
        height = HEIGHT * each.per_minute / top
        slack = width * _GAP
        left, top_y, wide, high = _rounded(x + slack / 2, HEIGHT - height, max(1.0, width - slack), height)
        return Bar(left, top_y, wide, high, _title(each, zone))

    return RequestsChart(
        bars=tuple(map(bar, stretches)),
        quota_y=None if allowed is None else round(HEIGHT - HEIGHT * allowed / top, 2),
        quota="" if allowed is None else f"{allowed:,.0f} a minute",
        top=f"{top:,}",
        since=_clock(since, zone),
        until=_clock(until, zone),
        sentence=_sentence(usage, stretches, allowed),
    )


def _stretches(usage: Sequence[Usage], began: datetime) -> Iterable[_Stretch]:
    """Yield what was used from one entry to the next; after a pause, in the minute before the entry."""
    before = began
    for each in usage:
        since = min(max(before, each.at - _LONGEST), each.at - _SHORTEST)
        yield _Stretch(since, each.at, each.requests, each.throttled)
        before = each.at


def _together(stretches: list[_Stretch]) -> list[_Stretch]:
    """Return at most so many stretches as can be told apart, neighbours put together."""
    many = ceil(len(stretches) / _MOST_BARS)
    groups = [stretches[start : start + many] for start in range(0, len(stretches), many or 1)]
    return [
        _Stretch(group[0].since, group[-1].until, sum(e.requests for e in group), sum(e.throttled for e in group))
        for group in groups
    ]


def _title(each: _Stretch, zone: tzinfo) -> str:
    throttled = f", {each.throttled:,} of them throttled" if each.throttled else ""
    minutes = (each.until - each.since).total_seconds() / _MINUTE_S
    number = format_count(each.requests, "request") if minutes < 2 else f"{each.per_minute:,.0f} requests a minute"
    return f"{_clock(each.since, zone)} to {_clock(each.until, zone)}: {number}{throttled}"


def _sentence(usage: Sequence[Usage], stretches: Sequence[_Stretch], allowed: float | None) -> str:
    requests, throttled = sum(each.requests for each in usage), sum(each.throttled for each in usage)
    peak = max(each.per_minute for each in stretches)
    against = f"; the quota is {allowed:,.0f}" if allowed else ""
    refused = f" {throttled:,} of them {'was' if throttled == 1 else 'were'} throttled." if throttled else ""
    return f"{format_count(requests, 'request')}, at most {peak:,.0f} in a minute{against}.{refused}"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _rounded(*numbers: float) -> tuple[float, ...]:
    return tuple(round(number, 2) for number in numbers)


def _round_up(number: float) -> int:
    """Return the next number that an axis may end with: one of `_STEPS` times a power of ten, at least 10."""
    power = int("1" + "0" * max(0, len(str(int(number))) - 2))
    return next(step * power for step in _STEPS if step * power >= number)


_STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
