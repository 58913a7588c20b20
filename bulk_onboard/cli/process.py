"""The standard streams and the signals of the process.

A stream may be closed (`>&-`), on a full disk, a pipe whose reader has gone, or a terminal that was hung up. Then what
is written to it is lost, and that is all: the ledger has what was done. What an encoding cannot write is written so
that it can still be read; the bytes of a file's name that is no UTF-8 come out as they are.

A second SIGHUP is nobody's impatience: a terminal that closes sends it, and so does the shell in it. Where SIGHUP is
ignored from the start (`nohup`) it stays ignored.
"""

import codecs
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.output import tell

_READABLE = "bulk_onboard.readable"


class _Lossy(io.FileIO):
    """A file to which nothing fails to be written; what it does not take is lost."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0  # None of a stream that does not wait: then it is tried again
        except OSError:
            return len(data)


def keep_standard_streams() -> None:
    """See to it that all three streams are there and that no write to them fails; call it before anything is opened.

    A number that is free would be given to the next file that is opened, and the ledger must not become stdout.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest free number, which is this
    codecs.register_error(_READABLE, _readable)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - it is never closed
    sys.stdout, sys.stderr = _lossy(sys.stdout, 1), _lossy(sys.stderr, 2)


def _lossy(stream: TextIO | None, number: int) -> TextIO:
    raw = _Lossy(number, "w", closefd=False)
    encoding = stream.encoding if stream else "utf-8"
    by_line = number == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=_READABLE, line_buffering=by_line)


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """What to write in place of characters that the encoding does not know."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)


if TYPE_CHECKING:
    from bulk_onboard.run.stop import Stop


def signals_to_heed() -> tuple[signal.Signals, ...]:
    """The signals that ask this process to stop."""
    ignores_hangups = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM) if ignores_hangups else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed_signals(stop: "Stop") -> None:
    """Turn signals into the wish to stop; to be called in the event loop."""
    import asyncio

    heard: list[signal.Signals] = []
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, _heed, stop, number, heard)


def _heed(stop: "Stop", number: signal.Signals, heard: list[signal.Signals]) -> None:
    if heard and number is signal.SIGHUP:
        return
    if heard:
        os._exit(128 + number)  # intents are on disk
    heard.append(number)
    stop.request(number)
    tell("Stopping: calls in flight finish, nothing new begins. Once more leaves at once.")
