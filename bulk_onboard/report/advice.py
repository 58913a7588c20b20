"""Why a row is where it is, and what its owner does about it.

Rule: one line of `_BY_STATE` is what a row is told, the ledger's own reason in the place of the table's; the row of a
submitted record is told what `submitted` says. In `todo` stand `{run}`, `{show}` and the like for commands to type.
"""

from collections.abc import Mapping, Sequence

from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.model.command import Commands
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.record import State
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

_KEPT_OUT = {State.INVALID, State.PENDING, State.DEFERRED, State.REFUSED}


def advise(
    standing: Standing, judged: JudgedRow | None, commands: Commands, found: Sequence[Finding] = (), *, name: str = ""
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


def _why(standing: Standing) -> str:
    """The ledger's reason as a sentence; a refusal's with its code, an invalid row's by its findings' titles."""
    record = standing.record
    if record is None or standing.state is State.PENDING:
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
