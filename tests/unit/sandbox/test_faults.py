"""Faults: for each, what the client sees and whether the API did what was asked."""

import asyncio
import re
from typing import Any

import aiohttp
import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.faults import FAULTS, FOR_GOOD, Faults, Strikes
from bulk_onboard.sandbox.server import Sandbox

RESETS = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)


@pytest.mark.parametrize(
    ("fault", "http_status", "content_type"),
    [
        ("error-500-before", 500, "application/json"),
        ("error-500-after", 500, "application/json"),
        ("html-502-before", 502, "text/html"),
        ("html-502-after", 502, "text/html"),
        ("truncated-json", 201, "application/json"),
        ("stray-429", 429, "application/json"),
        ("refuse-401", 401, "application/json"),
        ("refuse-403", 403, "application/json"),
        ("not-found-404", 404, "application/json"),
        ("conflict-409-before", 409, "application/json"),
        ("conflict-409-after", 409, "application/json"),
        ("not-enabled-422", 422, "application/json"),
    ],
)
async def test_fault_that_answers(client: Any, fault: str, http_status: int, content_type: str) -> None:
    """The client sees this status and type; the record is there exactly if the fault strikes after."""
    async with Sandbox() as sandbox:
        sandbox.faults.script("create", fault)

        seen = await client.create(sandbox)

        assert (http_status, content_type) == (seen.http_status, seen.headers["Content-Type"])
        assert (FAULTS[fault].strikes is Strikes.AFTER) == bool(sandbox.state.records)
        assert [(http_status, fault, "K-1 ~abcdefgh23456777")] == [
            (request.http_status, request.fault, request.alias) for request in sandbox.log
        ]


async def test_refusals_for_an_account_that_is_not_enabled_differ_in_ids_and_numbers_only(client: Any) -> None:
    """Two sentences, equal once what has a digit in it is masked."""
    async with Sandbox(faults={"not-enabled-422": 1}) as sandbox:
        first, second = [(await client.create(sandbox)).json["error"]["message"] for _ in range(2)]

    def masked(text: str) -> str:
        return re.sub(r"\b[0-9a-f-]*\d[0-9a-f-]*\b", "#", text)

    assert first != second
    assert masked(first) == masked(second)


async def test_truncated_json_cannot_be_read(client: Any) -> None:
    """The answer is whole by its length, its JSON is not."""
    async with Sandbox() as sandbox:
        sandbox.faults.script("create", "truncated-json")

        seen = await client.create(sandbox)

        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            _ = seen.json


@pytest.mark.parametrize(
    ("fault", "error", "stored", "http_status"),
    [
        ("drop-mid-body", RESETS, 0, None),
        ("drop-before", RESETS, 0, None),
        ("drop-after", RESETS, 1, None),
        ("cut-answer", aiohttp.ClientPayloadError, 1, 201),
    ],
)
async def test_fault_that_breaks_the_connection(
    client: Any, fault: str, error: Any, stored: int, http_status: int | None
) -> None:
    """The client gets an exception instead of a whole answer, and the log knows what happened."""
    async with Sandbox() as sandbox:
        sandbox.faults.script("create", fault)

        with pytest.raises(error):
            await client.create(sandbox, dict.fromkeys(range(3), b"%PDF-".ljust(2**20)))

        assert stored == len(sandbox.state.records)
        assert [("create", http_status, fault)] == [(r.operation, r.http_status, r.fault) for r in sandbox.log]


@pytest.mark.parametrize(("fault", "stored"), [("hang-before", 0), ("hang-after", 1)])
async def test_hang_leaves_the_client_waiting(client: Any, fault: str, stored: int) -> None:
    """No answer comes; closing the sandbox does not wait for it either."""
    async with asyncio.timeout(5):
        async with Sandbox() as sandbox:
            sandbox.faults.script("create", fault)

            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.create(sandbox), 0.3)

            assert stored == len(sandbox.state.records)


