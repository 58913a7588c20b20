"""`check` and `plan`: judge every row, send nothing."""

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import Output, awaited
from bulk_onboard.cli.run import warn_of_callback_url
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, UsageError


def explain_kind(code: str, rulings: Mapping[str, str]) -> Output:
    """Its sentence, how to fix it, and what the job file may say of it; UsageError where there is no such kind.

    `rulings` are what the job says, where one was named.
    """
    from bulk_onboard.model.catalogue import CATALOGUE
    from bulk_onboard.report.console import print_kind

    kind = CATALOGUE.get(code)
    if kind is None:
        near = difflib.get_close_matches(code, CATALOGUE, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"There is no finding {code!r}.{meant} docs/findings.md lists them all.")
    ruling = rulings.get(code, "")
    return Output(
        ExitStatus.DONE,
        {
            "code": kind.code,
            "title": kind.title,
            "severity": kind.severity,
            "may_be_ruled": kind.may_be_ruled,
            "ruling": ruling or None,
            "problem": kind.problem,
            "fix": kind.fix,
        },
        lambda stream: print_kind(kind, stream, ruling=ruling),
    )


if TYPE_CHECKING:
    from bulk_onboard.model.finding import Finding

_EXPLAIN = Annotated[
    str | None, typer.Option("--explain", metavar="CODE", help="Say what a kind of finding means; needs no JOB.")
]


def check(invocation: Invocation, explain: _EXPLAIN = None) -> Output:
    """Judge every row against the requirements, and say what is wrong and how to fix it. Sends nothing.

    Where something keeps a row out, a copy of the workbook is written with the errors marked. Exit status 0 when
    nothing keeps a row out, 3 when something does.
    """
    return check_job(invocation) if explain is None else explain_kind(explain, invocation.job.findings)


def check_job(invocation: Invocation) -> Output:
    """All findings, and the annotated workbook where there are errors."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.report.console import print_findings, print_marked
    from bulk_onboard.report.printer import print_next
    from bulk_onboard.report.record_findings import record_findings
    from bulk_onboard.report.summary import counts
    from bulk_onboard.run.judge import make_dry_run
    from bulk_onboard.run.outputs import annotate
    from bulk_onboard.run.typed import commands_of, of_own_workbook

    job = invocation.job
    warn_of_callback_url(invocation)
    dry_run = awaited(make_dry_run(job, credentials=invocation.credentials_at_hand(), clock=SystemClock()))
    judgement, numbers = dry_run.judgement, counts(dry_run.plan.decisions, dry_run.ledger_state)
    said = record_findings(dry_run.plan.decisions, dry_run.ledger_state, judgement.columns, judgement.book)
    findings = (*judgement.sheet_findings, *dry_run.plan.findings, *said)
    annotated = annotate(job, judgement, dry_run.plan, dry_run.ledger_state)
    marked, notes = (annotated.path, annotated.notes) if annotated else (None, ())
    commands = commands_of(job, dry_run.ledger_state)
    command = of_own_workbook(job, commands).merge_and_run() if marked else commands.run()

    def show(stream: TextIO) -> None:
        print(f"{numbers['rows']:,} rows, judged against {judgement.book.source}.", file=stream)
        print_findings(findings, stream, workbook=judgement.sheet.path.name)
        if marked:
            print_marked(marked, stream, notes=notes, next_command=command)
        else:
            print_next(command, stream)

    return Output(
        ExitStatus.ROWS_NEED_A_PERSON if dry_run.plan.has_errors else ExitStatus.DONE,
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


def plan(invocation: Invocation) -> Output:
    """Say what a run would do for each row and why, what it costs, and when it would finish. Sends nothing."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.report.console import print_plan
    from bulk_onboard.report.printer import print_next
    from bulk_onboard.report.summary import counts
    from bulk_onboard.run.judge import make_dry_run
    from bulk_onboard.run.typed import commands_of

    dry_run = awaited(make_dry_run(invocation.job, credentials=invocation.credentials_at_hand(), clock=SystemClock()))
    made, source = dry_run.plan, dry_run.judgement.book.source
    command = commands_of(invocation.job, dry_run.ledger_state).run()

    def show(stream: TextIO) -> None:
        print(f"{len(made.decisions):,} rows, judged against {source}.", file=stream)
        print_plan(made, stream)
        print_next(command, stream)

    return Output(
        ExitStatus.DONE,
        {
            "requirements": source,
            "workbook": str(invocation.job.workbook),
            "counts": counts(made.decisions, dry_run.ledger_state),
            "actions": made.counts(),
            "forecast": {
                "requests": made.forecast.requests,
                "bytes": made.forecast.size,
                "duration_s": made.forecast.duration_s,
            },
            "decisions": [
                {
                    "row": decision.judged.row.number,
                    "key": decision.identity.user_key if decision.identity else "",
                    "action": decision.action,
                    "reason": decision.reason,
                    "numbers": decision.numbers,
                }
                for decision in made.decisions
            ],
            "next": command,
        },
        show,
    )
