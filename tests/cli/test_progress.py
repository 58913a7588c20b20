"""What people see while a run goes on: one line on a terminal, a line a minute elsewhere."""

import io
import json
import time
from datetime import UTC, datetime

import pytest
import structlog

from bulk_onboard import log
from bulk_onboard.cli import progress as cli_progress
from bulk_onboard.cli.glance import Glance, Watch
from bulk_onboard.cli.progress import end_line, fitted, minute_line, pieces_of, shown
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.pipeline.progress import Flow, Progress

NOW = datetime(2026, 1, 5, 15, 28, 30, tzinfo=UTC)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def terminal_settings(monkeypatch):
    """The settings of an ordinary terminal, whatever the tests run on."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "160")


def line(width=200, **seen):
    """The line of a run as it was seen, as wide as fits."""
    glance = Glance(now=NOW, **seen)
    return " · ".join(piece.text for piece in fitted(pieces_of(glance), width))


SENDING = {"done": 51, "due": 200, "allowed": "60/min", "left_s": 148.0, "next_s": 37.0}
SETTLE = {"doing": "waiting until all sends show", "then": "looking for duplicates"}
REVIEWS = {"doing": "14 reviews pending", "then": "looking again", "doing_left_s": 40.0, "done": 200, "due": 200}


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({}, ""),
        ({"doing": "reading the workbook"}, "reading the workbook"),
        (SENDING, "51/200 · 60/min allowed · about 2 min 30 s left (15:30) · next call in 37 s"),
        (SENDING | {"next_s": 0.4}, "51/200 · 60/min allowed · about 2 min 30 s left (15:30)"),
        (SENDING | {"left_s": None, "next_s": None}, "51/200 · 60/min allowed · waiting for the API to answer"),
        (
            SENDING | {"left_s": 9 * 3600.0 + 100},
            "51/200 · 60/min allowed · about 9 h 2 min left (Tue 00:30) · next call in 37 s",
        ),
        (
            SENDING | {"trouble": "the API does not answer; trying again in 30 s"},
            "51/200 · 60/min allowed · the API does not answer; trying again in 30 s",
        ),
        (
            SENDING | {"unknown": 3, "next_look_s": 20.0, "next_s": 0.0},
            "51/200 · 60/min allowed · about 2 min 30 s left (15:30) · settling 3 unknown outcomes",
        ),
        (
            {"done": 200, "due": 200, "left_s": 20.0, "unknown": 1, "next_look_s": 20.0},
            "200/200 · about 20 s left (15:28) · settling 1 unknown outcome, next look in 20 s",
        ),
        (
            {"done": 200, "due": 200, "left_s": 72.0, "doing_left_s": 70.0, **SETTLE},
            (
                "200/200 · waiting until all sends show; looking for duplicates in 1 min 10 s "
                "(15:29) · about 1 min 10 s left (15:29)"
            ),
        ),
        (
            REVIEWS | {"gives_up_s": 7 * 86_400.0 + 3600},
            "14 reviews pending; looking again in 40 s (15:29); gives up on 12 Jan 16:28",
        ),
        (REVIEWS | {"gives_up_s": 3600.0}, "14 reviews pending; looking again in 40 s (15:29); gives up at 16:28"),
        ({"doing": "fetching review results", "next_s": 20.0}, "fetching review results · next call in 20 s"),
    ],
)
def test_the_line_says_what_is_true(seen, said):
    """Rows, quota, the time that is left with its hour, and what is waited for; never a time that is nonsense."""
    assert said == line(**seen)


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (80, "51/200 · 60/min allowed · about 2 min 30 s left (15:30) · next call in 37 s"),
        (60, "51/200 · about 2 min 30 s left (15:30) · next call in 37 s"),
        (50, "51/200 · about 2 min 30 s left (15:30)"),
        (20, "51/200"),
        (4, "51/…"),
    ],
)
def test_a_narrow_terminal_gets_what_matters_most(width, said):
    """It is one line at any width."""
    assert said == line(width, **SENDING)


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (100, "0/200 · waiting until all sends show; looking for duplicates in 1 min 10 s · about 4 min 30 s left"),
        (79, "0/200 · waiting until all sends show (1 min 10 s) · about 4 min 30 s left"),
        (59, "0/200 · waiting until all sends show (1 min 10 s)"),
    ],
)
def test_a_wait_is_said_with_fewer_words_before_anything_of_it_is_cut_off(width, said):
    """In 80 columns it says why it waits, how long, and how long everything takes; in 60 it says the first two."""
    assert said == line(width, done=0, due=200, allowed="60/min", left_s=270.0, doing_left_s=70.0, **SETTLE)


def test_what_is_waited_for_is_cut_rather_than_left_out():
    """A line that says nothing of a wait looks as if nothing went on."""
    assert "14 reviews pending; looking again in 40 s" == line(59, **REVIEWS, gives_up_s=3600.0)
    assert "14 reviews pend…" == line(16, **REVIEWS, gives_up_s=3600.0)
    assert "200/200" == line(12, **REVIEWS)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (SENDING, "51 of 200 done, about 2 min 30 s left (15:30)"),
        ({"doing": "reading the workbook"}, "reading the workbook"),
        (REVIEWS | {"gives_up_s": 3600.0}, "14 reviews pending; looking again in 40 s (15:29); gives up at 16:28"),
        ({}, "working"),
    ],
)
def test_a_log_says_it_in_a_line_a_minute(seen, said):
    """Without what changes from second to second."""
    assert said == minute_line(Glance(now=NOW, **seen))


def test_the_last_line_says_how_long_it_took():
    """Whoever reads the mail of cron sees it at a glance."""
    assert "200 of 200 done in 3 min 20 s" == end_line(Glance(now=NOW, done=200, due=200), 200.4)


def at_work(**said) -> Progress:
    """A run under way."""
    return Progress(done=51, due=200, flow=lambda: Flow("60/min", 0.0), time_left=lambda: 148.0, **said)


def test_a_row_with_an_unknown_outcome_is_not_sent_yet():
    """It is one of those that are settled; what an earlier process left unknown was never counted."""
    progress = at_work(unsure=lambda: 7, settling=lambda: (9, 0.0))

    glance = Watch([progress], SystemClock()).look()

    assert (44, 200, 9) == (glance.done, glance.due, glance.unknown)


def test_a_terminal_gets_a_line_that_is_gone_at_the_end():
    """With a bar that is green, for all is well."""
    stream = Terminal()

    with shown([at_work()], stream, quiet=False):
        time.sleep(0.05)  # the line is drawn by a thread of its own

    said = stream.getvalue()
    assert "51/200 · 60/min allowed · about 2 min 30 s left" in said
    assert "\x1b[32m━" in said
    assert "\x1b[31m" not in said
    assert said.endswith("\x1b[2K")


def test_no_color_is_heeded(monkeypatch):
    """The line is there all the same."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()

    with shown([at_work()], stream, quiet=False):
        time.sleep(0.05)

    assert "51/200" in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue()


