"""The ledger: how long a start on a long one takes, and how many entries a second reach the disk.

Start: a ledger of 1,000,000 lines, three for each record (intent, done, reviewed), is opened as a run opens it:
`LedgerJournal.open`, with checksums, numbers, every step checked and the records kept. Beside it the same decoder
reads the same file line by line and keeps nothing, the least that can be done with a file. Each in a process of its
own, in turns, three times, medians; CPU time, since the machine's noise would drown the difference, and wall time in
the note.

Appends: 32 tasks append intent and outcome in turns to one ledger, for five seconds. Beside it a loop that writes the
same lines and calls fsync after each, and what the disk gives at all: one block overwritten and synced, in turns.
"""

import asyncio
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

from bench.figure import Figure
from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.codec import _decoder, encode, stamp
from bulk_onboard.ledger.journal import LedgerJournal
from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Entry, Op
from bulk_onboard.model.ledger_state import LedgerState

LINES = 1_000_000
TURNS = 3
APPENDERS = 32
APPENDING_S = 5.0
FOLDER = Path(__file__).parents[1] / ".bench"
WHOSE: dict[str, Any] = {"job": "bench", "auth_id": "MA" + "X" * 18, "base_url": "https://api.plivo.com"}
BEGAN = datetime(2026, 1, 5, tzinfo=UTC)


def figures() -> Iterator[Figure]:
    """Start on a long ledger, and appends."""
    yield from _start(_built(LINES))
    yield from _appends()


def _start(path: Path) -> Iterator[Figure]:
    told: dict[str, list[dict[str, float]]] = {name: [] for name in ("bare", "checked", "start")}
    for _ in range(TURNS):
        for name, turns in told.items():
            command = [sys.executable, "-m", "bench.ledger", name, str(path)]
            turns.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    middle = {
        name: {what: statistics.median(turn[what] for turn in turns) for what in turns[0]}
        for name, turns in told.items()
    }
    ours, theirs = middle["start"], middle["bare"]
    yield Figure(
        what=f"start on a ledger of {LINES:,} lines, CPU",
        ours=ours["cpu_s"],
        unit="s",
        beside="bare msgspec decode, nothing kept",
        theirs=theirs["cpu_s"],
        target="<= 2.6",
        note=f"median of {TURNS}; wall {ours['wall_s']:.2f} s beside {theirs['wall_s']:.2f} s; "
        f"bare decode that compares checksums: {middle['checked']['cpu_s']:.2f} s",
    )
    yield Figure(
        what=f"start on a ledger of {LINES:,} lines, peak memory",
        ours=ours["peak_mb"],
        unit="MB",
        beside="the file itself",
        theirs=path.stat().st_size / 1e6,
        note=f"{LINES // 3:,} records are kept; the bare decode needs {theirs['peak_mb']:.0f} MB",
    )


def _appends() -> Iterator[Figure]:
    path = FOLDER / "appends.jsonl"
    for old in (path, path.with_name(f"{path.name}.lock")):
        old.unlink(missing_ok=True)
    waits: list[float] = []
    rate, cpu_s = asyncio.run(_append_all(path, waits))
    lines = path.read_bytes().splitlines(keepends=True)
    synced = _per_second(_line_writer(lines))
    disk = _per_second(_block_writer())
    p50, p99 = (statistics.quantiles(waits, n=100)[at] * 1000 for at in (49, 98))
    yield Figure(
        what=f"ledger appends, {APPENDERS} at a time",
        ours=rate,
        unit="entries/s",
        beside="a loop: write, fsync, next line",
        theirs=synced,
        note=f"one append: median {p50:.1f} ms, 99 of 100 within {p99:.1f} ms; {cpu_s * 1e6:.0f} µs CPU each",
    )
    yield Figure(
        what=f"ledger appends, {APPENDERS} at a time",
        ours=rate,
        unit="entries/s",
        beside="fsyncs/s of this disk, one block",
        theirs=disk,
        note=f"at most {APPENDERS} share one fsync",
    )


async def _append_all(path: Path, waits: list[float]) -> tuple[float, float]:
    """Entries a second, and CPU seconds for each; how long each waited is added to `waits`."""
    numbers = count()
    with LedgerJournal.open(path, **WHOSE, clock=SystemClock()) as journal:
        began, cpu = time.monotonic(), time.process_time()

        async def append() -> None:
            while time.monotonic() < began + APPENDING_S:
                for entry in sent_entries(next(numbers)):
                    before = time.monotonic()
                    await journal.append(entry)
                    waits.append(time.monotonic() - before)

        async with asyncio.TaskGroup() as group:
            for _ in range(APPENDERS):
                group.create_task(append())
        return len(waits) / (time.monotonic() - began), (time.process_time() - cpu) / len(waits)


