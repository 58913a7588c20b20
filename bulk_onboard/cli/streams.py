"""The standard streams, whatever became of them: who does not listen stops no work, and changes no exit status.

A stream may be closed (`>&-`), on a full disk, a pipe whose reader has gone, or a terminal that was hung up. Then what
is written to it is lost, and that is all: the ledger has what was done. What an encoding cannot write is written so
that it can still be read; the bytes of a file's name that is no UTF-8 come out as they are.
"""

import codecs
import io
import os
import sys
from typing import Any, TextIO

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
