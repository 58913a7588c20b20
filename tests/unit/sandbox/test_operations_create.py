"""Create: documents are checked by their bytes, and errors come in the documented order."""

import re
from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox

PDF = b"%PDF-1.4 "
MIB_5 = 5 * 1024 * 1024
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def test_created_record_is_answered_as_documented_and_kept(client: Any) -> None:
    """A good create gets 201 with api_id, compliance_id and message, and the API has the record, pending."""
    async with Sandbox() as sandbox:
        seen = await client.create(sandbox)

        assert seen.http_status == 201
        assert set(seen.json) == {"api_id", "compliance_id", "message"}
        assert UUID.fullmatch(seen.json["compliance_id"])
        assert [(seen.json["compliance_id"], "pending_review")] == [
            (r.compliance_id, r.review) for r in sandbox.state.records
        ]


async def test_members_nested_without_end_are_refused(client: Any) -> None:
    """What can be read, but is too deep to be kept, gets 400 and no traceback; nothing is kept."""
    deep: dict[str, Any] = {}
    for _ in range(900):
        deep = {"a": deep}
    async with Sandbox() as sandbox:
        seen = await client.create(sandbox, end_user__notes=deep)

        assert (400, "invalid_parameter", None) == seen.error
        assert () == sandbox.state.records


async def test_the_documents_own_example_has_no_alias(client: Any) -> None:
    """It is accepted; the record shows null, and no filter finds it."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox, alias=None)
        await client.created(sandbox, alias=None, number_type="mobile")
        record = await client.get(sandbox, compliance_id)
        found = await client.listed(sandbox, "alias=None")

        assert record["alias"] is None
        assert [] == found["compliances"] == sandbox.state.duplicates


async def test_documents_come_back_byte_for_byte(client: Any) -> None:
    """The file behind file_url is what was uploaded, line ends and boundary look-alikes included."""
    content = b"%PDF-1.7\n\r\n--\r\n\x00\xff\r\n\r\n"
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox, files={0: content, 1: PDF, 2: PDF})
        document = (await client.get(sandbox, compliance_id))["documents"][0]

        path = document["file_url"].removeprefix(sandbox.url)
        seen = await client.send(sandbox, "GET", path)

        assert content == seen.content
        assert "application/pdf" == seen.headers["Content-Type"]


@pytest.mark.parametrize(
    ("changes", "files", "error"),
    [
        ({"country_iso": "DE"}, {}, (400, "invalid_parameter", "country_iso")),
        ({"number_type": "tollfree"}, {}, (400, "invalid_parameter", "number_type")),
        ({"alias": " "}, {}, (422, "missing_required_field", "alias")),
        ({"end_user": None}, {}, (422, "missing_required_field", "end_user")),
        ({"end_user__type": None}, {}, (422, "missing_required_field", "end_user.type")),
        ({"end_user__type": "individual"}, {}, (400, "invalid_parameter", "end_user.type")),
        ({"end_user__user_type": "business"}, {}, (400, "invalid_parameter", "end_user.user_type")),
        ({"end_user__name": "  "}, {}, (422, "missing_required_field", "end_user.name")),
        ({"end_user__name": "x" * 256}, {}, (400, "invalid_parameter", "end_user.name")),
        ({"end_user__address": None}, {}, (422, "missing_required_field", "end_user.address.line1")),
        ({"end_user__address__country": "IND"}, {}, (400, "invalid_parameter", "end_user.address.country")),
        ({"callback_method": "PUT"}, {}, (400, "invalid_parameter", "callback_method")),
        ({"documents": [{"type": "selfie"}]}, {}, (400, "invalid_parameter", "documents[0].type")),
        ({}, {0: PDF, 1: PDF}, (422, "missing_required_document", "documents[2].file")),
        ({}, {0: PDF, 1: PDF, 2: PDF, 3: PDF}, (400, "invalid_parameter", "documents[3].file")),
        ({"documents": [{"type": "identity_proof"}]}, {0: PDF}, (422, "missing_required_document", "documents")),
        ({}, {0: PDF, 1: b"", 2: PDF}, (422, "invalid_file", "documents[1].file")),
        ({}, {0: PDF, 1: PDF, 2: b"\xff\xd8\xff jpeg"}, (422, "invalid_file", "documents[2].file")),
        ({}, {0: PDF.ljust(MIB_5 + 1), 1: PDF, 2: PDF}, (422, "invalid_file", "documents[0].file")),
    ],
)
async def test_bad_create_is_refused_with_its_first_error_and_nothing_is_kept(
    client: Any, changes: dict[str, Any], files: dict[int, bytes], error: tuple[int, str, str]
) -> None:
    """A bad field comes before a missing file, a missing file before a bad one; nothing is stored."""
    async with Sandbox() as sandbox:
        seen = await client.create(sandbox, files, **changes)

        assert error == seen.error
        assert () == sandbox.state.records


async def test_document_of_exactly_five_mebibytes_is_accepted(client: Any) -> None:
    """The limit of 5 MiB is inclusive."""
    async with Sandbox() as sandbox:
        seen = await client.create(sandbox, {0: PDF.ljust(MIB_5), 1: PDF, 2: PDF})

        assert 201 == seen.http_status
