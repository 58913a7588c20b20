"""Creates under the released contract: what is kept, and the sentences by which they are refused."""

import json
import re
from typing import Any

import aiohttp
import pytest

from bulk_onboard.sandbox.released import Released
from bulk_onboard.sandbox.server import Sandbox

PDF, PNG, JPEG = b"%PDF-1.4 ", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff jpeg"
MIB_5 = 5 * 1024 * 1024
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SIGNATORY = {"signatory_name": "A. Nobody", "designation": "Partner"}


async def test_create_is_answered_as_the_sdks_show_it_and_kept_as_it_came(client: Any, applicant: Any) -> None:
    """201 with id and message and no `error`; the state has the `data`, and the documents by their names."""
    async with Sandbox(contract="released") as sandbox:
        documents = await applicant.documents(sandbox)
        seen = await applicant.create(sandbox, callback_url="https://example.com/hook")
        (record,) = (await client.control(sandbox, "GET", "state")).json["records"]

    assert (201, {"api_id", "compliance_id", "message"}) == (seen.http_status, set(seen.json))
    assert "Compliance application created and submitted for review." == seen.json["message"]
    assert documents == record["data"]["documents"]
    assert "1 Nowhere Road" == record["data"]["end_user"]["address_line1"] == record["end_user"]["address"]["line1"]
    assert ["Registration Certificate", "GST certificate"] == [document["type"] for document in record["documents"]]
    assert ("pending_review", "https://example.com/hook") == (record["review"], record["callback_url"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"country_iso": None}, "country_iso is required."),
        ({"number_type": "tollfree"}, "No compliance requirements found for IN, tollfree, business."),
        ({"alias": None}, "alias is required."),
        ({"end_user": None}, "end_user is required."),
        ({"end_user__type": None}, "end_user.type is required. Allowed values: individual, business."),
        ({"end_user__type": "firm"}, "end_user.type is not valid. Allowed values: individual, business."),
        ({"end_user__user_type": "business"}, "end_user.user_type is not supported, use end_user.type."),
        ({"end_user__name": " "}, "end_user.name is required."),
        ({"end_user__city": 7}, "end_user.city must be a string."),
        ({"callback_url": "https:"}, "callback_url must be an https URL."),
        ({"callback_url": "http://example.com/hook"}, "callback_url must be an https URL."),
        ({"callback_url": 7}, "callback_url must be an https URL."),
        ({"callback_method": "PUT"}, "callback_method must be one of GET, POST."),
    ],
)
async def test_bad_field_is_refused_in_one_sentence(applicant: Any, changes: dict[str, Any], sentence: str) -> None:
    """400 with an `api_id`; nothing is kept."""
    async with Sandbox(contract="released") as sandbox:
        seen = await applicant.create(sandbox, **changes)

        assert (400, sentence) == seen.sentence
        assert UUID.fullmatch(seen.json["api_id"])
        assert () == sandbox.state.records


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"end_user__address": {"line1": "1 Nowhere Road"}}, "end_user.address is not supported"),
        ({"documents": [{"type": "identity_proof"}]}, "documents[0].type is not supported"),
        ({"documents": [{"document_type_id": "unknown"}]}, "'unknown' is not valid"),
        ({"documents": [{}]}, "documents[0].document_type_id is required"),
        ({"documents": ["a"]}, "documents[0] must be an object"),
        ({"documents": {"a": 1}}, "documents must be an array"),
    ],
)
async def test_shape_of_the_beta_or_of_nothing_is_refused(applicant: Any, changes: dict[str, Any], named: str) -> None:
    """A nested address, a document by its type, an unknown id, no id."""
    async with Sandbox(contract="released") as sandbox:
        seen = await applicant.create(sandbox, **changes)

        assert 400 == seen.http_status
        assert named in seen.json["error"]


async def test_required_data_field_that_is_missing_is_named_with_the_id_of_its_document(applicant: Any) -> None:
    """Blank, absent, or beside the id instead of inside `data_fields`: in the sentence that integrators quote."""
    async with Sandbox(contract="released") as sandbox:
        good = await applicant.documents(sandbox)
        type_id = good[0]["document_type_id"]
        seen = [
            await applicant.create(sandbox, documents=[{"document_type_id": type_id, **instead}, good[1]])
            for instead in ({}, {"data_fields": {"business_name": " "}}, {"business_name": "Invented Pvt Ltd"})
        ]

    sentence = f"Field 'business_name' is required for document type '{type_id}'. "
    assert [(400, f"{sentence}Check GET /Requirements for required fields.")] * 3 == [each.sentence for each in seen]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"designation": "director"}, "must be one of: Director, Partner, Proprietor"),
        ({"designation": "Director "}, "must be one of"),
        ({"appointed_on": "29/02/2024"}, "must be a date in the format yyyy-mm-dd"),
        ({"appointed_on": "2023-02-29"}, "must be a date"),
        ({"appointed_on": "20240229"}, "must be a date"),
        ({"signatory_name": "x" * 101}, "must have 1 to 100 characters"),
        ({"signatory_name": 7}, "must be a string"),
        ({"hobby": "chess"}, "Field 'hobby' is not expected"),
        ({"appointed_on": None}, None),
        ({"signatory_name": "x" * 100, "appointed_on": "2024-02-29"}, None),
    ],
)
async def test_data_field_is_held_against_its_kind(applicant: Any, fields: dict[str, Any], named: str | None) -> None:
    """Lengths, enums exactly, dates in their format and in the calendar, and no key that nobody asked for."""
    async with Sandbox(contract="released") as sandbox:
        *both, signatory = await applicant.documents(sandbox, "mobile")
        documents = [*both, {**signatory, "data_fields": SIGNATORY | fields}]

        seen = await applicant.create(sandbox, number_type="mobile", documents=documents)

        assert (201 if named is None else 400) == seen.http_status
        assert named is None or named in seen.json["error"]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({0: PDF, 1: PNG}, None),
        ({0: JPEG, 1: JPEG}, None),
        ({0: PDF.ljust(MIB_5), 1: PNG}, None),
        ({0: PDF.ljust(MIB_5 + 1), 1: PNG}, "5 MB"),
        ({0: PDF, 1: b"GIF89a"}, "send PDF, JPEG, PNG"),
        ({0: PDF, 1: b""}, "empty"),
        ({0: PDF}, "A file is required for document type"),
        ({0: PDF, 1: PNG, 7: PDF}, "documents[7].file belongs to no entry"),
    ],
)
async def test_files_are_judged_by_content_and_size(applicant: Any, files: dict[int, bytes], named: str | None) -> None:
    """PDF, PNG and JPEG of at most 5 MiB, one for each document that asks for one, whatever their names."""
    async with Sandbox(contract="released") as sandbox:
        seen = await applicant.create(sandbox, files)

        assert (201 if named is None else 400) == seen.http_status
        assert named is None or named in seen.json["error"]


