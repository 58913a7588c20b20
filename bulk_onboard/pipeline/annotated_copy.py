"""Write the annotated copy of a job's workbook, and the workbook of the failed rows alone."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from bulk_onboard import errors
from bulk_onboard.clock import Clock
from bulk_onboard.confined.call import ConfinedError, Failure, run_confined
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.job import Job, are_all, whole_job
from bulk_onboard.job_file import name_of
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Sheet, Stored, WorkbookType, type_by_name
from bulk_onboard.pipeline.judge import Judgement, make_dry_run
from bulk_onboard.pipeline.kept_flags import remembered
from bulk_onboard.pipeline.sheets import columns_at_hand, read_sheets, whole_sheet
from bulk_onboard.reporting import target
from bulk_onboard.reporting.annotated.annotation import (
    Annotation,
    Part,
    Request,
    failed_rows,
    make_annotation,
    read_answer,
    request_bytes,
    rows_to_fix,
)
from bulk_onboard.reporting.annotated.base import BASE_SHEET, Base, copies, from_pieces, is_untouched, places, seal
from bulk_onboard.reporting.annotated.guide import HANDED_ON
from bulk_onboard.reporting.annotated.plain import write_plain
from bulk_onboard.reporting.over_all import of_no_account
from bulk_onboard.reporting.row_status import JobStatus

ROWS_AT_MOST = 20_000
"""Of a sheet with more rows the copy has only those to fix, or nobody would find them in it."""

_SOME_ROWS = (
    "The sheet has more than {most:,} rows, so this copy has only those to fix, under their row numbers, without "
    "styles, formulas or other sheets. The others stay in the workbook."
)

_FAILED_ROWS = (
    "This workbook has only the rows that need attention, under their row numbers, without styles, formulas or other "
    "sheets."
)

_LIMITS = Limits(cpu_s=120, wall_s=240.0)
_CHILD = "bulk_onboard.reporting.annotated.styled"

_Write = Callable[[BinaryIO, Path], None]


@dataclass(frozen=True, slots=True)
class Annotated:
    """Where the annotated workbook is, and sentences about it for people.

    Attributes:
        path: None where it could not be written.
        accounts: of a sheet that accounts share, those with rows in it.
    """

    path: Path | None
    notes: tuple[str, ...]
    accounts: tuple[str, ...] = ()


def annotate(job: Job, judgement: Judgement, status: JobStatus) -> Annotated | None:
    """Write the annotated workbook beside the job's own.

    Return None where there are no errors, so nothing to fix.

    Call it in a thread, since it takes a while. Raises nothing for a file that cannot be read or written.

    Args:
        status: the rows of the workbook that was judged.
    """
    if job.shares_sheet:
        return next(iter(annotate_shared([job], {job.account: (judgement, status)}, ())), None)
    return _annotated(job, judgement.sheet, [Part(judgement.columns, status)])


Judged: TypeAlias = Mapping[str, tuple[Judgement, JobStatus]]
"""The rows of accounts as they were judged, and joined with their records, by the account's name."""


def annotate_shared(jobs: Sequence[Job], judged: Judged, unassigned: Sequence[Finding]) -> tuple[Annotated, ...]:
    """Write a marked copy of each workbook that accounts share, with what was found in the rows of all of them.

    A workbook without errors has none. The rows of accounts that are not among these stay as they are. Call it in a
    thread; raises nothing for a file that cannot be read or written.

    Args:
        jobs: those without a part in it, since they have a workbook of their own or were not judged, are passed over.
        unassigned: what is wrong with the rows of no account.
    """
    sharing = [job for job in jobs if job.shares_sheet and job.account in judged]
    read = {judged[job.account][0].sheet.sha256 for job in sharing}
    unowned = {
        (each.job.workbook, each.job.sheet): each.status for each in rows_of_no_account(sharing, unassigned, read)
    }
    made: list[Annotated] = []
    for (workbook, name), sharers in _by_sheet(sharing).items():
        accounts = tuple(job.account for job in sharers)
        try:
            sheet = whole_sheet(sharers[0])
        except WorkbookError as gone:
            why = f"There is no marked copy, since the workbook cannot be read again: {gone}"
            made.append(Annotated(None, (why,), accounts))
            continue
        if read != {sheet.sha256}:
            why = f"There is no marked copy: {workbook} was changed after it was read."
            made.append(Annotated(None, (why,), accounts))
            continue
        parts = [Part(judgement.columns, status) for judgement, status in (judged[job.account] for job in sharers)]
        if (status := unowned.get((workbook, name))) is not None:
            parts.append(Part(parts[0].columns, status))
        if (copy := _annotated(sharers[0], sheet, parts)) is not None:
            made.append(replace(copy, accounts=accounts))
    return tuple(made)


