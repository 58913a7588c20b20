"""What the added columns hold: who the row is, where it stands, what is wrong with it, and what the API calls it.

Rule for `bo_key`: the user's Key where the books know the record by it, or know no record; where they know it without
that Key, its token, `~` and 16 characters, so that it stays that record while everything else is mended. Of rows in
conflict nobody knows which the record is, so none is bound to it anew: the token goes to the one whose content was
sent, and stays where the user has it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from bulk_onboard.model.books import Books
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import annotated_token, normal_user_key
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, State
from bulk_onboard.model.sheet import KEY
from bulk_onboard.report.record_findings import UPDATE_REFUSED
from bulk_onboard.report.standing import Standing, standing
from bulk_onboard.report.table import cell_text


class Results(NamedTuple):
    """The texts of one row, in the order of `ADDED_COLUMNS`."""

    key: str
    state: str
    problems: str
    compliance_id: str


def results_of(decision: Decision, books: Books, found: Iterable[Finding] = ()) -> Results:
    """What one row's added columns hold; `found` is what its judged row does not have itself."""
    judged, found = decision.judged, tuple(found)
    now = standing(decision, books)
    record = None if judged.aside else now.record
    problems = problems_told((*judged.findings, *found))
    return Results(
        key=cell_text(_key(decision, books, now)),
        state=judged.aside or now.state,
        problems=cell_text("\n".join(filter(None, (*problems, "" if judged.aside else _reason(now, found))))),
        compliance_id=cell_text(record.compliance_id if record else ""),
    )


def problems_told(findings: Iterable[Finding]) -> list[str]:
    """A line for each, errors first: where, what is wrong, how to fix it."""
    worst_first = sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)
    return [
        f"{finding.severity.capitalize()}{_where(finding)}: {finding.problem} {finding.fix}" for finding in worst_first
    ]


def _where(finding: Finding) -> str:
    return f" in {finding.column}" if finding.column else ""


def _key(decision: Decision, books: Books, now: Standing) -> str:
    row = decision.judged.row
    user_key = row.cell(KEY)
    record = books.records.get(decision.identity.token) if decision.identity else None
    if record is None or (user_key and normal_user_key(record.key) == normal_user_key(user_key)):
        return user_key
    is_anybodys = now.state is State.INVALID and any(each.code == "key-conflict" for each in decision.judged.findings)
    return user_key if is_anybodys and annotated_token(row) != record.token else f"~{record.token}"


def _reason(now: Standing, found: Iterable[Finding]) -> str:
    """Why the record is where it is; what an invalid row was told is told anew, what a finding says not once more."""
    if now.record is None or now.state in (State.INVALID, State.PENDING) or not now.record.reason:
        return ""
    if now.state is State.SUBMITTED and now.record.code and now.record.review not in EDITABLE:
        return ""  # a correction that nobody waits for any more
    if any(finding.code == UPDATE_REFUSED for finding in found):
        return ""
    return ": ".join(part for part in (now.record.code, now.record.reason) if part)
