"""Delete records on purpose: those that one run created (`undo`), or one by its Key (`delete`).

`plan_deletion` says what would be done about each record, for somebody to confirm; `delete_records` does it, and checks
each record again just before.

Only records that the API allows to be deleted, and whose id this ledger knows, are deleted: one that is approved or has
numbers is refused here already. Of a run these are the records that its own creates made, or may have made; what it
found at the API was there before. A record whose newest write is unknown is looked for first. A record that the API
calls by another name than it was given is never deleted.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import records_called
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway, Get, ServerRecord
from bulk_onboard.model.entry import Op
from bulk_onboard.model.identity import may_be_cut_from, token_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import NOT_FILED, UNKNOWN, Record, Review, State, linked_numbers, unknown_numbers
from bulk_onboard.pipeline.connection import bound_ledger_state, connect, owned, reading
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.progress import FETCHING_REVIEWS, Progress
from bulk_onboard.pipeline.reviews import fetch_followed, is_gone
from bulk_onboard.pipeline.stop import Stop, why_stopped
from bulk_onboard.pipeline.writes import delete
from bulk_onboard.planning import Step, time_left

DELETABLE = frozenset({Review.DRAFT, Review.PENDING, Review.REJECTED, Review.MORE_INFO})

_OVER = (State.DELETED, State.GONE)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records somebody wants to be deleted.

    Attributes:
        find: the records among all of a ledger; UsageError where there is nothing to choose.
        includes: whether one record is among them, as the ledger is now.
    """

    find: Callable[[LedgerState], Sequence[Record]]
    includes: Callable[[Record, LedgerState], bool]


class PlannedAction(Enum):
    """What is to be done about a record that somebody wants to be deleted."""

    DELETE = auto()
    FIND_FIRST = auto()  # its create is unknown: look for it, and delete it if it is there
    ALREADY_GONE = auto()
    KEEP = auto()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that is to be deleted, its review at the API now, and why it is kept; empty where it is not."""

    record: Record
    review: str
    action: PlannedAction
    why: str = ""

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be done about it."""
        return self.action in (PlannedAction.DELETE, PlannedAction.FIND_FIRST)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion came to.

    Attributes:
        deleted: records that are gone now.
        never_made: records that were looked for and had never been created.
        left: records that were to be deleted and are still there, each with why.
        error: what stopped it; None where nothing did.
    """

    deleted: tuple[Record, ...]
    never_made: tuple[Record, ...]
    left: tuple[Candidate, ...]
    error: errors.BulkOnboardError | None


def of_run(run_id: str) -> Selection:
    """Select the records that this run's own creates made, or may have made, whatever became of them since."""

    def find(ledger_state: LedgerState) -> Sequence[Record]:
        names = [run.started.run_id for run in ledger_state.runs]
        if run_id not in names:
            newest = ", ".join(reversed(names[-5:])) or "none"
            raise errors.UsageError(f"The ledger knows no run {run_id!r}. The newest are: {newest}.")
        return [record for record in ledger_state.records.values() if includes(record, ledger_state)]

    def includes(record: Record, ledger_state: LedgerState) -> bool:
        is_open = record.op is Op.CREATE and record.state in (*UNKNOWN, State.HELD)
        run = ledger_state.last_to_try(record) if is_open else ledger_state.creator(record)
        return run is not None and run.started.run_id == run_id and record.state is not State.ABANDONED

    return Selection(find, includes)


def of_key(name: str) -> Selection:
    """Select the one record with this Key, token, alias or compliance id."""

    def find(ledger_state: LedgerState) -> Sequence[Record]:
        called = records_called(ledger_state, name)
        if not called:
            raise errors.UsageError(f"The ledger knows no record {name!r}. Give a row's Key, a token, or an id.")
        if len(called) > 1:
            raise errors.UsageError(f"Several records are called {name!r}. Give one of their tokens instead.")
        return called

    return Selection(find, lambda record, ledger_state: record in records_called(ledger_state, name))


async def plan_deletion(
    job: Job,
    selection: Selection,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop | None = None,
    progress: Progress | None = None,
) -> tuple[Candidate, ...]:
    """Return the selected records, each with what is to be done about it; read only.

    Args:
        progress: where it says what it does.

    Raises:
        UsageError: there is no ledger, or nothing that can be selected.
        SignalledError: a signal asked to `stop`.
        BulkOnboardError: the ledger or the API cannot be used.
    """
    ledger_state = bound_ledger_state(job, credentials.auth_id)
    chosen = selection.find(ledger_state)
    submitted = LedgerState(records={record.token: record for record in chosen if record.state is State.SUBMITTED})
    if not submitted.records:
        return tuple(_candidate(record) for record in chosen)
    progress = progress or Progress()
    async with reading(job, credentials, clock=clock, stop=stop, progress=progress) as gateway:
        with progress.doing(FETCHING_REVIEWS):
            looked = await fetch_followed(gateway, submitted)
        if looked is None:
            raise errors.StoppedError("The API's list of records could not be read, so nothing was done. Try again.")
        found = {record.compliance_id: record for record in looked.records}
        return tuple([await _looked_at(gateway, record, found.get(record.compliance_id)) for record in chosen])


