"""For how long an owner may write and send.

The database's clock decides who owns a ledger. The owner itself goes by a clock of its own machine that runs on while
the machine sleeps, counted from before the claim was sent, and ends a little earlier: so it stops before anybody else
can begin. A lease that is over stays over.
"""

import asyncio
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

from bulk_onboard.clock import Clock
from bulk_onboard.ledger.lock import user_name


@dataclass(frozen=True, slots=True)
class Times:
    """How long things last, in seconds.

    Attributes:
        lease_s: how long a claim or a renewal holds.
        renew_s: how long after that it is renewed.
        margin_s: how much earlier it ends for the owner than for the database.
        look_s: how often leases are looked at, and how often somebody looks who waits for one.
        silence_s: how long a server may say nothing, where no lease depends on its answer.
        lock_s: how long a statement waits for somebody else's transaction.
        farewell_s: how long somebody who ends waits for a new connection to give the lease back, where the old one
            failed.
        idle_s: how long a connection is kept for whoever needs one next.
    """

    lease_s: float = 60.0
    renew_s: float = 20.0
    margin_s: float = 2.0
    look_s: float = 1.0
    silence_s: float = 30.0
    lock_s: float = 5.0
    farewell_s: float = 10.0
    idle_s: float = 2.0


TIMES = Times()
"""What holds in this process. Always read as an attribute of this module, so that whoever replaces it is heard."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a ledger open.

    Attributes:
        left_s: seconds until the lease is over, by the database's clock; 0 or less where it is.
        until: when that is, as seconds since 1970 by that clock.
    """

    name: str
    left_s: float
    until: float

    @property
    def host(self) -> str:
        """The machine."""
        return self._part(0)

    @property
    def pid(self) -> str:
        """The process."""
        return self._part(1)

    @property
    def user(self) -> str:
        """The user of that machine."""
        return self._part(2)

    @property
    def words(self) -> str:
        """Who it is, as the subject of a sentence."""
        words = f"Another run (process {self.pid} of {self.user} on {self.host})"
        return words if self.host and words.isprintable() else "Another run"

    def _part(self, place: int) -> str:
        parts = self.name.split(":")
        return parts[place] if len(parts) > place else ""


def new_owner() -> str:
    """Return the name of an owner, which nobody had before and nobody will have again."""
    return ":".join((os.uname().nodename, str(os.getpid()), user_name(), secrets.token_hex(8)))


@dataclass(slots=True, eq=False)
class DatabaseLease:
    """The lease of one owner: `model.store.Lease`.

    Attributes:
        account: the ledger's name in the database.
        owner: who has it.
    """

    account: str
    owner: str
    clock: Clock
    _until: float = float("-inf")
    _is_over: bool = False
    _is_told: bool = False
    _database_s: float = 0.0  # its clock when `boottime` was 0
    _listeners: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def holds(self) -> bool:
        """Return whether it still holds; once False it never is True again."""
        if not self._is_over and self.clock.boottime() >= self._until:
            self._is_over = True
        return not self._is_over

    def extend(self, asked_at: float, told: float) -> None:
        """Note that the database prolonged it.

        Args:
            asked_at: instant of `boottime` just before it was asked.
            told: its own clock meanwhile, as seconds since 1970.
        """
        self._until = max(self._until, asked_at + TIMES.lease_s - TIMES.margin_s)
        self._database_s = told - (asked_at + self.clock.boottime()) / 2

    def now(self) -> datetime:
        """Return the present instant by the database's clock, aware, in UTC."""
        return datetime.fromtimestamp(self._database_s + self.clock.boottime(), UTC)

    def give_back(self) -> None:
        """Let it be over because it is not needed any more: nobody is told."""
        self._listeners.clear()
        self._is_over = True

    def end(self) -> None:
        """Let it be over, and tell whoever wants to know."""
        with self._lock:
            self._is_over = self._is_told = True
            listeners, self._listeners = self._listeners, []
        for loop, listener in listeners:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(listener)

    def call_when_over(self, listener: Callable[[], None]) -> None:
        """Call this in the running event loop once the lease is over before it was given back, and it is known why.

        At once where it already is.
        """
        with self._lock:  # it may end meanwhile, in the thread that looks after it
            is_told = self._is_told
            if not is_told:
                self._listeners.append((asyncio.get_running_loop(), listener))
        if is_told:
            listener()
