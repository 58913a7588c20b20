"""`undo` and `delete`: delete records that were created."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import YES, Output, awaited, is_wanted, tell
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation, known_keys
from bulk_onboard.errors import ExitStatus, first_that_holds
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bulk_onboard.maintenance.delete import Candidate, Deletion, PlannedAction, Selection
    from bulk_onboard.model.record import Record
    from bulk_onboard.pipeline.stop import Stop

_OF_A_KIND = 10  # records that are listed; the sum has them all

_RUN = Annotated[str, typer.Option("--run", metavar="RUN", help="The run, as the report's sheet Runs names it.")]
_KEY = Annotated[
    str,
    typer.Argument(
        metavar="KEY", help="The row's Key, a token, an alias or a compliance id.", autocompletion=known_keys
    ),
]


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
    from bulk_onboard.pipeline.progress import WRITING_REPORT
    from bulk_onboard.pipeline.stop import Stop, status_of

    job, clock, stop = invocation.job, invocation.clock(), Stop()
    planned = awaited(_plan(invocation, selection, stop))
    _tell_plan(planned)
    wanted = sum(candidate.is_wanted for candidate in planned)
    is_done = bool(wanted) and is_wanted(f"Delete {format_count(wanted, 'record')} at the API for good?", yes=yes)
    done = awaited(_delete(invocation, planned, selection, stop)) if is_done else None
    report = invocation.awaited(WRITING_REPORT, report_job(job, clock=clock)).path if is_done else None

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
    from bulk_onboard.pipeline.progress import Progress

    heed_signals(stop)
    credentials, progress = invocation.credentials(), Progress()
    with invocation.showing(progress):
        return await plan_deletion(
            invocation.job,
            selection,
            credentials=credentials,
            clock=invocation.clock(),
            stop=stop,
            progress=progress,
        )


async def _delete(
    invocation: Invocation, planned: "Sequence[Candidate]", selection: "Selection", stop: "Stop"
) -> "Deletion":
    from bulk_onboard.maintenance.delete import delete_records
    from bulk_onboard.pipeline.progress import Progress

    heed_signals(stop)
    progress = Progress()
    with invocation.showing(progress):
        return await delete_records(
            invocation.job,
            planned,
            selection,
            credentials=invocation.credentials(),
            clock=invocation.clock(),
            stop=stop,
            progress=progress,
        )


def _tell_plan(planned: "Sequence[Candidate]") -> None:
    """Say on stderr how many records go and how many stay; then what is to be done about each, ten of a kind."""
    from bulk_onboard.maintenance.delete import PlannedAction

    number = Counter(candidate.action for candidate in planned)
    tell(_sum(number, len(planned)))
    what = {
        PlannedAction.DELETE: "to be deleted, review {review}",
        PlannedAction.FIND_FIRST: "to be looked for, and deleted if it is there",
        PlannedAction.ALREADY_GONE: "gone already",
        PlannedAction.KEEP: "stays: {why}",
    }
    kinds: dict[str, list[Candidate]] = {}
    for candidate in sorted(planned, key=lambda candidate: list(what).index(candidate.action)):
        kind = what[candidate.action].format(review=candidate.review or "not known", why=candidate.why)
        kinds.setdefault(kind, []).append(candidate)
    for kind, alike in kinds.items():
        for candidate in alike[:_OF_A_KIND]:
            tell(f"{_name(candidate.record)} {candidate.record.compliance_id or '(no id known)'}: {kind}.")
        if len(alike) > _OF_A_KIND:
            tell(f"… and {len(alike) - _OF_A_KIND:,} more: {kind}.")


def _sum(number: "Counter[PlannedAction]", records: int) -> str:
    """Return how many records go and how many stay, in a sentence."""
    from bulk_onboard.maintenance.delete import PlannedAction

    goes, looked_for = number[PlannedAction.DELETE], number[PlannedAction.FIND_FIRST]
    stays, gone = number[PlannedAction.KEEP], number[PlannedAction.ALREADY_GONE]
    parts = [
        text
        for count, text in (
            (goes, f"{goes:,} will be deleted"),
            (looked_for, f"{looked_for:,} will be looked for first, and deleted if found"),
            (stays, f"{stays:,} stay{'s' if stays == 1 else ''}"),
            (gone, f"{gone:,} {'is' if gone == 1 else 'are'} gone already"),
        )
        if count
    ]
    nothing = "" if goes or looked_for else ", and nothing to delete"
    return f"{format_count(records, 'record')}{nothing}: {', '.join(parts)}." if parts else "No records were chosen."


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
