"""`resume`: finish what the ledger began."""

import os
from dataclasses import replace

import typer

from bulk_onboard import errors
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.run import run_and_sum_up
from bulk_onboard.cli.verb import Invocation, register_job_verb


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "resume", resume, notifies=True)


def resume(invocation: Invocation) -> Output:
    """Finish the rows that a run took in before; take in no new ones."""
    job = invocation.job
    may_be_idle = job.missing_workbook == "ok" and not os.path.lexists(job.workbook)
    if not job.ledger.exists() and not may_be_idle:
        raise errors.UsageError(
            f"There is no ledger {job.ledger}, so nothing was begun. To begin, type: {job.commands.run()}"
        )
    commands = replace(job.commands, verb="resume")
    return run_and_sum_up(replace(invocation, job=replace(job, admit_new_rows=False, commands=commands)))
