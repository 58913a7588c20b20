"""The parent's half of work in a confined child: start it, send the request, take the answer, name every failure."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, BinaryIO

import bulk_onboard
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import BulkOnboardError, ExitStatus, SignalledError
from bulk_onboard.units import format_duration, format_size

LIMITS = Limits()

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONUSERBASE")
"""All that a child gets of our environment: what Python may need to start, and no credentials."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy would start one for each core, which the limits forbid, and take 40 MB of address space for each."""

_SIGNALLED = {
    -signal.SIGHUP: ExitStatus.HUNGUP,
    -signal.SIGINT: ExitStatus.INTERRUPTED,
    -signal.SIGTERM: ExitStatus.TERMINATED,
}
_STARVED = (b"memory allocation of", b"MemoryError")
"""What compiled code writes when memory runs out, and Python where it cannot even report it."""

_BUFFER = 1 << 20
LAST_WORDS = 1 << 16
"""Bytes of a child's failure that are read, at most."""


class Failure(StrEnum):
    """How a child can fail."""

    START = "start"
    REFUSED = "refused"
    TIME = "time"
    MEMORY = "memory"
    ANSWER = "answer"
    CRASHED = "crashed"
    UNFORESEEN = "unforeseen"


class ConfinedError(BulkOnboardError):
    """The child gave no whole answer.

    Its text is the child's own sentence for `REFUSED`; else what happened, to be put into a sentence ("it …").
    """

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure


def run_confined(module: str, request: bytes, source: BinaryIO, limits: Limits = LIMITS) -> Iterator[bytes]:
    """Yield what `module.answer(request, source)` gives in a child as it comes, divided at line breaks.

    A last piece without a line break comes only once the child has ended well. Closing the iterator ends the child.

    Args:
        module: full name of a module of ours with a function `answer` (see the package).
        request: what it is asked, in a form of its own.
        source: an open file, read by the child and untouched by the parent until the end.
        limits: what it may use.

    Raises:
        ConfinedError: a limit, a crash, the child's own sentence, or that it cannot be started; the pieces given before
            must not be used then.
        SignalledError: Ctrl-C, SIGTERM or SIGHUP reached the child.
    """
    return in_child(module, request, source, limits)


def in_child(module: str, request: bytes, source: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """Do what `run_confined` promises. Tests of other things put the same work in their own process in its place."""
    with _begun(module, limits, source.fileno()) as child:
        late = threading.Event()
        timer = threading.Timer(limits.wall_s, _end, (child, late))
        timer.start()
        try:
            torn = yield from _lines(child, request, limits)
            last_words = _pipe(child.stderr).read(LAST_WORDS)
            status = child.wait()
        finally:
            timer.cancel()
            child.kill()
    if late.is_set():
        raise out_of_time(limits.wall_s)
    if status:
        raise failure(status, last_words, limits)
    yield from filter(None, (torn,))


def _begun(module: str, limits: Limits, source: int) -> "subprocess.Popen[bytes]":
    """Start the child; ConfinedError where the system has no process, memory or file descriptors left for it."""
    try:
        return start(module, limits, source, stdin=subprocess.PIPE)
    except OSError as error:
        raise ConfinedError(Failure.START, f"no process can be started for it ({error.strerror})") from error


def start(module: str, limits: Limits, source: int, *, stdin: int) -> "subprocess.Popen[bytes]":
    """Start a child that does a module's work on the file, or pipe, that is open under a descriptor.

    Raises:
        OSError: the system has no process, memory or file descriptors left for it.
    """
    asked = (module, limits.memory, limits.cpu_s, source)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "bulk_onboard.confined", *map(str, asked)],
        bufsize=_BUFFER,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(source,),
        env=environment(),
    )


def _end(child: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    child.kill()


def environment() -> dict[str, str]:
    """Return the child's environment, in which this very package is imported whatever the working directory."""
    places = (str(Path(bulk_onboard.__file__).parents[1]), os.environ.get("PYTHONPATH"))
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, places)), "PYTHONUTF8": "1"} | _ONE_THREAD


def _lines(child: "subprocess.Popen[bytes]", request: bytes, limits: Limits) -> Generator[bytes, None, bytes]:
    """Yield whole lines as they come; return what is left after the last line break, which may be cut off."""
    with contextlib.suppress(BrokenPipeError), _pipe(child.stdin) as asking:  # it reads it all before it answers
        asking.write(request)
    left = limits.answer
    while line := _pipe(child.stdout).readline(left + 1):
        left -= len(line)
        if left < 0:
            raise ConfinedError(Failure.ANSWER, f"it holds more than {format_size(limits.answer)} of text")
        if not line.endswith(b"\n"):
            return line
        yield line
    return b""


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    assert end is not None  # noqa: S101 - all three are pipes
    return end


def failure(status: int, last_words: bytes, limits: Limits) -> BulkOnboardError:
    """Return the error that a child's exit status and its last words mean."""
    if status in _SIGNALLED:
        return SignalledError(_SIGNALLED[status])
    if status == -signal.SIGXCPU:
        return out_of_time(limits.cpu_s)
    how, text = _failure_in(last_words)
    if how is Failure.MEMORY:
        return ConfinedError(how, f"it needs more than {format_size(limits.memory)} of memory")
    if how is Failure.CRASHED:
        return ConfinedError(how, f"it makes its reader break down ({-status})")
    return ConfinedError(how, text)


def _failure_in(last_words: bytes) -> tuple[Failure, str]:
    """Read the child's last line; one that ended without it broke down, or ran out of memory."""
    try:
        ((how, text),) = json.loads(last_words.splitlines()[-1]).items()
        return Failure(how), text
    except (IndexError, ValueError, AttributeError):
        starved = any(sign in last_words for sign in _STARVED)
        return Failure.MEMORY if starved else Failure.CRASHED, ""


def out_of_time(limit_s: float) -> ConfinedError:
    """Return the error for an answer that did not come in time."""
    return ConfinedError(Failure.TIME, f"it takes more than {format_duration(limit_s)}")
