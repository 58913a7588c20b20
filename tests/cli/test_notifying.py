"""A message to several addresses: webhooks and what apprise knows, each for itself."""

import socket
import sys
from pathlib import PurePosixPath
from types import ModuleType

import pytest

from bulk_onboard.cli.notifying import send
from bulk_onboard.errors import ExitStatus
from bulk_onboard.notification.message import message_of
from bulk_onboard.notification.sending import hand_over, is_hanging
from tests.support.inbox import Inbox

MESSAGE = message_of(
    "migration",
    ExitStatus.ROWS_NEED_ATTENTION,
    {"counts": {"rows": 3, "invalid": 3}, "report": "a_b_c.report.xlsx"},
    host="server",
    folder=PurePosixPath("/job"),
)


def through_apprise(inbox: Inbox) -> str:
    """The inbox as an address of apprise's."""
    return f"json://127.0.0.1:{inbox.port}/canary"


async def test_apprise_hands_on_title_text_and_level():
    """Underscores of paths come through as they are."""
    async with Inbox() as inbox:
        assert [] == await send(MESSAGE, [through_apprise(inbox)])

    (arrival,) = inbox.arrivals
    assert (MESSAGE.title, MESSAGE.text, "warning") == tuple(arrival.json[n] for n in ("title", "message", "type"))


async def test_each_address_is_tried_whatever_becomes_of_the_others():
    """One sentence for each that failed, by number and scheme; the two good ones have it."""
    async with Inbox() as good, Inbox(http_status=500) as broken:
        sentences = await send(
            MESSAGE,
            [
                f"{broken.url}/canary",
                f"{good.url}/canary",
                through_apprise(broken),
                through_apprise(good),
                "http://canary.example/canary",
                "https://[canary",
                "canary",
                "nosuchservice://canary",
            ],
        )

    assert 2 == len(good.arrivals)
    start = "The notification did not reach address {} of BULK_ONBOARD_NOTIFY ({}): {}"
    assert [
        start.format(1, "http", "it answered with HTTP status 500."),
        start.format(3, "json", "the service could not be reached, or refused it."),
        start.format(5, "http", "plain http is for this machine only; use https."),
        start.format(6, "https", "it cannot be read."),
        start.format(7, "no scheme", "it does not begin with https://, nor with a service such as slack://."),
        start.format(8, "nosuchservice", "apprise does not take it; see apprise's documentation for its form, and "
                     "what else it needs."),
    ] == [sentence.removesuffix(" The run itself is not affected.") for sentence in sentences]  # fmt: skip


async def test_apprise_follows_no_redirect_either():
    """The other host gets nothing."""
    async with Inbox() as other, Inbox(http_status=307, location=f"{other.url}/canary") as inbox:
        (sentence,) = await send(MESSAGE, [through_apprise(inbox)])

    assert "could not be reached, or refused it" in sentence
    assert ([], 1) == (other.arrivals, len(inbox.arrivals))


async def test_service_that_hangs_costs_a_sentence():
    """Nobody waits for it any longer, and whoever ends the process knows that it is still there."""
    async with Inbox(hangs=True) as inbox:
        why = await hand_over(through_apprise(inbox), MESSAGE, timeout_s=0.2)

        assert ("it took more than 0.2 s", True) == (why, is_hanging())


async def test_without_apprise_the_sentence_says_what_to_type(monkeypatch):
    """Plain webhooks go out all the same."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    async with Inbox() as inbox:
        (sentence,) = await send(MESSAGE, [through_apprise(inbox), inbox.url])

    assert "pip install 'bulk-onboard[notify]'" in sentence
    assert 1 == len(inbox.arrivals)


async def test_library_that_breaks_down_costs_a_sentence(monkeypatch):
    """Its error is told without its text, which may hold the address."""
    monkeypatch.setitem(sys.modules, "apprise", ModuleType("apprise"))

    (sentence,) = await send(MESSAGE, ["slack://canary"])

    assert "apprise failed on it (AttributeError)" in sentence
    assert "canary" not in sentence


async def test_service_is_told_the_message_and_nothing_of_ours(monkeypatch):
    """No credentials, and none of what the webhooks' object has besides."""
    for name in ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN", "BULK_ONBOARD_NOTIFY"):
        monkeypatch.setenv(name, "secret-part")

    async with Inbox() as inbox:
        await send(MESSAGE, [through_apprise(inbox)])

    (arrival,) = inbox.arrivals
    assert "secret-part" not in f"{arrival.headers} {arrival.text}"
    assert {"version", "title", "message", "attachments", "type"} == set(arrival.json)


@pytest.mark.parametrize("scheme", ["http", "json"])
async def test_nobody_listens(scheme):
    """A sentence, no error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    (sentence,) = await send(MESSAGE, [f"{scheme}://127.0.0.1:{port}/canary"])

    assert "could not be reached" in sentence
    assert "canary" not in sentence
