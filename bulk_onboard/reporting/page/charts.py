"""Where the parts of the charts are: pure geometry, which templates draw as SVG.

All texts of a chart stand beside the drawing as ordinary text, so that they wrap on a phone, are read aloud, and print.
A drawing is stretched to the width that there is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bulk_onboard.reporting.figures import Outcome
from bulk_onboard.reporting.quota_use import MINUTE, Minute, QuotaUse, mean
from bulk_onboard.units import format_count

WIDTH, HEIGHT = 1000, 200
_LEAST = 4  # so that a bar of very few can be seen

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsChart:
    """Requests per minute of one run, against the quota.

    Attributes:
        bars: one for each minute, or several minutes together where there are very many.
        quota_y: where the line of the quota is; None without a quota.
        of_whom: ` of 12 accounts` where it is of several; else empty.
        quota: what may be sent in a minute, in words; empty without a quota.
        top: the number at the upper edge.
        since, until: the first and the last instant, in words.
        sentence: what the drawing shows.
    """

    bars: tuple[Bar, ...]
    quota_y: float | None
    of_whom: str
    quota: str
    top: str
    since: str
    until: str
    sentence: str


def requests_chart(use: QuotaUse | None) -> RequestsChart | None:
    """Return the chart of what a run used of its quota; None where no requests are known."""
    if use is None:
        return None
    minutes, allowed, groups = use.minutes, use.allowed, use.groups(_MOST_BARS)
    heights = [mean(group) for group in groups]
    top = _round_up(_HEADROOM * max(*heights, allowed or 0.0, 1.0))
    wide = WIDTH / max(_LEAST_BARS, len(groups))

    def bar(place: int) -> Bar:
        high = HEIGHT * heights[place] / top
        x, width = round((place + _GAP / 2) * wide, 2), round((1 - _GAP) * wide, 2)
        return Bar(x, round(HEIGHT - high, 2), width, round(high, 2), _title(groups[place]))

    first, end = minutes[0].at, minutes[0].at + max(len(minutes), _LEAST_BARS) * MINUTE
    return RequestsChart(
        bars=tuple(map(bar, range(len(groups)))),
        quota_y=None if allowed is None else round(HEIGHT - HEIGHT * allowed / top, 2),
        of_whom=use.of_whom,
        quota="" if allowed is None else f"{allowed:,.0f} a minute",
        top=f"{top:,}",
        since=f"{first.day} {first:%b}, {first:%H:%M}",
        until=f"{end:%H:%M}",
        sentence=_sentence(use),
    )


def _title(group: Sequence[Minute]) -> str:
    requests, throttled = sum(each.requests for each in group), sum(each.throttled for each in group)
    number = format_count(requests, "request") + (f", {throttled:,} throttled" if throttled else "")
    until = f" to {group[-1].at:%H:%M}" if len(group) > 1 else ""
    return f"{group[0].at:%H:%M}{until}: {number}"


def _sentence(use: QuotaUse) -> str:
    minutes, allowed = use.minutes, use.allowed
    requests, throttled = sum(each.requests for each in minutes), sum(each.throttled for each in minutes)
    peak = max(each.requests for each in minutes)
    quota = "the quotas add up to" if use.accounts else "the quota is"
    against = f"; {quota} {allowed:,.0f}" if allowed else ""
    refused = f" {throttled:,} {'was' if throttled == 1 else 'were'} throttled." if throttled else ""
    return f"{format_count(requests, 'request')}{use.of_whom}, at most {peak:,} in a minute{against}.{refused}"


def _round_up(number: float) -> int:
    """Return the next number that an axis may end with: one of `_STEPS` times a power of ten, at least 10."""
    power = int("1" + "0" * max(0, len(str(int(number))) - 2))
    return next(step * power for step in _STEPS if step * power >= number)


_STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
