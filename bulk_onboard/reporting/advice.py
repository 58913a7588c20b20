"""Why a row is where it is, and what its owner does about it.

Rule: `_BY_STATE` has a line for each state, `_BY_REVIEW` one for each review of a submitted record. The ledger's own
reason, or the reviewers' own words, take the place of the table's. A record that was sent back takes what the row says
once that has changed, so then the errors of the row count. In `todo`, `{document}` stands for the document that the
reviewers mean, and `{key}` for what the record is called in a command, where that is not its Key. The commands
themselves stand on the report's first sheet, once, and not in each row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bulk_onboard.model.catalogue import CATALOGUE, OLDER_CONTENT, RENUMBERED, Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.plan import NOT_CHOSEN
from bulk_onboard.model.record import EDITABLE, SET_ASIDE, Record, Review, State
from bulk_onboard.model.row import Aside
from bulk_onboard.model.sheet import KEY
from bulk_onboard.reporting.record_findings import ANY_DOCUMENT, FROM_RECORDS, OF_REFUSAL, sentence
from bulk_onboard.reporting.row_status import NumbersLeft, RowStatus, Unread
from bulk_onboard.units import format_count


@dataclass(frozen=True, slots=True)
class Advice:
    """Two cells of the report: `reason` and `todo`, each a sentence or two; empty where there is nothing to say."""

    reason: str
    todo: str


_NOTHING = "Nothing."
_RUN_AGAIN = "Run again."
_ANSWER = "Choose an answer with the command resolve, which is on the sheet Summary{key}."

_BY_STATE: Mapping[State, Advice] = {
    State.INVALID: Advice("The row had errors when it was last checked.", _RUN_AGAIN),
    State.NOT_SENT: Advice("Nothing has been sent yet.", _RUN_AGAIN),
    State.SENDING: Advice("The call is under way.", _RUN_AGAIN),
    State.DEFERRED: Advice("Not sent yet; the next run tries again.", _RUN_AGAIN),
    State.UNCERTAIN: Advice(
        "The call was made, and its outcome is not known.",
        f"Run again, which looks before it sends anything. If it stays like this, look yourself. {_ANSWER}",
    ),
    State.REFUSED: Advice("The API refused it.", "Fix the row as the reason says, then run again."),
    State.HELD: Advice("Somebody must look at it.", f"See what the API has of it. {_ANSWER}"),
    State.GONE: Advice(
        "The API no longer has the record, and this tool did not delete it.",
        f"Ask who deleted it. {_ANSWER} One is that the business is to be filed again.",
    ),
    State.DELETED: Advice("Deleted at the API on purpose.", _NOTHING),
    State.ABANDONED: Advice("Given up on purpose.", _NOTHING),
}

_UNREAD = Advice(
    "The account's ledger cannot be read, so nobody knows what was sent of it.",
    "See what is wrong with the ledger: the sheet Summary has it beside the account.",
)

_ASIDE: Mapping[Aside, str] = {
    Aside.DUPLICATE: "Row {first} has the same key and content; this one is not sent again.",
    Aside.EXAMPLE: "It is the template's example, which is never sent.",
    Aside.BLANK: "It holds nothing but defaults or check boxes, so it is no business.",
}

_REPLACE = "Replace {document} or correct the row, then run again."
_BY_REVIEW: Mapping[str, Advice] = {
    "": Advice("The API has it; what its review says is not known yet.", _NOTHING),
    Review.DRAFT: Advice("The API has it as a draft.", "Nothing now; if it stays a draft, ask the API's vendor."),
    Review.PENDING: Advice("The API has it; its review is pending.", "Nothing now; wait for the review."),
    Review.APPROVED: Advice("Approved.", _NOTHING),
    Review.REJECTED: Advice("The review rejected it.", _REPLACE),
    Review.MORE_INFO: Advice(
        "The review asks for more.", "Replace {document} or add to the row what is asked for, then run again."
    ),
    Review.SUSPENDED: Advice(
        "The record is suspended: complaints about its numbers are open, and they cannot call.",
        "Send the proof of consent that the vendor's console asks for.",
    ),
    Review.EXPIRED: Advice("The approval has expired.", "Run again, which files the row anew."),
}
_ASK_FIRST = "The API gives no reason, so ask Plivo's support. "
_DRIFT = "The row changed after it was sent; the API has the earlier content."
_OLDER = "The row is older than what the API has."
_TAKE_OVER = "Take the newer content into the workbook; where an annotated copy has it, with merge (sheet Summary)."
_CHANGED = "The row has changed since."
_RENUMBERED = "Its registration number is not the one that was sent."
_UPDATE = "Run again, which updates the record with what the row says now."

_FEW = 3
_TODO_OF: Mapping[str, str] = {  # where it is a command to type rather than a cell to correct
    OLDER_CONTENT: f"{_TAKE_OVER} Then run again.",
}
_FIX_FIRST = "Fix the row as the sheet Problems says, then run again."
_SEE_CHECK = "Fix the row as the command check says, then run again."

_KEPT_OUT = frozenset({State.INVALID, State.NOT_SENT, State.DEFERRED, State.REFUSED})


def advise(status: RowStatus, *, name: str = "") -> Advice:
    """Return the reason of a row, and what its owner does about it.

    Args:
        name: what its record is called in a command; where that is its Key, nothing is said of it.
    """
    if status.aside and status.judged:
        return Advice(_ASIDE[status.aside].format(first=status.judged.duplicate_of), _NOTHING)
    if status.state is Unread.LEDGER:
        return _UNREAD
    advice = submitted_advice(status) if status.state is State.SUBMITTED else _unsubmitted_advice(status)
    own = status.judged.row.cell(KEY) if status.judged else status.record.key if status.record else ""
    key = f", with {name} for KEY" if name and name != own else ""
    return Advice(advice.reason, advice.todo.replace("{key}", key))


def submitted_advice(status: RowStatus) -> Advice:
    """Return the advice for the row of a submitted record."""
    record, judged = status.record or Record(token=""), status.judged
    is_fixed = record.review in EDITABLE and status.has_changed
    own = judged.findings if judged else ()
    renumbered = [each for each in own if each.code in RENUMBERED]
    errors = list(_errors(own if is_fixed else renumbered, status.found))
    reasons = [*_reasons(record)]
    if status.is_older:
        reasons += () if any(error.code == OLDER_CONTENT for error in errors) else (_OLDER,)
    elif is_fixed:
        reasons.append(_CHANGED)
    elif status.has_drifted:
        reasons.append(_DRIFT)
    if renumbered and not errors:
        reasons.append(_RENUMBERED)
    if errors:
        return Advice(" ".join((*reasons, _first_errors(errors))), _todo_of_errors(errors))
    todo = _UPDATE if is_fixed else _todo(record, status)
    if status.is_older and not is_fixed:
        todo = _TAKE_OVER if todo.startswith("Nothing") else f"{todo} {_TAKE_OVER}"
    return Advice(" ".join(reasons), todo)


def _unsubmitted_advice(status: RowStatus) -> Advice:
    state = State(status.state)
    line = _BY_STATE[state]
    if status.decision and status.decision.reason == NOT_CHOSEN:
        line = Advice("Not chosen for the last run, so nothing was sent.", line.todo)
    if state is State.INVALID and status.judged is None:  # the ledger has the kinds of its errors alone
        line = Advice(line.reason, _SEE_CHECK)
    errors = [each for each in status.findings if each.severity is Severity.ERROR]
    reasons = [_ledger_reason(status) or line.reason]
    if not errors or state not in _KEPT_OUT:
        return Advice(" ".join(reasons), line.todo)
    before = reasons if state is not State.INVALID else []
    return Advice(" ".join([*before, _first_errors(errors)]), _todo_of_errors(errors))


def _errors(own: Sequence[Finding], found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield what keeps something from being done, beside what the record itself says."""
    for finding in (*own, *found):
        if finding.severity is Severity.ERROR and finding.code not in FROM_RECORDS:
            yield finding


