"""What `bulk-onboard check` of 100,000 rows of 14 columns takes, beside a bare reading of the same file.

A bare reading is calamine's load and to_python, nothing else. Both are done three times, in turns and in processes of
their own, and the medians count. All rows are good; they share 100 sets of three small PDFs, since hashing 300,000
files is another measurement, and the job does not want to hear of that.
"""

import sys
from collections.abc import Iterator

from bench.figure import Figure
from bench.turns import MODULE, ROOT, in_turns
from tests.support.businesses import DOCUMENTS, business, write_documents, write_workbook

FOLDER = ROOT / ".bench/check"
WORKBOOK, JOB = FOLDER / "businesses.xlsx", FOLDER / "businesses.toml"
ROWS, SETS, TIMES = 100_000, 100, 3

BARE = [
    sys.executable,
    "-c",
    f"import python_calamine as c; c.load_workbook({str(WORKBOOK)!r}).get_sheet_by_index(0).to_python()",
]
CHECK = [*MODULE, "check", str(JOB), "--offline", "--json"]


def figures() -> Iterator[Figure]:
    """Time and memory of a check."""
    build()
    taken = in_turns({"bare": BARE, "check": CHECK}, TIMES)
    bare, check = taken["bare"], taken["check"]
    what, beside, note = f"check of {ROWS:,} rows × 14 columns", "a bare calamine read", f"median of {TIMES} in turns"
    yield Figure(what=what, ours=check.wall_s, unit="s", beside=beside, theirs=bare.wall_s, target="<= 6", note=note)
    yield Figure(what=f"{what}: CPU", ours=check.cpu_s, unit="s", beside=beside, theirs=bare.cpu_s, note=note)
    yield Figure(what=f"{what}: largest process", ours=check.peak_mb, unit="MB", target="<= 900", note=note)


def build() -> None:
    """The job, its workbook and its documents, once."""
    if WORKBOOK.exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    paths = [{title: f"{at:03d}/{title}.pdf" for title in DOCUMENTS} for at in range(SETS)]
    write_documents(FOLDER / "documents", paths)
    numbers = [f"U72900KA2020PTC{at:06d}" for at in range(ROWS)]
    rows = [business(at, Registration_Number=number, **paths[at % SETS]) for at, number in enumerate(numbers)]
    JOB.write_text(f'workbook = "{WORKBOOK.name}"\n\n[findings]\ndocument-shared = "off"\n', encoding="utf-8")
    write_workbook(FOLDER / "unfinished.xlsx", rows).rename(WORKBOOK)
