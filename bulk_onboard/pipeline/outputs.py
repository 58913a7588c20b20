"""Write the report of a job."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bulk_onboard import errors
from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.clock import Clock
from bulk_onboard.errors import ReportError
from bulk_onboard.frames import Frame
from bulk_onboard.job import Job
from bulk_onboard.ledger.lock import MODES
from bulk_onboard.model.documents import readable
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.pipeline.judge import Judgement, make_dry_run
from bulk_onboard.pipeline.kept_flags import remembered
from bulk_onboard.pipeline.others import OtherLedgers
from bulk_onboard.pipeline.sheets import Sheets, read_sheets
from bulk_onboard.reporting import target
from bulk_onboard.reporting.only import FAILED, mark_of
from bulk_onboard.reporting.only import only as only_rows
from bulk_onboard.reporting.redacted import WHY
from bulk_onboard.reporting.results_files import write_csv, write_jsonl
from bulk_onboard.reporting.row_status import JobStatus, join
from bulk_onboard.reporting.summary import ReportFacts, Tables, make_tables, next_command
from bulk_onboard.reporting.summary_json import summary_data
from bulk_onboard.units import format_count


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A report that was written again.

    Attributes:
        files: where it is, by format.
        from_ledger_alone: why the rows are missing from it; empty when they are there.
        next: the command to type next.
        status: all rows joined with their records, or the records alone.
    """

    files: dict[str, Path]
    counts: dict[str, int]
    reviews: dict[str, int]
    from_ledger_alone: str
    next: str
    status: JobStatus = field(repr=False)

    @property
    def path(self) -> Path:
        """The file to name where there is room for one."""
        return next(iter(self.files.values()))


def _write_workbook(file: BinaryIO, folder: Path, tables: Tables) -> None:
    from bulk_onboard.reporting.workbook import write_workbook  # noqa: PLC0415 - XlsxWriter; a check writes no report

    write_workbook(file, folder, tables)


