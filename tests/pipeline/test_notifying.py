"""A message to several addresses: webhooks and what apprise knows, each for itself."""

import asyncio
import socket
from pathlib import Path, PurePosixPath

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.notification import services
from bulk_onboard.notification.message import message_of
from bulk_onboard.pipeline.notifying import notify
from tests.support.inbox import Inbox

MESSAGE = message_of(
    "migration",
    ExitStatus.ROWS_NEED_A_PERSON,
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
        assert [] == await notify(MESSAGE, [through_apprise(inbox)])

    (arrival,) = inbox.arrivals
    assert (MESSAGE.title, MESSAGE.text, "warning") == tuple(arrival.json[n] for n in ("title", "message", "type"))


async def test_each_address_is_tried_whatever_becomes_of_the_others():
    """One sentence for each that failed, by number and scheme; the two good ones have it."""
    async with Inbox() as good, Inbox(http_status=500) as broken:
        sentences = await notify(
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
    ] == [sentence.removesuffix(" What the run did stands.") for sentence in sentences]  # fmt: skip


async def test_apprise_follows_no_redirect_either():
    """The other host gets nothing."""
    async with Inbox() as other, Inbox(http_status=307, location=f"{other.url}/canary") as inbox:
        (sentence,) = await notify(MESSAGE, [through_apprise(inbox)])

    assert "could not be reached, or refused it" in sentence
    assert ([], 1) == (other.arrivals, len(inbox.arrivals))


async def test_service_that_hangs_is_ended(monkeypatch, tmp_path):
    """Its process is gone when the sentence is there, whatever the library would wait for."""
    (tmp_path / "apprise.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before = children()

    async with asyncio.timeout(20):
        why = await services.hand_over("slack://canary", MESSAGE, timeout_s=0.2)

    assert "it took more than 0.2 s" == why
    assert before == children()


def children() -> set[str]:
    """The child processes of this one, whichever of its threads began them."""
    return {pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}


async def test_without_apprise_the_sentence_says_what_to_type(monkeypatch, tmp_path):
    """Plain webhooks go out all the same."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'apprise':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with Inbox() as inbox:
        (sentence,) = await notify(MESSAGE, [through_apprise(inbox), inbox.url])

    assert "pip install 'bulk-onboard[notify]'" in sentence
    assert 1 == len(inbox.arrivals)


async def test_service_sees_no_credentials_and_is_not_told_by_command_line(monkeypatch, tmp_path):
    """What a library of a service could read is the address it is for, and nothing of ours."""
    (tmp_path / "apprise.py").write_text(
        f"import os, pathlib, sys\n"
        f"seen = [*sys.argv, *pathlib.Path('/proc/self/cmdline').read_text().split(chr(0)), *os.environ.values()]\n"
        f"pathlib.Path({str(tmp_path / 'seen')!r}).write_text(chr(10).join(seen))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in ("PLIVO_AUTH_TOKEN", "PLIVO_AUTH_TOKEN_FILE", "BULK_ONBOARD_NOTIFY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.setenv(name, "canary")

    (sentence,) = await notify(MESSAGE, ["slack://canary"])

    assert "apprise broke down over it" in sentence
    seen = (tmp_path / "seen").read_text()
    assert str(tmp_path) in seen
    assert "canary" not in seen


@pytest.mark.parametrize("scheme", ["http", "json"])
async def test_nobody_listens(scheme):
    """A sentence, no error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    (sentence,) = await notify(MESSAGE, [f"{scheme}://127.0.0.1:{port}/canary"])

    assert "could not be reached" in sentence
    assert "canary" not in sentence
