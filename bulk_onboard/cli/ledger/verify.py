"""`ledger verify`: is the ledger sound, and with `--server`: does the account hold what it says?"""

from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus, first_that_holds

if TYPE_CHECKING:
    from bulk_onboard.pipeline.compare import Comparison

_SERVER = Annotated[bool, typer.Option("--server", help="Compare it with the account too; reads only.")]
_VERDICTS = {ExitStatus.DONE: "sound", ExitStatus.ROWS_NEED_A_PERSON: "sound; a person must look"}


def register(ledger: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(ledger, "verify", verify_ledger, or_ledger=True, writes=False)


def verify_ledger(invocation: Invocation, server: _SERVER = False) -> Output:
    """Check every line of the ledger; changes nothing, and may be done while a run writes.

    With --server every record of the account is looked at: missing, there twice, under another name, not known here.
    Exit status 0 when it is sound, 3 when a person must look, 6 when it is damaged.
    """
    from bulk_onboard.ledger.verify import verify

    path = invocation.job.ledger
    found = verify(path)
    status, sentences, at_server = found.exit_status, list(found.sentences), {}
    if server and status is not ExitStatus.LEDGER:
        compared = _compared(invocation)
        status = first_that_holds(status, compared.exit_status)
        sentences += compared.sentences
        at_server = {"server": _told(compared)}
    verdict = _VERDICTS.get(status, "damaged")
    counts = {state.value: number for state, number in found.counts.items()}

    def show(stream: TextIO) -> None:
        for sentence in sentences:
            print(sentence, file=stream)
        told = ", ".join(f"{number} {state}" for state, number in counts.items()) or "no records"
        print(f"{path}: {verdict}; {found.lines} lines; {told}", file=stream)

    return Output(
        status,
        {
            "ledger": str(path),
            "verdict": verdict,
            "lines": found.lines,
            "counts": counts,
            "problems": sentences,
            **at_server,
        },
        show,
    )


def _compared(invocation: Invocation) -> "Comparison":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.compare import compare_account

    return awaited(compare_account(invocation.job, credentials=invocation.credentials(), clock=SystemClock()))


def _told(compared: "Comparison") -> dict[str, Any]:
    return {
        "missing": [{"token": r.token, "compliance_id": r.compliance_id} for r in compared.missing],
        "renamed": [
            {"token": r.token, "compliance_id": r.compliance_id, "alias": alias} for r, alias in compared.renamed
        ],
        "duplicates": [
            {"token": t.token, "compliance_ids": t.compliance_ids, "deletable": t.deletable} for t in compared.twice
        ],
        "extra": [{"compliance_id": r.compliance_id, "alias": r.alias} for r in compared.extra],
    }
