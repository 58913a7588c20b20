"""What goes out over a real socket, and to nobody but the address that was asked."""

import base64
import re
import socket

import pytest

from bulk_onboard.api.exchange import Answer, Part, Request
from tests.support.raw_server import Peer, RawServer, answer
from tests.support.requests import CREATED, GET, LINK, create


async def test_request_line_and_headers(make_client):
    """A get goes to the account's address with our own headers and with nothing aiohttp would add for comfort."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(200, b"{}", connection=""))

    query = {"alias": "Å & ~abc", "expand": "documents,end_user"}
    async with RawServer(script) as server, make_client(server.url) as client:
        seen = await client.exchange(Request(method="GET", path="PhoneNumber/Compliance/", query=query))

    line, *headers = server.heard[0].decode().rstrip().split("\r\n")
    basic = base64.b64encode(b"MAT3ST0T3ST0T3ST0XYZ:a-token-that-nobody-may-see").decode()
    assert (
        "GET /v1/Account/MAT3ST0T3ST0T3ST0XYZ/PhoneNumber/Compliance/"
        "?alias=%C3%85+%26+~abc&expand=documents,end_user HTTP/1.1"
    ) == line
    assert [
        "Accept-Encoding: identity",
        "Accept: application/json",
        f"Authorization: Basic {basic}",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: bulk-onboard/0.1.0",
    ] == sorted(headers)
    assert Answer(http_status=200, headers=seen.headers, body=b"{}") == seen
    assert {"content-type": "application/json", "content-length": "2"} == seen.headers


async def test_form(make_client):
    """A create is one multipart form of known length: `data` without file name or type first, then the document."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(201, CREATED))

    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(create(10))

    head, _, body = server.heard[0].decode().partition("\r\n\r\n")
    boundary = re.search(r"multipart/form-data; boundary=(\w+)", head)[1]
    data = 'Content-Disposition: form-data; name="data"'
    document = 'Content-Disposition: form-data; name="documents[0].file"; filename="id.pdf"'
    assert [
        "",
        f'\r\n{data}\r\n\r\n{{"alias":"A ~abc"}}\r\n',
        f"\r\n{document}\r\nContent-Type: application/pdf\r\n\r\n%PDFxxxxxx\r\n",
        "--\r\n",
    ] == body.split(f"--{boundary}")
    assert f"Content-Length: {len(body)}" in head
    assert "chunked" not in head
    assert "Expect" not in head


async def test_form_without_documents_is_a_form(make_client):
    """A form with nothing but `data` is multipart, too, not urlencoded."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(200, b"{}"))

    only_data = Request(method="PATCH", path="x/", parts=(Part(name="data", body=b"{}"),))
    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(only_data)

    assert b"multipart/form-data" in server.heard[0]


async def test_json_body(make_client):
    """A link is sent as JSON, byte by byte as the contract wrote it."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(202, b"{}"))

    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(LINK)

    assert b"Content-Type: application/json\r\n" in server.heard[0]
    assert server.heard[0].endswith(b'\r\n\r\n{"compliance_id":"x"}')


async def test_resending_is_bounded_by_the_kernel(make_client, monkeypatch):
    """The kernel gives up on a peer that acknowledges nothing after 30 seconds."""
    opened = []
    make = socket.socket

    def remember(*args, **kwargs):
        opened.append(make(*args, **kwargs))
        return opened[-1]

    async def script(peer: Peer) -> None:
        await peer.read_request()
        client_side = next(s for s in opened if s.fileno() >= 0)
        limits.append(client_side.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
        await peer.send(answer(200))

    limits: list[int] = []
    async with RawServer(script) as server, make_client(server.url) as client:
        monkeypatch.setattr("bulk_onboard.api.connections.socket.socket", remember)
        await client.exchange(GET)

    assert [30_000] == limits


@pytest.mark.parametrize("http_status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(make_client, http_status):
    """A redirect is an answer like any other: the place it names hears nothing."""

    async def elsewhere(peer: Peer) -> None:
        await peer.read_request()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(http_status, location=f"{other.url}/there"))

    async with RawServer(elsewhere) as other, RawServer(script) as server, make_client(server.url) as client:
        seen = await client.exchange(create())

    assert http_status == seen.http_status
    assert ([], 1) == (other.peers, len(server.peers))


async def test_environment_is_ignored(make_client, monkeypatch, tmp_path):
    """Neither a proxy nor a .netrc of the environment is used."""

    async def proxy(peer: Peer) -> None:
        await peer.read_request()

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(200, b"{}"))

    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with RawServer(proxy) as other, RawServer(script) as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, other.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with make_client(server.url) as client:
            seen = await client.exchange(GET)

    assert 200 == seen.http_status
    assert [] == other.peers
    assert b"Authorization: Basic TUFU" in server.heard[0]


async def test_proxy_that_was_asked_for_is_used(make_client):
    """With `--proxy` the request goes through it."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(200, b"{}"))

    async with RawServer(script) as proxy, make_client("http://127.0.0.1:9", proxy=proxy.url) as client:
        seen = await client.exchange(GET)

    assert 200 == seen.http_status
    assert proxy.heard[0].startswith(b"GET http://127.0.0.1:9/v1/Account/")


async def test_cookies_are_not_kept(make_client):
    """A cookie that was set is not sent back."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(200, b"{}", set_cookie="a=b; Path=/"))

    async with RawServer(script) as server, make_client(server.url) as client:
        await client.exchange(GET)
        await client.exchange(GET)

    assert [False, False] == [b"ookie" in heard for heard in server.heard]
