"""What a notification says: numbers of rows, why the run stopped, where the files are, what to type next.

It is made from the exit status and from the object that `run --json` prints; what is about single rows is left out. Of
several accounts it names those that need somebody.

Where it goes is a secret, since whoever has an address can post there, and even the host may be what makes it secret.
So messages call an address by its number and its scheme.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

from bulk_onboard.errors import SIGNALS, ExitStatus

VARIABLE = "BULK_ONBOARD_NOTIFY"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

Level: TypeAlias = Literal["success", "warning", "failure"]

_KEYS = ("run_id", "counts", "reviews", "need_attention", "new", "requests", "report", "annotated", "next", "error")

_OF_ACCOUNT = ("account", "exit_status", "need_attention", "new")
_NAMED_AT_MOST = 10  # accounts that the text names

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


def is_wanted(when: str, *exit_statuses: ExitStatus) -> bool:
    """Return whether the end of a run is notified; one that found another at work never is.

    Args:
        when: the setting: `attention` (not where all is done), `end` or `never`.
        exit_statuses: the run's, or those of its accounts, any of which may want it.
    """
    if when == "never":
        return False
    own = [status for status in exit_statuses if status is not ExitStatus.LOCKED]
    return bool(own) if when == "end" else any(status is not ExitStatus.DONE for status in own)


def message_of(job: str, exit_status: ExitStatus, data: Mapping[str, Any], *, host: str, folder: PurePath) -> Message:
    """Return the notification of a run's end.

    Args:
        job: what the job is called.
        data: the object that `run --json` prints, or as much of it as there is.
        host, folder: the machine, and the folder in which paths and command hold.
    """
    title = f"bulk-onboard {job}: {_title(exit_status, data)}"
    text = "\n".join([*_lines(data), f"On {host}, in {folder}"])
    about = {"job": job, "exit_status": int(exit_status), "title": title, "text": text}
    place = {"host": host, "folder": str(folder)}
    level = _LEVELS.get(exit_status, "failure")
    told = {name: data.get(name) for name in _KEYS}
    told["accounts"] = [{name: each.get(name) for name in _OF_ACCOUNT} for each in data.get("accounts", ())]
    return Message(title, text, level, {**about, **place, **told})


def statuses_in(data: Mapping[str, Any], exit_status: ExitStatus) -> list[ExitStatus]:
    """Return the exit statuses of a run, of its accounts, and of the rows of no account: each may want to be told."""
    of_accounts = [ExitStatus(each["exit_status"]) for each in data.get("accounts", ())]
    of_none = [ExitStatus.ROWS_NEED_ATTENTION] if data.get("unassigned") else []
    return [*of_accounts, *of_none, exit_status]


def _title(exit_status: ExitStatus, data: Mapping[str, Any]) -> str:
    if needing := list(_needing(data)):
        accounts = len(data["accounts"])
        return f"{len(needing):,} of {accounts:,} accounts {'needs' if len(needing) == 1 else 'need'} somebody"
    return _TITLES[exit_status].format(rows=_rows_need(data))


def _needing(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the accounts that need somebody, each with the reason; a signal stopped all, so none needs anybody."""
    for each in data.get("accounts", ()):
        status = ExitStatus(each["exit_status"])
        if status is not ExitStatus.DONE and status not in SIGNALS:
            new = f" ({each['new']:,} new)" if status is ExitStatus.ROWS_NEED_ATTENTION and each["new"] else ""
            yield each["account"], _TITLES[status].format(rows=_rows_need(each)) + new


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
    needing = list(_needing(data))
    yield from (f"{account}: {why}" for account, why in needing[:_NAMED_AT_MOST])
    if (more := len(needing) - _NAMED_AT_MOST) > 0:
        yield f"and {more:,} more {'account' if more == 1 else 'accounts'}"
    if twice := len(data.get("duplicates") or ()):
        yield f"Twice at the API: {twice:,} {'business' if twice == 1 else 'businesses'}"
    for what, name in (("Report", "report"), ("Marked in", "annotated"), ("Next", "next")):
        if told := data.get(name):
            yield f"{what}: {', '.join(told) if isinstance(told, list) else told}"


def _counted(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)
