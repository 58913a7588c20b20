"""`check` and `plan`: judge every row, send nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard.cli.judged import (
    NO_BUSINESS,
    checked_data,
    checked_exit_status,
    is_known,
    next_command,
    planned_data,
    sums_of,
    waits_s,
)
from bulk_onboard.cli.output import Output, awaited, warn_of_callback_url
from bulk_onboard.cli.verb import Invocation, words_of
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.spelling import did_you_mean
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.pipeline.judge import DryRun

_EXPLAIN = Annotated[
    str | None,
    typer.Option(
        "--explain",
        metavar="CODE",
        help="Say what a kind of finding means; needs no JOB.",
        autocompletion=words_of(CATALOGUE),
    ),
]


def check(invocation: Invocation, explain: _EXPLAIN = None) -> Output:
    """Check every row; list what is wrong and how to fix it. Sends nothing.

    Where an error keeps a row out, a copy of the workbook is written with the errors marked. Exit status 0 when
    nothing keeps a row out, 3 when something does.
    """
    if explain is not None:
        return _explain(explain, invocation.jobs[0].findings)
    if len(invocation.jobs) > 1:
        from bulk_onboard.cli.dry_runs import check_all

        return check_all(invocation)
    return _check_job(invocation)


def _check_job(invocation: Invocation) -> Output:
    from bulk_onboard.intake.documents.copies import SHEET
    from bulk_onboard.pipeline.annotated_copy import annotate
    from bulk_onboard.pipeline.kept_flags import commands_of, of_own_workbook
    from bulk_onboard.reporting.console import print_contact_sheet, print_convertible, print_findings, print_marked
    from bulk_onboard.reporting.printer import print_next

    job = invocation.job
    if job.callback_url:
        warn_of_callback_url(job.callback_url)
    dry_run = _dry_run(invocation)
    judgement, status = dry_run.judgement, dry_run.status()
    numbers, findings = status.counts(), dry_run.chosen(status.findings())
    annotated = annotate(job, judgement, status)
    marked, notes = (annotated.path, annotated.notes) if annotated else (None, ())
    commands = commands_of(job, dry_run.ledger_state)
    rows = numbers["rows"]
    command = (
        of_own_workbook(job, commands).merge_and_run()
        if marked
        else next_command(commands, is_anything_known=is_known(dry_run, rows))
    )

    def show(stream: TextIO) -> None:
        print(sums_of(dry_run.plan, rows).sentence, file=stream)
        print(f"{job.workbook.name} was checked against {judgement.book.described}.", file=stream)
        if findings or rows:
            print_findings(
                [("", each) for each in findings], stream, elsewhere="the marked copy" if marked else "--json"
            )
        print_contact_sheet(findings, job.converted / SHEET, stream)
        print_convertible(judgement.convertible, stream, command=commands.convert())
        if marked:
            print_marked(marked, stream, notes=notes, next_command=command)
        else:
            print(file=stream)
            print_next(command, stream)

    return Output(
        checked_exit_status(dry_run),
        checked_data(dry_run, findings if invocation.as_json else (), marked=marked, command=command),
        show,
        notes if invocation.as_json or not marked else (),  # else they are shown beside the copy
    )


def _dry_run(invocation: Invocation) -> "DryRun":
    """Judge every row and decide what a run would do, and show what is done meanwhile."""
    from bulk_onboard.pipeline.judge import make_dry_run
    from bulk_onboard.pipeline.progress import Progress

    progress = Progress()
    with invocation.showing(progress):
        return awaited(
            make_dry_run(
                invocation.job,
                credentials=invocation.credentials_at_hand(),
                clock=invocation.clock(),
                progress=progress,
            )
        )


def _explain(code: str, rulings: Mapping[str, str]) -> Output:
    """Show what a kind of finding means, how to fix it, and what the job file says of it, where one was named.

    Raises:
        UsageError: there is no finding of this code.
    """
    from bulk_onboard.reporting.console import print_kind

    kind = CATALOGUE.get(code)
    if kind is None:
        meant = did_you_mean(code, CATALOGUE)
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


def plan(invocation: Invocation) -> Output:
    """Show what a run would do for each row. Sends nothing.

    It says why, what the run costs in requests, and when it would finish.
    """
    from bulk_onboard.pipeline.kept_flags import remembered
    from bulk_onboard.reporting.console import print_convertible, print_plan
    from bulk_onboard.reporting.printer import print_next

    if len(invocation.jobs) > 1:
        from bulk_onboard.cli.dry_runs import plan_all

        return plan_all(invocation)
    dry_run = _dry_run(invocation)
    made, book = dry_run.plan, dry_run.judgement.book
    next_run = remembered(invocation.job, dry_run.ledger_state)  # with flags that plan has not, such as --settle
    commands = next_run.commands
    counts = dry_run.status().counts()
    command = next_command(commands, is_anything_known=is_known(dry_run, counts["rows"]))

    def show(stream: TextIO) -> None:
        if not counts["rows"]:
            print(NO_BUSINESS, file=stream)
        print(f"{format_count(len(made.decisions), 'row')}, checked against {book.described}.", file=stream)
        now = invocation.clock().now().astimezone(invocation.job.timezone)
        print_plan(made, stream, waits_s=waits_s(dry_run, next_run), now=now)
        print_convertible(dry_run.judgement.convertible, stream, command=commands.convert())
        print(file=stream)
        print_next(command, stream)

    return Output(ExitStatus.DONE, planned_data(invocation.job, dry_run, command=command), show)
