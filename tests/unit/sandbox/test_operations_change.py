"""Update and delete: what may be changed when, and how the parts are merged."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox

PDF = b"%PDF-1.7 better"


async def test_update_merges_end_user_and_documents_and_submits_again(client: Any, clock: Any) -> None:
    """A rejected record keeps what the update does not name, and is pending again with a later submitted_at."""
    async with Sandbox(clock=clock) as sandbox:
        compliance_id = await client.created(sandbox)
        before = await client.get(sandbox, compliance_id)
        await client.review(sandbox, compliance_id, "rejected", "expired")
        clock.at += 60

        data = {
            "end_user": {"name": "Fixed Pvt Ltd", "address": {"city": "Mysuru"}},
            "documents": [{"type": "address_proof"}],
        }
        seen = await client.update(sandbox, compliance_id, data, {0: PDF})
        after = await client.get(sandbox, compliance_id)

        assert 200 == seen.http_status
        assert ("pending_review", None) == (after["status"], after["rejection_reason"])
        assert ("Fixed Pvt Ltd", "U72200KA2020PTC123456") == (
            after["end_user"]["name"],
            after["end_user"]["registration_number"],
        )
        assert before["end_user"]["address"] | {"city": "Mysuru"} == after["end_user"]["address"]
        assert before["documents"][0] == after["documents"][0]
        assert before["documents"][1]["id"] != after["documents"][1]["id"]
        assert ("2026-01-05T10:00:00Z", "2026-01-05T10:01:00Z") == (before["submitted_at"], after["submitted_at"])


async def test_update_leaves_the_id_of_the_end_user_alone(client: Any) -> None:
    """It is the API's own, whatever an update says."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        before = await client.get(sandbox, compliance_id)
        await client.review(sandbox, compliance_id, "rejected")

        await client.update(sandbox, compliance_id, {"end_user": {"id": 5}})

        assert before["end_user"]["id"] == (await client.get(sandbox, compliance_id))["end_user"]["id"]


@pytest.mark.parametrize("review", ["pending_review", "approved", "suspended", "expired"])
async def test_update_is_refused_unless_rejected_or_lacking_something(client: Any, review: str) -> None:
    """A pending or approved record cannot be changed, nor one whose approval was taken away."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        await client.review(sandbox, compliance_id, review)

        seen = await client.update(sandbox, compliance_id, {"alias": "K-2"})

        assert (409, "compliance_not_editable") == seen.error[:2]


@pytest.mark.parametrize(
    ("data", "files", "error"),
    [
        ({"number_type": "mobile"}, {}, (400, "invalid_parameter", "number_type")),
        ({"alias": " "}, {}, (422, "missing_required_field", "alias")),
        ({"end_user": {"name": ""}}, {}, (422, "missing_required_field", "end_user.name")),
        ({"documents": [{"type": "identity_proof"}]}, {}, (422, "missing_required_document", "documents[0].file")),
        ({"documents": [{"type": "identity_proof"}]}, {0: b"GIF89a"}, (422, "invalid_file", "documents[0].file")),
    ],
)
async def test_bad_update_is_refused_and_changes_nothing(
    client: Any, data: dict[str, Any], files: dict[int, bytes], error: tuple[int, str, str]
) -> None:
    """An update is checked like a create; the record stays rejected and as it was."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        await client.review(sandbox, compliance_id, "rejected", "expired")
        before = sandbox.state.records

        seen = await client.update(sandbox, compliance_id, data, files)

        assert error == seen.error
        assert before == sandbox.state.records


@pytest.mark.parametrize(
    ("review", "http_status"),
    [
        ("pending_review", 200),
        ("rejected", 200),
        ("more_info_required", 200),
        ("approved", 409),
        ("suspended", 409),
        ("expired", 409),
    ],
)
async def test_delete_is_for_records_that_are_not_approved(client: Any, review: str, http_status: int) -> None:
    """A deleted record is gone for get and list; an approved one stays."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        await client.review(sandbox, compliance_id, review)
        path = f"PhoneNumber/Compliance/{compliance_id}/"

        seen = await client.send(sandbox, "DELETE", path)

        gone = http_status == 200
        assert http_status == seen.http_status
        assert (404 if gone else 200) == (await client.send(sandbox, "GET", path)).http_status
        assert (0 if gone else 1) == len(sandbox.state.records)


async def test_linked_record_cannot_be_deleted(client: Any) -> None:
    """A record that a number is used under stays, whatever its review."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        await client.review(sandbox, compliance_id, "approved")
        await client.send(sandbox, "POST", "Number/911140221000/", json={"compliance_id": compliance_id})
        await client.review(sandbox, compliance_id, "rejected", "withdrawn")

        seen = await client.send(sandbox, "DELETE", f"PhoneNumber/Compliance/{compliance_id}/")

        assert (409, "compliance_not_deletable") == seen.error[:2]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_unknown_record_is_not_found(client: Any, method: str) -> None:
    """An id the account does not have gets an API-shaped 404."""
    async with Sandbox() as sandbox:
        seen = await client.send(sandbox, method, "PhoneNumber/Compliance/no-such-id/")

        assert (404, "not_found") == seen.error[:2]
