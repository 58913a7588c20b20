"""`ledger verify` and `ledger show`: is it sound, and what happened to one record."""

from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import ledger_job

if TYPE_CHECKING:
    from bulk_onboard.ledger.story import Story, StoryLine

_TOLD = ("at", "entry", "op", "attempt", "words", "api_id", "compliance_id", "state")
_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token, an alias or a compliance id.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    ledger = typer.Typer(help="Look into the ledger; JOB may be the ledger file itself.", no_args_is_help=True)
    register_job_verb(ledger, "verify", verify_ledger, load=ledger_job)
    register_job_verb(ledger, "show", show_record, load=ledger_job)
    app.add_typer(ledger, name="ledger")


def verify_ledger(invocation: Invocation) -> Output:
    """Check every line of the ledger; changes nothing, and may be done while a run writes.

    Exit status 0 when it is sound, 3 when records are held, 6 when it is damaged.
    """
    from bulk_onboard.ledger.verify import verify

    path = invocation.job.ledger
    found = verify(path)
    words = {ExitStatus.DONE: "sound", ExitStatus.ROWS_NEED_A_PERSON: "sound; a person must look"}
    verdict = words.get(found.exit_status, "damaged")
    counts = {state.value: number for state, number in found.counts.items()}

    def show(stream: TextIO) -> None:
        for sentence in found.sentences:
            print(sentence, file=stream)
        told = ", ".join(f"{number} {state}" for state, number in counts.items()) or "no records"
        print(f"{path}: {verdict}; {found.lines} lines; {told}", file=stream)

    return Output(
        found.exit_status,
        {
            "ledger": str(path),
            "verdict": verdict,
            "lines": found.lines,
            "counts": counts,
            "problems": list(found.sentences),
        },
        show,
    )


def show_record(invocation: Invocation, key: _KEY) -> Output:
    """Tell what happened to one record: each call's instant, outcome, api_id and document digests."""
    from bulk_onboard.ledger.story import story
    from bulk_onboard.report.console import print_story

    stories = story(invocation.job.ledger, key)

    def show(stream: TextIO) -> None:
        for told in stories:
            print_story(told.record, [_line(line) for line in told.lines], stream)

    return Output(ExitStatus.DONE, {"records": [_record(told) for told in stories]}, show)


def _record(told: "Story") -> dict[str, object]:
    record = told.record
    return {
        "token": record.token,
        "key": record.key,
        "state": record.state,
        "review": record.review,
        "compliance_id": record.compliance_id,
        "alias": record.alias,
        "entries": [_line(line) for line in told.lines],
    }


def _line(line: "StoryLine") -> dict[str, Any]:
    documents = [{"type": d.type, "sha256": d.sha256, "size": d.size} for d in line.documents]
    return {**{name: getattr(line, name) for name in _TOLD}, "documents": documents}
