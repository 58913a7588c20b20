"""Processes that are put to sleep where they wait for something, by what Linux tells of them."""

import asyncio
import os
import signal
from pathlib import Path

_WHILE_S = 0.3  # in which what makes a process go on would have come, such as an ACK


async def put_to_sleep(pid: int) -> None:
    """Stop a process that waits for something, and return when it is stopped.

    Between a look at its lease and the send it must not be stopped: that is what stays open.
    """
    while await _is_at_work(pid):
        pass
    os.kill(pid, signal.SIGSTOP)
    while _state(pid) != "T":
        await asyncio.sleep(0.01)


def wake(pid: int) -> None:
    """Let it go on where it was."""
    os.kill(pid, signal.SIGCONT)


async def _is_at_work(pid: int) -> bool:
    """Whether its main thread does anything in a while."""
    before = _times_awake(pid)
    await asyncio.sleep(_WHILE_S)
    return _state(pid) != "S" or before != _times_awake(pid)


def _state(pid: int) -> str:
    return _kernel(pid, "stat").rpartition(")")[2].split()[0]


def _times_awake(pid: int) -> list[str]:
    return [line for line in _kernel(pid, "status").splitlines() if "ctxt_switches" in line]


def _kernel(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()
