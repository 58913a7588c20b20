"""What the vendor's SDKs do against the sandbox, under both contracts.

Where an SDK has no call for it, it is driven by the SDK's general request; python_sdk.py and node_sdk.js say where.
`make test-node` runs this file with the Node SDK.
"""

from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.sandbox.records import APPROVED, REJECTED
from bulk_onboard.sandbox.server import Sandbox
from tests.conformance.contracts import ASKED_FOR, Contract, Filing
from tests.conformance.sdk import Program, Sdk

NUMBER, ANOTHER, NOBODYS = "911140000001", "912240000002", "4420790000003"
REASON = "The certificate is not legible."

only_released = pytest.mark.parametrize("contract", ["released"], indirect=True)


@pytest.fixture
async def filing(sdk: Sdk, contract: Contract, tmp_path: Path) -> Filing:
    """All that the requirements ask for, as the SDK shows them."""
    return contract.filing(await sdk.call("requirements", **ASKED_FOR), tmp_path)


@pytest.fixture
async def compliance_id(sdk: Sdk, filing: Filing) -> str:
    """The id of a record that the SDK has created of it, as the SDK shows it."""
    created = await sdk.call("create", **filing.arguments)
    return created["compliance_id"]


def reviewed(sandbox: Sandbox, compliance_id: str, review: str, reason: str | None = None) -> None:
    """A person at the console has decided."""
    record = sandbox.state.record(compliance_id)
    assert record is not None
    sandbox.state.review(record, review, reason)


async def shown(sdk: Sdk, contract: Contract, compliance_id: str, **query: str) -> dict[str, Any]:
    """A record as the SDK shows it."""
    answer = await sdk.call("get", compliance_id=compliance_id, **query)
    return answer if sdk.program.unwraps or not contract.wrapper else answer[contract.wrapper]


async def test_requirements(sdk, contract):
    """The SDK shows which documents a combination needs, so that a filing can be made of it."""
    requirements = await sdk.call("requirements", **ASKED_FOR)

    assert ASKED_FOR["country_iso"] == requirements["country_iso"]
    assert all(needs_file for _, needs_file in contract.documents_of(requirements, "Any Name"))
    assert 2 <= len([*contract.documents_of(requirements, "Any Name")])


async def test_create_with_files(sdk, sandbox, contract, filing):
    """A create with all that is asked for is kept as it was sent, submitted for review, and its id is shown."""
    created = await sdk.call("create", **filing.arguments)

    (record,) = sandbox.state.records
    assert (created["compliance_id"], filing.data["alias"]) == (record.compliance_id, record.alias)
    assert filing.kept.items() <= record.end_user.items()
    assert filing.contents == [document.content for document in record.documents]
    assert created["message"]
    assert created["api_id"]


@only_released
@pytest.mark.parametrize("ordered", [list, reversed], ids=["at the end", "first"])
async def test_create_with_a_document_without_a_file(sdk, sandbox, contract, tmp_path, ordered):
    """The document without a file, which a mobile number needs, is kept with its fields, wherever it stands."""
    requirements = await sdk.call("requirements", **{**ASKED_FOR, "number_type": "mobile"})
    filing = contract.filing(requirements, tmp_path, number_type="mobile").with_documents(ordered)

    await sdk.call("create", **filing.arguments)

    (record,) = sandbox.state.records
    sent = [entry.get("data_fields", {}) for entry in filing.data["documents"]]
    assert 1 == filing.files.count(None)
    assert sent == [document.data_fields for document in record.documents]
    assert filing.contents == [document.content for document in record.documents if document.content]


async def test_list_by_alias(sdk, contract, tmp_path, filing, compliance_id):
    """Of two records the one of that alias is listed, with its contract's word for a review to come."""
    other = contract.filing(await sdk.call("requirements", **ASKED_FOR), tmp_path, alias="Other")
    await sdk.call("create", **other.arguments)

    page = await sdk.call("list_records", alias=filing.data["alias"], limit=20, offset=0)
    everything = await sdk.call("list_records")

    (row,) = page["compliances"]
    seen = row["compliance_id"], row["alias"], row["status"]
    assert (compliance_id, filing.data["alias"], contract.pending) == seen
    assert [1, 2] == [listed["meta"]["total_count"] for listed in (page, everything)]


async def test_get_with_expand(sdk, sandbox, contract, filing, compliance_id):
    """A get shows the record, and its end user, documents and numbers only where it is asked to."""
    reviewed(sandbox, compliance_id, REJECTED, REASON)

    plain = await shown(sdk, contract, compliance_id)
    expand = "documents,end_user,linked_numbers"
    expanded = await shown(sdk, contract, compliance_id, expand=expand)

    assert (compliance_id, contract.rejected, REASON) == (
        plain["compliance_id"],
        plain["status"],
        plain["rejection_reason"],
    )
    assert {"documents", "end_user", "linked_numbers"}.isdisjoint(name for name in plain if plain[name] is not None)
    assert filing.data["end_user"].items() <= expanded["end_user"].items()
    assert len(filing.data["documents"]) == len(expanded["documents"])
    assert [] == expanded["linked_numbers"]


