"""What the API remembers: the records of the account in the order of their creation, and its numbers.

What was put off happens when somebody looks, as of the instant it was due: nothing runs in between.
"""

from bisect import insort
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from bulk_onboard.sandbox.behaviours import Behaviours
from bulk_onboard.sandbox.duplicates import duplicates
from bulk_onboard.sandbox.instants import Instants
from bulk_onboard.sandbox.number import Number, digits, rented_by_prefix
from bulk_onboard.sandbox.others import Others
from bulk_onboard.sandbox.record import Document, Record
from bulk_onboard.sandbox.reviews import reviewed, reviewed_in_time


class State:
    """One account, whatever the credentials; the robot's reviews happen when the records are looked at."""

    def __init__(
        self,
        instants: Instants,
        review_after_s: float | None,
        behaviours: Behaviours,
        others: Others,
        *,
        list_lag_s: float,
        get_lag_s: float,
    ) -> None:
        self.instants, self.behaviours, self.others = instants, behaviours, others
        self.review_after_s = review_after_s
        self.list_lag_s = self._first_list_lag_s = list_lag_s
        self.get_lag_s = self._first_get_lag_s = get_lag_s
        self._records: dict[str, Record] = {}
        self._contents: dict[str, bytes] = {}
        self._numbers: dict[str, Number] = {}
        self._put_off: list[tuple[datetime, Callable[[datetime], None]]] = []
        self._calling_back: dict[str, None] = {}
        self.deleted_by_others: list[Record] = []
        self.let_others_in()

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, oldest first, as it stands now."""
        self._catch_up()
        return tuple(self._as_it_stands(record) for record in self._records.values())

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
    def listed(self) -> tuple[Record, ...]:
        """The records old enough for a list to show them."""
        return tuple(record for record in self.records if self._is_older(record, self.list_lag_s))

    @property
    def calling_back(self) -> tuple[Record, ...]:
        """The records whose reviews are to be sent somewhere."""
        self._catch_up()
        return tuple(self._as_it_stands(self._records[one]) for one in self._calling_back)

    @property
    def duplicates(self) -> list[dict[str, Any]]:
        """Records that should have been one (see `duplicates`)."""
        return duplicates(self.records)

    def record(self, compliance_id: str) -> Record | None:
        """The record of that id, as it stands now."""
        self._catch_up()
        record = self._records.get(compliance_id)
        return None if record is None else self._as_it_stands(record)

    def got(self, compliance_id: str) -> Record | None:
        """The record of that id, if it is old enough to be asked for."""
        record = self.record(compliance_id)
        return record if record is not None and self._is_older(record, self.get_lag_s) else None

    def named(self, alias: str) -> tuple[Record, ...]:
        """Every record of exactly that alias."""
        return tuple(record for record in self.records if record.alias == alias)

    def keep(self, record: Record) -> None:
        """Add a record, or put a changed one in the place of the old."""
        self._catch_up()
        documents = tuple(self._stored(document) for document in record.documents)
        self._records[record.compliance_id] = replace(record, documents=documents)
        if record.callback_url:
            self._calling_back[record.compliance_id] = None

    def forget(self, record: Record) -> None:
        """Delete a record."""
        del self._records[record.compliance_id]
        self._calling_back.pop(record.compliance_id, None)

    def forget_by_others(self, record: Record) -> None:
        """Delete a record at the console, whatever its review; of ours it is noted."""
        self.forget(record)
        for number in self.linked_numbers(record):
            self.rent(replace(number, compliance_id=None))
        if not record.is_strangers:
            self.deleted_by_others.append(record)

    def let_others_in(self) -> None:
        """Keep the records of strangers that are there from the start."""
        for record in self.others.arrivals(self.instants.now()):
            self.keep(record)

    def pass_between_pages(self) -> None:
        """Let others do what they do before the next page of a list is made."""
        change = self.others.between_pages(self.records, self.instants.now())
        for record in change.created:
            self.keep(record)
        for record in change.deleted:
            self.forget_by_others(record)

    def review(self, record: Record, review: str, reason: str | None) -> Record:
        """A person's judgement, in place of the robot's."""
        judged = reviewed(record, review, reason, self.instants.now())
        self.keep(judged)
        return judged

    def number(self, text: str) -> Number | None:
        """The rented number written so, with or without `+`; None if the account does not rent it."""
        self._catch_up()
        number = digits(text)
        return self._numbers.get(number) or rented_by_prefix(number)

    def rent(self, number: Number) -> None:
        """Make a number the account's own, or change what it is."""
        self._numbers[number.number] = number

    def link(self, number: Number, record: Record) -> None:
        """Note a record as the one a number is used under."""
        self.rent(replace(number, compliance_id=record.compliance_id))

    def linked_numbers(self, record: Record) -> tuple[Number, ...]:
        """The numbers used under a record."""
        return tuple(n for n in self.numbers if n.compliance_id == record.compliance_id)

    def put_off(self, due_at: datetime, act: Callable[[datetime], None]) -> None:
        """Let something happen later; it is told the instant it was due."""
        insort(self._put_off, (due_at, act), key=itemgetter(0))

    def clear(self) -> None:
        """As at the start: forget everything."""
        self.list_lag_s, self.get_lag_s = self._first_list_lag_s, self._first_get_lag_s
        self.instants.clear()
        self.behaviours.clear()
        self.others.clear()
        self._put_off.clear()
        self._records.clear()
        self._calling_back.clear()
        self._contents.clear()
        self._numbers.clear()
        self.deleted_by_others.clear()
        self.let_others_in()

    def _is_older(self, record: Record, lag_s: float) -> bool:
        return record.created_at <= self.instants.now() - timedelta(seconds=lag_s)

    def _catch_up(self) -> None:
        """Let everything happen that is due by now; what it does looks here again and finds nothing due."""
        now = self.instants.now()
        due = [(due_at, act) for due_at, act in self._put_off if due_at <= now]
        del self._put_off[: len(due)]
        for due_at, act in due:
            act(due_at)

    def _stored(self, document: Document) -> Document:
        """The document with equal bytes kept once: ten thousand records often share theirs."""
        return replace(document, content=self._contents.setdefault(document.sha256, document.content))

    def _as_it_stands(self, record: Record) -> Record:
        if self.review_after_s is None:
            return record
        return reviewed_in_time(record, self.review_after_s, self.instants.now())