async def test_index_without_a_file_is_skipped_where_none_is_asked_for(client: Any, applicant: Any) -> None:
    """Of three documents the first needs no file: the others' files are those of 1 and 2."""
    async with Sandbox(contract="released") as sandbox:
        *both, signatory = await applicant.documents(sandbox, "mobile")
        files = {1: PDF, 2: PNG}
        compliance_id = (
            await applicant.create(sandbox, files, number_type="mobile", documents=[signatory, *both])
        ).json["compliance_id"]
        documents = (await applicant.get(sandbox, compliance_id))["documents"]
        seen = await client.send(sandbox, "GET", documents[2]["download_url"].removeprefix(sandbox.url))

    assert (None, None) == (documents[0]["file_name"], documents[0]["download_url"])
    assert signatory["data_fields"] == documents[0]["meta_information"]
    assert PNG == seen.content


@pytest.mark.parametrize("left", [0, 1])
async def test_every_document_that_is_asked_for_must_be_there_once(applicant: Any, left: int) -> None:
    """One of two is not enough, and one twice is none for the other."""
    async with Sandbox(contract="released") as sandbox:
        documents = await applicant.documents(sandbox)
        alone = await applicant.create(sandbox, {0: PDF}, documents=[documents[left]])
        doubled = await applicant.create(sandbox, documents=[documents[left]] * 2)
        thrice = await applicant.create(sandbox, {0: PDF, 1: PDF, 2: PDF}, documents=[*documents, documents[left]])

    missing = documents[1 - left]["document_type_id"]
    assert all(missing in seen.json["error"] and 400 == seen.http_status for seen in (alone, doubled))
    assert "is given twice" in thrice.json["error"]


async def test_individual_is_filed_with_what_individuals_need(applicant: Any) -> None:
    """Other documents, and a last name."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(
            sandbox,
            documents=await applicant.documents(sandbox, "local", "individual"),
            files={0: PDF},
            end_user__type="individual",
            end_user__last_name="Nobody",
            end_user__registration_number=None,
        )
        record = await applicant.get(sandbox, compliance_id)

    assert ("individual", "Nobody") == (record["user_type"], record["end_user"]["last_name"])
    assert ["Identity Proof"] == [document["document_name"] for document in record["documents"]]


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://example.com/hook?job=7", True),
        ("http://127.0.0.1:8080/hook", True),
        ("http://127.0.0.1.example.com/", False),
        ("ftp://127.0.0.1/", False),
        ("https://[", False),
    ],
)
async def test_callbacks_go_over_tls_except_to_this_machine(applicant: Any, url: str, is_good: bool) -> None:
    """A receiver in a test has no certificate; everybody else needs one."""
    async with Sandbox(contract="released") as sandbox:
        assert (201 if is_good else 400) == (await applicant.create(sandbox, callback_url=url)).http_status


@pytest.mark.parametrize(("length", "http_status"), [(99, 200), (100, 400)])
async def test_file_name_has_at_most_99_characters(client: Any, applicant: Any, length: int, http_status: int) -> None:
    """A name of 100 characters is refused."""
    async with Sandbox(contract="released") as sandbox:
        compliance_id = await applicant.created(sandbox)
        await client.review(sandbox, compliance_id, "rejected")
        fields = aiohttp.FormData(default_to_multipart=True)
        fields.add_field("data", json.dumps({"documents": await applicant.documents(sandbox)}))
        for position, name in enumerate(("a.pdf", "a".ljust(length - 4, "b") + ".pdf")):
            fields.add_field(f"documents[{position}].file", PDF, filename=name)

        seen = await client.send(sandbox, "PATCH", f"PhoneNumber/Compliance/{compliance_id}/", data=fields)

    assert http_status == seen.http_status


def test_each_word_of_a_filter_means_reviews_that_have_this_word() -> None:
    """The two maps of words agree."""
    released = Released()
    for word in ("draft", "submitted", "accepted", "rejected", "suspended", "expired"):
        assert {word} == {released.status(review) for review in released.reviews(word.upper())}
