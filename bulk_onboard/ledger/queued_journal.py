"""What every open ledger does with an entry: stamp it, take it into the state, and queue its line to be written.

What writes the lines, into a file or a database, is a `Writer`. Lines queued meanwhile share one write, and what is
appended together is in one write. After the first failure nothing more is written (docs/design/ledger.md, Order of
writes).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bulk_onboard.ledger import codec
from bulk_onboard.model.entry import Adopted, Done, Entry
from bulk_onboard.model.ledger_state import LedgerState


@dataclass(frozen=True, slots=True)
class Pending:
    """Lines on their way to where they last, to be in one write.

    `durable` is resolved when they are there, or fails.
    """

    entries: tuple[Entry, ...]
    lines: tuple[bytes, ...]
    durable: asyncio.Future[None]


class Writer(Protocol):
    """Writes the lines of one open ledger, in the order in which they are put.

    Attributes:
        trouble: why nothing can be written any more; None while all is well.
        lost: the entries that were to be written and may not be there.
    """

    trouble: Exception | None
    lost: list[Entry]

    def put(self, pending: Pending) -> None:
        """Queue lines; `settled` tells whoever waits for them."""
        ...

    def lose(self, entries: Sequence[Entry]) -> None:
        """Note entries that come after the trouble."""
        ...


def settled(outcomes: Iterable[tuple[Pending, Exception | None]]) -> None:
    """Tell whoever waits for these lines that they last, or why not; to be called in a thread that writes."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Pending, Exception | None]]] = {}
    for pending, trouble in outcomes:
        loops.setdefault(pending.durable.get_loop(), []).append((pending, trouble))
    for loop, its in loops.items():
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            loop.call_soon_threadsafe(_resolve, its)


def _resolve(outcomes: Iterable[tuple[Pending, Exception | None]]) -> None:
    for pending, trouble in outcomes:
        if pending.durable.done():  # whoever waited was cancelled; the lines are written all the same
            continue
        if trouble is None:
            pending.durable.set_result(None)
        else:
            pending.durable.set_exception(trouble)


class QueuedJournal:
    """`model.ledger_state.Journal`, whatever writes it.

    Args:
        now: the clock that stamps the entries.

    Attributes:
        ledger_state: what all entries so far amount to.
    """

    def __init__(self, ledger_state: LedgerState, writer: Writer, now: Callable[[], datetime]) -> None:
        self.ledger_state = ledger_state
        self._queued = writer
        self._now = now

    def now(self) -> datetime:
        """Return the present instant by the clock that stamps the entries, aware, in UTC."""
        return self._now()

    @property
    def trouble(self) -> Exception | None:
        """Why nothing can be written any more; None while all is well."""
        return self._queued.trouble

    @property
    def unsaved(self) -> list[tuple[str, str]]:
        """Token and compliance id of what the API did and the ledger did not take.

        A later run will find it there.
        """
        return [(entry.token, entry.compliance_id) for entry in self._queued.lost if isinstance(entry, Done | Adopted)]

    async def append(self, entry: Entry) -> None:
        """Write the entry.

        It lasts when this returns, and will be written even if the caller is cancelled meanwhile.

        Raises:
            IllegalStepError: it is no legal step; nothing is written.
            StoppedError: the disk or the database failed, now or before; nothing more can be written, so nothing more
                may be sent.
        """
        await self.append_all((entry,))

    async def append_all(self, entries: Sequence[Entry]) -> None:
        """Write the entries, all in one write.

        They last when this returns, and will be written even if the caller is cancelled meanwhile.

        Raises:
            IllegalStepError: one is no legal step; neither it nor what follows is written.
            StoppedError: as for `append`.
        """
        if self._queued.trouble is not None:
            self._queued.lose(entries)
            raise self._queued.trouble.with_traceback(None)
        taken: list[Entry] = []
        lines: list[bytes] = []
        durable = asyncio.get_running_loop().create_future()
        try:
            for entry in entries:
                stamped = codec.stamp(entry, seq=self.ledger_state.seq + 1, now=self._now())
                line = codec.encode(stamped)
                self.ledger_state.take(stamped)
                taken.append(stamped)
                lines.append(line)
        finally:  # what the state has taken must be written
            if taken:
                self._queued.put(Pending(tuple(taken), tuple(lines), durable))
        if taken:
            await durable
