"""A ledger in a database: claimed by one owner at a time, written while its lease holds, read as it was written."""

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import DatabaseError, LedgerError, LockedError, StoppedError, UsageError
from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.ledger.database import statements
from bulk_onboard.ledger.database.store import PostgresStore, set_up
from bulk_onboard.ledger.fold import fold
from bulk_onboard.model.record import State
from tests.support.clocks import FakeClock
from tests.support.postgres import Database
from tests.unit.pipeline.samples import compliance_id, done, intent, run_started, token

AUTH_ID = "MAXXXXXXXXXXXXXXXXXX"


def opened(store: PostgresStore, **changes):
    """Open it as a run does; a test overrides what matters to it."""
    return store.opened(**{"auth_id": AUTH_ID, "clock": SystemClock(), **changes})


async def filled(store: PostgresStore, rows: int = 3) -> None:
    """Write so many rows with their outcomes."""
    async with opened(store) as journal:
        for number in range(rows):
            await journal.append_all([intent(number), done(number)])


async def test_what_was_written_is_there_when_it_is_opened_again(store):
    """State and lines are those of a file with the same entries."""
    assert (False, None) == (store.exists(), store.read())

    await filled(store)

    state = store.read()
    assert [State.SUBMITTED] * 3 == [record.state for record in state.records.values()]
    assert state == fold(b"".join(store.blocks())).ledger_state
    async with opened(store) as journal:
        assert (7, False, False, ()) == (
            *(journal.ledger_state.seq, journal.is_new, journal.is_older),
            journal.warnings,
        )


async def test_a_new_ledger_begins_with_whom_it_belongs_to(store, store_at):
    """Another account, or another address, cannot open it."""
    async with opened(store) as journal:
        assert (True, AUTH_ID) == (journal.is_new, journal.ledger_state.opened.auth_id)

    for other, auth_id in ((store, "MAOTHER"), (store_at(base_url="https://other.example"), AUTH_ID)):
        with pytest.raises(LedgerError, match="belongs to the"):
            async with opened(other, auth_id=auth_id):
                pass
    assert store.is_free()


async def test_ledgers_of_one_database_do_not_mix(store_at, tmp_path):
    """Each has its own lines and its own owner; what is called alike is listed."""
    names = ("businesses", "businesses.acme", "businesses.beta", "businessesx", "other")
    stores = [store_at(name) for name in names]
    async with AsyncExitStack() as stack:
        journals = [await stack.enter_async_context(opened(store)) for store in stores]
        await asyncio.gather(*(journal.append(intent(number)) for number, journal in enumerate(journals)))

    assert [[token(number)] for number in range(5)] == [list(store.read().records) for store in stores]
    alike = stores[0].beside(tmp_path / "businesses.ledger.jsonl")
    assert {f"{name}.ledger.jsonl" for name in names[:3]} == {path.name for path in alike}


@pytest.fixture
def at(ready, tmp_path):
    """Makes the store of a job in a folder, which is there; other folders may have jobs of its name."""

    def make(folder: str, *, job: str = "businesses.xlsx", ledger: str = "businesses.ledger.jsonl") -> PostgresStore:
        file = tmp_path / folder / job
        file.parent.mkdir(exist_ok=True)
        file.touch()
        return PostgresStore(ready.address, file.with_name(ledger), job="j", base_url="https://api.example", file=file)

    return make


async def test_a_ledger_of_this_name_that_is_another_jobs_is_refused(at):
    """To whoever reads, opens or replaces it; both jobs are named, and it stays the first one's."""
    await filled(at("one"))
    other = at("two")

    for asking in (other.read, lambda: other.import_lines([b"x"])):
        with pytest.raises(
            UsageError, match=r"is that of .*/one/businesses\.xlsx, and this is .*/two/businesses\.xlsx"
        ):
            asking()
    with pytest.raises(UsageError, match=r'ledger = "two\.businesses\.ledger\.jsonl"'):
        async with opened(other):
            pass

    assert (0, 1) == (len(other.beside(other._ledger)), len(at("one").beside(at("one")._ledger)))
    async with opened(at("one"), patience_s=0.0) as journal:
        assert () == journal.warnings


