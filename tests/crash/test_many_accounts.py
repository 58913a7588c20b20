"""Twelve accounts in one process, killed with SIGKILL at random and run again: nothing twice, nothing lost.

`make crash` kills them 20 times, `make test` a few.
"""

import asyncio
import json
import math
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bulk_onboard.units import Quota
from tests.crash.figures import FIGURES, LONG, SEED
from tests.support.office import Office, Told, credentials_of, heard
from tests.support.served import Arrived, Served

pytestmark = pytest.mark.slow

ACCOUNTS = (
    *("acme", "bravo", "coral-bay", "delta", "echo", "foxtrot"),
    *("golf-2", "hotel", "india", "juliett", "kilo", "lima"),
)
ROWS = 30  # of each account
KILLS = 20 if LONG else 4
QUOTA = Quota(20, 4.0)
SETTLE = "1s"
LIVES_AT_MOST_S = 2.5
RUNS_AT_MOST = 6
LOST = {"drop-after": 0.06, "drop-before": 0.04, "error-500-after": 0.04, "html-502-before": 0.04, "late-apply": 0.03}


@pytest.mark.timeout(1200 if LONG else 300)
async def test_however_often_all_accounts_are_killed_each_row_is_filed_once_by_its_own(tmp_path: Path) -> None:
    """Each account ends with its own rows, within its quota; the reports add up."""
    print(f"SEED={SEED}")
    dice, runs = random.Random(f"{SEED} accounts"), 0
    async with desk(tmp_path) as (office, sandbox):
        while runs < KILLS:
            await killed(office, dice)
            runs += 1
        for account in ACCOUNTS:
            await sandbox.ask(auth_id(account), "faults", {"rates": {}})
        told = await run(office)
        while told.status and runs < KILLS + RUNS_AT_MOST:
            told = await run(office)
            runs += 1

        assert 0 == told.status, told.err
        for account in ACCOUNTS:
            await check_records(office, account, sandbox)
        check_reports(office, told)
        log = await sandbox.end()
        for account in ACCOUNTS:
            check_windows(log[auth_id(account)], runs + 1)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[Office, Served]]:
    """A job of all accounts, whose ledgers the sandbox watches for intents."""
    tokens = {auth_id(account): credentials_of(account).auth_token.reveal() for account in ACCOUNTS}
    ledgers = {auth_id(account): str(folder / f"businesses.{account}.ledger.jsonl") for account in ACCOUNTS}
    settings = {"faults": LOST, "list_lag_s": 0.2, "late_apply_s": 0.2, "seed": SEED, "quota": str(QUOTA)}
    accounts = {each: {"ledger": ledger} for each, ledger in ledgers.items()}
    async with Served.opened(credentials=tokens, accounts=accounts, **settings) as sandbox:
        office = Office(folder, sandbox)  # type: ignore[arg-type]  # only its address is used
        office.open_accounts(*ACCOUNTS, quota=str(QUOTA), settle=SETTLE, notify="never")
        office.fill(len(ACCOUNTS) * ROWS)
        yield office, sandbox


async def run(office: Office) -> Told:
    """A run of all accounts to its own end."""
    told = await heard(await office.start("run", "--json"))
    return Told(told.status, told.out, told.err, ("run", str(office.job_file), "--json"))


async def killed(office: Office, dice: random.Random) -> None:
    """A run that is killed some time after it has written to one of the ledgers, unless it has ended by then."""
    before = written(office)
    process = await office.start("run", "--json")
    ended = asyncio.ensure_future(heard(process))
    while not ended.done() and written(office) == before:
        await asyncio.sleep(0.005)
    await asyncio.wait({ended}, timeout=dice.uniform(0, LIVES_AT_MOST_S))
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    told = await ended
    assert told.status in {-signal.SIGKILL, 0, 4}, told.err
    FIGURES["kills"] += told.status == -signal.SIGKILL


def written(office: Office) -> int:
    """How many bytes all ledgers have."""
    ledgers = map(office.ledger_of, ACCOUNTS)
    return sum(ledger.stat().st_size for ledger in ledgers if ledger.exists())


async def check_records(office: Office, account: str, sandbox: Served) -> None:
    """The API has each row of the account once, and no row of another; an intent came before each create."""
    state = await sandbox.ask(auth_id(account), "state")
    assert ([], [], 0) == (state["duplicates"], state["without_intent"], state["to_come"]), account
    wanted = Counter(cells["Business Name"] for cells in office.rows if cells["Account"] == account)
    assert wanted == Counter(record["end_user"]["name"] for record in state["records"]), account


def check_windows(log: Sequence[Arrived], runs: int) -> None:
    """No window had more than the quota, and no run drew more than one throttled call: its probe."""
    counted = [
        (math.floor(at / QUOTA.window_s), status) for at, operation, status in log if operation != "requirements"
    ]
    granted = Counter(window for window, status in counted if status != 429)
    assert max(granted.values()) <= QUOTA.limit
    assert sum(status == 429 for _, status in counted) <= runs


def check_reports(office: Office, told: Told) -> None:
    """Each account's report has its rows, and the report over all has those of all; so has what the run printed."""
    everything = Counter((result["Account"], result["State"]) for result in office.sheet("Results"))
    lines = {line["account"]: line["counts"] for line in told.json["accounts"]}
    for account in ACCOUNTS:
        own = [result["State"] for result in office.sheet("Results", account)]
        assert ROWS * ["submitted"] == own, account
        assert ROWS == lines[account]["rows"] == lines[account]["submitted"], account
    assert Counter({(account, "submitted"): ROWS for account in ACCOUNTS}) == everything
    assert len(ACCOUNTS) * ROWS == told.json["counts"]["submitted"]
    summary = json.loads(office.report.with_name("businesses.summary.json").read_text(encoding="utf-8"))
    assert len(ACCOUNTS) * ROWS == summary["counts"]["submitted"]


def auth_id(account: str) -> str:
    """The auth id of an account."""
    return credentials_of(account).auth_id
