"""Records under the released contract: how they are shown, listed, updated and deleted."""

from datetime import datetime
from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox

PDF = b"%PDF-1.7 better"
WORDS = {
    "pending_review": "submitted",
    "approved": "accepted",
    "rejected": "rejected",
    "more_info_required": "rejected",
    "draft": "draft",
    "suspended": "suspended",
    "expired": "expired",
}
ROW = {
    *("compliance_id", "alias", "status", "country_iso", "number_type", "user_type"),
    *("created_at", "updated_at"),
}


async def test_record_is_wrapped_and_flat_and_shows_its_parts_only_when_expanded(client: Any, applicant: Any) -> None:
    """`compliance` beside `api_id`; a flat address; documents by id and name; microseconds; never `submitted_at`."""
    async with Sandbox(contract="released") as sandbox:
        ids = await applicant.ids(sandbox)
        compliance_id = await applicant.created(sandbox, callback_url="https://example.com/hook")
        plain = (await client.send(sandbox, "GET", f"PhoneNumber/Compliance/{compliance_id}/")).json
        record = await applicant.get(sandbox, compliance_id)

    assert {"api_id", "compliance"} == set(plain)
    assert ROW | {"callback_url", "callback_method"} == set(plain["compliance"])
    assert set(record) - set(plain["compliance"]) == {"end_user", "documents", "linked_numbers"}
    assert ("1 Nowhere Road", "business") == (record["end_user"]["address_line1"], record["end_user"]["type"])
    assert not {"address", "id", "last_name"} & set(record["end_user"])
    assert ids == {each["document_name"]: each["document_type_id"] for each in record["documents"]}
    assert {"business_name": "Invented Pvt Ltd"} == record["documents"][0]["meta_information"]
    assert datetime.strptime(record["created_at"], "%Y-%m-%dT%H:%M:%S.%f%z")


@pytest.mark.parametrize(("review", "word"), WORDS.items())
async def test_review_has_its_word_and_only_a_rejected_record_has_a_reason(
    client: Any, applicant: Any, review: str, word: str
) -> None:
    """What lacks more information is rejected, with its reason; elsewhere the member is absent."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(sandbox)
        await client.review(sandbox, compliance_id, review, "Blurred.")
        record = await applicant.get(sandbox, compliance_id)

    assert word == record["status"]
    assert ("Blurred." if word == "rejected" else "absent") == record.get("rejection_reason", "absent")


async def test_list_has_meta_and_rows_without_callbacks_and_filters_by_words_in_any_case(
    client: Any, applicant: Any
) -> None:
    """`Rejected` finds what lacks more information, too; a word of the beta gets 400."""
    async with Sandbox(contract="released") as sandbox:
        ids = [await applicant.created(sandbox, alias=alias, callback_url="https://example.com/") for alias in "ABC"]
        await client.review(sandbox, ids[0], "rejected", "No.")
        await client.review(sandbox, ids[1], "more_info_required", "More.")
        whole = await client.listed(sandbox, "user_type=business&limit=2")
        rejected = await client.listed(sandbox, "status=Rejected")
        beta = await client.send(sandbox, "GET", "PhoneNumber/Compliance/?status=pending_review")

    assert {"api_id", "meta", "compliances"} == set(whole)
    assert {"limit", "offset", "total_count", "next", "previous"} == set(whole["meta"])
    assert ROW | {"rejection_reason"} == set(whole["compliances"][0])
    assert ids[:2] == [row["compliance_id"] for row in rejected["compliances"]]
    assert 400 == beta.http_status


@pytest.mark.parametrize("review", [review for review in WORDS if WORDS[review] != "rejected"])
async def test_update_is_for_rejected_records_only(client: Any, applicant: Any, review: str) -> None:
    """The sentence names the status that it is in."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(sandbox)
        await client.review(sandbox, compliance_id, review)
        seen = await client.update(sandbox, compliance_id, {"alias": "Other"})

    sentence = "Compliance application must be in 'rejected' status to be updated. Current status: "
    assert (400, f"{sentence}'{WORDS[review]}'.") == seen.sentence


@pytest.mark.parametrize("review", ["rejected", "more_info_required"])
async def test_update_by_alias_alone_leaves_the_documents_and_submits_again(
    client: Any, applicant: Any, clock: Any, review: str
) -> None:
    """The answer has the record, submitted; its documents are those of before."""
    async with Sandbox(contract="released", clock=clock) as sandbox:
        compliance_id = await applicant.created(sandbox)
        before = await applicant.get(sandbox, compliance_id)
        await client.review(sandbox, compliance_id, review, "Blurred.")
        clock.at += 60

        seen = await client.update(sandbox, compliance_id, {"alias": "Other"})
        after = await applicant.get(sandbox, compliance_id)

    assert (200, "Compliance application updated and resubmitted for review.") == (
        seen.http_status,
        seen.json["message"],
    )
    assert ROW == set(seen.json["compliance"])
    assert ("Other", "submitted") == (seen.json["compliance"]["alias"], seen.json["compliance"]["status"])
    assert (before["documents"], before["end_user"]) == (
        [{**each, "created_at": before["created_at"]} for each in after["documents"]],
        after["end_user"],
    )
    assert before["created_at"] == after["created_at"] < after["updated_at"]


