"""A job whose ledger is in a database: every verb finds it there, and nothing of it is in a file."""

import asyncio
import re
import shlex
import signal
import stat
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus, SignalledError
from bulk_onboard.ledger.database.store import set_up
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from tests.support.businesses import business
from tests.support.office import CREDENTIALS, Office, credentials_of, typed
from tests.support.postgres import Database


@pytest.fixture
def stored(office: Office, postgres: Database) -> Office:
    """An office whose ledgers are in a database, which is set up for that."""
    set_up(postgres.address)
    office.store = postgres.address
    return office


def ledger_files(office: Office) -> set[str]:
    """What lies in the folder that only the ledger of a file has beside it, or is."""
    return {path.name for path in office.folder.iterdir() if re.search("ledger|lock|hints", path.name)}


def command_in(told: str) -> list[str]:
    """The words of the command that a message ends with."""
    return shlex.split(told.partition("type: bulk-onboard ")[2])


async def test_runs_leave_no_file_of_a_ledger(stored: Office) -> None:
    """The next run knows what was filed; report and status tell of it, by the name that it has in the database."""
    stored.fill(3)
    first = await stored.run()
    stored.fill(4)
    second = await stored.run()
    status = await stored.type("status", "--json")
    held = await stored.type("resolve")

    assert (0, 3, 0, 1) == (first.exit_status, first.sent, second.exit_status, second.sent)
    assert 4 == len(stored.sandbox.state.records) == len(stored.sheet("Results"))
    assert (4, 2) == (status.json["counts"]["submitted"], status.json["runs"])
    assert status.json["ledger"] == first.ledger
    assert first.ledger.startswith("businesses in postgresql://127.0.0.1")
    assert set() == ledger_files(stored)
    assert f"--store {stored.store}" in held.err  # in the command that it says to type


async def test_every_verb_finds_it(stored: Office) -> None:
    """What people do to a job beside running it."""
    stored.fill([business(n, Key=f"K-{n}") for n in range(4)])
    stored.sandbox.faults.script("create", "drop-before")
    await stored.run_until_unknown()
    await stored.run()

    for verb, words, status in (
        ("refresh", (), 0),
        ("report", (), 0),
        ("plan", (), 0),
        ("check", (), 0),
        ("delete", ("K-1", "--yes"), 0),
        ("status", ("--key", "K-2"), 0),
        ("resume", ("--yes",), 0),
        ("merge", (), 2),  # nobody has saved a copy
        ("resolve", ("K-2", "--absent"), 2),  # which is not held
    ):
        told = await stored.type(verb, *words)
        assert (verb, status) == (verb, told.status), told.err
    states = [record.state for record in stored.ledger_state().records.values()]
    assert (3, 1) == (states.count(State.SUBMITTED), states.count(State.DELETED))
    assert set() == ledger_files(stored)


async def test_who_waits_for_the_lease_of_a_dead_run_can_be_stopped(stored: Office, postgres: Database) -> None:
    """At once, not when the lease is over; meanwhile it says what it waits for, and nothing was begun."""
    stored.fill(1)
    await stored.run()
    lines = stored.ledger_state().seq
    postgres.execute("update bulk_onboard.account set owner = 'dead:1:me:x', until = now() + interval '1 hour'")
    stop, progress = Stop(), Progress()

    running = asyncio.ensure_future(
        run_job(
            stored.job(), credentials=CREDENTIALS, clock=SystemClock(), stop=stop, progress=progress, say=lambda _: None
        )
    )
    async with asyncio.timeout(30):
        while progress.activity is None or "lease" not in progress.activity.what:
            await asyncio.sleep(0.01)
        stop.request(signal.SIGTERM)
        with pytest.raises(SignalledError):
            await running

    assert lines == stored.ledger_state().seq
    assert "on dead" in stored.job().store.holder()


async def test_what_somebody_else_has_open_is_left_alone(stored: Office) -> None:
    """Exit status 5 with who that is, for what does not wait; nothing was removed."""
    stored.fill(2)
    await stored.run()

    async with stored.job().store.opened(auth_id=CREDENTIALS.auth_id, clock=SystemClock()):
        told = await stored.type("purge", "--yes", "--with-ledger")

    assert (5, True) == (told.status, told.err.startswith("bulk-onboard: Another run (process "))
    assert stored.job().store.exists()


@pytest.mark.parametrize("verb", ["run", "resume", "status", "plan", "report", "refresh", "ledger rebuild"])
async def test_a_ledger_that_is_left_in_its_file_is_not_forgotten(stored: Office, verb: str) -> None:
    """Where the database has none it would be begun anew; the command that is printed brings the file in."""
    database, stored.store = stored.store, ""
    stored.fill(2)
    await stored.run()
    stored.store = database

    told = await stored.type(verb)

    assert 2 == told.status, told.err
    assert "which would be forgotten. " in told.err
    assert "To bring it into the database, type: bulk-onboard ledger import " in told.err


