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

    Say --found ID, --absent or --abandon. What you say is held against the API first; then the report is written anew.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.report import report_job
    from bulk_onboard.pipeline.resolve import resolve_record

    if [bool(found), absent, abandon].count(True) != 1:
        raise errors.UsageError("Say one of --found ID, --absent and --abandon.")
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
        print(f"Record {record.key or record.token} is {record.state} now. Report: {made.path}", file=stream)

    return Output(
        ExitStatus.DONE,
        {"token": record.token, "key": record.key, "state": record.state, "report": str(made.path)},
        show,
    )
