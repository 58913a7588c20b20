"""Delete records on purpose: what one run created, or one by its Key (design.md 7, `undo` and `delete`).

Rule: only what the API lets go, and only what this ledger knows by its id. A record that is approved, or has numbers,
is refused here already (compliance-api.txt, "Delete Compliance"; wire.md 11, 26). Records that a run found instead of
making them are not that run's to undo. What is planned is shown to a person first, and looked at again when it is done.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import is_called
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.record import Record, Review, State, linked_numbers
from bulk_onboard.pipeline.account import bound_books, reading
from bulk_onboard.pipeline.connection import connect
from bulk_onboard.pipeline.ledger import open_ledger
from bulk_onboard.pipeline.stopping import why_stopped
from bulk_onboard.submission.delete import delete
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.reviews import look
from bulk_onboard.submission.stop import Stop

DELETABLE = frozenset({Review.PENDING, Review.REJECTED, Review.MORE_INFO})
_GONE = (State.DELETED, State.ABANDONED)

Choose = Callable[[Books], Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that is to be deleted: its review at the API now, and why it stays; `objection` is empty if it goes."""

    record: Record
    review: str
    objection: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """What came of it: records by state, those that went and those that did not; `error` is what stopped it."""

    deleted: int
    left: tuple[Record, ...]
    error: errors.BulkOnboardError | None


def of_run(run_id: str) -> Choose:
    """The records that this run created, whatever became of them since; UsageError where there was no such run."""

    def choose(books: Books) -> Sequence[Record]:
        names = [run.started.run_id for run in books.runs]
        if run_id not in names:
            newest = ", ".join(reversed(names[-5:])) or "none"
            raise errors.UsageError(f"The ledger knows no run {run_id!r}. The newest are: {newest}.")
        there = (record for record in books.records.values() if record.state not in _GONE)
        return [record for record in there if (run := books.creator(record)) and run.started.run_id == run_id]

    return choose


def of_key(name: str) -> Choose:
    """The one record with this Key, token, alias or compliance id; UsageError otherwise."""

    def choose(books: Books) -> Sequence[Record]:
        called = [record for record in books.records.values() if is_called(record, name)]
        if not called:
            raise errors.UsageError(f"The ledger knows no record {name!r}. Give a row's Key, a token, or an id.")
        if len(called) > 1:
            raise errors.UsageError(f"Several records are called {name!r}. Give one of their tokens instead.")
        return called

    return choose


async def plan_deletion(
    job: Job, choose: Choose, *, credentials: Credentials, clock: Clock, stop: Stop | None = None
) -> tuple[Candidate, ...]:
    """The chosen records, each with why it stays; reads only.

    Raises:
        UsageError: there is no ledger, or nothing that may be chosen.
        SignalledError: a signal asked to `stop`.
        BulkOnboardError: the ledger or the API cannot be used.
    """
    books = bound_books(job.ledger, auth_id=credentials.auth_id, base_url=job.base_url)
    chosen = choose(books)
    submitted = Books(records={record.token: record for record in chosen if record.state is State.SUBMITTED})
    shown: Iterable[ServerRecord] = ()
    if submitted.records:
        async with reading(job, credentials, clock=clock, stop=stop) as gateway:
            looked = await look(gateway, submitted)
        if looked is None:
            raise errors.StoppedError("The API's list of records could not be read, so nothing was done. Try again.")
        shown = looked.records
    found = {record.compliance_id: record for record in shown}
    return tuple(_candidate(record, found.get(record.compliance_id)) for record in chosen)


def _candidate(record: Record, found: ServerRecord | None) -> Candidate:
    review = (found.review or found.review_word) if found else record.review
    if found and token_in(found.alias) not in ("", record.token):
        return Candidate(record, review, "the API calls it as another row is called, so it may be that row's")
    return Candidate(record, review, _objection(record, review))


def _objection_now(candidate: Candidate, books: Books) -> str:
    """Why it stays after all: the ledger may have learned something while the question stood."""
    record = books.record(candidate.record.token)
    changed = record != candidate.record
    return candidate.objection or (_objection(record, record.review if changed else candidate.review))


def _objection(record: Record, review: str) -> str:
    if record.state in (State.SENDING, State.UNCERTAIN):
        return "it is not known yet what the API has of it; run the job first, which settles that"
    if record.state is not State.SUBMITTED:
        return f"it is {record.state}, so there is nothing to delete"
    if linked_numbers(record):
        return "numbers are linked to it; the API keeps such a record"
    return "" if review in DELETABLE else f"its review is {review or 'not known'}; the API keeps such a record"


async def delete_records(
    job: Job, candidates: Sequence[Candidate], *, credentials: Credentials, clock: Clock, stop: Stop
) -> Deletion:
    """Delete those without an objection, each with its intent in the ledger first.

    Raises:
        BulkOnboardError: nothing could be begun; what stops it later is in the result.
    """
    with open_ledger(job, credentials, clock) as journal:
        tokens = [one.record.token for one in candidates if not _objection_now(one, journal.books)]
        requests: Counter[str] = Counter()
        async with connect(job, credentials, clock=clock, stop=stop, journal=journal, requests=requests) as connection:
            desk = Desk(gateway=connection.gateway, journal=journal, clock=clock, stop=stop)
            try:
                await delete(desk, tokens, settle_s=job.settle)
            except errors.StoppedError as stopped:
                stop.request(stopped)
        going = [candidate.record.token for candidate in candidates if not candidate.objection]
        records = [journal.books.record(token) for token in going]
    return Deletion(
        deleted=sum(record.state is State.DELETED for record in records),
        left=tuple(record for record in records if record.state is not State.DELETED),
        error=why_stopped(stop.cause, base_url=job.base_url, sent_before=True),
    )
