"""Who may call, where, and what is offered."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.server import Sandbox, serve
from bulk_onboard.sandbox.service import credentials_in

ACCOUNT, TOKEN = "MAXXXXXXXXXXXXXXXXXX", "invented-token"


@pytest.mark.parametrize(
    ("expected", "headers", "http_status"),
    [
        (None, {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, "anything")}, 200),
        (None, {"Authorization": aiohttp.encode_basic_auth("MAOTHER", "anything")}, 401),
        (None, {"Authorization": "Basic ???"}, 401),
        (None, {}, 401),
        ((ACCOUNT, TOKEN), {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}, 200),
        ((ACCOUNT, TOKEN), {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, "wrong")}, 401),
        (("MAOTHER", TOKEN), {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}, 401),
    ],
)
async def test_credentials_must_name_the_account_and_be_right_where_some_are_expected(
    client: Any, expected: tuple[str, str] | None, headers: dict[str, str], http_status: int
) -> None:
    """Any credentials of the account do, unless the sandbox was given some; a refusal is API-shaped."""
    async with Sandbox(credentials=expected) as sandbox:
        seen = await client.send(sandbox, "GET", "PhoneNumber/Compliance/", headers=headers)

        assert http_status == seen.http_status
        assert http_status == 200 or seen.error[1] == "invalid_credentials"


def test_credentials_come_from_the_environment_when_both_are_set() -> None:
    """One of the two alone is none."""
    assert ("MA1", "t") == credentials_in({"PLIVO_AUTH_ID": "MA1", "PLIVO_AUTH_TOKEN": "t"})
    assert credentials_in({"PLIVO_AUTH_ID": "MA1"}) is None


@pytest.mark.parametrize(
    ("query", "number_types"),
    [
        ("", ["local", "mobile"]),
        ("?country_iso=IN&number_type=mobile&user_type=business", ["mobile"]),
        ("?country_iso=DE", None),
        ("?number_type=tollfree", None),
        ("?user_type=individual", None),
    ],
)
async def test_requirements_are_filtered_and_what_is_not_offered_is_not_found(
    client: Any, query: str, number_types: list[str] | None
) -> None:
    """India's local and mobile numbers for businesses are offered, as the document's example shows them."""
    async with Sandbox() as sandbox:
        seen = await client.send(sandbox, "GET", f"PhoneNumber/Compliance/Requirements/{query}")

        if number_types is None:
            assert (404, "not_found") == seen.error[:2]
        else:
            assert number_types == [entry["number_type"] for entry in seen.json["number_types"]]
            (business,) = seen.json["number_types"][0]["user_types"]
            assert (3, 6, 3) == (
                len(business["required_documents"]),
                len(business["required_fields"]),
                business["estimated_review_days"],
            )


async def test_method_and_address_that_do_not_exist_get_api_shaped_errors(client: Any) -> None:
    """405 for a wrong method, 404 for a wrong address."""
    async with Sandbox() as sandbox:
        wrong_method = await client.send(sandbox, "POST", "PhoneNumber/Compliance/some-id/")
        wrong_address = await client.send(sandbox, "GET", "/v2/Account/MA/")

        assert (405, "method_not_allowed", None) == wrong_method.error
        assert (404, "not_found", None) == wrong_address.error


async def test_serve_tells_its_url_and_runs_until_cancelled(client: Any) -> None:
    """The verb learns the port that was free, and the sandbox answers there until the task ends."""
    told: asyncio.Queue[str] = asyncio.Queue()
    sandbox = Sandbox()
    task = asyncio.create_task(serve(sandbox, told.put_nowait))

    url = await told.get()
    answer = await client.control(sandbox, "GET", "state")
    task.cancel()
    await asyncio.wait([task])

    assert (url, 200) == (sandbox.url, answer.http_status)
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.control(sandbox, "GET", "state")


async def test_taken_port_is_a_mistake_of_use() -> None:
    """A second sandbox on the same port says so and how to choose another."""
    async with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])

        with pytest.raises(UsageError, match=str(port)):
            await Sandbox(port).__aenter__()


async def test_latency_passes_before_the_call_is_carried_out(client: Any, clock: Any) -> None:
    """A slow sandbox takes its time first, so a record is as old as its answer; the log tells the arrival."""
    async with Sandbox(latency_s=2, clock=clock) as sandbox:
        await client.create(sandbox)

        (record,), (request,) = sandbox.state.records, sandbox.log
        assert 2 == (record.created_at - request.instant).total_seconds()
