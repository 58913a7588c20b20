"""Delete records after a list and a question: what `undo` and `delete` have in common."""

from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.asking import is_wanted
from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.signals import heed_signals
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, first_that_holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bulk_onboard.pipeline.deletion import Candidate, Choose, Deletion
    from bulk_onboard.submission.stop import Stop

_LISTED = 50


def delete_chosen(invocation: Invocation, choose: "Choose", *, yes: bool) -> Output:
    """Show what would be deleted and what stays, ask, do it, and write the report anew."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.report import report_job
    from bulk_onboard.pipeline.stopping import status_of
    from bulk_onboard.submission.stop import Stop

    job, clock, stop = invocation.job, SystemClock(), Stop()
    planned = awaited(_plan(invocation, choose, stop))
    going = [candidate for candidate in planned if not candidate.objection]
    _tell_planned(planned, len(going))
    question = f"Delete {len(going):,} record{'' if len(going) == 1 else 's'} at the API for good?"
    is_done = bool(going) and is_wanted(question, yes=yes)
    done = awaited(_delete(invocation, going, stop)) if is_done else None
    report = awaited(report_job(job, clock=clock)).path if is_done else None

    def show(stream: TextIO) -> None:
        deleted = done.deleted if done else 0
        print(f"Deleted: {deleted:,} of {len(planned):,} records." if done else "Nothing was deleted.", file=stream)
        if report:
            print(f"Report: {report}", file=stream)

    stays = ExitStatus.ROWS_NEED_A_PERSON if len(going) < len(planned) or (done and done.left) else ExitStatus.DONE
    error = done.error if done else None
    told = {"error": str(error)} if error else {}
    return Output(
        first_that_holds(status_of(error or stop.cause), stays),
        {"done": is_done, "deleted": done.deleted if done else 0, "records": _data(planned, done), **told},
        show,
        (str(error),) if error else (),
    )


async def _plan(invocation: Invocation, choose: "Choose", stop: "Stop") -> "Sequence[Candidate]":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.deletion import plan_deletion

    heed_signals(stop)
    credentials = invocation.credentials()
    return await plan_deletion(invocation.job, choose, credentials=credentials, clock=SystemClock(), stop=stop)


async def _delete(invocation: Invocation, going: "Sequence[Candidate]", stop: "Stop") -> "Deletion":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.deletion import delete_records

    heed_signals(stop)
    return await delete_records(
        invocation.job, going, credentials=invocation.credentials(), clock=SystemClock(), stop=stop
    )


def _tell_planned(planned: "Sequence[Candidate]", going: int) -> None:
    for candidate in planned[:_LISTED]:
        record = candidate.record
        name = record.key or f"~{record.token}"
        what = f"stays: {candidate.objection}" if candidate.objection else f"to be deleted, review {candidate.review}"
        tell(f"{name} {record.compliance_id}: {what}.")
    if len(planned) > _LISTED:
        tell(f"… and {len(planned) - _LISTED:,} more; {going:,} of {len(planned):,} are to be deleted.")


def _data(planned: "Sequence[Candidate]", done: "Deletion | None") -> list[dict[str, Any]]:
    left = {record.token: record for record in done.left} if done else {}
    return [
        {
            "token": candidate.record.token,
            "key": candidate.record.key,
            "compliance_id": candidate.record.compliance_id,
            "review": candidate.review,
            "deleted": done is not None and not candidate.objection and candidate.record.token not in left,
            "why_not": candidate.objection or _why_left(left.get(candidate.record.token)),
        }
        for candidate in planned
    ]


def _why_left(record: Any) -> str:
    return f"{record.state}: {record.reason or record.code}" if record else ""
