"""Delete records after a list and a question: what `undo` and `delete` have in common."""

from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.asking import is_wanted
from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.signals import heed_signals
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, first_that_holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bulk_onboard.model.record import Record
    from bulk_onboard.pipeline.deletion import Candidate, Choose, Deletion
    from bulk_onboard.submission.stop import Stop

_LISTED = 50


def delete_chosen(invocation: Invocation, choose: "Choose", *, yes: bool) -> Output:
    """Show what would be deleted and what stays, ask, do it, and write the report anew."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.deletion import Fate
    from bulk_onboard.pipeline.report import report_job
    from bulk_onboard.pipeline.stopping import status_of
    from bulk_onboard.submission.stop import Stop

    job, clock, stop = invocation.job, SystemClock(), Stop()
    planned = awaited(_plan(invocation, choose, stop))
    tell(_sum(planned))
    _list(planned)
    wanted = sum(candidate.is_wanted for candidate in planned)
    is_done = bool(wanted) and is_wanted(f"Delete {_records(wanted)} at the API for good?", yes=yes)
    done = awaited(_delete(invocation, planned, choose, stop)) if is_done else None
    report = awaited(report_job(job, clock=clock)).path if is_done else None

    def show(stream: TextIO) -> None:
        for record in done.left if done else ():
            print(f"{_name(record)}: {_why_left(record)}.", file=stream)
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
        first_that_holds(status_of(error or stop.cause), ExitStatus.ROWS_NEED_A_PERSON if stays else ExitStatus.DONE),
        {"done": is_done, "deleted": len(done.deleted) if done else 0, "records": _data(planned, done), **told},
        show,
        (str(error),) if error else (),
    )


async def _plan(invocation: Invocation, choose: "Choose", stop: "Stop") -> "Sequence[Candidate]":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.deletion import plan_deletion

    heed_signals(stop)
    credentials = invocation.credentials()
    return await plan_deletion(invocation.job, choose, credentials=credentials, clock=SystemClock(), stop=stop)


async def _delete(invocation: Invocation, planned: "Sequence[Candidate]", choose: "Choose", stop: "Stop") -> "Deletion":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.deletion import delete_records

    heed_signals(stop)
    return await delete_records(
        invocation.job, planned, choose, credentials=invocation.credentials(), clock=SystemClock(), stop=stop
    )


def _sum(planned: "Sequence[Candidate]") -> str:
    """What would be done, in one sentence: how many go, how many stay."""
    from bulk_onboard.pipeline.deletion import Fate

    number = Counter(candidate.fate for candidate in planned)
    goes, stays, over = number[Fate.GOES], number[Fate.STAYS], number[Fate.OVER]
    parts = [f"{goes:,} will be deleted", f"{stays:,} stay{'s' if stays == 1 else ''}"]
    if looked_for := number[Fate.LOOKED_FOR]:
        parts.append(f"{looked_for:,} will be looked for first, and deleted if found")
    if over:
        parts.append(f"{over:,} {'is' if over == 1 else 'are'} gone already")
    return f"{_records(len(planned))}: {', '.join(parts)}."


def _list(planned: "Sequence[Candidate]") -> None:
    from bulk_onboard.pipeline.deletion import Fate

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
    left = {record.token: _why_left(record) for record in done.left} if done else {}
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


def _why_left(record: "Record") -> str:
    """Why it is still there, and what to do about it."""
    from bulk_onboard.model.record import State

    why = ": ".join(part for part in (record.code, record.reason) if part).rstrip(".")
    if record.state is State.HELD:
        return f"it is held ({why}); the report says how to settle that"
    if record.state is not State.SUBMITTED:
        return f"what the API has of it is not known yet ({why}); the same command looks again"
    return f"it was not deleted{f' ({why})' if why else ''}; the same command tries again"
