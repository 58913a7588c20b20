"""`resolve`: a person says what is to become of a record that is held or gone."""

from typing import Annotated, TextIO

import typer

from bulk_onboard import errors
from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token or an alias.")]
_FOUND = Annotated[str, typer.Option("--found", metavar="ID", help="It is at the API under this compliance id.")]
_ABSENT = Annotated[bool, typer.Option("--absent", help="It is not at the API; the next run files the row.")]
_ABANDON = Annotated[bool, typer.Option("--abandon", help="Give the row up; it is not sent any more.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "resolve", resolve)


def resolve(
    invocation: Invocation, key: _KEY, found: _FOUND = "", absent: _ABSENT = False, abandon: _ABANDON = False
) -> Output:
    """Say what is to become of a record that is held or gone, after looking at the API.

    What you say is held against the API first; then the report is written anew. Without an answer the API is asked, and
    each answer that can be given is told as the command to type; exit status 3.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.report import report_job
    from bulk_onboard.pipeline.resolve import resolve_record
    from bulk_onboard.report.page import print_next, shown

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
    from bulk_onboard.pipeline.resolve import ask_person
    from bulk_onboard.report.page import page_on

    asked = awaited(ask_person(invocation.job, key, credentials=invocation.credentials(), clock=SystemClock()))
    record = asked.record

    def show(stream: TextIO) -> None:
        page = page_on(stream)
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
        ExitStatus.ROWS_NEED_A_PERSON,
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
