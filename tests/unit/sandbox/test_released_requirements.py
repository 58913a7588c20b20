"""What the released contract asks for: all three parameters, one combination, and the ways in which it is told."""

from typing import Any

import pytest

from bulk_onboard.sandbox.behaviours import BEHAVIOURS
from bulk_onboard.sandbox.server import Sandbox

REQUIREMENTS = "PhoneNumber/Compliance/Requirements/"
PDF, PNG = b"%PDF-1.4 ", b"\x89PNG\r\n\x1a\n"


async def told(client: Any, sandbox: Sandbox, number_type: str = "mobile", user_type: str = "business") -> Any:
    """The types of document that are told."""
    query = {"country_iso": "IN", "number_type": number_type, "user_type": user_type}
    return (await client.send(sandbox, "GET", REQUIREMENTS, params=query)).json["document_types"]


@pytest.mark.parametrize(
    ("query", "http_status", "sentence"),
    [
        ("", 400, "country_iso is required."),
        ("country_iso=IN", 400, "number_type is required. Allowed values: local, mobile, tollfree."),
        ("country_iso=IN&number_type=local", 400, "user_type is required. Allowed values: individual, business."),
        ("country_iso=IN&number_type=local&user_type=firm", 400, "user_type must be one of individual, business."),
        (
            "country_iso=IN&number_type=tollfree&user_type=business",
            404,
            "No compliance requirements found for IN, tollfree, business.",
        ),
        (
            "country_iso=DE&number_type=local&user_type=business",
            404,
            "No compliance requirements found for DE, local, business.",
        ),
    ],
)
async def test_all_three_parameters_are_needed_and_must_be_on_offer(
    client: Any, query: str, http_status: int, sentence: str
) -> None:
    """What is missing or unknown is 400; a combination that is not offered is not found."""
    async with Sandbox(contract="released") as sandbox:
        assert (http_status, sentence) == (await client.send(sandbox, "GET", f"{REQUIREMENTS}?{query}")).sentence


@pytest.mark.parametrize(
    ("combination", "names", "fields"),
    [
        (("local", "business"), ["Registration Certificate", "GST certificate"], ["business_name"]),
        (
            ("mobile", "business"),
            ["Registration Certificate", "GST certificate", "Authorised Signatory"],
            ["business_name", "signatory_name", "designation", "appointed_on"],
        ),
        (("local", "individual"), ["Identity Proof"], ["document_number", "expiry_date"]),
    ],
)
async def test_each_combination_has_its_documents_with_their_fields(
    client: Any, combination: tuple[str, str], names: list[str], fields: list[str]
) -> None:
    """Only the signatory needs no file; ids differ, and stay what they are."""
    async with Sandbox(contract="released") as sandbox:
        first, second = [await told(client, sandbox, *combination) for _ in range(2)]

    assert first == second
    assert names == [kind["name"] for kind in first]
    assert fields == [field["field_name"] for kind in first for field in kind["required_fields"]]
    assert len(names) == len({kind["document_type_id"] for kind in first})
    assert [name != "Authorised Signatory" for name in names] == [kind["proof_required"] for kind in first]


async def test_field_is_told_with_what_it_has(client: Any) -> None:
    """A text has lengths, an enum its values in one text, a date its format; what a field has not is left out."""
    async with Sandbox(contract="released") as sandbox:
        (name,), _, (_, designation, appointed) = [kind["required_fields"] for kind in await told(client, sandbox)]

    legal_name = {"field_name": "business_name", "friendly_name": "Legal Name", "field_type": "string"}
    assert {**legal_name, "required": True, "min_length": 1, "max_length": 50} == name
    assert ("enum", "Director,Partner,Proprietor", True) == tuple(
        designation[member] for member in ("field_type", "enums", "required")
    )
    assert ("date", "yyyy-mm-dd", False) == tuple(appointed[member] for member in ("field_type", "format", "required"))
    assert designation["help_text"]
    assert "min_length" not in appointed


def _ids(kinds: Any) -> list[str]:
    return [kind.get("document_type_id") for kind in kinds]


def _members(kinds: Any, member: str) -> list[Any]:
    return [field[member] for kind in kinds for field in kind["required_fields"] or () if member in field]