async def test_update_while_under_review(sdk, sandbox, contract, filing, compliance_id):
    """An update of a record under review raises the SDK's error for it, and nothing is changed."""
    before = sandbox.state.record(compliance_id)

    renewed = filing.update().renewed().but(alias="Renewed")
    refusal = await sdk.refusal("update", compliance_id=compliance_id, **renewed.arguments)

    assert sdk.program.errors[contract.refused["under review"]] == refusal.raised
    assert contract.refused["under review"] == sandbox.log[-1].http_status
    assert before == sandbox.state.record(compliance_id)


async def test_update_after_rejection(sdk, sandbox, contract, filing, compliance_id):
    """After a rejection an update with all its files replaces them, and the record is under review again."""
    reviewed(sandbox, compliance_id, REJECTED, REASON)

    renewed = filing.renewed().but(end_user=contract.end_user("Renewed Traders Private Limited")).update()
    await sdk.call("update", compliance_id=compliance_id, **renewed.arguments)

    record = sandbox.state.record(compliance_id)
    after = await shown(sdk, contract, compliance_id)
    assert renewed.contents == [document.content for document in record.documents]
    assert "Renewed Traders Private Limited" == record.end_user["name"]
    assert contract.pending == after["status"]


async def test_update_of_alias_alone(sdk, sandbox, contract, filing, compliance_id):
    """After a rejection an alias alone, without files, is changed; the documents stay."""
    reviewed(sandbox, compliance_id, REJECTED, REASON)

    await sdk.call("update", compliance_id=compliance_id, data={"alias": "Renamed"})

    record = sandbox.state.record(compliance_id)
    after = await shown(sdk, contract, compliance_id)
    assert ("Renamed", contract.pending) == (after["alias"], after["status"])
    assert filing.contents == [document.content for document in record.documents]


@only_released
async def test_link_in_bulk(sdk, sandbox, compliance_id):
    """Of two numbers in one call the rented one is linked, and the other one's line tells why it is not."""
    reviewed(sandbox, compliance_id, APPROVED)

    asked = [{"number": f"+{number}", "compliance_application_id": compliance_id} for number in (NUMBER, NOBODYS)]
    linked = await sdk.call("link", numbers=asked)

    assert (2, 1) == (linked["total_count"], linked["updated_count"])
    outcomes = {line["number"]: line["status"] for line in linked["report"]}
    assert {f"+{NUMBER}": "success", f"+{NOBODYS}": "failed"} == outcomes
    assert all(line["remarks"] for line in linked["report"])
    assert [NUMBER] == [number.number for number in sandbox.state.linked_numbers(sandbox.state.record(compliance_id))]


async def test_number_update(sdk, sandbox, contract, compliance_id):
    """A number is put under an approved record by its own update; numbers and record then show each other."""
    reviewed(sandbox, compliance_id, APPROVED)

    changed = await sdk.call("update_number", number=ANOTHER, **{contract.record_of_number: compliance_id})

    assert ("changed", 202) == (changed["message"], sandbox.log[-1].http_status)
    got = await sdk.call("number", number=ANOTHER)
    (listed,) = (await sdk.call("list_numbers", limit=20))["objects"]
    record = await shown(sdk, contract, compliance_id, expand="linked_numbers")
    for number in (got, listed):
        seen = number["number"], number[contract.record_of_number], number["compliance_status"]
        assert (ANOTHER, compliance_id, contract.approved) == seen
    assert [ANOTHER] == [linked["number"].removeprefix("+") for linked in record["linked_numbers"]]


async def test_number_update_about_something_else(sdk, sandbox, contract):
    """A number is given an alias by the SDK's own call, which names it in path and body; it is put under no record."""
    changed = await sdk.call("rename_number", number=NUMBER, alias="Front desk")

    assert "changed" == changed["message"]
    assert (await sdk.call("number", number=NUMBER))[contract.record_of_number] is None


async def test_delete(sdk, sandbox, contract, compliance_id):
    """A deleted record is gone: the next get raises the SDK's error for what is not there."""
    await sdk.call("delete", compliance_id=compliance_id)

    refusal = await sdk.refusal("get", compliance_id=compliance_id)

    assert () == sandbox.state.records
    assert sdk.program.errors[contract.refused["not there"]] == refusal.raised


async def test_create_for_a_type_of_number_that_does_not_exist(sdk, sandbox, contract, filing):
    """A create with a wrong word raises the SDK's error for it, which names the word; nothing is kept."""
    refusal = await sdk.refusal("create", **filing.but(number_type="satellite").arguments)

    assert sdk.program.errors[contract.refused["no such number type"]] == refusal.raised
    assert "number_type" in str(refusal.said)
    assert () == sandbox.state.records


async def test_create_without_documents(sdk, sandbox, contract, filing):
    """A create without documents and files raises the SDK's error for it; nothing is kept."""
    refusal = await sdk.refusal("create", data=filing.data | {"documents": []})

    assert sdk.program.errors[contract.refused["no document"]] == refusal.raised
    assert contract.refused["no document"] == sandbox.log[-1].http_status
    assert () == sandbox.state.records


async def test_wrong_token(program: Program, sandbox, contract):
    """With another token the SDK raises its error for credentials."""
    async with Sdk(program, sandbox.url, auth_token="another-token") as stranger:
        refusal = await stranger.refusal("list_records")

    assert program.errors[contract.refused["password"]] == refusal.raised
