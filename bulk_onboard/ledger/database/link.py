"""The one connection of this process to a database, in a thread of its own, which all its ledgers share.

The thread writes what is queued: lines of several ledgers in one statement, and so with one commit. Where the database
refuses that, each ledger's lines are written by themselves, so that one of them cannot take the others along. Beside it
the thread prolongs all leases, whatever the event loop does, and notices those that are over.

A connection that fails is not made again for those who own a ledger: whether their lines were written is not known, so
they end, as they would with a broken disk. Who opens one afterwards gets a new connection. A server that says nothing
is given up as soon as a lease is over, or after half a minute where none depends on it.
"""

import select
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import BulkOnboardError, DatabaseError
from bulk_onboard.ledger import codec
from bulk_onboard.ledger.database import lease as leases
from bulk_onboard.ledger.database import statements, trouble
from bulk_onboard.ledger.database.address import parameters
from bulk_onboard.ledger.database.lease import DatabaseLease
from bulk_onboard.ledger.database.statements import Connection, Lines
from bulk_onboard.ledger.queued_journal import Pending, settled
from bulk_onboard.model.entry import Entry

_T = TypeVar("_T")
_clock = SystemClock()


class _Impatient(psycopg.Connection[tuple[Any, ...]]):
    """A connection that asks, while its server says nothing, whether to go on waiting."""

    is_enough: Callable[[float], bool] = staticmethod(lambda waited_s: False)

    def wait(self, gen: Generator[Any, Any, _T], *args: Any, **kwargs: Any) -> _T:
        return super().wait(self._watched(gen), *args, **kwargs)

    def _watched(self, gen: Generator[Any, Any, _T]) -> Generator[Any, Any, _T]:
        heard_at = _clock.boottime()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    heard_at = _clock.boottime()
                elif self.is_enough(_clock.boottime() - heard_at):
                    self.pgconn.finish()  # it counts as broken from now on
                    raise psycopg.OperationalError(trouble.SILENT)
                wanted = gen.send(ready)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]


class DatabaseWriter:
    """Writes the lines of one owned ledger: `ledger.queued_journal.Writer`.

    Attributes:
        link: the connection.
        lease: while it holds, lines are written.
        trouble: why nothing can be written any more; None while all is well.
        lost: the entries that were to be written and may be nowhere in the database, not even as late ones.
    """

    def __init__(self, link: "Link", lease: DatabaseLease) -> None:
        self.lease = lease
        self.trouble: Exception | None = None
        self.lost: list[Entry] = []
        self.link = link

    def put(self, pending: Pending) -> None:
        """Queue lines; they are written in this order."""
        self.link.put(self, pending)

    def lose(self, entries: Sequence[Entry]) -> None:
        """Note entries that come after the trouble, and try to keep them as late ones."""
        self.lost += entries
        self.link.submit(self.keep_late)

    def keep_late(self, connection: Connection) -> None:
        """Keep as late evidence what was to be written and was not; to be called in the link's thread."""
        if entries := tuple(self.lost):
            stamped = [entry if entry.at else codec.stamp(entry, seq=0, now=_clock.now()) for entry in entries]
            lines = [codec.encode(entry) for entry in stamped]
            statements.add_late(connection, self.lease.account, self.lease.owner, lines)
            del self.lost[: len(entries)]


@dataclass(slots=True)
class _Task:
    """Something to do with the connection, for whoever waits for the result."""

    do: Callable[[Connection], Any]
    result: Future[Any] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Write:
    """Lines to be written."""

    writer: DatabaseWriter
    pending: Pending


