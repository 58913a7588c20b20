"""The ledgers that rows are held against: those under `--against`, and those of the job's other accounts.

A business that one of them has is not filed once more. Each is read once, however many accounts are held against it.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from bulk_onboard.errors import BulkOnboardError, LedgerError, UsageError
from bulk_onboard.job import Job
from bulk_onboard.job_file import name_of
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.ledger.lock import look_at_lock
from bulk_onboard.ledger.repair import salvage
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.sheet import Sheet, type_by_name
from bulk_onboard.validation import KnownBusinesses

_NOT_RECOGNISED = "so rows that this account has filed are not recognised here"
_SINCE_NOT_RECOGNISED = "so rows that this account has filed since are not recognised here"
_NOTHING = KnownBusinesses(LedgerState())
NOT_TWICE: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Others:
    """What the rows of one account are held against.

    Attributes:
        against: the ledgers of other jobs, each with the name of its file.
        own: what the account's own ledger knows, where the job has other accounts.
        accounts: the other accounts that have a ledger, each with what that knows.
        unread: the other accounts whose ledger is damaged, lost or older than it was, and what became of that.
        twice: by row number, another account that has a row of the same business.
    """

    against: tuple[tuple[str, KnownBusinesses], ...] = ()
    own: KnownBusinesses = _NOTHING
    accounts: tuple[tuple[str, KnownBusinesses], ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    twice: Mapping[int, str] = field(default_factory=dict)

    def findings_at(self, sheet: Sheet) -> Iterator[Finding]:
        """Yield a finding for each account whose ledger could not be read as a whole."""
        for account, why in self.unread:
            details = {"account": account, "why": why}
            yield Finding("account-ledger-damaged", sheet.name, sheet.header_row, details=details)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a ledger of an account knows; `trouble` says what is wrong with it, if anything."""

    known: KnownBusinesses
    trouble: str = ""


class OtherLedgers:
    """Ledgers that are read when they are first asked for, by whichever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._whole: dict[Path, KnownBusinesses] = {}
        self._of_accounts: dict[Path, _Read] = {}

    def whole(self, path: Path) -> KnownBusinesses:
        """Return what the ledger knows.

        Raises:
            UsageError: there is none, or it cannot be read.
            LedgerError: it is damaged, or newer than this tool.
        """
        with self._lock:
            if path not in self._whole:
                self._whole[path] = KnownBusinesses(read_ledger_state(path).ledger_state)
            return self._whole[path]

    def of_account(self, path: Path) -> _Read:
        """Return what the ledger of an account knows: of a damaged one what can be salvaged, without one nothing."""
        with self._lock:
            if path not in self._of_accounts:
                self._of_accounts[path] = _read(path)
            return self._of_accounts[path]

    def forget(self) -> None:
        """Let go of what was read: once all rows are judged, nobody asks for it any more."""
        with self._lock:
            self._whole.clear()
            self._of_accounts.clear()


def _read(path: Path) -> _Read:
    written = _written_until(path)  # before the ledger, which may become longer meanwhile
    if not path.exists():
        return _Read(_NOTHING, f"it is not there any more, {_NOT_RECOGNISED}" if written else "")
    try:
        ledger_state = read_ledger_state(path).ledger_state
        older = ledger_state.seq < written
        return _Read(KnownBusinesses(ledger_state), f"it was longer before, {_SINCE_NOT_RECOGNISED}" if older else "")
    except LedgerError:
        pass
    except BulkOnboardError:
        return _Read(_NOTHING, f"it cannot be read, {_NOT_RECOGNISED}")
    try:
        saved = salvage(path.read_bytes(), kept_as="", now=datetime.fromtimestamp(0, UTC), name=str(path))
        known = KnownBusinesses(fold(saved.content, str(path)).ledger_state)
    except (LedgerError, OSError):
        return _Read(_NOTHING, f"it cannot be used, {_NOT_RECOGNISED}")
    return _Read(known, "it is damaged, so rows were held against what is left of it")


def _written_until(path: Path) -> int:
    """Return how many lines the ledger is known to have had, whatever has become of it; 0 where that is not known."""
    try:
        return look_at_lock(path).highest_seq
    except OSError:
        return 0


def read_others(
    job: Job, ledgers: OtherLedgers | None = None, twice: Mapping[int, str] = NOT_TWICE, *, auth_id: str = ""
) -> Others:
    """Return what the job's rows are held against.

    Args:
        job: its `--against`, and its other accounts, say which ledgers.
        ledgers: those that were read already, for other accounts.
        twice: by row number, another account that has a row of the same business (`Sheets.twice`).
        auth_id: of the account; empty where that is not known.

    Raises:
        UsageError: a ledger under `--against` is not there, cannot be read, is a workbook, or is the job's own; or the
            job would begin a ledger for an account that has one under another name.
        LedgerError: one of these is damaged, or newer than this tool.
    """
    ledgers = ledgers or OtherLedgers()
    own = job.ledger.resolve()
    for path in job.against:
        if type_by_name(path) is not None:
            ledger = path.with_name(f"{name_of(path)}.ledger.jsonl")
            raise UsageError(f"{path} is a workbook. Name its ledger after --against: {ledger}.")
        if path.resolve() == own:
            raise UsageError(
                f"The ledger {path} is this job's own: what it has sent is never sent twice anyway. "
                "Leave it out of --against."
            )
    against = tuple((path.name, ledgers.whole(path)) for path in job.against)
    if not job.account:
        return Others(against, twice=twice)
    read = {account: ledgers.of_account(path) for account, path in job.other_accounts.items()}
    former = {path: ledgers.of_account(path) for path in job.former_ledgers}
    own_known = ledgers.of_account(job.ledger).known
    if auth_id and not os.path.lexists(job.ledger):
        _refuse_second_ledger(job, auth_id, read, former)
    live = {auth_id, own_known.auth_id, *(each.known.auth_id for each in read.values())} - {""}
    read |= {f"of {path.name}": each for path, each in former.items() if each.known.auth_id not in live}
    return Others(
        against,
        own_known,
        tuple((account, each.known) for account, each in read.items() if each.known),
        tuple((account, each.trouble) for account, each in read.items() if each.trouble),
        twice,
    )


def _refuse_second_ledger(job: Job, auth_id: str, read: Mapping[str, _Read], former: Mapping[Path, _Read]) -> None:
    """Raise UsageError where a ledger of this account is there, and is not the one that the job names for it."""
    for other, each in read.items():
        if each.known.auth_id == auth_id:
            raise UsageError(
                f"The credentials of {job.account} are those of the account {other}, as its ledger "
                f"{job.other_accounts[other]} says. Nothing was sent; correct {' and '.join(job.variables)}, or the "
                "files with them."
            )
    for path, each in former.items():
        if each.known.auth_id == auth_id:
            raise UsageError(
                f"The ledger {path} is of the account id that {job.account} has, and there is no ledger {job.ledger}. "
                "Nothing was sent, since what that ledger knows would be forgotten. To go on with it, write below "
                f'name = "{job.account}" in {job.file}: ledger = {json.dumps(path.name)}. To begin anew, move it to '
                "another folder."
            )
