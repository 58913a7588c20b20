"""Time `bulk-onboard check` for 100,000 rows of 14 columns, against a bare reading of the same file (`make bench`).

A bare reading is calamine's load and to_python, nothing else. Each is done three times, in turns and in processes of
their own, and the medians count. All rows are good. They share 100 sets of three small PDFs, since hashing 300,000
files is another measurement, and the job does
not want to hear of that. `--profile` tells in which functions the parent spends its time.
"""

import argparse
import contextlib
import cProfile
import io
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BENCH = ROOT / ".bench"
WORKBOOK = BENCH / "businesses.xlsx"
JOB = BENCH / "businesses.toml"
ROWS, SETS, TIMES = 100_000, 100, 3
FACTOR, MEMORY_MB = 6, 900

BARE = [sys.executable, "-c", "import python_calamine as c; c.load_workbook(PATH).get_sheet_by_index(0).to_python()"]
CHECK = [sys.executable, "-m", "bulk_onboard", "check", str(JOB), "--offline", "--json"]


class Measured(NamedTuple):
    """One run: how long it took, and peak memory in MB of the process itself and of the largest it started."""

    took_s: float
    own_mb: float
    child_mb: float


def main() -> int:
    """Build what is missing, measure, tell; 1 where it is too slow or too large."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", action="store_true", help="tell where the parent spends its time, and no more")
    profiling = parser.parse_args().profile
    build()
    if profiling:
        profile()
        return 0
    bare_command = [part.replace("PATH", repr(str(WORKBOOK))) for part in BARE]
    turns = [(measured(bare_command), measured(CHECK)) for _ in range(TIMES)]
    return tell([bare for bare, _ in turns], [check for _, check in turns])


def build() -> None:
    """The workbook and its documents, once."""
    if WORKBOOK.exists():
        return
    sys.path.insert(0, str(ROOT))
    from tests.support.businesses import DOCUMENTS, business, write_documents, write_workbook  # noqa: PLC0415

    print(f"building {WORKBOOK.relative_to(ROOT)} …", file=sys.stderr)
    paths = [{title: f"{at:03d}/{title}.pdf" for title in DOCUMENTS} for at in range(SETS)]
    write_documents(BENCH / "documents", paths)
    numbers = [f"U72900KA2020PTC{at:06d}" for at in range(ROWS)]
    rows = [business(at, Registration_Number=number, **paths[at % SETS]) for at, number in enumerate(numbers)]
    JOB.write_text(f'workbook = "{WORKBOOK.name}"\n\n[findings]\ndocument-shared = "off"\n', encoding="utf-8")
    write_workbook(BENCH / "unfinished.xlsx", rows).rename(WORKBOOK)


def measured(command: Sequence[str]) -> Measured:
    """Run the command to its end."""
    own_mb = child_mb = 0.0
    begun = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            own_mb = max(own_mb, peak_mb(process.pid))
            child_mb = max([child_mb, *map(peak_mb, children(process.pid))])
            time.sleep(0.02)
        took_s = time.perf_counter() - begun
        if process.returncode not in (0, 3):
            sys.exit(f"{command} ended with {process.returncode}: {process.stderr and process.stderr.read().decode()}")
    return Measured(took_s, own_mb, child_mb)


def children(pid: int) -> list[int]:
    """The processes that a process has started; none where it has gone."""
    with contextlib.suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def peak_mb(pid: int) -> float:
    """The most memory a process has held so far; 0 where it has gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0


def tell(bare: Sequence[Measured], check: Sequence[Measured]) -> int:
    """A small table, and whether it is good enough."""
    read_s, check_s = (statistics.median(run.took_s for run in runs) for runs in (bare, check))
    own_mb, child_mb = max(run.own_mb for run in check), max(run.child_mb for run in check)
    print(
        f"{ROWS:,} rows × 14 columns, {WORKBOOK.stat().st_size / 1e6:.1f} MB; the rows share {SETS} sets of documents"
    )
    print(f"  bare reading    {read_s:6.2f} s   (of {', '.join(f'{run.took_s:.2f}' for run in bare)})")
    print(f"  check           {check_s:6.2f} s   (of {', '.join(f'{run.took_s:.2f}' for run in check)})")
    print(f"  ratio           {check_s / read_s:6.2f}     (at most {FACTOR})")
    print(
        f"  largest process {max(own_mb, child_mb):6.0f} MB  "
        f"(itself {own_mb:.0f}, its reader {child_mb:.0f}; at most {MEMORY_MB})"
    )
    return int(check_s > FACTOR * read_s or max(own_mb, child_mb) > MEMORY_MB)


def profile() -> None:
    """The 25 functions that take longest, with all they call and by themselves."""
    from bulk_onboard.cli.app import app  # noqa: PLC0415 - a measuring run does not need it

    profiler = cProfile.Profile()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        profiler.runcall(app, CHECK[3:])
    for order in ("cumulative", "tottime"):
        pstats.Stats(profiler).sort_stats(order).print_stats(25)


if __name__ == "__main__":
    sys.exit(main())
