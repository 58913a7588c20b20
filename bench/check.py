"""What `bulk-onboard check` of 100,000 rows of 14 columns takes, beside a bare reading of the same file.

Three sheets: good rows with CINs, good rows with GSTINs, and the first with a mistake in every twentieth row, so that
there is something to tell and an annotated copy to write. A bare reading is calamine's load and to_python, nothing
else. All six are done three times, in turns and in processes of their own, and the medians of CPU time count. The rows
share 100 sets of three small PDFs, since hashing 300,000 files is another measurement, and the job does not want to
hear of that.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from stdnum import luhn

from bench.figure import Figure
from bench.turns import MODULE, ROOT, Taken, in_turns
from tests.support.businesses import DOCUMENTS, Cells, business, write_documents, write_workbook

ROWS, SETS, TIMES, BAD_EVERY = 100_000, 100, 3, 20
FOLDER = ROOT / ".bench/check"

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MISTAKES: tuple[Cells, ...] = (
    {"Postal Code": "5600"},
    {"Email": "desk at example.com"},
    {"Registration Number": "1.23E+11"},
    {"City": ""},
    {"Identity Proof": "missing/scan.pdf"},
)


class Sheet(NamedTuple):
    """A sheet to check: what it is called, what its rows have beside the usual, and its target."""

    about: str
    cells: Callable[[int], Cells]
    target: str


def with_cin(number: int) -> Cells:
    """A CIN of its own."""
    return {"Registration Number": f"U72900KA2020PTC{number:06d}"}


def with_gstin(number: int) -> Cells:
    """A GSTIN of its own, with its check digit."""
    rest, digits = divmod(number, 10_000)
    pan = f"AA{_LETTERS[rest // 26]}C{_LETTERS[rest % 26]}{digits:04d}K"
    first_fourteen = f"29{pan}1Z"
    check_digit = luhn.calc_check_digit(first_fourteen, "0123456789" + _LETTERS)
    return {"Registration Number": f"{first_fourteen}{check_digit}"}


def with_mistakes(number: int) -> Cells:
    """A CIN, and one mistake in every twentieth row, each kind in turn."""
    turn, is_good = divmod(number, BAD_EVERY)
    return with_cin(number) | ({} if is_good else _MISTAKES[turn % len(_MISTAKES)])


SHEETS: Mapping[str, Sheet] = {
    "cin": Sheet("clean, CINs", with_cin, "<= 3.2"),
    "gstin": Sheet("clean, GSTINs", with_gstin, "<= 3.2"),
    "bad": Sheet(f"{100 // BAD_EVERY} % bad rows, with their copy", with_mistakes, "<= 5"),
}


def figures() -> Iterator[Figure]:
    """CPU time of each sheet's check beside its bare reading, and memory."""
    for name, sheet in SHEETS.items():
        _build(FOLDER / name, sheet)
    bare = {f"bare {name}": _bare(FOLDER / name) for name in SHEETS}
    check = {name: [*MODULE, "check", str(FOLDER / name / "businesses.toml"), "--offline", "--json"] for name in SHEETS}
    taken = in_turns(bare | check, TIMES, before_each=_remove_copies)
    for name, sheet in SHEETS.items():
        yield from _beside(sheet, taken[name], taken[f"bare {name}"])


def _beside(sheet: Sheet, check: Taken, bare: Taken) -> Iterator[Figure]:
    what = f"check of {ROWS:,} × 14, {sheet.about}"
    yield Figure(
        what=what,
        ours=check.cpu_s,
        unit="s",
        beside="a bare calamine read",
        theirs=bare.cpu_s,
        target=sheet.target,
        note=f"CPU, medians of {TIMES} in turns; wall {check.wall_s:.1f} s",
    )
    yield Figure(what=f"{what}: largest process", ours=check.peak_mb, unit="MB", target="<= 320")


def _bare(folder: Path) -> list[str]:
    read = f"c.load_workbook({str(folder / 'businesses.xlsx')!r}).get_sheet_by_index(0).to_python()"
    return [sys.executable, "-c", f"import python_calamine as c; {read}"]


def _remove_copies() -> None:
    for copy in FOLDER.glob("*/*.annotated*"):
        copy.unlink()


def _build(folder: Path, sheet: Sheet) -> None:
    """The job, its workbook and its documents, once."""
    workbook = folder / "businesses.xlsx"
    if workbook.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    paths = [{title: f"{at:03d}/{title}.pdf" for title in DOCUMENTS} for at in range(SETS)]
    write_documents(folder / "documents", paths)
    rows = [business(at) | paths[at % SETS] | sheet.cells(at) for at in range(ROWS)]
    said = f'workbook = "{workbook.name}"\n\n[findings]\ndocument-shared = "off"\n'
    (folder / "businesses.toml").write_text(said, encoding="utf-8")
    write_workbook(folder / "unfinished.xlsx", rows).rename(workbook)
