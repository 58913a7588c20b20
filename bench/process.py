"""A process of its own, measured: time, CPU and memory, of itself and of the processes it started."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BUILT = ROOT / ".bench"


class Measured(NamedTuple):
    """Seconds on the wall and of CPU (children included), peak memory in MB of the process and of its largest child."""

    took_s: float
    cpu_s: float
    own_mb: float
    child_mb: float


def measured(command: Sequence[str], *, statuses: tuple[int, ...] = (0,)) -> Measured:
    """Run the command to its end, in the checkout, its output thrown away; RuntimeError for an unexpected status."""
    begun = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        took_s = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    watch.join()
    if process.returncode not in statuses:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Measured(took_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, watch.child_mb)


class _Watch(threading.Thread):
    """Looks at the memory of a process's children while it lives."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._tasks = Path(f"/proc/{pid}/task")
        self.child_mb = 0.0

    def run(self) -> None:
        while self._tasks.exists():
            self.child_mb = max([self.child_mb, *map(_peak_mb, self._children())])
            time.sleep(0.02)

    def _children(self) -> list[int]:
        with contextlib.suppress(OSError):
            return [int(child) for task in self._tasks.iterdir() for child in (task / "children").read_text().split()]
        return []


def _peak_mb(pid: int) -> float:
    """The most memory a process has held so far; 0 where it has gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0
