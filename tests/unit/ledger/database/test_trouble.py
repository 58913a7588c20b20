"""The database fails: the run ends with 4, nothing is sent twice by it, and nobody waits for ever."""

import asyncio
import time

import psycopg
import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import StoppedError, UsageError
from bulk_onboard.ledger.database import statements
from bulk_onboard.ledger.database.link import linked
from bulk_onboard.model.record import State
from tests.support.cable import Cable
from tests.support.clocks import FakeClock
from tests.unit.ledger.database.test_store import filled, opened, set_owner
from tests.unit.pipeline.samples import done, intent, token


async def test_a_server_that_is_restarted_ends_whoever_has_a_ledger_open(store_at, ready):
    """All of this process, at their next entry; whoever opens one afterwards gets a new connection."""
    first, second = store_at("first"), store_at("second")
    async with opened(first) as one, opened(second) as two:
        await asyncio.gather(one.append(intent(1)), two.append(intent(1)))
        ready.server.restart()

        for journal in (one, two):
            with pytest.raises(StoppedError, match="Run again"):
                await journal.append(done(1))
        assert all(len(journal.unsaved) == 1 for journal in (one, two))

    async with opened(first) as one:
        assert 2 == one.ledger_state.seq
        assert {token(1)} == set(one.late), "what could not be written was kept when the server was there again"


async def test_a_lease_is_given_back_though_no_line_can_be_written(store, ready):
    """As where the disk is full: the next run need not wait for its end."""
    async with opened(store) as journal:
        await journal.append(intent(1))
        for table in ("entry", "late"):
            ready.execute(f"alter table bulk_onboard.{table} add constraint full_disk check (false) not valid")
        with pytest.raises(StoppedError):
            await journal.append(done(1))

    assert store.is_free()
    assert 1 == len(journal.unsaved)


async def test_a_line_whose_acknowledgement_was_lost_is_there(store, store_at, ready):
    """The connection is cut after the commit: the run ends, and the next one reads what is there."""
    async with Cable.laid(ready.server.port) as cable:
        through = store_at(address=ready.server.address(ready.name, port=cable.port))
        async with opened(through) as journal:
            await journal.append(intent(1))
            ready.execute(
                "create function bulk_onboard.cut() returns trigger language plpgsql as"
                " 'begin perform pg_sleep(0.3); return null; end'"
            )
            ready.execute(
                "create constraint trigger cut after insert on bulk_onboard.entry deferrable initially deferred"
                " for each row execute function bulk_onboard.cut()"
            )
            appending = asyncio.create_task(journal.append(done(1)))
            await asyncio.sleep(0.1)  # the statement is at the server, and its commit takes a while
            await cable.cut(0.1, silent=False)
            with pytest.raises(StoppedError):
                await appending
    async with opened(store) as journal:
        assert State.SUBMITTED is journal.ledger_state.record(token(1)).state
        assert (3, {}) == (journal.ledger_state.seq, journal.late)


async def test_a_server_that_says_nothing_is_given_up_when_the_lease_is_over(store, ready, times):
    """Whoever waits for an entry learns of it then, and whoever wants to know of the lease."""
    times(lease_s=2.0, margin_s=0.5, renew_s=0.5, look_s=0.1, farewell_s=0.1)
    async with opened(store) as journal:
        over = asyncio.Event()
        journal.lease.call_when_over(over.set)
        ready.server.pause()
        began = time.monotonic()

        with pytest.raises(StoppedError, match="does not answer"):
            await journal.append(intent(1))

        await asyncio.wait_for(over.wait(), 5)
        assert 0.5 < time.monotonic() - began < 10
        assert not journal.lease.holds()
        ready.server.resume()


async def test_a_server_that_says_nothing_does_not_keep_readers(store, ready, times):
    """Who only reads has no lease, and gives up after a while."""
    await filled(store)
    times(silence_s=0.3)
    with linked(ready.address) as link:
        link.ask(statements.version)
        ready.server.pause()
        with pytest.raises(StoppedError, match="does not answer"):
            await asyncio.to_thread(store.read)
        ready.server.resume()
    assert 7 == store.read().seq


async def test_a_lease_is_renewed_whatever_the_event_loop_does(store, times):
    """A loop that is busy for longer than a lease loses nothing."""
    times(lease_s=2.0, margin_s=0.2, renew_s=0.3, look_s=0.1)
    async with opened(store) as journal:
        time.sleep(2.5)
        assert journal.lease.holds()
        await journal.append(intent(1))


