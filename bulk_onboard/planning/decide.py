"""What is due for a row, and why: one look at its record, then at the row itself (design.md 5; reliability.md 1.8).

Rule: a row that stands aside, a duplicate or the template's example, is never sent. Where the API has or may have the
record already, the record decides and the row has no say, however it was mended or spoiled since. Where nothing is at
the API the row decides: a valid one is sent, unless the API refused this very content before.
"""

from collections.abc import Callable, Mapping

from bulk_onboard.model.entry import Op
from bulk_onboard.model.kind import Severity
from bulk_onboard.model.plan import Action, Decision, Identity
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.row import Aside, JudgedRow

_Due = tuple[Action, str]


def decide(judged: JudgedRow, identity: Identity | None, record: Record | None, *, admit_new_rows: bool) -> Decision:
    """The decision for one row; `record` is what the books know of its token, None for nothing.

    Without `admit_new_rows` (`resume`) only what a run took in before is sent.
    """
    action, reason = _due(judged, record, admit_new_rows)
    return Decision(judged, identity, action, reason)


def _due(judged: JudgedRow, record: Record | None, admit_new_rows: bool) -> _Due:
    if judged.aside is not None:
        return Action.NOTHING, _STANDS_ASIDE[judged.aside].format(first=judged.duplicate_of)
    if record is not None and record.state in _RECORD_DECIDES:
        return _RECORD_DECIDES[record.state](judged, record)
    if judged.application is None:
        return Action.NOTHING, _errors(judged)
    action, reason = _ROW_DECIDES[record.state](judged, record) if record is not None else (Action.CREATE, "new")
    if action is Action.CREATE and not admit_new_rows and not _was_taken_in(record):
        return Action.NOTHING, "not taken in: resume finishes what was begun"
    return action, reason


def _submitted(judged: JudgedRow, record: Record) -> _Due:
    if record.fingerprint in ("", judged.fingerprint):
        return Action.NOTHING, f"submitted as {record.compliance_id}"
    spoiled = f"; {_errors(judged)}" if judged.has_errors else ""
    return Action.NOTHING, f"submitted as {record.compliance_id}; the row has changed since (drift){spoiled}"


def _held(judged: JudgedRow, record: Record) -> _Due:
    """A changed row is settled anew, never created straight away."""
    if record.op is Op.CREATE and record.fingerprint not in ("", judged.fingerprint):
        return Action.SETTLE, f"held ({record.reason}), and the row has changed since"
    return Action.NOTHING, f"held: a person must look: {record.reason}"


def _refused(judged: JudgedRow, record: Record) -> _Due:
    if record.fingerprint == judged.fingerprint:
        return Action.NOTHING, f"refused: {record.code}; change the row to send it again"
    return Action.CREATE, "changed since it was refused"


_STANDS_ASIDE: Mapping[Aside, str] = {
    Aside.DUPLICATE: "duplicate of row {first}",
    Aside.EXAMPLE: "the template's example",
}

_RECORD_DECIDES: Mapping[State, Callable[[JudgedRow, Record], _Due]] = {
    State.SENDING: lambda j, r: (Action.SETTLE, "outcome unknown: the last run ended in the middle of the call"),
    State.UNCERTAIN: lambda j, r: (Action.SETTLE, r.reason or "outcome unknown"),
    State.HELD: _held,
    State.SUBMITTED: _submitted,
    State.DELETED: lambda j, r: (Action.NOTHING, "deleted on purpose"),
    State.ABANDONED: lambda j, r: (Action.NOTHING, "given up on purpose"),
}

_ROW_DECIDES: Mapping[State, Callable[[JudgedRow, Record], _Due]] = {
    State.PENDING: lambda j, r: (Action.CREATE, "not sent yet"),
    State.DEFERRED: lambda j, r: (Action.CREATE, r.reason or "not sent yet"),
    State.INVALID: lambda j, r: (Action.CREATE, "mended"),
    State.REFUSED: _refused,
}


def _was_taken_in(record: Record | None) -> bool:
    return record is not None and record.state in (State.PENDING, State.DEFERRED)


def _errors(judged: JudgedRow) -> str:
    number = sum(finding.severity is Severity.ERROR for finding in judged.findings)
    return f"{number} error{'' if number == 1 else 's'}: see Problems"
