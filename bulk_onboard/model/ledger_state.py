"""The state that a ledger folds to: header, records, runs.

And the journal that appends to it.

`LedgerState` takes entries one at a time, and its records never change. `Replay` folds a whole ledger, faster: its
records are drafts that change in place until it is finished, and the three lines that nearly every record has (the
intent of its first create, the success of that, a review) skip the tables of `life` and make the same changes
(tests/unit/model/test_ledger_state_replay.py proves that).
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol, cast

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Adopted, Done, Entry, Intent, Op, Reviewed
from bulk_onboard.model.identity import alias_length, token_in
from bulk_onboard.model.life import step, step_in_place
from bulk_onboard.model.record import (
    Draft,
    Linkage,
    Linking,
    Record,
    Review,
    State,
    finish,
    linked_in,
    unknown_numbers,
    without_number,
)
from bulk_onboard.model.requirements import Contract, RequirementsBook

_FINISHED = (0, 3)  # exit statuses; after any other one the run is repeated, and its news with it


@dataclass(slots=True)
class RunStory:
    """One run: how it began, and how it ended.

    `ended` is None for a run that was killed or is still going.
    """

    started: entries.RunStarted
    ended: entries.RunEnded | None = None


class Usage(NamedTuple):
    """Requests that a run made in the minute, or less, before an instant (aware, UTC).

    `writes` and `throttled` are among `requests`.
    """

    at: datetime
    requests: int
    writes: int
    throttled: int


@dataclass(slots=True)
class LedgerState:
    """The state of a job, one entry at a time.

    Attributes:
        opened: the ledger's first line; None while it is empty.
        records: by token.
        runs: in the order they began.
        required: what the API requires, as a run was told last; None before any kept it.
        planned: what is due in the newest run; None until it has said so.
        usage: the requests of all runs, minute by minute, in the order in which they were made.
        swept: whether the account was walked completely once.
        alias_kept: bytes of the longest alias that the API is known to show whole.
        tried: number of the newest line with an intent to create.
        audited: number of the newest line that says that an audit was made; 0 for none.
        seq: number of the newest line.
        changes: how often a record has changed since the ledger was read; by it a plan is known to be out of date.
    """

    opened: entries.LedgerOpened | None = None
    records: dict[str, Record] = field(default_factory=dict)
    runs: list[RunStory] = field(default_factory=list)
    required: entries.Required | None = None
    planned: entries.Planned | None = None
    usage: list[Usage] = field(default_factory=list)
    swept: bool = False
    alias_kept: int = 0
    tried: int = 0
    audited: int = 0
    seq: int = 0
    changes: int = field(default=0, compare=False)
    _owners: dict[str, str] | None = field(default=None, compare=False)
    _holders: dict[str, str] = field(default_factory=dict, compare=False)
    _sent_in_this_run: list[str] = field(default_factory=list, compare=False)
    # `Replay` makes new records and steps in another way.
    _new: ClassVar[type[Record]] = Record
    _step = staticmethod(step)

    def only(self, tokens: Collection[str]) -> "LedgerState":
        """Return the state with the records of these tokens alone, for reports.

        It must not take further entries.
        """
        records = {token: record for token, record in self.records.items() if token in tokens}
        return replace(self, records=records, _owners=None)

    def owner(self, compliance_id: str) -> str | None:
        """Return the token of the record that has this compliance id.

        None where none has.
        """
        if self._owners is None:  # made on demand: most uses of a ledger never need it
            self._owners = {r.compliance_id: r.token for r in self.records.values() if r.compliance_id}
        return self._owners.get(compliance_id)

    @property
    def contract(self) -> Contract | None:
        """The contract in which the job's records were filed; None before any run asked for it."""
        asked = (run.started.contract for run in reversed(self.runs))
        return next((Contract(contract) for contract in asked if contract), None)

    @property
    def book(self) -> RequirementsBook | None:
        """What the API requires, as a run was told last; None before any kept it."""
        kept = self.required
        if kept is None:
            return None
        return RequirementsBook.of(kept.source, live=True, offered=kept.offered, contract=Contract(kept.contract))

    def successors(self) -> dict[str, str]:
        """Return by the token of each expired record that of the newest one in its place.

        One that was taken in and never sent counts for nothing yet.
        """
        next_ones = {record.follows: record.token for record in self.records.values() if record.follows}

        def newest(token: str) -> str:
            while token in next_ones:
                token = next_ones[token]
            return token

        return {token: newest(token) for token in next_ones}

    def newest_generations(self) -> list[Record]:
        """Return the records that no other one has taken the place of."""
        successors = self.successors()
        return [record for record in self.records.values() if record.token not in successors]

    def predecessors(self, token: str) -> Iterator[str]:
        """Yield the tokens of the expired records before this one, the newest first."""
        while token := self.record(token).follows:
            yield token

    @property
    def told_until(self) -> int:
        """The line of the last run that finished, and so reported its news; 0 for none."""
        ends = (run.ended for run in self.runs if run.ended)
        return max((end.seq for end in ends if end.exit_status in _FINISHED), default=0)

    def holder(self, number: str) -> str | None:
        """Return the token of the record that this phone number is linked to.

        None where none is known.
        """
        return self._holders.get(number)

    def creator(self, record: Record) -> RunStory | None:
        """Return the run whose create made the record, or may have.

        None for a record from elsewhere, or none.
        """
        return self._run_of(record.created)

    def last_to_try(self, record: Record) -> RunStory | None:
        """Return the run with the record's newest create, whatever its outcome.

        None where there was none.
        """
        return self._run_of(record.tried)

    def _run_of(self, seq: int) -> RunStory | None:
        """Return the run that wrote the ledger's line of this number."""
        place = bisect_right(self.runs, seq, key=lambda run: run.started.seq)
        return self.runs[place - 1] if place else None

    def record(self, token: str) -> Record:
        """Return the record of a token; a new one where the ledger has none."""
        return self.records.get(token) or self._new(token=token)

    def take(self, entry: Entry) -> None:
        """Take an entry.

        Raise IllegalStepError, and change nothing, where it is no legal step.
        """
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
        """Note the newest create, and the calls that a kill of the run may cut off."""
        self._sent_in_this_run.append(record.token)
        self.tried = max(self.tried, record.tried)

    @staticmethod
    def _note_id(owners: dict[str, str], before: str, record: Record) -> None:
        """Index a record by its new compliance id; no record has the old one any more."""
        if owners.get(before) == record.token:
            del owners[before]
        if record.compliance_id:
            owners[record.compliance_id] = record.token

    def _note_numbers(self, before: Mapping[str, Linking], record: Record) -> None:
        """Index a record by its linked numbers.

        A number is linked to one record only, so another one loses it.
        """
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
        """Whether creates were sent since the last audit whose findings were reported.

        Findings of an audit are reported at the end of its run, so one whose run was killed before that is repeated.
        """
        audit = self._run_of(self.audited)
        return self.tried > self.audited or (audit is not None and audit.ended is None)

    def _note_alias(self, record: Record, shown: str) -> None:
        """Note the length of an alias that the API shows with the token still in it."""
        if record.token and token_in(shown) == record.token:
            sent = record.alias if record.sent_at else shown
            self.alias_kept = max(self.alias_kept, alias_length(sent))

    def _take_of_run(self, entry: Entry) -> None:
        """Take an entry that is not about one record."""
        moved = [self._step(self.record(token), entry) for token in self._touched(entry)]
        self.records.update((record.token, record) for record in moved)
        self.changes += len(moved)
        match entry:
            case entries.LedgerOpened():
                self.opened = entry
            case entries.RunStarted():
                self.runs.append(RunStory(entry))
                self.planned = None
                self._sent_in_this_run.clear()
            case entries.Required():
                self.required = entry
            case entries.Planned():
                self.planned = entry
            case entries.Used():
                self._note_usage(entry)
            case entries.RunEnded() if self.runs:
                self.runs[-1].ended = entry
            case entries.ReadBack():
                self._note_alias(self.record(self.owner(entry.compliance_id) or ""), entry.alias)
            case entries.Swept():
                self.swept = True
                self.audited = entry.seq if entry.audit else self.audited

    def _note_usage(self, entry: entries.Used) -> None:
        """Note requests, which are for people: a line without an instant is passed over, and harms no ledger."""
        with suppress(ValueError):
            at = datetime.fromisoformat(entry.at)
            if at.tzinfo is not None:
                self.usage.append(Usage(at, entry.requests, entry.writes, entry.throttled))

    def _touched(self, entry: Entry) -> Iterable[str]:
        """Return the tokens of the records that such an entry changes.

        The start of a run changes those whose call was cut off. They were sent in the run before, so only that run's
        records are looked at, however many runs and records there are.
        """
        match entry:
            case entries.Admitted():
                return entry.tokens
            case entries.RunStarted():
                sent = dict.fromkeys(self._sent_in_this_run)
                return [token for token in sent if _is_sending(self.records[token])]
            case _:
                return ()


