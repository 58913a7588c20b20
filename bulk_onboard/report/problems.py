"""The Problems table: every finding, the same trouble in very many rows told once (design.md 9)."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from bulk_onboard.model.finding import Finding
from bulk_onboard.report.table import Cell, Table

HEADERS = ("Row", "Column", "Code", "Severity", "Seen", "Problem", "How to mend")
VERY_MANY = 100


def told_once(findings: Iterable[Finding]) -> Iterator[tuple[Finding, int]]:
    """Each finding and how many more rows it speaks for: 0, except for the first of very many alike."""
    gathered = list(findings)
    alike = Counter(map(_trouble, gathered))
    told: set[Hashable] = set()
    for finding in gathered:
        trouble = _trouble(finding)
        if alike[trouble] <= VERY_MANY:
            yield finding, 0
        elif trouble not in told:
            told.add(trouble)
            yield finding, alike[trouble] - 1


def problem_sentence(finding: Finding, more: int) -> str:
    """What is wrong, and in how many more rows."""
    return f"{finding.problem} And {more:,} more rows." if more else finding.problem


def problems_table(findings: Iterable[Finding]) -> Table:
    """The findings in the order given."""
    return Table(HEADERS, tuple(_row(finding, more) for finding, more in told_once(findings)))


def _trouble(finding: Finding) -> Hashable:
    details = tuple(sorted((name, str(value)) for name, value in finding.details.items()))
    return finding.code, finding.column, finding.seen, details


def _row(finding: Finding, more: int) -> tuple[Cell, ...]:
    return (
        finding.row,
        finding.column,
        finding.code,
        finding.severity.value,
        finding.seen,
        problem_sentence(finding, more),
        finding.mend,
    )
