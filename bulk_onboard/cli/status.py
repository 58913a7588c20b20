"""`status`: the job at a glance, from the ledger alone."""

import shlex
import sys
from collections import Counter
from typing import TextIO

import typer

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "status", status)


def status(invocation: Invocation) -> Output:
    """Show where the job stands, from the ledger: no network, no workbook, safe beside a run."""
    from bulk_onboard.ledger.journal import read_books
    from bulk_onboard.model.record import State
    from bulk_onboard.report.console import print_status

    job = invocation.job
    books = read_books(job.ledger).books
    states = Counter(record.state for record in books.records.values())
    counts = {"rows": len(books.records), **{state.value: states[state] for state in State}}
    reviews = Counter(record.review for record in books.records.values() if record.state is State.SUBMITTED)

    def show(stream: TextIO) -> None:
        print_status(books, counts, reviews, stream, next_command=shlex.join(["bulk-onboard", "run", *sys.argv[2:]]))

    return Output(
        ExitStatus.DONE,
        {
            "counts": counts,
            "reviews": dict(sorted(reviews.items())),
            "runs": len(books.runs),
            "ledger": str(job.ledger),
        },
        show,
    )