def _is_sending(record: Record) -> bool:
    """Return whether a write of the record, or of a number, has no outcome yet."""
    links = (record.numbers[number].linkage for number in unknown_numbers(record))
    return record.state is State.SENDING or Linkage.SENDING in links


# Reading a member off its class takes longer than what is done with it here.
_CREATE = Op.CREATE
_NOT_SENT, _SENDING, _SUBMITTED = State.NOT_SENT, State.SENDING, State.SUBMITTED
_TO_BE_REVIEWED = Review.PENDING.value


class Replay(LedgerState):
    """Takes a ledger's entries in order, with records that change in place.

    `finish` makes a LedgerState of it.
    """

    __slots__ = ()

    _new = cast("type[Record]", Draft)

    @staticmethod
    def _step(record: Record, entry: Entry) -> Record:
        return step_in_place(record, entry)

    def finish(self) -> LedgerState:
        """Return this as a LedgerState, whose records never change.

        This object itself becomes it.
        """
        for record in self.records.values():
            finish(record)
        self.__class__ = LedgerState  # type: ignore[assignment]
        return self

    def take(self, entry: Entry) -> None:
        """Take an entry; after an IllegalStepError this must not be used any more."""
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
        """Take the first intent to create a record; return whether it is one."""
        record: Draft = self.records.get(entry.token) or self._new(token=entry.token)
        if entry.op is not _CREATE or record.state is not _NOT_SENT or record.fingerprint or record.intended:
            return False
        if entry.follows:
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
        """Take the success of a first create; return whether it is one."""
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
        """Take a review that cannot end a refusal, of the record or a number.

        Return whether it is one.
        """
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
        """The state after all entries so far."""
        ...

    async def append(self, entry: Entry) -> None:
        """Write the entry; it is on disk when this returns.

        Raises:
            IllegalStepError: it is no legal step; nothing is written.
            StoppedError: the disk failed; nothing more can be written, so nothing more may be sent.
        """
        ...

    async def append_all(self, entries: Sequence[Entry]) -> None:
        """Write the entries in one write; all are on disk when this returns.

        Raises:
            IllegalStepError: one is no legal step; neither it nor what follows is written.
            StoppedError: as for `append`.
        """
        ...
