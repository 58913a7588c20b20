"""`ledger show`: what happened to one record, and with `--server`: what it is at the API and in its files today."""

from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bulk_onboard.ledger.story import Story, StoryLine
    from bulk_onboard.pipeline.today import Today

_TOLD = ("at", "entry", "op", "attempt", "words", "api_id", "compliance_id", "state")
_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token, an alias or a compliance id.")]
_SERVER = Annotated[bool, typer.Option("--server", help="Compare it with the API and with today's files; reads only.")]


def register(ledger: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(ledger, "show", show_record, or_ledger=True, writes=False)


def show_record(invocation: Invocation, key: _KEY, server: _SERVER = False) -> Output:
    """Tell what happened to one record: each call's instant, outcome, api_id and document digests.

    With --server the record is compared with the API and with today's files: exit status 3 where the API differs.
    """
    from bulk_onboard.ledger.story import story
    from bulk_onboard.report.console import print_story
    from bulk_onboard.report.page import shown

    stories = story(invocation.job.ledger, key)
    today = _today(invocation, stories) if server else (None,) * len(stories)
    differs = any(now is not None and now.differences for now in today)

    def show(stream: TextIO) -> None:
        for told, now in zip(stories, today, strict=True):
            print_story(told.record, [_line(line) for line in told.lines], stream)
            for sentence in _sentences(now) if now else ():
                print(shown(sentence, stream), file=stream)

    return Output(
        ExitStatus.ROWS_NEED_A_PERSON if differs else ExitStatus.DONE,
        {"records": [_record(told, now) for told, now in zip(stories, today, strict=True)]},
        show,
    )


def _today(invocation: Invocation, stories: "tuple[Story, ...]") -> "tuple[Today, ...]":
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.today import look_at_today

    return awaited(look_at_today(invocation.job, stories, credentials=invocation.credentials(), clock=SystemClock()))


def _sentences(now: "Today") -> "Iterator[str]":
    if now.found is not None:
        yield f"At the API: {now.found.compliance_id}, {now.found.alias!r}, review {now.found.review or 'not known'}"
    yield from now.differences
    for file in now.files:
        what = "is what was sent" if file.is_same else "has changed since" if file.sha256 else "is not there any more"
        yield f"Today's file for {file.sent.type} {what}."
    if now.no_files:
        yield f"Today's files were not compared: {now.no_files}"


def _record(told: "Story", now: "Today | None") -> dict[str, object]:
    record = told.record
    return {
        "token": record.token,
        "key": record.key,
        "state": record.state,
        "review": record.review,
        "compliance_id": record.compliance_id,
        "alias": record.alias,
        "entries": [_line(line) for line in told.lines],
        **({"today": _compared(now)} if now else {}),
    }


def _compared(now: "Today") -> dict[str, Any]:
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