async def test_a_machine_that_slept_past_its_lease_has_lost_it(store):
    """By its own clock, without asking; though nobody else took the ledger, and the database may still count on us."""
    clock = FakeClock()
    async with opened(store, clock=clock) as journal:
        over = asyncio.Event()
        journal.lease.call_when_over(over.set)
        clock.pass_time(57)
        assert journal.lease.holds()
        clock.pass_time(2)
        assert not journal.lease.holds()
        await asyncio.wait_for(over.wait(), 10)

        with pytest.raises(StoppedError, match="lease of businesses"):
            await journal.append(intent(1))
        at_once = []
        journal.lease.call_when_over(lambda: at_once.append(True))
        assert [True] == at_once


async def test_no_renewal_revives_a_lease(store, ready, times):
    """Who woke up too late is not the owner again, even if it asks at once."""
    times(lease_s=60, renew_s=0.2, look_s=0.05)
    async with opened(store) as journal:
        over = asyncio.Event()
        journal.lease.call_when_over(over.set)
        ready.execute("update bulk_onboard.account set until = clock_timestamp() - interval '1 second'")
        await asyncio.wait_for(over.wait(), 10)
        assert not journal.lease.holds()
    assert store.is_free()


async def test_what_the_api_did_after_the_lease_is_kept_for_the_next_owner(store, ready):
    """It is not counted as unsaved then."""
    async with opened(store) as journal:
        await journal.append(intent(1))
        set_owner(ready, "elsewhere:7:ann:0000", "0 seconds")
        for _ in range(2):
            with pytest.raises(StoppedError):
                await journal.append(done(1))

    assert [] == journal.unsaved
    async with opened(store) as journal:
        assert [token(1)] == list(journal.late)


async def test_who_only_reads_gets_a_new_connection_by_itself(store, ready):
    """Where the server ended an idle one."""
    await filled(store)
    with linked(ready.address):
        ready.server.restart()
        assert 7 == store.read().seq


async def test_a_full_disk_is_trouble(store, ready):
    """Which the sentence says, with what to do."""
    ready.execute(
        "create function bulk_onboard.full() returns trigger language plpgsql as"
        " 'begin raise exception ''could not extend file'' using errcode = ''53100''; end'"
    )
    async with opened(store) as journal:
        ready.execute("create trigger filled before insert on bulk_onboard.entry execute function bulk_onboard.full()")
        with pytest.raises(StoppedError, match=r"The disk of .* is full .*Free space there, then run again"):
            await journal.append(intent(1))


async def test_a_row_that_somebody_locked_is_not_waited_for_without_end(store_at, ready, times):
    """Such as by an administrator who forgot a transaction."""
    times(lock_s=0.3)
    async with opened(store_at(address=f"{ready.address}?keepalives=1")) as journal:  # a connection of its own
        with psycopg.connect(ready.address) as other:
            other.execute("select from bulk_onboard.account for update")
            with pytest.raises(StoppedError, match="Somebody's transaction"):
                await journal.append(intent(1))


@pytest.mark.parametrize(
    "setting",
    [
        *("statement_timeout = '1ms'", "idle_session_timeout = '50ms'", "lock_timeout = '1ms'"),
        *("default_transaction_isolation = 'serializable'", "search_path = nowhere", "timezone = 'Asia/Kolkata'"),
        *("datestyle = 'german'", "bytea_output = 'escape'", "standard_conforming_strings = off"),
    ],
)
async def test_what_the_server_sets_for_everybody_changes_nothing(store, ready, setting):
    """Each session sets what matters to it."""
    ready.execute(f"alter database {ready.name} set {setting}")

    async with opened(store) as journal:
        await asyncio.sleep(0.1)
        for number in range(5):
            await journal.append_all([intent(number), done(number)])
        assert abs((journal.now() - SystemClock().now()).total_seconds()) < 5

    assert 11 == store.read().seq


async def test_too_many_connections_are_trouble(store, ready):
    """For somebody else may end."""
    ready.execute(f"alter database {ready.name} connection limit 0")
    ready.execute("create role guest login")
    try:
        address = ready.address.replace("postgres@", "guest@")
        with pytest.raises(StoppedError, match="no connection free"), linked(address) as link:
            await asyncio.to_thread(link.ask, statements.version)
    finally:
        ready.execute("drop role guest")


async def test_a_role_that_is_dropped_may_not_come_back(store_at, ready):
    """A run that goes on ends with 4, the next one with 2."""
    ready.execute("create role brief login superuser")
    store = store_at(address=ready.address.replace("postgres@", "brief@"))
    async with opened(store) as journal:
        ready.execute("drop role brief")
        with pytest.raises(StoppedError, match="may not do this"):
            await journal.append(intent(1))
    store = store_at(address=f"{store.address}?keepalives=1")  # a connection of its own

    with pytest.raises(UsageError, match='role "brief" does not exist'):
        await asyncio.to_thread(store.read)