async def _looked_at(gateway: Gateway, record: Record, found: ServerRecord | None) -> Candidate:
    """Return the candidate; ask for the record by its id where no list showed it, to see what it is called."""
    if record.state is not State.SUBMITTED or found is not None:
        return _candidate(record, found)
    outcome = await gateway.send(Get(compliance_id=record.compliance_id))
    if is_gone(outcome):  # the delete will record that
        return Candidate(record, record.review, PlannedAction.DELETE)
    if isinstance(outcome, outcomes.Done):
        return _candidate(record, outcome.value)
    return Candidate(record, record.review, PlannedAction.KEEP, "the API could not be asked for it; try again later")


def _candidate(record: Record, found: ServerRecord | None = None) -> Candidate:
    review = (found.review or found.review_word) if found else record.review
    if record.state in UNKNOWN:
        return Candidate(record, review, PlannedAction.FIND_FIRST)
    if record.state in _OVER:
        return Candidate(record, review, PlannedAction.ALREADY_GONE)
    why = _another_name(record, found) if found else ""
    why = why or _objection(record, review)
    return Candidate(record, review, PlannedAction.KEEP if why else PlannedAction.DELETE, why)


def _another_name(record: Record, found: ServerRecord) -> str:
    """Say why it may be another row's record, by its alias at the API; that may have been cut off or rewritten."""
    token = token_in(found.alias)
    if token == record.token or (not token and (not found.alias or may_be_cut_from(found.alias, record.alias))):
        return ""
    whose = "as another row is called" if token else "otherwise than it was filed"
    return f"the API calls it {found.alias!r}, {whose}, so it may be somebody else's"


def _objection(record: Record, review: str) -> str:
    """Say why a record is kept; empty where it may be deleted."""
    if record.state is State.HELD:
        return "it is held; resolve it first, the report says how"
    if record.state is not State.SUBMITTED:
        return f"it is {record.state}, so there is nothing to delete"
    if unknown_numbers(record):
        return "it is not known yet whether numbers are linked to it; run again first, which looks"
    if linked_numbers(record):
        return "numbers are linked to it; the API keeps such a record"
    return "" if review in DELETABLE else f"its review is {review or 'not known'}; the API keeps such a record"


async def delete_records(
    job: Job,
    candidates: Sequence[Candidate],
    selection: Selection,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop,
    progress: Progress | None = None,
) -> Deletion:
    """Settle the unknown ones, then delete what is wanted, each with its intent in the ledger first.

    Args:
        selection: as for `plan_deletion`; a record that turns out not to be of the run is kept.
        progress: where it says how far it is.

    Raises:
        BulkOnboardError: it could not begin; what stops it later is in the result.
    """
    wanted = {one.record.token: one for one in candidates if one.is_wanted}
    progress = progress or Progress()
    progress.verb = "deleted"
    async with owned(job, credentials, clock=clock, stop=stop, progress=progress) as journal:
        settle_s = max([job.settle, *(run.started.settle for run in journal.ledger_state.runs[-1:])])
        requests: Counter[str] = Counter()

        def may_go(record: Record) -> bool:
            planned = wanted[record.token]
            if record == planned.record:
                return not _objection(record, planned.review)
            return selection.includes(record, journal.ledger_state) and not _objection(record, record.review)

        async with connect(job, credentials, clock=clock, stop=stop, journal=journal, requests=requests) as connection:
            progress.flow = connection.flow
            progress.time_left = lambda: time_left(
                [Step(requests=math.ceil(progress.requests_left))], connection.budget()
            )
            context = RunContext(gateway=connection.gateway, journal=journal, clock=clock, stop=stop)
            try:
                await delete(
                    context,
                    list(wanted),
                    settle_s=settle_s,
                    orphans_since=journal.locked_at,
                    may_go=may_go,
                    progress=progress,
                )
            except errors.StoppedError as stopped:
                stop.request(stopped)
        records = [journal.ledger_state.record(token) for token in wanted]
        left = [record for record in records if record.state not in (*_OVER, *NOT_FILED)]
        why_left = [_why_left(record, is_selected=selection.includes(record, journal.ledger_state)) for record in left]
    return Deletion(
        deleted=tuple(record for record in records if record.state in _OVER),
        never_made=tuple(record for record in records if record.state in NOT_FILED),
        left=tuple(
            Candidate(record, record.review, PlannedAction.KEEP, why)
            for record, why in zip(left, why_left, strict=True)
        ),
        error=why_stopped(stop.cause, base_url=job.base_url, sent_before=True, account=job.account),
    )


def _why_left(record: Record, *, is_selected: bool) -> str:
    """Say why a record that was to be deleted is still there, and what to do about it."""
    why = ": ".join(part for part in (record.code, record.reason) if part).rstrip(".")
    if record.state is State.SUBMITTED and not is_selected:
        return "it was found, and may have been there before the run; if it is to go, delete it by its Key"
    if objection := _objection(record, record.review) if record.state in (State.SUBMITTED, State.HELD) else "":
        return objection
    if record.state is State.SUBMITTED:
        return f"it was not deleted{f' ({why})' if why else ''}; the same command tries again"
    return f"what the API has of it is not known yet ({why}); the same command looks again"
