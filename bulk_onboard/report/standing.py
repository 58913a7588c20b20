"""Where each row stands now: the rows of the workbook joined to the ledger's records.

Rule (docs/design/ledger.md, A record's life): once something was sent the record's state is the row's state, whatever
became of the row. Before that the row decides, as it does when a run is planned: it is invalid while it has errors,
else pending. A record found *sending* is shown as uncertain, since no call is under way when the report is written. A
row that stands aside, a duplicate or the template's example, counts as that alone. Of rows that claim one key with
different content only the one whose content was sent stands for the record.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from bulk_onboard.model.books import Books
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Record, Review, State
from bulk_onboard.model.row import Aside
from bulk_onboard.model.sparse import told_of, usual_of

Decisions: TypeAlias = Sequence[Decision] | None  # None: the workbook is gone, so the records alone are told

_NOTHING_SENT = frozenset({State.INVALID, State.PENDING})


class Standing(NamedTuple):
    """The state of a row, and its record where the ledger has one."""

    state: State
    record: Record | None = None

    @property
    def review(self) -> str:
        """What the API's people said; empty unless the record is submitted."""
        return self.record.review if self.record and self.state is State.SUBMITTED else ""

    @classmethod
    def of(cls, record: Record) -> "Standing":
        """Where a record stands, whatever its row."""
        return cls(State.UNCERTAIN if record.state is State.SENDING else record.state, record)


def standing(decision: Decision, books: Books) -> Standing:
    """Where a row stands."""
    record = books.records.get(decision.identity.token) if decision.identity else None
    if record is not None and not _stands_for(decision, record):
        record = None
    if record is not None and record.state not in _NOTHING_SENT:
        return Standing.of(record)
    return Standing(State.INVALID if decision.judged.has_errors else State.PENDING, record)


def counts(decisions: Decisions, books: Books) -> dict[str, int]:
    """Rows by state, zeros included: `rows`, every state, `duplicate`, `example`, `blank`; all but `rows` add up to it.

    Without the workbook every record of the books counts as a row.
    """
    standings = _standings(decisions, books)
    asides = Counter(aside for each in told_of(decisions or ()) if (aside := each.judged.aside))
    by_state = Counter(each.state for each in standings)
    usual = usual_of(decisions or ())
    by_state[State.PENDING] += usual
    return {
        "rows": len(standings) + usual + asides.total(),
        **{state.value: by_state[state] for state in State},
        **{aside.value: asides[aside] for aside in Aside},
    }


def reviews(decisions: Decisions, books: Books) -> dict[str, int]:
    """Submitted rows by review, zeros included, then by what the API calls reviews that are none of ours.

    Rows that stand aside do not count, and no row whose review is not known.
    """
    by_review = Counter(each.review for each in _standings(decisions, books) if each.review)
    ours = {review.value: by_review.pop(review.value, 0) for review in Review}
    return ours | dict(sorted(by_review.items()))


def unclaimed(decisions: Sequence[Decision], books: Books) -> list[Record]:
    """The records that were ever sent or found at the API and for which no row stands any more."""
    claimed = {each.record.token for each in _standings(decisions, books) if each.record}
    return [record for record in books.records.values() if record.token not in claimed and _was_sent(record)]


def _standings(decisions: Decisions, books: Books) -> list[Standing]:
    """Of all rows but the usual ones, which have no record and are pending."""
    if decisions is None:
        return [Standing.of(record) for record in books.records.values()]
    return [standing(decision, books) for decision in told_of(decisions) if decision.judged.aside is None]


def _stands_for(decision: Decision, record: Record) -> bool:
    judged = decision.judged
    return judged.fingerprint == record.fingerprint or all(each.code != "key-conflict" for each in judged.findings)


def _was_sent(record: Record) -> bool:
    return bool(record.sent_at or record.compliance_id or record.state not in _NOTHING_SENT)
