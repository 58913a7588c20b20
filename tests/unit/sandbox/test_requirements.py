"""What the API offers and asks for under either contract, and the other ways in which it may tell it."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox

QUERY = "PhoneNumber/Compliance/Requirements/?country_iso=IN&number_type=local&user_type=business"
BETA = {"api_id", "country_iso", "number_types"}
RELEASED = {"api_id", "requirement_id", "country_iso", "number_type", "user_type", "document_types"}


@pytest.mark.parametrize(
    ("contract", "behaviours", "members"),
    [
        ("beta", (), BETA),
        ("released", (), RELEASED),
        ("beta", ("both-forms",), RELEASED | BETA),
        ("released", ("both-forms",), RELEASED | BETA),
        ("beta", ("neither-form",), {"api_id", "country_iso", "rules"}),
        ("released", ("neither-form",), {"api_id", "country_iso", "rules"}),
        ("beta", ("empty",), set()),
        ("released", ("empty",), set()),
    ],
)
async def test_requirements_have_the_form_of_the_contract_or_that_which_is_switched(
    client: Any, contract: str, behaviours: tuple[str, ...], members: set[str]
) -> None:
    """The members of the answer are this form's."""
    async with Sandbox(contract=contract, behaviours=behaviours) as sandbox:
        seen = await client.send(sandbox, "GET", QUERY)

        assert 200 == seen.http_status
        assert members == set(seen.json)


@pytest.mark.parametrize("contract", ["beta", "released"])
async def test_forms_come_in_turn(client: Any, contract: str) -> None:
    """Every second answer has the form of the other contract."""
    async with Sandbox(contract=contract, behaviours=["forms-in-turn"]) as sandbox:
        seen = [set((await client.send(sandbox, "GET", QUERY)).json) for _ in range(3)]

    own, other = (BETA, RELEASED) if contract == "beta" else (RELEASED, BETA)
    assert [own, other, own] == seen


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
