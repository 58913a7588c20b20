"""A ledger without a disk."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Entry
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.life import trigger
from tests.support.clocks import STARTED


class MemoryJournal:
    """Keeps the ledger state by its real rules, and every entry; begins with the `story` so far.

    Attributes:
        entries: what was appended, in order, stamped by the clock; without one, a millisecond apart.
        room: how many more entries the disk takes before it fails for good; None for any number.
        late: ids that an earlier owner was told after its lease, by token.
    """

    def __init__(self, *story: Entry, clock: Clock | None = None) -> None:
        self.ledger_state = LedgerState()
        self.entries: list[Entry] = []
        self.room: int | None = None
        self.late: dict[str, tuple[str, ...]] = {}
        self._clock = clock
        for entry in story:
            self._take(entry)

    def now(self) -> datetime:
        return self._clock.now() if self._clock else STARTED + timedelta(milliseconds=self.ledger_state.seq)

    async def append(self, entry: Entry) -> None:
        await self.append_all((entry,))

    async def append_all(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self.room is not None:
                if not self.room:
                    raise StoppedError("The disk is full.")
                self.room -= 1
            self._take(entry)
        await asyncio.sleep(0)

    def story(self, token: str) -> list[str]:
        """What happened to a record, in the words of the table of legal steps."""
        return [trigger(entry) for entry in self.about(token)]

    def about(self, token: str) -> list[Entry]:
        """The entries about a record, in order."""
        return [entry for entry in self.entries if _is_about(entry, token)]

    def _take(self, entry: Entry) -> None:
        seq = self.ledger_state.seq + 1
        now = self._clock.now() if self._clock else STARTED + timedelta(milliseconds=seq)
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stamped = msgspec.structs.replace(entry, v=entries.VERSION, seq=seq, at=at)
        self.ledger_state.take(stamped)
        self.entries.append(stamped)


def _is_about(entry: Entry, token: str) -> bool:
    if isinstance(entry, entries.Admitted):
        return token in entry.tokens
    return isinstance(entry, entries.RecordEntry) and entry.token == token
