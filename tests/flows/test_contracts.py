"""Which contract the API speaks is known before anything is written; and what becomes of a job when it changes."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import LedgerError
from bulk_onboard.pipeline.meeting import FirstFiling
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.account import contract_named
from bulk_onboard.sandbox.behaviours import CREATE, REQUIREMENTS
from bulk_onboard.sandbox.records import REJECTED
from bulk_onboard.sandbox.server import Sandbox
from tests.support.contracts import LAYOUTS
from tests.support.office import CREDENTIALS, Office

pytestmark = pytest.mark.slow

OTHER = {"beta": "released", "released": "beta"}


@pytest.fixture(params=LAYOUTS)
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    """A desk with three rows as its API's contract has them; each contract in turn."""
    async with Sandbox(contract=request.param) as sandbox:
        office = Office(tmp_path, sandbox, layout=LAYOUTS[request.param])
        office.fill(3)
        yield office


def speak(office: Office, contract: str) -> None:
    """Let the API speak this one from now on."""
    office.sandbox.state.contract = contract_named(contract)


def arrived(office: Office) -> Counter[str]:
    """The requests so far, by operation."""
    return Counter(request.operation for request in office.sandbox.log)


async def test_job_of_the_other_contract_ends_with_2_and_nothing_arrives(office: Office) -> None:
    """What the API answers is said, and what to do; the right name and `auto` go through."""
    contract = office.layout.contract

    wrong = await office.type("run", "--contract", OTHER[contract])
    before = arrived(office)
    right = await office.type("run", "--contract", contract)
    again = await office.type("run", "--contract", "auto")

    assert (2, {"requirements"}) == (wrong.status, set(before))
    assert f"as in the {contract}" in wrong.err
    assert f"use --contract {contract}" in wrong.err
    assert (0, 0, contract) == (right.status, again.status, office.ledger_state().contract)
    assert 3 == len(office.sandbox.state.records) == arrived(office)["create"]


async def test_auto_takes_what_the_api_speaks(office: Office) -> None:
    """It costs no request: one about each combination, as with a name."""
    told = await office.type("run")

    assert (0, office.layout.contract) == (told.status, office.ledger_state().contract)
    assert (3, 1) == (arrived(office)["create"], arrived(office)["requirements"])


@pytest.mark.parametrize("asked", ["auto", "the other"])
async def test_ledger_of_one_contract_is_not_taken_on_in_another(office: Office, asked: str) -> None:
    """Exit 6, whatever the job names; not one write arrives, and the ledger stays as it is."""
    await office.type("run")
    ledger, before = office.ledger.read_bytes(), arrived(office)
    other = OTHER[office.layout.contract]
    speak(office, other)
    moved = Office(office.folder, office.sandbox, layout=LAYOUTS[other])
    moved.fill(4)

    told = await moved.type("run", "--contract", other if asked == "the other" else "auto")

    assert 6 == told.status
    assert office.layout.contract in told.err
    assert {"requirements"} == set(arrived(office) - before)
    assert ledger == office.ledger.read_bytes()


async def test_ledger_that_was_made_while_the_rows_were_judged_is_not_taken_on_either(office: Office) -> None:
    """A run that found none may open one that another run has made meanwhile."""
    await office.type("run")
    before, aside = arrived(office), office.ledger.rename(office.ledger.with_name("aside"))
    speak(office, OTHER[office.layout.contract])
    moved = Office(office.folder, office.sandbox, layout=LAYOUTS[OTHER[office.layout.contract]])
    moved.fill(4)

    def yes(filing: FirstFiling) -> bool:
        aside.rename(office.ledger)
        return True

    with pytest.raises(LedgerError, match=f"is of the {office.layout.contract} contract"):
        await run_job(moved.job(), credentials=CREDENTIALS, clock=SystemClock(), stop=Stop(), confirm=yes)

    assert {"requirements"} == set(arrived(office) - before)


async def test_sheet_of_the_other_contract_ends_with_2(office: Office) -> None:
    """One message, which names what is missing and what nobody asks for; nothing arrives."""
    moved = Office(office.folder, office.sandbox, layout=LAYOUTS[OTHER[office.layout.contract]])
    moved.fill(3)

    told = await moved.type("run")

    assert 2 == told.status
    assert all(f'"{title}"' in told.err for title in ("Identity Proof", "GST certificate"))
    assert {"requirements"} == set(arrived(office))


@pytest.mark.parametrize("office", ["released"], indirect=True)
async def test_new_ids_of_all_document_types_send_nothing_again(office: Office) -> None:
    """Not even to a record that may be updated; and what is sent after that has the new ones."""
    await office.type("run")
    office.sandbox.state.review(office.sandbox.state.records[0], REJECTED, "The document is not legible.")
    await office.type("run")
    before = arrived(office)
    office.sandbox.behaviours.set(["new-ids"], REQUIREMENTS)

    again = await office.type("run")
    since = arrived(office) - before
    office.fill([*office.rows, office.layout.row(3)])
    more = await office.type("run")

    assert (3, 3) == (again.status, more.status)
    assert {"requirements", "list"} == set(since)
    assert (4, 4) == (arrived(office)["create"], len(office.sandbox.state.records))
    ids = [{document.type_id for document in record.documents} for record in office.sandbox.state.records]
    assert ids[0] == ids[2]
    assert not ids[2] & ids[3]


async def test_first_twenty_creates_refused_alike_stop_the_run(office: Office) -> None:
    """The sentences differ in an id only: it is the account or the contract, so exit 4, and the rest is not sent."""
    office.fill(60)
    office.sandbox.behaviours.set(["refuse-all"], CREATE)

    told = await office.type("run", "--concurrency", "1")

    assert 4 == told.status
    assert "refused the first 20 creates of this run, all with the same words" in told.err
    assert (20, 0) == (arrived(office)["create"], len(office.sandbox.state.records))


async def test_form_that_changes_between_two_calls_stops_before_any_write(office: Office) -> None:
    """Nothing is guessed: exit 4."""
    office.fill([office.layout.row(0, Number_Type="local"), office.layout.row(1, Number_Type="mobile")])
    office.sandbox.behaviours.set(["forms-in-turn"], REQUIREMENTS)

    told = await office.type("run")

    assert 4 == told.status
    assert "changed its form between two calls" in told.err
    assert {"requirements"} == set(arrived(office))
    assert not office.ledger.exists()
