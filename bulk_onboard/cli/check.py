"""`check`: judge every row, send nothing."""

import asyncio
from typing import TextIO

import typer

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "check", check)


def check(invocation: Invocation) -> Output:
    """Judge every row against the requirements, and say what is wrong and how to mend it. Sends nothing.

    Exit status 0 when nothing keeps a row out, 3 when something does.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.outlook import look_ahead
    from bulk_onboard.report.console import print_findings
    from bulk_onboard.report.summary import counts

    outlook = asyncio.run(look_ahead(invocation.job, credentials=invocation.credentials_at_hand(), clock=SystemClock()))
    judgement = outlook.judgement
    numbers = counts(outlook.plan.decisions, outlook.books)

    def show(stream: TextIO) -> None:
        print(f"{numbers['rows']:,} rows, judged against {judgement.book.source}.", file=stream)
        print_findings(judgement.findings, stream)

    return Output(
        ExitStatus.ROWS_NEED_A_PERSON if judgement.has_errors else ExitStatus.DONE,
        {
            "requirements": judgement.book.source,
            "counts": numbers,
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity,
                    "sheet": finding.sheet,
                    "row": finding.row,
                    "column": finding.column,
                    "seen": finding.seen,
                    "problem": finding.problem,
                    "mend": finding.mend,
                }
                for finding in judgement.findings
            ],
        },
        show,
    )
