"""Who may call."""

from typing import Any

import aiohttp
import pytest

from bulk_onboard.sandbox.server import Sandbox

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