def _write_summary(file: BinaryIO, _: Path, tables: Tables) -> None:
    file.write(json.dumps(summary_data(tables), indent=2, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _write_page(file: BinaryIO, _: Path, tables: Tables) -> None:
    from bulk_onboard.reporting.page.render import report_page  # noqa: PLC0415 - jinja2

    file.write(report_page(tables))


Writer = Callable[[BinaryIO, Path, Tables], None]

WRITERS: Mapping[str, Writer] = {
    "xlsx": _write_workbook,
    "html": _write_page,
    "json": _write_summary,
    "csv": lambda file, _, tables: write_csv(file, tables),
    "jsonl": lambda file, _, tables: write_jsonl(file, tables),
}
"""What writes the report in each format into an open file; the folder is for temporary files."""


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where the report was written, by format, and why one of the files could not be."""

    paths: dict[str, Path]
    error: ReportError | None = None


def write_job_report(
    job: Job,
    status: JobStatus,
    *,
    requirements: RequirementsBook | None = None,
    now: datetime,
    run_id: str,
    stopped: str = "",
    continued: bool = False,
    redact: bool = False,
    only: Sequence[str] = (),
) -> ReportFiles:
    """Write the report in the job's formats; one that cannot be written keeps no other from being written.

    Args:
        requirements: for the days that a review takes; None where not known.
        run_id: for another name of the file, where its own is taken.
        stopped: why the run stopped before finishing, a sentence; empty where it did not.
        continued: whether the run is to be continued as it was typed.
        redact: whether to mask names.
        only: words for rows, as `reporting.only` has them; empty for all. A report that has not everything has names
            of its own, so that it never takes the place of the full one.
    """
    facts = facts_of(job, now=now, requirements=requirements, stopped=stopped, continued=continued, redact=redact)
    tables, anew = _tables(status, facts, only), job.commands.report()
    return write_files(tables, job.report, job, run_id=run_id, anew=anew, only=only)


def write_files(
    tables: Tables, report: Path, job: Job, *, run_id: str, anew: str, only: Sequence[str] = ()
) -> ReportFiles:
    """Write a report in the job's formats; one that cannot be written keeps no other from being written.

    Args:
        report: where the workbook goes; the other formats lie beside it.
        run_id, only: as for `write_job_report`.
        anew: the command that writes it again.
    """
    mark = "-".join((*([mark_of(only)] if only else ()), *(["redacted"] if tables.facts.redact else ())))
    places, paths, errors = target.report_files(report, mark), dict[str, Path](), list[ReportError]()
    for form in job.formats:
        write = partial(_call, WRITERS[form], tables)
        try:
            paths[form] = target.put(places[form], form, write, run=run_id, anew=anew, mode=MODES[job.share])
        except ReportError as error:
            errors.append(error)
    return ReportFiles(paths, errors[0] if errors else None)


def facts_of(
    job: Job,
    *,
    now: datetime,
    requirements: RequirementsBook | None,
    stopped: str = "",
    continued: bool = False,
    redact: bool = False,
) -> ReportFacts:
    """Return what the report says beside rows and records; the arguments are those of `write_job_report`."""
    return ReportFacts(
        account=job.account,
        commands=None if job.file == job.ledger else job.commands,
        workbook=readable(job.workbook.name),
        made_at=now,
        zone=zone_of(job, now),
        requirements=requirements,
        stopped=WHY if stopped and redact else stopped,
        continued=continued,
        redact=redact,
    )


def _tables(status: JobStatus, facts: ReportFacts, words: Sequence[str]) -> Tables:
    """Return the whole report, or what it has of the rows that these words fit."""
    if not words:
        return make_tables(status, facts)
    narrowed = only_rows(status, words)
    return make_tables(
        narrowed, replace(facts, narrowed=rows_left(words, len(narrowed.rows), of=status.counts()["rows"]))
    )


def rows_left(words: Sequence[str], rows: int, *, of: int) -> str:
    """Return which rows a narrowed report has, and how many, a sentence."""
    named = " or ".join("in need of attention" if word == FAILED else word for word in words)
    return f"This report has the rows alone that are {named}: {rows:,} of {format_count(of, 'row')}."


def _call(writer: Writer, tables: Tables, file: BinaryIO, folder: Path) -> None:
    writer(file, folder, tables)


async def report_job(
    job: Job,
    *,
    clock: Clock,
    book: RequirementsBook | None = None,
    redact: bool = False,
    frame: Frame | None = None,
    as_remembered: bool = True,
    only: Sequence[str] = (),
) -> ReportResult:
    """Write the report again from workbook and ledger; without workbook or documents folder from the ledger alone.

    This does not use the network: rows are judged against `book`, else against what a run was told last, else against
    the bundled requirements, and the report says so.

    Args:
        redact, only: as for `write_job_report`.
        frame: in place of the job's workbook, which then need not be there.
        as_remembered: whether flags that are not given now, such as the folder of the documents, are those of the
            newest run.

    Raises:
        UsageError: there is no ledger, or JOB is one of which it is not known what workbook goes with it.
        ReportError: the report cannot be written.
    """
    ledger_state = job.ledger_state()
    job = remembered(job, ledger_state) if as_remembered else job
    if job.file == job.ledger:
        raise errors.UsageError(
            f"It is not known what workbook goes with {job.ledger}. Name the job file or the workbook, and the ledger "
            "after --ledger."
        )
    status, judgement, why = await standing(job, ledger_state, clock=clock, book=book, frame=frame)
    now = clock.now()
    written = write_job_report(
        job,
        status,
        requirements=judgement.book if judgement else None,
        now=now,
        run_id=instant_as_id(now),
        stopped=why,
        redact=redact,
        only=only,
    )
    if written.error:
        raise written.error
    command = next_command(status, job.commands)
    return ReportResult(written.paths, status.counts(), status.reviews(), why, command, status)


def instant_as_id(now: datetime) -> str:
    """Return an instant as it stands in the name of a report that no run writes."""
    return now.strftime("%Y%m%dT%H%M%SZ")


class Standing(NamedTuple):
    """Where a job stands by its workbook and its ledger alone.

    Attributes:
        status: the rows with their records; the records alone where the rows are missing.
        judgement: the rows as they were judged; None where they are missing.
        why: why the rows are missing, or the records are, a sentence; empty for neither.
    """

    status: JobStatus
    judgement: Judgement | None = None
    why: str = ""


async def standing(
    job: Job,
    ledger_state: LedgerState,
    *,
    clock: Clock,
    book: RequirementsBook | None = None,
    frame: Frame | None = None,
    sheets: Sheets | None = None,
    others: OtherLedgers | None = None,
) -> Standing:
    """Return where a job stands; the rows are missing where the workbook or the documents cannot be read.

    Args:
        book, frame, sheets, others: as for `make_dry_run`.
    """
    try:
        sheets = sheets or await read_sheets([replace(job, missing_workbook="error")], frame, rows_needed=False)
        dry_run = await make_dry_run(
            job,
            credentials=None,
            clock=clock,
            book=book or ledger_state.book,
            sheets=sheets,
            others=others,
            ledger_state=ledger_state,
        )
    except errors.HeadersError:
        return Standing(join(None, ledger_state), None, _columns_not_known(job, ledger_state))
    except (errors.WorkbookError, errors.DocumentsError) as gone:
        return Standing(join(None, ledger_state), None, str(gone))
    return Standing(dry_run.status(), dry_run.judgement)


def report_content(job: Job, form: str, *, clock: Clock, redact: bool = False, only: Sequence[str] = ()) -> bytes:
    """Return the report in one format as workbook and ledger are now; nothing of the job is written.

    The file that the newest run has written serves where the ledger has not changed since. Else the report is made as
    for `report_job`, also of a ledger whose workbook is not known. It takes its time: call it in a thread.

    Args:
        redact, only: as for `write_job_report`.

    Raises:
        UsageError: there is no ledger, or there is nothing that writes this format.
        LedgerError: the ledger is damaged.
    """
    if not redact and not only and (content := _up_to_date(job, form)) is not None:
        return content
    if form not in WRITERS:
        raise errors.UsageError(f"There is no report in the format {form}.")
    ledger_state = job.ledger_state()
    job = remembered(job, ledger_state)
    if job.file == job.ledger:
        known = Standing(join(None, ledger_state))
    else:
        known = asyncio.run(standing(job, ledger_state, clock=clock))
    book = known.judgement.book if known.judgement else None
    facts = facts_of(job, now=clock.now(), requirements=book, stopped=known.why, redact=redact)
    return content_of(_tables(known.status, facts, only), form)


def content_of(tables: Tables, form: str) -> bytes:
    """Return the report in one of the formats of `WRITERS`."""
    with tempfile.TemporaryDirectory(prefix="bulk-onboard-") as folder, tempfile.TemporaryFile() as file:
        WRITERS[form](file, Path(folder), tables)
        file.seek(0)
        return file.read()


def _up_to_date(job: Job, form: str) -> bytes | None:
    """Return the report's file where it is ours and no older than the ledger's file; else None."""
    if job.database is not None:
        return None
    path = target.report_files(job.report)[form]
    try:
        is_current = path.stat().st_mtime_ns >= job.ledger.stat().st_mtime_ns and target.is_ours(path, form)
        return path.read_bytes() if is_current else None
    except OSError:
        return None


def _columns_not_known(job: Job, ledger_state: LedgerState) -> str:
    """Return why the rows are missing where the workbook has other columns than the bundled requirements.

    They may be just those that the API asks for, so nobody is told to change them.
    """
    book = bundled_requirements(job.contract or ledger_state.contract)
    return (
        f"The API was not asked what it requires, and {job.workbook} does not have the columns of {book.described}. "
        "They may be right all the same; the next run's report has every row."
    )


def zone_of(job: Job, now: datetime) -> tzinfo:
    """Return the time zone of the report: the job's, else the machine's."""
    zone = job.timezone or now.astimezone().tzinfo
    if zone is None:
        raise AssertionError("an aware instant has a time zone")
    return zone
