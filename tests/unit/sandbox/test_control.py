"""What is under /_sandbox/: the state with its duplicates, faults by request, reset."""

import json
from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import Quota


async def test_state_tells_what_was_kept_and_what_was_asked(client: Any, clock: Any) -> None:
    """Records with their documents' digests, requests by operation and status, throttled, the fullest window."""
    async with Sandbox(quota=Quota(2, 60), clock=clock) as sandbox:
        await client.create(sandbox)
        await client.create(sandbox, end_user=None)
        await client.listed(sandbox)

        state = (await client.control(sandbox, "GET", "state")).json

        assert 1 == state["count"] == len(state["records"])
        assert {"type": "address_proof", "size": 17} == {
            name: state["records"][0]["documents"][1][name] for name in ("type", "size")
        }
        assert 64 == len(state["records"][0]["documents"][1]["sha256"])
        assert {"create": {"201": 1, "422": 1}, "list": {"429": 1}} == state["requests"]
        assert 1 == state["throttled"]
        assert {"requirements": 0, "compliance": 3} == state["most_in_a_window"]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ({"alias": "A ~abcdefgh23456777"}, {"alias": "B ~abcdefgh23456777"}, {"token": "abcdefgh23456777"}),
        ({"alias": "~abcdefgh23456777"}, {"alias": "~abcdefgh23456777"}, {"token": "abcdefgh23456777"}),
        ({"alias": "A"}, {"alias": "A"}, {"alias": "A"}),
        ({"alias": "A~abcdefgh23456777"}, {"alias": "B ~ABCDEFGH23456777"}, {"token": "abcdefgh23456777"}),
        ({"alias": "A abcdefgh23456777"}, {"alias": "B abcdefgh23456777"}, None),
        ({"alias": "A ~abcdefgh23456777"}, {"alias": "A ~abcdefgh23456776"}, None),
    ],
)
async def test_records_of_one_token_or_alias_are_duplicates(
    client: Any, first: dict[str, str], second: dict[str, str], shared: dict[str, str] | None
) -> None:
    """Records that share a token or an alias are told once, with their ids."""
    async with Sandbox() as sandbox:
        ids = [
            await client.created(sandbox, **first, end_user__registration_number="R-1"),
            await client.created(sandbox, **second, end_user__registration_number="R-2"),
        ]

        assert ([] if shared is None else [{**shared, "compliance_ids": ids}]) == sandbox.state.duplicates


async def test_state_tells_under_which_record_a_number_is(client: Any) -> None:
    """A linked number has the alias and the registration number of its record."""
    async with Sandbox(review_after_s=0) as sandbox:
        compliance_id = await client.created(sandbox, alias="K-1")
        await client.send(sandbox, "POST", "Number/911140000001/", json={"compliance_id": compliance_id})

        (number,) = (await client.control(sandbox, "GET", "state")).json["numbers"]

        assert ("K-1", "U72200KA2020PTC123456") == (number["alias"], number["registration_number"])


async def test_records_of_one_business_are_duplicates(client: Any) -> None:
    """The same registration number for one country, number type and user type is one business."""
    async with Sandbox() as sandbox:
        ids = [await client.created(sandbox, alias=alias) for alias in ("A", "B")]
        await client.created(sandbox, alias="C", number_type="mobile")

        duplicates = (await client.control(sandbox, "GET", "state")).json["duplicates"]

        assert [ids] == [duplicate["compliance_ids"] for duplicate in duplicates]


async def test_expired_record_is_no_duplicate_of_the_one_filed_in_its_place(client: Any) -> None:
    """One business with an expired record and a new one is fine, with two new ones it is not."""
    async with Sandbox() as sandbox:
        expired, new = [await client.created(sandbox, alias=alias) for alias in ("A", "B")]
        await client.review(sandbox, expired, "expired")
        fine = sandbox.state.duplicates
        third = await client.created(sandbox, alias="C")

        assert [] == fine
        assert [[new, third]] == [duplicate["compliance_ids"] for duplicate in sandbox.state.duplicates]


async def test_state_has_the_data_of_the_last_create_or_update(client: Any) -> None:
    """The part `data` as it came, parsed, and not what was made of it."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox, end_user__name="First", odd={"a": [1, None]})
        created = (await client.control(sandbox, "GET", "state")).json["records"][0]["data"]
        await client.review(sandbox, compliance_id, "rejected")
        await client.update(sandbox, compliance_id, {"end_user": {"name": "Second"}})
        updated = (await client.control(sandbox, "GET", "state")).json["records"][0]["data"]

        assert ("First", {"a": [1, None]}) == (created["end_user"]["name"], created["odd"])
        assert {"end_user": {"name": "Second"}} == updated


async def test_faults_are_set_by_request_and_gone_after_reset(client: Any) -> None:
    """Script, rates and list lag can be set from outside; reset makes everything as at the start."""
    async with Sandbox() as sandbox:
        asked = {"script": [{"operation": "create", "fault": "error-500-after"}], "rates": {"stray-429": 1.0}}
        await client.control(sandbox, "POST", "faults", **asked, list_lag_s=60)
        spoiled = [(await client.create(sandbox)).http_status for _ in range(2)]
        lagging = await client.listed(sandbox)

        await client.control(sandbox, "POST", "reset")
        well = (await client.create(sandbox)).http_status
        listed = await client.listed(sandbox)

        assert [500, 429] == spoiled
        assert 0 == lagging["meta"]["total_count"]
        assert 201 == well
        assert 1 == listed["meta"]["total_count"]
        assert ["create", "list"] == [request.operation for request in sandbox.log]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("review", {"alias": "nobody", "review": "approved"}),
        ("review", {"alias": "nobody", "review": "splendid"}),
        ("review", {}),
        ("faults", {"rates": {"lightning": 1}}),
        ("numbers", {"number": "1", "country_iso": "US", "number_type": "radio"}),
    ],
)
async def test_control_that_makes_no_sense_is_answered_with_a_sentence(
    client: Any, name: str, asked: dict[str, Any]
) -> None:
    """A mistake of the caller gets 400 and says what is wrong."""
    async with Sandbox() as sandbox:
        seen = await client.control(sandbox, "POST", name, **asked)

        assert 400 == seen.http_status
        assert seen.json["error"]


async def test_log_has_no_credentials(client: Any) -> None:
    """Neither the token nor the account's id is in the log."""
    async with Sandbox() as sandbox:
        await client.create(sandbox)

        text = json.dumps([repr(request) for request in sandbox.log])
        assert "invented-token" not in text
        assert "MAXX" not in text
        assert "/v1/Account/{auth_id}/PhoneNumber/Compliance/" == sandbox.log[0].path
