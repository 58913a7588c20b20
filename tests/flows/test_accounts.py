"""The accounts of a job run together: each for itself, with one gate, one beginning and one end."""

import asyncio
import itertools
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus, SignalledError, UsageError
from bulk_onboard.job import load_jobs
from bulk_onboard.pipeline.accounts import AllResults, run_jobs
from bulk_onboard.pipeline.meeting import FirstFiling
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business
from tests.support.events import captured
from tests.support.office import Office, credentials_of

THREE = ("acme", "bravo", "carol")
TWELVE = tuple(f"{name}-{number}" for name in THREE for number in range(1, 5))


async def run(office: Office, stop: Stop | None = None, *, picked: Sequence[str] = (), **more: Any) -> AllResults:
    """All accounts of the office, or those that were picked; `flags` as they would be typed."""
    flags = more.pop("flags", {}) | ({"account": tuple(picked)} if picked else {})
    jobs = load_jobs(office.job_file, flags)
    usual = {"credentials": {job.account: credentials_of(job.account) for job in jobs}}
    return await run_jobs(jobs, **usual | {"clock": SystemClock(), "stop": stop or Stop()} | more)


def exits(results: AllResults) -> dict[str, ExitStatus]:
    """The exit status of each account."""
    return {result.account: result.exit_status for result in results.results}


def filed(office: Office) -> dict[str, int]:
    """How many records each account has at the API; one that never asked has none."""
    return {account: len(office.at(account).state.records) for account in office.accounts}


async def test_twelve_accounts(office: Office) -> None:
    """Each has its rows at the API, in its ledger and in its report, and nothing of another's."""
    office.open_accounts(*TWELVE)
    office.fill(36)

    results = await run(office)

    assert ExitStatus.DONE == results.exit_status
    assert list(TWELVE) == [result.account for result in results.results]
    for account in TWELVE:
        assert 3 == len(office.at(account).state.records)
        assert 3 == len(office.ledger_state(account).records)
        assert 3 == len(office.sheet("Results", account))


async def test_again_nothing_is_sent(office: Office) -> None:
    """The same command continues; where all was done it files nothing twice."""
    office.open_accounts(*THREE)
    office.fill(6)

    await run(office)
    again = await run(office)

    assert (ExitStatus.DONE, 0) == (again.exit_status, sum(result.sent for result in again.results))
    assert dict.fromkeys(THREE, 2) == filed(office)


async def test_refused_credentials_end_their_account_alone(office: Office) -> None:
    """The others finish; it says why, and the exit status is that of its trouble."""
    office.open_accounts(*THREE)
    office.fill(6)
    tokens = {credentials_of(name).auth_id: credentials_of(name).auth_token.reveal() for name in THREE}
    async with Sandbox(credentials=tokens) as strict:
        office.sandbox = strict
        office.open_accounts(*THREE)
        right = {name: credentials_of(name) for name in THREE}
        wrong = Credentials(right["bravo"].auth_id, Secret("wrong"))

        results = await run(office, credentials=right | {"bravo": wrong})

        assert ExitStatus.CREDENTIALS == results.exit_status
        assert {"acme": 0, "bravo": 7, "carol": 0} == exits(results)
        assert "" == results.results[1].run_id
        assert "refused the credentials" in str(results.results[1].error)
        assert {"acme": 2, "bravo": 0, "carol": 2} == filed(office)


async def test_a_ledger_that_is_held_or_damaged_ends_its_account_alone(office: Office) -> None:
    """Of three accounts one can run: it does."""
    office.open_accounts(*THREE)
    office.fill(6)
    await run(office, picked=("carol", "bravo"))
    office.fill(9)
    lines = office.ledger_of("carol").read_bytes().splitlines(keepends=True)
    office.ledger_of("carol").write_bytes(b"".join((*lines[:2], b"damaged\n", *lines[3:])))
    (held,) = load_jobs(office.job_file, {"account": ("bravo",)})

    async with held.store.opened(auth_id=credentials_of("bravo").auth_id, clock=SystemClock()):
        results = await run(office)

    assert ExitStatus.LEDGER == results.exit_status
    assert {"acme": 0, "bravo": 5, "carol": 6} == exits(results)
    assert {"acme": 3, "bravo": 2, "carol": 2} == filed(office)
    assert office.report_of("acme").exists()