async def test_a_file_is_brought_into_the_database(stored: Office) -> None:
    """As it is, line by line; it is put aside, and the next run looks through the account but sends nothing twice."""
    database, stored.store = stored.store, ""
    stored.fill(2)
    await stored.run()
    lines, stored.store = stored.ledger.read_bytes(), database
    stored.fill(3)
    refused = await stored.type("run", "--yes")

    brought = await typed(*command_in(refused.err), cwd=stored.folder)
    again = await typed(*command_in(refused.err), cwd=stored.folder)
    run = await stored.run()

    assert (0, 2) == (brought.status, again.status), brought.err
    assert b"".join(stored.job().store.blocks()).startswith(lines)
    assert {"businesses.ledger.jsonl.imported-1", "businesses.ledger.jsonl.lock"} == ledger_files(stored)
    assert (0, 1, 3) == (run.exit_status, run.sent, len(stored.sandbox.state.records))


async def test_a_damaged_file_is_not_brought_in(stored: Office) -> None:
    """Exit status 6; the database has no ledger then, and the file stays where it is."""
    database, stored.store = stored.store, ""
    stored.fill(2)
    await stored.run()
    lines = stored.ledger.read_bytes().splitlines(keepends=True)
    stored.ledger.write_bytes(b"".join((*lines[:2], b"damaged\n", *lines[3:])))
    stored.store = database

    told = await stored.type("ledger import")

    assert (6, True, False) == (told.status, stored.ledger.exists(), stored.job().store.exists())


async def test_it_is_written_into_a_file(stored: Office) -> None:
    """Which is for its owner alone, never takes another's place, and is what repair works on."""
    stored.fill([business(n, Key=f"K-{n}") for n in range(2)])
    await stored.run()
    refused = await stored.type("ledger repair")

    made = await typed(*command_in(refused.err), "--json", cwd=stored.folder)
    again = await typed(*command_in(refused.err), cwd=stored.folder)
    named = await stored.type("ledger export", "other.jsonl")
    copy = Path(made.json["file"])

    assert (2, 0, 2, 0) == (refused.status, made.status, again.status, named.status), made.err
    assert b"".join(stored.job().store.blocks()) == copy.read_bytes() == (stored.folder / "other.jsonl").read_bytes()
    assert 0o600 == stat.S_IMODE(copy.stat().st_mode)
    assert f"name {copy} as JOB, once it is there." in refused.err
    for words in (("verify", str(copy)), ("show", str(copy), "K-1"), ("repair", str(copy))):
        told = await typed("ledger", *words, cwd=stored.folder)
        assert 0 == told.status, told.err


async def test_it_is_verified_and_shown_where_it_is(stored: Office) -> None:
    """As a file is, and beside the account; a record that is gone there shows in both."""
    stored.fill([business(n, Key=f"K-{n}") for n in range(2)])
    await stored.run()
    stored.sandbox.state.forget(stored.sandbox.state.records[0])

    alone = await stored.type("ledger verify", "--json")
    beside = await stored.type("ledger verify", "--server", "--json")
    shown = await stored.type("ledger show", "K-1", "--json")
    compared = await stored.type("ledger show", "K-0", "--server", "--json")

    assert (0, 3, 0, 3) == (alone.status, beside.status, shown.status, compared.status), compared.err
    assert (stored.job().store.name, "sound", {"submitted": 2}) == tuple(
        alone.json[name] for name in ("ledger", "verdict", "counts")
    )
    assert 1 == len(beside.json["server"]["missing"])
    assert ["admitted", "intent", "done"] == [each["entry"] for each in shown.json["records"][0]["entries"]]
    assert not compared.json["records"][0]["today"]["found"]


@pytest.mark.parametrize("words", [("ledger verify",), ("ledger show", "K-1")])
async def test_what_is_not_in_the_database_is_not_verified(stored: Office, words: tuple[str, ...]) -> None:
    """Exit status 2 where there is no ledger yet, and where it is still in its file: how it is brought."""
    there_is_none = await stored.type(*words)
    stored.ledger.touch()
    is_left = await stored.type(*words)

    assert (2, 2) == (there_is_none.status, is_left.status)
    assert "There is no ledger businesses in postgresql://" in there_is_none.err
    assert "type: bulk-onboard ledger import " in is_left.err


