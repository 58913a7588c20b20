"""The progress line: the words behind the bar, and where there is one."""

import asyncio
import io

import pytest

from bulk_onboard.cli.progress import Bar, described, shown
from bulk_onboard.pipeline.progress import Activity, Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def terminal_settings(monkeypatch):
    """The settings of an ordinary terminal, whatever the tests run on."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "160")


def test_rate_states_and_note():
    """The rate is by the minute; states without rows are left out."""
    states = {"rows": 90, "submitted": 81, "refused": 5, "held": 0}

    assert "58/min · 81 submitted, 5 refused · waiting" == described(states, "waiting", 0.97)


def test_nothing_known_yet():
    """In the first moments there is nothing to say."""
    assert "" == described({"rows": 90}, "", None)


def test_progress_on_a_terminal():
    """A terminal gets a bar with rows done and due, the states, and why the run waits."""
    stream = Terminal()

    with Bar(stream) as bar:
        bar.update(3, 20, {"rows": 20, "submitted": 3, "refused": 0}, "the quota is spent")

    assert "3/20" in stream.getvalue()
    assert "3 submitted · the quota is spent" in stream.getvalue()


async def test_run_is_watched_on_a_terminal():
    """What is under way is shown until the context ends."""
    stream = Terminal()

    async with shown(stream, quiet=False) as watch:
        watch(Progress(done=3, due=20, activity=Activity("the quota is spent")))
        await asyncio.sleep(0)

    assert "3/20" in stream.getvalue()
    assert "the quota is spent" in stream.getvalue()


@pytest.mark.parametrize(("stream", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
async def test_no_bar_when_quiet_or_elsewhere(stream, quiet):
    """Without a terminal, and when nobody wants it, nothing is written."""
    async with shown(stream, quiet=quiet) as watch:
        watch(Progress(done=3, due=20))
        await asyncio.sleep(0)

    assert "" == stream.getvalue()
