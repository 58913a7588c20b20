"""Whatever the network and the API do, nothing is there twice, nothing is lost, and the exit status says what happened.

Each test is a line of the fault matrix; the API is the sandbox on a real socket.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bulk_onboard.errors import ExitStatus, StoppedError
from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.pipeline.gateways import ATTEMPTS, IN_A_ROW, TRIES_AT_MOST
from bulk_onboard.sandbox.answers import Answer, RefusedError, json_answer, refusal
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD, Fault, Strikes
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business
from tests.support.events import captured
from tests.support.office import Office
from tests.support.raw_server import RawServer, drop_at_once

pytestmark = pytest.mark.slow

CONCURRENCY = 4
QUICK = "0.2s"  # a settle window for tests in which the breaker rests: its first rest is as long


def submitted(result: RunResult) -> tuple[ExitStatus, int]:
    """How a run ended, and how many rows are at the API by its counts."""
    return result.exit_status, result.counts["submitted"]


def unsent_or_unknown(result: RunResult) -> int:
    """Rows that the next run goes on with."""
    return sum(result.counts[state] for state in (State.NOT_SENT, State.DEFERRED, State.UNCERTAIN))


def arrived_after(sandbox: Sandbox, http_status: int) -> int:
    """How many requests were answered after the first answer with this status."""
    statuses = [request.http_status for request in sandbox.log]
    return len(statuses) - statuses.index(http_status) - 1


async def assert_the_next_run_ends_well(office: Office, rows: int, **flags: str) -> None:
    """With the fault gone, running again makes each row exactly one record."""
    office.sandbox.faults.clear()

    result = await office.run(**flags)

    assert (ExitStatus.DONE, rows) == submitted(result)
    assert rows == len(office.sandbox.state.records)
    assert [] == office.sandbox.state.duplicates


# Credentials


@pytest.mark.parametrize(("fault", "http_status"), [("refuse-401", 401), ("refuse-403", 403)])
async def test_denied_in_mid_run_at_most_the_calls_in_flight_follow(
    office: Office, fault: str, http_status: int
) -> None:
    """Exit status 7; nothing begins after the first denial, and the next run with good credentials ends at 0."""
    office.fill(20)
    office.sandbox.latency_s = 0.03
    office.sandbox.faults.script("any", fault, FOR_GOOD, after=10)

    result = await office.run(concurrency=str(CONCURRENCY))

    assert ExitStatus.CREDENTIALS is result.exit_status
    assert "PLIVO_AUTH_TOKEN" in str(result.error)
    assert arrived_after(office.sandbox, http_status) <= CONCURRENCY - 1
    assert 20 - len(office.sandbox.state.records) == unsent_or_unknown(result)
    assert 0 == result.counts["refused"] == result.counts["uncertain"]
    await assert_the_next_run_ends_well(office, 20)


async def test_denied_on_creates_alone_stops_the_run_too(office: Office) -> None:
    """403 on one endpoint: reads are answered, and yet nothing more is sent."""
    office.fill(6)
    office.sandbox.faults.script("create", "refuse-403", FOR_GOOD)

    result = await office.run(concurrency="1")

    assert ExitStatus.CREDENTIALS is result.exit_status
    assert {"create denied": 1} == {name: n for name, n in result.requests.items() if name.startswith("create")}
    assert "may use the Compliance API" in str(result.error)
    await assert_the_next_run_ends_well(office, 6)


async def test_denied_at_the_first_read_sends_no_document(office: Office) -> None:
    """A ledger is there, the requirements are free to read, the list is not: no create goes out."""
    office.fill(3)
    await office.run(limit="1")
    office.sandbox.faults.script("list", "refuse-401", FOR_GOOD)

    result = await office.run()

    assert ExitStatus.CREDENTIALS is result.exit_status
    assert 1 == sum(request.operation == "create" for request in office.sandbox.log)
    await assert_the_next_run_ends_well(office, 3)


# Redirects and wrong addresses


@pytest.fixture
async def elsewhere(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RawServer]:
    """Another host, which redirects point to."""
    async with RawServer(drop_at_once) as server:
        monkeypatch.setattr("bulk_onboard.sandbox.faults.ELSEWHERE", f"http://127.0.0.1:{server.port}/v1/")
        yield server


@pytest.mark.parametrize("fault", ["redirect-302", "redirect-307"])
@pytest.mark.parametrize("operation", ["create", "list", "get"])
async def test_a_redirect_is_not_followed_and_stops_the_run(
    office: Office, elsewhere: RawServer, operation: str, fault: str
) -> None:
    """Exit status 4; the other host is not even connected to, and the row is settled before it is sent again."""
    office.fill([business(number, Key=f"K-{number}") for number in range(4)])
    if operation != "get":  # the first record is got, to be read back
        await office.run(limit="1")
    office.sandbox.faults.script(operation, fault, FOR_GOOD)

    result = await office.run(concurrency="1")

    assert ExitStatus.STOPPED is result.exit_status
    assert "redirect" in str(result.error)
    assert [] == elsewhere.peers
    assert "unknown" not in {request.operation for request in office.sandbox.log}
    await assert_the_next_run_ends_well(office, 4)


async def test_a_wrong_address_in_mid_run_stops_it(office: Office) -> None:
    """404 on a create after others went through: exit status 4, the rest is left for the next run."""
    office.fill(6)
    office.sandbox.faults.script("create", "not-found-404", FOR_GOOD, after=2)

    result = await office.run(concurrency="1")

    assert (ExitStatus.STOPPED, 2) == submitted(result)
    assert {"create denied": 1, "create done": 2} == {n: c for n, c in result.requests.items() if "create" in n}
    await assert_the_next_run_ends_well(office, 6)


async def test_a_wrong_address_in_the_preflight_is_for_the_user_to_mend(office: Office) -> None:
    """404 on the first list: exit status 2, no document was sent."""
    office.fill(2)
    office.sandbox.faults.script("list", "not-found-404", FOR_GOOD)

    result = await office.run()

    assert ExitStatus.USAGE is result.exit_status
    assert "base_url" in str(result.error)
    assert "create" not in {request.operation for request in office.sandbox.log}
    await assert_the_next_run_ends_well(office, 2)


# Outages


async def test_a_burst_of_errors_pauses_the_run_and_it_goes_on_when_the_api_recovers(office: Office) -> None:
    """500s in a row on everything: the breaker opens, a read tests the water, no row is failed, exit status 0."""
    office.fill(12)
    office.sandbox.faults.script("any", "error-500-before", 11, after=6)

    with captured() as events:
        result = await office.run(concurrency=str(CONCURRENCY), settle=QUICK)

    told = [event["event"] for event in events if event["event"].startswith("breaker")]
    assert ["breaker open", "breaker closed"] == told[:2]
    assert (ExitStatus.DONE, 12) == submitted(result)
    assert 12 == len(office.sandbox.state.records)


async def test_creates_that_fail_for_good_stop_the_run_although_reads_are_answered(office: Office) -> None:
    """Only POSTs fail: the run does not go through the whole sheet against an API that takes nothing."""
    office.fill(60)
    await office.run(limit="1")
    office.sandbox.faults.script("create", "error-500-before", FOR_GOOD)

    result = await office.run(concurrency=str(CONCURRENCY), settle="0.05s")

    creates = sum(request.operation == "create" and request.http_status == 500 for request in office.sandbox.log)
    assert ExitStatus.STOPPED is result.exit_status
    assert creates <= IN_A_ROW + CONCURRENCY - 1 + TRIES_AT_MOST
    assert 59 == unsent_or_unknown(result)


@asynccontextmanager
async def gone(sandbox: Sandbox) -> AsyncIterator[None]:
    """The server is down, and comes back at the same port with all that it knew."""
    await sandbox.__aexit__(None, None, None)
    try:
        yield
    finally:
        await sandbox.__aenter__()


async def several_records(sandbox: Sandbox, number: int = 3) -> None:
    """Return when the API has so many."""
    while len(sandbox.state.records) < number:
        await asyncio.sleep(0.005)


async def test_a_server_that_is_gone_for_a_while_loses_no_row(office: Office) -> None:
    """Refused connections: rows wait or are deferred, the run goes on, at the latest the next one completes."""
    office.fill(16)
    office.sandbox.latency_s = 0.02
    running = asyncio.create_task(office.run(concurrency=str(CONCURRENCY), settle=QUICK))
    await several_records(office.sandbox)

    async with gone(office.sandbox):
        await asyncio.sleep(0.8)
    result = await running

    assert result.exit_status in (ExitStatus.DONE, ExitStatus.STOPPED)
    assert 16 == result.counts["submitted"] + unsent_or_unknown(result)
    assert len(office.sandbox.state.records) > 3
    await assert_the_next_run_ends_well(office, 16)


async def test_a_server_that_stays_away_stops_the_run(office: Office) -> None:
    """After some vain tries, each longer: exit status 4 and how to go on; nothing refused, nothing lost."""
    office.fill(16)
    office.sandbox.latency_s = 0.02
    running = asyncio.create_task(office.run(concurrency=str(CONCURRENCY), settle="0.03s"))
    await several_records(office.sandbox)

    async with gone(office.sandbox):
        result = await asyncio.wait_for(running, 30)

    assert ExitStatus.STOPPED is result.exit_status
    assert "did not answer for a while" in str(result.error)
    assert 16 == result.counts["submitted"] + unsent_or_unknown(result)
    await assert_the_next_run_ends_well(office, 16)


# Throttling


async def test_stray_429s_lose_no_row_and_are_no_attempts(office: Office) -> None:
    """One row is throttled as often as a row may be attempted, and is submitted in the same run all the same."""
    office.fill(1)
    office.sandbox.faults.script("create", "stray-429", ATTEMPTS)

    result = await office.run()

    assert (ExitStatus.DONE, 1) == submitted(result)
    assert ATTEMPTS == result.requests["create throttled"]
    assert 1 == len(office.sandbox.state.records)


async def test_a_429_storm_loses_no_row(office: Office) -> None:
    """Everything is throttled for a while, then every other call: the run waits, says why, and ends at 0."""
    office.fill(4)
    waits: list[float | None] = []

    async def listen(running) -> None:
        while True:
            waits.append(running.flow().next_s)
            await asyncio.sleep(0.05)

    listeners: list[asyncio.Task[None]] = []
    office.sandbox.faults.script("any", "stray-429", 2, after=3)
    office.sandbox.faults.script("any", "stray-429", 1, after=1)

    result = await office.run(watch=lambda running: listeners.append(asyncio.create_task(listen(running))))
    for listener in listeners:
        listener.cancel()

    assert (ExitStatus.DONE, 4) == submitted(result)
    assert 4 == len(office.sandbox.state.records)
    assert any(waits)


# 409, and aliases that are not kept


def conflict(_: Answer) -> Answer:
    """The no of an API whose aliases are unique."""
    return replace(refusal(RefusedError("compliance_not_editable", "The alias exists already")), http_status=409)


@pytest.mark.parametrize(
    ("strikes", "exit_status", "counts"),
    [
        (Strikes.AFTER, ExitStatus.DONE, {"submitted": 3, "refused": 0}),
        (Strikes.BEFORE, ExitStatus.ROWS_NEED_ATTENTION, {"submitted": 2, "refused": 1}),
    ],
)
async def test_a_conflict_is_looked_up_before_it_is_believed(
    office: Office, monkeypatch: pytest.MonkeyPatch, strikes: Strikes, exit_status: ExitStatus, counts: dict[str, int]
) -> None:
    """409 although it was created: adopted; where the API does not show the record: refused, for a person."""
    monkeypatch.setitem(FAULTS, "conflict-409", Fault("conflict-409", strikes, "HTTP 409.", conflict))
    office.fill(3)
    office.sandbox.faults.script("create", "conflict-409")

    result = await office.run()

    assert exit_status is result.exit_status
    assert counts == {name: result.counts[name] for name in counts}
    assert counts["submitted"] == len(office.sandbox.state.records)
    assert 3 == sum(request.operation == "create" for request in office.sandbox.log)


def renamed(answer: Answer) -> Answer:
    """The record, under an alias of the API's own making."""
    shown = json.loads(answer.body)
    return json_answer(200, shown | {"alias": shown["alias"][:-1]})


