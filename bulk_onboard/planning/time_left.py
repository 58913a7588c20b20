"""How long a run still takes: the requests that it has ahead, at the pace that the quota allows.

A run is a row of steps: look at the account, wait until what others sent must show, send what is due, wait once more,
look for duplicates. Each step is a number of requests, and a wait before it. The quota lets requests go in bursts, so
what matters is not how fast the last ones went but when the next ones may go: whoever paces the calls knows that.

Throttled calls, repeats, and others who use the quota cannot be foreseen: they count once they have happened.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bulk_onboard.model.entry import age_s
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.units import Quota, parse_quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of what is ahead.

    Attributes:
        requests: how many it takes.
        after_s: how long to wait before it, once the step before is done.
        not_before_s: it begins no sooner than so many seconds from now.
    """

    requests: int = 0
    after_s: float = 0.0
    not_before_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How fast requests may go.

    Attributes:
        quota: as it is kept, such as without what others use of it; None for none.
        openings_s: in how many seconds each of the next requests may go, at most as many as the quota has, the first
            to go first; those that are left out may go at once.
        each_s: seconds from one request to the next where the quota allows both; 0 where that is not known.
    """

    quota: Quota | None
    openings_s: tuple[float, ...] = ()
    each_s: float = 0.0


def time_left(ahead: Iterable[Step], budget: Budget) -> float | None:
    """Return the seconds until the last of these steps is done.

    Args:
        ahead: what is still to be done, one after another.
        budget: how fast that may go.

    Returns:
        None where requests are to be made and nothing is known of their pace.
    """
    quota, at_s = budget.quota, 0.0
    openings = [0.0] * (quota.limit - len(budget.openings_s)) if quota else []
    openings += sorted(budget.openings_s)[: quota.limit if quota else 0]
    for step in ahead:
        at_s = max(at_s + step.after_s, step.not_before_s)
        if step.requests and quota is not None:
            at_s, openings = _spent(openings, step.requests, at_s, quota.window_s, budget.each_s)
        elif step.requests and budget.each_s:
            at_s += step.requests * budget.each_s
        elif step.requests:
            return None
    return at_s


def _spent(
    openings: list[float], requests: int, at_s: float, window_s: float, each_s: float
) -> tuple[float, list[float]]:
    """Let requests go from an instant on, each as soon as it may.

    Once each place of the quota was used, all of it comes again a window later, so that nothing is counted beyond
    that, however many requests there are.

    Returns:
        When the last of them goes, and when those may go that follow.
    """
    limit = len(openings)
    sent: list[float] = []
    for opening in openings[:requests]:
        sent.append(max(at_s, opening))
        at_s = sent[-1] + each_s
    again_s = max(window_s, limit * each_s)

    def when(number: int) -> float:
        times, place = divmod(number, limit)
        return sent[place] + times * again_s

    later = [when(number) + window_s for number in range(max(0, requests - limit), requests)]
    return when(requests - 1), [*openings[requests:], *later]


def time_left_by_ledger(ledger_state: LedgerState, now: datetime) -> float | None:
    """Return the seconds that the newest run still takes, for whoever has its ledger and nothing else.

    The ledger has each write at once, and other requests once a minute, so this is right to about a minute.

    Args:
        ledger_state: as it is now.
        now: aware, UTC.

    Returns:
        None where no run is under way, or it has not said what is due, or keeps no quota.
    """
    run, planned = (ledger_state.runs[-1] if ledger_state.runs else None), ledger_state.planned
    quota = parse_quota(run.started.quota) if run else None
    if run is None or run.ended is not None or planned is None or quota is None:
        return None
    ages_s = sorted(_ages_of_writes_s(ledger_state, now))
    began_s = age_s(run.started.at, now)
    counted_s = min([began_s, *((now - usage.at).total_seconds() for usage in ledger_state.usage[-1:])])
    used = [usage for usage in ledger_state.usage if (now - usage.at).total_seconds() < began_s]
    made = sum(usage.requests - usage.throttled for usage in used) + sum(age_s < counted_s for age_s in ages_s)
    left = max(0, planned.requests - made)
    wait_s = max(0.0, run.started.settle - (ages_s[0] if ages_s and not left else 0.0)) if planned.creates else 0.0
    recent = [quota.window_s - age_s for age_s in ages_s[: quota.limit] if age_s < quota.window_s]
    return time_left([Step(requests=left), Step(after_s=wait_s)], Budget(quota=quota, openings_s=tuple(recent)))


def _ages_of_writes_s(ledger_state: LedgerState, now: datetime) -> Iterator[float]:
    """Yield how many seconds ago each record was last written."""
    for record in ledger_state.records.values():
        if record.sent_at:
            yield age_s(record.sent_at, now)
