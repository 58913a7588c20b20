"""The ledgers that rows are held against: those under `--against`, and those of the job's other accounts.

A business that one of them has is not filed once more. Each is read once, however many accounts are held against it.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from bulk_onboard.errors import LedgerError, UsageError
from bulk_onboard.job import Job
from bulk_onboard.job_file import name_of
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.ledger.repair import salvage
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.sheet import Sheet, type_by_name
from bulk_onboard.model.store import Store
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
        self._former: dict[Path, tuple[Path, ...]] = {}

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

    def of_account(self, job: Job, path: Path) -> _Read:
        """Return what a ledger of the job's accounts knows: of a damaged one what can be salvaged, without one nothing.

        StoppedError where its database cannot be reached.
        """
        with self._lock:
            if path not in self._of_accounts:
                self._of_accounts[path] = _read(job.store_of(path))
            return self._of_accounts[path]

    def former(self, job: Job) -> tuple[Path, ...]:
        """Return the job's former ledgers (`Job.former_ledgers`)."""
        with self._lock:
            if job.file not in self._former:
                self._former[job.file] = job.former_ledgers()
            return self._former[job.file]

    def forget(self) -> None:
        """Let go of what was read: once all rows are judged, nobody asks for it any more."""
        with self._lock:
            self._whole.clear()
            self._of_accounts.clear()
            self._former.clear()


def _read(store: Store) -> _Read:
    written = store.written_until()  # before the ledger, which may become longer meanwhile
    try:
        ledger_state = store.read()
    except UsageError:
        return _Read(_NOTHING, f"it cannot be read, {_NOT_RECOGNISED}")
    except LedgerError:
        return _read_damaged(store)
    if ledger_state is None:
        return _Read(_NOTHING, f"it is not there any more, {_NOT_RECOGNISED}" if written else "")
    older = ledger_state.seq < written
    return _Read(KnownBusinesses(ledger_state), f"it was longer before, {_SINCE_NOT_RECOGNISED}" if older else "")


def _read_damaged(store: Store) -> _Read:
    try:
        saved = salvage(b"".join(store.blocks()), kept_as="", now=datetime.fromtimestamp(0, UTC), name=store.name)
        known = KnownBusinesses(fold(saved.content, store.name).ledger_state)
    except (LedgerError, UsageError):
        return _Read(_NOTHING, f"it cannot be used, {_NOT_RECOGNISED}")
    return _Read(known, "it is damaged, so rows were held against what is left of it")


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
    read = {account: ledgers.of_account(job, path) for account, path in job.other_accounts.items()}
    former = {path: ledgers.of_account(job, path) for path in ledgers.former(job)}
    own_known = ledgers.of_account(job, job.ledger).known
    if auth_id and not job.store.exists():
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
                f"{job.store_of(job.other_accounts[other]).name} says. Nothing was sent; correct "
                f"{' and '.join(job.variables)}, or the files with them."
            )
    anew = "move it to another folder" if job.database is None else "give the job file another name"
    for path, each in former.items():
        if each.known.auth_id == auth_id:
            raise UsageError(
                f"The ledger {job.store_of(path).name} is of the account id that {job.account} has, and there is no "
                f"ledger {job.store.name}. Nothing was sent, since what that ledger knows would be forgotten. To go on "
                f'with it, write below name = "{job.account}" in {job.file}: ledger = {json.dumps(path.name)}. '
                f"To begin anew, {anew}."
            )
