"""The report of 100,000 rows, beside openpyxl's write-only mode writing the same tables.

Each is made in a process of its own, in turns, three times; medians. Rows, records and findings are invented and made
first; what is measured is making the tables from them and writing them: every cell, headers and states with their
colours. Ours has a cover with a chart, column widths and row heights on top, which openpyxl does not write.

python -m bench.report xlsxwriter|openpyxl FILE [ROWS]     one of them, told as JSON
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.figure import Figure
from bench.turns import ROOT

ROWS, TIMES = 100_000, 3
WRITERS = ("xlsxwriter", "openpyxl")
BENCH = ROOT / ".bench"
COLOURED = {"State", "Review", "Severity"}


class Written(NamedTuple):
    """What making a report took, the process's memory before, and at its peak."""

    wall_s: float
    cpu_s: float
    before_mb: float
    peak_mb: float


def figures() -> Iterator[Figure]:
    """Seconds, CPU and memory."""
    turns = [{writer: _in_a_process(writer) for writer in WRITERS} for _ in range(TIMES)]
    ours, theirs = (
        Written(*(statistics.median(column) for column in zip(*(turn[writer] for turn in turns), strict=True)))
        for writer in WRITERS
    )
    note = f"medians of {TIMES}; tables made and written"
    what, beside = f"report of {ROWS:,} rows", "openpyxl, write-only"
    yield Figure(what=what, ours=ours.wall_s, unit="s", target="<= 12", note=note)
    yield Figure(what=f"{what}: wall", ours=ours.wall_s, unit="s", beside=beside, theirs=theirs.wall_s, note=note)
    yield Figure(what=f"{what}: CPU", ours=ours.cpu_s, unit="s", beside=beside, theirs=theirs.cpu_s, note=note)
    yield Figure(
        what=f"{what}: memory on top of the rows",
        ours=ours.peak_mb - ours.before_mb,
        unit="MB",
        beside=beside,
        theirs=theirs.peak_mb - theirs.before_mb,
        note=f"rows and records alone are {ours.before_mb:.0f} MB",
    )


def _in_a_process(writer: str) -> Written:
    file = BENCH / f"report-{writer}.xlsx"
    BENCH.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "bench.report", writer, str(file)]
    try:
        return Written(**json.loads(subprocess.check_output(command, cwd=ROOT)))
    finally:
        file.unlink(missing_ok=True)


def main(writer: str, file: str, rows: str = str(ROWS)) -> None:
    """Make one report and tell what it took."""
    from bulk_onboard.reporting.row_status import join
    from bulk_onboard.reporting.summary import make_tables
    from tests.unit.reporting.samples import facts

    decisions, ledger_state = invented(int(rows))
    write = {"xlsxwriter": with_xlsxwriter, "openpyxl": with_openpyxl}[writer]
    before_mb = memory_mb("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    write(Path(file), make_tables(join(decisions, ledger_state), facts()))
    took = Written(time.perf_counter() - wall, time.process_time() - cpu, before_mb, memory_mb("VmHWM"))
    print(json.dumps(took._asdict()))


def invented(rows: int) -> tuple[list[Any], Any]:
    """Decisions and books: of twenty rows seventeen are submitted, one each refused, deferred and invalid."""
    from bulk_onboard.model.record import State
    from tests.unit.reporting.samples import decision, finding, ledger_state, record, run_story

    def row(number: int) -> Any:
        return decision(
            number,
            key=f"K-{number}",
            cells={"business_name": f"Invented Traders {number} Pvt Ltd", "numbers": "+918000000001, +918000000002"},
            findings=[finding(row=number, seen=f"desk{number}")] if number % 20 == 2 else [],
        )

    def told(number: int) -> Any:
        match number % 20:
            case 0:
                return record(number, State.REFUSED, code="1002", reason="the registration number is not known")
            case 1:
                return record(number, State.DEFERRED, reason="not sent: the quota was spent")
            case _:
                return record(number, key=f"K-{number}")

    numbers = range(2, rows + 2)
    return [row(number) for number in numbers], ledger_state(
        *(told(number) for number in numbers if number % 20 != 2), runs=[run_story()]
    )


def with_xlsxwriter(path: Path, tables: Any) -> None:
    """As a run does it."""
    from bulk_onboard.reporting.target import put
    from bulk_onboard.reporting.workbook import write_workbook

    put(path, "xlsx", lambda file, folder: write_workbook(file, folder, tables), run="r1", anew="again")


def with_openpyxl(path: Path, tables: Any) -> None:
    """The same tables as one writes them with openpyxl for little memory."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    summary = tables.summary
    for name, table in (
        ("Summary", summary.counts),
        ("Results", tables.results),
        ("Problems", tables.problems),
        ("Not in the workbook", tables.not_in_workbook),
        ("Runs", tables.runs),
    ):
        _append(book.create_sheet(name), table.headers, table.rows)
    book.save(path)


def _append(sheet: Any, headers: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill

    fonts = {True: Font(bold=True, color="FFFFFF"), False: Font(color="006100")}
    papers = {True: PatternFill("solid", fgColor="1F3864"), False: PatternFill("solid", fgColor="C6EFCE")}

    def coloured(value: Any, *, is_header: bool) -> Any:
        cell = WriteOnlyCell(sheet, value)
        cell.font, cell.fill = fonts[is_header], papers[is_header]
        return cell

    sheet.append([coloured(header, is_header=True) for header in headers])
    marked = [header in COLOURED for header in headers]
    for row in rows:
        sheet.append(
            [coloured(value, is_header=False) if mark else value for mark, value in zip(marked, row, strict=True)]
        )


def memory_mb(field: str) -> float:
    """A line of this process's status: `VmRSS` for now, `VmHWM` for the peak."""
    return int(Path("/proc/self/status").read_text().partition(f"{field}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
