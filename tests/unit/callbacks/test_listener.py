"""The listener on a real socket: what it answers to whom, and what it never reads."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from bulk_onboard.callbacks.callback import Endpoint, Reception, signature
from bulk_onboard.callbacks.listener import LONGEST_BODY, MOST_CONNECTIONS, Inbox, Listener
from bulk_onboard.errors import UsageError

IDS = ("compliance_id", "id")

URL, TOKEN = "https://callbacks.example.com/r/3f9a", "an-invented-token"


class Shelf:
    """Takes hints, or fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.ids: list[str] = []
        self.failures = failures

    def keep(self, compliance_id: str) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError(5, "Input/output error")
        self.ids.append(compliance_id)


@asynccontextmanager
async def listening(shelf: Shelf | None = None, **settings: Any) -> AsyncIterator[Listener]:
    inbox = Inbox(Endpoint(URL, (TOKEN,), IDS), (shelf or Shelf()).keep)
    async with Listener("127.0.0.1", 0, [inbox], **settings) as listener:
        yield listener


def at(listener: Listener) -> str:
    """Where a proxy hands on what comes for the public address."""
    return listener.address + urlsplit(URL).path


async def sent(
    listener: Listener, body: Any = b'{"compliance_id":"c1"}', nonce: str = "n1", method: str = "POST", **options: Any
) -> tuple[int, str]:
    """Status and word of a request, signed for the public address."""
    headers = {"X-Plivo-Signature-V3": signature(TOKEN, URL, nonce), "X-Plivo-Signature-V3-Nonce": nonce}
    headers["Content-Type"] = "application/json"
    return await posted(listener, body, headers, method, **options)


async def posted(
    listener: Listener, body: Any, headers: dict[str, str], method: str = "POST", *, url: str = ""
) -> tuple[int, str]:
    """Status and word of a request with just these headers."""
    request = {"data": body, "headers": headers}
    async with aiohttp.ClientSession() as session, session.request(method, url or at(listener), **request) as response:
        return response.status, await response.text()


async def test_signed_callback_is_kept_before_it_is_answered():
    """A yes means that the hint was kept, and whoever works hints off is woken."""
    shelf = Shelf()
    async with listening(shelf) as listener:
        answer = await sent(listener)

    assert (200, "taken\n") == answer
    assert ["c1"] == shelf.ids


async def test_what_the_disk_did_not_take_is_asked_for_again():
    """The API gets a no, and repeats the same request."""
    shelf = Shelf(failures=1)
    async with listening(shelf) as listener:
        answers = [await sent(listener), await sent(listener)]

    assert [503, 200] == [status for status, _ in answers]
    assert ["c1"] == shelf.ids


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"url": lambda url: url + "/else"}, (404, "nothing here\n")),
        ({"url": lambda url: url.replace("/r/", "/R/")}, (404, "nothing here\n")),
        ({"url": lambda url: url.removesuffix(urlsplit(url).path)}, (404, "nothing here\n")),
        ({"method": "PUT"}, (405, "GET or POST\n")),
        ({"url": lambda url: url + "?a=1"}, (403, "wrongly signed\n")),
        ({"headers": True}, (403, "not signed\n")),
    ],
    ids=["another path", "case", "no path", "another method", "another query", "no signature"],
)
async def test_what_is_not_the_api_is_told_no(change, answer):
    """One plain word, and nothing is kept."""
    shelf = Shelf()
    async with listening(shelf) as listener:
        if "headers" in change:
            found = await posted(listener, b"{}", {})
        else:
            url: Callable[[str], str] = change.get("url", lambda url: url)
            found = await sent(listener, method=change.get("method", "POST"), url=url(at(listener)))

    assert answer == found
    assert [] == shelf.ids


async def test_host_headers_are_not_believed():
    """What is signed is the configured address; a proxy's headers, or a caller's, change nothing."""
    nonce = "n1"
    forged = signature(TOKEN, "https://evil.example.com/r/3f9a", nonce)
    headers = {
        "X-Plivo-Signature-V3": forged,
        "X-Plivo-Signature-V3-Nonce": nonce,
        "Host": "evil.example.com",
        "X-Forwarded-Host": "evil.example.com",
    }
    async with listening() as listener:
        answer = await posted(listener, b"", headers)

    assert (403, "wrongly signed\n") == answer


@pytest.mark.parametrize("told", [True, False], ids=["announced", "chunked"])
async def test_large_body_is_refused_however_it_comes(told):
    """64 KiB are taken, one byte more is not; ten megabytes are not read."""

    async def chunks(size: int) -> AsyncIterator[bytes]:
        for start in range(0, size, 8192):
            yield b" " * min(8192, size - start)

    async with listening() as listener:
        statuses = [
            (await sent(listener, io.BytesIO(b" " * size) if told else chunks(size), nonce=str(size)))[0]
            for size in (LONGEST_BODY, LONGEST_BODY + 1, 10_000_000)
        ]

    assert [200, 413, 413] == statuses


async def test_compressed_body_is_not_unpacked():
    """What was signed is what came; a bomb stays what it is."""
    async with listening() as listener:
        headers = {"Content-Encoding": "gzip", "X-Plivo-Signature-V3-Nonce": "n1"}
        headers["X-Plivo-Signature-V3"] = signature(TOKEN, URL, "n1")
        answer = await posted(listener, b"\x1f\x8b no gzip", headers)

    assert (200, "names no record\n") == answer


