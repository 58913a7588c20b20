"""Why a row is where it is, and what its owner does about it.

Rule: one line of `_BY_STATE` is what a row is told, the ledger's own reason in the place of the table's; the row of a
submitted record is told what `submitted` says. In `todo` stand `{run}` and `{show}` for the commands to type.
"""

import shlex
from collections.abc import Mapping, Sequence

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.kind import Severity
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.row import Aside, JudgedRow
from bulk_onboard.report.sentences import Advice, errors_told, sentence, todo_of_errors
from bulk_onboard.report.standing import Standing
from bulk_onboard.report.submitted import submitted_advice

_RUN_AGAIN = "Run again: {run}"
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
    State.GONE: Advice(
        "The API has no such record any more, and it was not deleted by this tool.",
        "Ask who deleted it. To file the business anew: {absent} To leave it at that: {abandon} "
        "Where it has another id now, name that with --found ID instead.",
    ),
    State.DELETED: Advice("Deleted at the API on purpose.", _NOTHING),
    State.ABANDONED: Advice("Given up on purpose.", _NOTHING),
}

_ASIDE: Mapping[Aside, str] = {
    Aside.DUPLICATE: "Row {first} has the same key and content; this one is not sent again.",
    Aside.EXAMPLE: "It is the template's example, which is never sent.",
}

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


def absent_command(job: str, record: Record) -> str:
    """What to type to have a record that is gone filed anew."""
    return f"bulk-onboard resolve {shlex.quote(job)} {shlex.quote(record.key or record.token)} --absent"


def abandon_command(job: str, record: Record) -> str:
    """What to type to leave it at that."""
    return f"bulk-onboard resolve {shlex.quote(job)} {shlex.quote(record.key or record.token)} --abandon"


def advise(standing: Standing, judged: JudgedRow | None, job: str, found: Sequence[Finding] = ()) -> Advice:
    """What a row is told.

    Args:
        judged: None where the workbook is gone.
        found: what turned up about the row only while it was to be sent, and what the API said of its record.
    """
    record = standing.record
    if standing.state is State.SUBMITTED and record is not None:
        advice = submitted_advice(record, judged, found)
        return Advice(advice.reason, _with_commands(advice.todo, record, job))
    line = _BY_STATE[standing.state]
    errors = [each for each in (*(judged.findings if judged else ()), *found) if each.severity is Severity.ERROR]
    kept_out = bool(errors) and standing.state in _KEPT_OUT
    told = [_why(standing) or line.reason]
    if kept_out:
        told = [*(told if standing.state is not State.INVALID else ()), errors_told(errors)]
    todo = todo_of_errors(errors) if kept_out else line.todo
    return Advice(" ".join(told), _with_commands(todo, record, job))


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
        return sentence("; ".join(CATALOGUE[code].title if code in CATALOGUE else code for code in codes))
    return sentence(": ".join(part for part in (record.code, record.reason) if part), keep_case=bool(record.code))


def _with_commands(todo: str, record: Record | None, job: str) -> str:
    """`todo` with the commands in their places."""
    if "{run}" in todo:
        todo = todo.replace("{run}", run_command(job))
    if record and "{show}" in todo:
        todo = todo.replace("{show}", show_command(job, record))
    if record and "{absent}" in todo:
        todo = todo.replace("{absent}", absent_command(job, record)).replace("{abandon}", abandon_command(job, record))
    if record and "{resolve}" in todo:
        todo = todo.replace("{resolve}", resolve_command(job, record))
    return todo
