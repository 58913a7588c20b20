"""A ledger in a database, as the rest of the tool sees it: `model.store.Store`."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from bulk_onboard import __version__
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, LedgerError, LockedError, StoppedError, UsageError
from bulk_onboard.ledger.codec import LineError, decode
from bulk_onboard.ledger.database import checks, statements, trouble
from bulk_onboard.ledger.database import lease as leases
from bulk_onboard.ledger.database.address import shown
from bulk_onboard.ledger.database.follow import DatabaseFollower
from bulk_onboard.ledger.database.hints import PostgresHints
from bulk_onboard.ledger.database.lease import DatabaseLease, Owner, new_owner
from bulk_onboard.ledger.database.link import DatabaseWriter, Link, linked
from bulk_onboard.ledger.database.statements import Connection, Whose
from bulk_onboard.ledger.fold import check_has_no_tail, fold_blocks
from bulk_onboard.ledger.opening import check_bound
from bulk_onboard.ledger.queued_journal import QueuedJournal
from bulk_onboard.model.account import LEDGER_ENDING, name_of_ledger
from bulk_onboard.model.entry import Adopted, Done, LedgerOpened, Op
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import NOT_FILED, UNKNOWN
from bulk_onboard.model.store import Lease
from bulk_onboard.threads import in_thread
from bulk_onboard.units import format_count

_T = TypeVar("_T")


@dataclass(slots=True)
class _Ownership:
    """What is known of a ledger when it was claimed.

    Attributes:
        locked_at: monotonic instant since when it is owned.
        seen: on which server it was last known to be complete; `place` is the present one.
        moved: a sentence where its job was elsewhere before; empty where it was not.
    """

    writer: DatabaseWriter
    locked_at: float
    seen: str
    place: str
    moved: str


def set_up(address: str) -> None:
    """Make the tables in a database where they are not there.

    Raises:
        UsageError: the database refuses, or the tables are those of a newer version.
        StoppedError: it cannot be reached.
    """

    def do(connection: Connection) -> None:
        checks.check_before_setup(connection, address)
        statements.make_schema(connection)
        checks.check(connection, address)

    with linked(address) as link:
        link.ask(do)


class DatabaseJournal(QueuedJournal):
    """An open ledger in a database, owned: `model.store.OpenJournal`."""

    def __init__(
        self,
        owned: _Ownership,
        ledger_state: LedgerState,
        *,
        warnings: tuple[str, ...],
        late: Mapping[str, tuple[str, ...]],
        note_place: Callable[[], object],
    ) -> None:
        super().__init__(ledger_state, owned.writer, owned.writer.lease.now)
        self.warnings = warnings
        self.locked_at = owned.locked_at
        self.is_new = not ledger_state.seq
        self.is_older = not self.is_new and owned.seen != owned.place
        self.late = late
        self.lease: Lease = owned.writer.lease
        self._note_place = note_place

    def is_up_to_date(self) -> None:
        """Note that the ledger is complete: what it lacked was looked for at the API."""
        self.is_older = False
        self._note_place()


class PostgresStore:
    """One ledger in a database.

    Args:
        address: of the database, as in the setting `store`.
        ledger: the path that the ledger would have as a file; its name there is its name in the database.
        job, base_url: what a new ledger belongs to; an old one must have the same address.
        file: JOB, by which a ledger of the same name is told that belongs to another job; by default the path above.
    """

    def __init__(self, address: str, ledger: Path, *, job: str, base_url: str, file: Path | None = None) -> None:
        self.account = name_of_ledger(ledger)
        self.address = address
        self._owned: DatabaseWriter | None = None  # while it is open
        self._job = job
        self._base_url = base_url
        self._ledger, self._file = ledger, file or ledger

    @property
    def name(self) -> str:
        """The ledger's name and the database's address, for messages."""
        return f"{self.account} in {shown(self.address)}"

    @property
    def hints(self) -> PostgresHints:
        """What was heard of its records and not read yet."""
        return PostgresHints(self.address, self.account)

    def setup(self) -> None:
        """Make the tables where they are not there, as `set_up` does."""
        set_up(self.address)

    def exists(self) -> bool:
        """Return whether there is a ledger."""
        return self._ask(partial(statements.has_lines, account=self.account))

    def read(self) -> LedgerState | None:
        """Return the ledger's state, None where there is no ledger; UsageError also where it is another job's."""
        with linked(self.address) as link:
            link.ask(self._moved)
            return self._folded(link)

    def missing(self) -> UsageError:
        """Return what to tell people who ask for the ledger where there is none."""
        return UsageError(f"There is no ledger {self.name}. Check its name, or run the job: a run makes one.")

    def beside(self, ledger: Path) -> tuple[Path, ...]:
        """Return the ledgers of the database that are called like `ledger`, as the files they would be, sorted."""
        found = self._ask(partial(statements.called, begin=name_of_ledger(ledger)))
        paths = {ledger.with_name(f"{name}{LEDGER_ENDING}"): whose for name, whose in found.items()}
        anothers = {path for path, whose in paths.items() if whose and _is_anothers(whose, self._whose(path))}
        return tuple(sorted(paths.keys() - anothers))

    def blocks(self) -> Iterator[bytes]:
        """Yield the ledger's bytes as they are in a file, also of a damaged one; UsageError where there is none."""
        with linked(self.address) as link:
            if not link.ask(partial(statements.has_lines, account=self.account)):
                raise self.missing()
            for chunk in self._chunks(link):
                yield chunk.content

    def written_until(self) -> int:
        """Return how many lines the ledger is known to have had; 0, since a database keeps what it took."""
        return 0

    def owner(self) -> Owner | None:
        """Return who owns it now; None where nobody does."""
        owner = self._ask(partial(statements.owner_of, account=self.account))
        return owner if owner and owner.left_s > 0 else None

    def holder(self) -> str:
        """Return who owns it now, as the subject of a sentence; empty where nobody does."""
        owner = self.owner()
        return owner.words if owner else ""

    def is_free(self) -> bool:
        """Return whether nobody owns it now, or there is none."""
        return self.owner() is None

    def purge(self) -> None:
        """Delete the ledger, its late evidence, its hints and its task, while it is open here.

        Raises:
            StoppedError: it is not ours any more, or the database failed.
        """
        writer = self._owned
        if writer is None:
            raise StoppedError(f"{self.name} is not open here, so nothing of it was deleted. Run again.")

        def do(connection: Connection) -> bool:
            writer.link.let_go(writer)
            return statements.purge(connection, self.account, writer.lease.owner)

        if not writer.link.ask(do):
            raise trouble.lease_over(writer.lease, self.address)

    def import_lines(self, lines: Iterable[bytes], *, replaces_damaged: bool = False) -> str:
        """Write the lines of a sound file, each with its newline, as this ledger: all of them, or none.

        They may lack what was sent since the file was written, so the ledger counts as older until somebody has looked.

        Args:
            replaces_damaged: whether a ledger that is there gives way to them, since it is damaged.

        Returns:
            Under which name the lines that gave way are kept in the database; empty where there were none.

        Raises:
            UsageError: there is a ledger, and it need not give way, or is another job's.
            LockedError: somebody owns it.
            StoppedError: the database failed.
        """
        owner = new_owner()

        def do(connection: Connection) -> str:
            checks.check(connection, self.address)
            with connection.transaction():
                self._moved(connection)
                if statements.claim(connection, self.account, owner, self._whose(self._ledger)) is None:
                    raise self._locked(statements.owner_of(connection, self.account))
                if not replaces_damaged and statements.has_lines(connection, self.account):
                    raise UsageError(f"There is a ledger {self.name} already, so nothing was written into it.")
                kept = statements.move_aside(connection, self.account)
                statements.copy_in(connection, self.account, lines)
                statements.note_place(connection, self.account, owner, seen=None)
                statements.give_back(connection, self.account, owner)
            return kept

        return self._ask(do)

    def follow(self) -> DatabaseFollower:
        """Return what follows the ledger while somebody else writes it."""
        return DatabaseFollower(self.address, self.account, self.name)

    @asynccontextmanager
    async def opened(
        self, *, auth_id: str, clock: Clock, patience_s: float | None = None
    ) -> AsyncIterator[DatabaseJournal]:
        """Own the ledger while the context lasts; it is made new where there is none.

        Args:
            auth_id: the account; an old ledger must be of it, and of the job's address.
            clock: for pauses and the lease; entries are stamped by the database's.
            patience_s: how long to wait for an owner who is about to end. None: until the present lease is over, unless
                it is prolonged meanwhile.

        Raises:
            UsageError: the database is not fit for it, or refuses; or the ledger is that of another job.
            LockedError: somebody else owns it.
            LedgerError: damaged, of another account or address, or newer than this tool.
            StoppedError: the database cannot be reached, or failed.
        """
        with linked(self.address) as link:
            owned = await self._claimed(link, clock, patience_s)
            self._owned = owned.writer
            try:
                yield await self._journal(link, owned, auth_id)
            finally:
                self._owned = None
                await self._given_back(link, owned.writer)

    def _ask(self, do: Callable[[Connection], _T]) -> _T:
        with linked(self.address) as link:
            return link.ask(do)

    async def _claimed(self, link: Link, clock: Clock, patience_s: float | None) -> _Ownership:
        """Return the ledger owned, as soon as the lease before is over."""
        writer = DatabaseWriter(link, DatabaseLease(self.account, new_owner(), clock))
        began_at, first = clock.monotonic(), None
        try:
            while True:
                found = await asyncio.wrap_future(link.submit(partial(self._claim, link=link, writer=writer)))
                if isinstance(found, _Ownership):
                    return found
                first = first or found
                is_tired = patience_s is not None and clock.monotonic() - began_at >= patience_s
                if is_tired or (found.name, found.until) != (first.name, first.until):
                    raise self._locked(found)
                await clock.sleep(max(0.0, min(found.left_s, leases.TIMES.look_s)))
        except BaseException:
            link.submit(partial(_end, writer=writer))
            raise

    def _locked(self, owner: Owner | None) -> LockedError:
        words = owner.words if owner else "Another run"
        return LockedError(f"{words} uses {self.name}. Wait until it has ended, or stop it there, then run again.")

    def _claim(self, connection: Connection, *, link: Link, writer: DatabaseWriter) -> _Ownership | Owner:
        lease = writer.lease
        checks.check(connection, self.address)
        moved = self._moved(connection)
        asked_at = lease.clock.boottime()
        claimed = statements.claim(connection, lease.account, lease.owner, self._whose(self._ledger))
        if claimed is None:
            return statements.owner_of(connection, lease.account) or Owner("", 0.0, 0.0)
        lease.extend(asked_at, claimed.at)
        locked_at = lease.clock.monotonic()
        link.keep(writer)
        return _Ownership(writer, locked_at, claimed.seen, statements.place(connection), moved)

    def _whose(self, ledger: Path) -> Whose:
        return Whose(str(ledger.resolve()), str(self._file.resolve()))

    def _moved(self, connection: Connection) -> str:
        """Return a sentence where the job was elsewhere before; raise UsageError where the ledger is another job's."""
        noted, own = statements.whose(connection, self.account), self._whose(self._ledger)
        if noted is None:
            return ""
        if _is_anothers(noted, own):
            another = f"{self._file.absolute().parent.name}.{self._ledger.name}"
            raise UsageError(
                f"The ledger {self.name} is that of {noted.job}, and this is {own.job}, whose ledger has the "
                "same name. Nothing was sent, since rows of the one would be taken for rows of the other. If they are "
                "two jobs, give this one another ledger, in the job file or with --ledger: "
                f"ledger = {json.dumps(another, ensure_ascii=False)}. If they are copies of one job, move the other "
                "one away."
            )
        if noted.ledger == own.ledger or noted.job == own.job or os.path.lexists(noted.job):
            return ""
        return f"{self.name} was the ledger of {noted.job}, which is not there any more. Now it is that of {own.job}."

    async def _journal(self, link: Link, owned: _Ownership, auth_id: str) -> DatabaseJournal:
        header = LedgerOpened(
            tool=f"bulk-onboard {__version__}",
            job=self._job,
            auth_id=auth_id,
            base_url=self._base_url,
            created=owned.writer.lease.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
        ledger_state = await in_thread(self._folded, link)
        if ledger_state is not None and ledger_state.opened is not None:
            check_bound(self.name, ledger_state.opened, header)
        late = open_evidence(await self._in_link(link, statements.late), ledger_state)

        def note_place() -> object:
            return link.submit(
                partial(statements.note_place, account=self.account, owner=owned.writer.lease.owner, seen=owned.place)
            )

        journal = DatabaseJournal(
            owned,
            ledger_state or LedgerState(),
            warnings=(*filter(None, [owned.moved]), *_about(late), *self._clocks(owned.writer.lease)),
            late=late,
            note_place=note_place,
        )
        if journal.is_new:
            await journal.append(header)
            journal.is_up_to_date()
        return journal

    def _clocks(self, lease: DatabaseLease) -> Iterator[str]:
        apart_s = (lease.now() - lease.clock.now()).total_seconds()
        if abs(apart_s) > checks.CLOCKS_APART_S:
            yield checks.clocks_apart(apart_s, self.address)

    async def _in_link(self, link: Link, do: Callable[[Connection, str], _T]) -> _T:
        return await asyncio.wrap_future(link.submit(lambda connection: do(connection, self.account)))

    async def _given_back(self, link: Link, writer: DatabaseWriter) -> None:
        """Give the lease back when all that was queued is written; by a new connection where this one has failed."""
        try:
            if link.trouble is None:
                with suppress(BulkOnboardError):
                    await asyncio.wrap_future(link.submit(partial(_end, writer=writer)))
                    return
            with linked(self.address) as another, suppress(BulkOnboardError, TimeoutError):
                ending = asyncio.wrap_future(another.submit(partial(_end, writer=writer)))
                await asyncio.wait_for(ending, leases.TIMES.farewell_s)
        finally:
            link.let_go(writer)
            writer.lease.give_back()

    @property
    def remedy(self) -> str:
        """What to do where the ledger is damaged."""
        return (
            "nothing was changed and nothing is sent. Do not edit or delete it, for what it says was sent would be "
            "forgotten; put back a backup of the database, or salvage this ledger: write it to a file with `ledger "
            "export`, see to that with `ledger repair`, and bring it back with `ledger import`; then run again"
        )

    def _chunks(self, link: Link) -> Iterator[statements.Chunk]:
        after = 0
        while chunk := link.ask(partial(statements.read, account=self.account, after=after)):
            yield chunk
            after = chunk.last

    def _folded(self, link: Link) -> LedgerState | None:
        """Return the ledger's state, None where there is no ledger."""
        chunks = self._chunks(link)
        first = next(chunks, None)
        if first is None:
            return None
        last = first.last

        def blocks() -> Iterator[bytes]:
            nonlocal last
            yield first.content
            for chunk in chunks:
                last = chunk.last
                yield chunk.content

        folded = fold_blocks(blocks(), self.name, self.remedy)
        check_has_no_tail(folded, self.name, self.remedy)
        if folded.ledger_state.seq != last:
            raise LedgerError(f"{self.name}: line {folded.ledger_state.seq + 1} is damaged; {self.remedy}")
        return folded.ledger_state


def _is_anothers(noted: Whose, own: Whose) -> bool:
    """Return whether a ledger is noted as that of another job, which is still there on this machine."""
    if noted.ledger == own.ledger or noted.job == own.job:
        return False
    try:
        return not Path(noted.job).samefile(own.job)
    except (FileNotFoundError, NotADirectoryError):
        return os.path.lexists(noted.job)
    except OSError:  # something is there, and not for us
        return True


def _end(connection: Connection, *, writer: DatabaseWriter) -> None:
    """Give a lease back, and keep what could not be written; to be done in the thread of a link."""
    writer.link.let_go(writer)
    writer.lease.give_back()  # here first: as soon as the database has it, another machine may own the ledger
    try:
        writer.keep_late(connection)
    finally:  # a full disk takes no line, but what is there can be changed
        statements.give_back(connection, writer.lease.account, writer.lease.owner)


def open_evidence(lines: Iterable[bytes], ledger_state: LedgerState | None) -> dict[str, tuple[str, ...]]:
    """Return the ids that came too late, by the tokens of records that the ledger does not know to be filed."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        with suppress(LineError):
            entry = decode(line)
            if not isinstance(entry, Done | Adopted) or entry.op is not Op.CREATE or ledger_state is None:
                continue
            if ledger_state.record(entry.token).state in UNKNOWN | NOT_FILED:
                found[entry.token] = tuple(dict.fromkeys((*found.get(entry.token, ()), entry.compliance_id)))
    return found


def _about(late: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if not late:
        return ()
    rows = format_count(len(late), "row")
    return (f"The API's answer about {rows} came after the lease of the run that had asked; it is looked into first.",)
