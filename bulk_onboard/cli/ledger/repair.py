"""`ledger repair`: salvage a damaged ledger."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.units import format_duration

if TYPE_CHECKING:
    from bulk_onboard.ledger.salvage import Salvage

_NAMED_AT_MOST = 20


def register(ledger: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(ledger, "repair", repair_ledger, or_ledger=True)


def repair_ledger(invocation: Invocation) -> Output:
    """Salvage a damaged ledger: keep a copy, keep every sound line, and doubt every row that the rest was about.

    A doubted row is settled by the next run, or held for you; none is sent before it was looked for at the API.
    Where it cannot be told which rows the lost lines were about, all are doubted, and it waits for the settle window.
    Exit status 0 when it is sound now, 3 when rows are held, 6 when it cannot be repaired.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.ledger.repair import repair

    job = invocation.job
    made = awaited(repair(job.ledger, settle_s=job.settle, clock=SystemClock(), share=job.share))
    saved, doubted = made.salvage, made.salvage.doubted
    by_state = {state: [r for r in doubted if r.state == state] for state in ("submitted", "uncertain", "held")}
    named = {state: [record.key or record.token for record in records] for state, records in by_state.items()}

    def show(stream: TextIO) -> None:
        if made.kept_as is None:
            print(f"{job.ledger} is sound; nothing was changed.", file=stream)
            return
        print(f"{job.ledger}: repaired; what it was is kept in {made.kept_as}", file=stream)
        for sentence in _sentences(saved, named, format_duration(job.settle)):
            print(sentence, file=stream)

    return Output(
        made.exit_status,
        {
            "ledger": str(job.ledger),
            "kept_as": str(made.kept_as) if made.kept_as else None,
            "lines": {"kept": saved.kept, "lost": saved.lost, "illegal": saved.illegal},
            "all_in_doubt": saved.all_in_doubt,
            "doubted": named,
        },
        show,
    )


def _sentences(saved: "Salvage", named: dict[str, list[str]], settle: str) -> list[str]:
    """What was kept, lost and doubted, for people."""
    lost = _listed(saved.lost) if saved.lost or not saved.all_in_doubt else "of unknown number"
    told = [f"Lines kept: {saved.kept}; lost: {lost}; of no use without them: {_listed(saved.illegal)}."]
    if saved.all_in_doubt:
        told.append(
            "It cannot be told which rows the lost lines were about, so every row not known to be at the API is in "
            "doubt, and the next run looks through the account before it sends. "
            f"({settle} were waited for what was sent last.)"
        )
    for state, what in (
        ("submitted", "known to be at the API from a later line"),
        ("uncertain", "in doubt: the next run looks for them before anything is sent"),
        ("held", "in doubt and held: look for them at the API, then use resolve"),
    ):
        if named[state]:
            told.append(f"{len(named[state])} rows {what}: {_listed(named[state])}.")
    return told


def _listed(values: Sequence[object]) -> str:
    more = f" and {len(values) - _NAMED_AT_MOST} more" if len(values) > _NAMED_AT_MOST else ""
    return (", ".join(map(str, values[:_NAMED_AT_MOST])) or "none") + more