class Link:
    """The connection; see `linked`.

    Attributes:
        where: the address, for messages.
        trouble: why it cannot be used any more; None while all is well.
    """

    def __init__(self, address: str) -> None:
        self.where = address
        self.trouble: Exception | None = None
        self.users = 0
        self._queue: SimpleQueue[_Task | _Write] = SimpleQueue()
        self._writers: set[DatabaseWriter] = set()
        self._lock = Lock()
        self._in_hand: list[_Task | _Write] = []
        self._renewed_at = _clock.boottime()
        self._thread = Thread(target=self._work, name="database", daemon=True)
        self._thread.start()

    def submit(self, do: Callable[[Connection], _T]) -> Future[_T]:
        """Queue something to do with the connection; for an event loop, which may wrap what is returned."""
        task = _Task(do)
        self._put(task)
        return task.result

    def ask(self, do: Callable[[Connection], _T]) -> _T:
        """Return what is made of the connection; for a thread, which waits.

        Raises:
            UsageError: the database refuses, and will until somebody changes something.
            DatabaseError: it failed.
        """
        return self.submit(do).result()

    def put(self, writer: DatabaseWriter, pending: Pending) -> None:
        """Queue lines of a ledger."""
        self._put(_Write(writer, pending))

    def keep(self, writer: DatabaseWriter) -> None:
        """Prolong the lease of a ledger from now on."""
        self._writers.add(writer)

    def let_go(self, writer: DatabaseWriter) -> None:
        """Prolong it no more."""
        self._writers.discard(writer)

    def _put(self, item: _Task | _Write) -> None:
        with self._lock:
            if self.trouble is None:
                self._queue.put(item)
                return
        _fail(item, self.trouble)

    # What follows is done in the thread.

    def _work(self) -> None:
        connection = None
        try:
            connection = self._connect()
            while self._is_wanted():
                if not self._writers and _has_ended(connection):
                    connection.close()
                    connection = self._connect()
                self._look_at_leases(connection)
                self._do_what_is_in_hand(connection)
        except Exception as error:
            self._end(error)
        finally:
            if connection is not None:
                connection.close()
        self._watch_leases()

    def _connect(self) -> Connection:
        told = make_conninfo(**parameters(self.where))
        connection = _Impatient.connect(told, autocommit=True, prepare_threshold=None)
        connection.is_enough = self._is_enough
        statements.settle_session(connection)
        return connection

    def _is_wanted(self) -> bool:
        """Wait for something to do, and put all of it into `_in_hand`.

        Return False where nobody has used the connection for a while; then nobody will.
        """
        with suppress(Empty):
            self._in_hand.append(self._queue.get(timeout=leases.TIMES.look_s if self._writers else leases.TIMES.idle_s))
            while True:
                self._in_hand.append(self._queue.get_nowait())
        if self._in_hand:
            return True
        with _opening, self._lock:
            if self.users or not self._queue.empty():
                return True
            self.trouble = DatabaseError(f"The connection to {self.where} is closed. Run again.")
            return False

    def _do_what_is_in_hand(self, connection: Connection) -> None:
        for is_write, group in groupby(tuple(self._in_hand), lambda item: isinstance(item, _Write)):
            items: tuple[Any, ...] = tuple(group)
            if is_write:
                self._write(connection, items)
            else:
                self._do(connection, items)
            del self._in_hand[: len(items)]

    def _is_enough(self, silent_s: float) -> bool:
        """Return whether to give up a server that has said nothing for so long."""
        if writers := tuple(self._writers):
            return not all(writer.lease.holds() for writer in writers)
        return silent_s > leases.TIMES.silence_s

    def _look_at_leases(self, connection: Connection) -> None:
        """Tell whose lease is over, and prolong the others when it is time."""
        for writer in tuple(self._writers):
            if not writer.lease.holds():
                self._end_writer(writer, trouble.lease_over(writer.lease, self.where))
        if self._writers and _clock.boottime() >= self._renewed_at + leases.TIMES.renew_s:
            self._renew(connection)

    def _renew(self, connection: Connection) -> None:
        self._renewed_at = _clock.boottime()
        writers = {writer.lease.account: (writer, writer.lease.clock.boottime()) for writer in tuple(self._writers)}
        try:
            renewed = statements.renew(connection, {name: writer.lease.owner for name, (writer, _) in writers.items()})
        except psycopg.Error as error:
            if _is_lost(connection, error):
                raise
            # It is tried again at the next look, as long as the leases hold.
            self._renewed_at += leases.TIMES.look_s - leases.TIMES.renew_s
            return
        for account, (writer, asked_at) in writers.items():
            if account in renewed:
                writer.lease.extend(asked_at, renewed[account])
            elif writer in self._writers:
                self._end_writer(writer, trouble.lease_over(writer.lease, self.where))

    def _do(self, connection: Connection, tasks: Sequence[_Task]) -> None:
        for task in tasks:
            if not task.result.set_running_or_notify_cancel():
                continue
            try:
                result = task.do(connection)
            except psycopg.Error as error:
                task.result.set_exception(trouble.explained(error, self.where))
                if _is_lost(connection, error):
                    raise
            except Exception as error:
                task.result.set_exception(error)
            else:
                task.result.set_result(result)

    def _write(self, connection: Connection, writes: Sequence[_Write]) -> None:
        groups: dict[DatabaseWriter, list[Pending]] = {}
        for write in writes:
            groups.setdefault(write.writer, []).append(write.pending)
        for writer in [writer for writer in groups if writer.trouble is not None]:
            _lose(writer, groups.pop(writer))
        if groups:
            self._insert(connection, groups)
        for writer in {write.writer for write in writes}:
            try:
                writer.keep_late(connection)
            except psycopg.Error as error:
                if _is_lost(connection, error):
                    raise
        settled((write.pending, write.writer.trouble) for write in writes)

    def _insert(self, connection: Connection, groups: Mapping[DatabaseWriter, Sequence[Pending]]) -> None:
        """Write all of these lines at once, or those of each ledger by themselves where that is refused."""
        try:
            written = statements.insert(connection, [_lines(*group) for group in groups.items()])
        except psycopg.Error as error:
            if _is_lost(connection, error):
                raise
            for writer, group in groups.items():
                if len(groups) > 1:
                    self._insert(connection, {writer: group})
                else:
                    self._end_writer(writer, _stopping(trouble.explained(error, self.where)))
                    _lose(writer, group)
            return
        for writer, group in groups.items():
            self._check(connection, writer, group, written.get(writer.lease.account, 0))

    def _check(self, connection: Connection, writer: DatabaseWriter, group: Sequence[Pending], written: int) -> None:
        """End a ledger's writing unless all of its lines were written."""
        if written != sum(len(pending.lines) for pending in group):
            self._end_writer(
                writer, trouble.not_written(connection, writer.lease, _lines(writer, group).after, self.where)
            )
            _lose(writer, group)

    def _end_writer(self, writer: DatabaseWriter, why: Exception) -> None:
        self._writers.discard(writer)
        writer.trouble = writer.trouble or why
        writer.lease.end()

    def _end(self, error: Exception) -> None:
        """Let everybody know that this connection is of no use any more."""
        with self._lock:
            if isinstance(error, BulkOnboardError):
                self.trouble = error
            elif isinstance(error, psycopg.Error):
                self.trouble = trouble.explained(error, self.where)
            else:  # a bug, raised in all who wait
                self.trouble = error
        while not self._queue.empty():
            self._in_hand.append(self._queue.get())
        for writer in tuple(self._writers):
            writer.trouble = _stopping(self.trouble)
        for item in self._in_hand:
            _fail(item, self.trouble)

    def _watch_leases(self) -> None:
        """Tell whose lease is over, until none is left: calls that are in flight may go on until then."""
        while self._writers:
            for writer in tuple(self._writers):
                if not writer.lease.holds():
                    self.let_go(writer)
                    writer.lease.end()
            time.sleep(leases.TIMES.look_s)