async def test_a_job_that_was_moved_goes_on(at, tmp_path):
    """Where its file is not there any more; that is said once, and holds from then on."""
    await filled(at("one"))
    (tmp_path / "one").rename(tmp_path / "two")

    assert at("two").read()
    async with opened(at("two")) as journal:
        assert [
            f"{tmp_path}/one/businesses.xlsx, which is not there any more" in each for each in journal.warnings
        ] == [True]
    async with opened(at("two")) as journal:
        assert () == journal.warnings
    with pytest.raises(UsageError, match="two jobs"):
        at("one").read()


async def test_one_job_may_be_called_in_several_ways(at, tmp_path):
    """Through links, and by another file whose ledger would be the same; none of it is another job, or a move."""
    await filled(at("one"))
    (tmp_path / "linked").symlink_to(tmp_path / "one")
    (tmp_path / "hard").mkdir()
    (tmp_path / "hard" / "businesses.xlsx").hardlink_to(tmp_path / "one" / "businesses.xlsx")

    for store in (at("linked"), at("one", job="businesses.toml"), at("one"), at("hard")):
        async with opened(store) as journal:
            assert () == journal.warnings


async def test_a_name_that_has_no_ledger_yet_is_nobodys(at, ready):
    """Who opened it first may never have begun."""
    await filled(at("one"))
    ready.execute("delete from bulk_onboard.entry")

    async with opened(at("two")) as journal:
        assert (True, ()) == (journal.is_new, journal.warnings)


async def test_a_long_ledger_is_read_in_parts(store, monkeypatch):
    """However its lines are cut into parts."""
    await filled(store, 7)
    whole = b"".join(store.blocks())

    for size in (1, 4, 15, 16):
        monkeypatch.setattr(statements, "LINES_AT_A_TIME", size)
        assert whole == b"".join(store.blocks())
        assert store.read() == fold(whole).ledger_state


async def test_only_one_owner_at_a_time(store):
    """A second one is turned away at once where it does not want to wait, and told who has it."""
    async with opened(store):
        assert (False, True) == (store.is_free(), "Another run (process" in store.holder())
        with pytest.raises(LockedError, match=r"Another run \(process \d+ of .+ on .+\) uses businesses in"):
            async with opened(store, patience_s=0):
                pass
    assert (True, "") == (store.is_free(), store.holder())


async def test_who_finds_a_lease_that_is_renewed_gives_up(store, times):
    """It waits as long as the lease might be that of somebody who died, and no longer."""
    times(lease_s=30, renew_s=0.2, look_s=0.05)
    async with opened(store):
        with pytest.raises(LockedError):
            async with opened(store):
                pass


async def test_the_lease_of_one_who_died_is_waited_for(store, ready, times):
    """Then the ledger is the next one's, who cannot be told from the first."""
    times(look_s=0.05)
    set_owner(ready, "elsewhere:1:ann:0000", "1 second")

    async with opened(store) as journal:
        assert journal.lease.holds()


def set_owner(database: Database, owner: str, left: str) -> None:
    """Let somebody else own the ledger for so long."""
    database.execute(
        f"insert into bulk_onboard.account values ('businesses', %s, clock_timestamp() + interval '{left}')"
        " on conflict (name) do update set owner = excluded.owner, until = excluded.until",
        owner,
    )


async def test_nothing_is_written_once_somebody_else_owns_it(store, ready):
    """Who appends then is told who has it; everything after it is refused, too, and it is kept as late evidence."""
    async with opened(store) as journal:
        await journal.append(intent(1))
        set_owner(ready, "elsewhere:7:ann:0000", "1 hour")

        with pytest.raises(StoppedError, match=r"process 7 of ann on elsewhere.* has taken over"):
            await journal.append(done(1))
        with pytest.raises(StoppedError):
            await journal.append(intent(2))
        assert not journal.lease.holds()

    assert 2 == store.read().seq
    assert "elsewhere" in store.holder(), "the lease of somebody else is not given back"
    assert [(store.account,)] * 2 == ready.execute("select account from bulk_onboard.late")


