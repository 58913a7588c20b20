"""`merge`, `resolve` and `purge`: what somebody decides about a job."""

import json
import shlex
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard.cli.output import YES, Output, awaited, can_ask, is_wanted, tell
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation, known_keys
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.maintenance.merge import Merged
    from bulk_onboard.maintenance.resolve import How, Resolution
    from bulk_onboard.maintenance.retention import Piece
    from bulk_onboard.pipeline.progress import Progress

_COPY = Annotated[
    Path | None,
    typer.Option("--copy", metavar="PATH", help="The annotated copy; else the one beside it that was saved last."),
]


def merge(invocation: Invocation, copy: _COPY = None) -> Output:
    """Take what was fixed in the annotated copy.

    The cells that were changed there are written into the workbook, and the old file is kept beside it.
    Sends nothing. Exit status 3 where something was left for you to look at, such as a cell that was changed in both.
    """
    from bulk_onboard.job import whole_job
    from bulk_onboard.maintenance.merge import merge_job, to_merge

    jobs = invocation.jobs
    share_one = len({(job.workbook, job.sheet) for job in jobs}) == 1
    job = to_merge(jobs) if share_one else invocation.job
    work = merge_job(job, copy=copy, clock=invocation.clock(), commands=whole_job(jobs) if len(jobs) > 1 else None)
    return _merged(invocation, invocation.awaited("reading the copy and the workbook", work))


def offer_merge(invocation: Invocation) -> Output | None:
    """Offer to merge an annotated copy that was saved after the workbook that a run is about to read.

    On a terminal it asks; elsewhere, and where accounts have several workbooks, it only says so.

    Returns:
        The merge's answer where a person must look at it before anything is run; else None.
    """
    from bulk_onboard.job import whole_job
    from bulk_onboard.job_file import name_of
    from bulk_onboard.maintenance.merge import merge_job, to_merge
    from bulk_onboard.pipeline.annotated_copy import is_newer, saved_copy

    workbooks: dict[tuple[Path, str | None], list[Job]] = {}
    for job in invocation.jobs:
        workbooks.setdefault((job.workbook, job.sheet), []).append(job)
    for sharers in workbooks.values():
        job = to_merge(sharers)
        copy = saved_copy(job) if name_of(job.workbook) == job.workbook.stem else None
        if copy is None or not is_newer(copy, job.workbook):
            continue
        commands = whole_job(invocation.jobs) if len(workbooks) == 1 else job.commands
        sentence = f"{copy} was saved after {job.workbook}, which this run reads."
        if not can_ask() or len(workbooks) > 1:
            tell(f"{sentence} To take over what was fixed in the copy, type: {commands.merge()}")
            continue
        if not is_wanted(f"{sentence} Take over what was fixed in the copy first?", yes=False):
            return None
        done = awaited(merge_job(job, copy=copy, clock=invocation.clock(), commands=commands))
        if done.left or done.workbook != job.workbook:
            return _merged(invocation, done)
        tell(f"{format_count(done.cells, 'cell')} taken." + (f" The old file: {done.kept}" if done.kept else ""))
    return None


def _merged(invocation: Invocation, done: "Merged") -> Output:
    """Answer with what a merge did."""
    line = _line_for_the_job_file(invocation, done)

    def show(stream: TextIO) -> None:
        from bulk_onboard.reporting.printer import printer_on

        page = printer_on(stream)
        taken = f"{format_count(done.cells, 'cell')} of {format_count(done.rows, 'row')}"
        page.write_line(
            f"{taken} taken from {done.copy} into {done.workbook}."
            if done.cells
            else f"Nothing was taken from {done.copy}."
        )
        for sentence in (*done.left, *done.notes):
            page.write_line(sentence)
        if done.kept:
            page.write_line(f"The old file: {done.kept}")
        if line:
            page.write_line(f"Write into {invocation.jobs[0].file}: {line}")
        if done.cells and not done.left:
            page.write_line(f"The copy is not needed any more: rm {shlex.quote(str(done.copy))}")
        page.write_line(f"Next: {done.next}")

    return Output(
        done.exit_status,
        {
            "copy": str(done.copy),
            "workbook": str(done.workbook),
            "kept": str(done.kept) if done.kept else None,
            "rows": done.rows,
            "cells": done.cells,
            "left": done.left,
            "notes": done.notes,
            "job_file_line": line,
            "next": done.next,
        },
        show,
    )


