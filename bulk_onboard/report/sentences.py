"""What a row is told, and sentences that several parts of the report share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bulk_onboard.model.catalogue import OLDER_CONTENT
from bulk_onboard.model.finding import Finding

_FEW = 3
_TODO_OF: Mapping[str, str] = {  # where it is a command to type rather than a cell to correct
    OLDER_CONTENT: "Take the newer content into the workbook, then run again. Where an annotated copy has it, type: "
    "{merge} && {run}",
}
_MEND_FIRST = "Mend the row as the sheet Problems says, then run again: {run}"


@dataclass(frozen=True, slots=True)
class Advice:
    """Two cells of the report: `reason` and `todo`, each a sentence or two; empty where there is nothing to say."""

    reason: str
    todo: str


def sentence(text: str, *, keep_case: bool = False) -> str:
    """The text with a great letter first and a full stop last; empty stays empty."""
    text = text.strip()
    if not text:
        return ""
    first = text[0] if keep_case else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".!?…" else ".")


def errors_told(errors: Sequence[Finding]) -> str:
    """The first of them, and how many more there are."""
    told = [f"{error.column}: {error.problem}" if error.column else error.problem for error in errors[:_FEW]]
    more = len(errors) - _FEW
    return " ".join([*told, f"And {more} more."] if more > 0 else told)


def todo_of_errors(errors: Sequence[Finding]) -> str:
    """What to do about them; `{run}` and `{merge}` stand for commands."""
    if len(errors) == 1 and errors[0].code in _TODO_OF:
        return _TODO_OF[errors[0].code]
    return f"{errors[0].fix} Then run again: {{run}}" if len(errors) == 1 else _MEND_FIRST