async def test_sender_that_does_not_go_on_is_given_up():
    """A body that does not come blocks nobody for long."""
    async with listening(body_wait_s=0.1) as listener:
        parts = urlsplit(at(listener))
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc".encode())
        head = await asyncio.wait_for(reader.readline(), 5)
        writer.close()

    assert b" 408 " in head


async def test_slow_bodies_do_not_keep_the_listener_from_answering():
    """Many of them; a good call does not wait until they are given up."""
    async with listening(body_wait_s=30.0) as listener:
        parts = urlsplit(at(listener))
        slow = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(MOST_CONNECTIONS // 2)]
        for _, writer in slow:
            writer.write(f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc".encode())
            await writer.drain()
        await asyncio.sleep(0.1)
        answer = await asyncio.wait_for(sent(listener), 5)
        for _, writer in slow:
            writer.close()

    assert (200, "taken\n") == answer


@pytest.mark.parametrize("line", [b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"a" * 9000 + b"\r\n\r\n"])
async def test_what_is_no_http_is_not_logged(line, capfd):
    """Nothing that somebody sends reaches the terminal."""
    async with listening() as listener:
        parts = urlsplit(at(listener))
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(line)
        await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert ("", "") == capfd.readouterr()


async def test_logs_hold_nothing_that_was_sent(caplog):
    """Neither id nor reason nor nonce is in a log line, also where the hint could not be kept."""
    body = json.dumps({"compliance_id": "c1-secret", "event": "mine", "rejection_reason": "Mr Somebody"}).encode()
    async with listening(Shelf(failures=1)) as listener:
        for _ in range(2):
            await sent(listener, body, nonce="nonce-7")

    said = caplog.text
    assert "hint not kept" in said
    assert not {"c1-secret", "mine", "Somebody", "nonce-7", TOKEN} & set(said.replace('"', " ").split())


async def test_bug_is_told_by_its_name_alone(caplog):
    """The API is asked to send again; what was sent stays out of the log."""
    inbox = Inbox(Endpoint(URL, None, IDS), Shelf().keep)  # type: ignore[arg-type]
    async with Listener("127.0.0.1", 0, [inbox]) as listener:
        answer = await sent(listener, b'{"compliance_id": "c1-secret"}')

    said = caplog.text
    assert (503, "try again later\n") == answer
    assert "TypeError" in said
    assert "secret" not in said
    assert "Traceback" not in said


async def test_two_thousand_at_once_are_all_answered():
    """A flood waits its turn; each record's hint is kept at least once."""
    shelf = Shelf()
    async with listening(shelf) as listener:
        connector = aiohttp.TCPConnector(limit=200)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one(number: int) -> int:
                headers = {
                    "X-Plivo-Signature-V3": signature(TOKEN, URL, str(number)),
                    "X-Plivo-Signature-V3-Nonce": str(number),
                }
                body = json.dumps({"id": f"c{number % 30}"}).encode()
                async with session.post(at(listener), data=body, headers=headers) as response:
                    return response.status

            statuses = await asyncio.gather(*map(one, range(2000)))

    assert {200} == set(statuses)
    assert {f"c{number}" for number in range(30)} == set(shelf.ids)


async def test_taken_port_is_told():
    """Whoever chose it reads a sentence."""
    async with listening() as listener:
        port = urlsplit(listener.address).port
        with pytest.raises(UsageError, match=f"port {port}"):
            async with Listener("127.0.0.1", port, []):
                pass


async def test_each_account_has_a_path_of_its_own():
    """At one port; a signature counts with that account's token only, and a hint goes to that account alone."""
    shelves, ids = {"acme": Shelf(), "bravo": Shelf()}, b'{"compliance_id":"c1"}'
    inboxes = {
        name: Inbox(Endpoint(f"{URL}/{name}", (f"{TOKEN}-{name}",), IDS), shelf.keep) for name, shelf in shelves.items()
    }

    async def told(account: str, *, by: str, path: str) -> int:
        made = signature(f"{TOKEN}-{by}", f"{URL}/{account}", "n1")
        headers = {"X-Plivo-Signature-V3": made, "X-Plivo-Signature-V3-Nonce": "n1", "Content-Type": "application/json"}
        return (await posted(listener, ids, headers, url=f"{at(listener)}{path}"))[0]

    async with Listener("127.0.0.1", 0, inboxes.values()) as listener:
        statuses = [
            await told("acme", by="acme", path="/acme"),
            await told("acme", by="acme", path="/bravo"),
            await told("bravo", by="acme", path="/bravo"),
            *[await told("acme", by="acme", path=path) for path in ("", "/", "/acme/", "/charlie", "/ACME")],
        ]

    assert [200, 403, 403, *[404] * 5] == statuses
    assert (["c1"], []) == (shelves["acme"].ids, shelves["bravo"].ids)
    assert {Reception.TAKEN: 1} == inboxes["acme"].counts
    assert {Reception.FORGED: 2} == inboxes["bravo"].counts
    assert 5 == listener.elsewhere