def _line_for_the_job_file(invocation: Invocation, done: "Merged") -> str:
    """Return the line with which the job file names the merged workbook; empty where none is needed."""
    job = invocation.jobs[0]
    if done.workbook == job.workbook or job.file.suffix.lower() != ".toml":
        return ""
    folder = job.file.parent
    path = done.workbook.relative_to(folder) if done.workbook.is_relative_to(folder) else done.workbook.absolute()
    return f"workbook = {json.dumps(str(path), ensure_ascii=False)}"


_KEYS = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY",
        help="The row's Key, a token or an alias; several for one answer to all.",
        autocompletion=known_keys,
    ),
]
_FOUND = Annotated[str, typer.Option("--found", metavar="ID", help="It is at the API under this compliance id.")]
_ABSENT = Annotated[bool, typer.Option("--absent", help="It is not at the API; the next run files the row.")]
_ABANDON = Annotated[bool, typer.Option("--abandon", help="Give the row up; it is not sent any more.")]
_ALL_HELD = Annotated[bool, typer.Option("--all-held", help="All records that are held, in place of KEY.")]


def resolve(  # noqa: PLR0917 - typer names them
    invocation: Invocation,
    keys: _KEYS,
    found: _FOUND = "",
    absent: _ABSENT = False,
    abandon: _ABANDON = False,
    all_held: _ALL_HELD = False,
) -> Output:
    """Decide about records that are held or gone.

    What you say is checked against the API first, for each record; then the report is written again. Without --found,
    --absent or --abandon it asks the API, prints each answer that can be given as the command to type, and ends with
    exit status 3. Of several records those are resolved that the API does not contradict, and the others named.
    """
    answers = [bool(found), absent, abandon].count(True)
    if answers > 1:
        raise UsageError("Give only one of --found ID, --absent and --abandon; give none to see which of them fit.")
    if keys and all_held:
        raise UsageError("Give Keys or --all-held, not both.")
    names = _all_held(invocation) if all_held else keys
    if not names:
        commands = invocation.job.commands
        raise UsageError(f"resolve needs a KEY, or --all-held. To see what is held, type: {commands.held()}")
    if found and len(names) > 1:
        raise UsageError("--found ID is about one record. Give its KEY alone.")
    if not answers:
        return _ask(invocation, names)
    return _answered(invocation, names, "found" if found else "absent" if absent else "abandon", found)


def _all_held(invocation: Invocation) -> list[str]:
    from bulk_onboard.maintenance.resolve import held_names

    names = held_names(invocation.job.ledger_state())
    if not names:
        raise UsageError("No record is held, so there is nothing to resolve.")
    return names


def _answered(invocation: Invocation, names: Sequence[str], how: "How", compliance_id: str) -> Output:
    """Answer with what became of each record that was decided about."""
    from bulk_onboard.pipeline.outputs import report_job
    from bulk_onboard.pipeline.progress import WRITING_REPORT
    from bulk_onboard.reporting.printer import printer_on

    made = invocation.asking("asking the API", partial(_resolve, invocation, names, how, compliance_id))
    left = [each for each in made if each.record is None]
    if len(left) == len(made):
        raise UsageError(" ".join(each.objection for each in left))
    report = invocation.awaited(WRITING_REPORT, report_job(invocation.job, clock=invocation.clock()))

    def show(stream: TextIO) -> None:
        page = printer_on(stream)
        for each in made:
            if each.record:
                page.write_line(f"Record {each.record.key or each.record.token} is {each.record.state} now.")
            else:
                page.write_line(f"Record {each.name} stays as it is: {each.objection}")
        page.write_line(f"Report: {report.path}")
        page.write_line(f"Next: {report.next}")

    records = [
        {"token": each.record.token, "key": each.record.key, "state": each.record.state} for each in made if each.record
    ]
    return Output(
        ExitStatus.ROWS_NEED_ATTENTION if left else ExitStatus.DONE,
        {
            "records": records,
            "left": [{"name": each.name, "why": each.objection} for each in left],
            "report": str(report.path),
            "next": report.next,
        },
        show,
    )


async def _resolve(
    invocation: Invocation, names: Sequence[str], how: "How", compliance_id: str, progress: "Progress"
) -> "tuple[Resolution, ...]":
    from bulk_onboard.maintenance.resolve import resolve_records
    from bulk_onboard.pipeline.stop import Stop

    stop = Stop()
    heed_signals(stop)
    return await resolve_records(
        invocation.job,
        names,
        how=how,
        compliance_id=compliance_id,
        credentials=invocation.credentials(),
        clock=invocation.clock(),
        stop=stop,
        progress=progress,
        say=invocation.say,
    )


