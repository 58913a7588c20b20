"""What is due for a row, and why: one look at its record, then at the row itself (design.md 5; reliability.md 1.8).

Rule: a row that stands aside, a duplicate or the template's example, is never sent. Where the API has or may have the
record already, the record decides. Of a submitted one the review does: rejected, or asked for more, it takes what the
row says once that has changed; approved, it takes the row's numbers; else the row has no say, however it was mended or
spoiled since. Where nothing is at the API the row decides: a valid one is sent, unless the API refused this very
content before.
"""

from collections.abc import Callable, Mapping

from bulk_onboard.model.entry import Op
from bulk_onboard.model.kind import Severity
from bulk_onboard.model.number import numbers_in
from bulk_onboard.model.plan import Action, Decision, Identity
from bulk_onboard.model.record import EDITABLE, Linkage, Record, Review, State
from bulk_onboard.model.row import Aside, JudgedRow
from bulk_onboard.model.scope import Scope
from bulk_onboard.model.sheet import NUMBERS

_Due = tuple[Action, str]


def decide(judged: JudgedRow, identity: Identity | None, record: Record | None, scope: Scope) -> Decision:
    """The decision for one row; `record` is what the books know of its token, None for nothing."""
    if numbers := _numbers_due(judged, record, scope):
        return Decision(judged, identity, Action.LINK, "approved: numbers to be linked", numbers)
    action, reason = _due(judged, record, scope)
    return Decision(judged, identity, action, reason)


def _due(judged: JudgedRow, record: Record | None, scope: Scope) -> _Due:
    if judged.aside is not None:
        return Action.NOTHING, _STANDS_ASIDE[judged.aside].format(first=judged.duplicate_of)
    if record is not None and record.state in _RECORD_DECIDES:
        return _RECORD_DECIDES[record.state](judged, record, scope)
    if judged.application is None:
        return Action.NOTHING, _errors(judged)
    action, reason = _ROW_DECIDES[record.state](judged, record, scope) if record is not None else (Action.CREATE, "new")
    if action is Action.CREATE and not scope.admit_new_rows and not _was_taken_in(record):
        return Action.NOTHING, "not taken in: resume finishes what was begun"
    return action, reason


def _numbers_due(judged: JudgedRow, record: Record | None, scope: Scope) -> tuple[str, ...]:
    """The row's numbers that are to be linked to its approved record; held ones are looked at again in every run.

    They are no part of what the API judged, so whatever else is wrong with the row keeps none of them back, but for a
    row of which nobody knows whether it is the record's.
    """
    if record is None or record.state is not State.SUBMITTED or record.review != Review.APPROVED or judged.aside:
        return ()
    if any(finding.code == "key-conflict" for finding in judged.findings):
        return ()
    return tuple(number for number in numbers_in(judged.row.cell(NUMBERS)) if _is_due(number, record, scope))


def _is_due(number: str, record: Record, scope: Scope) -> bool:
    known = record.numbers.get(number)
    return known is None or known.linkage is Linkage.HELD or scope.retries(known.code)


def _submitted(judged: JudgedRow, record: Record, scope: Scope) -> _Due:
    if record.review in EDITABLE:
        return _editable(judged, record, scope)
    if record.fingerprint in ("", judged.fingerprint):
        return Action.NOTHING, f"submitted as {record.compliance_id}"
    spoiled = f"; {_errors(judged)}" if judged.has_errors else ""
    return Action.NOTHING, f"submitted as {record.compliance_id}; the row has changed since (drift){spoiled}"


def _editable(judged: JudgedRow, record: Record, scope: Scope) -> _Due:
    """A record that its reviewers sent back is updated, once, with what the row says now."""
    if judged.application is None:
        return Action.NOTHING, f"{record.review}; {_errors(judged)}"
    if record.fingerprint in ("", judged.fingerprint):
        return Action.NOTHING, f"{record.review}; change the row or its documents to send it again"
    if judged.fingerprint != record.refused:
        return Action.UPDATE, f"{record.review}, and changed since"
    if scope.retries(record.code):
        return Action.UPDATE, f"update refused before: {record.code}"
    return Action.NOTHING, f"update refused: {record.code}; change the row or its documents to send it again"


def _held(judged: JudgedRow, record: Record, _: Scope) -> _Due:
    """A changed row is settled anew, never created straight away."""
    if record.op is Op.CREATE and record.fingerprint not in ("", judged.fingerprint):
        return Action.SETTLE, f"held ({record.reason}), and the row has changed since"
    return Action.NOTHING, f"held: a person must look: {record.reason}"


def _refused(judged: JudgedRow, record: Record, scope: Scope) -> _Due:
    if record.fingerprint != judged.fingerprint:
        return Action.CREATE, "changed since it was refused"
    if scope.retries(record.code):
        return Action.CREATE, f"refused before: {record.code}"
    return Action.NOTHING, f"refused: {record.code}; change the row to send it again"


_STANDS_ASIDE: Mapping[Aside, str] = {
    Aside.DUPLICATE: "duplicate of row {first}",
    Aside.EXAMPLE: "the template's example",
}

_RECORD_DECIDES: Mapping[State, Callable[[JudgedRow, Record, Scope], _Due]] = {
    State.SENDING: lambda j, r, s: (Action.SETTLE, "outcome unknown: the last run ended in the middle of the call"),
    State.UNCERTAIN: lambda j, r, s: (Action.SETTLE, r.reason or "outcome unknown"),
    State.HELD: _held,
    State.SUBMITTED: _submitted,
    State.GONE: lambda j, r, s: (Action.NOTHING, f"gone: the API has no record {r.compliance_id} any more"),
    State.DELETED: lambda j, r, s: (Action.NOTHING, "deleted on purpose"),
    State.ABANDONED: lambda j, r, s: (Action.NOTHING, "given up on purpose"),
}

_ROW_DECIDES: Mapping[State, Callable[[JudgedRow, Record, Scope], _Due]] = {
    State.PENDING: lambda j, r, s: (Action.CREATE, "not sent yet"),
    State.DEFERRED: lambda j, r, s: (Action.CREATE, r.reason or "not sent yet"),
    State.INVALID: lambda j, r, s: (Action.CREATE, "mended"),
    State.REFUSED: _refused,
}


def _was_taken_in(record: Record | None) -> bool:
    return record is not None and record.state in (State.PENDING, State.DEFERRED)


def _errors(judged: JudgedRow) -> str:
    number = sum(finding.severity is Severity.ERROR for finding in judged.findings)
    return f"{number} error{'' if number == 1 else 's'}: see Problems"
