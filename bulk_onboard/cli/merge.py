"""`merge`: take the fixed cells of the annotated copy back into the workbook."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard.cli.asking import can_ask, is_wanted
from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.verb import Invocation, register_job_verb

if TYPE_CHECKING:
    from bulk_onboard.pipeline.merging import Merged

_COPY = Annotated[
    Path | None,
    typer.Option("--copy", metavar="PATH", help="The annotated copy; else the one beside it that was saved last."),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "merge", merge)


def merge(invocation: Invocation, copy: _COPY = None) -> Output:
    """Take what was fixed in the annotated copy into the workbook; the old file is kept beside it. Sends nothing.

    Exit status 3 where something was left for you to look at, such as a cell that was changed in both.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.merging import merge_job

    return told(invocation, awaited(merge_job(invocation.job, copy=copy, clock=SystemClock())))


def told(invocation: Invocation, done: "Merged") -> Output:
    """What a merge answers."""
    line = _line_for_the_job_file(invocation, done)

    def show(stream: TextIO) -> None:
        from bulk_onboard.report.page import page_on

        page = page_on(stream)
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
    from bulk_onboard.pipeline.merging import is_newer, merge_job, saved_copy

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