async def test_a_signal_stops_all(office: Office) -> None:
    """Calls in flight finish, each account writes its report, and the next run sends the rest, none twice."""
    office.open_accounts(*THREE)
    office.fill(60)
    office.sandbox.latency_s = 0.02
    stop = Stop()

    async def signal_when_some_are_there() -> None:
        while sum(filed(office).values()) < 12:
            await asyncio.sleep(0.01)
        stop.request(signal.SIGTERM)

    signalling = asyncio.ensure_future(signal_when_some_are_there())
    stopped = await run(office, stop, flags={"concurrency": "2"})
    await signalling
    sent = sum(filed(office).values())
    office.sandbox.latency_s = 0.0
    after = await run(office)

    assert ExitStatus.TERMINATED == stopped.exit_status
    assert dict.fromkeys(THREE, ExitStatus.TERMINATED) == exits(stopped)
    assert 12 <= sent < 60
    assert all(result.report and not result.counts["uncertain"] for result in stopped.results)
    assert (ExitStatus.DONE, dict.fromkeys(THREE, 20)) == (after.exit_status, filed(office))


async def test_a_signal_before_anything_begins(office: Office) -> None:
    """Nobody is asked and nothing is sent; each account says that a signal ended it."""
    office.open_accounts(*THREE)
    office.fill(3)
    stop, asked = Stop(), Asked(answer=True)
    office.sandbox.latency_s = 0.2

    async def signal_soon() -> None:
        while not office.sandbox.accounts:
            await asyncio.sleep(0.01)
        stop.request(signal.SIGINT)

    signalling = asyncio.ensure_future(signal_soon())
    results = await run(office, stop, confirm=asked)
    await signalling

    assert ExitStatus.INTERRUPTED == results.exit_status
    assert dict.fromkeys(THREE, ExitStatus.INTERRUPTED) == exits(results)
    assert [] == asked.questions
    assert not list(office.folder.glob("*.ledger.jsonl"))


class Asked:
    """Somebody who answers, and remembers the questions, and what was filed when they were asked."""

    def __init__(self, *, answer: bool, filed: Callable[[], object] = lambda: None) -> None:
        self.questions: list[FirstFiling] = []
        self.filed: list[object] = []
        self._answer, self._look = answer, filed

    def __call__(self, filing: FirstFiling) -> bool:
        self.questions.append(filing)
        self.filed.append(self._look())
        return self._answer


async def test_one_question_for_all(office: Office) -> None:
    """It has the sum of those that file for the first time, and comes before any of them writes or sends anything."""
    office.open_accounts(*THREE)
    office.fill(3)
    await run(office, picked=("bravo", "carol"))
    office.fill([*office.rows, *(business(number, Account=THREE[number % 2]) for number in (3, 4, 5, 6))])
    before = filed(office)
    asked = Asked(answer=True, filed=lambda: filed(office))

    await run(office, confirm=asked)

    (filing,) = asked.questions
    assert (3, (credentials_of("acme").auth_id,)) == (filing.rows, filing.auth_ids)
    assert [before] == asked.filed
    assert {"acme": 3, "bravo": 3, "carol": 1} == filed(office)


async def test_no_begins_nothing(office: Office) -> None:
    """Not even a ledger; of all accounts the rows and the bytes were summed up."""
    office.open_accounts(*THREE, quota="60/min")
    office.fill(6)
    before = sorted(office.folder.iterdir())
    asked = Asked(answer=False)

    with pytest.raises(SignalledError):
        await run(office, confirm=asked)

    (filing,) = asked.questions
    assert (6, 3, 2 * 0.6) == (filing.rows, len(filing.auth_ids), filing.takes_s)
    assert before == sorted(office.folder.iterdir())


async def test_a_key_of_any_account_counts(office: Office) -> None:
    """The row that was chosen is sent; a Key that nobody has is an error before anything is written."""
    office.open_accounts(*THREE)
    office.fill([business(number, Key=f"K-{number}") for number in range(6)])

    results = await run(office, flags={"key": ("K-4",)})

    assert ExitStatus.DONE == results.exit_status
    assert {"acme": 0, "bravo": 1, "carol": 0} == filed(office)
    with pytest.raises(UsageError, match="K-44"):
        await run(office, flags={"key": ("K-4", "K-44")})


class Broken(Progress):
    """A bug that shows once the run is sending."""

    def did(self, rows: int, requests: float) -> None:
        raise ZeroDivisionError("a bug")


async def test_a_bug_in_one_account_loses_nothing_of_the_others(office: Office) -> None:
    """They finish their calls and write their reports; then the bug is raised."""
    office.open_accounts(*THREE)
    office.fill(60)
    office.sandbox.latency_s = 0.02
    progress = {"acme": Progress(), "bravo": Broken(), "carol": Progress()}

    with pytest.raises(BaseExceptionGroup) as raised:
        await run(office, progress=progress)
    office.sandbox.latency_s = 0.0
    after = await run(office)

    assert raised.value.split(ZeroDivisionError)[1] is None
    assert office.report_of("acme").exists()
    assert ExitStatus.STOPPED == office.ledger_state("carol").runs[0].ended.exit_status
    assert (ExitStatus.DONE, dict.fromkeys(THREE, 20)) == (after.exit_status, filed(office))