def _per_second(write: Callable[[], None]) -> float:
    began, done = time.monotonic(), 0
    while time.monotonic() < began + APPENDING_S:
        write()
        done += 1
    return done / (time.monotonic() - began)


def _line_writer(lines: list[bytes]) -> Callable[[], None]:
    fd = os.open(FOLDER / "each-line.jsonl", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    ahead = count()

    def write() -> None:
        os.write(fd, lines[next(ahead) % len(lines)])
        os.fsync(fd)

    return write


def _block_writer() -> Callable[[], None]:
    fd = os.open(FOLDER / "block", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def write() -> None:
        os.pwrite(fd, os.urandom(4096), 0)
        os.fsync(fd)

    return write


def _built(lines: int) -> Path:
    """A ledger of so many lines, made where it is not there yet."""
    path = FOLDER / f"ledger-{lines}.jsonl"
    if path.exists():
        return path
    FOLDER.mkdir(exist_ok=True)
    half = path.with_suffix(".half")
    story = zip(range(1, lines + 1), _story(), strict=False)
    with half.open("wb") as file:
        file.writelines(encode(stamp(entry, seq=n, now=BEGAN + timedelta(seconds=n))) for n, entry in story)
    half.chmod(0o600)
    return half.replace(path)


def _story() -> Iterator[Entry]:
    """A ledger's entries without end: header, a run, and each record sent, made and approved."""
    yield entries.LedgerOpened(tool="bulk-onboard", created="2026-01-05T00:00:00Z", **WHOSE)
    digest = "0" * 64
    names: dict[str, Any] = {"run_id": "run-1", "user": "someone", "host": "desk", "version": "1", "quota": "60/min"}
    yield entries.RunStarted(**names, workbook=digest, job=digest, requirements=digest, settle=90.0)
    for number in count():
        yield from sent_entries(number)
        yield entries.Reviewed(token=_token(number), key=f"K-{number}", review="approved")


def sent_entries(number: int) -> tuple[Entry, Entry]:
    """The intent and the success of one create."""
    token, key, digest = _token(number), f"K-{number}", hashlib.sha256(str(number).encode()).hexdigest()
    types = ("identity_proof", "address_proof", "business_registration")
    documents = tuple(entries.SentDocument(type=kind, sha256=digest, size=200_000) for kind in types)
    about: dict[str, Any] = {"token": token, "key": key, "op": Op.CREATE}
    return (
        entries.Intent(**about, attempt=1, alias=f"{key} ~{token}", fingerprint=digest, documents=documents),
        entries.Done(**about, compliance_id=digest[:36], api_id=digest[:36]),
    )


def _token(number: int) -> str:
    digits = hashlib.sha256(b"token %d" % number).hexdigest()[:16]
    return digits.translate(str.maketrans("0123456789", "ghijklmnop"))


def bare(path: Path) -> None:
    """Decode each line, and keep nothing."""
    decode = _decoder.decode
    with path.open("rb") as file:
        for line in file:
            decode(line)


def checked(path: Path) -> None:
    """The same, and compare each line's checksum."""
    decode = _decoder.decode
    with path.open("rb") as file:
        for line in file:
            if line[-11:-3] != b"%08x" % crc32(line[:-19]):
                raise SystemExit(f"{path} is damaged; delete it, then measure again")
            decode(line)


def start(path: Path) -> LedgerState:
    """Open the ledger as a run does; the books, so that their end is not measured."""
    with LedgerJournal.open(path, **WHOSE, clock=SystemClock()) as journal:
        return journal.ledger_state


def measure(work: Callable[[Path], LedgerState | None], path: Path) -> dict[str, float]:
    """What the work costs this process."""
    wall, cpu = time.monotonic(), time.process_time()
    ledger_state = work(path)
    cpu_s, wall_s = time.process_time() - cpu, time.monotonic() - wall
    if ledger_state is not None and ledger_state.seq != LINES:
        raise SystemExit(f"{path} has {ledger_state.seq} lines; delete it, then measure again")
    return {
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


if __name__ == "__main__":
    print(json.dumps(measure({"bare": bare, "checked": checked, "start": start}[sys.argv[1]], Path(sys.argv[2]))))