@pytest.fixture
def minutes_are_short(monkeypatch):
    """A minute is over at once, and the run is looked at very often."""
    monkeypatch.setattr(cli_progress, "EACH_S", 0.02)
    monkeypatch.setattr(cli_progress, "_LOOKS_PER_S", 1000)


def lines_of(stream: io.StringIO, least: int) -> list[str]:
    """What was logged, once there are so many lines."""
    until = time.monotonic() + 5
    while stream.getvalue().count("\n") < least and time.monotonic() < until:
        time.sleep(0.001)
    return stream.getvalue().splitlines()


@pytest.mark.usefixtures("minutes_are_short")
@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_elsewhere_there_is_a_line_a_minute(monkeypatch, term):
    """In a pipe, and on a terminal that can draw nothing anew: one when it is known what is due, and one at the end."""
    monkeypatch.setenv("TERM", term)
    stream = Terminal() if term == "dumb" else io.StringIO()

    with shown([at_work()], stream, quiet=False, zone=UTC):
        lines_of(stream, 3)

    *minutes, last = stream.getvalue().splitlines()
    assert {"51 of 200 done, about 2 min 30 s left"} == {each[6:].partition(" (")[0] for each in minutes}
    assert last[6:].startswith("51 of 200 done in ")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.usefixtures("minutes_are_short")
def test_a_line_that_is_logged_is_true_of_all_of_very_many_accounts():
    """The line on a terminal takes some of them anew at each look; one a minute would be minutes behind."""
    stream, accounts = io.StringIO(), [Progress(due=2) for _ in range(300)]

    with shown(accounts, stream, quiet=False, zone=UTC):
        lines_of(stream, 1)
        for each in accounts:
            each.done, each.ended = 2, ExitStatus.DONE

    assert stream.getvalue().splitlines()[-1][6:].startswith("600 of 600 done in ")


@pytest.mark.usefixtures("minutes_are_short")
def test_a_log_for_machines_gets_the_same_as_events(monkeypatch):
    """No line of it is anything but an object."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    log.configure(form=log.JSON)

    with shown([at_work()], stream, quiet=False):
        lines_of(stream, 2)
    log.note("Stopping: calls in flight finish.")
    log.forget()
    structlog.reset_defaults()

    events = [json.loads(each) for each in stream.getvalue().splitlines()]
    assert {"done": 51, "due": 200, "left_s": 148} == {name: events[0][name] for name in ("done", "due", "left_s")}
    assert "Stopping: calls in flight finish." == events[-1]["event"]


def test_short_work_says_nothing():
    """A run that is over at once is told by its result alone."""
    stream = io.StringIO()

    with shown([Progress()], stream, quiet=False):
        pass

    assert "" == stream.getvalue()


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_quiet_is_quiet(stream):
    """Nobody wants to see it."""
    with shown([at_work()], stream, quiet=True):
        time.sleep(0.02)

    assert "" == stream.getvalue()