async def test_a_claim_and_a_write_do_not_cross(store, ready):
    """Lines that wait for a claim which is not committed yet look at the owner again once it is."""
    async with opened(store) as journal:
        with psycopg.connect(ready.address) as other:
            other.execute("update bulk_onboard.account set owner = 'elsewhere:7:ann:0000'")
            appending = asyncio.create_task(journal.append(intent(1)))
            await asyncio.wait([appending], timeout=0.3)
            assert not appending.done()
        with pytest.raises(StoppedError, match="has taken over"):
            await appending
    assert 1 == store.read().seq


async def test_a_claim_waits_for_lines_that_are_being_written(store, ready):
    """And finds them."""
    await filled(store)

    async def lines() -> int:
        async with opened(store) as journal:
            return journal.ledger_state.seq

    with psycopg.connect(ready.address) as other:
        other.execute("select from bulk_onboard.account for no key update")
        line = encode(stamp(intent(9), seq=8, now=SystemClock().now())).decode().strip()
        other.execute("insert into bulk_onboard.entry values ('businesses', 8, %s)", [line])
        opening = asyncio.create_task(lines())
        await asyncio.wait([opening], timeout=0.3)
        assert not opening.done()
    assert 8 == await opening


async def test_nothing_is_written_after_the_lease(store, ready):
    """Though nobody else has the ledger: it is over for good."""
    async with opened(store) as journal:
        ready.execute("update bulk_onboard.account set until = clock_timestamp()")
        with pytest.raises(StoppedError, match=r"lease of businesses in .* ended"):
            await journal.append(intent(1))
    assert 1 == store.read().seq


async def test_who_else_wrote_is_noticed(store, ready):
    """The lines of a run follow those that it knows of."""
    async with opened(store) as journal:
        ready.execute("insert into bulk_onboard.entry values ('businesses', 2, 'x')")
        with pytest.raises(StoppedError, match=r"Something else wrote to businesses.*number 2, .* knows of 1"):
            await journal.append(intent(1))


async def test_one_ledger_that_cannot_be_written_leaves_the_others_alone(store_at, ready):
    """Though their lines go out in one statement."""
    ready.execute("alter table bulk_onboard.entry add check (account <> 'bad' or seq < 2)")
    async with opened(store_at("good")) as good, opened(store_at("bad")) as bad, opened(store_at("lost")) as lost:
        ready.execute("update bulk_onboard.account set until = clock_timestamp() where name = 'lost'")
        outcomes = await asyncio.gather(
            *(journal.append(intent(number)) for number in range(20) for journal in (good, bad, lost)),
            return_exceptions=True,
        )

        assert {type(None)} == {type(outcome) for outcome in outcomes[::3]}
        assert {DatabaseError} == {type(outcome) for outcome in outcomes[1::3] + outcomes[2::3]}
        await good.append(done(1))


async def test_late_evidence_of_open_outcomes_is_told(store, ready):
    """What an owner was told after its lease names the record; what the ledger knows already is no news."""
    async with opened(store) as journal:
        await journal.append_all([intent(1), intent(2), done(2)])
        await journal.append(run_started())
    for number in (1, 2, 3):
        line = encode(stamp(done(number), seq=9, now=SystemClock().now())).decode().strip()
        ready.execute("insert into bulk_onboard.late (account, owner, line) values ('businesses', 'x', %s)", line)

    async with opened(store) as journal:
        assert {token(number): (compliance_id(number),) for number in (1, 3)} == journal.late
        assert journal.warnings[0].startswith("The API's answer about 2 rows came after the lease")


async def test_a_database_made_of_a_backup_may_lack_what_was_sent(store, ready):
    """The ledger counts as older until somebody has looked at the API, and that is remembered."""
    await filled(store)
    ready.execute("update bulk_onboard.account set seen = 'another server'")

    for is_looked_at in (False, True):
        async with opened(store) as journal:
            assert journal.is_older
            if is_looked_at:
                journal.is_up_to_date()
    async with opened(store) as journal:
        assert not journal.is_older


