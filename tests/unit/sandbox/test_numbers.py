"""Numbers as both contracts show them: one by one, by pages, and linked one at a time."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox

NAMES = {"beta": "compliance_id", "released": "compliance_application_id"}


async def approved(client: Any, applicant: Any, sandbox: Sandbox) -> str:
    """A record of the contract that is spoken, approved."""
    who = client if sandbox.state.contract.name == "beta" else applicant
    compliance_id = str(await who.created(sandbox))
    await client.review(sandbox, compliance_id, "approved")
    return compliance_id


@pytest.mark.parametrize(("contract", "status"), [("beta", "approved"), ("released", "accepted")])
async def test_linked_number_shows_its_record_by_the_name_of_the_contract(
    client: Any, applicant: Any, contract: str, status: str
) -> None:
    """A link answers 202; a number under no record has null twice."""
    async with Sandbox(contract=contract) as sandbox:
        compliance_id = await approved(client, applicant, sandbox)
        before = (await client.send(sandbox, "GET", "Number/911140221000/")).json
        seen = await client.send(sandbox, "POST", "Number/911140221000/", json={NAMES[contract]: compliance_id})
        after = (await client.send(sandbox, "GET", "Number/911140221000/")).json

    assert (202, "changed") == (seen.http_status, seen.json["message"])
    assert (None, None) == (before[NAMES[contract]], before["compliance_status"])
    assert (compliance_id, status) == (after[NAMES[contract]], after["compliance_status"])
    assert {"api_id", "number", "country_iso", "number_type", "compliance_status", NAMES[contract]} == set(after)


@pytest.mark.parametrize(
    ("body", "http_status"),
    [
        ({"compliance_id": "a"}, 400),
        ({}, 400),
        ({"alias": "Front desk"}, 202),
        ({"number": "911140221000", "app_id": "1"}, 202),
    ],
)
async def test_number_update_of_other_things_is_taken_and_changes_no_link(
    client: Any, body: dict[str, str], http_status: int
) -> None:
    """The released contract does not know the beta's name of a record; without any parameter it refuses."""
    async with Sandbox(contract="released") as sandbox:
        seen = await client.send(sandbox, "POST", "Number/911140221000/", json=body)

        assert http_status == seen.http_status
        assert () == sandbox.state.numbers


@pytest.mark.parametrize("contract", ["beta", "released"])
async def test_numbers_are_listed_by_pages_of_twenty(client: Any, applicant: Any, contract: str) -> None:
    """Following `next` one sees each number once, those set by hand and those linked."""
    async with Sandbox(contract=contract) as sandbox:
        for number in range(24):
            rented = {"number": f"+9111400000{number:02d}", "country_iso": "IN", "number_type": "local"}
            await client.control(sandbox, "POST", "numbers", **rented)
        compliance_id = await approved(client, applicant, sandbox)
        await client.send(sandbox, "POST", "Number/912240000000/", json={NAMES[contract]: compliance_id})

        pages = []
        path = "Number/"
        while path is not None:
            pages.append((await client.send(sandbox, "GET", path)).json)
            path = pages[-1]["meta"]["next"]
        refused = await client.send(sandbox, "GET", "Number/?limit=21")
        second = (await client.send(sandbox, "GET", "Number?limit=2&offset=2")).json

    rows = [row for page in pages for row in page["objects"]]
    assert [20, 5] == [len(page["objects"]) for page in pages]
    assert [*(f"9111400000{number:02d}" for number in range(24)), "912240000000"] == [row["number"] for row in rows]
    assert [None] * 24 + [compliance_id] == [row[NAMES[contract]] for row in rows]
    assert (25, 2, 2) == (second["meta"]["total_count"], second["meta"]["offset"], len(second["objects"]))
    assert second["meta"]["previous"].endswith("/Number/?limit=2&offset=0")
    assert 400 == refused.http_status
    assert 4 == sum(request.operation == "numbers" for request in sandbox.log)
