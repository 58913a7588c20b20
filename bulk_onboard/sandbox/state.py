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
from bulk_onboard.sandbox.record import Document, Record
from bulk_onboard.sandbox.reviews import reviewed, reviewed_in_time


class State:
    """One account, whatever the credentials; the robot's reviews happen when the records are looked at."""

    def __init__(
        self, instants: Instants, review_after_s: float | None, list_lag_s: float, behaviours: Behaviours
    ) -> None:
        self.instants, self.behaviours = instants, behaviours
        self.review_after_s = review_after_s
        self.list_lag_s = self._first_list_lag_s = list_lag_s
        self._records: dict[str, Record] = {}
        self._contents: dict[str, bytes] = {}
        self._numbers: dict[str, Number] = {}
        self._put_off: list[tuple[datetime, Callable[[datetime], None]]] = []
        self._calling_back: dict[str, None] = {}

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
        newest = self.instants.now() - timedelta(seconds=self.list_lag_s)
        return tuple(record for record in self.records if record.created_at <= newest)

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
        self.list_lag_s = self._first_list_lag_s
        self.behaviours.clear()
        self._put_off.clear()
        self._records.clear()
        self._calling_back.clear()
        self._contents.clear()
        self._numbers.clear()

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