@pytest.mark.parametrize(
    ("behaviour", "holds"),
    [
        ("new-ids", lambda before, after: not set(_ids(before)) & set(_ids(after)) and len(before) == len(after)),
        ("two-of-one-name", lambda _, after: after[0]["name"] == after[-1]["name"] and len(set(_ids(after))) == 4),
        ("fifty-types", lambda _, after: len(after) == 50 == len(set(_ids(after)))),
        ("nothing-required", lambda _, after: after == []),
        ("no-ids", lambda _, after: not any("document_type_id" in kind for kind in after)),
        (
            "min-above-max",
            lambda _, after: all(
                least > most
                for least, most in zip(_members(after, "min_length"), _members(after, "max_length"), strict=True)
            ),
        ),
        ("blank-enums", lambda _, after: _members(after, "enums") == [" "]),
        ("enums-as-list", lambda _, after: _members(after, "enums") == [["Director", "Partner", "Proprietor"]]),
        ("unknown-field-type", lambda _, after: set(_members(after, "field_type")) == {"telephone", "enum", "date"}),
        (
            "null-members",
            lambda _, after: after[1]["required_fields"] is after[0]["required_fields"][0]["help_text"] is None,
        ),
        (
            "reordered",
            lambda before, after: (
                _ids(before) == _ids(after)[::-1]
                and _members(before, "field_name") == _members(after, "field_name")[::-1]
            ),
        ),
    ],
)
async def test_types_are_told_as_switched(client: Any, behaviour: str, holds: Any) -> None:
    """Each switch changes what is told, also while it runs, and is gone when it is switched off; new ids stay."""
    async with Sandbox(contract="released") as sandbox:
        before = await told(client, sandbox)
        await client.control(sandbox, "POST", "requirements", behaviours=[behaviour])
        after = await told(client, sandbox)
        await client.control(sandbox, "POST", "requirements", behaviours=[])
        off = await told(client, sandbox)

    assert holds(before, after)
    assert before != after
    assert (after if behaviour == "new-ids" else before) == off


@pytest.mark.parametrize("others", ["reordered", "enums-as-list", "min-above-max", "no-ids"])
async def test_members_may_be_null_whatever_else_is_switched(client: Any, others: str) -> None:
    """In whichever order they are switched on."""
    async with Sandbox(contract="released", behaviours=("null-members", others)) as sandbox:
        after = await told(client, sandbox)

    assert {None} == {kind["description"] for kind in after}
    assert None in [kind["required_fields"] for kind in after]


def test_every_way_of_telling_is_tried() -> None:
    """The table above has all switches but those of the form, which the tests of both contracts have."""
    (mark,) = test_types_are_told_as_switched.pytestmark  # type: ignore[attr-defined]
    forms = {"both-forms", "neither-form", "empty", "forms-in-turn"}
    switches = {behaviour.name for behaviour in BEHAVIOURS.values() if behaviour.about == "requirements"}

    assert switches - forms == {name for name, _ in mark.args[1]}


async def test_ids_are_new_each_time_and_old_ones_are_refused(client: Any, applicant: Any) -> None:
    """A create with yesterday's ids is refused; a record keeps those that it was filed with."""
    async with Sandbox(contract="released", behaviours=["new-ids"]) as sandbox:
        first = await applicant.documents(sandbox)
        compliance_id = await applicant.created(sandbox)
        seen = []
        for _ in range(2):
            await client.control(sandbox, "POST", "requirements", behaviours=["new-ids", "reordered"])
            seen.append(tuple((await applicant.ids(sandbox)).values()))
        refused = await applicant.create(sandbox, documents=first)
        kept = (await applicant.get(sandbox, compliance_id))["documents"]

    assert 3 == len({first[0]["document_type_id"], *(ids[-1] for ids in seen)})
    assert f"'{first[0]['document_type_id']}' is not valid" in refused.json["error"]
    assert [entry["document_type_id"] for entry in first] == [each["document_type_id"] for each in kept]


async def test_create_is_held_against_the_types_that_are_told(client: Any, applicant: Any) -> None:
    """Nothing where nothing is required; two files more of one name; the true lengths where the told ones are wrong."""
    async with Sandbox(contract="released", behaviours=["nothing-required"]) as sandbox:
        nothing = await applicant.create(sandbox, {}, documents=[])
        await client.control(sandbox, "POST", "requirements", behaviours=["two-of-one-name"])
        query = {"country_iso": "IN", "number_type": "local", "user_type": "business"}
        kinds = (await client.send(sandbox, "GET", REQUIREMENTS, params=query)).json["document_types"]
        name = {"data_fields": {"business_name": "Invented Pvt Ltd"}}
        documents = [
            {"document_type_id": kind["document_type_id"], **(name if kind["required_fields"] else {})}
            for kind in kinds
        ]
        three = await applicant.create(sandbox, {0: PDF, 1: PNG, 2: PDF}, documents=documents)
        two = await applicant.create(sandbox, {0: PDF, 1: PNG}, documents=documents[:2])
        await client.control(sandbox, "POST", "requirements", behaviours=["min-above-max"])
        short = await applicant.create(sandbox)

    assert [201, 201, 400, 201] == [seen.http_status for seen in (nothing, three, two, short)]
    assert documents[2]["document_type_id"] in two.json["error"]
