"""Delete records on purpose: what one run created, or one by its Key (`undo` and `delete`).

Rule: only what the API lets go, and only what this ledger knows by its id. A record that is approved, or has numbers,
is refused here already. Of a run only what its own create made, or may have made: what it found at the API was
somebody else's. A record whose newest write is unknown is looked for first; what then turns out to be there goes with
the others. No record is deleted that the API calls by another name than it was given.

What is planned is shown to a person first, and looked at again when it is done.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import is_called
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway, Get, ServerRecord
from bulk_onboard.model.entry import Op
from bulk_onboard.model.identity import may_be_cut_from, token_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Record, Review, State, linked_numbers
from bulk_onboard.run.connection import bound_ledger_state, connect, open_ledger, reading
from bulk_onboard.run.context import RunContext
from bulk_onboard.run.reviews import fetch_followed, is_gone
from bulk_onboard.run.stop import Stop, why_stopped
from bulk_onboard.run.writes import delete

DELETABLE = frozenset({Review.PENDING, Review.REJECTED, Review.MORE_INFO})

_OVER = (State.DELETED, State.GONE)
_UNKNOWN = (State.SENDING, State.UNCERTAIN)
_NEVER_MADE = (State.INVALID, State.PENDING, State.DEFERRED, State.REFUSED)

Choose = Callable[[LedgerState], Sequence[Record]]


class Fate(Enum):
    """What is to become of a record that somebody wants to be deleted."""

    GOES = auto()
    LOOKED_FOR = auto()  # it goes if it is there, which is not known yet
    OVER = auto()  # it is not there any more
    STAYS = auto()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that is to be deleted: its review at the API now, and why it stays; `why` is empty where it does not."""

    record: Record
    review: str
    fate: Fate
    why: str = ""

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be done about it."""
        return self.fate in (Fate.GOES, Fate.LOOKED_FOR)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What came of it.

    Attributes:
        deleted: the records that went.
        never_made: of those that were looked for the ones that were never made.
        left: the others that were to go, each as it is now and why it stays.
        error: what stopped it.
    """

    deleted: tuple[Record, ...]
    never_made: tuple[Record, ...]
    left: tuple[Candidate, ...]
    error: errors.BulkOnboardError | None


def of_run(run_id: str) -> Choose:
    """The records that this run's own creates made, or may have made, whatever became of them since.

    UsageError where there was no such run.
    """

    def choose(ledger_state: LedgerState) -> Sequence[Record]:
        names = [run.started.run_id for run in ledger_state.runs]
        if run_id not in names:
            newest = ", ".join(reversed(names[-5:])) or "none"
            raise errors.UsageError(f"The ledger knows no run {run_id!r}. The newest are: {newest}.")
        return [record for record in ledger_state.records.values() if _is_of(run_id, record, ledger_state)]

    return choose


def _is_of(run_id: str, record: Record, ledger_state: LedgerState) -> bool:
    """Whether the run made the record, or was the last to try, and what became of that is not known."""
    is_open = record.op is Op.CREATE and record.state in (*_UNKNOWN, State.HELD)
    run = ledger_state.last_to_try(record) if is_open else ledger_state.creator(record)
    return run is not None and run.started.run_id == run_id and record.state is not State.ABANDONED


def of_key(name: str) -> Choose:
    """The one record with this Key, token, alias or compliance id; UsageError otherwise."""

    def choose(ledger_state: LedgerState) -> Sequence[Record]:
        called = [record for record in ledger_state.records.values() if is_called(record, name)]
        if not called:
            raise errors.UsageError(f"The ledger knows no record {name!r}. Give a row's Key, a token, or an id.")
        if len(called) > 1:
            raise errors.UsageError(f"Several records are called {name!r}. Give one of their tokens instead.")
        return called

    return choose


async def plan_deletion(
    job: Job, choose: Choose, *, credentials: Credentials, clock: Clock, stop: Stop | None = None
) -> tuple[Candidate, ...]:
    """The chosen records, each with what is to become of it; reads only.

    Raises:
        UsageError: there is no ledger, or nothing that may be chosen.
        SignalledError: a signal asked to `stop`.
        BulkOnboardError: the ledger or the API cannot be used.
    """
    ledger_state = bound_ledger_state(job.ledger, auth_id=credentials.auth_id, base_url=job.base_url)
    chosen = choose(ledger_state)
    submitted = LedgerState(records={record.token: record for record in chosen if record.state is State.SUBMITTED})
    if not submitted.records:
        return tuple(_candidate(record) for record in chosen)
    async with reading(job, credentials, clock=clock, stop=stop) as gateway:
        looked = await fetch_followed(gateway, submitted)
        if looked is None:
            raise errors.StoppedError("The API's list of records could not be read, so nothing was done. Try again.")
        found = {record.compliance_id: record for record in looked.records}
        return tuple([await _looked_at(gateway, record, found.get(record.compliance_id)) for record in chosen])