async def test_script_strikes_as_often_as_told_and_only_its_operation(client: Any) -> None:
    """Two scripted faults spoil two creates; the third create and a list are well."""
    async with Sandbox() as sandbox:
        sandbox.faults.script("create", "error-500-before", times=2)

        creates = [(await client.create(sandbox)).http_status for _ in range(3)]
        listed = await client.listed(sandbox)

        assert [500, 500, 201] == creates
        assert 1 == listed["meta"]["total_count"]


def test_rates_repeat_with_their_seed_and_keep_their_share() -> None:
    """The same seed meets the same faults; another seed does not; the share is about what was asked."""

    def met(seed: int) -> list[str | None]:
        faults = Faults({"drop-after": 0.2, "error-500-before": 0.1}, seed)
        return [fault.name if fault else None for fault in (faults.next("create") for _ in range(1000))]

    assert met(1) == met(1)
    assert met(1) != met(2)
    assert 0.2 == pytest.approx(met(1).count("drop-after") / 1000, abs=0.04)
    assert 0.1 == pytest.approx(met(1).count("error-500-before") / 1000, abs=0.03)


def test_rates_are_for_creates_unless_another_operation_is_named() -> None:
    """`drop-after` strikes creates, `list:drop-after` lists, and nothing else."""
    faults = Faults({"drop-after": 1.0, "list:html-502-before": 1.0}, seed=0)

    struck = {operation: faults.next(operation) for operation in ("create", "list", "get", "unknown")}

    assert {"create": FAULTS["drop-after"], "list": FAULTS["html-502-before"], "get": None, "unknown": None} == struck


@pytest.mark.parametrize("rates", [{"lightning": 0.1}, {"paint:drop-after": 0.1}, {"drop-after": 1.5}])
def test_unknown_names_and_impossible_shares_are_mistakes_of_use(rates: dict[str, float]) -> None:
    """A fault or operation that does not exist, or a share above 1, is refused with a sentence."""
    with pytest.raises(UsageError):
        Faults(rates, seed=0)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("refuse-401", "invalid_credentials"),
        ("refuse-403", "permission_denied"),
        ("not-found-404", "not_found"),
    ],
)
async def test_refusal_speaks_as_the_api_does(client: Any, fault: str, code: str) -> None:
    """The body is the error envelope of the document, so that "not created" can be believed."""
    async with Sandbox() as sandbox:
        sandbox.faults.script("list", fault)

        seen = await client.send(sandbox, "GET", "PhoneNumber/Compliance/")

        assert (FAULTS[fault].sentence.split()[1].rstrip(","), code) == (str(seen.http_status), seen.error[1])


@pytest.mark.parametrize("http_status", [302, 307])
async def test_redirect_leads_to_where_the_log_sees_whoever_follows(client: Any, http_status: int) -> None:
    """Nothing is stored; a client that follows is logged with the operation `unknown`, one that does not is not."""
    async with Sandbox() as sandbox:
        sandbox.faults.script("list", f"redirect-{http_status}", times=2)

        left = await client.send(sandbox, "GET", "PhoneNumber/Compliance/", allow_redirects=False)
        followed = await client.send(sandbox, "GET", "PhoneNumber/Compliance/")

        assert (http_status, 404) == (left.http_status, followed.http_status)
        assert ["list", "list", "unknown"] == [request.operation for request in sandbox.log]


async def test_credentials_are_refused_from_a_call_on_for_good(client: Any) -> None:
    """A script for `any` operation lets so many calls pass and strikes every later one, until reset."""
    async with Sandbox() as sandbox:
        script = {"operation": "any", "fault": "refuse-401", "after": 2, "times": None}
        await client.control(sandbox, "POST", "faults", script=[script])

        creates = [(await client.create(sandbox)).http_status for _ in range(4)]
        listed = await client.send(sandbox, "GET", "PhoneNumber/Compliance/")
        await client.control(sandbox, "POST", "reset")
        again = await client.create(sandbox)

        assert [201, 201, 401, 401] == creates
        assert 401 == listed.http_status
        assert 201 == again.http_status


