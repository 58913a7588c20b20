"""Compare the ledger with the account: all of it, what no row of the sheet has, or one record.

    compare_account   `ledger verify --server`
    take_inventory    `status --not-in-workbook`
    diff_record       `ledger show --server`

A record is missing when the ledger has its id and the API does not show it. Lists may leave out old records, so one
that is not in the list is asked for by its id, unless these are very many.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import ExitStatus, WorkbookError
from bulk_onboard.intake.documents.copies import Copies
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import Story
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.call import Gateway, Get, ServerRecord
from bulk_onboard.model.entry import SentDocument
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.sheet import document_column
from bulk_onboard.pipeline.connection import bound_ledger_state, read_account, reading
from bulk_onboard.pipeline.judge import identified_rows
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.walk import DuplicateRecords, find_duplicates
from bulk_onboard.units import format_count

ASKED_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """How ledger and account differ.

    Attributes:
        missing: records that the ledger has with an id and the account does not have.
        renamed: records of the ledger, each with the other alias that it has at the API.
        twice: tokens with several records at the API, whether this ledger has them or not.
        extra: records with a token that this ledger does not have: of another job, or of a lost ledger.
    """

    missing: tuple[Record, ...]
    renamed: tuple[tuple[Record, str], ...]
    twice: tuple[DuplicateRecords, ...]
    extra: tuple[ServerRecord, ...]

    @property
    def exit_status(self) -> ExitStatus:
        """Return `ROWS_NEED_ATTENTION` where anything differs but what another job may have filed."""
        wrong = self.missing or self.renamed or self.twice
        return ExitStatus.ROWS_NEED_ATTENTION if wrong else ExitStatus.DONE

    @property
    def sentences(self) -> Iterator[str]:
        """Yield a sentence about each difference, the worst first."""
        for twice in self.twice:
            deletable = ", ".join(twice.deletable)
            advice = f"delete {deletable}" if deletable else "the others cannot be deleted"
            ids = ", ".join(twice.compliance_ids)
            yield f"Token {twice.token} has several records at the API, {ids}: keep the first; {advice}."
        for record in self.missing:
            yield f"Record {record.token} is {record.compliance_id} in the ledger, which the API does not show."
        for record, alias in self.renamed:
            yield f"Record {record.token}, {record.compliance_id}, is called {alias!r} at the API."
        if self.extra:
            records = format_count(len(self.extra), "record")
            yield f"{records} at the API with a token that this ledger does not know: of another job?"


async def compare_account(
    job: Job, *, credentials: Credentials, clock: Clock, progress: Progress | None = None
) -> Comparison:
    """Compare the job's ledger with the account; read only.

    Raises:
        LedgerError: the ledger is of another account or address.
        BulkOnboardError: the API cannot be read.
    """
    ledger_state = bound_ledger_state(job, credentials.auth_id)
    async with reading(job, credentials, clock=clock, progress=progress) as gateway:
        shown = await read_account(gateway)
        missing = not_shown(ledger_state, shown)
        if len(missing) <= ASKED_AT_MOST:
            asked = [await _ask_for(gateway, record) for record in missing]
            shown += tuple(found for found in asked if found is not None)
    return compare(ledger_state, shown)


def not_shown(ledger_state: LedgerState, shown: Sequence[ServerRecord]) -> list[Record]:
    """Return the ledger's records with an id that is not among those shown."""
    ids = {record.compliance_id for record in shown}
    return [r for r in ledger_state.records.values() if _is_there(r) and r.compliance_id not in ids]


def compare(ledger_state: LedgerState, shown: Sequence[ServerRecord]) -> Comparison:
    """Compare the ledger with the records that the account shows."""
    by_id = {record.compliance_id: record.alias for record in shown}
    tokens = {token for record in shown if (token := token_in(record.alias))}
    return Comparison(
        missing=tuple(not_shown(ledger_state, shown)),
        renamed=tuple(
            (record, alias)
            for record in ledger_state.records.values()
            if _is_there(record) and (alias := by_id.get(record.compliance_id)) is not None
            if alias != record.alias and token_in(alias) != record.token and (record.alias or token_in(alias))
        ),
        twice=tuple(find_duplicates(shown, ledger_state, others=True)),
        extra=tuple(record for record in shown if token_in(record.alias) in tokens - ledger_state.records.keys()),
    )


def _is_there(record: Record) -> bool:
    return bool(record.compliance_id) and record.state not in (State.DELETED, State.GONE)


async def _ask_for(gateway: Gateway, record: Record) -> ServerRecord | None:
    outcome = await gateway.send(Get(compliance_id=record.compliance_id))
    return outcome.value if isinstance(outcome, Done) else None


class Origin(StrEnum):
    """Where a record of the account comes from."""

    ROW = "a row of the sheet"
    ROW_GONE = "this job, its row is gone"
    OTHER_JOB = "another job, or a ledger that was lost"
    ELSEWHERE = "not from this tool"


@dataclass(frozen=True, slots=True)
class AccountInventory:
    """The account's records, each with where it comes from, and why there was no sheet; empty where there was."""

    records: tuple[tuple[ServerRecord, Origin], ...]
    no_sheet: str = ""