class OfNoAccount(NamedTuple):
    """The rows of a shared sheet that are no account's; `job` is the first account that shares it."""

    job: Job
    status: JobStatus


def rows_of_no_account(
    jobs: Sequence[Job], unassigned: Sequence[Finding], read: Collection[str]
) -> Iterator[OfNoAccount]:
    """Yield the rows that are no account's, of each sheet that these accounts share and that has any.

    Args:
        read: digests of the workbooks as they were read; a row of another one has no name here.
    """
    left = unassigned
    for sharers in _by_sheet(job for job in jobs if job.shares_sheet).values() if left else ():
        job, found, rows = sharers[0], left, dict[int, Row]()
        sheet: Sheet | None = None
        with contextlib.suppress(WorkbookError):
            sheet = whole_sheet(job)
        if sheet is not None and sheet.sha256 in read:
            found = [finding for finding in left if finding.sheet == sheet.name]
            numbers = {finding.row for finding in found}
            wanted = [place for place, number in enumerate(sheet.numbers) if number in numbers]
            columns = columns_at_hand(job, sheet)
            rows = {row.number: row for row in rows_of(sheet, columns, defaults=job.defaults, places=wanted)}
        if found:
            yield OfNoAccount(job, of_no_account(found, rows))
        left = [finding for finding in left if finding.sheet != found[0].sheet] if found else left


def _by_sheet(jobs: Iterable[Job]) -> dict[tuple[Path, str | None], list[Job]]:
    """Return the jobs that share each sheet."""
    shared: dict[tuple[Path, str | None], list[Job]] = {}
    for job in jobs:
        shared.setdefault((job.workbook, job.sheet), []).append(job)
    return shared


def _annotated(job: Job, sheet: Sheet, parts: Sequence[Part]) -> Annotated | None:
    """Write the marked copy of a sheet; return None where there are no errors."""
    findings = [finding for part in parts for finding in part.status.findings()]
    if not any(finding.severity is Severity.ERROR for finding in findings):
        return None
    some_rows = sheet.height > ROWS_AT_MOST
    shown = rows_to_fix(sheet, findings) if some_rows else sheet
    annotation = make_annotation(shown, parts, bases=_bases_of(job), some_rows=some_rows)
    created = datetime.now(UTC).replace(microsecond=0)
    write, notes = _copy(job.workbook, shown, annotation, created)
    return _put(job, write, notes, created)


def _bases_of(job: Job) -> tuple[Base, ...]:
    """Return what the workbook was made from, where it is an annotated copy itself."""
    return bases_in(job.workbook) if name_of(job.workbook) != job.workbook.stem else ()


async def write_failed_rows(jobs: Sequence[Job], path: Path, *, clock: Clock) -> tuple[int, str]:
    """Write a workbook of the rows alone that need attention, marked as in the annotated copy; for a colleague.

    Nothing is written where there is no such row.

    Args:
        jobs: one, or accounts that share a sheet.

    Returns:
        How many rows it has, and the command that takes it back once it is fixed.

    Raises:
        UsageError: the file is there and somebody has saved it, or it cannot be written; or there is no ledger.
        WorkbookError, HeadersError, DocumentsError: the workbook cannot be read.
    """
    _refuse_saved(path)
    if len(jobs) > 1 and (len(_by_sheet(jobs)) > 1 or not jobs[0].shares_sheet):
        raise errors.UsageError(
            "--failed-rows is of one workbook, and these accounts have several. Pick those of one with --account."
        )
    books = {job.account: _ledger_if_any(job, needed=len(jobs) == 1) for job in jobs}
    jobs = [remembered(job, books[job.account]) for job in jobs]
    sheets = await read_sheets(jobs, rows_needed=False)
    dry_runs = [
        await make_dry_run(
            job,
            credentials=None,
            clock=clock,
            book=books[job.account].book,
            sheets=sheets,
            ledger_state=books[job.account],
        )
        for job in jobs
    ]
    parts = [Part(dry_run.judgement.columns, dry_run.status()) for dry_run in dry_runs]
    whole = dry_runs[0].judgement.sheet
    if jobs[0].shares_sheet:
        for each in rows_of_no_account(jobs, sheets.unassigned if are_all(jobs) else (), {whole.sha256}):
            parts.append(Part(parts[0].columns, each.status))
        whole = await asyncio.to_thread(whole_sheet, jobs[0])
    sheet = failed_rows(whole, [part.status for part in parts])
    back = whole_job(jobs).merge(str(path))
    if not sheet.height:
        return 0, back
    annotation = make_annotation(sheet, parts, bases=_bases_of(jobs[0]), some_rows=True)
    created = clock.now().replace(microsecond=0)

    def write_and_seal(file: BinaryIO, folder: Path) -> None:
        notes = (_FAILED_ROWS, *_lacks_values(sheet))
        write_plain(file, folder, sheet=sheet, annotation=annotation, notes=notes, created=created, guide=HANDED_ON)
        seal(file, created)

    try:
        await asyncio.to_thread(target.replace, path, write_and_seal)
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from None
    return sheet.height, back


