"""Failures that prove that nothing was sent: no flag is up."""

import asyncio
import socket
import ssl

import pytest

from tests.support.raw_server import Peer, RawServer, answer, drop_at_once
from tests.support.requests import CREATED, closed_port, create, told


async def test_refused_connection(make_client):
    """A refused connection proves that nothing was sent; its errno is kept for the log."""
    async with make_client(f"http://127.0.0.1:{closed_port()}") as client:
        seen = await client.exchange(create())

    assert ("ClientConnectorError", True, False) == told(seen)
    assert 111 == seen.errno
    assert "ClientOSError" in seen.bases


async def test_unknown_name(make_client, monkeypatch):
    """A name that nobody knows proves it, too."""

    async def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    async with make_client("http://api.example.invalid") as client:
        seen = await client.exchange(create())

    assert ("ClientConnectorDNSError", True, False) == told(seen)


async def test_stalled_look_up(make_client, monkeypatch):
    """Looking a name up falls under the deadline to connect."""

    async def look_up(*_: object, **__: object) -> None:
        await asyncio.sleep(5)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    async with make_client("http://api.example.invalid", connect_s=0.2) as client:
        seen = await client.exchange(create())

    assert ("ConnectionTimeoutError", True, False) == told(seen)


async def test_proxy_out_of_reach(make_client):
    """So does a proxy that cannot be reached."""
    async with make_client("http://127.0.0.1:9", proxy=f"http://127.0.0.1:{closed_port()}") as client:
        seen = await client.exchange(create())

    assert ("ClientProxyConnectionError", True, False) == told(seen)


async def test_stalled_handshake(make_client, certificates):
    """A TLS handshake that never ends runs into the deadline to connect, before anything was sent."""

    async def script(peer: Peer) -> None:
        await asyncio.sleep(5)

    async with RawServer(script) as server:
        url = f"https://127.0.0.1:{server.port}"
        async with make_client(url, connect_s=0.2, ca_bundle=certificates.authority) as client:
            seen = await client.exchange(create())

    assert ("ConnectionTimeoutError", True, False) == told(seen)


async def test_total_while_connecting(make_client, certificates):
    """The total may run out while connecting, too: then nothing was sent."""

    async def script(peer: Peer) -> None:
        await asyncio.sleep(5)

    async with RawServer(script) as server:
        url = f"https://127.0.0.1:{server.port}"
        async with make_client(url, answer_s=0.2, ca_bundle=certificates.authority) as client:
            seen = await client.exchange(create())

    assert ("TimeoutError", True, False) == told(seen)


async def test_proxy_that_refuses(make_client, certificates):
    """A proxy's 403 to CONNECT proves that nothing was sent, and is not taken for the API's."""

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(answer(403, b"no", connection="close"))

    settings = {"ca_bundle": certificates.authority}
    async with RawServer(script) as proxy, make_client("https://127.0.0.1:9", proxy=proxy.url, **settings) as client:
        seen = await client.exchange(create())

    assert ("ClientHttpProxyError", True, False) == told(seen)
    assert b"Authorization" not in proxy.heard[0]


async def test_proxy_that_drops(make_client, certificates):
    """A proxy that drops CONNECT proves that nothing was sent."""

    async def script(peer: Peer) -> None:
        await peer.read_head()

    settings = {"ca_bundle": certificates.authority}
    async with RawServer(script) as proxy, make_client("https://127.0.0.1:9", proxy=proxy.url, **settings) as client:
        seen = await client.exchange(create())

    assert ("ServerDisconnectedError", True, False) == told(seen)


async def test_trusted_server(make_client, certificates):
    """A server whose certificate comes from the bundle is talked to."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(201, CREATED))

    play, settings = (script, certificates.server("good")), {"ca_bundle": certificates.authority}
    async with RawServer(*play) as server, make_client(server.url, **settings) as client:
        seen = await client.exchange(create(200_000))

    assert CREATED == seen.body


@pytest.mark.parametrize("certificate", ["self-signed", "expired", "wrong-host"])
async def test_untrusted_server(make_client, certificates, certificate):
    """A server that cannot prove who it is hears nothing."""
    play, settings = (drop_at_once, certificates.server(certificate)), {"ca_bundle": certificates.authority}
    async with RawServer(*play) as server, make_client(server.url, **settings) as client:
        seen = await client.exchange(create())

    assert ("ClientConnectorCertificateError", True, False) == told(seen)
    assert [] == server.heard


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_environment_adds_no_trust(make_client, certificates, monkeypatch, variable):
    """Only the system's store or `--ca-bundle` says whom to trust, not a variable."""
    monkeypatch.setenv(variable, str(certificates.authority if variable == "SSL_CERT_FILE" else certificates.folder))
    async with RawServer(drop_at_once, certificates.server("good")) as server, make_client(server.url) as client:
        seen = await client.exchange(create())

    assert ("ClientConnectorCertificateError", True, False) == told(seen)


async def test_old_tls(make_client, certificates):
    """A server that knows nothing newer than TLS 1.1 hears nothing."""
    old = certificates.server("good")
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    play, settings = (drop_at_once, old), {"ca_bundle": certificates.authority}
    async with RawServer(*play) as server, make_client(server.url, **settings) as client:
        kind, started, headers_sent = told(await client.exchange(create()))

    assert kind in {"ClientConnectorError", "ClientConnectorSSLError"}
    assert (True, False) == (started, headers_sent)
    assert [] == server.heard
