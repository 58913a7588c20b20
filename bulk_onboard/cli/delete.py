"""`undo` and `delete`: take back what was filed."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import YES, Output, awaited, is_wanted, tell
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, first_that_holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bulk_onboard.maintenance.delete import Candidate, Choose, Deletion
    from bulk_onboard.model.record import Record
    from bulk_onboard.run.stop import Stop

_LISTED = 50


def delete_chosen(invocation: Invocation, choose: "Choose", *, yes: bool) -> Output:
    """Show what would be deleted and what stays, ask, do it, and write the report anew."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.delete import Fate
    from bulk_onboard.run.outputs import report_job
    from bulk_onboard.run.stop import Stop, status_of

    job, clock, stop = invocation.job, SystemClock(), Stop()
    planned = awaited(_plan(invocation, choose, stop))
    tell(_sum(planned))
    _list(planned)
    wanted = sum(candidate.is_wanted for candidate in planned)
    is_done = bool(wanted) and is_wanted(f"Delete {_records(wanted)} at the API for good?", yes=yes)
    done = awaited(_delete(invocation, planned, choose, stop)) if is_done else None
    report = awaited(report_job(job, clock=clock)).path if is_done else None

    def show(stream: TextIO) -> None:
        for one in done.left if done else ():
            print(f"{_name(one.record)}: {one.why}.", file=stream)
        deleted = f"Deleted: {len(done.deleted):,} of {_records(len(planned))}." if done else "Nothing was deleted."
        print(deleted, file=stream)
        if done and done.never_made:
            print(f"Not at the API, so there was nothing to delete: {_records(len(done.never_made))}.", file=stream)
        if report:
            print(f"Report: {report}", file=stream)

    stays = any(candidate.fate is Fate.STAYS for candidate in planned) or bool(done and done.left)
    error = done.error if done else None
    told = {"error": str(error)} if error else {}
    return Output(
        first_that_holds(status_of(error or stop.cause), ExitStatus.ROWS_NEED_ATTENTION if stays else ExitStatus.DONE),
        {"done": is_done, "deleted": len(done.deleted) if done else 0, "records": _data(planned, done), **told},
        show,
        (str(error),) if error else (),
    )


async def _plan(invocation: Invocation, choose: "Choose", stop: "Stop") -> "Sequence[Candidate]":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.delete import plan_deletion

    heed_signals(stop)
    credentials = invocation.credentials()
    return await plan_deletion(invocation.job, choose, credentials=credentials, clock=SystemClock(), stop=stop)


async def _delete(invocation: Invocation, planned: "Sequence[Candidate]", choose: "Choose", stop: "Stop") -> "Deletion":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.delete import delete_records

    heed_signals(stop)
    return await delete_records(
        invocation.job, planned, choose, credentials=invocation.credentials(), clock=SystemClock(), stop=stop
    )


def _sum(planned: "Sequence[Candidate]") -> str:
    """What would be done, in one sentence: how many go, how many stay."""
    from bulk_onboard.maintenance.delete import Fate

    number = Counter(candidate.fate for candidate in planned)
    goes, stays, over = number[Fate.GOES], number[Fate.STAYS], number[Fate.OVER]
    parts = [f"{goes:,} will be deleted", f"{stays:,} stay{'s' if stays == 1 else ''}"]
    if looked_for := number[Fate.LOOKED_FOR]:
        parts.append(f"{looked_for:,} will be looked for first, and deleted if found")
    if over:
        parts.append(f"{over:,} {'is' if over == 1 else 'are'} gone already")
    return f"{_records(len(planned))}: {', '.join(parts)}."


def _list(planned: "Sequence[Candidate]") -> None:
    from bulk_onboard.maintenance.delete import Fate

    what = {
        Fate.GOES: "to be deleted, review {review}",
        Fate.LOOKED_FOR: "to be looked for, and deleted if it is there",
        Fate.OVER: "gone already",
        Fate.STAYS: "stays: {why}",
    }
    for candidate in planned[:_LISTED]:
        told = what[candidate.fate].format(review=candidate.review, why=candidate.why)
        tell(f"{_name(candidate.record)} {candidate.record.compliance_id or '(no id known)'}: {told}.")
    if len(planned) > _LISTED:
        tell(f"… and {len(planned) - _LISTED:,} more.")


def _data(planned: "Sequence[Candidate]", done: "Deletion | None") -> list[dict[str, Any]]:
    deleted = {record.token for record in done.deleted} if done else set()
    left = {one.record.token: one.why for one in done.left} if done else {}
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


def _records(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"


_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token, an alias or a compliance id.")]


def delete(invocation: Invocation, key: _KEY, yes: YES = False) -> Output:
    """Delete one record at the API, where it lets it go: not once it is approved or has numbers. Asks first.

    Its row is not sent again; to have the business filed anew, give the row another Key.
    """
    from bulk_onboard.maintenance.delete import of_key

    return delete_chosen(invocation, of_key(key), yes=yes)


_RUN = Annotated[str, typer.Option("--run", metavar="RUN", help="The run, as the report's sheet Runs names it.")]


def undo(invocation: Invocation, run: _RUN, yes: YES = False) -> Output:
    """Delete at the API the records that one run created, as far as it lets them go. Lists them, and asks first.

    What is approved or has numbers stays. A row whose record was deleted is not sent again.
    """
    from bulk_onboard.maintenance.delete import of_run

    return delete_chosen(invocation, of_run(run), yes=yes)
