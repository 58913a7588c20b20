"""The state that a ledger folds to: header, records, runs; and the protocol that appends to it.

Until the fold is finished nobody else sees the records, so they are drafts that change in place. The three lines that
nearly every record has (the intent of its first create, the success of that, a review) have a short way each: it skips
the tables of `life` and changes what they would change (tests/unit/model/test_replay.py).
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol, cast

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Adopted, Done, Entry, Intent, Op, Reviewed
from bulk_onboard.model.identity import alias_length, token_in
from bulk_onboard.model.life import step, step_in_place
from bulk_onboard.model.record import Draft, Linking, Record, Review, State, finish, linked_in, without_number

_FINISHED = (0, 3)  # whoever runs into anything else tries again, and is told then


@dataclass(slots=True)
class RunStory:
    """One run: how it began, and how it ended where it could say so; `requests` by outcome, counts of rows by state."""

    started: entries.RunStarted
    ended: entries.RunEnded | None = None


@dataclass(slots=True)
class LedgerState:
    """The state of a job, one entry at a time.

    Attributes:
        opened: the ledger's first line; None while it is empty.
        records: by token.
        runs: in the order they began.
        swept: whether the account was walked completely once.
        alias_kept: length of the longest alias that the API is known to show with its token still in it.
        tried: number of the newest line with an intent to create.
        audited: number of the newest line that says that an audit found what is there twice; 0 for none.
        seq: the number of the newest entry.
        changes: how often a record was changed since the ledger was read; by it a plan is known to be out of date.
    """

    opened: entries.LedgerOpened | None = None
    records: dict[str, Record] = field(default_factory=dict)
    runs: list[RunStory] = field(default_factory=list)
    swept: bool = False
    alias_kept: int = 0
    tried: int = 0
    audited: int = 0
    seq: int = 0
    changes: int = field(default=0, compare=False)
    _owners: dict[str, str] | None = field(default=None, compare=False)
    _holders: dict[str, str] = field(default_factory=dict, compare=False)
    _sent_in_this_run: list[str] = field(default_factory=list, compare=False)
    # What `replay` does in another way: records that are new, and what a step makes of one.
    _new: ClassVar[type[Record]] = Record
    _step = staticmethod(step)

    def only(self, tokens: Collection[str]) -> "LedgerState":
        """The same with the records of these tokens alone, to tell people of; nothing is ever folded into it."""
        records = {token: record for token, record in self.records.items() if token in tokens}
        return replace(self, records=records, _owners=None)

    def owner(self, compliance_id: str) -> str | None:
        """The token of the record that has this id; None where none has."""
        if self._owners is None:  # not before it is asked for: most who read a ledger never do
            self._owners = {r.compliance_id: r.token for r in self.records.values() if r.compliance_id}
        return self._owners.get(compliance_id)

    @property
    def told_until(self) -> int:
        """The number of the line with which a run last finished, and told people what there was to tell; 0 for none."""
        ends = (run.ended for run in self.runs if run.ended)
        return max((end.seq for end in ends if end.exit_status in _FINISHED), default=0)

    def holder(self, number: str) -> str | None:
        """The token of the record that this number is linked to; None where it is linked to none that is known."""
        return self._holders.get(number)

    def creator(self, record: Record) -> RunStory | None:
        """The run whose own create made the record, or may have; None for what others made, or nobody."""
        return self._run_of(record.created)

    def last_to_try(self, record: Record) -> RunStory | None:
        """The run with the record's newest create, whatever became of that; None where there was none."""
        return self._run_of(record.tried)

    def _run_of(self, seq: int) -> RunStory | None:
        """The run that wrote the ledger's line of this number."""
        place = bisect_right(self.runs, seq, key=lambda run: run.started.seq)
        return self.runs[place - 1] if place else None

    def record(self, token: str) -> Record:
        """The record of a token; a fresh one where nothing happened yet."""
        return self.records.get(token) or self._new(token=token)

    def take(self, entry: Entry) -> None:
        """Account for an entry; IllegalStepError, and nothing changed, where the table knows no such step."""
        token: str | None = getattr(entry, "token", None)
        if token is None:
            self._take_of_run(entry)
        else:
            record = self.records.get(token) or self._new(token=token)
            had_id, had_numbers = record.compliance_id, record.numbers
            record = self.records[token] = self._step(record, entry)
            self.changes += 1
            if type(entry) is Intent:
                self._note_intent(record)
            elif type(entry) is Adopted:
                self._note_alias(record, entry.alias)
            if self._owners is not None and record.compliance_id != had_id:
                self._note_id(self._owners, had_id, record)
            if record.numbers is not had_numbers:
                self._note_numbers(had_numbers, record)
        self.seq = entry.seq or self.seq

    def _note_intent(self, record: Record) -> None:
        """A run that is killed leaves the call in the middle; only a create changes what was tried."""
        self._sent_in_this_run.append(record.token)
        self.tried = max(self.tried, record.tried)

    @staticmethod
    def _note_id(owners: dict[str, str], before: str, record: Record) -> None:
        """A record that is filed anew has another id; nobody has the one that it had."""
        if owners.get(before) == record.token:
            del owners[before]
        if record.compliance_id:
            owners[record.compliance_id] = record.token

    def _note_numbers(self, before: Mapping[str, Linking], record: Record) -> None:
        """A number is linked to one record: who had it before has it no more."""
        were, are = linked_in(before), linked_in(record.numbers)
        for number in were - are:
            if self._holders.get(number) == record.token:
                del self._holders[number]
        for number in are - were:
            other = self.records.get(self._holders.get(number, ""))
            if other is not None and other.token != record.token:
                self.records[other.token] = without_number(other, number)
            self._holders[number] = record.token

    @property
    def wants_audit(self) -> bool:
        """Whether creates were sent since somebody last looked whether any record is there twice, and could tell.

        What an audit found is told at the end of its run; of a run that was killed before that nobody heard.
        """
        audit = self._run_of(self.audited)
        return self.tried > self.audited or (audit is not None and audit.ended is None)

    def _note_alias(self, record: Record, shown: str) -> None:
        """The API shows a record under an alias that has its token: so it keeps aliases of that length."""
        if record.token and token_in(shown) == record.token:
            sent = record.alias if record.sent_at else shown
            self.alias_kept = max(self.alias_kept, alias_length(sent))

    def _take_of_run(self, entry: Entry) -> None:
        """Account for what is not about one record."""
        moved = [self._step(self.record(token), entry) for token in self._touched(entry)]
        self.records.update((record.token, record) for record in moved)
        self.changes += len(moved)
        match entry:
            case entries.LedgerOpened():
                self.opened = entry
            case entries.RunStarted():
                self.runs.append(RunStory(entry))
                self._sent_in_this_run.clear()
            case entries.RunEnded() if self.runs:
                self.runs[-1].ended = entry
            case entries.ReadBack():
                self._note_alias(self.record(self.owner(entry.compliance_id) or ""), entry.alias)
            case entries.Swept():
                self.swept = True
                self.audited = entry.seq if entry.audit else self.audited

    def _touched(self, entry: Entry) -> Iterable[str]:
        """Whom an entry is about that names no single record; a run's beginning is about the calls cut off before it.

        Those were sent in the run before, so a ledger of many idle runs is not walked once for each of them.
        """
        match entry:
            case entries.Admitted():
                return entry.tokens
            case entries.RunStarted():
                sent = dict.fromkeys(self._sent_in_this_run)
                return [token for token in sent if self.records[token].state is State.SENDING]
            case _:
                return ()


# Reading a member off its class takes longer than what is done with it here.
_CREATE = Op.CREATE
_PENDING, _SENDING, _SUBMITTED = State.PENDING, State.SENDING, State.SUBMITTED
_TO_BE_REVIEWED = Review.PENDING.value


class Replay(LedgerState):
    """Takes a ledger's entries in their order; `finish` makes plain books of it."""

    __slots__ = ()

    _new = cast("type[Record]", Draft)

    @staticmethod
    def _step(record: Record, entry: Entry) -> Record:
        return step_in_place(record, entry)

    def finish(self) -> LedgerState:
        """The same as books, whose records never change."""
        for record in self.records.values():
            finish(record)
        self.__class__ = LedgerState  # type: ignore[assignment]
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
            LedgerState.take(self, entry)

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


class Journal(Protocol):
    """An open ledger."""

    @property
    def ledger_state(self) -> LedgerState:
        """What all entries so far amount to."""
        ...

    async def append(self, entry: Entry) -> None:
        """Write the entry; it is on disk when this returns.

        Raises:
            IllegalStepError: the table knows no such step; nothing is written.
            StoppedError: the disk failed; nothing more can be written, so nothing more may be sent.
        """
        ...
