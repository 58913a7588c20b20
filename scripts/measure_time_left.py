"""Measure how true the time left is: watch a real run in a pseudo-terminal against the sandbox, and compare.

    python scripts/measure_time_left.py [ROWS] [QUOTA] [SETTLE]

At 10, 25, 50, 75 and 90 % of the run's time, the time that the progress line named is set against what it really took.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.businesses import HEADERS, business, write_documents, write_workbook

MARKS = (0.1, 0.25, 0.5, 0.75, 0.9)
CREDENTIALS = {"PLIVO_AUTH_ID": "MAINVENTED0000000001", "PLIVO_AUTH_TOKEN": "an-invented-token"}
COMMAND = (sys.executable, "-m", "bulk_onboard")
_LEFT = re.compile(r"about (?:(\d+) h)? ?(?:(\d+) min)? ?(?:(\d+) s)? ?left")
_LINES = re.compile(r"[\r\n]|\x1b\[[0-9]*[A-JKf]")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def main() -> None:
    """Measure one run, and print a table."""
    rows, quota, settle = (*sys.argv[1:], *("600", "60/6s", "90s")[len(sys.argv) - 1 :])
    folder = Path(tempfile.mkdtemp(prefix="time-left-"))
    sandbox = subprocess.Popen(
        (*COMMAND, "sandbox", "--port", "0", "--quota", quota), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        url = sandbox.stdout.readline().decode().split()[-1] if sandbox.stdout else ""
        print_table(*watched(folder, int(rows), ("--base-url", url, "--quota", quota, "--settle", settle)))
    finally:
        sandbox.terminate()
        sandbox.wait()
        shutil.rmtree(folder)


def watched(folder: Path, rows: int, flags: tuple[str, ...]) -> tuple[list[tuple[float, str]], float, int]:
    """Return the lines that the run drew, each with its second, how long it took, and its exit status."""
    cells = [business(number, Key=f"K-{number}") for number in range(rows)]
    write_documents(folder / "documents", cells)
    workbook = write_workbook(folder / "businesses.xlsx", cells, HEADERS)
    os.utime(workbook, (time.time() - 60,) * 2)
    ours, theirs = pty.openpty()
    environ = os.environ | CREDENTIALS | {"TERM": "xterm-256color", "COLUMNS": "140", "LINES": "30"}
    began = time.monotonic()
    run = subprocess.Popen((*COMMAND, "run", workbook, *flags), stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    drawn: list[tuple[float, str]] = []
    while run.poll() is None or select.select([ours], [], [], 0)[0]:
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            text = os.read(ours, 65_536).decode(errors="replace")
        except OSError:  # nobody has the other end any more
            break
        at_s = time.monotonic() - began
        drawn += [(at_s, _COLOURS.sub("", line)) for line in _LINES.split(text) if line.strip()]
    return drawn, time.monotonic() - began, run.wait()


def print_table(drawn: list[tuple[float, str]], took_s: float, status: int) -> None:
    """Print what was said at each mark, and how far from the truth that was."""
    print(f"The run took {took_s:.0f} s and ended with {status}.")
    for mark in MARKS:
        said = [(at_s, line) for at_s, line in drawn if at_s <= mark * took_s and _LEFT.search(line)]
        if not said:
            print(f"{mark:4.0%}: nothing was said of the time left")
            continue
        at_s, line = said[-1]
        left_s, really_s = seconds_in(line), took_s - at_s
        print(f"{mark:4.0%}: said {left_s:4} s, took {really_s:4.0f} s ({left_s / really_s - 1:+.0%}): {line.strip()}")


def seconds_in(line: str) -> int:
    """Return the seconds that a line says are left."""
    found = _LEFT.search(line)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return 3600 * hours + 60 * minutes + seconds


if __name__ == "__main__":
    main()
