"""`ledger verify | show | repair | rebuild` as people type them, against the sandbox."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.model.entry import Held, Op
from bulk_onboard.model.record import State
from tests.support.businesses import business
from tests.support.office import Office
from tests.unit.ledger.samples import StillClock

SHORT = ("--settle", "0.2")


def keyed(number: int) -> list[dict[str, str]]:
    """So many businesses, each with a Key."""
    return [business(n, Key=f"K-{n:04d}") for n in range(number)]


def states(office: Office) -> list[State]:
    """The states in the ledger, in its order."""
    return [record.state for record in office.ledger_state().records.values()]


def damage(office: Office, entry: str, old: bytes, new: bytes, nth: int = 0) -> bytes:
    """Change something in the n-th line of this kind; the damaged ledger."""
    lines = office.ledger.read_bytes().splitlines(keepends=True)
    index = [i for i, line in enumerate(lines) if f'"entry":"{entry}"'.encode() in line][nth]
    assert old in lines[index]
    lines[index] = lines[index].replace(old, new)
    office.ledger.write_bytes(b"".join(lines))
    return office.ledger.read_bytes()


async def test_damaged_ledger_is_repaired_and_the_next_run_creates_nothing_twice(office: Office) -> None:
    """A flipped bit in an intent: 6, then repaired, then the run goes on and the account holds each row once."""
    office.fill(keyed(6))
    await office.type("run", *SHORT)
    damaged = damage(office, "intent", b'"fingerprint":"', b'"fingerprynt":"', nth=2)

    refused = await office.type("run", *SHORT)
    repaired = await office.type("ledger repair", "--json", *SHORT)
    continued = await office.type("run", "--json", *SHORT)

    assert (refused.status, repaired.status, continued.status) == (6, 0, 0)
    assert damaged == office.ledger.with_name(repaired.json["kept_as"].rsplit("/", 1)[1]).read_bytes()
    assert len(repaired.json["doubted"]["submitted"]) == 1  # its `done` still knows the id
    assert (repaired.json["all_in_doubt"], len(repaired.json["lines"]["lost"])) == (False, 1)
    assert len(office.sandbox.state.records) == 6
    assert states(office) == [State.SUBMITTED] * 6


async def test_a_ledger_of_which_a_stretch_is_gone_loses_no_row_and_doubles_none(office: Office) -> None:
    """Lines cut out of the middle: the rows they were about are found at the API by their tokens."""
    office.fill(keyed(8))
    await office.type("run", *SHORT)
    lines = office.ledger.read_bytes().splitlines(keepends=True)
    office.ledger.write_bytes(b"".join(lines[:3] + lines[-6:]))

    repaired = await office.type("ledger repair", *SHORT)
    continued = await office.type("run", "--json", *SHORT)

    assert "looks through the account before it sends" in repaired.out
    assert len(office.sandbox.state.records) == 8
    assert continued.json["counts"]["submitted"] + continued.json["counts"]["held"] == 8
    assert continued.json["counts"]["uncertain"] == continued.json["counts"]["not sent"] == 0


async def test_repairing_a_sound_ledger_changes_nothing(office: Office) -> None:
    """It says so, and ends with 0."""
    office.fill(1)
    await office.type("run")
    before = office.ledger.read_bytes()

    told = await office.type("ledger repair", job=office.ledger)

    assert (told.status, office.ledger.read_bytes()) == (0, before)
    assert "sound; nothing was changed" in told.out


async def test_what_cannot_be_repaired_ends_in_6_and_is_untouched(office: Office) -> None:
    """Without its first line nobody knows whose ledger it is."""
    office.fill(1)
    await office.type("run")
    damaged = damage(office, "ledger_opened", b"bulk", b"bulx")

    told = await office.type("ledger repair")

    assert (told.status, office.ledger.read_bytes()) == (6, damaged)
    assert "makes a new one from the account" in told.err


async def test_a_lost_ledger_is_rebuilt_from_the_account(office: Office) -> None:
    """Each row's record is found by its token, with its own id; the next run sends only what is new."""
    office.fill(keyed(5))
    await office.type("run", *SHORT)
    office.ledger.unlink()
    office.fill(keyed(7))

    rebuilt = await office.type("ledger rebuild", "--json", *SHORT)
    continued = await office.type("run", "--json", *SHORT)

    assert (rebuilt.status, rebuilt.json["rows"], rebuilt.json["adopted"]) == (0, 7, 5)
    assert (continued.status, continued.json["counts"]["submitted"]) == (0, 7)
    assert len(office.sandbox.state.records) == 7
    assert (await office.type("ledger verify", "--server")).status == 0


async def test_an_existing_ledger_is_never_rebuilt_over(office: Office) -> None:
    """What it says was sent must not be lost: 2, and not a byte changes."""
    office.fill(2)
    await office.type("run")
    before, calls = office.ledger.read_bytes(), len(office.sandbox.log)

    told = await office.type("ledger rebuild", *SHORT)

    assert (told.status, office.ledger.read_bytes(), len(office.sandbox.log)) == (2, before, calls)
    assert "must not be lost" in told.err


async def test_rebuilding_with_a_wrong_token_makes_no_ledger(office: Office) -> None:
    """A ledger is bound to the account that answered, or not made."""
    office.fill(1)
    office.sandbox.faults.script("list", "refuse-401")

    told = await office.type("ledger rebuild", *SHORT)

    assert told.status == 7
    assert not office.ledger.exists()


