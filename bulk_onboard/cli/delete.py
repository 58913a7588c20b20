"""`undo` and `delete`: delete records that were created."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import YES, Output, awaited, is_wanted, tell
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, first_that_holds
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bulk_onboard.maintenance.delete import Candidate, Deletion, Selection
    from bulk_onboard.model.record import Record
    from bulk_onboard.pipeline.stop import Stop

_LISTED = 50

_RUN = Annotated[str, typer.Option("--run", metavar="RUN", help="The run, as the report's sheet Runs names it.")]
_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token, an alias or a compliance id.")]


def undo(invocation: Invocation, run: _RUN, yes: YES = False) -> Output:
    """Delete the records that one run created.

    It lists them, and asks first. What is approved or has numbers stays. A row whose record was deleted is not sent
    again.
    """
    from bulk_onboard.maintenance.delete import of_run

    return _delete_selected(invocation, of_run(run), yes=yes)


def delete(invocation: Invocation, key: _KEY, yes: YES = False) -> Output:
    """Delete one record, unless it is approved or has numbers.

    It asks first. Its row is not sent again; to file the business anew, give the row another Key.
    """
    from bulk_onboard.maintenance.delete import of_key

    return _delete_selected(invocation, of_key(key), yes=yes)


def _delete_selected(invocation: Invocation, selection: "Selection", *, yes: bool) -> Output:
    """Show what would be deleted and what stays, ask, do it, and write the report again."""
    from bulk_onboard.maintenance.delete import PlannedAction
    from bulk_onboard.pipeline.outputs import report_job
    from bulk_onboard.pipeline.stop import Stop, status_of

    job, clock, stop = invocation.job, invocation.clock(), Stop()
    planned = awaited(_plan(invocation, selection, stop))
    _tell_plan(planned)
    wanted = sum(candidate.is_wanted for candidate in planned)
    is_done = bool(wanted) and is_wanted(f"Delete {format_count(wanted, 'record')} at the API for good?", yes=yes)
    done = awaited(_delete(invocation, planned, selection, stop)) if is_done else None
    report = awaited(report_job(job, clock=clock)).path if is_done else None

    def show(stream: TextIO) -> None:
        for candidate in done.left if done else ():
            print(f"{_name(candidate.record)}: {candidate.why}.", file=stream)
        of_all = format_count(len(planned), "record")
        print(f"Deleted: {len(done.deleted):,} of {of_all}." if done else "Nothing was deleted.", file=stream)
        if done and done.never_made:
            absent = format_count(len(done.never_made), "record")
            print(f"Not at the API, so there was nothing to delete: {absent}.", file=stream)
        if report:
            print(f"Report: {report}", file=stream)

    stays = any(candidate.action is PlannedAction.KEEP for candidate in planned) or bool(done and done.left)
    error = done.error if done else None
    return Output(
        first_that_holds(status_of(error or stop.cause), ExitStatus.ROWS_NEED_ATTENTION if stays else ExitStatus.DONE),
        {
            "done": is_done,
            "deleted": len(done.deleted) if done else 0,
            "records": _as_data(planned, done),
            **({"error": str(error)} if error else {}),
        },
        show,
        (str(error),) if error else (),
    )


async def _plan(invocation: Invocation, selection: "Selection", stop: "Stop") -> "Sequence[Candidate]":
    from bulk_onboard.maintenance.delete import plan_deletion

    heed_signals(stop)
    credentials = invocation.credentials()
    return await plan_deletion(invocation.job, selection, credentials=credentials, clock=invocation.clock(), stop=stop)


async def _delete(
    invocation: Invocation, planned: "Sequence[Candidate]", selection: "Selection", stop: "Stop"
) -> "Deletion":
    from bulk_onboard.maintenance.delete import delete_records

    heed_signals(stop)
    return await delete_records(
        invocation.job, planned, selection, credentials=invocation.credentials(), clock=invocation.clock(), stop=stop
    )


def _tell_plan(planned: "Sequence[Candidate]") -> None:
    """Say on stderr how many records go and how many stay, and what is to be done about each, up to a number."""
    from bulk_onboard.maintenance.delete import PlannedAction

    number = Counter(candidate.action for candidate in planned)
    stays, gone = number[PlannedAction.KEEP], number[PlannedAction.ALREADY_GONE]
    parts = [f"{number[PlannedAction.DELETE]:,} will be deleted", f"{stays:,} stay{'s' if stays == 1 else ''}"]
    if unknown := number[PlannedAction.FIND_FIRST]:
        parts.append(f"{unknown:,} will be looked for first, and deleted if found")
    if gone:
        parts.append(f"{gone:,} {'is' if gone == 1 else 'are'} gone already")
    tell(f"{format_count(len(planned), 'record')}: {', '.join(parts)}.")
    what = {
        PlannedAction.DELETE: "to be deleted, review {review}",
        PlannedAction.FIND_FIRST: "to be looked for, and deleted if it is there",
        PlannedAction.ALREADY_GONE: "gone already",
        PlannedAction.KEEP: "stays: {why}",
    }
    for candidate in planned[:_LISTED]:
        action = what[candidate.action].format(review=candidate.review, why=candidate.why)
        tell(f"{_name(candidate.record)} {candidate.record.compliance_id or '(no id known)'}: {action}.")
    if len(planned) > _LISTED:
        tell(f"… and {len(planned) - _LISTED:,} more.")


def _as_data(planned: "Sequence[Candidate]", done: "Deletion | None") -> list[dict[str, Any]]:
    deleted = {record.token for record in done.deleted} if done else set()
    left = {candidate.record.token: candidate.why for candidate in done.left} if done else {}
    return [
        {
            "token": candidate.record.token,
            "key": candidate.record.key,
            "compliance_id": candidate.record.compliance_id,
            "review": candidate.review,
            "deleted": candidate.record.token in deleted,
            "why_not": candidate.why or left.get(candidate.record.token, ""),
        }
        for candidate in planned
    ]


def _name(record: "Record") -> str:
    return record.key or f"~{record.token}"