def _first_errors(errors: Sequence[Finding]) -> str:
    """Return the first few, and how many more there are."""
    texts = [_named(error) for error in errors[:_FEW]]
    more = len(errors) - _FEW
    return " ".join([*texts, f"And {more} more."] if more > 0 else texts)


def _named(error: Finding) -> str:
    """Return the problem with the column before it, unless it begins with that."""
    named = not error.column or error.problem.startswith(error.column)
    return error.problem if named else f"{error.column}: {error.problem}"


def _todo_of_errors(errors: Sequence[Finding]) -> str:
    if len(errors) == 1 and errors[0].code in _TODO_OF:
        return _TODO_OF[errors[0].code]
    return f"{errors[0].fix} Then run again." if len(errors) == 1 else _FIX_FIRST


def _reasons(record: Record) -> Iterator[str]:
    """Yield why the last write failed, if it did; then the reviewers' reason, or what their review means."""
    why = _what_was_said(record)
    if record.code and (record.review not in EDITABLE or record.code in OF_REFUSAL or not record.refused):
        why = ""  # past, or a finding says it
    if why:
        yield f"The correction was not taken: {why}" if record.code and record.review in EDITABLE else why
    if record.review_reason:
        yield sentence(record.review_reason)
    elif not why:
        yield _line(record).reason