def _ledger_if_any(job: Job, *, needed: bool) -> LedgerState:
    return job.ledger_state(is_needed=needed)


def _refuse_saved(path: Path) -> None:
    """Raise UsageError where the file is there and is not one that we wrote and nobody has saved since."""
    if os.path.lexists(path) and not is_untouched(path):
        raise errors.UsageError(f"{path} is there already and is not overwritten. Choose another name.")


def bases_in(copy: Path) -> tuple[Base, ...]:
    """Return what an annotated copy was made from, the oldest first; none where it does not say."""
    try:
        return from_pieces(row.cells[0] for row in read_sheet(copy, sheet=BASE_SHEET, header_row=1, encoding=None).rows)
    except WorkbookError:
        return ()


def _copy(workbook: Path, sheet: Sheet, annotation: Annotation, created: datetime) -> tuple[_Write, tuple[str, ...]]:
    """Return what writes the copy, and sentences about it."""
    if annotation.some_rows:
        notes = (_SOME_ROWS.format(most=ROWS_AT_MOST), *_lacks_values(sheet))
        return partial(write_plain, sheet=sheet, annotation=annotation, notes=notes, created=created), notes
    why = f"a {workbook.suffix.lower()} file cannot hold marks"
    if type_by_name(workbook) is WorkbookType.XLSX:  # no other can be written again as it is
        try:
            content, notes = _styled(workbook, sheet, annotation, created)
        except (ConfinedError, OSError) as error:
            why = f"your own file cannot be marked: {_why_unmarked(error)}"
        else:
            return lambda file, folder: _write_all(file, content), notes
    notes = tuple(_lacks(why, sheet))
    return partial(write_plain, sheet=sheet, annotation=annotation, notes=notes, created=created), notes


def _lacks(why: str, sheet: Sheet) -> Iterator[str]:
    """Yield sentences about what a plain copy lacks."""
    yield (
        f"This is a plain copy of the sheet, since {why}. "
        "It has every row in its place, but no styles, formulas or other sheets."
    )
    yield from _lacks_values(sheet)


def _lacks_values(sheet: Sheet) -> Iterator[str]:
    if any(Stored.UNCALCULATED in kinds.values() for kinds in sheet.kinds.values()):
        yield "Where a formula had no result there is #N/A in this copy. Write the value itself into such a cell."


def _styled(workbook: Path, sheet: Sheet, annotation: Annotation, created: datetime) -> tuple[bytes, tuple[str, ...]]:
    request = request_bytes(Request(annotation, sheet.sha256, created))
    with workbook.open("rb") as source:
        return read_answer(b"".join(run_confined(_CHILD, request, source, _LIMITS)))


def _why_unmarked(error: ConfinedError | OSError) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    if error.failure is Failure.UNFORESEEN:
        return f"there is something in it that cannot be copied ({error})"
    return str(error)


def _write_all(file: BinaryIO, content: bytes) -> None:
    file.write(content)


def _put(job: Job, write: _Write, notes: tuple[str, ...], created: datetime) -> Annotated:
    """Write the copy at the first of its places that is free or may be overwritten."""

    def write_and_seal(file: BinaryIO, folder: Path) -> None:
        write(file, folder)
        seal(file, created)

    for path in places(job.workbook, job.copies):
        try:
            target.replace(path, write_and_seal)
        except target.TakenError:
            continue
        except OSError as error:
            why = error.strerror or str(error)
            return Annotated(None, (f"The annotated workbook could not be written to {path}: {why}.",))
        return Annotated(path, notes)
    return Annotated(None, (f"There are too many annotated copies beside {job.workbook}. Remove the old ones.",))


def saved_copy(job: Job) -> Path | None:
    """Return the annotated copy that somebody saved last; None where nobody did."""
    return next((path for path in copies(job.workbook, job.copies) if not is_untouched(path)), None)


def is_newer(copy: Path, workbook: Path) -> bool:
    """Return whether a copy was saved after the workbook was."""
    try:
        return copy.stat().st_mtime_ns > workbook.stat().st_mtime_ns
    except OSError:
        return False
