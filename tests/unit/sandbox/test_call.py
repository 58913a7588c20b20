"""How a request is read: its address, its method, and its multipart form."""

from collections.abc import AsyncIterator
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


@pytest.mark.parametrize("data", [b"[]", b"{", b"\xff", b"[" * 100_000, b'{"alias": NaN}'])
def test_data_that_is_no_json_object_is_refused(data: bytes) -> None:
    """The part `data` must be a JSON object."""
    with pytest.raises(RefusedError, match="part 'data' is not"):
        read_form("multipart/form-data; boundary=b", BODY.replace(b'{"alias": "K"}', data))


@pytest.mark.parametrize(
    "disposition",
    [
        b'form-data; name=documents[2].file; filename="a.pdf"',
        b"form-data; filename=a.pdf; name=documents[2].file",
        b'form-data; filename="a.pdf"; name="documents[2].file"',
        b"form-data; name=\"documents[2].file\"; filename*=UTF-8''a.pdf",
        b'FORM-DATA;name="documents[2].file";FileName="a.pdf"',
    ],
)
def test_names_are_read_quoted_or_not_and_in_any_order(disposition: bytes) -> None:
    """Clients write names in several ways; `data` may come after the files."""
    body = b"--b  \r\nContent-Disposition: %s\r\n\r\n%%PDF-\r\n" % disposition
    body += b"--b\r\nContent-Disposition: form-data; name=data\r\n\r\n{}\r\n--b--"

    form = read_form("multipart/form-data; boundary=b", body)

    assert {2: Part("documents[2].file", "a.pdf", b"%PDF-")} == form.files


def test_quotation_marks_and_semicolons_in_a_file_name_are_kept() -> None:
    """An escaped mark is a mark."""
    body = BODY.replace(b"a;b.pdf", b'a \\"b\\" ; c.pdf')

    assert 'a "b" ; c.pdf' == read_form("multipart/form-data; boundary=b", body).files[2].file_name


def test_line_that_only_begins_like_the_boundary_is_content() -> None:
    """A boundary is followed by the end of its line, or by two dashes."""
    content = b"%PDF-\r\n--bad\r\n--b-\r\n--b x\r\n"
    body = BODY.replace(b"%PDF-\r\n\r\n--\r\n", content)

    assert content == read_form("multipart/form-data; boundary=b", body).files[2].content


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("application/x-www-form-urlencoded", b"data=%7B%22alias%22%3A+%22K%2B1%22%7D", {"alias": "K+1"}),
        ("application/x-www-form-urlencoded; charset=utf-8", b"data=%7B%7D", {}),
        ("application/json", b'{"data": "{\\"alias\\": \\"K\\"}"}', {"alias": "K"}),
        ("application/json", b"{}", {}),
        ("application/json", b"", {}),
        ("", b"", {}),
    ],
)
def test_form_without_files_is_read_as_the_python_sdks_send_it(content_type: str, body: bytes, data: Any) -> None:
    """Urlencoded since 4.60.1, a text in a JSON object in 4.60.0, nothing at all where nothing changes."""
    form = read_form(content_type, body)

    assert (data, {}) == (form.data, form.files)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"alias=K"),
        ("application/x-www-form-urlencoded", b"data=K"),
        ("application/json", b'{"data": {}}'),
        ("application/json", b"[]"),
        ("text/plain", b"data={}"),
        ("multipart/form-data", b"--b--"),
    ],
)
def test_form_without_data_is_refused(content_type: str, body: bytes) -> None:
    """`data` is a text that is a JSON object."""
    with pytest.raises(RefusedError):
        read_form(content_type, body)


@pytest.mark.parametrize("contract", ["beta", "released"])
async def test_update_without_a_body_submits_again(client: Any, applicant: Any, contract: str) -> None:
    """An empty PATCH, one of `{}` and one urlencoded are updates that change nothing else."""
    ways: tuple[dict[str, Any], ...] = ({}, {"json": {}}, {"data": {"data": "{}"}})
    async with Sandbox(contract=contract) as sandbox:
        compliance_id = await (client if contract == "beta" else applicant).created(sandbox)
        seen = []
        for way in ways:
            await client.review(sandbox, compliance_id, "rejected")
            path = f"PhoneNumber/Compliance/{compliance_id}/"
            seen.append((await client.send(sandbox, "PATCH", path, **way)).http_status)

        assert [200] * 3 == seen
        assert "pending_review" == sandbox.state.records[0].review


async def test_create_may_come_in_chunks(client: Any, sample_form: Any) -> None:
    """Without a Content-Length the whole form arrives, too."""

    async def chunks(whole: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 100):
            yield whole[start : start + 100]

    payload = sample_form(None)()
    async with Sandbox() as sandbox:
        sent = chunks(await payload.as_bytes())
        seen = await client.send(sandbox, "POST", "PhoneNumber/Compliance/", payload.content_type, data=sent)

        assert 201 == seen.http_status
        assert 3 == len(sandbox.state.records[0].documents)


async def test_content_type_of_a_get_and_body_of_a_delete_mean_nothing(client: Any) -> None:
    """The SDKs say that they send JSON where they send none, and two quotation marks with a DELETE."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)
        path = f"PhoneNumber/Compliance/{compliance_id}/"
        seen = [
            await client.send(sandbox, "GET", path, "application/json"),
            await client.send(sandbox, "GET", "PhoneNumber/Compliance/", "application/json"),
            await client.send(sandbox, "DELETE", path, "application/json", data=b'""'),
        ]

    assert [200] * 3 == [each.http_status for each in seen]


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
