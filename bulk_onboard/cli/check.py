"""`check`: judge every row, send nothing; or say what one kind of finding means."""

import asyncio
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.explain import explain_kind
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from bulk_onboard.model.finding import Finding

_EXPLAIN = Annotated[
    str | None, typer.Option("--explain", metavar="CODE", help="Say what a kind of finding means; needs no JOB.")
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "check", check, job_unless="explain")


def check(invocation: Invocation, explain: _EXPLAIN = None) -> Output:
    """Judge every row against the requirements, and say what is wrong and how to mend it. Sends nothing.

    Where something keeps a row out, a copy of the workbook is written with the errors marked. Exit status 0 when
    nothing keeps a row out, 3 when something does.
    """
    return check_job(invocation) if explain is None else explain_kind(explain, invocation.job.findings)


def check_job(invocation: Invocation) -> Output:
    """All findings, and the annotated workbook where there are errors."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.annotation import annotate
    from bulk_onboard.pipeline.outlook import look_ahead
    from bulk_onboard.report.findings import print_findings, print_marked
    from bulk_onboard.report.summary import counts

    job = invocation.job
    outlook = asyncio.run(look_ahead(job, credentials=invocation.credentials_at_hand(), clock=SystemClock()))
    judgement, numbers = outlook.judgement, counts(outlook.plan.decisions, outlook.books)
    annotated = annotate(job, judgement, outlook.plan, outlook.books)
    marked = annotated.path if annotated else None
    command = next_command(invocation, marked)

    def show(stream: TextIO) -> None:
        print(f"{numbers['rows']:,} rows, judged against {judgement.book.source}.", file=stream)
        print_findings(judgement.findings, stream, workbook=judgement.sheet.path.name)
        if marked:
            print_marked(marked, stream, next_command=command)

    return Output(
        ExitStatus.ROWS_NEED_A_PERSON if judgement.has_errors else ExitStatus.DONE,
        {
            "requirements": judgement.book.source,
            "counts": numbers,
            "findings": [as_data(finding) for finding in judgement.findings] if invocation.as_json else [],
            "annotated": str(marked) if marked else None,
            "next": command,
        },
        show,
        annotated.notes if annotated else (),
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
        "mend": finding.mend,
    }


def next_command(invocation: Invocation, marked: "Path | None") -> str:
    """The run to type next, with the flags that were given: of the marked copy once that is mended, else of JOB."""
    job, flags = invocation.job.file, dict(invocation.flags)
    if marked and (job.suffix.lower() == ".toml" or flags.get("workbook")):
        flags["workbook"] = str(marked)
    elif marked:
        job = marked  # the copy of a bare workbook is the same job again
    return shlex.join(["bulk-onboard", "run", str(job), *_as_typed(flags)])


def _as_typed(flags: Mapping[str, Any]) -> list[str]:
    """The flags that were given, as one types them."""
    typed: list[str] = []
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, list) else [value]:
            if each is True:
                typed.append(option)
            elif each is not None:
                typed += [option, str(each)]
    return typed
