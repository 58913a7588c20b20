"""The standard streams and the signals of the process.

A stream may be closed (`>&-`), on a full disk, a pipe whose reader has gone, or a terminal that was hung up. Then what
is written to it is lost, and the work goes on: the ledger has what was done. A character that the encoding lacks is
written as an escape; the bytes of a file name that is not UTF-8 come out as they are.

The first signal asks the work to stop, the second ends the process. A second SIGHUP does not: when a terminal closes,
both it and its shell send one. Where SIGHUP is ignored from the start (`nohup`) it stays ignored.
"""

import codecs
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.output import tell

if TYPE_CHECKING:
    from bulk_onboard.pipeline.stop import Stop

_READABLE = "bulk_onboard.readable"


def keep_standard_streams() -> None:
    """Open any of the three streams that is closed, and let no write to them fail; call it before any file is opened.

    Otherwise the next file that is opened, such as the ledger, would get the free number and become stdout.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number, this one
    codecs.register_error(_READABLE, _readable)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - it is never closed
    sys.stdout, sys.stderr = _lossy(sys.stdout, 1), _lossy(sys.stderr, 2)


class _Lossy(io.FileIO):
    """A file whose writes never fail; what cannot be written is lost."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0  # a non-blocking stream returns None: then the write is tried again
        except OSError:
            return len(data)


def _lossy(stream: TextIO | None, number: int) -> TextIO:
    raw = _Lossy(number, "w", closefd=False)
    encoding = stream.encoding if stream else "utf-8"
    by_line = number == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=_READABLE, line_buffering=by_line)


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return what to write in place of characters that the encoding lacks."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)


def signals_to_heed() -> tuple[signal.Signals, ...]:
    """Return the signals that ask this process to stop."""
    ignores_hangups = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM) if ignores_hangups else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed_signals(stop: "Stop") -> None:
    """Turn the first signal into a request to stop, the second into an exit; call it in the event loop."""
    import asyncio

    received: list[signal.Signals] = []
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, _heed, stop, number, received)


def _heed(stop: "Stop", number: signal.Signals, received: list[signal.Signals]) -> None:
    if received and number is signal.SIGHUP:
        return
    if received:
        if sys.stderr.isatty():
            os.write(2, b"\n")  # the shell's prompt is not to stand behind the progress line
        os._exit(128 + number)  # safe: every intent is on disk
    received.append(number)
    stop.request(number)
    again = " Press Ctrl-C again to quit at once." if number is signal.SIGINT else ""
    tell(f"Stopping: calls in flight finish, nothing new begins.{again}")
