"""Write the annotated copy of a job's workbook, and the workbook of the failed rows alone."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bulk_onboard import errors
from bulk_onboard.clock import Clock
from bulk_onboard.confined.call import ConfinedError, Failure, run_confined
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.job import Job
from bulk_onboard.job_file import name_of
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.sheet import Sheet, Stored, WorkbookType, type_by_name
from bulk_onboard.pipeline.judge import Judgement, make_dry_run
from bulk_onboard.pipeline.kept_flags import remembered
from bulk_onboard.reporting import target
from bulk_onboard.reporting.annotated.annotation import (
    Annotation,
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

    The path is None where it could not be written.
    """

    path: Path | None
    notes: tuple[str, ...]


def annotate(job: Job, judgement: Judgement, status: JobStatus) -> Annotated | None:
    """Write the annotated workbook beside the job's own.

    Return None where there are no errors, so nothing to fix.

    Call it in a thread, since it takes a while. Raises nothing for a file that cannot be read or written.

    Args:
        status: the rows of the workbook that was judged.
    """
    findings = status.findings()
    if not any(finding.severity is Severity.ERROR for finding in findings):
        return None
    bases = bases_in(job.workbook) if name_of(job.workbook) != job.workbook.stem else ()
    some_rows = judgement.sheet.height > ROWS_AT_MOST
    sheet = rows_to_fix(judgement.sheet, findings) if some_rows else judgement.sheet
    annotation = make_annotation(sheet, judgement.columns, status, bases=bases, some_rows=some_rows)
    created = datetime.now(UTC).replace(microsecond=0)
    write, notes = _copy(job.workbook, sheet, annotation, created)
    return _put(job.workbook, write, notes, created)


async def write_failed_rows(job: Job, path: Path, *, clock: Clock) -> tuple[int, str]:
    """Write a workbook of the rows alone that need attention, marked as in the annotated copy; for a colleague.

    Return how many rows it has, and the command that takes it back once it is fixed. Nothing is written where there is
    no such row.

    Raises:
        UsageError: the file is there and somebody has saved it, or it cannot be written; or there is no ledger.
        WorkbookError, HeadersError, DocumentsError: the workbook cannot be read.
    """
    _refuse_saved(path)
    ledger_state = read_ledger_state(job.ledger).ledger_state
    job = remembered(job, ledger_state)
    dry_run = await make_dry_run(job, credentials=None, clock=clock, book=ledger_state.book)
    status, judgement = dry_run.status(), dry_run.judgement
    sheet = failed_rows(judgement.sheet, status)
    back = job.commands.merge(str(path))
    if not sheet.height:
        return 0, back
    bases = bases_in(job.workbook) if name_of(job.workbook) != job.workbook.stem else ()
    annotation = make_annotation(sheet, judgement.columns, status, bases=bases, some_rows=True)
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


def _put(workbook: Path, write: _Write, notes: tuple[str, ...], created: datetime) -> Annotated:
    """Write the copy at the first of its places that is free or may be overwritten."""

    def write_and_seal(file: BinaryIO, folder: Path) -> None:
        write(file, folder)
        seal(file, created)

    for path in places(workbook, name_of(workbook)):
        try:
            target.replace(path, write_and_seal)
        except target.TakenError:
            continue
        except OSError as error:
            why = error.strerror or str(error)
            return Annotated(None, (f"The annotated workbook could not be written to {path}: {why}.",))
        return Annotated(path, notes)
    return Annotated(None, (f"There are too many annotated copies beside {workbook}. Remove the old ones.",))


def saved_copy(job: Job) -> Path | None:
    """Return the annotated copy that somebody saved last; None where nobody did."""
    return next((path for path in copies(job.workbook, name_of(job.workbook)) if not is_untouched(path)), None)


def is_newer(copy: Path, workbook: Path) -> bool:
    """Return whether a copy was saved after the workbook was."""
    try:
        return copy.stat().st_mtime_ns > workbook.stat().st_mtime_ns
    except OSError:
        return False
