"""`check`: judge every row, send nothing; or say what one kind of finding means."""

from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.explain import explain_kind
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.run import warn_of_callback_url
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from bulk_onboard.model.finding import Finding

_EXPLAIN = Annotated[
    str | None, typer.Option("--explain", metavar="CODE", help="Say what a kind of finding means; needs no JOB.")
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "check", check, job_unless="explain")


def check(invocation: Invocation, explain: _EXPLAIN = None) -> Output:
    """Judge every row against the requirements, and say what is wrong and how to fix it. Sends nothing.

    Where something keeps a row out, a copy of the workbook is written with the errors marked. Exit status 0 when
    nothing keeps a row out, 3 when something does.
    """
    return check_job(invocation) if explain is None else explain_kind(explain, invocation.job.findings)


def check_job(invocation: Invocation) -> Output:
    """All findings, and the annotated workbook where there are errors."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.annotation import annotate
    from bulk_onboard.pipeline.outlook import look_ahead
    from bulk_onboard.pipeline.typed import commands_of, of_own_workbook
    from bulk_onboard.report.findings import print_findings, print_marked
    from bulk_onboard.report.page import print_next
    from bulk_onboard.report.record_findings import record_findings
    from bulk_onboard.report.summary import counts

    job = invocation.job
    warn_of_callback_url(invocation)
    outlook = awaited(look_ahead(job, credentials=invocation.credentials_at_hand(), clock=SystemClock()))
    judgement, numbers = outlook.judgement, counts(outlook.plan.decisions, outlook.books)
    said = record_findings(outlook.plan.decisions, outlook.books, judgement.columns, judgement.book)
    findings = (*judgement.sheet_findings, *outlook.plan.findings, *said)
    annotated = annotate(job, judgement, outlook.plan, outlook.books)
    marked, notes = (annotated.path, annotated.notes) if annotated else (None, ())
    commands = commands_of(job, outlook.books)
    command = of_own_workbook(job, commands).merge_and_run() if marked else commands.run()

    def show(stream: TextIO) -> None:
        print(f"{numbers['rows']:,} rows, judged against {judgement.book.source}.", file=stream)
        print_findings(findings, stream, workbook=judgement.sheet.path.name)
        if marked:
            print_marked(marked, stream, notes=notes, next_command=command)
        else:
            print_next(command, stream)

    return Output(
        ExitStatus.ROWS_NEED_A_PERSON if outlook.plan.has_errors else ExitStatus.DONE,
        {
            "requirements": judgement.book.source,
            "counts": numbers,
            "findings": [as_data(finding) for finding in findings] if invocation.as_json else [],
            "annotated": str(marked) if marked else None,
            "next": command,
        },
        show,
        notes if invocation.as_json or not marked else (),  # else they are shown beside the copy
    )


def as_data(finding: "Finding") -> dict[str, Any]:
    """A finding as `--json` tells it."""
    return {
        "code": finding.code,
        "title": finding.title,
        "severity": finding.severity,
        "sheet": finding.sheet,
        "row": finding.row,
        "column": finding.column,
        "seen": finding.seen,
        "problem": finding.problem,
        "fix": finding.fix,
    }
