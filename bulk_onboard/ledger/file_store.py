"""A ledger in a file beside the job: `model.store.Store` over what the other files of this folder do."""

import asyncio
import glob
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import cached_property
from pathlib import Path

from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, UsageError
from bulk_onboard.ledger.disk import Disk, ledger_blocks, no_ledger
from bulk_onboard.ledger.follow import FileFollower
from bulk_onboard.ledger.hints import FileHints, hints_folder
from bulk_onboard.ledger.journal import LedgerJournal, read_ledger_state
from bulk_onboard.ledger.lock import PATIENCE_S, look_at_lock
from bulk_onboard.model.account import LEDGER_ENDING, name_of_ledger
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.store import OpenJournal
from bulk_onboard.threads import in_thread


class FileStore:
    """The ledger at a path, with its lock and the folder of its hints beside it.

    Args:
        job, base_url: what a new ledger belongs to, beside the account; an old one must have the same address.
        share: `private`, or `group` where colleagues of the file's group may continue the job.
        disk: what it writes through; the machine's own by default.
    """

    def __init__(
        self, path: Path, *, job: str, base_url: str, share: str = "private", disk: Disk | None = None
    ) -> None:
        self.path = path
        self._job, self._base_url, self._share, self._disk = job, base_url, share, disk

    @property
    def name(self) -> str:
        """Return the path."""
        return str(self.path)

    @cached_property
    def hints(self) -> FileHints:
        """Return what was heard of its records and not read yet."""
        return FileHints(hints_folder(self.path.absolute()))

    @property
    def remedy(self) -> str:
        """Nothing: what helps a file."""
        return ""

    def exists(self) -> bool:
        """Return whether there is a ledger, or a link in its place, which is refused when it is opened."""
        return os.path.lexists(self.path)

    def read(self) -> LedgerState | None:
        """Return the ledger's state without its lock, and without a tail that a run may be writing; None for none."""
        try:
            self.path.stat()
        except FileNotFoundError:
            return None
        except OSError:  # then reading says why
            pass
        return read_ledger_state(self.path).ledger_state

    def missing(self) -> UsageError:
        """Return what to tell people who ask for the ledger where there is none."""
        return no_ledger(self.path)

    def beside(self, ledger: Path) -> tuple[Path, ...]:
        """Return the files beside `ledger` that are called like it and end as ledgers do, sorted."""
        pattern = f"{glob.escape(name_of_ledger(ledger))}.*{LEDGER_ENDING.removeprefix('.')}"
        return tuple(sorted(ledger.parent.glob(pattern)))

    def blocks(self) -> Iterator[bytes]:
        """Yield the ledger's bytes, some at a time; UsageError where there is none."""
        return ledger_blocks(self.path)

    def written_until(self) -> int:
        """Return how many lines the ledger is known to have had, by its lock; 0 where that does not say."""
        try:
            return look_at_lock(self.path).highest_seq
        except OSError:
            return 0

    def holder(self) -> str:
        """Return who on this machine holds the lock, as the subject of a sentence; empty where nobody does."""
        try:
            return look_at_lock(self.path).holder
        except OSError:
            return ""

    def is_free(self) -> bool:
        """Return whether nobody holds the lock."""
        return not self.holder()

    def follow(self) -> FileFollower:
        """Return what follows the ledger while somebody else writes it."""
        return FileFollower(self.path)

    def purge(self) -> None:
        """Remove the file; what lies beside it stays."""
        self.path.unlink(missing_ok=True)

    @asynccontextmanager
    async def opened(
        self, *, auth_id: str, clock: Clock, patience_s: float | None = None
    ) -> AsyncIterator[OpenJournal]:
        """Lock and open the ledger, in a thread: the lock may be waited for, and many lines read.

        Raises what `LedgerJournal.open` does.
        """
        ledger = LedgerJournal.open(
            self.path,
            job=self._job,
            auth_id=auth_id,
            base_url=self._base_url,
            clock=clock,
            share=self._share,
            disk=self._disk,
            patience_s=PATIENCE_S if patience_s is None else patience_s,
        )
        opening = asyncio.ensure_future(in_thread(ledger.__enter__))
        try:
            journal = await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(BulkOnboardError):
                await opening
                ledger.__exit__(None, None, None)
            raise
        try:
            yield journal
        finally:
            await in_thread(ledger.__exit__, None, None, None)
