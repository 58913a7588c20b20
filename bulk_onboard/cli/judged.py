"""What `check` and `plan` tell of rows that were judged: of a job, or of each of its accounts."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bulk_onboard.errors import ExitStatus
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.model.command import Commands
    from bulk_onboard.model.finding import Finding
    from bulk_onboard.model.plan import Plan
    from bulk_onboard.pipeline.judge import DryRun


def checked_exit_status(dry_run: "DryRun") -> ExitStatus:
    """Return 3 where an error keeps a row out, else 0."""
    return ExitStatus.ROWS_NEED_ATTENTION if dry_run.has_errors else ExitStatus.DONE


def checked_data(
    dry_run: "DryRun", findings: "Iterable[Finding]", *, marked: Path | None, command: str
) -> dict[str, Any]:
    """Return the object that `check --json` prints."""
    judgement = dry_run.judgement
    return {
        "requirements": judgement.book.source,
        "contract": judgement.book.contract,
        "counts": dry_run.status().counts(),
        "findings": [finding.data() for finding in findings],
        "convertible": judgement.convertible,
        "annotated": str(marked) if marked else None,
        "next": command,
    }


def planned_data(job: "Job", dry_run: "DryRun", *, command: str) -> dict[str, Any]:
    """Return the object that `plan --json` prints."""
    plan, book = dry_run.plan, dry_run.judgement.book
    return {
        "requirements": book.source,
        "contract": book.contract,
        "workbook": str(job.workbook),
        "counts": dry_run.status().counts(),
        "actions": plan.counts(),
        "forecast": {
            "requests": plan.forecast.requests,
            "bytes": plan.forecast.size,
            "duration_s": plan.forecast.duration_s,
        },
        "decisions": [
            {
                "row": decision.judged.row.number,
                "key": decision.identity.user_key if decision.identity else "",
                "action": decision.action,
                "reason": decision.reason,
                "numbers": decision.numbers,
            }
            for decision in plan.decisions
        ],
        "next": command,
    }


def waits_s(dry_run: "DryRun", job: "Job") -> float:
    """Return how long a run would wait for its settle window: before its first records, and before it ends."""
    if not dry_run.plan.forecast.creates:
        return 0.0
    before, after = not dry_run.ledger_state.swept, job.audit != "never"
    return job.settle * (before + after)


NO_BUSINESS = "There is no business in the sheet yet. Fill in a row for each, and save it."


def is_known(dry_run: "DryRun", rows: int) -> bool:
    """Return whether there is any row, or any record."""
    return bool(rows or dry_run.ledger_state.records)


def next_command(commands: "Commands", *, is_anything_known: bool) -> str:
    """Return what to type next where nothing is to be fixed: a run, or a check once there are rows to send."""
    return commands.run() if is_anything_known else commands.check()


class RowSums(NamedTuple):
    """How many rows there are, how many a run would send, and how many have errors, or warnings only."""

    rows: int
    would: int
    errors: int
    warned: int

    @property
    def sentence(self) -> str:
        """How many rows a run would send, and what keeps the others: `69 of 108 rows would be sent; …`."""
        if not self.rows:
            return NO_BUSINESS
        parts = [
            f"{self.errors:,} {'has' if self.errors == 1 else 'have'} errors" if self.errors else "",
            f"{self.warned:,} {'has' if self.warned == 1 else 'have'} warnings only" if self.warned else "",
        ]
        others = ", ".join(filter(None, parts))
        return f"{self.would:,} of {format_count(self.rows, 'row')} would be sent{'; ' if others else ''}{others}."


def sums_of(plan: "Plan", rows: int) -> RowSums:
    """Return what a run would do with so many rows."""
    from bulk_onboard.model.plan import Action
    from bulk_onboard.model.row import notable_in

    actions = plan.counts()
    return RowSums(
        rows,
        would=actions[Action.CREATE] + actions[Action.UPDATE],
        errors=sum(decision.judged.has_errors for decision in notable_in(plan.decisions)),
        warned=sum(
            bool(decision.judged.findings) and not decision.judged.has_errors for decision in notable_in(plan.decisions)
        ),
    )
