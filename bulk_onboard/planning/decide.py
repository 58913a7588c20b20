"""Decide what is due for one row, from its record and the row itself.

See docs/design/promise.md, Row changes.

1. A duplicate, the template's example and a blank row are never sent.
2. Where the API has, or may have, the record, the record's state decides (`_RECORD_DECIDES`). A submitted one is
   updated with a changed row only when its reviewers sent it back, and gets the row's phone numbers only when it is
   approved and the registration number is the one that was approved.
3. Where the API has nothing, a valid row is sent (`_ROW_DECIDES`), unless the API refused this very content before.
4. A record that has expired is filed anew under its row's next generation.
5. Content that was replaced by newer content is not sent again by itself, since an older copy of the sheet would undo
   a correction. The row gets an error, and a person decides, by merging or with `--allow-older`.
"""

from collections.abc import Callable, Mapping

from bulk_onboard.model.catalogue import OLDER_CONTENT, RENUMBERED, Severity
from bulk_onboard.model.entry import Op
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.plan import Action, Decision, Identity, Scope
from bulk_onboard.model.record import EDITABLE, Linkage, Record, Review, State
from bulk_onboard.model.row import Aside, JudgedRow
from bulk_onboard.model.sheet import NUMBERS

_Due = tuple[Action, str]


def decide(judged: JudgedRow, identity: Identity | None, record: Record | None, scope: Scope) -> Decision:
    """Return the decision for one row.

    `record` is the ledger's record of its token, None where there is none.
    """
    if numbers := _numbers_due(judged, record, scope):
        return Decision(judged, identity, Action.LINK, "approved: numbers to be linked", numbers)
    action, reason = _due(judged, record, scope, is_rejected=identity is None)
    if action in _SENDS_CONTENT and record is not None and judged.fingerprint in record.replaced:
        if not scope.allow_older:
            return Decision(_with_older_content(judged), identity, Action.NOTHING, "older than what was sent since")
        reason = f"{reason}; older than what was sent since, as --allow-older allows"
    if action is Action.CREATE and identity is not None and record is not None and record.state is State.SUBMITTED:
        identity = identity.successor()
    renumbered = "; its registration number is another than was sent" if _is_renumbered(judged) else ""
    return Decision(judged, identity, action, reason + renumbered)


def _with_older_content(judged: JudgedRow) -> JudgedRow:
    finding = Finding(OLDER_CONTENT, judged.row.sheet, judged.row.number)
    return judged.with_findings((finding, *judged.findings), kept_out=True)


def _due(judged: JudgedRow, record: Record | None, scope: Scope, *, is_rejected: bool) -> _Due:
    if judged.aside is not None:
        return Action.NOTHING, _STANDS_ASIDE[judged.aside].format(first=judged.duplicate_of)
    if record is not None and record.state in _RECORD_DECIDES:
        return _RECORD_DECIDES[record.state](judged, record, scope)
    if judged.application is None:
        why = f"{judged.findings[0].title}; " if is_rejected and judged.findings else ""
        return Action.NOTHING, why + _errors(judged)
    action, reason = _ROW_DECIDES[record.state](judged, record, scope) if record is not None else (Action.CREATE, "new")
    if action is Action.CREATE and not scope.admit_new_rows and not _was_taken_in(record):
        return Action.NOTHING, "not taken in: resume finishes what was begun"
    return action, reason


def _numbers_due(judged: JudgedRow, record: Record | None, scope: Scope) -> tuple[str, ...]:
    """Return the row's phone numbers that are to be linked to its approved record.

    Held ones are due in every run. The API's reviewers did not judge them, so errors in other cells keep none of them
    back, unless the row may be of another business than the record.
    """
    if record is None or record.state is not State.SUBMITTED or record.review != Review.APPROVED or judged.aside:
        return ()
    if _is_renumbered(judged) or any(finding.code == "key-conflict" for finding in judged.findings):
        return ()
    return tuple(number for number in numbers_in(judged.row.cell(NUMBERS)) if _is_due(number, record, scope))


