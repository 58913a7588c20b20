"""A record as the ledger tells it, beside what the API says now and what its documents are today (`show --server`)."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import Story
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import Get, ServerRecord
from bulk_onboard.model.entry import SentDocument
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.record import Record
from bulk_onboard.model.sheet import document_column
from bulk_onboard.pipeline.account import bound_books, reading
from bulk_onboard.pipeline.identities import identified_rows

EXPAND = ("end_user", "documents", "linked_numbers")


@dataclass(frozen=True, slots=True)
class FileToday:
    """A document of the newest intent, and the digest of the file that the row names for it now; empty for none."""

    sent: SentDocument
    sha256: str

    @property
    def is_same(self) -> bool:
        """Whether the file is still what was sent."""
        return self.sha256 == self.sent.sha256


@dataclass(frozen=True, slots=True)
class Today:
    """A record now.

    Attributes:
        found: what the API says; None where it has none, or the ledger has no id to ask for.
        differences: sentences about how that differs from the ledger.
        files: of the newest intent's documents; empty where nothing was sent.
        no_files: why the files could not be compared; empty where they could.
    """

    found: ServerRecord | None
    differences: tuple[str, ...]
    files: tuple[FileToday, ...] = ()
    no_files: str = ""


async def look_at_today(
    job: Job, stories: Sequence[Story], *, credentials: Credentials, clock: Clock
) -> tuple[Today, ...]:
    """Each of these records now, in their order; BulkOnboardError as for `compare_account`."""
    books = bound_books(job.ledger, auth_id=credentials.auth_id, base_url=job.base_url)
    async with reading(job, credentials, clock=clock) as gateway:
        looked = [await _ask(gateway, told) for told in stories]
    return tuple([await _with_files(job, books, told, today) for told, today in zip(stories, looked, strict=True)])


async def _ask(gateway: Gateway, told: Story) -> Today:
    record = told.record
    if not record.compliance_id:
        return Today(None, ("The ledger has no compliance id for it, so there is nothing to ask the API for.",))
    outcome = await gateway.send(Get(compliance_id=record.compliance_id, expand=EXPAND))
    if isinstance(outcome, outcomes.Done):
        return Today(outcome.value, tuple(differences(record, outcome.value, sent_documents(told))))
    if isinstance(outcome, outcomes.Refused) and outcome.http_status == 404:
        return Today(None, (f"The API has no record {record.compliance_id}.",))
    raise errors.StoppedError(f"The API could not be asked for {record.compliance_id} ({outcome.name}). Try again.")


def differences(record: Record, found: ServerRecord, sent: Sequence[SentDocument]) -> Iterator[str]:
    """How the record at the API differs from what the ledger says of it."""
    if record.alias and found.alias != record.alias:
        yield f"The API calls it {found.alias!r}, the ledger {record.alias!r}."
    if found.review and found.review != record.review:
        yield f"Its review is {found.review} at the API, {record.review or 'not known'} in the ledger."
    if sent and found.documents is not None and found.documents != len(sent):
        yield f"It has {found.documents} documents at the API; {len(sent)} were sent."


def sent_documents(told: Story) -> tuple[SentDocument, ...]:
    """The documents of the newest intent that had any."""
    return next((line.documents for line in reversed(told.lines) if line.documents), ())


async def _with_files(job: Job, books: Books, told: Story, today: Today) -> Today:
    """The same, with what the row's documents are today."""
    sent = sent_documents(told)
    if not sent:
        return Today(today.found, today.differences, no_files="nothing was sent by this ledger")
    folder = DocumentFolder(job.documents)
    try:
        rows = await identified_rows(job, books, auth_id=books.opened.auth_id if books.opened else "")
        folder.check()
    except (errors.WorkbookError, errors.DocumentsError) as gone:
        return Today(today.found, today.differences, no_files=str(gone))
    row = next((row for row, identity in rows if identity.token == told.record.token), None)
    if row is None:
        return Today(today.found, today.differences, no_files="its row is not in the workbook")
    paths = [row.cell(document_column(document.type)) for document in sent]
    facts = await asyncio.to_thread(folder.look_all, filter(None, paths))
    files = [FileToday(d, facts[path].sha256 if path else "") for d, path in zip(sent, paths, strict=True)]
    return Today(today.found, today.differences, tuple(files))