def test_script_of_an_operation_comes_before_that_of_any() -> None:
    """The script of the list is used up first; creates meet the other at once."""
    faults = Faults({}, seed=0)
    faults.script("any", "refuse-403", FOR_GOOD)
    faults.script("list", "drop-before", 2)

    met = [fault.name for operation in ("list", "create", "list", "list") if (fault := faults.next(operation))]

    assert ["drop-before", "refuse-403", "drop-before", "refuse-403"] == met


def test_script_that_is_left_is_shown() -> None:
    """What is used up is gone, what is begun is counted down."""
    faults = Faults({}, seed=0, late_apply_s=5.0)
    faults.script("create", "drop-before", 2, after=1)
    for _ in range(2):
        faults.next("create")

    shown = faults.shown()

    left = {"create": [{"fault": "drop-before", "times": 1}]}
    assert {"rates": {}, "script": left, "late_apply_s": 5.0} == shown


async def test_late_call_takes_effect_within_its_time_and_not_at_once(client: Any, clock: Any) -> None:
    """The client is cut off; the record is not there yet, then it is listed, as old as the moment it took effect."""
    async with Sandbox(late_apply_s=3, clock=clock) as sandbox:
        sandbox.faults.script("create", "late-apply")

        with pytest.raises(RESETS):
            await client.create(sandbox)
        early = (sandbox.state.records, sandbox.state.to_come)
        clock.at += 3
        listed = await client.listed(sandbox)

        (record,), (request, _) = sandbox.state.records, sandbox.log
        assert ((), 1) == early
        assert [record.compliance_id] == [shown["compliance_id"] for shown in listed["compliances"]]
        assert 0 < (record.created_at - request.instant).total_seconds() < 3
        assert 0 == sandbox.state.to_come


async def test_late_creates_come_in_the_order_in_which_they_are_due(client: Any, clock: Any) -> None:
    """Records are listed oldest first, also where a call that arrived later took effect earlier."""
    async with Sandbox(late_apply_s=60, clock=clock) as sandbox:
        sandbox.faults.script("create", "late-apply", times=8)
        for number in range(8):
            with pytest.raises(RESETS):
                await client.create(sandbox, alias=f"K-{number}")
        clock.at += 60

        records = sandbox.state.records

        assert [f"K-{number}" for number in range(8)] != [record.alias for record in records]
        assert sorted(record.created_at for record in records) == [record.created_at for record in records]


@pytest.mark.parametrize("changes", [{"end_user": None}, {"country_iso": "XX"}])
async def test_late_call_that_would_be_refused_does_nothing(client: Any, clock: Any, changes: dict[str, Any]) -> None:
    """Being late does not make a bad create good, and the sandbox goes on."""
    async with Sandbox(late_apply_s=3, clock=clock) as sandbox:
        sandbox.faults.script("create", "late-apply")

        with pytest.raises(RESETS):
            await client.create(sandbox, **changes)
        clock.at += 3

        assert 0 == (await client.listed(sandbox))["meta"]["total_count"]


async def test_late_delete_leaves_the_record_until_it_is_due(client: Any, clock: Any) -> None:
    """Any operation may be late: the record can still be got, then it is gone."""
    async with Sandbox(late_apply_s=3, clock=clock) as sandbox:
        path = f"PhoneNumber/Compliance/{await client.created(sandbox)}/"
        sandbox.faults.script("delete", "late-apply", times=2)  # aiohttp sends a DELETE a second time by itself

        with pytest.raises(RESETS):
            await client.send(sandbox, "DELETE", path)
        early = await client.send(sandbox, "GET", path)
        clock.at += 3
        late = await client.send(sandbox, "GET", path)

        assert (200, 404) == (early.http_status, late.http_status)


async def test_late_calls_are_forgotten_at_reset(client: Any, clock: Any) -> None:
    """After a reset nothing comes from before it."""
    async with Sandbox(late_apply_s=3, clock=clock) as sandbox:
        sandbox.faults.script("create", "late-apply")
        with pytest.raises(RESETS):
            await client.create(sandbox)

        sandbox.reset()
        clock.at += 3

        assert () == sandbox.state.records
