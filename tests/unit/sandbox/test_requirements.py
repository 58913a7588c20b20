"""What the API offers and asks for, in the form of its document, and in others."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox

QUERY = "PhoneNumber/Compliance/Requirements/?country_iso=IN&number_type=local&user_type=business"
RELEASED = {"api_id", "requirement_id", "country_iso", "number_type", "user_type", "document_types"}


@pytest.mark.parametrize(
    ("behaviours", "members"),
    [
        ((), {"api_id", "country_iso", "number_types"}),
        (("released",), RELEASED),
        (("both-forms",), RELEASED | {"number_types"}),
        (("neither-form",), {"api_id", "country_iso", "rules"}),
        (("empty",), set()),
    ],
)
async def test_requirements_have_the_form_that_is_switched(
    client: Any, behaviours: tuple[str, ...], members: set[str]
) -> None:
    """The members of the answer are this form's."""
    async with Sandbox(behaviours=behaviours) as sandbox:
        seen = await client.send(sandbox, "GET", QUERY)

        assert 200 == seen.http_status
        assert members == set(seen.json)


async def test_released_form_knows_document_types_by_ids_that_stay(client: Any) -> None:
    """Three types with ids, the fields with one of them; asked again they are the same."""
    async with Sandbox(behaviours=["released"]) as sandbox:
        first, second = [(await client.send(sandbox, "GET", QUERY)).json["document_types"] for _ in range(2)]

    assert first == second
    assert ["Identity Proof", "Address Proof", "Business Registration"] == [kind["name"] for kind in first]
    assert 3 == len({kind["document_type_id"] for kind in first})
    assert [0, 0, 6] == [len(kind["required_fields"]) for kind in first]


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