async def test_turns_are_fair(office: Office) -> None:
    """With one place for all, no account gets ahead of another, also where one has many more rows."""
    office.open_accounts(*THREE, uploads=1)
    rows = [business(number, Account="acme") for number in range(24)]
    rows += [business(24 + number, Account=THREE[1 + number % 2]) for number in range(12)]
    office.fill(rows)

    await run(office)

    creates = {
        account: [each.instant for each in office.at(account).log if each.operation == "create"] for account in THREE
    }
    assert {"acme": 24, "bravo": 6, "carol": 6} == {account: len(instants) for account, instants in creates.items()}
    # The first one goes alone, and is read again before the others stand in line.
    from_then, until = max(own[1] for own in creates.values()), min(own[-1] for own in creates.values())
    while_all_wait = {account: [at for at in own if from_then <= at <= until] for account, own in creates.items()}
    for one, other in itertools.permutations(while_all_wait.values(), 2):
        for first, second in itertools.pairwise(one):
            assert sum(first < at < second for at in other) <= 2


async def test_one_account_at_the_gate_has_one_call_in_flight(office: Office) -> None:
    """The bound is over all accounts: with one place no two calls overlap."""
    office.open_accounts(*THREE, uploads=1)
    office.fill(9)
    office.sandbox.latency_s = 0.01

    await run(office)

    arrivals = sorted(each.instant for account in THREE for each in office.at(account).log)
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(arrivals)]
    assert min(gaps) >= 0.01


class HourGlass(SystemClock):
    """A clock whose first long sleeper, `stop_after`, wakes when it is told to."""

    def __init__(self) -> None:
        self.is_empty = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await (self.is_empty.wait() if seconds > 3600 else asyncio.sleep(seconds))


async def test_the_time_is_that_of_all(office: Office) -> None:
    """When `stop_after` is up all accounts stop in order, and say so."""
    office.open_accounts(*THREE, stop_after="5h")
    office.fill(60)
    office.sandbox.latency_s = 0.02
    glass = HourGlass()

    async def turn_when_some_are_there() -> None:
        while sum(filed(office).values()) < 6:
            await asyncio.sleep(0.01)
        glass.is_empty.set()

    turning = asyncio.ensure_future(turn_when_some_are_there())
    results = await run(office, clock=glass, flags={"concurrency": "2"})
    await turning

    assert ExitStatus.STOPPED == results.exit_status
    assert {"Stopped after 5h, as stop_after says; run again to continue."} == {
        str(result.error) for result in results.results
    }
    assert 6 <= sum(filed(office).values()) < 60


async def test_time_that_is_up_before_anything_begins(office: Office) -> None:
    """Nothing is begun of any account, and each says why."""
    office.open_accounts(*THREE, stop_after=0)
    office.fill(3)

    results = await run(office)

    assert ExitStatus.STOPPED == results.exit_status
    assert {"Stopped after 0s, as stop_after says; run again to continue."} == {
        str(result.error) for result in results.results
    }
    assert not list(office.folder.glob("*.ledger.jsonl"))


async def test_log_lines_name_the_account(office: Office) -> None:
    """Each line about a row says whose it is, and nothing else of the account."""
    office.open_accounts(*THREE)
    office.fill(6)

    with captured() as logged:
        await run(office)

    created = Counter(line.get("account") for line in logged if line["event"] == "create")
    assert dict.fromkeys(THREE, 2) == created
    assert set(THREE) == {line["account"] for line in logged if line["event"] == "run ended"}


async def test_rows_of_nobody_are_told_and_keep_nobody_back(office: Office) -> None:
    """They need somebody, so the exit status says so; all other rows are sent."""
    office.open_accounts(*THREE)
    office.fill([*(business(number) for number in range(3)), business(3, Account=""), business(4, Account="dora")])

    results = await run(office)

    assert ExitStatus.ROWS_NEED_ATTENTION == results.exit_status
    assert ["account-missing", "account-unknown"] == [finding.code for finding in results.unassigned]
    assert dict.fromkeys(THREE, ExitStatus.DONE) == exits(results)
    assert dict.fromkeys(THREE, 1) == filed(office)


async def test_a_frame_stands_for_the_shared_workbook(office: Office) -> None:
    """It is split as the workbook would be, which need not be there."""
    office.open_accounts(*THREE)
    office.fill(6)
    office.workbook.unlink()

    results = await run(office, frame=pd.DataFrame(office.rows))

    assert (ExitStatus.DONE, dict.fromkeys(THREE, 2)) == (results.exit_status, filed(office))
