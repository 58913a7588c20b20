"""Where ledgers are kept: what the rest of the tool asks of a store, whichever it is.

A store is about one ledger: a file beside the job, or a name in a database that several machines see. Whoever opens it
is its *owner* until the context is left, or until the *lease* is over.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bulk_onboard.clock import Clock
from bulk_onboard.errors import UsageError
from bulk_onboard.model.ledger_state import Journal, LedgerState


class Lease(Protocol):
    """For how long the owner may write and send."""

    def holds(self) -> bool:
        """Return whether it still holds, by a clock of this machine that runs on while the machine sleeps.

        To be asked just before bytes leave. Once False it never is True again.
        """
        ...

    def call_when_over(self, listener: Callable[[], None]) -> None:
        """Call this in the event loop of the opening once the lease is over before it was given back.

        At once where it already is.
        """
        ...


class OpenJournal(Journal, Protocol):
    """An open ledger that nobody else writes to.

    Attributes:
        warnings: sentences for people about how the ledger was found.
        locked_at: monotonic instant since when it is owned: every send of an earlier owner ended before it.
        is_new: there was no ledger yet.
        is_older: the ledger was longer before, so a backup of it was put back, which lacks what was sent since.
        lease: for how long it is owned.
        late: what owners were told by the API after their leases, of records that the ledger does not know to be filed:
            by token the compliance ids. Such a record is not absent, or sent, before the API was asked for these.
    """

    warnings: tuple[str, ...]
    locked_at: float
    is_new: bool
    is_older: bool
    lease: Lease
    late: Mapping[str, tuple[str, ...]]

    @property
    def trouble(self) -> Exception | None:
        """Why nothing can be written any more, as when the lease is over; None while all is well."""
        ...

    @property
    def unsaved(self) -> list[tuple[str, str]]:
        """Token and compliance id of what the API did and the ledger did not take.

        A later run will find it there.
        """
        ...

    def now(self) -> datetime:
        """Return the present instant by the clock that stamps the entries, aware, in UTC."""
        ...

    def is_up_to_date(self) -> None:
        """Note that the ledger is complete: what it lacked was looked for at the API."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that is about to be read, and the names of the hints that this settles."""

    compliance_id: str
    names: tuple[str, ...]


class Hints(Protocol):
    """Hints that records changed at the API, kept until each record was read after its hint came.

    Raises:
        OSError: the disk failed, or too many hints wait.
        StoppedError: the database failed.
    """

    def keep(self, compliance_id: str) -> None:
        """Keep a hint; it is kept for good when this returns."""
        ...

    def waiting(self) -> tuple[str, ...]:
        """Return the ids of the records that have hints."""
        ...

    def claim(self, compliance_ids: Collection[str]) -> tuple[Claim, ...]:
        """Claim the hints for these records, which are to be read now."""
        ...

    def forget(self, claims: Iterable[Claim]) -> None:
        """Remove these hints, whose records were read, but no newer ones of the same records."""
        ...


class Follower(Protocol):
    """A ledger's state as somebody else writes the ledger; to be used by one thread at a time.

    Attributes:
        ledger_state: after all lines that could be read; of a ledger that is damaged or gone, as it was before.
        newest_at: instant of the newest line, as in the ledger; empty before there is one.
        trouble: what keeps the ledger from being read to its end now, for people; empty where nothing does.
        restarted: why it was read again from its beginning the last time; empty where it never was.
        is_there: whether there is such a ledger now.
        looks: how often a look has found something new.
    """

    ledger_state: LedgerState
    newest_at: str
    trouble: str
    restarted: str
    is_there: bool
    looks: int

    def look(self) -> bool:
        """Take in what is new; return whether anything is, a trouble or its end included."""
        ...

    def snapshot(self) -> LedgerState:
        """Return the state as it is now, for another thread; it must not take further entries."""
        ...


class Store(Protocol):
    """One ledger, wherever it is kept.

    Reading needs no lease. Everything but `opened` may take its time, so it belongs into a thread.

    Attributes:
        name: for messages: the path of a file, or the ledger's name and the address of the database.
        hints: what was heard of its records and not read yet.
        remedy: what to do where it is damaged, for people; empty for what helps a file, whose tail a run repairs.

    Raises:
        UsageError: it cannot be read, or may not lie there.
        LedgerError: damaged, or newer than this tool.
        StoppedError: the database cannot be reached.
    """

    @property
    def name(self) -> str: ...

    @property
    def hints(self) -> Hints: ...

    @property
    def remedy(self) -> str: ...

    def exists(self) -> bool:
        """Return whether there is a ledger, or something in its place that will be refused when it is opened."""
        ...

    def read(self) -> LedgerState | None:
        """Return the ledger's state, None where there is no ledger."""
        ...

    def missing(self) -> UsageError:
        """Return what to tell people who ask for the ledger where there is none."""
        ...

    def beside(self, ledger: Path) -> tuple[Path, ...]:
        """Return the ledgers kept in one place with this one whose names begin like its own, `businesses.*`, sorted.

        Each as the path of a file beside `ledger`, whether it is one or not.
        """
        ...

    def blocks(self) -> Iterator[bytes]:
        """Yield the ledger's bytes, some at a time, as they are in a file; UsageError where there is none."""
        ...

    def written_until(self) -> int:
        """Return how many lines the ledger is known to have had, even if it has fewer now; 0 where nobody knows."""
        ...

    def holder(self) -> str:
        """Return who owns it now, as the subject of a sentence; empty where nobody does."""
        ...

    def is_free(self) -> bool:
        """Return whether nobody owns it now, or there is none."""
        ...

    def follow(self) -> Follower:
        """Return what follows the ledger while somebody else writes it."""
        ...

    def purge(self) -> None:
        """Remove the ledger and all that is kept of it, for good; to be called by its owner."""
        ...

    def opened(
        self, *, auth_id: str, clock: Clock, patience_s: float | None = None
    ) -> AbstractAsyncContextManager[OpenJournal]:
        """Own the ledger while the context lasts; it is made new where there is none.

        Args:
            auth_id: the account; an old ledger must be of it, and of the job's address.
            clock: for stamps and pauses.
            patience_s: how long to wait for an owner who is about to end; None for as long as this store advises.

        Raises:
            LockedError: somebody else owns it.
            StoppedError: the disk or the database refused.
        """
        ...
