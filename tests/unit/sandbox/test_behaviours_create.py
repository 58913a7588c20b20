"""Switches of creates: whether all are refused, and what the answer says."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox


@pytest.mark.parametrize(
    ("behaviour", "members"),
    [
        ("says-error", {"api_id", "compliance_id", "message", "error"}),
        ("null-error", {"api_id", "compliance_id", "message", "error"}),
        ("no-id", {"api_id", "message"}),
    ],
)
@pytest.mark.parametrize("contract", ["beta", "released"])
async def test_answer_to_a_good_create_is_odd_and_the_record_is_made(
    client: Any, applicant: Any, contract: str, behaviour: str, members: set[str]
) -> None:
    """201 each time; an `error` is true or null, or there is no id."""
    async with Sandbox(contract=contract, behaviours=[behaviour]) as sandbox:
        seen = await (client if contract == "beta" else applicant).create(sandbox)

        assert (201, members) == (seen.http_status, set(seen.json))
        assert (behaviour == "says-error") == bool(seen.json.get("error"))
        assert 1 == len(sandbox.state.records)


@pytest.mark.parametrize("contract", ["beta", "released"])
async def test_all_creates_are_refused_in_sentences_that_differ_in_an_id(
    client: Any, applicant: Any, contract: str
) -> None:
    """HTTP 400, and nothing is made; the control switches it off."""
    async with Sandbox(contract=contract, behaviours=["refuse-all"]) as sandbox:
        who = client if contract == "beta" else applicant
        seen = [await who.create(sandbox) for _ in range(2)]
        await client.control(sandbox, "POST", "create", behaviours=[])
        well = await who.create(sandbox)

        sentences = [each.json["error"]["message"] if contract == "beta" else each.json["error"] for each in seen]
        assert [400, 400, 201] == [each.http_status for each in (*seen, well)]
        assert 2 == len(set(sentences))
        assert 1 == len({sentence.rpartition(" ")[0] for sentence in sentences})
