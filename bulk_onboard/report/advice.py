"""Why a row is where it is, and what its owner does about it.

Rule: one line of `_BY_STATE`, or of `_BY_REVIEW` for a submitted record, is what a row is told; the ledger's own
reason goes before the table's. In `todo` stand `{run}` and `{show}` for the commands to type.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.kind import Severity
from bulk_onboard.model.record import Record, Review, State
from bulk_onboard.model.row import Aside, JudgedRow
from bulk_onboard.report.standing import Standing

_FEW = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """Two cells of the report: `reason` and `todo`, each a sentence or two; empty where there is nothing to say."""

    reason: str
    todo: str


_RUN_AGAIN = "Run again: {run}"
_MEND_FIRST = "Mend the row as the sheet Problems says, then run again: {run}"
_NOTHING = "Nothing."

_BY_STATE: Mapping[State, Advice] = {
    State.INVALID: Advice("The row had errors when it was last checked.", _RUN_AGAIN),
    State.PENDING: Advice("Nothing has been sent yet.", _RUN_AGAIN),
    State.SENDING: Advice("The call is under way.", _RUN_AGAIN),
    State.DEFERRED: Advice("Not sent yet.", _RUN_AGAIN),
    State.UNCERTAIN: Advice(
        "The call was made and what it led to is not known.",
        "Run again, it looks before it sends anything: {run}",
    ),
    State.REFUSED: Advice("The API refused it.", "Mend the row as the reason says, then run again: {run}"),
    State.HELD: Advice("A person must look.", "Look at its story: {show} Then say what you found: {resolve}"),
    State.SUBMITTED: Advice("The API has it; what its review says is not known yet.", _NOTHING),
    State.DELETED: Advice("Deleted at the API on purpose.", _NOTHING),
    State.ABANDONED: Advice("Given up on purpose.", _NOTHING),
}

_BY_REVIEW: Mapping[str, Advice] = {
    Review.PENDING: Advice("The API has it; its review is pending.", "Nothing now; wait for the review."),
    Review.APPROVED: Advice("Approved.", _NOTHING),
    Review.REJECTED: Advice("The review rejected it.", "Correct the row or its documents as the reason says."),
    Review.MORE_INFO: Advice("The review asks for more.", "Add to the row or its documents what the reason asks for."),
    Review.SUSPENDED: Advice("The record is suspended.", "Ask Plivo's support why."),
    Review.EXPIRED: Advice("The record has expired.", "Ask Plivo's support how to renew it."),
}

_ASIDE: Mapping[Aside, str] = {
    Aside.DUPLICATE: "Row {first} has the same key and content; this one is not sent again.",
    Aside.EXAMPLE: "It is the template's example, which is never sent.",
}

_DRIFT = "The row changed after it was sent; the API has the earlier content."
_KEPT_OUT = {State.INVALID, State.PENDING, State.DEFERRED, State.REFUSED}


def run_command(job: str) -> str:
    """What to type to continue; `job` as the user typed it."""
    return f"bulk-onboard run {shlex.quote(job)}"


def show_command(job: str, record: Record) -> str:
    """What to type to see one record's story."""
    return f"bulk-onboard ledger show {shlex.quote(job)} {shlex.quote(record.key or record.token)}"


def resolve_command(job: str, record: Record) -> str:
    """What to type to settle a held record."""
    name = shlex.quote(record.key or record.token)
    return f"bulk-onboard resolve {shlex.quote(job)} {name} --found ID (or --absent, or --abandon)"


def advise(standing: Standing, judged: JudgedRow | None, job: str, found: Sequence[Finding] = ()) -> Advice:
    """What a row is told.

    Args:
        judged: None where the workbook is gone.
        found: what turned up about the row only while it was to be sent.
    """
    line = _BY_REVIEW.get(standing.review) or _BY_STATE[standing.state]
    errors = [each for each in (*(judged.findings if judged else ()), *found) if each.severity is Severity.ERROR]
    kept_out = bool(errors) and standing.state in _KEPT_OUT
    told = [_why(standing) or line.reason]
    if kept_out:
        told = [*(told if standing.state is not State.INVALID else ()), _errors_told(errors)]
    if _has_drifted(standing, judged):
        told.append(_DRIFT)
    todo = _todo_of_errors(errors) if kept_out else line.todo
    return Advice(" ".join(told), _with_commands(todo, standing.record, job))


def aside_advice(judged: JudgedRow) -> Advice:
    """What a row is told that stands aside."""
    reason = _ASIDE[judged.aside] if judged.aside else ""
    return Advice(reason.format(first=judged.duplicate_of), _NOTHING)


def _why(standing: Standing) -> str:
    """The ledger's reason as a sentence; a refusal's with its code, an invalid row's by its findings' titles."""
    record = standing.record
    if record is None or standing.state is State.PENDING:
        return ""
    if standing.state is State.INVALID:
        codes = [code for code in record.code.split(", ") if code]
        return _sentence("; ".join(CATALOGUE[code].title if code in CATALOGUE else code for code in codes))
    return _sentence(": ".join(part for part in (record.code, record.reason) if part), keep_case=bool(record.code))


def _sentence(text: str, *, keep_case: bool = False) -> str:
    text = text.strip()
    if not text:
        return ""
    first = text[0] if keep_case else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".!?…" else ".")


def _errors_told(errors: list[Finding]) -> str:
    told = [f"{error.column}: {error.problem}" if error.column else error.problem for error in errors[:_FEW]]
    more = len(errors) - _FEW
    return " ".join([*told, f"And {more} more."] if more > 0 else told)


def _todo_of_errors(errors: list[Finding]) -> str:
    return f"{errors[0].mend} Then run again: {{run}}" if len(errors) == 1 else _MEND_FIRST


def _with_commands(todo: str, record: Record | None, job: str) -> str:
    """`todo` with the commands in their places."""
    if "{run}" in todo:
        todo = todo.replace("{run}", run_command(job))
    if record and "{show}" in todo:
        todo = todo.replace("{show}", show_command(job, record))
    if record and "{resolve}" in todo:
        todo = todo.replace("{resolve}", resolve_command(job, record))
    return todo


def _has_drifted(standing: Standing, judged: JudgedRow | None) -> bool:
    record = standing.record
    if judged is None or record is None or standing.state is not State.SUBMITTED:
        return False
    return bool(record.fingerprint) and record.fingerprint != judged.fingerprint
