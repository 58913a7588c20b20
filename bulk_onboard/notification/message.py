"""What a notification says: numbers of rows, why the run stopped, where the files are, what to type next.

It is made from the exit status and from the object that `run --json` prints; what is about single rows is left out.

Where it goes is a secret, since whoever has an address can post there, and even the host may be what makes it secret.
So messages call an address by its number and its scheme.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

from bulk_onboard.errors import ExitStatus

VARIABLE = "BULK_ONBOARD_NOTIFY"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

Level: TypeAlias = Literal["success", "warning", "failure"]

_KEYS = ("run_id", "counts", "reviews", "need_attention", "new", "requests", "report", "annotated", "next", "error")

_TITLES: Mapping[ExitStatus, str] = {
    ExitStatus.DONE: "all that was due is done",
    ExitStatus.BUG: "a bug stopped it",
    ExitStatus.USAGE: "it could not begin",
    ExitStatus.ROWS_NEED_ATTENTION: "{rows} attention",
    ExitStatus.STOPPED: "stopped before finishing",
    ExitStatus.LOCKED: "another run holds the ledger",
    ExitStatus.LEDGER: "the ledger cannot be used",
    ExitStatus.CREDENTIALS: "the API refused the credentials",
    ExitStatus.REPORT: "the report could not be written",
    ExitStatus.HUNGUP: "stopped when its terminal was closed",
    ExitStatus.INTERRUPTED: "stopped by Ctrl-C",
    ExitStatus.TERMINATED: "stopped by SIGTERM",
}
_LEVELS: Mapping[ExitStatus, Level] = {
    ExitStatus.DONE: "success",
    ExitStatus.ROWS_NEED_ATTENTION: "warning",
    ExitStatus.HUNGUP: "warning",
    ExitStatus.INTERRUPTED: "warning",
    ExitStatus.TERMINATED: "warning",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A notification.

    Attributes:
        title: one line.
        text: some lines.
        level: how bad it is; services show a colour for it, or wake somebody.
        data: the JSON object that a webhook gets.
    """

    title: str
    text: str
    level: Level
    data: Mapping[str, Any]


def scheme_of(address: str) -> str:
    """Return what stands before `://`, in lower case; empty where nothing does, so that no bare token is shown."""
    scheme = _SCHEME.match(address)
    return scheme[1].lower() if scheme else ""


def name_of(number: int, address: str) -> str:
    """Return what messages call an address; `number` counts from 1."""
    return f"address {number} of {VARIABLE} ({scheme_of(address) or 'no scheme'})"


def is_wanted(when: str, exit_status: ExitStatus) -> bool:
    """Return whether the end of a run is notified; one that found another at work never is.

    `when` is the setting: `attention` (not where all is done), `end` or `never`.
    """
    if exit_status is ExitStatus.LOCKED or when == "never":
        return False
    return when == "end" or exit_status is not ExitStatus.DONE


def message_of(job: str, exit_status: ExitStatus, data: Mapping[str, Any], *, host: str, folder: PurePath) -> Message:
    """Return the notification of a run's end.

    Args:
        job: what the job is called.
        data: the object that `run --json` prints, or as much of it as there is.
        host, folder: the machine, and the folder in which paths and command hold.
    """
    title = f"bulk-onboard {job}: {_TITLES[exit_status].format(rows=_rows_need(data))}"
    text = "\n".join([*_lines(data), f"On {host}, in {folder}"])
    about = {"job": job, "exit_status": int(exit_status), "title": title, "text": text}
    place = {"host": host, "folder": str(folder)}
    level = _LEVELS.get(exit_status, "failure")
    return Message(title, text, level, {**about, **place, **{name: data.get(name) for name in _KEYS}})


def _rows_need(data: Mapping[str, Any]) -> str:
    """Return how many rows need; no number where it is no row, such as a record that is there twice."""
    rows = data.get("need_attention", 0)
    return f"{rows:,} {'row needs' if rows == 1 else 'rows need'}" if rows else "something needs"


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("error"):
        yield str(data["error"])
    if counts := data.get("counts"):
        rows = counts.get("rows", 0)
        states = _counted({name: number for name, number in counts.items() if name != "rows"})
        yield f"{rows:,} {'row' if rows == 1 else 'rows'}{': ' if states else ''}{states}"
    if reviews := _counted(data.get("reviews") or {}):
        yield f"Reviews: {reviews}"
    if data.get("need_attention"):
        new = data.get("new", 0)
        yield f"{_rows_need(data)} attention ({f'{new:,}' if new else 'none'} new)"
    if twice := len(data.get("duplicates") or ()):
        yield f"Twice at the API: {twice:,} {'business' if twice == 1 else 'businesses'}"
    for what, name in (("Report", "report"), ("Marked in", "annotated"), ("Next", "next")):
        if data.get(name):
            yield f"{what}: {data[name]}"


def _counted(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)