async def test_account_that_agrees_is_sound(office: Office) -> None:
    """0, nothing missing, nothing twice; the workbook is not needed."""
    office.fill(3)
    await office.type("run")
    office.workbook.unlink()

    told = await office.type("ledger verify", "--server", "--json", job=office.ledger)

    assert (told.status, told.json["verdict"], told.json["problems"]) == (0, "sound", [])
    assert told.json["server"] == {"missing": [], "renamed": [], "duplicates": [], "extra": []}


async def test_account_that_differs_needs_a_person(office: Office) -> None:
    """Missing, renamed, there twice and unknown: each told, with which record to delete; 3."""
    office.fill(keyed(4))
    await office.type("run")
    state = office.sandbox.state
    gone, renamed, twice, _ = state.records
    copy = "ffffffff-0000-4000-8000-000000000000"
    state.forget(gone)
    state.keep(replace(renamed, alias="Somebody else"))
    state.keep(replace(twice, compliance_id=copy, created_at=twice.created_at + timedelta(milliseconds=1)))

    told = await office.type("ledger verify", "--server", "--json")

    assert told.status == 3
    server = told.json["server"]
    assert [r["compliance_id"] for r in server["missing"]] == [gone.compliance_id]
    assert [(r["compliance_id"], r["alias"]) for r in server["renamed"]] == [(renamed.compliance_id, "Somebody else")]
    assert [d["compliance_ids"] for d in server["duplicates"]] == [[twice.compliance_id, copy]]
    assert [d["deletable"] for d in server["duplicates"]] == [[copy]]
    assert any(f"delete {copy}" in sentence for sentence in told.json["problems"])


async def test_another_jobs_records_are_told_and_need_nobody(office: Office) -> None:
    """The account may hold more than this ledger knows."""
    office.fill(keyed(3))
    await office.type("run")
    office.ledger.unlink()
    office.fill(keyed(1))
    await office.type("run")

    told = await office.type("ledger verify", "--server", "--json")

    assert (told.status, len(told.json["server"]["extra"])) == (0, 2)
    assert "does not know" in told.json["problems"][0]


async def test_damaged_ledger_is_not_compared(office: Office) -> None:
    """6 before any request: what a damaged ledger says proves nothing about the account."""
    office.fill(2)
    await office.type("run")
    damage(office, "intent", b'"op":', b'"oq":')
    calls = len(office.sandbox.log)

    told = await office.type("ledger verify", "--server")

    assert (told.status, len(office.sandbox.log)) == (6, calls)


async def test_another_account_is_not_compared(office: Office) -> None:
    """The ledger belongs to one account."""
    office.fill(1)
    await office.type("run")

    told = await office.type("ledger verify", "--server", PLIVO_AUTH_ID="MAANOTHERACCOUNT00001")

    assert told.status == 6
    assert "belongs to the account" in told.err


async def test_record_is_compared_with_the_api_and_todays_files(office: Office) -> None:
    """Beside its story: alias and review at the API, and which of its files are still what was sent."""
    office.fill(keyed(2))
    await office.type("run")
    changed, removed = (office.documents / office.rows[0][name] for name in ("Identity Proof", "Address Proof"))
    changed.write_bytes(changed.read_bytes() + b" ")
    removed.unlink()

    told = await office.type("ledger show", "K-0000", "--server", "--json")
    words = await office.type("ledger show", "K-0000", "--server")

    (record,) = told.json["records"]
    files = {file["type"]: (file["same"], bool(file["today"])) for file in record["today"]["files"]}
    assert told.status == words.status == 0
    assert (record["today"]["found"], record["today"]["differences"]) == (True, [])
    assert record["today"]["alias"] == record["alias"]
    assert {"identity_proof": (False, True), "address_proof": (False, False)}.items() <= files.items()
    assert "identity_proof has changed since" in words.out
    assert "address_proof is not there any more" in words.out


async def test_record_that_differs_at_the_api_needs_a_person(office: Office) -> None:
    """Another alias, or none at all: 3, with what differs."""
    office.fill(keyed(2))
    await office.type("run")
    found = office.sandbox.state.records[0]

    office.sandbox.state.keep(replace(found, alias="Somebody else"))
    renamed = await office.type("ledger show", found.compliance_id, "--server")
    office.sandbox.state.forget(found)
    gone = await office.type("ledger show", found.compliance_id, "--server")

    assert (renamed.status, gone.status) == (3, 3)
    assert "The API calls it 'Somebody else'" in renamed.out
    assert "The API has no record" in gone.out


async def test_files_are_not_compared_without_a_workbook(office: Office) -> None:
    """The ledger file alone: the API is asked, and it says why the files are not."""
    office.fill(keyed(1))
    await office.type("run")

    told = await office.type("ledger show", "K-0000", "--server", "--json", job=office.ledger)

    (record,) = told.json["records"]
    assert (told.status, record["today"]["found"], record["today"]["files"]) == (0, True, [])
    assert record["today"]["no_files"]


async def test_record_without_an_id_is_told(office: Office) -> None:
    """A held record has nothing that the API could be asked for."""
    office.fill(keyed(1))
    await office.type("run")
    content = office.ledger.read_bytes()
    held = Held(token="a" * 16, key="K-9", op=Op.CREATE, why="a test")
    line = encode(stamp(held, seq=content.count(b"\n") + 1, now=StillClock().now()))
    office.ledger.write_bytes(content + line)

    told = await office.type("ledger show", "K-9", "--server")

    assert told.status == 3
    assert "no compliance id" in told.out


@pytest.mark.parametrize("verb", ["verify", "show", "repair", "rebuild"])
async def test_help_of_every_ledger_verb(office: Office, verb: str) -> None:
    """Every verb says what it does."""
    told = await office.type(f"ledger {verb}", "--help")

    assert told.status == 0
    assert re.search(r"Usage: .*ledger " + verb, told.out)
