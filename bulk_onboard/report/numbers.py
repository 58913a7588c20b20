"""What became of the numbers that a row names, or that were linked to its record.

Rule: a number is linked once the record is approved; until then, and where nothing was tried, there is nothing to tell
but the number itself. A linked number stays linked when the row does not name it any more.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bulk_onboard.model.books import Books
from bulk_onboard.model.catalogue import RENUMBERED
from bulk_onboard.model.number import digits_of, numbers_in, written_numbers
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Linkage, Linking, Record, Review, State
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.report.standing import Decisions, standing


class NumbersLeft(NamedTuple):
    """What is left to do about the numbers of an approved record; `unnamed`: the row names none, and none is linked."""

    due: int = 0
    refused: int = 0
    held: int = 0
    unnamed: bool = False


def numbers_left(cell: str, record: Record | None) -> NumbersLeft:
    """What is left to do about the numbers of a row's cell; nothing before the record is approved."""
    if record is None or not _takes_numbers(record):
        return NumbersLeft()
    named = numbers_in(cell)
    known = [record.numbers[number].linkage for number in named if number in record.numbers]
    return NumbersLeft(
        due=len(named) - len(known),
        refused=known.count(Linkage.REFUSED),
        held=known.count(Linkage.HELD),
        unnamed=not named and all(linking.linkage is not Linkage.LINKED for linking in record.numbers.values()),
    )


def numbers_told(cell: str, record: Record | None) -> str:
    """Each number of the cell with what became of it, then what else is linked to the record."""
    named = dict.fromkeys(digits_of(written) or written for written in written_numbers(cell))
    linkings = record.numbers if record is not None else {}
    waiting = " not linked yet" if record is not None and _takes_numbers(record) else ""
    told = [_told(number, linkings.get(number), waiting) for number in named]
    others = [n for n, linking in linkings.items() if linking.linkage is Linkage.LINKED and n not in named]
    return "; ".join((*told, *(f"{number} linked, not in the row" for number in others)))


def why_told(linking: Linking) -> str:
    """Why a number was not linked, with the API's code where there is one."""
    return ": ".join(filter(None, (linking.code, linking.why)))


def numbers_to_do(decisions: Decisions, books: Books) -> Iterator[str]:
    """What is left to do about numbers in the whole workbook, sentences."""
    left = [
        numbers_left(decision.judged.row.cell(NUMBERS), standing(decision, books).record)
        for decision in decisions or ()
        if not decision.judged.aside and not _is_renumbered(decision)
    ]
    for line, field in (
        ("Run again to link the {numbers} not linked yet of {rows}.", "due"),
        ("Correct the {numbers} that the API refused to link, in {rows}: the column Numbers says why.", "refused"),
        ("Look at the {numbers} held, in {rows}: the column Numbers says why.", "held"),
    ):
        counts = [count for each in left if (count := getattr(each, field))]
        if counts:
            yield line.format(numbers=_counted(sum(counts), "number"), rows=_counted(len(counts), "approved row"))
    if unnamed := sum(each.unnamed for each in left):
        rows = f"the {_counted(unnamed, 'approved row')} that {'has' if unnamed == 1 else 'have'} none"
        yield f"To link numbers to {rows}, write them into the column Numbers and run again."
    codes = [finding.code for decision in decisions or () for finding in decision.judged.findings]
    if renumbered := codes.count("approved-number-changed"):
        rows = _counted(renumbered, "approved row")
        yield f"Look at the registration number of {rows}: it has changed, so no numbers are linked."


def _is_renumbered(decision: Decision) -> bool:
    """Whether no numbers are linked, since the row has another registration number than was approved."""
    return any(finding.code in RENUMBERED for finding in decision.judged.findings)


def _told(number: str, linking: Linking | None, waiting: str) -> str:
    if linking is None:
        return f"{number}{waiting}"
    if linking.linkage is Linkage.LINKED:
        return f"{number} linked"
    return f"{number} {linking.linkage}: {why_told(linking)}"


def _takes_numbers(record: Record) -> bool:
    return record.state is State.SUBMITTED and record.review == Review.APPROVED


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
