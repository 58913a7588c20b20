"""How a request is read: its address, its method, and its multipart form."""

from typing import Any

import aiohttp
import pytest

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.call import Part, read_form
from bulk_onboard.sandbox.server import Sandbox

BODY = (
    b"--b\r\n"
    b'Content-Disposition: form-data; name="data"\r\n\r\n'
    b'{"alias": "K"}\r\n'
    b"--b\r\n"
    b"Content-Type: application/pdf\r\n"
    b'content-disposition: form-data; name="documents[2].file"; filename="a;b.pdf"\r\n\r\n'
    b"%PDF-\r\n\r\n--\r\n"
    b"\r\n"
    b"--b--\r\n"
)


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=b", 'Multipart/Form-Data;x=1; boundary="b"'])
def test_parts_are_read_as_they_were_sent(content_type: str) -> None:
    """Names, file names with odd characters, and every byte of the contents; a gap in the numbering is legal."""
    form = read_form(content_type, BODY)

    assert {"alias": "K"} == form.data
    assert {2: Part("documents[2].file", "a;b.pdf", b"%PDF-\r\n\r\n--\r\n")} == form.files


@pytest.mark.parametrize("end", [len(BODY) - 4, len(BODY) - 9, 60])
def test_body_that_is_cut_off_is_refused(end: int) -> None:
    """Without its closing boundary a body may lack anything, so nothing of it is taken."""
    with pytest.raises(RefusedError, match="not complete"):
        read_form("multipart/form-data; boundary=b", BODY[:end])


@pytest.mark.parametrize("data", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_data_that_is_no_json_object_is_refused(data: bytes) -> None:
    """The part `data` must be a JSON object."""
    with pytest.raises(RefusedError, match="part 'data' is not"):
        read_form("multipart/form-data; boundary=b", BODY.replace(b'{"alias": "K"}', data))


async def test_method_and_address_that_do_not_exist_get_api_shaped_errors(client: Any) -> None:
    """405 for a wrong method, 404 for a wrong address."""
    async with Sandbox() as sandbox:
        wrong_method = await client.send(sandbox, "POST", "PhoneNumber/Compliance/some-id/")
        wrong_address = await client.send(sandbox, "GET", "/v2/Account/MA/")

        assert (405, "method_not_allowed", None) == wrong_method.error
        assert (404, "not_found", None) == wrong_address.error


@pytest.mark.parametrize(
    "body",
    [
        {"data": b"{}", "headers": {"Content-Type": "text/plain"}},
        {"json": {"country_iso": "IN"}},
        {"data": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    ],
)
async def test_create_that_is_no_complete_form_is_refused(client: Any, body: dict[str, Any]) -> None:
    """Another content type, members that are not in `data`, half a multipart body."""
    async with Sandbox() as sandbox:
        credentials = {"Authorization": aiohttp.encode_basic_auth("MA1", "t")}
        body["headers"] = credentials | body.get("headers", {})

        seen = await client.send(sandbox, "POST", "/v1/Account/MA1/PhoneNumber/Compliance/", **body)

        assert (400, "invalid_parameter") == seen.error[:2]


async def test_parts_of_any_content_type_are_accepted_with_and_without_slash(client: Any, sample_form: Any) -> None:
    """Absent, generic and exact part types are one to the API, and so are both forms of the path."""
    async with Sandbox() as sandbox:
        statuses = [
            (await client.send(sandbox, "POST", path, data=sample_form(content_type))).http_status
            for path in ("PhoneNumber/Compliance/", "PhoneNumber/Compliance")
            for content_type in (None, "application/octet-stream", "application/pdf")
        ]

        assert [201] * 6 == statuses


async def test_body_that_is_too_large_is_refused(client: Any) -> None:
    """A body beyond the bound gets an API-shaped 413 instead of being read for ever."""
    async with Sandbox() as sandbox:
        seen = await client.create(sandbox, {0: b"%PDF-".ljust(40 * 1024 * 1024)})

        assert (413, "request_too_large") == seen.error[:2]
