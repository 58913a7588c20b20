"""Join rows and records once: one `RowStatus` a row, which every sheet, message and number is made from.

Rule (docs/design/ledger.md, A record's life): once something was sent the record's state is the row's state, whatever
became of the row. Before that the row decides, as it does when a run is planned: it is invalid while it has errors,
else not sent. A record found *sending* is shown as uncertain, since no call is under way when the report is written. A
row that stands aside has that for its state: a duplicate is a duplicate, whatever its first row is. Of rows that claim
one key with different content only the one whose content was sent stands for the record.

Rule: the template's example is nobody's row, so no figure and no table has it.

Rule: a row needs attention for errors that keep it out, for what the API refused, for what is held, for a record that
is gone, for a review that sends one back or takes an approval away, and for a number of the row that was not linked. It
is new where the ledger said so after the line with which people were last told. Errors in the row of a submitted record
keep nothing out, so they are not new; those of a row without identity are always, since nothing of it can be
remembered, and so is a registration number that keeps numbers from being linked.

Rule: a record that its reviewers sent back is updated with what its row says now, so a change there is no drift. Of any
other the API keeps what it has, while its review is pending and after it was approved. Mostly that is the earlier
content; it is the newer one where the row says what was sent before it, since the sheet is an older one.

Rule: a record that has expired needs nobody, since its row is filed anew; until that was sent, the row still stands for
the expired record, and from then on for its successor.

Rule: a number is linked once the record is approved. A linked number stays linked when the row does not name it any
more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from bulk_onboard.model.catalogue import OLDER_CONTENT, RENUMBERED
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import digits_of, numbers_in, written_numbers
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Decision, Identity
from bulk_onboard.model.record import EDITABLE, UNDER_WAY, Linkage, Linking, Record, Review, State, api_has_newer
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import Aside, JudgedRow, LazySequence, notable_in, usual_count
from bulk_onboard.model.sheet import NUMBERS, Columns
from bulk_onboard.reporting.record_findings import has_changed, record_findings, why_not_linked
from bulk_onboard.units import format_count

Decisions: TypeAlias = Sequence[Decision] | None
"""What was decided for each row; None where the workbook is gone, so that only the records are known."""

_NOTHING_SENT = frozenset({State.INVALID, State.NOT_SENT})
_DELIBERATE = frozenset({State.DELETED, State.ABANDONED})
_WAS_APPROVED = frozenset({Review.APPROVED.value, Review.SUSPENDED.value, Review.EXPIRED.value})
_NUMBER_NEEDS_ATTENTION = frozenset({Linkage.REFUSED, Linkage.HELD})
_NEEDS_ATTENTION = frozenset({Review.REJECTED, Review.MORE_INFO, Review.SUSPENDED})


class Unread(StrEnum):
    """The state of a row whose account has a ledger that cannot be read: nobody knows what was sent of it."""

    LEDGER = "not known"


class NumbersLeft(NamedTuple):
    """What is left to do about the numbers of an approved record; `unnamed`: the row names none, and none is linked."""

    due: int = 0
    refused: int = 0
    held: int = 0
    unknown: int = 0
    unnamed: bool = False


class RowStatus(NamedTuple):
    """One row with its record and everything found out about both.

    Attributes:
        state: why the row stands aside, else the record's, or the row's own while nothing was sent; `Unread.LEDGER`
            where the records cannot be read.
        record: the one that the row stands for; None while there is none, and for a row that stands aside.
        decision: what was decided for the row; None where there is only a record.
        named: the record of the row's identity, even where another row stands for it.
        found: findings that turned up while sending, and those made of what the API said of the record.
    """

    state: StrEnum
    record: Record | None = None
    decision: Decision | None = None
    named: Record | None = None
    found: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, record: Record) -> "RowStatus":
        """Return the status of a record whose row is not at hand."""
        return cls(_shown_state(record), record, named=record)

    @property
    def judged(self) -> JudgedRow | None:
        """The row as validation left it; None where there is only a record."""
        return self.decision.judged if self.decision else None

    @property
    def aside(self) -> Aside | None:
        """Why the row stands aside; None for one that is sent when it can be."""
        return self.state if isinstance(self.state, Aside) else None

    @property
    def review(self) -> str:
        """The review of a submitted record; empty for any other."""
        return self.record.review if self.record and self.state is State.SUBMITTED else ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings: the row's own, then `found`."""
        return (*self.decision.judged.findings, *self.found) if self.decision else self.found

    @property
    def is_renumbered(self) -> bool:
        """Whether the row has another registration number than its record."""
        return self.decision is not None and any(f.code in RENUMBERED for f in self.decision.judged.findings)

    @property
    def is_older(self) -> bool:
        """Whether the row says what was sent before the content that the API has."""
        record, judged = self.record, self.judged
        return record is not None and judged is not None and api_has_newer(record, judged.fingerprint)

    @property
    def has_changed(self) -> bool:
        """Whether the row says something else than what the API has, or refused, of its submitted record."""
        return self.record is not None and self.judged is not None and has_changed(self.record, self.judged)

    @property
    def has_drifted(self) -> bool:
        """Whether the API has, and keeps, other content than the row's."""
        record, judged = self.record, self.judged
        if record is None or judged is None or record.state is not State.SUBMITTED or not record.fingerprint:
            return False
        return record.review not in EDITABLE and record.fingerprint != judged.fingerprint

    @property
    def needs_attention(self) -> bool:
        """Whether somebody must look at the row, or at the record of its identity; of duplicates at the first."""
        if self.aside:
            return False
        if self.state is Unread.LEDGER:
            return True
        if self.decision is None:
            return self.state is State.INVALID or (self.named is not None and record_needs_attention(self.named))
        return self.decision.judged.has_errors or self._record_needs_attention()

    def is_new(self, since: int) -> bool:
        """Return whether the row needs attention for something that was said after the ledger's line `since`."""
        if self.aside:
            return False
        if self.decision is None:
            return self.named is not None and self.named.news > since and self.needs_attention
        if self.named is None or self.is_renumbered:
            return self.decision.judged.has_errors
        return self.named.news > since and (self._record_needs_attention() or self.named.state is State.INVALID)

    def _record_needs_attention(self) -> bool:
        named = self.named
        if named is None:
            return False
        return record_needs_attention(named, numbers_in(self._cell(NUMBERS)) if named.numbers else ())

    @property
    def numbers_left(self) -> NumbersLeft:
        """What is left to do about the row's numbers; nothing before its record is approved.

        Of a record whose row is not at hand all its numbers count, and what the row names besides is not known.
        """
        record = self.record
        if record is None or not _takes_numbers(record):
            return NumbersLeft()
        named = numbers_in(self._cell(NUMBERS)) if self.decision else tuple(record.numbers)
        known = [record.numbers[number].linkage for number in named if number in record.numbers]
        none_linked = all(linking.linkage is not Linkage.LINKED for linking in record.numbers.values())
        return NumbersLeft(
            due=len(named) - len(known),
            refused=known.count(Linkage.REFUSED),
            held=known.count(Linkage.HELD),
            unknown=sum(linkage in UNDER_WAY for linkage in known),
            unnamed=self.decision is not None and not named and none_linked,
        )

    @property
    def numbers_text(self) -> str:
        """Each number of the row with what became of it, then what else is linked to its record.

        Where the row is not at hand, each number of the record.
        """
        record, cell = self.record, self._cell(NUMBERS)
        linkings = record.numbers if record is not None else {}
        written = (digits_of(each) or each for each in written_numbers(cell)) if self.decision else linkings
        named = dict.fromkeys(written)
        waiting = " not linked yet" if record is not None and _takes_numbers(record) else ""
        texts = [number_text(number, linkings.get(number), waiting) for number in named]
        others = [n for n, linking in linkings.items() if linking.linkage is Linkage.LINKED and n not in named]
        return "; ".join((*texts, *(f"{number} linked, not in the row" for number in others)))

    def _cell(self, name: str) -> str:
        return self.decision.judged.row.cell(name) if self.decision else ""


