"""The Problems table: every finding, the same trouble in very many rows told once.

See README.md, The report.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator

from bulk_onboard.model.finding import VERY_MANY, Finding
from bulk_onboard.report.table import Line, MadeAnew, Table

HEADERS = ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to fix")


def told_once(findings: Collection[Finding]) -> Iterator[tuple[Finding, int]]:
    """Each finding and how many more rows it speaks for: 0, except for the first of very many alike."""
    alike = Counter(map(_trouble, findings))
    told: set[Hashable] = set()
    for finding in findings:
        trouble = _trouble(finding)
        if alike[trouble] <= VERY_MANY:
            yield finding, 0
        elif trouble not in told:
            told.add(trouble)
            yield finding, alike[trouble] - 1


def problem_sentence(finding: Finding, more: int) -> str:
    """What is wrong, and in how many more rows."""
    return f"{finding.problem} And {more:,} more rows." if more else finding.problem


def whole_sentence(finding: Finding, more: int) -> str:
    """What is wrong, what was seen, and how to fix it."""
    problem = finding.problem
    if finding.seen:
        problem = f"{problem.removesuffix('.')} (seen: {finding.seen})."
    return " ".join((problem, *((f"And {more:,} more rows.",) if more else ()), finding.fix))


def problems_table(findings: Collection[Finding]) -> Table:
    """The findings in the order given."""
    return Table(HEADERS, MadeAnew(lambda: (_row(finding, more) for finding, more in told_once(findings))))


def _trouble(finding: Finding) -> Hashable:
    return finding.code, finding.column, finding.seen, frozenset(finding.details.items())


def _row(finding: Finding, more: int) -> Line:
    return (
        finding.row,
        finding.column,
        finding.code,
        finding.severity.value,
        finding.seen,
        problem_sentence(finding, more),
        finding.fix,
    )
