"""The lines of the sheet "How to fix": each kind of trouble once, errors first, then by how often it is there."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.report.table import cell_text

AUTHOR = "bulk-onboard"
HEADERS = ("Count", "Severity", "What", "Columns", "What is wrong", "How to fix", "Rows")
TITLE = "How to fix this workbook"
_GUIDE = """\
1. Look for the marked cells: red ones keep their row out, or tell what the API did not take; \
yellow ones are worth a look. \
The pointer on a marked cell shows what is wrong; bo_problems says it as well.
2. Mend the cells themselves. Marks, comments and the columns that begin with bo_ may stay: \
they are written anew each time.
3. Leave bo_key as it is: a row is known by it while its other cells are mended. \
In a row that you copied to describe another business, clear it.
4. Save, and type the command that was printed beside this file's name: it takes what you fixed into your workbook \
and runs that. It goes on where the last run ended, and nothing is sent twice."""
GUIDE = _GUIDE.splitlines()
NOT_KEPT = "What this copy lacks"

_FEW = 12


class Mend(NamedTuple):
    """One kind of trouble: the texts of a line."""

    times: int
    severity: str
    title: str
    columns: str
    problem: str
    mend: str
    rows: str


def mends(findings: Iterable[Finding]) -> tuple[Mend, ...]:
    """A line for each code that occurs."""
    by_code: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_code[finding.code].append(finding)
    lines = [_line(alike) for alike in by_code.values()]
    return tuple(sorted(lines, key=lambda line: (line.severity != Severity.ERROR, -line.times, line.title)))


def uncommented(cells: int) -> tuple[str, ...]:
    """What is said of marked cells that have no comment, because there are too many."""
    if not cells:
        return ()
    return (f"{cells:,} marked cells have no comment, since a sheet can show only so many; bo_problems tells of each.",)


def _line(alike: list[Finding]) -> Mend:
    first = alike[0]
    return Mend(
        times=len(alike),
        severity=first.severity.value,
        title=cell_text(first.title),
        columns=cell_text(_listed([finding.column for finding in alike if finding.column])),
        problem=cell_text(_one_of([finding.problem for finding in alike])),
        mend=cell_text(_one_of([finding.fix for finding in alike])),
        rows=_listed([str(finding.row) for finding in alike]),
    )


def _one_of(sentences: list[str]) -> str:
    """What is said of all of them; where that differs, the first for an example."""
    return sentences[0] if len(set(sentences)) == 1 else f"For example: {sentences[0]}"


def _listed(names: Iterable[str]) -> str:
    each = list(dict.fromkeys(names))
    more = len(each) - _FEW
    return ", ".join(each[:_FEW]) + (f" and {more:,} more" if more > 0 else "")