def _is_renumbered(judged: JudgedRow) -> bool:
    """Return whether the row has another registration number than its record."""
    return any(finding.code in RENUMBERED for finding in judged.findings)


def _is_due(number: str, record: Record, scope: Scope) -> bool:
    known = record.numbers.get(number)
    return known is None or known.linkage is Linkage.HELD or scope.retries(known.code)


def _submitted(judged: JudgedRow, record: Record, scope: Scope) -> _Due:
    if record.review in EDITABLE:
        return _editable(judged, record, scope)
    if record.review == Review.EXPIRED:
        return _expired(judged, record, scope)
    if record.fingerprint in ("", judged.fingerprint):
        return Action.NOTHING, "submitted"
    spoiled = f"; {_errors(judged)}" if judged.has_errors else ""
    return Action.NOTHING, f"submitted; the row has changed since (drift){spoiled}"


def _editable(judged: JudgedRow, record: Record, scope: Scope) -> _Due:
    """Return what is due for a record sent back by reviewers: one update per change."""
    if judged.application is None:
        return Action.NOTHING, f"{record.review}; {_errors(judged)}"
    if record.fingerprint in ("", judged.fingerprint):
        return Action.NOTHING, f"{record.review}; change the row or its documents to send it again"
    if judged.fingerprint != record.refused:
        return Action.UPDATE, f"{record.review}, and changed since"
    if scope.retries(record.code):
        return Action.UPDATE, f"update refused before: {record.code}"
    return Action.NOTHING, f"update refused: {record.code}; change the row or its documents to send it again"


def _expired(judged: JudgedRow, record: Record, scope: Scope) -> _Due:
    """Return what is due for a record that has expired: filing its row anew, once for each expiry."""
    if judged.application is None:
        return Action.NOTHING, f"expired; {_errors(judged)}"
    if not scope.admit_new_rows:
        return Action.NOTHING, "expired; not taken in: resume finishes what was begun"
    return Action.CREATE, f"expired: filed anew, as the row's record {record.generation + 1}"


def _held(judged: JudgedRow, record: Record, _: Scope) -> _Due:
    """Return what is due for a held record: settling, where the row has changed."""
    if record.op is Op.CREATE and record.fingerprint not in ("", judged.fingerprint):
        return Action.SETTLE, f"held ({record.reason}), and the row has changed since"
    return Action.NOTHING, f"held: a person must look: {record.reason}"


def _refused(judged: JudgedRow, record: Record, scope: Scope) -> _Due:
    if record.fingerprint != judged.fingerprint:
        return Action.CREATE, "changed since it was refused"
    if scope.retries(record.code):
        return Action.CREATE, f"refused before: {record.code}"
    return Action.NOTHING, f"refused: {record.code}; change the row to send it again"


_SENDS_CONTENT = frozenset({Action.CREATE, Action.UPDATE})

_STANDS_ASIDE: Mapping[Aside, str] = {
    Aside.DUPLICATE: "duplicate of row {first}",
    Aside.EXAMPLE: "the template's example",
    Aside.BLANK: "nothing but defaults",
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
    State.NOT_SENT: lambda j, r, s: (Action.CREATE, "not sent yet"),
    State.DEFERRED: lambda j, r, s: (Action.CREATE, r.reason or "not sent yet"),
    State.INVALID: lambda j, r, s: (Action.CREATE, "fixed"),
    State.REFUSED: _refused,
}


def _was_taken_in(record: Record | None) -> bool:
    return record is not None and record.state in (State.NOT_SENT, State.DEFERRED)


def _errors(judged: JudgedRow) -> str:
    number = sum(finding.severity is Severity.ERROR for finding in judged.findings)
    return f"{number} error{'' if number == 1 else 's'}"