async def test_an_api_that_does_not_keep_aliases_stops_the_run_at_the_first_record(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settling relies on the tokens in aliases, so nothing is sent without them. Exit status 4, one record, named."""
    monkeypatch.setitem(FAULTS, "renamed", Fault("renamed", Strikes.AFTER, "The alias is cut off.", renamed))
    office.fill(5)
    office.sandbox.faults.script("get", "renamed", FOR_GOOD)

    result = await office.run(concurrency="1")

    assert (ExitStatus.STOPPED, 1) == submitted(result)
    assert office.sandbox.state.records[0].compliance_id in str(result.error)
    await assert_the_next_run_ends_well(office, 5)


# The ledger's file


async def run_meanwhile(office: Office, meddle) -> RunResult:
    """A run during which somebody meddles, once there are some records."""
    office.fill(16)
    office.sandbox.latency_s = 0.02
    running = asyncio.create_task(office.run(concurrency=str(CONCURRENCY)))
    await several_records(office.sandbox)
    meddle()
    return await running


def intents(ledger: Path) -> int:
    """How many creates a ledger knows to have begun."""
    return sum(entry.name() == "intent" for entry in entries(ledger.read_bytes()))


async def test_a_ledger_that_is_renamed_under_the_run_stops_it(office: Office, tmp_path: Path) -> None:
    """Exit status 4; no create goes out whose intent is not in it, and put back it is continued from."""
    aside = tmp_path / "aside.jsonl"

    result = await run_meanwhile(office, lambda: office.ledger.rename(aside))

    assert ExitStatus.STOPPED is result.exit_status
    assert "renamed, replaced or removed" in str(result.error)
    assert len(office.sandbox.state.records) <= intents(aside) < 16
    assert not office.ledger.exists()
    aside.rename(office.ledger)
    await assert_the_next_run_ends_well(office, 16)


async def test_a_ledger_that_is_removed_under_the_run_stops_it(office: Office) -> None:
    """Exit status 4; the next run finds at the API what there is and makes only the rest."""
    result = await run_meanwhile(office, office.ledger.unlink)

    assert ExitStatus.STOPPED is result.exit_status
    assert isinstance(result.error, StoppedError)
    assert len(office.sandbox.state.records) < 16
    await assert_the_next_run_ends_well(office, 16)


async def test_a_ledger_that_is_replaced_under_the_run_stops_it(office: Office, tmp_path: Path) -> None:
    """An editor that saves by renaming a copy: what it saved is not written to, exit status 4."""
    copy = tmp_path / "copy.jsonl"

    def save_as_an_editor_does() -> None:
        copy.write_bytes(office.ledger.read_bytes())
        copy.rename(office.ledger)

    result = await run_meanwhile(office, save_as_an_editor_does)

    assert ExitStatus.STOPPED is result.exit_status
    assert len(office.sandbox.state.records) < 16


async def test_what_else_writes_to_the_ledger_stops_the_run(office: Office) -> None:
    """A line from elsewhere would tear the sequence: nothing is written after it, nothing more is sent."""

    def write() -> None:
        with office.ledger.open("ab") as ledger:
            ledger.write(b"a note\n")

    result = await run_meanwhile(office, write)

    assert ExitStatus.STOPPED is result.exit_status
    assert "Something else wrote" in str(result.error)
    assert len(office.sandbox.state.records) < 16


# What the ledger says in the end


async def test_after_a_stop_every_row_is_accounted_for(office: Office) -> None:
    """Stopped by a redirect in the middle: the counts add up, and the ledger's records say the same."""
    office.fill(9)
    office.sandbox.faults.script("create", "redirect-302", FOR_GOOD, after=4)

    result = await office.run(concurrency="2")

    states = [record.state for record in read_ledger_state(office.ledger).ledger_state.records.values()]
    assert 9 == len(states) == sum(n for name, n in result.counts.items() if name != "rows")
    assert states.count(State.SUBMITTED) == result.counts["submitted"] == 4
