"""`merge`, `resolve` and `purge`: what a person decides."""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard import errors
from bulk_onboard.cli.output import YES, Output, awaited, can_ask, is_wanted, tell
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from bulk_onboard.maintenance.merge import Merged

_COPY = Annotated[
    Path | None,
    typer.Option("--copy", metavar="PATH", help="The annotated copy; else the one beside it that was saved last."),
]


def merge(invocation: Invocation, copy: _COPY = None) -> Output:
    """Take what was fixed in the annotated copy into the workbook; the old file is kept beside it. Sends nothing.

    Exit status 3 where something was left for you to look at, such as a cell that was changed in both.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.merge import merge_job

    return told(invocation, awaited(merge_job(invocation.job, copy=copy, clock=SystemClock())))


def told(invocation: Invocation, done: "Merged") -> Output:
    """What a merge answers."""
    line = _line_for_the_job_file(invocation, done)

    def show(stream: TextIO) -> None:
        from bulk_onboard.report.printer import printer_on

        page = printer_on(stream)
        taken = f"{_counted(done.cells, 'cell')} of {_counted(done.rows, 'row')}"
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
            page.write_line(f"Write into {invocation.job.file}: {line}")
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


def offer(invocation: Invocation) -> Output | None:
    """Ask whether a copy that somebody fixed is to be merged before a run takes the older workbook.

    Asked on a terminal only; elsewhere a sentence tells of it. What is returned ends the run before it begins, since a
    person must look first.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.job import name_of
    from bulk_onboard.maintenance.merge import merge_job
    from bulk_onboard.run.outputs import is_newer, saved_copy

    job = invocation.job
    copy = saved_copy(job) if name_of(job.workbook) == job.workbook.stem else None
    if copy is None or not is_newer(copy, job.workbook):
        return None
    sentence = f"{copy} was saved after {job.workbook}, which is what this run takes."
    if not can_ask():
        tell(f"{sentence} To take over what was fixed in it: {job.commands.merge()}")
        return None
    if not is_wanted(f"{sentence} Take over what was fixed in it first?", yes=False):
        return None
    done = awaited(merge_job(job, copy=copy, clock=SystemClock()))
    if done.left or done.workbook != job.workbook:
        return told(invocation, done)
    tell(f"{_counted(done.cells, 'cell')} taken." + (f" The old file: {done.kept}" if done.kept else ""))
    return None


def _line_for_the_job_file(invocation: Invocation, done: "Merged") -> str:
    """What the job file is to say where the merged workbook is another file; empty else, and for a bare workbook."""
    job = invocation.job
    if done.workbook == job.workbook or job.file.suffix.lower() != ".toml":
        return ""
    folder = job.file.parent
    path = done.workbook.relative_to(folder) if done.workbook.is_relative_to(folder) else done.workbook.absolute()
    return f"workbook = {json.dumps(str(path), ensure_ascii=False)}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token or an alias.")]
_FOUND = Annotated[str, typer.Option("--found", metavar="ID", help="It is at the API under this compliance id.")]
_ABSENT = Annotated[bool, typer.Option("--absent", help="It is not at the API; the next run files the row.")]
_ABANDON = Annotated[bool, typer.Option("--abandon", help="Give the row up; it is not sent any more.")]


