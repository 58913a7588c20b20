"""One suite for everything that implements `model.store.Store`: a file, and a database."""

import asyncio
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import LedgerError, LockedError, UsageError
from bulk_onboard.ledger.file_store import FileStore
from bulk_onboard.ledger.fold import fold_blocks
from bulk_onboard.model.record import State
from bulk_onboard.model.store import Store
from tests.unit.pipeline.samples import compliance_id, done, intent, token

WHOSE = {"auth_id": "MAXXXXXXXXXXXXXXXXXX", "clock": SystemClock()}
WITHOUT_WAITING = {**WHOSE, "patience_s": 0.0}
ADDRESS = "https://api.example"


def in_files(request: pytest.FixtureRequest) -> Callable[..., Store]:
    return lambda path, base_url=ADDRESS: FileStore(path, job="j", base_url=base_url)


def in_a_database(request: pytest.FixtureRequest) -> Callable[..., Store]:
    from bulk_onboard.ledger.database.store import PostgresStore

    address = request.getfixturevalue("postgres").address
    PostgresStore(address, Path("any"), job="j", base_url=ADDRESS).setup()
    return lambda path, base_url=ADDRESS: PostgresStore(address, path, job="j", base_url=base_url)


@pytest.fixture(params=[in_files, pytest.param(in_a_database, marks=pytest.mark.cluster)], ids=["file", "database"])
def make(request: pytest.FixtureRequest) -> Callable[..., Store]:
    """What makes the store of the ledger that would be the file at a path."""
    return request.param(request)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "businesses.ledger.jsonl"


@pytest.fixture
def store(make: Callable[..., Store], ledger: Path) -> Store:
    return make(ledger)


async def test_there_is_none_at_first(store: Store, ledger: Path) -> None:
    """Asking makes nothing: no ledger, no owner, and a sentence that names it."""
    assert (False, None, 0, "", True) == (
        store.exists(),
        store.read(),
        store.written_until(),
        store.holder(),
        store.is_free(),
    )
    assert () == store.hints.waiting() == store.beside(ledger)
    assert str(store.missing()).startswith(f"There is no ledger {store.name}.")
    with pytest.raises(UsageError, match="There is no ledger"):
        list(store.blocks())
    assert not list(ledger.parent.iterdir())


async def test_it_is_made_when_it_is_first_opened(store: Store, make: Callable[..., Store], ledger: Path) -> None:
    """Whoever opens it again finds it as it was left; it is neither new nor older."""
    async with store.opened(**WHOSE) as journal:
        assert (True, False, (), True) == (journal.is_new, journal.is_older, journal.warnings, journal.lease.holds())
        await journal.append_all([intent(1), done(1)])

    async with make(ledger).opened(**WHOSE) as journal:
        assert (False, False) == (journal.is_new, journal.is_older)
        assert State.SUBMITTED is journal.ledger_state.record(token(1)).state
    assert store.exists()


async def test_what_is_written_can_be_read_meanwhile(store: Store, make: Callable[..., Store], ledger: Path) -> None:
    """By anybody, as state and as the bytes of a file, which fold to that state."""
    async with store.opened(**WHOSE) as journal:
        await journal.append_all([intent(1), done(1), intent(2)])
        reader = make(ledger)
        state, folded = reader.read(), fold_blocks(reader.blocks())

    assert state is not None
    assert (journal.ledger_state.seq, b"") == (state.seq, folded.tail)
    assert journal.ledger_state.records == state.records == folded.ledger_state.records
    assert token(1) == state.owner(compliance_id(1))


async def test_it_has_one_owner_at_a_time(store: Store, make: Callable[..., Store], ledger: Path) -> None:
    """Who that is can be told; nobody else can open it, and when it is left anybody can."""
    other = make(ledger)
    async with store.opened(**WHOSE):
        assert not other.is_free()
        assert other.holder().startswith("Another run (process ")
        with pytest.raises(LockedError, match=r"Another run \(process .* uses .*businesses"):
            async with other.opened(**WITHOUT_WAITING):
                pass

    assert ("", True) == (other.holder(), other.is_free())
    async with other.opened(**WITHOUT_WAITING) as journal:
        await journal.append(intent(1))


