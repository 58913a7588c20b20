"""Keep what was typed in the ledger, so that later commands can be printed whole.

Kept are JOB and the flags without which a command would mean another file, row or address; not those that only say how
a run goes about it. Never kept are a proxy, which may hold a password, and a marked copy that was given for the
workbook, which was for one run. Paths are kept as seen from the ledger's folder, and printed as seen from where one
types now. What is given now goes before what was kept, and what the job file says itself is not repeated.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.job import Job, load_job, load_job_or_ledger, whole_job
from bulk_onboard.job_file import name_of
from bulk_onboard.ledger.opening import normalised
from bulk_onboard.model.account import path_of
from bulk_onboard.model.command import Commands
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.settings import BY_NAME

KEPT = frozenset({
    *("account", "workbook", "documents", "sheet", "header_row", "encoding", "report", "formats", "against"),
    *("trust_host", "quota", "settle", "ca_bundle"),
})  # fmt: skip

_TO_BE_THERE = frozenset({"workbook", "documents", "against", "ca_bundle"})

_OWN_FILES = frozenset({"workbook", "ledger", "report"})

_Flags = Mapping[str, tuple[str, ...]]


def to_keep(job: Job) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Return JOB and its flags, as `RunStarted` has them.

    The address is in the ledger's first line already.
    """

    def seen_from_ledger(path: str) -> str:
        return path if Path(path).is_absolute() else os.path.relpath(path, job.ledger.parent)

    is_copy = name_of(job.workbook) != job.workbook.stem
    kept = KEPT - {"workbook"} if is_copy else KEPT
    given = {name: words for name, words in job.commands.flags.items() if name in kept}
    flags = _with_paths(given, seen_from_ledger)
    return seen_from_ledger(str(job.file)), tuple((name, *words) for name, words in flags.items())


def commands_of(job: Job, ledger_state: LedgerState) -> Commands:
    """Return the job's commands with the flags given now and of its newest run."""
    return remembered(job, ledger_state).commands


def remembered(job: Job, ledger_state: LedgerState) -> Job:
    """Return the job as its newest run had it, except for what was given now.

    For commands that do not send.

    Where JOB is the ledger itself, it is the job of its newest run, if that is where it was; of the copy of a ledger
    that is in a database it is the job with that one.
    """
    behind = _job_behind(job, ledger_state)
    given = dict(behind.commands.flags)
    kept = {name: words for name, words in _kept(behind, ledger_state) if name not in given}
    needed = {name: words for name, words in kept.items() if _says_otherwise(behind, name, words)}
    flags = {name: (given | needed)[name] for name in BY_NAME if name in given | needed}
    if needed:
        behind = load_job_or_ledger(behind.file, as_given(flags))
    return replace(behind, commands=replace(behind.commands, flags=flags))


def of_own_workbook(job: Job, commands: Commands | None = None) -> Commands:
    """Return a job's commands for its own workbook, not an annotated copy of it."""
    commands = commands or job.commands
    if name_of(job.workbook) == job.workbook.stem:
        return commands
    return replace(commands, flags={name: words for name, words in commands.flags.items() if name != "workbook"})


def about_its_workbook(job: Job, jobs: Sequence[Job]) -> Commands:
    """Return the commands about an account's own workbook: about all of these accounts, where they share its sheet."""
    share_one = len({(each.workbook, each.sheet) for each in jobs}) == 1
    return of_own_workbook(job, whole_job(jobs) if share_one else job.commands)


def commands_instead(job: Job, other: Job) -> Commands:
    """Return another job's commands, with this one's flags.

    Flags about this job's own files are left out.
    """
    flags = {name: words for name, words in job.commands.flags.items() if name not in _OWN_FILES}
    needed = {name: words for name, words in flags.items() if _says_otherwise(other, name, words)}
    return replace(other.commands, flags={**other.commands.flags, **needed})


def _job_behind(job: Job, ledger_state: LedgerState) -> Job:
    started = ledger_state.runs[-1].started if ledger_state.runs else None
    typed = Path(_seen_from_here(job.ledger)(started.typed)) if started else Path()
    if job.file != job.ledger or started is None or not typed.is_file():
        return job
    account = account_of(ledger_state)
    given = ({"account": (account,)} if account else {}) | dict(job.commands.flags)
    try:
        behind = load_job(typed, as_given(given))
        if behind.database is None and behind.ledger.resolve() != job.ledger.resolve():
            behind = load_job(typed, as_given({**given, "ledger": (str(job.ledger),)}))
    except UsageError:  # the job file is not what it was
        return job
    return behind


def _kept(job: Job, ledger_state: LedgerState) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the flags of the newest run, and the address that the ledger is bound to."""
    started = ledger_state.runs[-1].started if ledger_state.runs else None
    if started and ".".join(filter(None, (name_of(Path(started.typed)), account_of(ledger_state)))) == job.name:
        flags = {name: tuple(words) for name, *words in started.flags if name != "account"}
        yield from _with_paths(flags, _seen_from_here(job.ledger)).items()
    if ledger_state.opened and normalised(ledger_state.opened.base_url) != normalised(job.base_url):
        yield "base_url", (ledger_state.opened.base_url,)


def account_of(ledger_state: LedgerState) -> str:
    """Return the name of the account whose ledger it is, by its newest run; empty where the job had no accounts."""
    flags = ledger_state.runs[-1].started.flags if ledger_state.runs else ()
    return next((words[0] for name, *words in flags if name == "account"), "")


def _says_otherwise(job: Job, name: str, words: tuple[str, ...]) -> bool:
    """Return whether a flag is needed, since the job itself says something else.

    Not for a file that is gone.
    """
    if name in _TO_BE_THERE and not all(Path(word).exists() for word in words):
        return False
    value, ours = BY_NAME[name].read(_value(name, words)), getattr(job, name)
    if name == "report":
        value = path_of(value, job.account)
    return bool(_resolved(value) != _resolved(ours))


def as_given(flags: _Flags) -> dict[str, bool | str | list[str]]:
    """Return the flags as the command line gives them."""
    return {name: _value(name, words) for name, words in flags.items()}


def _value(name: str, words: tuple[str, ...]) -> bool | str | list[str]:
    return True if not words else list(words) if BY_NAME[name].several else words[0]


def _resolved(value: Any) -> Any:
    """Return a setting's value for comparison, with absolute paths."""
    if isinstance(value, tuple):
        return tuple(map(_resolved, value))
    return value.resolve() if isinstance(value, Path) else value


def _seen_from_here(ledger: Path) -> Callable[[str], str]:
    return lambda path: path if Path(path).is_absolute() else os.path.normpath(ledger.parent / path)


def _with_paths(flags: _Flags, change: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(map(change, words)) if BY_NAME[name].path else words for name, words in flags.items()}
