"""What kinds of findings there are made of: a code, how severe it is, and its words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps the row out; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """The words of one code; `problem` and `mend` are templates over a finding's details.

    Attributes:
        may_be_ruled: whether the job file may switch it off or make it a warning or an error. What the API itself
            would refuse, or what would break the promise, is not a matter of taste.
    """

    code: str
    severity: Severity
    title: str
    problem: str
    mend: str
    may_be_ruled: bool


def error(code: str, title: str, problem: str, mend: str, *, may_be_ruled: bool = False) -> FindingKind:
    """A kind that keeps rows out."""
    return FindingKind(code, Severity.ERROR, title, problem, mend, may_be_ruled)


def warning(code: str, title: str, problem: str, mend: str, *, may_be_ruled: bool = True) -> FindingKind:
    """A kind that keeps no row out unless the job says so."""
    return FindingKind(code, Severity.WARNING, title, problem, mend, may_be_ruled)


def by_code(kinds: Iterable[FindingKind]) -> Mapping[str, FindingKind]:
    """The kinds under their codes, in their order."""
    return {kind.code: kind for kind in kinds}
