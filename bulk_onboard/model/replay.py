"""Books while a ledger is folded: a million lines, each of which changes a record.

Until the fold is finished nobody else sees the records, so they are drafts that change in place. The three lines that
nearly every record has (the intent of its first create, the success of that, a review) have a short way each: it skips
the tables of `life` and changes what they would change (tests/unit/model/test_replay.py).
"""

from typing import cast

from bulk_onboard.model.books import Books
from bulk_onboard.model.entry import Done, Entry, Intent, Op, Reviewed
from bulk_onboard.model.life import step_in_place
from bulk_onboard.model.record import Draft, Record, Review, State, finish

# Reading a member off its class takes longer than what is done with it here.
_CREATE = Op.CREATE
_PENDING, _SENDING, _SUBMITTED = State.PENDING, State.SENDING, State.SUBMITTED
_TO_BE_REVIEWED = Review.PENDING.value


class Replay(Books):
    """Takes a ledger's entries in their order; `finish` makes plain books of it."""

    __slots__ = ()

    _new = cast("type[Record]", Draft)

    @staticmethod
    def _step(record: Record, entry: Entry) -> Record:
        return step_in_place(record, entry)

    def finish(self) -> Books:
        """The same as books, whose records never change."""
        for record in self.records.values():
            finish(record)
        self.__class__ = Books  # type: ignore[assignment]
        return self

    def take(self, entry: Entry) -> None:
        """As `Books` does, but records change in place; after an IllegalStepError it is of no more use."""
        if type(entry) is Intent:
            is_taken = self._is_first_create(entry)
        elif type(entry) is Done:
            is_taken = self._is_first_success(entry)
        else:
            is_taken = type(entry) is Reviewed and self._is_plain_review(entry)
        if is_taken:
            self.seq = entry.seq
        else:
            Books.take(self, entry)

    def _is_first_create(self, entry: Intent) -> bool:
        """Take the intent to create a record of which no content is known."""
        record: Draft = self.records.get(entry.token) or self._new(token=entry.token)
        if entry.op is not _CREATE or record.state is not _PENDING or record.fingerprint or record.intended:
            return False
        record.state = _SENDING
        record.key = entry.key
        record.op = _CREATE
        record.alias = entry.alias or record.alias
        record.attempts += 1
        record.fingerprint = entry.fingerprint
        record.registration_token = entry.registration_token or record.registration_token
        record.intended_registration = ""
        record.sent_at = entry.at
        record.tried = record.created = self.tried = entry.seq
        self.records[entry.token] = cast("Record", record)
        self._sent_in_this_run.append(entry.token)
        return True

    def _is_first_success(self, entry: Done) -> bool:
        """Take the success of a create, which gives the record its id."""
        record: Draft | None = self.records.get(entry.token)
        if not record or record.state is not _SENDING or not record.op is entry.op is _CREATE or record.compliance_id:
            return False
        record.state = _SUBMITTED
        record.key = entry.key or record.key
        record.op = None
        record.known = record.known or entry.seq
        record.compliance_id = entry.compliance_id
        record.submitted_at = entry.at
        record.review = _TO_BE_REVIEWED
        record.review_reason = record.reason = record.code = record.differs = ""
        if self._owners is not None:
            self._owners[entry.compliance_id] = entry.token
        return True

    def _is_plain_review(self, entry: Reviewed) -> bool:
        """Take a review of a record without a refusal or numbers that another review could take back."""
        record: Draft | None = self.records.get(entry.token)
        if not record or record.state is not _SUBMITTED or record.code or record.numbers:
            return False
        record.fingerprint = record.fingerprint or entry.fingerprint
        if entry.review != record.review or entry.reason != record.review_reason:
            record.review = entry.review
            record.review_reason = entry.reason
            record.news = entry.seq
        return True
