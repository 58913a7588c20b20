"""The review robot, and a person's review through the control."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox


@pytest.mark.parametrize(
    ("name", "review", "has_reason"),
    [
        ("Invented Pvt Ltd", "approved", False),
        ("REJECT Pvt Ltd", "rejected", True),
        ("Invented MORE INFO Ltd", "more_info_required", False),
        ("STAY PENDING Ltd", "pending_review", False),
        ("Rejecta Pvt Ltd", "approved", False),
    ],
)
async def test_robot_reviews_by_the_magic_words(
    client: Any, clock: Any, name: str, review: str, has_reason: bool
) -> None:
    """After the wait a pending record is what its name says; only a rejected one shows a reason."""
    async with Sandbox(review_after_s=10, clock=clock) as sandbox:
        compliance_id = await client.created(sandbox, end_user__name=name)
        clock.at += 9.9

        before = await client.get(sandbox, compliance_id)
        clock.at += 0.1
        after = await client.get(sandbox, compliance_id)

        assert "pending_review" == before["status"]
        assert (review, has_reason) == (after["status"], after["rejection_reason"] is not None)


async def test_updated_record_is_reviewed_again(client: Any, clock: Any) -> None:
    """An update starts the wait anew, and the new name decides; a list shows it too."""
    async with Sandbox(review_after_s=10, clock=clock) as sandbox:
        compliance_id = await client.created(sandbox, end_user__name="REJECT Pvt Ltd")
        clock.at += 10
        await client.update(sandbox, compliance_id, {"end_user": {"name": "Fixed Pvt Ltd"}})

        clock.at += 9
        waiting = await client.listed(sandbox, "status=pending_review")
        clock.at += 1
        approved = await client.listed(sandbox, "status=approved")

        assert (1, 1) == (waiting["meta"]["total_count"], approved["meta"]["total_count"])


async def test_person_reviews_by_alias_and_the_reason_is_shown(client: Any) -> None:
    """`POST /_sandbox/review` needs no credentials and takes an alias."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox, alias="K-1")

        seen = await client.control(sandbox, "POST", "review", alias="K-1", review="rejected", reason="Blurred.")

        record = await client.get(sandbox, compliance_id)
        assert 200 == seen.http_status
        assert ("rejected", "Blurred.") == (record["status"], record["rejection_reason"])
