"""What the API remembers: the records of one account in the order of their creation, and its numbers.

Nothing runs in the background. Whatever was put off happens when somebody looks, as of the instant it was due.
"""

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from operator import itemgetter
from typing import Any, NamedTuple

from bulk_onboard.clock import Clock
from bulk_onboard.sandbox.behaviours import Behaviours
from bulk_onboard.sandbox.contract import Contract
from bulk_onboard.sandbox.others import Others
from bulk_onboard.sandbox.records import (
    Document,
    Number,
    Record,
    digits,
    duplicates,
    rented_by_prefix,
    reviewed_in_time,
)


class ClockStep(NamedTuple):
    """The clock that answers show is set by `by_s` seconds, `after_s` seconds after the start.

    With `after_s` None it was wrong from the start.
    """

    by_s: float
    after_s: float | None = None


class Instants:
    """The sandbox's time: aware UTC instants, and the clock that its answers show.

    Lags, reviews and the quota go by `now`, the wall clock read once and carried on by the monotonic clock, so their
    differences are true. The shown clock may be hours off, and be set while the sandbox runs.
    """

    def __init__(self, clock: Clock, steps: Iterable[ClockStep] = ()) -> None:
        self._clock = clock
        self._started_at, self._started = clock.now(), clock.monotonic()
        self._steps = [
            (datetime.min.replace(tzinfo=UTC) if after_s is None else self._started_at + timedelta(seconds=after_s), by)
            for by, after_s in steps
        ]

    def now(self) -> datetime:
        """Return the present instant."""
        return self._started_at + timedelta(seconds=self._clock.monotonic() - self._started)

    def step(self, by_s: float) -> None:
        """Set the shown clock forward, or back, from now on."""
        self._steps.append((self.now(), by_s))

    def wrong_by_s(self, instant: datetime) -> float:
        """Return how far ahead the shown clock was at an instant."""
        return sum(by_s for since, by_s in self._steps if since <= instant)

    def shown(self, instant: datetime) -> datetime:
        """Return what the shown clock said at an instant."""
        return instant + timedelta(seconds=self.wrong_by_s(instant))

    def stamp(self, instant: datetime) -> str:
        """Return what the shown clock said, as the API writes it: `2024-01-15T10:30:00Z`."""
        return self.shown(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


class State:
    """What one account has.

    Attributes:
        contract: the form in which the API speaks; may be replaced at any time.
        review_after_s: how long a record is pending before the robot reviews it; None for no robot.
        list_lag_s, get_lag_s: how long a new record is in no list, and a GET of it is 404.
        link_limit: how many numbers one call may link.
        turns: of answers that come in one form and then in another.
        deleted_by_others: records made through the API that were deleted at the console.
    """

    def __init__(
        self,
        contract: Contract,
        instants: Instants,
        behaviours: Behaviours,
        others: Others,
        *,
        review_after_s: float | None,
        list_lag_s: float,
        get_lag_s: float,
        link_limit: int,
    ) -> None:
        self.contract, self.instants, self.behaviours, self.others = contract, instants, behaviours, others
        self.review_after_s, self.list_lag_s, self.get_lag_s = review_after_s, list_lag_s, get_lag_s
        self.link_limit = link_limit
        self.deleted_by_others: list[Record] = []
        self.turns = count()
        self._records: dict[str, Record] = {}
        self._contents: dict[str, bytes] = {}
        self._numbers: dict[str, Number] = {}
        self._put_off: list[tuple[datetime, Callable[[datetime], None]]] = []
        self._calling_back: dict[str, None] = {}
        self.let_others_in()

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record as it is now, oldest first."""
        now = self._catch_up()
        return tuple(self._as_it_is(record, now) for record in self._records.values())

    @property
    def listed(self) -> tuple[Record, ...]:
        """The records old enough for a list to show them."""
        newest = self._newest(self.list_lag_s)
        return tuple(record for record in self.records if record.created_at <= newest)

    @property
    def may_call_back(self) -> bool:
        """Whether there is a record with a callback URL, or one may be about to come."""
        return bool(self._calling_back or self._put_off)

    @property
    def calling_back(self) -> tuple[Record, ...]:
        """The records with a callback URL."""
        now = self._catch_up()
        return tuple(self._as_it_is(self._records[one], now) for one in self._calling_back)

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Every number that was rented or linked."""
        self._catch_up()
        return tuple(self._numbers.values())

    @property
    def to_come(self) -> int:
        """How many calls are put off and have not happened yet."""
        self._catch_up()
        return len(self._put_off)

    @property
    def duplicates(self) -> list[dict[str, Any]]:
        """Records that should have been one (see `records.duplicates`)."""
        return duplicates(self.records)

    def record(self, compliance_id: str) -> Record | None:
        """Return the record of that id, as it is now."""
        now = self._catch_up()
        record = self._records.get(compliance_id)
        return None if record is None else self._as_it_is(record, now)

    def get(self, compliance_id: str) -> Record | None:
        """Return the record of that id, if it is old enough for a GET to find it."""
        record = self.record(compliance_id)
        return record if record is not None and record.created_at <= self._newest(self.get_lag_s) else None

    def named(self, alias: str) -> tuple[Record, ...]:
        """Return every record of exactly that alias."""
        return tuple(record for record in self.records if record.alias == alias)

    def keep(self, record: Record) -> None:
        """Add a record, or replace it by what it has become."""
        self._catch_up()
        self._records[record.compliance_id] = replace(record, documents=tuple(map(self._shared, record.documents)))
        if record.callback_url:
            self._calling_back[record.compliance_id] = None

    def forget(self, record: Record) -> None:
        """Delete a record."""
        del self._records[record.compliance_id]
        self._calling_back.pop(record.compliance_id, None)

    def forget_by_others(self, record: Record) -> None:
        """Delete a record at the console, whatever its review; its numbers are free again."""
        self.forget(record)
        for number in self.linked_numbers(record):
            self.rent(replace(number, compliance_id=None))
        if not record.is_strangers:
            self.deleted_by_others.append(record)

    def let_others_in(self) -> None:
        """Add the records of strangers that are there from the start."""
        for record in self.others.arrivals(self.instants.now()):
            self.keep(record)

    def pass_between_pages(self) -> None:
        """Let others create and delete before the next page of a list is made."""
        created, deleted = self.others.between_pages(self.records, self.instants.now())
        for record in created:
            self.keep(record)
        for record in deleted:
            self.forget_by_others(record)

    def review(self, record: Record, review: str, reason: str | None) -> Record:
        """Give a record a person's review, in place of the robot's."""
        reviewed = record.reviewed(review, reason, self.instants.now())
        self.keep(reviewed)
        return reviewed

    def number(self, text: str) -> Number | None:
        """Return the rented number written so, with or without `+`; None if the account does not rent it."""
        self._catch_up()
        number = digits(text)
        return self._numbers.get(number) or rented_by_prefix(number)

    def rent(self, number: Number) -> None:
        """Make a number the account's own, or change what it is."""
        self._numbers[number.number] = number

    def link(self, number: Number, record: Record) -> None:
        """Note a record as the one that a number is used under."""
        self.rent(replace(number, compliance_id=record.compliance_id, times_linked=number.times_linked + 1))

    def linked_numbers(self, record: Record) -> tuple[Number, ...]:
        """Return the numbers used under a record."""
        return tuple(n for n in self.numbers if n.compliance_id == record.compliance_id)

    def put_off(self, due_at: datetime, act: Callable[[datetime], None]) -> None:
        """Let something happen later; it is passed the instant it was due."""
        insort(self._put_off, (due_at, act), key=itemgetter(0))

    def _newest(self, lag_s: float) -> datetime:
        """Return when a record that is just old enough for such a lag was created."""
        return self.instants.now() - timedelta(seconds=lag_s)

    def _catch_up(self) -> datetime:
        """Let everything happen that is due by now, and return what time that is.

        It is taken out first, since what it does looks here again.
        """
        now = self.instants.now()
        due = [(due_at, act) for due_at, act in self._put_off if due_at <= now]
        del self._put_off[: len(due)]
        for due_at, act in due:
            act(due_at)
        return now

    def _shared(self, document: Document) -> Document:
        """Keep equal bytes once: ten thousand records often share their documents."""
        return replace(document, content=self._contents.setdefault(document.sha256, document.content))

    def _as_it_is(self, record: Record, now: datetime) -> Record:
        return record if self.review_after_s is None else reviewed_in_time(record, self.review_after_s, now)
