"""A ledger's bytes, for those who only read: no lock, nothing touched, safe while a run writes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulk_onboard.errors import UsageError
from bulk_onboard.ledger.disk import read_blocks, read_whole


def read_ledger(path: Path) -> bytes:
    """All that stands in the ledger now; UsageError where there is none or it cannot be read."""
    with _opened(path) as fd:
        return read_whole(fd)


def ledger_blocks(path: Path) -> Iterator[bytes]:
    """The same, piece by piece."""
    with _opened(path) as fd:
        yield from read_blocks(fd)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise UsageError(f"There is no ledger {path} yet: nothing was run. Check the path, or run the job.") from None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        yield fd
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(fd)


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"The ledger {path} cannot be read: {error.strerror}. Check the path and who may read it.")