def _has_ended(connection: Connection) -> bool:
    """Return whether the server has said something unasked, which is how it ends an idle connection."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _is_lost(connection: Connection, error: psycopg.Error) -> bool:
    """Return whether the connection is of no use any more, not only this statement refused."""
    return connection.closed or error.diag.severity_nonlocalized in {"FATAL", "PANIC"}


def _stopping(trouble: Exception) -> Exception:
    """Return the trouble as one that ends a run which had begun, whatever it would be for one that begins."""
    return DatabaseError(str(trouble)) if isinstance(trouble, BulkOnboardError) else trouble


def _lines(writer: DatabaseWriter, group: Sequence[Pending]) -> Lines:
    lines = [line for pending in group for line in pending.lines]
    return Lines(writer.lease.account, writer.lease.owner, group[0].entries[0].seq - 1, lines)


def _lose(writer: DatabaseWriter, group: Sequence[Pending]) -> None:
    writer.lost += [entry for pending in group for entry in pending.entries]


def _fail(item: _Task | _Write, trouble: Exception) -> None:
    if isinstance(item, _Write):
        item.writer.trouble = item.writer.trouble or _stopping(trouble)
        _lose(item.writer, [item.pending])
        settled([(item.pending, item.writer.trouble)])
    else:
        with suppress(InvalidStateError):  # it has ended, or nobody waits for it any more
            item.result.set_exception(trouble)


_links: dict[str, Link] = {}
_opening = Lock()


@contextmanager
def linked(address: str) -> Iterator[Link]:
    """Give the connection to this database, made where there is none, while the context lasts.

    It is closed a moment after nobody needs it any more.
    """
    with _opening:
        link = _links.get(address)
        if link is None or link.trouble is not None:
            link = _links[address] = Link(address)
        link.users += 1
    try:
        yield link
    finally:
        with _opening:
            link.users -= 1
