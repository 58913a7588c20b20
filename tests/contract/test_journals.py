"""One suite for everything that implements `model.journal.Journal`: a file, a database, and the fake of the tests."""

import asyncio
import copy
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.ledger.database.store import PostgresStore, set_up
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.journal import LedgerJournal
from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Op
from bulk_onboard.model.ledger_state import Journal
from bulk_onboard.model.life import IllegalStepError
from bulk_onboard.model.record import State
from tests.support.clocks import FakeClock
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import compliance_id, done, intent, run_started, token, unresolved


@dataclass
class Kind:
    """A journal, and how to spoil what it is kept on."""

    journal: Journal
    fail: Callable[[], None]


class SpoilableDisk(Disk):
    """The machine's disk, until it is spoiled: then it is full."""

    spoiled = False

    def write(self, fd: int, data: bytes) -> int:
        if self.spoiled:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(fd, data)


ACCOUNT = {"job": "j", "base_url": "https://api.example"}
AUTH_ID = "MAXXXXXXXXXXXXXXXXXX"


@asynccontextmanager
async def in_memory(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[Kind]:
    journal = MemoryJournal()
    yield Kind(journal, lambda: setattr(journal, "room", 0))


@asynccontextmanager
async def on_disk(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[Kind]:
    disk = SpoilableDisk()
    with LedgerJournal.open(path, **ACCOUNT, auth_id=AUTH_ID, clock=FakeClock(), disk=disk) as journal:
        yield Kind(journal, lambda: setattr(disk, "spoiled", True))


@asynccontextmanager
async def in_database(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[Kind]:
    database = request.getfixturevalue("postgres")
    set_up(database.address)
    async with PostgresStore(database.address, path, **ACCOUNT).opened(auth_id=AUTH_ID, clock=FakeClock()) as journal:
        end_connections = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        yield Kind(journal, lambda: database.execute(f"{end_connections} and pid <> pg_backend_pid()"))


@pytest.fixture(
    params=[
        pytest.param(in_memory, id="memory"),
        pytest.param(on_disk, id="ledger"),
        pytest.param(in_database, id="database", marks=pytest.mark.cluster),
    ]
)
async def kind(request, tmp_path):
    async with request.param(request, tmp_path / "j.ledger.jsonl") as kind:
        yield kind


@pytest.fixture
def journal(kind):
    return kind.journal


async def test_books_are_up_to_date_when_append_returns(journal):
    """After each entry the record is where the table says."""
    states = []
    for entry in (entries.Admitted(tokens=(token(1),)), intent(1), done(1)):
        await journal.append(entry)
        states.append(journal.ledger_state.record(token(1)).state)

    assert [State.NOT_SENT, State.SENDING, State.SUBMITTED] == states
    assert token(1) == journal.ledger_state.owner(compliance_id(1))


async def test_books_are_not_looked_up_anew(journal):
    """Whoever keeps hold of the ledger state sees what is appended later."""
    ledger_state = journal.ledger_state

    await journal.append(intent(1))

    assert State.SENDING is ledger_state.record(token(1)).state


async def test_entries_are_numbered_and_stamped(journal):
    """Each has the number after the one before it, and the instant it was written at."""
    first = journal.ledger_state.seq

    for entry in (intent(1), done(1), intent(2)):
        await journal.append(entry)

    assert first + 3 == journal.ledger_state.seq
    record = journal.ledger_state.record(token(1))
    assert record.sent_at.endswith("Z")
    assert record.submitted_at.endswith("Z")


@pytest.mark.parametrize(
    "entry",
    [
        done(1),
        unresolved(2),
        intent(3),
        entries.Adopted(token=token(4), op=Op.UPDATE, compliance_id=compliance_id(4)),
        entries.Admitted(tokens=(token(9), token(3))),
        entries.Reviewed(token=token(3), review="approved"),
    ],
    ids=lambda entry: entry.name(),
)
async def test_illegal_step_changes_nothing(journal, entry):
    """It raises, the ledger state is as before, and the journal goes on as if nobody had asked."""
    for legal in (intent(3), unresolved(3), intent(2), done(2), entries.RowInvalid(token=token(4), codes=("x",))):
        await journal.append(legal)
    before = copy.deepcopy(journal.ledger_state)

    with pytest.raises(IllegalStepError):
        await journal.append(entry)

    assert before == journal.ledger_state
    await journal.append(intent(5))
    assert before.seq + 1 == journal.ledger_state.seq


async def test_entries_that_belong_together_are_all_there_when_it_returns(journal):
    """In their order, numbered without a gap."""
    first = journal.ledger_state.seq

    await journal.append_all([intent(1), done(1), intent(2)])
    await journal.append_all([])

    assert (first + 3, State.SENDING) == (journal.ledger_state.seq, journal.ledger_state.record(token(2)).state)


async def test_of_entries_that_belong_together_those_before_an_illegal_one_count(journal):
    """It raises; what comes after it is not taken either, and the journal goes on."""
    first = journal.ledger_state.seq

    with pytest.raises(IllegalStepError):
        await journal.append_all([intent(1), done(2), intent(3)])

    assert [token(1)] == list(journal.ledger_state.records)
    await journal.append(done(1))
    assert first + 2 == journal.ledger_state.seq


async def test_order_is_kept_under_concurrent_appends(journal):
    """Entries come in the order in which they were handed over, whoever hands them over."""
    numbers = range(200)

    await asyncio.gather(*(journal.append(intent(number)) for number in numbers))

    assert [token(number) for number in numbers] == list(journal.ledger_state.records)


async def test_of_two_intents_at_the_same_time_one_is_illegal(journal):
    """Two tasks cannot both be about to send one row."""
    outcomes = await asyncio.gather(journal.append(intent(1)), journal.append(intent(1)), return_exceptions=True)

    assert [type(None), IllegalStepError] == [type(outcome) for outcome in outcomes]
    assert 1 == journal.ledger_state.record(token(1)).attempts


async def test_cancelled_append_counts(journal):
    """Whoever stops waiting has written all the same."""
    appending = asyncio.create_task(journal.append(intent(1)))
    await asyncio.sleep(0)

    appending.cancel()
    await asyncio.wait([appending])
    await journal.append(intent(2))

    assert State.SENDING is journal.ledger_state.record(token(1)).state


async def test_next_run_finds_what_was_in_flight_uncertain(journal):
    """An intent without an outcome is unknown from the next start on."""
    await journal.append(intent(1))

    await journal.append(run_started())

    assert State.UNCERTAIN is journal.ledger_state.record(token(1)).state


async def test_disk_or_database_that_fails_is_the_end(kind):
    """The caller learns of it, and so does everybody after it: nothing more may be sent."""
    await kind.journal.append(entries.Admitted(tokens=(token(1),)))
    kind.fail()

    for number in (1, 2):
        with pytest.raises(StoppedError):
            await kind.journal.append(intent(number))