def _ask(invocation: Invocation, names: Sequence[str]) -> Output:
    """Answer with what the API has of each record, and what can be said of it."""
    from bulk_onboard.maintenance.resolve import Question, ask_people
    from bulk_onboard.reporting.printer import printer_on

    credentials = invocation.credentials()
    asked = invocation.asking(
        "asking the API",
        lambda progress: ask_people(
            invocation.job, names, credentials=credentials, clock=invocation.clock(), progress=progress
        ),
    )
    questions = [each for each in asked if isinstance(each, Question)]
    left = [each for each in asked if not isinstance(each, Question)]
    if not questions:
        raise UsageError(" ".join(each.objection for each in left))

    def show(stream: TextIO) -> None:
        page = printer_on(stream)
        for each in questions:
            record = each.record
            why = f": {record.reason}" if record.reason else "."
            page.write_line(f"Record {record.key or record.token} is {record.state}{why}")
            for found in each.shown:
                review = found.review or "not known"
                page.write_line(f"At the API: {found.compliance_id}, {found.alias!r}, review {review}")
            if not each.shown:
                page.write_line("The API shows no record of it. If you find one there yourself, name it with --found.")
            page.write_line("Say what you found, by one of these:")
            for answer in each.answers:
                page.write_line(f"    {answer}")
        for other in left:
            page.write_line(other.objection)

    return Output(
        ExitStatus.ROWS_NEED_ATTENTION,
        {
            "records": [
                {
                    "token": each.record.token,
                    "key": each.record.key,
                    "state": each.record.state,
                    "reason": each.record.reason,
                    "found": [found.compliance_id for found in each.shown],
                    "answers": each.answers,
                }
                for each in questions
            ],
            "left": [{"name": each.name, "why": each.objection} for each in left],
        },
        show,
    )


_WITH_LEDGER = Annotated[
    bool, typer.Option("--with-ledger", help="Remove the ledger, too: what was done is forgotten.")
]


def purge(invocation: Invocation, with_ledger: _WITH_LEDGER = False, yes: YES = False) -> Output:
    """Remove the files of a finished job. Asks first.

    These are the report, the annotated copies and, with --with-ledger, the ledger. Workbook and documents are never
    touched. Without --with-ledger the ledger stays: it says what was done.
    """
    from bulk_onboard.maintenance.retention import plan_purge, purge_job
    from bulk_onboard.reporting.printer import shown

    job, clock = invocation.job, invocation.clock()
    planned = awaited(plan_purge(job, clock, with_ledger=with_ledger))
    for piece in planned.going:
        what = "personal data" if piece.kind.personal else "no personal data"
        tell(f"To be removed: {piece}: {piece.kind.holds} ({what}).")
    if planned.open_reviews and with_ledger:
        undecided = format_count(planned.open_reviews, "record")
        tell(f"As far as the ledger knows, the API has not decided on {undecided} yet.")
    all_of_it = _counted(planned.going)
    is_done = bool(planned.going) and is_wanted(f"Remove {all_of_it} for good?", yes=yes)
    if is_done:
        awaited(purge_job(job, planned, clock))

    def show(stream: TextIO) -> None:
        print(f"Removed: {all_of_it}." if is_done else "Nothing was removed.", file=stream)
        for piece in planned.staying:
            print(shown(f"Kept: {piece}: {piece.kind.holds}.", stream), file=stream)
        print(shown(f"Workbook and documents are not touched: {job.workbook}, {job.documents}", stream), file=stream)

    going, staying = _files_as_data(planned.going), _files_as_data(planned.staying)
    return Output(ExitStatus.DONE, {"done": is_done, "files": going, "kept": staying}, show)


def _counted(pieces: "Sequence[Piece]") -> str:
    """Return how many files these are, and that a ledger in a database is among them."""
    files = sum(not piece.stored for piece in pieces)
    stored = ["the ledger in the database"] if files < len(pieces) else []
    return " and ".join([*([format_count(files, "file")] if files or not stored else []), *stored])


def _files_as_data(pieces: "Iterable[Piece]") -> list[dict[str, object]]:
    return [
        {"file": str(p), "kind": p.kind.name, "holds": p.kind.holds, "personal_data": p.kind.personal} for p in pieces
    ]
