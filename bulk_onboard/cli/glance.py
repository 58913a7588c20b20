"""How far the work is at one instant, of one account and of all together.

A `Watch` looks at the `Progress` of each account and makes one `Glance` of them; `progress` shows it. Of many accounts
only some are looked at each time, in turn, so that 300 of them cost no more than a few.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from bulk_onboard.clock import Clock
from bulk_onboard.errors import FINISHED, ExitStatus
from bulk_onboard.units import format_clock, format_count, format_countdown, format_estimate

if TYPE_CHECKING:
    from bulk_onboard.pipeline.progress import Progress

SHORTEST_TOLD_S = 1.0
AT_A_TIME = 25  # accounts that one look takes anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A run at one instant.

    Attributes:
        now: aware, in the zone in which hours are told.
        done, due: rows; `verb` is what was done with them. Those with an unknown outcome are not done.
        allowed: of the quota, such as `60/min`; empty without one.
        left_s: seconds until all is done; None where that cannot be told.
        next_s: seconds until the next call goes; 0 where none waits, None where an answer must come first.
        trouble: why no calls are made; empty while they are.
        unknown: how many outcomes are unknown; the next look for one is in `next_look_s`.
        doing: what is done while no rows are sent, and what follows in `doing_left_s`; empty while they are sent.
        count: what stands in place of `{}` in it, such as 14 reviews.
        gives_up_s: seconds until it is given up; None where it is not.
        ended: how an account's run ended; None while it is at work.
        accounts: how many there are, how many of them finished, and how many stopped before; 0 for a job without.
        beside: what some accounts do while others send rows; empty where all send.
    """

    now: datetime
    done: int = 0
    due: int = 0
    verb: str = "done"
    allowed: str = ""
    left_s: float | None = None
    next_s: float | None = 0.0
    trouble: str = ""
    unknown: int = 0
    next_look_s: float = 0.0
    doing: str = ""
    count: tuple[int, str] | None = None
    then: str = ""
    doing_left_s: float | None = None
    gives_up_s: float | None = None
    ended: ExitStatus | None = None
    accounts: int = 0
    accounts_done: int = 0
    accounts_stopped: int = 0
    beside: str = ""

    @property
    def what(self) -> str:
        """What is done while no rows are sent, with its count."""
        return self.doing.format(format_count(*self.count)) if self.count else self.doing

    @property
    def waits_for(self) -> str:
        """What is done or waited for while no rows are sent, with the time that is left; empty while they are sent."""
        if self.trouble:
            return self.trouble
        if not self.doing:
            return ""
        if self.doing_left_s is None:
            return self.what
        in_time = "now"
        if self.doing_left_s >= SHORTEST_TOLD_S:
            in_time = f"in {format_countdown(self.doing_left_s)} ({self._clock_in(self.doing_left_s)})"
        gives_up = "" if self.gives_up_s is None else f"; gives up {self._clock_in(self.gives_up_s, with_on=True)}"
        return f"{self.what}; {self.then} {in_time}{gives_up}"

    @property
    def waits_for_briefly(self) -> tuple[str, ...]:
        """`waits_for` with less and less of it, but always with how long; empty where nothing can be left out."""
        if self.trouble or not self.doing or self.doing_left_s is None:
            return ()
        if self.doing_left_s < SHORTEST_TOLD_S:
            return (f"{self.what}; {self.then} now", self.what)
        countdown = format_countdown(self.doing_left_s)
        return f"{self.what}; {self.then} in {countdown}", f"{self.what} ({countdown})"

    @property
    def left(self) -> str:
        """About how long it still takes; empty where that cannot be told."""
        return "" if self.left_s is None or self.trouble else f"about {format_estimate(self.left_s)} left"

    @property
    def ends_at(self) -> str:
        """The hour at which it ends, with the day where that is not today."""
        return "" if not self.left or self.left_s is None else self._clock_in(self.left_s)

    @property
    def how_many_accounts(self) -> str:
        """How many accounts have finished and how many stopped, once any has; empty for a job without accounts."""
        if not self.accounts:
            return ""
        stopped = f"{self.accounts_stopped:,} stopped" if self.accounts_stopped else ""
        if self.accounts_done:
            return f"{self.accounts_done:,} of {self.accounts:,} accounts done" + (f", {stopped}" if stopped else "")
        return f"{stopped} of {self.accounts:,} accounts" if stopped else format_count(self.accounts, "account")

    def _clock_in(self, seconds: float, *, with_on: bool = False) -> str:
        at = self.now + timedelta(seconds=seconds)
        said = format_clock(at, self.now)
        return f"{'at' if at.date() == self.now.date() else 'on'} {said}" if with_on else said

    def after(self, seconds: float) -> "Glance":
        """Return the glance so many seconds later, where nothing was looked at anew."""
        return replace(
            self,
            left_s=_less(self.left_s, seconds),
            next_s=_less(self.next_s, seconds),
            next_look_s=max(0.0, self.next_look_s - seconds),
            doing_left_s=_less(self.doing_left_s, seconds),
            gives_up_s=None if self.gives_up_s is None else self.gives_up_s - seconds,
        )


def _less(left_s: float | None, seconds: float) -> float | None:
    return None if left_s is None else max(0.0, left_s - seconds)