def _todo(record: Record, status: RowStatus) -> str:
    if record.review == Review.APPROVED:
        return " ".join(_todo_of_numbers(status.numbers_left)) or _NOTHING
    if record.review not in EDITABLE:
        return _line(record).todo
    if record.refused:
        first, todo = "", _REPLACE
    else:
        first, todo = "" if record.review_reason else _ASK_FIRST, _line(record).todo
    document = next((str(each.details["document"]) for each in status.found if "document" in each.details), "")
    return first + todo.replace("{document}", document or ANY_DOCUMENT)


def _todo_of_numbers(left: NumbersLeft) -> Iterator[str]:
    if left.refused:
        yield "Correct the numbers that the API refused: the column Numbers says why."
    if left.held:
        yield "Look at the numbers that are held: the column Numbers says why. Each run looks at them again."
    if left.unknown:
        yield (
            f"Run again, which looks whether the {format_count(left.unknown, 'number')} of unknown outcome "
            f"{'is' if left.unknown == 1 else 'are'} linked."
        )
    if left.due:
        yield f"Run again to link the {format_count(left.due, 'number')} not linked yet."
    if left.unnamed:
        yield "To link its numbers, write them into the column Numbers and run again."


def _line(record: Record) -> Advice:
    return _BY_REVIEW.get(record.review) or Advice(
        f"The API calls its review '{record.review}', which this version does not know; "
        "it is not taken for an approval.",
        "Ask Plivo's support what that means.",
    )


def _ledger_reason(status: RowStatus) -> str:
    """Return the ledger's reason as a sentence: a refusal's with its code, an invalid row's by its findings' titles."""
    record = status.record
    if record is None or status.state is State.NOT_SENT:
        return ""
    if status.state is State.INVALID:
        codes = [code for code in record.code.split(", ") if code]
        return sentence("; ".join(CATALOGUE[code].title if code in CATALOGUE else code for code in codes))
    return _what_was_said(record)


def _what_was_said(record: Record) -> str:
    """Return why the last write failed as a sentence: the API's code and words; our own code says nothing to people."""
    if record.code == SET_ASIDE:
        return sentence(record.reason or "It failed in every attempt")
    return sentence(": ".join(filter(None, (record.code, record.reason))), keep_case=bool(record.code))