def resolve(
    invocation: Invocation, key: _KEY, found: _FOUND = "", absent: _ABSENT = False, abandon: _ABANDON = False
) -> Output:
    """Say what is to become of a record that is held or gone, after looking at the API.

    What you say is held against the API first; then the report is written anew. Without an answer the API is asked, and
    each answer that can be given is told as the command to type; exit status 3.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.resolve import resolve_record
    from bulk_onboard.report.printer import print_next, shown
    from bulk_onboard.run.outputs import report_job

    answers = [bool(found), absent, abandon].count(True)
    if not answers:
        return _asked(invocation, key)
    if answers > 1:
        raise errors.UsageError(
            "Say one of --found ID, --absent and --abandon, or none of them to see which can be said."
        )
    clock = SystemClock()
    record = awaited(
        resolve_record(
            invocation.job,
            key,
            how="found" if found else "absent" if absent else "abandon",
            compliance_id=found,
            credentials=invocation.credentials(),
            clock=clock,
            say=tell,
        )
    )
    made = awaited(report_job(invocation.job, clock=clock))

    def show(stream: TextIO) -> None:
        print(
            shown(f"Record {record.key or record.token} is {record.state} now. Report: {made.path}", stream),
            file=stream,
        )
        print_next(made.next, stream)

    return Output(
        ExitStatus.DONE,
        {
            "token": record.token,
            "key": record.key,
            "state": record.state,
            "report": str(made.path),
            "next": made.next,
        },
        show,
    )


def _asked(invocation: Invocation, key: str) -> Output:
    """What the API has of the record, and what can be answered."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.resolve import ask_person
    from bulk_onboard.report.printer import printer_on

    asked = awaited(ask_person(invocation.job, key, credentials=invocation.credentials(), clock=SystemClock()))
    record = asked.record

    def show(stream: TextIO) -> None:
        page = printer_on(stream)
        page.write_line(f"Record {record.key or record.token} is {record.state}: {record.reason}")
        for found in asked.shown:
            page.write_line(f"At the API: {found.compliance_id}, {found.alias!r}, review {found.review or 'not known'}")
        if not asked.shown:
            page.write_line(
                "The API shows no record of it; one that you find there by other means you name with --found."
            )
        page.write_line("Say what you found, by one of these:")
        for answer in asked.answers:
            page.write_line(f"    {answer}")

    return Output(
        ExitStatus.ROWS_NEED_ATTENTION,
        {
            "token": record.token,
            "key": record.key,
            "state": record.state,
            "reason": record.reason,
            "found": [each.compliance_id for each in asked.shown],
            "answers": asked.answers,
        },
        show,
    )


if TYPE_CHECKING:
    from bulk_onboard.maintenance.retention import Piece

_WITH_LEDGER = Annotated[
    bool, typer.Option("--with-ledger", help="Remove the ledger, too: what was done is forgotten.")
]


def purge(invocation: Invocation, with_ledger: _WITH_LEDGER = False, yes: YES = False) -> Output:
    """Remove what a finished job has made: report, annotated workbooks and, if asked for, the ledger. Asks first.

    Workbook and documents are never touched. Without --with-ledger the ledger stays: it tells what was done.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.retention import plan_purge, purge_job
    from bulk_onboard.report.printer import shown

    job, clock = invocation.job, SystemClock()
    planned = plan_purge(job, clock, with_ledger=with_ledger)
    for piece in planned.going:
        what = "personal data" if piece.kind.personal else "no personal data"
        tell(f"To be removed: {piece.path}: {piece.kind.holds} ({what}).")
    if planned.open_reviews and with_ledger:
        tell(f"{planned.open_reviews} records have no decision of the API's yet, as far as the ledger knows.")
    is_done = bool(planned.going) and is_wanted(f"Remove {len(planned.going)} files for good?", yes=yes)
    if is_done:
        purge_job(job, planned, clock)

    def show(stream: TextIO) -> None:
        print(f"Removed: {len(planned.going)} files." if is_done else "Nothing was removed.", file=stream)
        for piece in planned.staying:
            print(shown(f"Kept: {piece.path}: {piece.kind.holds}.", stream), file=stream)
        print(shown(f"Workbook and documents stay yours: {job.workbook}, {job.documents}", stream), file=stream)

    going, staying = _told(planned.going), _told(planned.staying)
    return Output(ExitStatus.DONE, {"done": is_done, "files": going, "kept": staying}, show)


def _told(pieces: "Iterable[Piece]") -> list[dict[str, object]]:
    return [
        {"file": str(p.path), "kind": p.kind.name, "holds": p.kind.holds, "personal_data": p.kind.personal}
        for p in pieces
    ]
