"""Numbers: which are rented, and what may be linked to them."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox


async def linked(client: Any, sandbox: Sandbox, number: str, compliance_id: str) -> Any:
    return await client.send(sandbox, "POST", f"Number/{number}/", json={"compliance_id": compliance_id})


@pytest.mark.parametrize("written", ["911140221000", "+911140221000"])
async def test_approved_record_is_linked_and_both_sides_show_it(client: Any, written: str) -> None:
    """After a link the number names the record and the record the number."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        await client.review(sandbox, compliance_id, "approved")

        seen = await linked(client, sandbox, written, compliance_id)
        number = (await client.send(sandbox, "GET", "Number/911140221000/")).json
        record = await client.get(sandbox, compliance_id)

        assert (202, "changed") == (seen.http_status, seen.json["message"])
        assert (compliance_id, "approved") == (number["compliance_id"], number["compliance_status"])
        assert [{"number": "911140221000", "number_type": "local"}] == record["linked_numbers"]


@pytest.mark.parametrize(
    ("review", "number", "error"),
    [
        ("pending_review", "911140221000", (409, "compliance_not_approved")),
        ("suspended", "911140221000", (409, "compliance_not_approved")),
        ("expired", "911140221000", (409, "compliance_not_approved")),
        ("approved", "493040221000", (422, "country_mismatch")),
        ("approved", "919840221000", (422, "number_type_mismatch")),
        ("approved", "15550001111", (404, "not_found")),
    ],
)
async def test_link_that_does_not_fit_is_refused(client: Any, review: str, number: str, error: tuple[int, str]) -> None:
    """The record must be approved, and of the country and type of a number the account rents."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        await client.review(sandbox, compliance_id, review)

        seen = await linked(client, sandbox, number, compliance_id)

        assert error == seen.error[:2]
        assert () == sandbox.state.linked_numbers(sandbox.state.records[0])


async def test_number_set_by_hand_is_rented(client: Any) -> None:
    """`POST /_sandbox/numbers` makes any number the account's own."""
    async with Sandbox() as sandbox:
        await client.control(sandbox, "POST", "numbers", number="15550001111", country_iso="US", number_type="local")

        seen = await client.send(sandbox, "GET", "Number/15550001111/")

        assert ("US", None) == (seen.json["country_iso"], seen.json["compliance_id"])
