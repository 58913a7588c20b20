"""What a confined child may use, and how it takes the rest away from itself.

Whatever a file does to the child, the child ends within these bounds, opens nothing, and leaves nothing behind.
"""

import contextlib
import ctypes
import os
import resource
import signal
from typing import NamedTuple

SOURCE = 3
"""The descriptor of the file to work on; 0 is the request, 1 the answer, 2 the failure."""

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

_limited: list[int] = []  # this process, once `put_on` was called in it


class Limits(NamedTuple):
    """What one child may use.

    Attributes:
        memory: address space in bytes.
        cpu_s: seconds of computing.
        wall_s: seconds from start to end.
        answer: bytes it may give back.
    """

    memory: int = 3 << 29
    cpu_s: int = 60
    wall_s: float = 120.0
    answer: int = 512 << 20


def put_on(*, memory: int, cpu_s: int) -> None:
    """Bound this process from here on: no core dump, no more memory and time than this, and it dies with its parent."""
    for sign in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(sign, signal.SIG_DFL)
    with contextlib.suppress(AttributeError, OSError):  # Linux only; elsewhere it dies at its next word to the parent
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_AS, memory)
    _bound(resource.RLIMIT_CPU, cpu_s, cpu_s + 1)
    _limited.append(os.getpid())


def shut_doors(*, threads: bool = False) -> None:
    """Let no file, socket, pipe or process be opened from here on; the three streams and the source stay open.

    With `threads` new ones may be started, and so may processes, to which the other limits apply. Nobody reads stderr
    before the end, so what a library says there may be lost, but does not hold the work up.

    Import first what the work needs, encodings included. This is for the child alone: in a process without `put_on`,
    such as a test that does the child's work itself, it does nothing.
    """
    if os.getpid() not in _limited:
        return
    os.set_blocking(2, False)
    os.closerange(SOURCE + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    _bound(resource.RLIMIT_NOFILE, SOURCE + 1)
    _bound(resource.RLIMIT_FSIZE, 0)
    if not threads:  # the system counts both alike
        _bound(resource.RLIMIT_NPROC, 0)


def _bound(what: int, soft: int, hard: int | None = None) -> None:
    most = resource.getrlimit(what)[1]
    hard = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    with contextlib.suppress(ValueError, OSError):  # not every system knows every limit
        resource.setrlimit(what, (soft, hard))