async def test_entries_are_stamped_by_the_databases_time(store, ready):
    """Two machines whose clocks differ write in one order; who differs by more than seconds is told."""
    async with opened(store, clock=FakeClock()) as journal:
        (theirs,) = ready.execute("select clock_timestamp()")[0]
        assert abs((journal.now() - theirs).total_seconds()) < 5
        assert journal.warnings[0].startswith("The clock of ")
    assert str(theirs.year) == store.read().opened.at[:4]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("update bulk_onboard.entry set line = replace(line, 'K-0001', 'K-0007') where seq = 4", "line 4"),
        ("update bulk_onboard.entry set line = replace(line, 'done', 'Done') where seq = 7", "line 7 is damaged"),
        ("delete from bulk_onboard.entry where seq = 3", "lines were lost or moved"),
        ("delete from bulk_onboard.entry where seq = 1", "cannot be used"),
        ("update bulk_onboard.entry set seq = 9 where seq = 7", "line 8 is damaged"),
    ],
)
async def test_damage_is_told_and_nothing_is_sent(store, ready, damage, why):
    """A line that was changed or deleted; what is there can be written to a file all the same."""
    await filled(store)
    ready.execute(damage)

    for look in (lambda: asyncio.to_thread(store.read), lambda: opened(store).__aenter__()):
        with pytest.raises(LedgerError, match=f"{why}.*ledger export"):
            await look()

    assert store.is_free()
    assert b"".join(store.blocks()).startswith(b'{"')


async def test_lines_of_a_file_come_in_as_they_are(store, store_at, ready):
    """All or none, once; they may lack something, so the API is looked at first."""
    await filled(store)
    lines = b"".join(store.blocks()).splitlines(keepends=True)
    other = store_at("other")

    other.import_lines(lines)

    assert b"".join(lines) == b"".join(other.blocks())
    with pytest.raises(UsageError, match="There is a ledger other"):
        other.import_lines(lines)
    async with opened(other) as journal:
        assert journal.is_older


async def test_a_repaired_ledger_takes_the_place_of_the_damaged_one(store, ready):
    """Whose lines are kept under another name; the file may be an old one, so the API is looked at first."""
    await filled(store)
    sound = b"".join(store.blocks()).splitlines(keepends=True)
    ready.execute("delete from bulk_onboard.entry where seq = 3")

    assert "businesses.broken-1" == store.import_lines(sound, replaces_damaged=True)

    assert 7 == store.read().seq
    assert [(6,)] == ready.execute("select count(*) from bulk_onboard.entry where account = 'businesses.broken-1'")
    async with opened(store) as journal:
        assert journal.is_older


async def test_an_import_that_fails_leaves_nothing(store):
    """Not even a part, which would look like a ledger."""

    def lines():
        yield b"one\n"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.import_lines(lines())

    assert (False, True) == (store.exists(), store.is_free())


async def test_a_purged_ledger_is_gone_with_all_that_belongs_to_it(store, store_at, ready):
    """And with nothing of another one."""
    other = store_at("other")
    await filled(other)
    await filled(store)
    for each in (store, other):
        each.hints.keep("id")
    with pytest.raises(StoppedError, match="not open here"):
        store.purge()

    async with opened(store):
        store.purge()

    assert (False, True, ()) == (store.exists(), store.is_free(), store.hints.waiting())
    assert (7, ("id",)) == (other.read().seq, other.hints.waiting())
    tables = ("account", "entry", "late", "hint")
    assert [0, 0, 0, 0] == [
        ready.execute(f"select count(*) from bulk_onboard.{table} where {name} = 'businesses'")[0][0]
        for table, name in zip(tables, ("name", "account", "account", "account"), strict=True)
    ]


async def test_one_who_gives_up_waiting_leaves_no_claim(store, ready):
    """Though its claim was on the way."""
    opening = asyncio.create_task(opened(store).__aenter__())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])

    async with opened(store, patience_s=1):
        pass


async def test_setting_up_may_be_repeated_and_done_by_two_at_once(postgres):
    """And loses nothing."""
    await asyncio.gather(*(asyncio.to_thread(set_up, postgres.address) for _ in range(4)))
    postgres.execute("insert into bulk_onboard.hint values ('a', 'b')")
    set_up(postgres.address)
    assert [("a", "b")] == postgres.execute("select account, compliance_id from bulk_onboard.hint")
