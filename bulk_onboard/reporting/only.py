"""Which rows a report has where it does not have all: those in a state or with a review, or that need attention."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from bulk_onboard.model.record import Review, State
from bulk_onboard.model.row import Aside, notable_in
from bulk_onboard.reporting.row_status import JobStatus, RowStatus
from bulk_onboard.spelling import did_you_mean

FAILED = "failed"
"""The word for all that needs attention."""

WORDS = tuple(dict.fromkeys(map(str, (FAILED, *State, *Review, Aside.DUPLICATE, Aside.BLANK))))
"""The words for rows, in the order in which people are told of them; a hyphen may stand for a blank."""


def read_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words that these texts name, commas between them or not, each once and in their own order.

    Raises:
        ValueError: one is no such word; a sentence.
    """
    wanted = [word.strip() for text in texts for word in text.split(",")]
    words = {word.replace("-", " ").casefold() for word in wanted}
    for word in wanted:
        spelt = word.replace("-", " ").casefold()
        if spelt not in WORDS:
            known = ", ".join(each.replace(" ", "-") for each in WORDS)
            raise ValueError(f"There are no rows called {word!r}.{did_you_mean(spelt, WORDS) or f' There is {known}.'}")
    return tuple(word for word in WORDS if word in words)


def mark_of(words: Iterable[str]) -> str:
    """Return the words as a part of a file's name."""
    return "-".join(words).replace(" ", "-")


def only(status: JobStatus, words: Collection[str]) -> JobStatus:
    """Return the status with the rows and records alone that one of these words fits, and what was found of them."""
    rows = status.rows if State.NOT_SENT in words else notable_in(status.rows)  # a usual row was not sent
    kept = tuple(each for each in rows if _fits(each, words))
    numbers = {each.judged.row.number for each in kept if each.judged}
    return replace(
        status,
        rows=kept,
        unclaimed=tuple(record for record in status.unclaimed if _fits(RowStatus.of(record), words)),
        others=tuple(finding for finding in status.others if finding.row in numbers),
    )


def _fits(status: RowStatus, words: Collection[str]) -> bool:
    if status.aside is Aside.EXAMPLE:
        return False
    return status.state in words or status.review in words or (FAILED in words and status.needs_attention)
