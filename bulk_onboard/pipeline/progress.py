"""How far a run is, and what of that goes into its ledger.

`Progress` is what a run, or another verb, says of itself. Whoever shows it reads it at any time; nothing waits for
them. `UsageLog` writes down how many requests the run makes, minute by minute.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from bulk_onboard import errors
from bulk_onboard.clock import Clock
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.ledger_state import Journal, LedgerState
from bulk_onboard.units import format_count

WAITING_FOR_WORKBOOK = "waiting until the workbook is fully written"
READING_WORKBOOK = "reading the workbook"
ASKING_FOR_REQUIREMENTS = "asking what the API requires"
WAITING_FOR_OTHERS = "waiting for the other accounts"
WAITING_FOR_LEASE = "waiting until the lease of the run before is over"
SETTLE_WINDOW = "waiting until earlier sends show"
FETCHING_REVIEWS = "fetching review results"
LOOKING_FOR_DUPLICATES = "looking for duplicates"
WRITING_REPORT, WRITING_REPORTS = "writing the report", "writing the reports"


@dataclass(frozen=True, slots=True)
class Activity:
    """What is done while no rows are sent.

    Attributes:
        what: in words, such as "fetching review results"; `{}` stands in place of a count.
        count: the count and its noun, such as 14 reviews, so that those of several accounts can be added up.
        until: monotonic instant at which it ends, where it is a wait; else None.
        then: what follows the wait, such as "looking again"; empty where nothing is to be said.
        gives_up_at: monotonic instant after which nothing more is waited for; None where there is none.
    """

    what: str
    until: float | None = None
    then: str = ""
    gives_up_at: float | None = None
    count: tuple[int, str] | None = None

    @property
    def words(self) -> str:
        """What is done, with its count."""
        return self.what.format(format_count(*self.count)) if self.count else self.what


@dataclass(frozen=True, slots=True)
class Flow:
    """How the calls flow.

    Attributes:
        quota: what is allowed, such as `60/min`; empty without a quota.
        next_s: in how many seconds the next call goes that waits for the quota; 0 where none waits, None where an
            answer must come first.
        trouble: why no calls are made, where the API does not answer; else empty.
    """

    quota: str = ""
    next_s: float | None = 0.0
    trouble: str = ""


@dataclass(slots=True)
class Progress:
    """What a run says of itself.

    Attributes:
        due, done: how many rows have something to be sent, and of how many it was.
        verb: what has been done with those, for people.
        requests_left: how many requests what is due still takes, as far as can be foreseen.
        ledger_state: as it is now; an empty one before the ledger was opened.
        activity: what is done while no rows are sent; None while they are.
        settling: return how many outcomes are unknown, and the monotonic instant of the next look for one.
        unsure: return how many of the rows that are done have an unknown outcome, or are to be sent again.
        flow: return how the calls flow.
        time_left: return the seconds that are left; None where that cannot be told.
        ended: how it ended; None while it is at work. Where there are several accounts, each says it for itself.
    """

    due: int = 0
    done: int = 0
    verb: str = "done"
    requests_left: float = 0.0
    ledger_state: LedgerState = field(default_factory=LedgerState)
    activity: Activity | None = None
    settling: Callable[[], tuple[int, float]] = field(default=lambda: (0, 0.0))
    unsure: Callable[[], int] = field(default=lambda: 0)
    flow: Callable[[], Flow] = Flow
    time_left: Callable[[], float | None] = field(default=lambda: None)
    ended: errors.ExitStatus | None = None

    def expect(self, rows: int, requests: float, *, again: int = 0) -> None:
        """Note that so many more rows are due, and how many requests they take.

        Args:
            again: how many of them count as done already, and are not.
        """
        self.done -= again
        self.due = self.done + rows
        self.requests_left = requests

    def did(self, rows: int, requests: float) -> None:
        """Note that so many rows are done, and how many requests they were expected to take."""
        self.done += rows
        self.requests_left = max(0.0, self.requests_left - requests)

    @contextmanager
    def doing(
        self,
        what: str,
        *,
        until: float | None = None,
        then: str = "",
        gives_up_at: float | None = None,
        count: tuple[int, str] | None = None,
    ) -> Iterator[None]:
        """Say what is done while the context lasts; the arguments are those of `Activity`."""
        before, self.activity = self.activity, Activity(what, until, then, gives_up_at, count)
        try:
            yield
        finally:
            self.activity = before


@contextmanager
def all_doing(progresses: Iterable[Progress], what: str) -> Iterator[None]:
    """Say of all accounts what is done while the context lasts."""
    with ExitStack() as stack:
        for progress in progresses:
            stack.enter_context(progress.doing(what))
        yield


EACH_S = 60.0
_KINDS: Mapping[str, str] = {Op.CREATE: "creates", Op.UPDATE: "updates", Op.LINK: "links", Op.DELETE: "deletes"}


@dataclass(slots=True)
class UsageLog:
    """Writes down how many requests a run makes: a `used` entry once a minute, unless there were none.

    No call waits for such an entry, and none fails because of one: where the disk fails, the next write finds that out.
    Requirements are not counted, since they have a quota of their own.

    Attributes:
        requests: how many there were so far, by operation and outcome.
        journal: where entries go; None before the run has begun.
    """

    requests: Mapping[str, int]
    clock: Clock
    journal: Journal | None = None
    _told: entries.Used = field(default_factory=lambda: entries.Used(requests=0))
    _told_at: float = 0.0
    _writing: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, journal: Journal) -> None:
        """Write into this ledger from now on."""
        self.journal, self._told_at = journal, self.clock.monotonic()

    def note_request(self) -> None:
        """Write down what was used before the next request, where a minute is over; call it before each request."""
        if self.journal is not None and self.clock.monotonic() - self._told_at >= EACH_S:
            task = asyncio.ensure_future(_append(self.journal, self._untold()))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def write(self) -> None:
        """Write down what was not written yet; before a long pause, and when the run ends."""
        await asyncio.gather(*self._writing)
        if self.journal is not None:
            await _append(self.journal, self._untold())

    def _untold(self) -> entries.Used:
        """Return the requests since this was last called."""
        so_far, before = used(self.requests), self._told
        self._told, self._told_at = so_far, self.clock.monotonic()
        return entries.Used(
            requests=so_far.requests - before.requests,
            writes=so_far.writes - before.writes,
            throttled=so_far.throttled - before.throttled,
        )


async def _append(journal: Journal, usage: entries.Used) -> None:
    if usage.requests:
        with suppress(errors.StoppedError):
            await journal.append(usage)


def used(requests: Mapping[str, int]) -> entries.Used:
    """Return the sums of requests by operation and outcome, such as `create throttled`."""
    made = requests_by_kind(requests)
    reads, throttled = made.pop("reads", 0), made.pop("throttled", 0)
    return entries.Used(requests=made.total() + reads, writes=made.total(), throttled=throttled)


def requests_by_kind(requests: Mapping[str, int]) -> Counter[str]:
    """Return how many requests there were of each kind, and how many of them were `throttled`.

    The kinds are `creates`, `updates`, `links`, `deletes` and `reads`; requirements are none of these.
    """
    made = Counter[str]()
    for name, number in requests.items():
        operation = name.partition(" ")[0]
        if operation != Operation.REQUIREMENTS:
            made[_KINDS.get(operation, "reads")] += number
            made["throttled"] += number if is_throttled(name) else 0
    return made


def is_throttled(name: str) -> bool:
    """Return whether requests of this operation and outcome were throttled, so that they come again."""
    return name.endswith(" throttled")
