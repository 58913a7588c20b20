"""`ledger VERB`: verify, show, repair, rebuild."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import Output, awaited, tell
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, first_that_holds
from bulk_onboard.units import format_duration

if TYPE_CHECKING:
    from bulk_onboard.maintenance.account import Comparison

_VERIFY_SERVER = Annotated[bool, typer.Option("--server", help="Compare it with the account too; reads only.")]
_VERDICTS = {ExitStatus.DONE: "sound", ExitStatus.ROWS_NEED_ATTENTION: "sound; a person must look"}


def verify_ledger(invocation: Invocation, server: _VERIFY_SERVER = False) -> Output:
    """Check every line of the ledger; changes nothing, and may be done while a run writes.

    With --server every record of the account is looked at: missing, there twice, under another name, not known here.
    Exit status 0 when it is sound, 3 when a person must look, 6 when it is damaged.
    """
    from bulk_onboard.ledger.verify import verify

    path = invocation.job.ledger
    found = verify(path)
    status, sentences, at_server = found.exit_status, list(found.sentences), {}
    if server and status is not ExitStatus.LEDGER:
        compared = _verified_with_account(invocation)
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


def _verified_with_account(invocation: Invocation) -> "Comparison":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.account import compare_account

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


if TYPE_CHECKING:
    from bulk_onboard.ledger.repair import Salvage

_NAMED_AT_MOST = 20


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
        for sentence in _repair_sentences(saved, named, format_duration(job.settle)):
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


def _repair_sentences(saved: "Salvage", named: dict[str, list[str]], settle: str) -> list[str]:
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


def rebuild(invocation: Invocation) -> Output:
    """Make a lost ledger anew: find the rows' records on the account by the tokens in their aliases; sends nothing.

    An existing ledger is never overwritten. Exit status 3 where a row has several records: a person must look.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.rebuild import rebuild_ledger

    job = invocation.job
    made = awaited(rebuild_ledger(job, credentials=invocation.credentials(), clock=SystemClock(), say=tell))
    command = job.commands.run()

    def show(stream: TextIO) -> None:
        print(f"{job.ledger}: of {made.rows} rows {made.adopted} are at the API, {made.held} are held.", file=stream)
        print(f"Continue with: {command}", file=stream)

    return Output(
        made.exit_status,
        {"ledger": str(job.ledger), "rows": made.rows, "adopted": made.adopted, "held": made.held, "next": command},
        show,
    )


if TYPE_CHECKING:
    from collections.abc import Iterator

    from bulk_onboard.ledger.story import Story, StoryLine
    from bulk_onboard.maintenance.account import RecordDiff

_TOLD = ("at", "entry", "op", "attempt", "words", "api_id", "compliance_id", "state")
_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token, an alias or a compliance id.")]
_SHOW_SERVER = Annotated[
    bool, typer.Option("--server", help="Compare it with the API and with today's files; reads only.")
]


def show_record(invocation: Invocation, key: _KEY, server: _SHOW_SERVER = False) -> Output:
    """Tell what happened to one record: each call's instant, outcome, api_id and document digests.

    With --server the record is compared with the API and with today's files: exit status 3 where the API differs.
    """
    from bulk_onboard.ledger.story import story
    from bulk_onboard.report.console import print_story
    from bulk_onboard.report.printer import shown

    stories = story(invocation.job.ledger, key)
    today = _today(invocation, stories) if server else (None,) * len(stories)
    differs = any(now is not None and now.differences for now in today)

    def show(stream: TextIO) -> None:
        for told, now in zip(stories, today, strict=True):
            print_story(told.record, [_line(line) for line in told.lines], stream)
            for sentence in _show_sentences(now) if now else ():
                print(shown(sentence, stream), file=stream)

    return Output(
        ExitStatus.ROWS_NEED_ATTENTION if differs else ExitStatus.DONE,
        {"records": [_record(told, now) for told, now in zip(stories, today, strict=True)]},
        show,
    )


def _today(invocation: Invocation, stories: "tuple[Story, ...]") -> "tuple[RecordDiff, ...]":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.account import diff_record

    return awaited(diff_record(invocation.job, stories, credentials=invocation.credentials(), clock=SystemClock()))


def _show_sentences(now: "RecordDiff") -> "Iterator[str]":
    if now.found is not None:
        yield f"At the API: {now.found.compliance_id}, {now.found.alias!r}, review {now.found.review or 'not known'}"
    yield from now.differences
    for file in now.files:
        what = "is what was sent" if file.is_same else "has changed since" if file.sha256 else "is not there any more"
        yield f"Today's file for {file.sent.type} {what}."
    if now.no_files:
        yield f"Today's files were not compared: {now.no_files}"


def _record(told: "Story", now: "RecordDiff | None") -> dict[str, object]:
    record = told.record
    return {
        "token": record.token,
        "key": record.key,
        "state": record.state,
        "review": record.review,
        "compliance_id": record.compliance_id,
        "alias": record.alias,
        "entries": [_line(line) for line in told.lines],
        **({"today": _compared_with_server(now)} if now else {}),
    }


def _compared_with_server(now: "RecordDiff") -> dict[str, Any]:
    found = now.found
    return {
        "found": found is not None,
        "alias": found.alias if found else "",
        "review": found.review if found else "",
        "differences": list(now.differences),
        "files": [
            {"type": f.sent.type, "sent": f.sent.sha256, "today": f.sha256, "same": f.is_same} for f in now.files
        ],
        "no_files": now.no_files,
    }


def _line(line: "StoryLine") -> dict[str, Any]:
    documents = [{"type": d.type, "sha256": d.sha256, "size": d.size} for d in line.documents]
    return {**{name: getattr(line, name) for name in _TOLD}, "documents": documents}