async def test_an_owner_who_fails_leaves_it(store: Store) -> None:
    """What was written before stays, and the ledger is free."""

    async def fail() -> None:
        async with store.opened(**WHOSE) as journal:
            await journal.append(intent(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.opened(**WITHOUT_WAITING) as journal:
        assert State.SENDING is journal.ledger_state.record(token(1)).state


async def test_whoever_stops_waiting_for_it_does_not_own_it(store: Store) -> None:
    """An opening that is cancelled leaves the ledger free, however far it had come."""
    opened = asyncio.Event()

    async def open_it() -> None:
        async with store.opened(**WHOSE):
            opened.set()

    for turns in (0, 1, 5):
        opening = asyncio.create_task(open_it())
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])

    assert not opened.is_set()
    async with store.opened(**WITHOUT_WAITING):
        pass


async def test_it_is_bound_to_an_account_and_an_address(make: Callable[..., Store], ledger: Path) -> None:
    """Another account's run, or one against another address, is refused and writes nothing."""
    store = make(ledger)
    async with store.opened(**WHOSE):
        pass
    before = b"".join(store.blocks())

    with pytest.raises(LedgerError, match="belongs to the account"):
        async with store.opened(**{**WHOSE, "auth_id": "MAYYYYYYYYYYYYYYYYYY"}):
            pass
    with pytest.raises(LedgerError, match=r"belongs to the address .* give this job another ledger \(--ledger\)"):
        async with make(ledger, "https://other.example").opened(**WHOSE):
            pass

    assert before == b"".join(store.blocks())
    async with store.opened(**WITHOUT_WAITING):
        pass


async def test_entries_are_stamped_by_the_clock_that_it_tells(store: Store) -> None:
    """Between two looks at it an entry's stamp lies between them; nothing is unsaved."""
    async with store.opened(**WHOSE) as journal:
        before = journal.now()
        await journal.append(intent(1))
        after = journal.now()

    stamp = journal.ledger_state.record(token(1)).sent_at
    told = [each.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") for each in (before, after)]
    assert told[0] <= stamp <= told[1]
    assert [] == journal.unsaved


async def test_ledgers_beside_it_are_those_called_like_a_job(make: Callable[..., Store], ledger: Path) -> None:
    """In their order; not those of another job whose name only begins alike."""
    for name in ("businesses.bravo", "businesses.acme", "businesses", "businesses2", "other"):
        async with make(ledger.with_name(f"{name}.ledger.jsonl")).opened(**WHOSE):
            pass

    names = [path.name for path in make(ledger).beside(ledger)]

    assert ["businesses.acme.ledger.jsonl", "businesses.bravo.ledger.jsonl", "businesses.ledger.jsonl"] == names


async def test_its_owner_can_remove_it(store: Store, make: Callable[..., Store], ledger: Path) -> None:
    """It is gone for everybody, and the next one begins anew; another ledger stays."""
    other = make(ledger.with_name("other.ledger.jsonl"))
    async with other.opened(**WHOSE), store.opened(**WHOSE) as journal:
        await journal.append(intent(1))
        store.purge()

    assert (False, None, True) == (store.exists(), store.read(), other.exists())
    async with store.opened(**WITHOUT_WAITING) as journal:
        assert (True, {}) == (journal.is_new, journal.ledger_state.records)


async def test_hints_wait_for_whoever_reads_the_records(store: Store, make: Callable[..., Store], ledger: Path) -> None:
    """Also where somebody else has kept them, owner or not; one that comes after the claim is not forgotten with it."""
    make(ledger).hints.keep("C-1")
    make(ledger).hints.keep("c2")
    (claim,) = store.hints.claim(["C-1"])
    make(ledger).hints.keep("C-1")
    store.hints.forget([claim])

    assert ("C-1", "c2") == store.hints.waiting()
    store.hints.forget(store.hints.claim(["C-1", "c2"]))
    assert () == store.hints.waiting()


async def test_it_can_be_followed_while_somebody_writes_it(
    store: Store, make: Callable[..., Store], ledger: Path
) -> None:
    """Each look takes in what is new, also before there is a ledger; when nothing is, it says so."""
    follower = make(ledger).follow()
    looked = [follower.look()]
    async with store.opened(**WHOSE) as journal:
        for entry in (intent(1), done(1)):
            await journal.append(entry)
            looked.append(await asyncio.to_thread(follower.look))
    looked.append(follower.look())

    assert [False, True, True, False] == looked
    assert (True, "", journal.ledger_state.seq) == (follower.is_there, follower.trouble, follower.ledger_state.seq)
    assert State.SUBMITTED is follower.ledger_state.record(token(1)).state
