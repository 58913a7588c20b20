"""`doctor` of a job with a database: each thing that may be wrong with that has a line, and a way out."""

import asyncio
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.model.entry import Done, Intent, Op
from tests.cli.test_doctor import lines, problems
from tests.support.office import AUTH_ID, Office, Told, typed
from tests.support.postgres import Database

OF_THE_DATABASE = [
    f"database{what}"
    for what in ("", " encryption", " version", " primary", " durability", " schema", " clock", " connections")
]
MANY = (Path(__file__).parents[2] / "docs/many.md").read_text(encoding="utf-8")
TOKEN = "abcdefghijklmn22"


async def examined(office: Office, address: str) -> Told:
    """What a process of its own would say, which makes a connection of its own."""
    more = "&" if "?" in address else "?"
    return await office.type("doctor", "--store", f"{address}{more}connect_timeout=9", "--json")


async def set_up(office: Office, postgres: Database) -> None:
    told = await typed("store", "setup", postgres.address, cwd=office.folder)
    assert 0 == told.status, told.err


async def test_all_is_well_before_the_first_run_and_after_it(office: Office, postgres: Database) -> None:
    """A line about each thing, nothing changed."""
    office.fill(2)
    await set_up(office, postgres)
    first = await examined(office, postgres.address)
    ran = await office.type("run", "--store", postgres.address)
    before = postgres.execute("select * from bulk_onboard.account, bulk_onboard.entry")

    told = await examined(office, postgres.address)

    assert (0, 0, 0) == (first.status, ran.status, told.status), told.out + ran.err
    assert {"ok"} == {line["sign"] for line in lines(told).values()}
    assert OF_THE_DATABASE == [about for about in lines(told) if about.startswith("database")]
    assert "No worker is alive" in lines(told)["workers"]["found"]
    assert before == postgres.execute("select * from bulk_onboard.account, bulk_onboard.entry")
    assert "the first run makes it" in lines(first)["ledger"]["found"]
    assert "2 submitted." in lines(told)["ledger"]["found"]


UNFIT = [
    ("select 1", "schema", ("is not set up for ledgers yet", "bulk-onboard store setup")),
    ("create schema bulk_onboard", "schema", ("is not ours", "Use another database")),
    ("comment on schema bulk_onboard is 'bulk-onboard store 99'", "schema", ("newer version", "install that")),
    ("alter database {name} set synchronous_commit = off", "durability", ("may forget", "Switch that on")),
    ("drop table bulk_onboard.hint", "schema", ("lacks", "GRANT")),
]


@pytest.mark.parametrize(("statement", "about", "words"), UNFIT)
async def test_what_keeps_ledgers_from_it_is_told_with_the_way_out(
    office: Office, postgres: Database, statement: str, about: str, words: tuple[str, ...]
) -> None:
    """One problem, and all else is looked at; the ledger is not, since nothing of it can be relied on."""
    office.fill(1)
    if not statement.startswith(("create", "select")):
        await set_up(office, postgres)
    postgres.execute(statement.format(name=postgres.name))

    told = await examined(office, postgres.address)

    line = lines(told)[f"database {about}"]
    assert (3, [f"database {about}"]) == (told.status, problems(told))
    assert [] == [each for each in words if each not in f"{line['found']} {line['to_do']}"]
    assert "not looked at" == lines(told)["ledger"]["sign"]
    assert "ok" == lines(told)["workbook"]["sign"]


async def test_role_that_may_only_read_is_told_its_lacking_rights(office: Office, postgres: Database) -> None:
    """And the statement that gives them."""
    office.fill(1)
    await set_up(office, postgres)
    role = f"reader_{postgres.name}"
    postgres.execute(f"create role {role} login")
    try:
        postgres.execute(f"grant usage on schema bulk_onboard to {role}")
        postgres.execute(f"grant select on all tables in schema bulk_onboard to {role}")

        told = await examined(office, postgres.address.replace("//postgres@", f"//{role}@"))
    finally:
        postgres.execute(f"drop owned by {role}")
        postgres.execute(f"drop role {role}")

    assert ["database schema"] == problems(told)
    assert "insert on bulk_onboard.entry" in lines(told)["database schema"]["found"]
    assert f"TO {role}" in lines(told)["database schema"]["to_do"]


def nobody(postgres: Database) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"postgresql://postgres@127.0.0.1:{free.getsockname()[1]}/{postgres.name}"


WRONG: list[tuple[Callable[[Database], str], str, str]] = [
    (nobody, "Nobody answers", "Check that the server is there"),
    (lambda _: "postgresql://clerk@db.example.com/x?sslmode=require", "on another machine", "verify-full"),
    (lambda postgres: postgres.server.address("no_such_database"), "does not exist", "Check the address"),
    (
        lambda postgres: postgres.address.replace("//postgres@", "//no_such_role@"),
        "does not exist",
        "Check the address",
    ),
]


