"""`ledger VERB`: verify, show, repair, rebuild, export, import."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation, known_keys
from bulk_onboard.errors import ExitStatus, UsageError, first_that_holds
from bulk_onboard.units import format_count, format_duration

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.ledger.repair import Salvage
    from bulk_onboard.ledger.story import Story, StoryLine
    from bulk_onboard.maintenance.account import Comparison, RecordDiff
    from bulk_onboard.maintenance.rebuild import Rebuilt
    from bulk_onboard.pipeline.progress import Progress

_VERDICTS = {ExitStatus.DONE: "sound", ExitStatus.ROWS_NEED_ATTENTION: "sound; something needs attention"}
_NAMED_AT_MOST = 20
_STORY_FIELDS = ("at", "entry", "op", "attempt", "words", "api_id", "compliance_id", "state")

_KEY = Annotated[
    str,
    typer.Argument(
        metavar="KEY", help="The row's Key, a token, an alias or a compliance id.", autocompletion=known_keys
    ),
]
_VERIFY_SERVER = Annotated[bool, typer.Option("--server", help="Compare it with the account, too; reads only.")]
_SHOW_SERVER = Annotated[
    bool, typer.Option("--server", help="Compare it with the API and with today's files; reads only.")
]
_COPY = Annotated[
    list[str],
    typer.Argument(metavar="[FILE]", help="The file to write. Default: <name of the ledger>.exported.jsonl beside it."),
]
_SOURCE = Annotated[
    list[str], typer.Argument(metavar="[FILE]", help="The file to read. Default: the job's own ledger file.")
]


def verify_ledger(invocation: Invocation, server: _VERIFY_SERVER = False) -> Output:
    """Check every line of the ledger; change nothing.

    It may be done while a run writes. With --server every record of the account is compared: missing, there twice,
    under another name, not known here. Exit status 0 when it is sound, 3 when something needs attention, 6 when it is
    damaged.
    """
    from bulk_onboard.ledger.verify import verify

    job = invocation.job
    found = verify(job.ledger_blocks(), job.store.name, job.store.remedy)
    status, sentences, at_server = found.exit_status, list(found.sentences), {}
    if server and status is not ExitStatus.LEDGER:
        compared = _compare_account(invocation)
        status = first_that_holds(status, compared.exit_status)
        sentences += compared.sentences
        at_server = {"server": _comparison_as_data(compared)}
    verdict = _VERDICTS.get(status, "damaged")
    counts = {state.value: number for state, number in found.counts.items()}

    def show(stream: TextIO) -> None:
        for sentence in sentences:
            print(sentence, file=stream)
        states = ", ".join(f"{number} {state}" for state, number in counts.items()) or "no records"
        print(f"{job.store.name}: {verdict}; {format_count(found.lines, 'line')}; {states}", file=stream)

    return Output(
        status,
        {
            "ledger": job.store.name,
            "verdict": verdict,
            "lines": found.lines,
            "counts": counts,
            "problems": sentences,
            **at_server,
        },
        show,
    )


def _compare_account(invocation: Invocation) -> "Comparison":
    from bulk_onboard.maintenance.account import compare_account

    credentials = invocation.credentials()
    return invocation.asking(
        "reading the account's records",
        lambda progress: compare_account(
            invocation.job, credentials=credentials, clock=invocation.clock(), progress=progress
        ),
    )


def _comparison_as_data(compared: "Comparison") -> dict[str, Any]:
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


def show_record(invocation: Invocation, key: _KEY, server: _SHOW_SERVER = False) -> Output:
    """Show what happened to one record.

    Each call is listed with its time, outcome, api_id and document digests. With --server the record is compared with
    the API and with today's files: exit status 3 where the API differs.
    """
    from bulk_onboard.ledger.story import story
    from bulk_onboard.reporting.console import print_story
    from bulk_onboard.reporting.printer import shown

    job = invocation.job
    stories = story(job.ledger_blocks(), job.store.name, key, job.store.remedy)
    diffs = _diffs(invocation, stories) if server else (None,) * len(stories)
    differs = any(diff is not None and diff.differences for diff in diffs)

    def show(stream: TextIO) -> None:
        for one, diff in zip(stories, diffs, strict=True):
            print_story(one.record, [_line_as_data(line) for line in one.lines], stream)
            for sentence in _diff_sentences(diff) if diff else ():
                print(shown(sentence, stream), file=stream)

    return Output(
        ExitStatus.ROWS_NEED_ATTENTION if differs else ExitStatus.DONE,
        {"records": [_story_as_data(one, diff) for one, diff in zip(stories, diffs, strict=True)]},
        show,
    )


def _diffs(invocation: Invocation, stories: "tuple[Story, ...]") -> "tuple[RecordDiff, ...]":
    from bulk_onboard.maintenance.account import diff_record

    credentials = invocation.credentials()
    return invocation.asking(
        "asking the API about the record",
        lambda progress: diff_record(
            invocation.job, stories, credentials=credentials, clock=invocation.clock(), progress=progress
        ),
    )


def _diff_sentences(diff: "RecordDiff") -> Iterator[str]:
    if diff.found is not None:
        yield f"At the API: {diff.found.compliance_id}, {diff.found.alias!r}, review {diff.found.review or 'not known'}"
    yield from diff.differences
    for file in diff.files:
        what = "is what was sent" if file.is_same else "has changed since" if file.sha256 else "is not there any more"
        yield f"Today's file for {file.sent.type} {what}."
    if diff.no_files:
        yield f"Today's files were not compared: {diff.no_files}"


def _story_as_data(one: "Story", diff: "RecordDiff | None") -> dict[str, object]:
    record = one.record
    return {
        "token": record.token,
        "key": record.key,
        "state": record.state,
        "review": record.review,
        "compliance_id": record.compliance_id,
        "alias": record.alias,
        "entries": [_line_as_data(line) for line in one.lines],
        **({"today": _diff_as_data(diff)} if diff else {}),
    }


def _line_as_data(line: "StoryLine") -> dict[str, Any]:
    documents = [{"type": d.type, "sha256": d.sha256, "size": d.size} for d in line.documents]
    return {**{name: getattr(line, name) for name in _STORY_FIELDS}, "documents": documents}


def _diff_as_data(diff: "RecordDiff") -> dict[str, Any]:
    found = diff.found
    return {
        "found": found is not None,
        "alias": found.alias if found else "",
        "review": found.review if found else "",
        "differences": list(diff.differences),
        "files": [
            {"type": f.sent.type, "sent": f.sent.sha256, "today": f.sha256, "same": f.is_same} for f in diff.files
        ],
        "no_files": diff.no_files,
    }


def repair_ledger(invocation: Invocation) -> Output:
    """Repair a damaged ledger; keep a copy of it.

    Every sound line is kept, and every row that a lost line was about is in doubt: the next run looks for it at the API
    before it sends, or it is held for you. Where it is not known which rows these are, all are in doubt, and the
    repair waits for the settle window. Exit status 0 when it is sound now, 3 when rows are held, 6 when it cannot be
    repaired.
    """
    from bulk_onboard.ledger.repair import repair

    job = invocation.job
    if job.database is not None:
        raise _repaired_as_a_file(job)
    path = job.ledger
    made = invocation.awaited(
        "repairing the ledger", repair(path, settle_s=job.settle, clock=invocation.clock(), share=job.share)
    )
    saved, doubted = made.salvage, made.salvage.doubted
    by_state = {state: [r for r in doubted if r.state == state] for state in ("submitted", "uncertain", "held")}
    named = {state: [record.key or record.token for record in records] for state, records in by_state.items()}

    def show(stream: TextIO) -> None:
        if made.kept_as is None:
            print(f"{path} is sound; nothing was changed.", file=stream)
            return
        print(f"{path}: repaired; the damaged one is kept as {made.kept_as}", file=stream)
        for sentence in _repair_sentences(saved, named, format_duration(job.settle)):
            print(sentence, file=stream)

    return Output(
        made.exit_status,
        {
            "ledger": str(path),
            "kept_as": str(made.kept_as) if made.kept_as else None,
            "lines": {"kept": saved.kept, "lost": saved.lost, "illegal": saved.illegal},
            "all_in_doubt": saved.all_in_doubt,
            "doubted": named,
        },
        show,
    )


def _repaired_as_a_file(job: "Job") -> UsageError:
    from bulk_onboard.maintenance.transfer import copy_of

    return UsageError(
        f"The ledger {job.store.name} is in a database, and `ledger repair` works on a file: name {copy_of(job)} as "
        f"JOB, once it is there. To write it, type: {job.commands.export_ledger()}"
    )


def _repair_sentences(saved: "Salvage", named: dict[str, list[str]], settle: str) -> Iterator[str]:
    """Say which lines were kept and lost, and which rows are in doubt."""
    lost = _listed(saved.lost) if saved.lost or not saved.all_in_doubt else "of unknown number"
    yield f"Lines kept: {saved.kept}; lost: {lost}; lines that depend on lost ones: {_listed(saved.illegal)}."
    if saved.all_in_doubt:
        yield (
            "It is not known which rows the lost lines were about, so every row not known to be at the API is in "
            "doubt, and the next run looks through the account before it sends. "
            f"(The repair waited {settle} for what was sent last.)"
        )
    for state, what in (
        ("submitted", "known to be at the API from a later line"),
        ("uncertain", "in doubt: the next run looks for them before anything is sent"),
        ("held", "in doubt and held: look for them at the API, then use resolve"),
    ):
        if named[state]:
            yield f"{format_count(len(named[state]), 'row')} {what}: {_listed(named[state])}."


def _listed(values: Sequence[object]) -> str:
    more = f" and {len(values) - _NAMED_AT_MOST} more" if len(values) > _NAMED_AT_MOST else ""
    return (", ".join(map(str, values[:_NAMED_AT_MOST])) or "none") + more


def rebuild(invocation: Invocation) -> Output:
    """Make a new ledger for a lost one.

    It finds the rows' records on the account by the tokens in their aliases, and sends nothing. An existing ledger is
    never overwritten. Exit status 3 where a row has several records and somebody must look.
    """
    job = invocation.job
    made = invocation.asking("reading the account's records", partial(_rebuild, invocation))
    command = job.commands.run()

    def show(stream: TextIO) -> None:
        rows = format_count(made.rows, "row")
        print(f"{job.store.name}: {rows}, {made.adopted:,} of them at the API, {made.held:,} held.", file=stream)
        print(f"Next: {command}", file=stream)

    return Output(
        made.exit_status,
        {"ledger": job.store.name, "rows": made.rows, "adopted": made.adopted, "held": made.held, "next": command},
        show,
    )


async def _rebuild(invocation: Invocation, progress: "Progress") -> "Rebuilt":
    from bulk_onboard.maintenance.rebuild import rebuild_ledger
    from bulk_onboard.pipeline.stop import Stop

    stop = Stop()
    heed_signals(stop)
    credentials = invocation.credentials()
    return await rebuild_ledger(
        invocation.job,
        credentials=credentials,
        clock=invocation.clock(),
        stop=stop,
        progress=progress,
        say=invocation.say,
    )


def _one(files: Sequence[str]) -> Path | None:
    """Return the one file that was named, None where none was."""
    if len(files) > 1:
        raise UsageError(f"Name one file behind JOB, not {len(files)}.")
    return Path(files[0]).expanduser() if files else None


def export_ledger(invocation: Invocation, file: _COPY) -> Output:
    """Write the ledger into a new file, such as `repair` works on.

    It may be done while a run writes. The lines stay what they are; nothing else is changed.
    """
    from bulk_onboard.maintenance.transfer import export_ledger as exported

    job = invocation.job
    made = exported(job, _one(file))

    def show(stream: TextIO) -> None:
        print(f"{made.file}: {format_count(made.lines, 'line')} of {job.store.name}.", file=stream)

    return Output(ExitStatus.DONE, {"ledger": job.store.name, "file": str(made.file), "lines": made.lines}, show)


def import_ledger(invocation: Invocation, file: _SOURCE) -> Output:
    """Write the ledger of a file into the database, where there is none yet.

    Without FILE it is the job's own, from before `store` named a database; that one is put aside then. A file that is
    named may also take the place of a damaged ledger. The next run looks through the account before it sends.
    """
    from bulk_onboard.maintenance.transfer import import_ledger as imported

    job = invocation.job
    made = imported(job, _one(file), invocation.clock())
    command = job.commands.run()

    def show(stream: TextIO) -> None:
        print(f"{job.store.name}: {format_count(made.lines, 'line')} of {made.file}.", file=stream)
        if made.kept_as:
            print(f"The damaged one is kept as {made.kept_as}.", file=stream)
        print(f"Next: {command}", file=stream)

    return Output(
        ExitStatus.DONE,
        {
            "ledger": job.store.name,
            "file": str(made.file),
            "lines": made.lines,
            "kept_as": made.kept_as or None,
            "next": command,
        },
        show,
    )
