"""The witness: which creates arrive with an intent in the ledger, and which without one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.model import entry
from bulk_onboard.model.entry import Entry, Op
from bulk_onboard.sandbox.server import Sandbox

TOKEN, OTHER = "abcdefgh23456777", "abcdefgh23456776"
ALIAS = f"K-1 ~{TOKEN}"
ABOUT: dict[str, Any] = {"token": TOKEN, "op": Op.CREATE}


def intent(alias: str = ALIAS, attempt: int = 1, **changes: Any) -> Entry:
    """About to create, as the ledger has it."""
    return entry.Intent(**({**ABOUT, "alias": alias, "attempt": attempt, "fingerprint": "f" * 64} | changes))


def write(ledger: Path, *entries: Entry) -> None:
    """A ledger of these entries, in the tool's own hand."""
    now = datetime(2026, 1, 5, 10, tzinfo=UTC)
    ledger.write_bytes(b"".join(encode(stamp(entry, seq=seq, now=now)) for seq, entry in enumerate(entries, 1)))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "invented.ledger.jsonl"


@pytest.mark.parametrize(
    ("entries", "seen"),
    [
        ([intent()], True),
        ([intent(), entry.Unresolved(**ABOUT, seen="hang")], True),
        ([intent(), entry.Probed(**ABOUT, matches=0)], True),
        ([intent(), entry.Done(token=OTHER, op=Op.CREATE, compliance_id="c")], True),
        ([intent(), entry.Done(token=TOKEN, op=Op.LINK, compliance_id="c")], True),
        ([intent(), entry.Absent(**ABOUT, waited_s=90), intent(attempt=2)], True),
        ([], False),
        ([intent(alias=f"K-2 ~{TOKEN}")], False),
        ([intent(alias=f"K-1 ~{OTHER}", token=OTHER)], False),
        ([intent(op=Op.UPDATE)], False),
        ([intent(), entry.Done(**ABOUT, compliance_id="c")], False),
        ([intent(), entry.Adopted(**ABOUT, compliance_id="c")], False),
        ([intent(), entry.Refused(**ABOUT, code="c")], False),
        ([intent(), entry.Unavailable(**ABOUT, why="dns")], False),
        ([intent(), entry.Throttled(**ABOUT, wait_s=1)], False),
        ([intent(), entry.Denied(**ABOUT, http_status=401)], False),
        ([intent(), entry.Absent(**ABOUT, waited_s=90)], False),
        ([intent(), entry.Held(**ABOUT, why="two")], False),
        ([intent(), entry.Resolved(**ABOUT, how="absent")], False),
    ],
)
async def test_create_needs_an_unfinished_intent_of_its_whole_alias(
    client: Any, ledger: Path, entries: list[Entry], seen: bool
) -> None:
    """An intent that something finished, of another alias or of another operation does not count."""
    write(ledger, *entries)

    async with Sandbox(ledger=ledger) as sandbox:
        await client.create(sandbox, alias=ALIAS)

        assert ([] if seen else [ALIAS]) == sandbox.witness.without_intent


async def test_one_intent_is_good_for_one_create(client: Any, ledger: Path) -> None:
    """A second create on the same intent is told; after a new intent of the same alias a third is not."""
    write(ledger, intent())

    async with Sandbox(ledger=ledger) as sandbox:
        await client.create(sandbox, alias=ALIAS)
        await client.create(sandbox, alias=ALIAS)
        write(ledger, intent(), entry.Absent(**ABOUT, waited_s=90), intent(attempt=2))
        await client.create(sandbox, alias=ALIAS)

        assert [ALIAS] == sandbox.witness.without_intent


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-1],  # the newline is missing
        lambda line: line.replace(b'"attempt":1', b'"attempt":2'),  # the checksum does not fit
        lambda line: line.replace(b'"crc":"', b'"crc":" '),
    ],
)
async def test_line_that_is_not_whole_is_no_intent(client: Any, ledger: Path, spoil: Any) -> None:
    """A torn or damaged line proves nothing."""
    write(ledger, intent())
    ledger.write_bytes(spoil(ledger.read_bytes()))

    async with Sandbox(ledger=ledger) as sandbox:
        await client.create(sandbox, alias=ALIAS)

        assert [ALIAS] == sandbox.witness.without_intent


def link(number: str, token: str = TOKEN, **changes: Any) -> Entry:
    """About to link."""
    return intent(token=token, op=Op.LINK, number=number, **changes)


NUMBER, NEXT = "911140000001", "911140000002"
LINKS = {"token": TOKEN, "op": Op.LINK}


@pytest.mark.parametrize(
    ("entries", "missing"),
    [
        ([link(NUMBER), link(f"+{NEXT}")], []),
        ([link(NUMBER), link(NEXT, OTHER), entry.Done(token=OTHER, op=Op.LINK, compliance_id="c")], [NEXT]),
        ([link(NUMBER), link(NEXT), entry.Unresolved(**LINKS, seen="hang")], []),
        ([link(NUMBER), link(NEXT), entry.Refused(token=TOKEN, op=Op.UPDATE, code="link")], []),
        ([link(NUMBER), link(NEXT), entry.Refused(**LINKS, code="c", number=NEXT)], [NEXT]),
        ([link(NUMBER), link(NEXT), entry.Done(**LINKS, compliance_id="c")], [NUMBER, NEXT]),
        ([intent(), link(NEXT)], [NUMBER]),
        ([], [NUMBER, NEXT]),
    ],
)
async def test_each_number_of_a_link_needs_an_unfinished_intent_of_its_own(
    applicant: Any, ledger: Path, entries: list[Entry], missing: list[str]
) -> None:
    """What finishes one intent names its number, or all of its record; whether the link goes well is all the same."""
    write(ledger, *entries)

    async with Sandbox(contract="released", ledger=ledger) as sandbox:
        await applicant.link(sandbox, (f"+{NUMBER}", "none"), (NEXT, "none"))

        assert missing == sandbox.witness.without_intent


async def test_one_intent_is_good_for_one_link(client: Any, ledger: Path) -> None:
    """A second link on the same intent is told, whichever contract is spoken."""
    write(ledger, link(NUMBER))

    async with Sandbox(ledger=ledger) as sandbox:
        for _ in range(2):
            await client.send(sandbox, "POST", f"Number/{NUMBER}/", json={"compliance_id": "none"})

        assert [NUMBER] == sandbox.witness.without_intent


async def test_ledger_that_is_not_there_holds_no_intent_and_no_ledger_proves_nothing(client: Any, ledger: Path) -> None:
    """The state says so, and null where no ledger is watched; both are as at the start after reset."""
    async with Sandbox(ledger=ledger) as watched, Sandbox() as unwatched:
        for sandbox in (watched, unwatched):
            await client.create(sandbox, alias=ALIAS)

        states = [(await client.control(sandbox, "GET", "state")).json for sandbox in (watched, unwatched)]
        watched.reset()

        assert [[ALIAS], None] == [state["without_intent"] for state in states]
        assert [] == watched.witness.without_intent


async def test_witness_looks_when_the_create_arrives_and_not_when_it_is_carried_out(
    client: Any, clock: Any, ledger: Path
) -> None:
    """An intent that is written while the sandbox takes its time comes too late."""

    class Slow(type(clock)):
        async def sleep(self, seconds: float) -> None:
            write(ledger, intent())

    async with Sandbox(ledger=ledger, latency_s=1, clock=Slow()) as sandbox:
        await client.create(sandbox, alias=ALIAS)

        assert [ALIAS] == sandbox.witness.without_intent
        assert 1 == len(sandbox.state.records)