async def test_update_replaces_all_documents_and_refuses_a_part_of_them(client: Any, applicant: Any) -> None:
    """Only the document that changed, as in the beta, is refused and changes nothing; the whole set is taken."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(sandbox)
        await client.review(sandbox, compliance_id, "rejected", "Blurred.")
        documents = await applicant.documents(sandbox)
        before = sandbox.state.records

        part = await client.update(sandbox, compliance_id, {"documents": documents[1:]}, {0: PDF})
        without = await client.update(sandbox, compliance_id, {"documents": documents}, {0: PDF})
        unnamed = await client.update(sandbox, compliance_id, {"alias": "Other"}, {0: PDF})
        untouched = sandbox.state.records == before
        whole = await client.update(sandbox, compliance_id, {"documents": documents[::-1]}, {0: PDF, 1: PDF})
        (record,) = sandbox.state.records

    assert documents[0]["document_type_id"] in part.json["error"]
    assert "A file is required" in without.json["error"]
    assert documents[0]["document_type_id"] in unnamed.json["error"]
    assert untouched
    assert 200 == whole.http_status
    assert [("GST certificate", PDF), ("Registration Certificate", PDF)] == [
        (document.type, document.content) for document in record.documents
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"country_iso": "IN"}, "country_iso cannot be updated."),
        ({"number_type": "local"}, "number_type cannot be updated."),
        ({"end_user": {"type": "business"}}, "end_user.type cannot be updated."),
        ({"end_user": {"name": None}}, "end_user.name is required."),
        ({"end_user": 7}, "end_user must be an object."),
        ({"alias": " "}, "alias is required."),
        ({"callback_url": "http://example.com"}, "callback_url must be an https URL."),
    ],
)
async def test_bad_update_is_refused_and_changes_nothing(
    client: Any, applicant: Any, data: dict[str, Any], sentence: str
) -> None:
    """Country, number type and type stay, even where they are what they were."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(sandbox)
        await client.review(sandbox, compliance_id, "rejected", "Blurred.")
        before = sandbox.state.records

        seen = await client.update(sandbox, compliance_id, data)

        assert (400, sentence) == seen.sentence
        assert before == sandbox.state.records


async def test_update_changes_end_user_and_callbacks(client: Any, applicant: Any) -> None:
    """What is named is replaced, the rest of the end user stays."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(sandbox)
        await client.review(sandbox, compliance_id, "rejected", "Blurred.")
        data = {"end_user": {"city": "Mysuru"}, "callback_url": "https://example.com/", "callback_method": "GET"}
        await client.update(sandbox, compliance_id, data)
        record = await applicant.get(sandbox, compliance_id)

    assert ("Mysuru", "1 Nowhere Road", "business") == tuple(
        record["end_user"][name] for name in ("city", "address_line1", "type")
    )
    assert ("https://example.com/", "GET") == (record["callback_url"], record["callback_method"])


@pytest.mark.parametrize(
    ("review", "http_status"),
    [(review, 400 if review in ("approved", "suspended") else 200) for review in WORDS],
)
async def test_delete_is_for_records_that_are_not_accepted(
    client: Any, applicant: Any, review: str, http_status: int
) -> None:
    """200 with the id and a message; afterwards the record is not found, in a sentence without an `api_id`."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(sandbox)
        await client.review(sandbox, compliance_id, review)
        path = f"PhoneNumber/Compliance/{compliance_id}/"
        seen = await client.send(sandbox, "DELETE", path, data=b'""', content_type="application/json")
        after = await client.send(sandbox, "GET", path)

    assert http_status == seen.http_status
    if http_status == 200:
        assert (compliance_id, "Compliance application deleted.") == (seen.json["compliance_id"], seen.json["message"])
        assert (404, {"error": "Compliance application not found."}) == (after.http_status, after.json)


async def test_faults_and_credentials_speak_in_sentences(client: Any, applicant: Any) -> None:
    """What strikes has the envelope of the contract, too."""
    async with Sandbox(contract="released") as sandbox:
        sandbox.faults.script("list", "conflict-409-before")
        sandbox.faults.script("list", "error-500-before")
        seen = [await client.send(sandbox, "GET", "PhoneNumber/Compliance/") for _ in range(2)]
        stranger = await client.send(sandbox, "GET", "PhoneNumber/Compliance/", headers={})

    assert [409, 500, 401] == [each.http_status for each in (*seen, stranger)]
    assert all({"api_id", "error"} == set(each.json) and each.json["error"].endswith(".") for each in (*seen, stranger))


async def test_contract_may_change_between_two_calls(client: Any, applicant: Any) -> None:
    """A record that was filed under one is shown in the form of the other, and the reviews stay what they are."""
    async with Sandbox() as sandbox:
        beta = await client.created(sandbox)
        told = (await client.control(sandbox, "POST", "contract", contract="released")).json
        released = await applicant.created(sandbox, alias="Other", end_user__registration_number=None)
        shown = await applicant.get(sandbox, beta)
        await client.control(sandbox, "POST", "contract", contract="beta")
        flat = await client.get(sandbox, released)
        refused = await client.control(sandbox, "POST", "contract", contract="gamma")

    assert {"contract": "released"} == told
    assert ("submitted", "1 Nowhere Road") == (shown["status"], shown["end_user"]["address_line1"])
    assert ["identity_proof", "address_proof", "business_registration"] == [
        d["document_name"] for d in shown["documents"]
    ]
    assert ("pending_review", "1 Nowhere Road") == (flat["status"], flat["end_user"]["address"]["line1"])
    assert "released" in refused.json["error"]