async def _looked_at(gateway: Gateway, record: Record, found: ServerRecord | None) -> Candidate:
    """The same as `_candidate`; one that no list showed is asked for by its id, or nobody knew whose record that is."""
    if record.state is not State.SUBMITTED or found is not None:
        return _candidate(record, found)
    outcome = await gateway.send(Get(compliance_id=record.compliance_id))
    if is_gone(outcome):  # to delete it writes that down
        return Candidate(record, record.review, Fate.GOES)
    if isinstance(outcome, outcomes.Done):
        return _candidate(record, outcome.value)
    return Candidate(record, record.review, Fate.STAYS, "the API could not be asked for it; try again later")


def _candidate(record: Record, found: ServerRecord | None = None) -> Candidate:
    review = (found.review or found.review_word) if found else record.review
    if record.state in _UNKNOWN:
        return Candidate(record, review, Fate.LOOKED_FOR)
    if record.state in _OVER:
        return Candidate(record, review, Fate.OVER)
    why = _another_name(record, found) if found else ""
    why = why or _objection(record, review)
    return Candidate(record, review, Fate.STAYS if why else Fate.GOES, why)


def _another_name(record: Record, found: ServerRecord) -> str:
    """Why it may be another row's record by what the API calls it; an alias may have been cut off or written anew."""
    token = token_in(found.alias)
    if token == record.token or (not token and (not found.alias or may_be_cut_from(found.alias, record.alias))):
        return ""
    whose = "as another row is called" if token else "otherwise than it was filed"
    return f"the API calls it {found.alias!r}, {whose}, so it may be somebody else's"


def _objection(record: Record, review: str) -> str:
    """Why a record stays; empty where it may go."""
    if record.state is State.HELD:
        return "it is held: a person must settle that first; the report says how"
    if record.state is not State.SUBMITTED:
        return f"it is {record.state}, so there is nothing to delete"
    if linked_numbers(record):
        return "numbers are linked to it; the API keeps such a record"
    return "" if review in DELETABLE else f"its review is {review or 'not known'}; the API keeps such a record"


async def delete_records(
    job: Job, candidates: Sequence[Candidate], choose: Choose, *, credentials: Credentials, clock: Clock, stop: Stop
) -> Deletion:
    """Delete those that are wanted, each with its intent in the ledger first, after what is unknown was settled.

    Args:
        choose: as for `plan_deletion`; by it a record stays that turns out not to be of the run.

    Raises:
        BulkOnboardError: nothing could be begun; what stops it later is in the result.
    """
    wanted = {one.record.token: one for one in candidates if one.is_wanted}
    with open_ledger(job, credentials, clock) as journal:
        settle_s = max([job.settle, *(run.started.settle for run in journal.ledger_state.runs[-1:])])
        requests: Counter[str] = Counter()

        def may_go(record: Record) -> bool:
            planned = wanted[record.token]
            if record == planned.record:
                return not _objection(record, planned.review)
            return record in choose(journal.ledger_state) and not _objection(record, record.review)

        async with connect(job, credentials, clock=clock, stop=stop, journal=journal, requests=requests) as connection:
            context = RunContext(gateway=connection.gateway, journal=journal, clock=clock, stop=stop)
            try:
                await delete(
                    context,
                    list(wanted),
                    settle_s=settle_s,
                    orphans_since=journal.locked_at,
                    may_go=may_go,
                )
            except errors.StoppedError as stopped:
                stop.request(stopped)
        records = [journal.ledger_state.record(token) for token in wanted]
        left = [record for record in records if record.state not in (*_OVER, *_NEVER_MADE)]
        still_chosen = {record.token for record in choose(journal.ledger_state)}
    return Deletion(
        deleted=tuple(record for record in records if record.state in _OVER),
        never_made=tuple(record for record in records if record.state in _NEVER_MADE),
        left=tuple(
            Candidate(record, record.review, Fate.STAYS, _why_left(record, is_chosen=record.token in still_chosen))
            for record in left
        ),
        error=why_stopped(stop.cause, base_url=job.base_url, sent_before=True),
    )


def _why_left(record: Record, *, is_chosen: bool) -> str:
    """Why a record that was to go is still there, and what to do about it."""
    why = ": ".join(part for part in (record.code, record.reason) if part).rstrip(".")
    if record.state is State.SUBMITTED and not is_chosen:
        return "it was found, and may have been there before the run; if it is to go, delete it by its Key"
    if objection := _objection(record, record.review) if record.state in (State.SUBMITTED, State.HELD) else "":
        return objection
    if record.state is State.SUBMITTED:
        return f"it was not deleted{f' ({why})' if why else ''}; the same command tries again"
    return f"what the API has of it is not known yet ({why}); the same command looks again"
