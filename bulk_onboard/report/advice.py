"""Why a row is where it is, and what its owner does about it.

Rule: one line of `_BY_STATE` is what a row is told, the ledger's own reason in the place of the table's; the row of a
submitted record is told what `submitted` says. In `todo` stand `{run}`, `{show}` and the like for commands to type.

Rule: one line of `_BY_REVIEW`, the reviewers' own words in the place of ours. A record that they sent back takes what
the row says once that has changed, so errors of the row are told then. `{run}` and `{merge}` stand for the commands to
type, `{document}` for the document that the reason speaks of.
"""

from collections.abc import Iterator, Mapping, Sequence

from bulk_onboard.model.catalogue import CATALOGUE, OLDER_CONTENT, RENUMBERED, Severity
from bulk_onboard.model.command import Commands
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.record import EDITABLE, Record, Review, State
from bulk_onboard.model.row import Aside, JudgedRow
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.report.record_findings import (
    ANY_DOCUMENT,
    FROM_RECORDS,
    OF_REFUSAL,
    Advice,
    errors_told,
    sentence,
    todo_of_errors,
)
from bulk_onboard.report.row_status import NumbersLeft, RowStatus, has_changed, has_drifted, is_older, numbers_left

_NOTHING_TO_DO = "Nothing."
_REPLACE = "Replace {document} or correct the row, then run again: {run}"
_NOT_KNOWN = Advice("The API has it; what its review says is not known yet.", _NOTHING_TO_DO)
_BY_REVIEW: Mapping[str, Advice] = {
    "": _NOT_KNOWN,
    Review.PENDING: Advice("The API has it; its review is pending.", "Nothing now; wait for the review."),
    Review.APPROVED: Advice("Approved.", _NOTHING_TO_DO),
    Review.REJECTED: Advice("The review rejected it.", _REPLACE),
    Review.MORE_INFO: Advice(
        "The review asks for more.", "Replace {document} or add to the row what is asked for, then run again: {run}"
    ),
    Review.SUSPENDED: Advice("The record is suspended.", "Ask Plivo's support why."),
    Review.EXPIRED: Advice("The record has expired.", "Ask Plivo's support how to renew it."),
}
_ASK_FIRST = "The API gives no reason, so ask Plivo's support. "
_DRIFT = "The row changed after it was sent; the API has the earlier content."
_OLDER = "The row is older than what the API has."
_TAKE_OVER = "Take the newer content into the workbook. Where an annotated copy has it, type: {merge}"
_MENDED = "The row has changed since."
_RENUMBERED = "Its registration number is another one than was sent."
_UPDATE = "Run again, which updates the record with what the row says now: {run}"


def submitted_advice(record: Record, judged: JudgedRow | None, found: Sequence[Finding]) -> Advice:
    """What the row is told; `judged` is None where the workbook, or the row, is gone."""
    is_older_than_api = judged is not None and is_older(record, judged)
    is_mended = judged is not None and record.review in EDITABLE and has_changed(record, judged)
    renumbered = [each for each in (judged.findings if judged else ()) if each.code in RENUMBERED]
    errors = list(_errors(judged.findings if judged and is_mended else renumbered, found))
    told = [*_said(record)]
    if is_older_than_api:
        told += () if any(error.code == OLDER_CONTENT for error in errors) else (_OLDER,)
    elif is_mended:
        told.append(_MENDED)
    elif judged is not None and has_drifted(record, judged):
        told.append(_DRIFT)
    if renumbered and not errors:
        told.append(_RENUMBERED)
    if errors:
        return Advice(" ".join((*told, errors_told(errors))), todo_of_errors(errors))
    todo = _UPDATE if is_mended else _todo(record, judged, found)
    if is_older_than_api and not is_mended:
        todo = " ".join((*(() if todo == _NOTHING_TO_DO else (todo,)), _TAKE_OVER))
    return Advice(" ".join(told), todo)


def _errors(own: Sequence[Finding], found: Sequence[Finding]) -> Iterator[Finding]:
    """What keeps something from being done, beside what the record itself says."""
    for finding in (*own, *found):
        if finding.severity is Severity.ERROR and finding.code not in FROM_RECORDS:
            yield finding


def _said(record: Record) -> Iterator[str]:
    """Why the last write did not succeed, if it did not; then the reviewers' reason, or what their review means."""
    why = sentence(": ".join(filter(None, (record.code, record.reason))), keep_case=bool(record.code))
    if record.code and (record.review not in EDITABLE or record.code in OF_REFUSAL or not record.refused):
        why = ""  # past, or told as a finding
    if why:
        yield f"The correction was not taken: {why}" if record.code and record.review in EDITABLE else why
    if record.review_reason:
        yield sentence(record.review_reason)
    elif not why:
        yield _line(record).reason


