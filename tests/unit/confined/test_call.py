"""A confined child: what it can do, and how each way to fail is told."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bulk_onboard.confined.call import ConfinedError, Failure, run_confined
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import ExitStatus, SignalledError

ROOT = Path(__file__).parents[3]
WORK = "tests.support.confined_work"
LIMITS = Limits(cpu_s=1, wall_s=10)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """The work is part of the tests, not of the package."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def source(tmp_path):
    """An open file of two lines."""
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo\n")
    with path.open("rb") as file:
        yield file


def failure(request: bytes, source, limits: Limits = LIMITS) -> tuple[Failure, str]:
    """How the child failed."""
    with pytest.raises(ConfinedError) as caught:
        list(run_confined(WORK, request, source, limits))
    return caught.value.failure, str(caught.value)


def test_answer_comes_in_pieces(source, monkeypatch, tmp_path):
    """The child reads the file it was handed, whatever the working directory."""
    monkeypatch.chdir(tmp_path)

    assert [b"one\n", b"two\n"] == list(run_confined(WORK, b"echo", source, LIMITS))


def test_credentials_stay_here(source, monkeypatch):
    """Nothing of the environment but what Python needs reaches the child."""
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "canary")

    (told,) = run_confined(WORK, b"environment", source, LIMITS)

    assert "canary" not in told.decode()
    assert not [name for name in json.loads(told) if name.startswith("PLIVO")]


@pytest.mark.parametrize("request_", [b"open_file", b"open_socket"])
def test_doors_are_shut(request_, source):
    """Neither a file nor a socket can be opened."""
    kind, text = failure(request_, source)

    assert (Failure.UNFORESEEN, "OSError") == (kind, text.partition(" at ")[0])


def test_limits(source):
    """Memory, computing, waiting and the answer's length are bounded, and the bound is told."""
    small = Limits(memory=1 << 29, cpu_s=1, wall_s=1, answer=10_000)

    assert (Failure.MEMORY, "it needs more than 512.0 MiB of memory") == failure(b"eat_memory", source, small)
    assert (Failure.TIME, "it takes more than 1 s") == failure(b"burn", source)
    assert (Failure.TIME, "it takes more than 1 s") == failure(b"sleep", source, small)
    assert (Failure.ANSWER, "it holds more than 9.8 KiB of text") == failure(b"pour", source, small)


def test_a_line_without_end_is_bounded(source):
    """No more of an answer is taken than it may have, and its end is not waited for, also where it is one line."""
    before = time.monotonic()

    failed = failure(b"pour_one_line", source, Limits(cpu_s=1, wall_s=10, answer=10_000))

    assert (Failure.ANSWER, "it holds more than 9.8 KiB of text") == failed
    assert time.monotonic() - before < 5


def test_torn_line_never_comes(source):
    """Of a child that is killed while it answers only whole lines are given, then the error."""
    taken = []

    with pytest.raises(ConfinedError, match="break down"):
        taken.extend(run_confined(WORK, b"tear", source, LIMITS))

    assert [b"one\n"] == taken


def test_crashes(source):
    """Compiled code that breaks down ends the child, not us."""
    assert (Failure.CRASHED, "it makes its reader break down (11)") == failure(b"crash", source)
    assert (Failure.CRASHED, "it makes its reader break down (6)") == failure(b"abort", source)


def test_own_words_come_through(source):
    """A foreseen error is told with its sentence."""
    assert (Failure.REFUSED, "Mend it – so.") == failure(b"refuse", source)


def test_unforeseen_errors_show_no_data(source, capfd):
    """Type and place are told, never the text; nothing is printed."""
    kind, text = failure(b"stumble", source)

    assert (Failure.UNFORESEEN, "KeyError at __main__.py") == (kind, text.partition(":")[0])
    assert ("", "") == capfd.readouterr()


def test_interrupt_is_ours_too(source, capfd):
    """Ctrl-C reaches the child as it reaches us: without a traceback."""
    with pytest.raises(SignalledError) as caught:
        list(run_confined(WORK, b"interrupt", source, LIMITS))

    assert ExitStatus.INTERRUPTED == caught.value.exit_status
    assert ("", "") == capfd.readouterr()


def test_whoever_stops_listening_ends_it(source):
    """A child whose answer nobody wants any more is gone."""
    pieces = run_confined(WORK, b"pid", source, LIMITS)
    child = int(next(pieces))

    pieces.close()

    assert not Path(f"/proc/{child}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_it_dies_with_its_parent(tmp_path):
    """A parent that is killed leaves no child behind."""
    (tmp_path / "file").write_bytes(b"x")
    code = f"""
        from bulk_onboard.confined.call import run_confined
        from bulk_onboard.confined.limits import Limits
        for piece in run_confined({WORK!r}, b"pid", open({str(tmp_path / "file")!r}, "rb"), Limits(cpu_s=20)):
            print(piece.decode().strip(), flush=True)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, env={**os.environ}, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        parent.stdout.readline()  # from here on the child says nothing, so no closed pipe will end it
        parent.kill()

    assert _gone_within(child, 5)


def _gone_within(pid: int, limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
