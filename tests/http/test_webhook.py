"""A notification to a real socket: what arrives there, and what is told when it does not."""

import socket
import ssl

import pytest

from bulk_onboard.api.address import trust_context
from bulk_onboard.notification.sending import post
from tests.support.inbox import Inbox

SECRET = "/services/canary?token=canary"
DATA = {"title": "3 rows need attention", "folder": "/job/\udcff"}


async def told(inbox: Inbox, **settings: object) -> str:
    """Why it did not arrive; the secret part of the address is never in it."""
    why = await post(f"{inbox.url}{SECRET}", DATA, **{"timeout_s": 5} | settings)
    assert "canary" not in why
    return why


async def test_webhook_gets_one_object_once():
    """A POST of JSON, also of a path that is no UTF-8, with no credentials but the address."""
    async with Inbox(http_status=204) as inbox:
        assert "" == await told(inbox)

    (arrival,) = inbox.arrivals
    assert ("POST", "/services/canary", DATA) == (arrival.method, arrival.path, arrival.json)
    assert "application/json" == arrival.headers["Content-Type"]
    assert arrival.headers["User-Agent"].startswith("bulk-onboard/")
    assert not {"Authorization", "Cookie"} & set(arrival.headers)


async def test_redirect_is_not_followed():
    """Neither to another host nor as a GET: it is no success."""
    async with Inbox() as other, Inbox(http_status=307, location=f"{other.url}/canary") as inbox:
        why = await told(inbox)

    assert "it answered with HTTP status 307, a redirect, which is never followed" == why
    assert ([], 1) == (other.arrivals, len(inbox.arrivals))


@pytest.mark.parametrize("http_status", [400, 404, 500, 503])
async def test_any_other_answer_is_a_trouble(http_status):
    """It is told, and not sent again."""
    async with Inbox(http_status=http_status) as inbox:
        assert f"it answered with HTTP status {http_status}" == await told(inbox)

    assert 1 == len(inbox.arrivals)


async def test_server_that_never_answers_is_left():
    """After the time that it has for all."""
    async with Inbox(hangs=True) as inbox:
        assert "it did not answer within 0.3 s" == await told(inbox, timeout_s=0.3)


async def test_refused_connection():
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        inbox = Inbox(port=server.getsockname()[1])

    assert "it could not be reached" == await told(inbox)


async def test_address_that_no_client_takes():
    """One sentence, without the address that aiohttp would put into it."""
    why = await post("http://127.0.0.1:canary/canary", DATA)

    assert why
    assert "canary" not in why


async def test_proxy_and_password_file_of_the_environment_are_not_heeded(monkeypatch, tmp_path):
    """Whatever other programs are told to use."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login canary password canary")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with Inbox() as proxy, Inbox() as inbox:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert "" == await told(inbox)

    assert [] == proxy.arrivals
    assert "Authorization" not in inbox.arrivals[0].headers


async def test_proxy_that_is_named_is_gone_through():
    """The whole address goes to the proxy, which hands on."""
    async with Inbox() as proxy, Inbox() as inbox:
        assert "" == await told(inbox, proxy=proxy.url)

    assert (1, []) == (len(proxy.arrivals), inbox.arrivals)


@pytest.mark.parametrize(("name", "arrives"), [("good", True), ("self-signed", False), ("wrong-host", False)])
async def test_certificate_is_checked(certificates, name, arrives):
    """Nothing is sent to a server whose certificate is not trusted."""
    tls: ssl.SSLContext = trust_context(certificates.authority)
    async with Inbox(tls=certificates.server(name)) as inbox:
        why = await told(inbox, tls=tls)

    assert ("" if arrives else "its certificate is not trusted, or no secure connection could be made") == why
    assert arrives == bool(inbox.arrivals)