async def take_inventory(
    job: Job, *, credentials: Credentials, clock: Clock, progress: Progress | None = None
) -> AccountInventory:
    """List every record of the account; read only.

    Without the workbook each record of the ledger counts as one that a row has.

    Raises:
        UsageError: there is no ledger.
        BulkOnboardError: the ledger or the API cannot be read.
    """
    ledger_state = bound_ledger_state(job, credentials.auth_id)
    try:
        rows = await identified_rows(job, ledger_state, auth_id=credentials.auth_id)
        claimed, why = {identity.token for _, identity in rows}, ""
    except WorkbookError as gone:
        claimed, why = set(ledger_state.records), str(gone)
    async with reading(job, credentials, clock=clock, progress=progress) as gateway:
        shown = await read_account(gateway)
    return AccountInventory(tuple(placed(shown, ledger_state, claimed)), why)


def placed(
    shown: Iterable[ServerRecord], ledger_state: LedgerState, claimed: set[str]
) -> Iterable[tuple[ServerRecord, Origin]]:
    """Yield each record with where it comes from; `claimed` are the tokens of the sheet's rows."""
    for record in shown:
        token = token_in(record.alias)
        known = ledger_state.owner(record.compliance_id) or (token if token in ledger_state.records else "")
        if (known or token) in claimed:
            yield record, Origin.ROW
        elif known:
            yield record, Origin.ROW_GONE
        else:
            yield record, Origin.OTHER_JOB if token else Origin.ELSEWHERE


EXPAND = ("end_user", "documents", "linked_numbers")


@dataclass(frozen=True, slots=True)
class FileToday:
    """A document of the newest intent, and the digest of the row's file for it today; empty where there is none."""

    sent: SentDocument
    sha256: str

    @property
    def is_same(self) -> bool:
        """Return whether the file is still what was sent."""
        return self.sha256 == self.sent.sha256


@dataclass(frozen=True, slots=True)
class RecordDiff:
    """How a record and its files differ today from what the ledger says.

    Attributes:
        found: the record at the API; None where there is none, or the ledger has no id to ask for.
        differences: a sentence about each difference from the ledger.
        files: the documents of the newest intent; empty where nothing was sent.
        no_files: why the files could not be compared; empty where they could.
    """

    found: ServerRecord | None
    differences: tuple[str, ...]
    files: tuple[FileToday, ...] = ()
    no_files: str = ""


async def diff_record(
    job: Job,
    stories: Sequence[Story],
    *,
    credentials: Credentials,
    clock: Clock,
    progress: Progress | None = None,
) -> tuple[RecordDiff, ...]:
    """Compare these records with the API and with today's files, in their order; errors as for `compare_account`."""
    ledger_state = bound_ledger_state(job, credentials.auth_id)
    async with reading(job, credentials, clock=clock, progress=progress) as gateway:
        looked = [await _ask(gateway, one) for one in stories]
    return tuple([await _with_files(job, ledger_state, one, today) for one, today in zip(stories, looked, strict=True)])


async def _ask(gateway: Gateway, one: Story) -> RecordDiff:
    record = one.record
    if not record.compliance_id:
        return RecordDiff(None, ("The ledger has no compliance id for it, so there is nothing to ask the API for.",))
    outcome = await gateway.send(Get(compliance_id=record.compliance_id, expand=EXPAND))
    if isinstance(outcome, outcomes.Done):
        return RecordDiff(outcome.value, tuple(differences(record, outcome.value, sent_documents(one))))
    if isinstance(outcome, outcomes.Refused) and outcome.http_status == 404:
        return RecordDiff(None, (f"The API has no record {record.compliance_id}.",))
    raise errors.StoppedError(f"The API could not be asked for {record.compliance_id} ({outcome.name}). Try again.")


def differences(record: Record, found: ServerRecord, sent: Sequence[SentDocument]) -> Iterator[str]:
    """Yield a sentence about each difference between the record at the API and the ledger."""
    if record.alias and found.alias != record.alias:
        yield f"The API calls it {found.alias!r}, the ledger {record.alias!r}."
    if found.review and found.review != record.review:
        yield f"Its review is {found.review} at the API, {record.review or 'not known'} in the ledger."
    if sent and found.documents is not None and found.documents != len(sent):
        yield f"It has {found.documents} documents at the API; {len(sent)} were sent."


def sent_documents(one: Story) -> tuple[SentDocument, ...]:
    """Return the documents of the newest intent that had any."""
    return next((line.documents for line in reversed(one.lines) if line.documents), ())


async def _with_files(job: Job, ledger_state: LedgerState, one: Story, today: RecordDiff) -> RecordDiff:
    """Add what the row's documents are today."""
    sent = sent_documents(one)
    if not sent:
        return RecordDiff(today.found, today.differences, no_files="nothing was sent by this ledger")
    folder = DocumentFolder(job.documents)
    try:
        rows = await identified_rows(
            job, ledger_state, auth_id=ledger_state.opened.auth_id if ledger_state.opened else ""
        )
        folder.check()
    except (errors.WorkbookError, errors.DocumentsError) as gone:
        return RecordDiff(today.found, today.differences, no_files=str(gone))
    row = next((row for row, identity in rows if identity.token == one.record.token), None)
    if row is None:
        return RecordDiff(today.found, today.differences, no_files="its row is not in the workbook")
    paths = [row.cell(document_column(document.type)) for document in sent]
    facts: Mapping[str, FileFacts] = await asyncio.to_thread(folder.look_all, filter(None, paths))
    if ledger_state.contract:
        facts = await asyncio.to_thread(Copies(job.converted, folder).in_place, facts, ledger_state.contract)
    files = [FileToday(d, facts[path].sha256 if path else "") for d, path in zip(sent, paths, strict=True)]
    return RecordDiff(today.found, today.differences, tuple(files))