class Drift(NamedTuple):
    """Where workbook and API say different things, in numbers of rows and records.

    Attributes:
        changed_while_pending, changed_after_approval: rows that changed after they were sent.
        without_row: records that have no row any more.
        older: rows that say what was sent before the content that the API has.
        renumbered: rows that have, or had until they were sent just now, another registration number than their record.
    """

    changed_while_pending: int = 0
    changed_after_approval: int = 0
    without_row: int = 0
    older: int = 0
    renumbered: int = 0


NO_DRIFT = Drift()


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all rows come to.

    Attributes:
        counts: rows by state, zeros included, as `JobStatus.counts` has them.
        reviews: submitted rows by review, as `JobStatus.reviews` has them.
        need_attention: how many rows, and records without a row, somebody must look at.
        new: for how many of these nobody was told at an earlier run's end.
        older: how many rows are older than what was sent since, so that nothing of them was sent.
        drift: where the sheet and the API say different things, and nothing is done about it.
    """

    counts: dict[str, int]
    reviews: dict[str, int]
    need_attention: int = 0
    new: int = 0
    older: int = 0
    drift: Drift = NO_DRIFT


@dataclass(frozen=True, slots=True)
class JobStatus:
    """All rows of a job joined with its records.

    Attributes:
        ledger_state: the records, and the runs that made them.
        rows: a status each, in the order of the sheet; where the workbook is gone, of each record. A LazySequence where
            the decisions are: a usual row has no record and nothing to report, and counts as not sent.
        unclaimed: the records that were ever sent or found at the API and for which no row stands any more.
        has_workbook: whether the rows are those of the workbook.
        others: findings that the judged rows do not have themselves: those given, then those made of records.
        is_unread: whether the ledger cannot be read, so that no record is known.
    """

    ledger_state: LedgerState
    rows: Sequence[RowStatus]
    unclaimed: tuple[Record, ...]
    has_workbook: bool
    others: tuple[Finding, ...]
    is_unread: bool = False

    def counts(self) -> dict[str, int]:
        """Return rows by state, zeros included: `rows`, every state, `duplicate`, `blank`.

        All but `rows` add up to it. The template's example is none of them. Where the ledger cannot be read, `not
        known` is one more.
        """
        by_state = Counter(each.state for each in notable_in(self.rows) if each.aside is not Aside.EXAMPLE)
        by_state[State.NOT_SENT] += usual_count(self.rows)
        shown = (*State, Aside.DUPLICATE, Aside.BLANK, *((Unread.LEDGER,) if by_state[Unread.LEDGER] else ()))
        return {"rows": by_state.total(), **{state.value: by_state[state] for state in shown}}

    def reviews(self) -> dict[str, int]:
        """Return submitted rows by review, zeros included, then by the API's own words for others.

        Rows that stand aside do not count, and no row whose review is not known.
        """
        by_review = Counter(each.review for each in notable_in(self.rows) if each.review)
        return {review.value: 0 for review in Review} | in_order_of_review(by_review)

    def need_attention(self) -> int:
        """Return how many rows, and records without a row, somebody must look at."""
        rows = sum(each.needs_attention for each in notable_in(self.rows))
        return rows + len(self.unclaimed_that_need_attention())

    def unclaimed_that_need_attention(self) -> list[Record]:
        """Return the records without a row that somebody must look at."""
        return [record for record in self.unclaimed if _needs_attention_without_row(record)]

    def new(self, since: int) -> int:
        """Return how many of these for something that was said after the ledger's line `since`."""
        gone = sum(record.news > since for record in self.unclaimed_that_need_attention())
        return gone + sum(each.is_new(since) for each in notable_in(self.rows))

    def older(self) -> int:
        """Return how many rows are older than what was sent since, so that nothing of them was sent."""
        return sum(any(f.code == OLDER_CONTENT for f in judged.findings) for judged in self._judged())

    def drift(self) -> Drift:
        """Return the drift between workbook and API; none is known without the workbook."""
        if not self.has_workbook:
            return NO_DRIFT
        drifted = [each for each in notable_in(self.rows) if each.has_drifted]
        approved = [each.review in _WAS_APPROVED for each in drifted if not each.is_older]
        own = (finding for judged in self._judged() for finding in judged.findings)
        return Drift(
            changed_while_pending=approved.count(False),
            changed_after_approval=approved.count(True),
            without_row=sum(record.state not in _DELIBERATE for record in self.unclaimed),
            older=len(drifted) - len(approved),
            renumbered=len({finding.row for finding in (*self.others, *own) if finding.code in RENUMBERED}),
        )

    def totals(self, since: int) -> Totals:
        """Return what all rows come to; new is what was said after the ledger's line `since`."""
        return Totals(
            counts=self.counts(),
            reviews=self.reviews(),
            need_attention=self.need_attention(),
            new=self.new(since),
            older=self.older(),
            drift=self.drift(),
        )

    def findings(self) -> list[Finding]:
        """Return all findings, in the order of the rows."""
        own = (finding for judged in self._judged() for finding in judged.findings)
        return sorted([*self.others, *own], key=lambda finding: finding.row)

    def _judged(self) -> Iterator[JudgedRow]:
        return (each.decision.judged for each in notable_in(self.rows) if each.decision)


def join(
    decisions: Decisions,
    ledger_state: LedgerState,
    *,
    found: Iterable[Finding] = (),
    columns: Columns | None = None,
    requirements: RequirementsBook | None = None,
) -> JobStatus:
    """Join rows and records.

    Args:
        decisions: None when the workbook is gone.
        found: findings of the sheet as a whole, and those that turned up while sending.
        columns, requirements: for the findings made of what the API said of records; without them none are made.
    """
    if decisions is None:
        records = tuple(map(RowStatus.of, ledger_state.newest_generations()))
        return JobStatus(ledger_state, records, (), has_workbook=False, others=tuple(found))
    found = tuple(found)
    by_row: defaultdict[int, list[Finding]] = defaultdict(list)
    for finding in found:
        by_row[finding.row].append(finding)
    said: list[Finding] = []

    def joined(decision: Decision) -> RowStatus:
        judged, number = decision.judged, decision.judged.row.number
        named = _record_of(decision.identity, ledger_state) if decision.identity else None
        of_row = tuple(by_row.get(number, ()))
        if judged.aside is not None:
            return RowStatus(judged.aside, None, decision, named, of_row)
        record = named if named is not None and _stands_for(judged, named) else None
        if record is not None and columns is not None and requirements is not None:
            of_record = tuple(record_findings(record, judged, columns, requirements))
            said.extend(of_record)
            of_row += of_record
        return RowStatus(_state_of(judged, record), record, decision, named, of_row)

    rows: Sequence[RowStatus]
    if isinstance(decisions, LazySequence):
        rows = LazySequence(
            len(decisions),
            {place: joined(decision) for place, decision in decisions.notable.items()},
            lambda places: [joined(decisions[place]) for place in places],
        )
    else:
        rows = tuple(map(joined, decisions))
    claimed = {each.record.token for each in notable_in(rows) if each.record}
    unclaimed = tuple(r for r in ledger_state.newest_generations() if r.token not in claimed and _was_sent(r))
    return JobStatus(ledger_state, rows, unclaimed, has_workbook=True, others=(*found, *said))


def without_ledger(decisions: Sequence[Decision], *, found: Iterable[Finding] = ()) -> JobStatus:
    """Return the status of rows whose ledger cannot be read: each that does not stand aside needs somebody.

    Args:
        decisions: made as if there were no ledger.
        found: findings of the sheet as a whole.
    """
    rows = tuple(RowStatus(each.judged.aside or Unread.LEDGER, None, each) for each in decisions)
    return JobStatus(LedgerState(), rows, (), has_workbook=True, others=tuple(found), is_unread=True)


def in_order_of_review(counts: Mapping[str, int]) -> dict[str, int]:
    """Return what there is any of in the order of a review's course; the API's own words come last."""
    ours = [review.value for review in Review]
    return {word: counts[word] for word in (*ours, *sorted(counts.keys() - set(ours))) if counts.get(word)}


def record_needs_attention(record: Record, named: Iterable[str] | None = None) -> bool:
    """Return whether somebody must look at what the API, or settling, said of the record.

    Args:
        named: the numbers of its row; one that the row does not name any more was fixed by that. None where the row is
            not at hand, so that all its numbers count.
    """
    if record.state in (State.REFUSED, State.HELD, State.GONE):
        return True
    if record.state is not State.SUBMITTED:
        return False
    if record.review in _NEEDS_ATTENTION or not record.numbers:
        return record.review in _NEEDS_ATTENTION
    known = map(record.numbers.get, record.numbers if named is None else named)
    return any(linking.linkage in _NUMBER_NEEDS_ATTENTION for linking in known if linking is not None)


def _record_of(identity: Identity, ledger_state: LedgerState) -> Record | None:
    """Return the record of a row: the expired one, as long as nothing was sent in its place."""
    record = ledger_state.records.get(identity.token)
    if record is not None and _was_sent(record):
        return record
    return ledger_state.records.get(identity.follows, record) if identity.follows else record


def _shown_state(record: Record) -> State:
    return State.UNCERTAIN if record.state is State.SENDING else record.state


def _state_of(judged: JudgedRow, record: Record | None) -> State:
    if record is not None and record.state not in _NOTHING_SENT:
        return _shown_state(record)
    return State.INVALID if judged.has_errors else State.NOT_SENT


def _stands_for(judged: JudgedRow, record: Record) -> bool:
    return judged.fingerprint == record.fingerprint or all(each.code != "key-conflict" for each in judged.findings)


def _was_sent(record: Record) -> bool:
    return bool(record.sent_at or record.compliance_id or record.state not in _NOTHING_SENT)


def _needs_attention_without_row(record: Record) -> bool:
    """Return whether a record whose row is gone needs attention; what was refused was fixed by that."""
    return record.state is not State.REFUSED and record_needs_attention(record, ())


def _takes_numbers(record: Record) -> bool:
    return record.state is State.SUBMITTED and record.review == Review.APPROVED


def number_text(number: str, linking: Linking | None, waiting: str = "") -> str:
    """Return a number with what became of it, and why; `waiting` stands behind one that was not tried."""
    if linking is None:
        return f"{number}{waiting}"
    if linking.linkage is Linkage.LINKED:
        return f"{number} linked"
    linkage = Linkage.UNCERTAIN if linking.linkage in UNDER_WAY else linking.linkage
    why = why_not_linked(linking)
    return f"{number} {linkage}: {why}" if why else f"{number} {linkage}"


# Sentences about all rows, for the first sheet and the console.


def attention_sentence(totals: Totals) -> str:
    """Return how many rows need attention, and how many are new; empty for none."""
    count, new = totals.need_attention, totals.new
    if not count:
        return ""
    how_new = "" if new == count else f" ({new:,} new)" if new else " (none new)"
    return f"{format_count(count, 'row')} {'needs' if count == 1 else 'need'} attention{how_new}."


def drift_sentences(drift: Drift) -> Iterator[str]:
    """Yield where workbook and API say different things; nothing where they do not."""
    changed = [
        f"{format_count(count, 'row')} changed {when}"
        for count, when in (
            (drift.changed_while_pending, "while the review was pending"),
            (drift.changed_after_approval, "after approval"),
        )
        if count
    ]
    if changed:
        yield f"{' and '.join(changed)}: the API has the earlier content, and nothing is done about it."
    if drift.older:
        yield (
            f"{format_count(drift.older, 'row')} {'is' if drift.older == 1 else 'are'} older than what the API has, "
            "and nothing is done about it: Results says how to take the newer content over."
        )
    if drift.without_row:
        have = "has" if drift.without_row == 1 else "have"
        yield f"{format_count(drift.without_row, 'record')} {have} no row any more: see the sheet Not in the workbook."
    yield from renumbered_sentence(drift)


def renumbered_sentence(drift: Drift) -> Iterator[str]:
    """Yield what is always said: a number that changed under a known Key may be another business."""
    if drift.renumbered:
        have = "has" if drift.renumbered == 1 else "have"
        yield (
            f"{format_count(drift.renumbered, 'row')} {have} another registration number than was sent before: see the "
            "sheet Problems."
        )
