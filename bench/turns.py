"""Commands run to their end in processes of their own, in turns, so that what else the machine does hits all alike.

CPU time is that of the process and all that it waited for; peak memory is the kernel's high-water mark of the largest
of them, looked up while they live.
"""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MODULE = [sys.executable, "-m", "bulk_onboard"]
_BETWEEN_LOOKS_S = 0.02


class Taken(NamedTuple):
    """What a command took; `peak_mb` is of its largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def in_turns(
    commands: Mapping[str, Sequence[str]], times: int, *, before_each: Callable[[], None] = lambda: None
) -> dict[str, Taken]:
    """The medians of so many turns; SystemExit where a command fails (3 is none: rows need a person)."""
    took: dict[str, list[Taken]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            before_each()
            took[name].append(taken(command))
    return {
        name: Taken(*(statistics.median(column) for column in zip(*turns, strict=True))) for name, turns in took.items()
    }


def taken(command: Sequence[str]) -> Taken:
    """One run of a command."""
    begun = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        peak = _Peak(process.pid)
        peak.start()
        complaint = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.join()
    if process.returncode not in {0, 3}:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {complaint.decode()}")
    return Taken(wall_s, used.ru_utime + used.ru_stime, peak.mb)


class _Peak(threading.Thread):
    """Looks at a process and its children until it has gone."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.mb = 0.0
        self._pid = pid

    def run(self) -> None:
        while own := _peak_mb(self._pid):
            self.mb = max(self.mb, own, *map(_peak_mb, _children(self._pid)))
            time.sleep(_BETWEEN_LOOKS_S)


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _peak_mb(pid: int) -> float:
    """The most memory a process has held; 0 where it has gone."""
    try:
        return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0