@dataclass(slots=True)
class Watch:
    """Looks at the work, of one account or of several."""

    accounts: "Sequence[Progress]"
    clock: Clock
    zone: tzinfo | None = None
    _seen: list[tuple[float, Glance]] = field(default_factory=list)  # each account's newest glance, and when that was
    _next: int = 0

    def look(self) -> Glance:
        """Return the work as it is now; of many accounts, as each was when it was its turn."""
        if len(self.accounts) == 1:
            return self._at(self.accounts[0])
        now_s = self.clock.monotonic()
        if not self._seen:
            self._seen = [(now_s, self._at(each)) for each in self.accounts]
        else:
            for place in self._turn():
                self._seen[place] = (now_s, self._at(self.accounts[place]))
        return over_all([each if at_s == now_s else each.after(now_s - at_s) for at_s, each in self._seen])

    def look_at_all(self) -> Glance:
        """Return the work as it is now, of however many accounts; for a look that is not one of several a second."""
        self._seen.clear()
        return self.look()

    def is_any_due(self) -> bool:
        """Return whether it is known that anything is due."""
        return any(each.due for each in self.accounts)

    def _turn(self) -> list[int]:
        """Return whose turn it is."""
        number = len(self.accounts)
        places = [(self._next + step) % number for step in range(min(AT_A_TIME, number))]
        self._next = (self._next + len(places)) % number
        return places

    def _at(self, progress: "Progress") -> Glance:
        now_s = self.clock.monotonic()
        flow, activity = progress.flow(), progress.activity
        unknown, next_look_at = progress.settling()
        return Glance(
            now=self.clock.now().astimezone(self.zone),
            done=max(0, progress.done - progress.unsure()),
            due=progress.due,
            verb=progress.verb,
            allowed=flow.quota,
            left_s=progress.time_left(),
            next_s=flow.next_s,
            trouble=flow.trouble,
            unknown=unknown,
            next_look_s=max(0.0, next_look_at - now_s),
            doing=activity.what if activity else "",
            count=activity.count if activity else None,
            then=activity.then if activity else "",
            doing_left_s=None if activity is None or activity.until is None else max(0.0, activity.until - now_s),
            gives_up_s=None if activity is None or activity.gives_up_at is None else activity.gives_up_at - now_s,
            ended=progress.ended,
        )


# All accounts together.


def over_all(accounts: Sequence[Glance]) -> Glance:
    """Return the glance at all accounts together.

    Rows and unknown outcomes are summed up. The time that is left is that of the account that ends last. Where all
    accounts that are at work do or wait for the same thing, that is told; else what most of them do, or, while others
    send rows, how many wait.
    """
    at_work = [each for each in accounts if each.ended is None]
    quotas = {each.allowed for each in accounts if each.allowed}
    finished = sum(each.ended in FINISHED for each in accounts)
    both = Glance(
        now=max(each.now for each in accounts),
        done=sum(each.done for each in accounts),
        due=sum(each.due for each in accounts),
        verb=accounts[0].verb,
        allowed=f"{quotas.pop()} each" if len(quotas) == 1 else "",
        left_s=_latest(each.left_s for each in at_work),
        next_s=min((each.next_s for each in at_work if each.next_s is not None), default=None if at_work else 0.0),
        unknown=sum(each.unknown for each in at_work),
        next_look_s=min((each.next_look_s for each in at_work if each.unknown), default=0.0),
        accounts=len(accounts),
        accounts_done=finished,
        accounts_stopped=len(accounts) - len(at_work) - finished,
    )
    return _doing(both, at_work or accounts)


def _doing(both: Glance, at_work: Sequence[Glance]) -> Glance:
    """Return the glance with what the accounts that are at work do while they send nothing.

    Once all have ended that is what is done about all of them, such as the report over all accounts.
    """
    from bulk_onboard.pipeline.progress import WAITING_FOR_OTHERS

    unanswered = [each for each in at_work if each.trouble]
    if len(unanswered) == len(at_work):
        return replace(both, trouble=unanswered[0].trouble)
    if unanswered:
        get = "account gets" if len(unanswered) == 1 else "accounts get"
        return replace(both, beside=f"{len(unanswered):,} {get} no answer")
    busy = [each for each in at_work if each.doing != WAITING_FOR_OTHERS]
    idle = Counter((each.doing, each.then) for each in busy or at_work if each.doing)
    if idle.total() < len(busy or at_work):
        wait = sum(each.doing_left_s is not None for each in at_work)
        waits = "account waits" if wait == 1 else "accounts wait"
        return replace(both, beside=f"{wait:,} {waits}" if wait else "")
    (doing, then), number = idle.most_common(1)[0]
    alike = [each for each in at_work if (each.doing, each.then) == (doing, then)]
    counts = [each.count for each in alike if each.count]
    some = "" if number == len(at_work) else f" ({number:,} of {format_count(both.accounts, 'account')})"
    return replace(
        both,
        doing=doing + some,
        count=(sum(count for count, _ in counts), counts[0][1]) if counts else None,
        then=then,
        doing_left_s=_latest(each.doing_left_s for each in alike),
        gives_up_s=_latest(each.gives_up_s for each in alike),
    )


def _latest(seconds: Iterable[float | None]) -> float | None:
    return max((each for each in seconds if each is not None), default=None)