async def test_a_damaged_one_is_salvaged_by_way_of_a_file(stored: Office, postgres: Database) -> None:
    """A lost line ends a run with 6; written out, repaired and brought back the ledger is sound, nothing sent twice."""
    stored.fill(3)
    await stored.run()
    postgres.execute("delete from bulk_onboard.entry where account = 'businesses' and seq = 7")
    stored.fill(4)

    damaged = await stored.type("run", "--yes")
    verified = await stored.type("ledger verify")
    await stored.type("ledger export", "copy.jsonl")
    repaired = await typed("ledger", "repair", "copy.jsonl", "--settle=0.1s", cwd=stored.folder)
    not_named = await stored.type("ledger import")
    brought = await stored.type("ledger import", "copy.jsonl")
    run = await stored.run()

    assert 6 == damaged.status, damaged.err
    assert (6, True) == (verified.status, "write it to a file with `ledger export`" in verified.out), verified
    assert repaired.status in {0, 3}, repaired.err
    assert 2 == not_named.status
    assert 0 == brought.status, brought.err
    assert (ExitStatus.DONE, 4) == (run.exit_status, len(stored.sandbox.state.records))


@pytest.mark.parametrize("with_ledger", [False, True])
async def test_purge_removes_it_only_where_that_is_said(stored: Office, with_ledger: bool) -> None:
    """It is named among what goes or stays, a copy of it, too; there are no other files of it."""
    stored.fill(2)
    await stored.run()
    await stored.type("ledger export")

    told = await stored.type("purge", "--yes", "--json", *(["--with-ledger"] if with_ledger else []))

    assert 0 == told.status, told.err
    where = {each["file"]: key for key in ("files", "kept") for each in told.json[key]}
    of_ledger = {file: key for file, key in where.items() if re.search(r"postgresql|jsonl|lock|hints", file)}
    both = (stored.job().store.name, str(stored.folder / "businesses.exported.jsonl"))
    assert dict.fromkeys(both, "files" if with_ledger else "kept") == of_ledger
    assert with_ledger is not stored.job().store.exists()


async def test_a_ledger_that_is_purged_is_not_called_a_file(stored: Office) -> None:
    """It is named beside the files, or alone where it is all there is."""
    stored.fill(2)
    await stored.run()

    files = await stored.type("purge", "--yes")
    ledger = await stored.type("purge", "--yes", "--with-ledger")
    await stored.run()
    both = await stored.type("purge", "--yes", "--with-ledger")

    assert re.match(r"Removed: \d files\.\n", files.out), files
    assert ledger.out.startswith("Removed: the ledger in the database.\n"), ledger
    assert re.match(r"Removed: \d files and the ledger in the database\.\n", both.out), both


async def test_an_unfinished_job_is_not_purged(stored: Office) -> None:
    """Its ledger stays, and is free."""
    stored.fill(2)
    stored.sandbox.faults.script("create", "drop-before")
    await stored.run_until_unknown()

    told = await stored.type("purge", "--yes", "--with-ledger")

    assert (2, True) == (told.status, "The job is not finished: " in told.err), told.err
    assert (True, True) == (stored.job().store.exists(), stored.job().store.is_free())


async def test_two_jobs_of_one_name_do_not_share_it(stored: Office) -> None:
    """Rows of the second would be taken for rows of the first: 2 from whatever reads it, until it has another name."""
    stored.fill([business(1, Key="K-1")])
    await stored.run()
    second = Office(stored.folder / "second", stored.sandbox)
    second.folder.mkdir()
    second.store = stored.store
    second.fill([business(2, Key="K-1")])

    for verb in ("run", "check", "plan", "status", "report"):
        told = await second.type(verb)
        assert (2, True) == (told.status, f"is that of {stored.workbook}, and this is {second.workbook}" in told.err), (
            verb
        )
    (named,) = re.findall(r'ledger = "(.+?)"', told.err)
    renamed = await second.type("run", "--yes", "--ledger", named)

    assert (0, 2) == (renamed.status, len(stored.sandbox.state.records)), renamed.err
    assert (await stored.type("status", "--json")).json["counts"]["submitted"] == 1


async def test_rows_are_held_against_the_other_accounts_there(stored: Office) -> None:
    """A row that moved is not filed once more; an account that was renamed does not begin anew."""
    stored.open_accounts("acme", "bravo")
    stored.fill(4)
    for account in ("acme", "bravo"):
        assert ExitStatus.DONE == (await stored.run(account=account)).exit_status
    stored.rows[0]["Account"] = "bravo"
    stored.save()
    moved = await stored.run(account="bravo")
    stored.job_file.write_text(stored.job_file.read_text().replace('"acme"', '"alpha"'))
    stored.rows[2]["Account"] = "alpha"
    stored.save()
    known = credentials_of("acme")
    environ = {"PLIVO_AUTH_ID_ALPHA": known.auth_id, "PLIVO_AUTH_TOKEN_ALPHA": known.auth_token.reveal()}
    renamed = await stored.type("run", "--yes", "--account", "alpha", **environ)

    assert ExitStatus.ROWS_NEED_ATTENTION == moved.exit_status
    assert (2, 2) == tuple(len(stored.at(account).state.records) for account in ("acme", "bravo"))
    assert 2 == renamed.status
    assert "The ledger businesses.acme in postgresql://" in renamed.err
    assert 'ledger = "businesses.acme.ledger.jsonl"' in renamed.err
