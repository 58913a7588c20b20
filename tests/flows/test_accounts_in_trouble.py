"""Twelve accounts of which three cannot go on: the others finish, these say why, and everything adds up.

The real command runs them, against an API that loses answers.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business
from tests.support.office import Office, Told, credentials_of, heard

pytestmark = pytest.mark.slow

ROWS, SENT_BEFORE = 30, 3
FINE = ("acme", "bravo", "coral-bay", "golf-2", "hotel", "india", "juliett", "kilo", "lima")
REFUSED, DAMAGED, HELD = "delta", "echo", "foxtrot"
IN_TROUBLE = {REFUSED: ExitStatus.CREDENTIALS, DAMAGED: ExitStatus.LEDGER, HELD: ExitStatus.LOCKED}
ACCOUNTS = (*FINE, *IN_TROUBLE)
LOST = ("drop-after", "drop-before", "error-500-after", "html-502-before", "cut-answer", "late-apply")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """All accounts with their rows; two have filed some already, and the API knows another token of a third."""
    tokens = {credentials_of(each).auth_id: credentials_of(each).auth_token.reveal() for each in ACCOUNTS}
    tokens[credentials_of(REFUSED).auth_id] = "another token"
    async with Sandbox(credentials=tokens, list_lag_s=0.1, late_apply_s=0.1) as sandbox:
        office = Office(tmp_path, sandbox)
        office.open_accounts(*ACCOUNTS)
        names = [account for account in ACCOUNTS for _ in range(ROWS)]
        office.fill([business(number, Key=f"K-{number}", Account=name) for number, name in enumerate(names)])
        told = await run(office, "--account", DAMAGED, "--account", HELD, "--limit", str(SENT_BEFORE))
        assert 0 == told.status, told.err
        yield office


async def run(office: Office, *words: str) -> Told:
    """The real command, in a process of its own."""
    told = await heard(await office.start("run", *words))
    return Told(told.status, told.out, told.err, ("run", str(office.job_file), *words))


async def run_in_trouble(office: Office, *words: str) -> Told:
    """A run while one ledger is damaged and another is held, and every account loses an answer of each kind."""
    ledger = office.ledger_of(DAMAGED)
    content = bytearray(ledger.read_bytes())
    content[len(content) // 2] ^= 1
    ledger.write_bytes(content)
    for account in FINE:
        for place, fault in enumerate(LOST):
            office.at(account).faults.script("create", fault, after=4 * place)
    with ExitStack() as held:
        held.enter_context(LedgerLock(office.ledger_of(HELD), SystemClock()))
        return await run(office, *words)


async def test_the_others_finish_and_the_three_say_why(office: Office) -> None:
    """Nine accounts have each of their rows at the API once; the three sent nothing, and the reports add up."""
    told = await run_in_trouble(office, "--json")

    lines = {line["account"]: line for line in told.json["accounts"]}
    assert ExitStatus.LEDGER == told.status
    assert dict.fromkeys(FINE, ExitStatus.DONE) | IN_TROUBLE == {
        account: line["exit_status"] for account, line in lines.items()
    }
    for account in FINE:
        check_filed(office, account)
    assert {REFUSED: 0, DAMAGED: SENT_BEFORE, HELD: SENT_BEFORE} == {
        account: len(office.at(account).state.records) for account in IN_TROUBLE
    }
    assert "The API refused the credentials" in lines[REFUSED]["error"]
    assert "PLIVO_AUTH_TOKEN_DELTA" in lines[REFUSED]["error"]
    assert office.ledger_of(DAMAGED).name in lines[DAMAGED]["error"]
    assert office.ledger_of(HELD).name in lines[HELD]["error"]
    check_reports(office)
    assert told.json["counts"]["submitted"] == sum(line["counts"]["submitted"] for line in lines.values())


async def test_people_are_told_and_the_next_run_goes_on_with_those_that_can(office: Office) -> None:
    """The end of the run names the three and why; once ledgers are whole and free, these accounts finish, too."""
    whole = office.ledger_of(DAMAGED).read_bytes()

    told = await run_in_trouble(office)
    office.ledger_of(DAMAGED).write_bytes(whole)
    after = await run(office, "--json")

    said = " ".join(told.out.split())
    assert all(account in said for account in IN_TROUBLE)
    assert "The API refused the credentials" in said
    assert f"bulk-onboard run {office.job_file}" in said
    assert "Traceback" not in told.err
    assert ExitStatus.CREDENTIALS == after.status
    for account in (*FINE, DAMAGED, HELD):
        check_filed(office, account)


def check_filed(office: Office, account: str) -> None:
    """The API has each row of the account once, and nothing else of it."""
    own = Counter(cells["Business Name"] for cells in office.rows if cells["Account"] == account)
    assert own == Counter(record.end_user["name"] for record in office.at(account).state.records), account
    assert [] == office.at(account).state.duplicates


def check_reports(office: Office) -> None:
    """Each row of the sheet is in the report over all once, with its account; its figures are the sums of its lines."""
    results = office.sheet("Results")
    assert dict.fromkeys(ACCOUNTS, ROWS) == Counter(result["Account"] for result in results)
    submitted = Counter(result["Account"] for result in results if result["State"] == "submitted")
    assert dict.fromkeys(FINE, ROWS) == {account: submitted[account] for account in FINE}
    for account in FINE:
        assert ROWS == len(office.sheet("Results", account))
    summary: dict[str, Any] = json.loads(office.report.with_name("businesses.summary.json").read_text(encoding="utf-8"))
    lines = summary["accounts"]
    assert set(ACCOUNTS) == {line["name"] for line in lines}
    for name, total in summary["figures"].items():
        assert total == sum(line["figures"][name] for line in lines), name