@pytest.mark.parametrize(("address", "found", "to_do"), WRONG)
async def test_database_that_cannot_be_asked_has_one_line(
    office: Office, postgres: Database, address: Any, found: str, to_do: str
) -> None:
    """The rest is looked at all the same, and nothing is said twice."""
    office.fill(1)

    told = await examined(office, address(postgres))

    assert (3, ["database"]) == (told.status, problems(told))
    assert ["database"] == [about for about in lines(told) if about.startswith("database")]
    assert found in lines(told)["database"]["found"]
    assert to_do in lines(told)["database"]["to_do"]
    assert "not looked at" == lines(told)["ledger"]["sign"]
    assert {"ok"} == {lines(told)[about]["sign"] for about in ("job", "credentials", "report", "workbook")}


async def test_owner_of_the_ledger_is_told(office: Office, postgres: Database) -> None:
    """As with a file: by process and user, on whichever machine."""
    office.fill(1)
    await set_up(office, postgres)
    await office.type("run", "--store", postgres.address)
    job = office.job(store=postgres.address)

    async with job.store.opened(auth_id=AUTH_ID, clock=SystemClock()):
        told = await examined(office, postgres.address)

    assert ["ledger"] == problems(told)
    assert "Another run (process" in lines(told)["ledger"]["found"]


async def test_ledger_of_a_database_that_was_put_back_from_a_backup_is_told(office: Office, postgres: Database) -> None:
    """It says where it was last known to be complete; the next run looks through the account."""
    office.fill(1)
    await set_up(office, postgres)
    await office.type("run", "--store", postgres.address)
    postgres.execute("update bulk_onboard.account set seen = 'elsewhere'")

    told = await examined(office, postgres.address)

    assert ["ledger"] == problems(told)
    assert "A backup of its database was put back" in lines(told)["ledger"]["found"]
    assert "looks through the account" in lines(told)["ledger"]["to_do"]


async def test_late_evidence_and_hints_that_wait_are_told_and_no_problem(office: Office, postgres: Database) -> None:
    """The next run looks into the one, and reads for the other."""
    office.fill(1)
    await set_up(office, postgres)
    job = office.job(store=postgres.address)
    async with job.store.opened(auth_id=AUTH_ID, clock=SystemClock()) as journal:
        await journal.append(Intent(token=TOKEN, op=Op.CREATE, attempt=1, alias=f"~{TOKEN}", fingerprint="f"))
    line = encode(stamp(Done(token=TOKEN, op=Op.CREATE, compliance_id="c1"), seq=3, now=SystemClock().now()))
    postgres.execute(
        "insert into bulk_onboard.late (account, owner, line) values (%s, 'x', %s)", job.name, line.decode().strip()
    )
    await asyncio.to_thread(job.store.hints.keep, "c2")

    told = await examined(office, postgres.address)

    assert [] == problems(told)
    assert "Of 1 record an answer came too late" in lines(told)["ledger"]["found"]
    assert "1 waiting hint" in lines(told)["ledger"]["found"]


async def test_damaged_ledger_is_told(office: Office, postgres: Database) -> None:
    """Where, and how it is brought back."""
    office.fill(1)
    await set_up(office, postgres)
    await office.type("run", "--store", postgres.address)
    postgres.execute("delete from bulk_onboard.entry where seq = 3")

    told = await examined(office, postgres.address)

    assert ["ledger"] == problems(told)
    assert "line 3" in lines(told)["ledger"]["found"]


async def test_workers_that_are_alive_are_counted_and_the_silent_are_not(office: Office, postgres: Database) -> None:
    """A sign of life is one of the last half minute."""
    office.fill(1)
    await set_up(office, postgres)
    for age_s in (0, 5, 60):
        postgres.execute(
            "insert into bulk_onboard.procrastinate_workers (last_heartbeat) values (now() - %s * interval '1 second')",
            age_s,
        )

    told = await examined(office, postgres.address)

    assert "2 workers are alive." in lines(told)["workers"]["found"]


async def test_role_that_the_page_sets_up_is_enough(office: Office, postgres: Database) -> None:
    """No superuser: it makes the tables, and runs work with it; the statements are those that people paste."""
    (block,) = re.findall(r"^```sql\n(.*?)^```", MANY, re.MULTILINE | re.DOTALL)
    statements = [line for line in block.splitlines() if not line.startswith("\\")]
    server = postgres.server
    office.fill(1)
    try:
        for statement in statements:
            server.execute(statement)
        address = server.address("bulk_onboard").replace("postgres@", "bulk_onboard@")
        made = await typed("store", "setup", address, cwd=office.folder)
        ran = await office.type("run", "--store", address)
        told = await examined(office, address)
        superusers = server.execute("select rolname from pg_roles where rolsuper and rolname = 'bulk_onboard'")
    finally:
        server.execute("drop database if exists bulk_onboard with (force)")
        server.execute("drop role if exists bulk_onboard")

    assert ([], 4) == (superusers, len(statements) + 1)
    assert (0, 0, 0) == (made.status, ran.status, told.status), made.err + ran.err + told.out
    assert [] == problems(told)