def _todo(record: Record, judged: JudgedRow | None, found: Sequence[Finding]) -> str:
    if record.review == Review.APPROVED and judged is not None:
        return " ".join(_todo_of_numbers(numbers_left(judged.row.cell(NUMBERS), record))) or _NOTHING_TO_DO
    if record.review not in EDITABLE:
        return _line(record).todo
    if record.refused:
        first, todo = "", _REPLACE
    else:
        first, todo = "" if record.review_reason else _ASK_FIRST, _line(record).todo
    document = next((str(each.details["document"]) for each in found if "document" in each.details), ANY_DOCUMENT)
    return first + todo.replace("{document}", document)


def _todo_of_numbers(left: NumbersLeft) -> Iterator[str]:
    if left.refused:
        yield "Correct the numbers that the API refused: the column Numbers says why."
    if left.held:
        yield "Look at the numbers that are held: the column Numbers says why, and each run looks at them again."
    if left.due:
        yield f"Run again to link the {left.due:,} number{'' if left.due == 1 else 's'} not linked yet: {{run}}"
    if left.unnamed:
        yield "To link its numbers, write them into the column Numbers and run again: {run}"


def _line(record: Record) -> Advice:
    return _BY_REVIEW.get(record.review) or Advice(
        f"The API calls its review '{record.review}', which this version does not know; "
        "it is not taken for an approval.",
        "Ask Plivo's support what that means.",
    )


_RUN_AGAIN = "Run again: {run}"
_NOTHING = "Nothing."

_BY_STATE: Mapping[State, Advice] = {
    State.INVALID: Advice("The row had errors when it was last checked.", _RUN_AGAIN),
    State.NOT_SENT: Advice("Nothing has been sent yet.", _RUN_AGAIN),
    State.SENDING: Advice("The call is under way.", _RUN_AGAIN),
    State.DEFERRED: Advice("Not sent yet.", _RUN_AGAIN),
    State.UNCERTAIN: Advice(
        "The call was made and what it led to is not known.",
        "Run again, it looks before it sends anything: {run}\nWhere it stays like this, look yourself: {resolve}",
    ),
    State.REFUSED: Advice("The API refused it.", "Mend the row as the reason says, then run again: {run}"),
    State.HELD: Advice(
        "A person must look.",
        "See what the API has of it, and what you can answer: {resolve}\nIts story: {show}",
    ),
    State.GONE: Advice(
        "The API has no such record any more, and it was not deleted by this tool.",
        "Ask who deleted it. See what you can answer, such as that its business is to be filed anew: {resolve}",
    ),
    State.DELETED: Advice("Deleted at the API on purpose.", _NOTHING),
    State.ABANDONED: Advice("Given up on purpose.", _NOTHING),
}

_ASIDE: Mapping[Aside, str] = {
    Aside.DUPLICATE: "Row {first} has the same key and content; this one is not sent again.",
    Aside.EXAMPLE: "It is the template's example, which is never sent.",
    Aside.BLANK: "It holds nothing but defaults or check boxes, so it is no business.",
}

_KEPT_OUT = {State.INVALID, State.NOT_SENT, State.DEFERRED, State.REFUSED}


def advise(
    standing: RowStatus, judged: JudgedRow | None, commands: Commands, found: Sequence[Finding] = (), *, name: str = ""
) -> Advice:
    """What a row is told.

    Args:
        judged: None where the workbook is gone.
        commands: what there is to type about the job.
        name: what its record is called in a command.
        found: what turned up about the row only while it was to be sent, and what the API said of its record.
    """
    record = standing.record
    if standing.state is State.SUBMITTED and record is not None:
        advice = submitted_advice(record, judged, found)
        return Advice(advice.reason, _with_commands(advice.todo, commands, name))
    line = _BY_STATE[standing.state]
    errors = [each for each in (*(judged.findings if judged else ()), *found) if each.severity is Severity.ERROR]
    kept_out = bool(errors) and standing.state in _KEPT_OUT
    told = [_why(standing) or line.reason]
    if kept_out:
        told = [*(told if standing.state is not State.INVALID else ()), errors_told(errors)]
    todo = todo_of_errors(errors) if kept_out else line.todo
    return Advice(" ".join(told), _with_commands(todo, commands, name))


def aside_advice(judged: JudgedRow) -> Advice:
    """What a row is told that stands aside."""
    reason = _ASIDE[judged.aside] if judged.aside else ""
    return Advice(reason.format(first=judged.duplicate_of), _NOTHING)


def _why(standing: RowStatus) -> str:
    """The ledger's reason as a sentence; a refusal's with its code, an invalid row's by its findings' titles."""
    record = standing.record
    if record is None or standing.state is State.NOT_SENT:
        return ""
    if standing.state is State.INVALID:
        codes = [code for code in record.code.split(", ") if code]
        return sentence("; ".join(CATALOGUE[code].title if code in CATALOGUE else code for code in codes))
    return sentence(": ".join(part for part in (record.code, record.reason) if part), keep_case=bool(record.code))


def _with_commands(todo: str, commands: Commands, name: str) -> str:
    """`todo` with the commands in their places."""
    for place, command in (
        ("{run}", commands.run),
        ("{merge}", commands.merge),
        ("{show}", lambda: commands.show(name)),
        ("{resolve}", lambda: commands.resolve(name)),
    ):
        if place in todo:
            todo = todo.replace(place, command())
    return todo
