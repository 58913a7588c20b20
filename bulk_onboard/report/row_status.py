"""Join rows and records: one status for each row, and who needs attention.

Rule (docs/design/ledger.md, A record's life): once something was sent the record's state is the row's state, whatever
became of the row. Before that the row decides, as it does when a run is planned: it is invalid while it has errors,
else pending. A record found *sending* is shown as uncertain, since no call is under way when the report is written. A
row that stands aside, a duplicate or the template's example, counts as that alone. Of rows that claim one key with
different content only the one whose content was sent stands for the record.

Rule: a person is wanted for errors that keep a row out, for what the API refused, for what is held, for a record that
is gone, for a review that sends one back or takes an approval away, and for a number of the row that was not linked. It
is news where the ledger said so after the line with which people were last told. Errors in the row of a submitted
record keep nothing out, so they are no news; those of a row without identity are always, since nothing of it can be
remembered, and so is a registration number that keeps numbers from being linked.

Rule: a record that its reviewers sent back is updated with what its row says now, so that a change is none of these. Of
any other the API keeps what it has, while its review is pending and after it was approved. Mostly that is the earlier
content; it is the newer one where the row says what was sent before it, since the sheet is an older one.

Rule: a number is linked once the record is approved; until then, and where nothing was tried, there is nothing to tell
but the number itself. A linked number stays linked when the row does not name it any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, tzinfo
from typing import NamedTuple, TypeAlias

from bulk_onboard.model.catalogue import OLDER_CONTENT, RENUMBERED
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import digits_of, numbers_in, written_numbers
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, Linkage, Linking, Record, Review, State, api_has_newer
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import Aside, JudgedRow, told_of, usual_of
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.report.times import business_days_after, day_text, local

Decisions: TypeAlias = Sequence[Decision] | None  # None: the workbook is gone, so the records alone are told

_NOTHING_SENT = frozenset({State.INVALID, State.PENDING})


class RowStatus(NamedTuple):
    """The state of a row, and its record where the ledger has one."""

    state: State
    record: Record | None = None

    @property
    def review(self) -> str:
        """What the API's people said; empty unless the record is submitted."""
        return self.record.review if self.record and self.state is State.SUBMITTED else ""

    @classmethod
    def of(cls, record: Record) -> "RowStatus":
        """Where a record stands, whatever its row."""
        return cls(State.UNCERTAIN if record.state is State.SENDING else record.state, record)


def row_status(decision: Decision, ledger_state: LedgerState) -> RowStatus:
    """Where a row stands."""
    record = ledger_state.records.get(decision.identity.token) if decision.identity else None
    if record is not None and not _stands_for(decision, record):
        record = None
    if record is not None and record.state not in _NOTHING_SENT:
        return RowStatus.of(record)
    return RowStatus(State.INVALID if decision.judged.has_errors else State.PENDING, record)


def counts(decisions: Decisions, ledger_state: LedgerState) -> dict[str, int]:
    """Rows by state, zeros included: `rows`, every state, `duplicate`, `example`, `blank`; all but `rows` add up to it.

    Without the workbook every record of the books counts as a row.
    """
    row_statuses = _row_statuses(decisions, ledger_state)
    asides = Counter(aside for each in told_of(decisions or ()) if (aside := each.judged.aside))
    by_state = Counter(each.state for each in row_statuses)
    usual = usual_of(decisions or ())
    by_state[State.PENDING] += usual
    return {
        "rows": len(row_statuses) + usual + asides.total(),
        **{state.value: by_state[state] for state in State},
        **{aside.value: asides[aside] for aside in Aside},
    }


def reviews(decisions: Decisions, ledger_state: LedgerState) -> dict[str, int]:
    """Submitted rows by review, zeros included, then by what the API calls reviews that are none of ours.

    Rows that stand aside do not count, and no row whose review is not known.
    """
    by_review = Counter(each.review for each in _row_statuses(decisions, ledger_state) if each.review)
    ours = {review.value: by_review.pop(review.value, 0) for review in Review}
    return ours | dict(sorted(by_review.items()))


def unclaimed(decisions: Sequence[Decision], ledger_state: LedgerState) -> list[Record]:
    """The records that were ever sent or found at the API and for which no row stands any more."""
    claimed = {each.record.token for each in _row_statuses(decisions, ledger_state) if each.record}
    return [record for record in ledger_state.records.values() if record.token not in claimed and _was_sent(record)]


def _row_statuses(decisions: Decisions, ledger_state: LedgerState) -> list[RowStatus]:
    """Of all rows but the usual ones, which have no record and are pending."""
    if decisions is None:
        return [RowStatus.of(record) for record in ledger_state.records.values()]
    return [row_status(decision, ledger_state) for decision in told_of(decisions) if decision.judged.aside is None]


def _stands_for(decision: Decision, record: Record) -> bool:
    judged = decision.judged
    return judged.fingerprint == record.fingerprint or all(each.code != "key-conflict" for each in judged.findings)


def _was_sent(record: Record) -> bool:
    return bool(record.sent_at or record.compliance_id or record.state not in _NOTHING_SENT)


WANTS_A_PERSON = frozenset({Review.REJECTED, Review.MORE_INFO, Review.SUSPENDED, Review.EXPIRED})


def record_needs_a_person(record: Record, named: Iterable[str] | None = None) -> bool:
    """Whether somebody must look at what the API, or settling, said of the record.

    `named` are the numbers of its row: one that the row does not name any more was mended by that. None where the row
    is not at hand.
    """
    if record.state in (State.REFUSED, State.HELD, State.GONE):
        return True
    if record.state is not State.SUBMITTED:
        return False
    if record.review in WANTS_A_PERSON or not record.numbers:
        return record.review in WANTS_A_PERSON
    known = map(record.numbers.get, record.numbers if named is None else named)
    return any(linking.linkage is not Linkage.LINKED for linking in known if linking is not None)


def row_needs_a_person(decision: Decision, ledger_state: LedgerState) -> bool:
    """Whether somebody must look at the row, or at its record."""
    record = _record(decision, ledger_state)
    return decision.judged.has_errors or (record is not None and record_needs_a_person(record, _named(decision)))


def row_is_news(decision: Decision, ledger_state: LedgerState, since: int) -> bool:
    """Whether the row needs a person for something that was said after the ledger's line `since`."""
    record = _record(decision, ledger_state)
    if record is None or any(finding.code in RENUMBERED for finding in decision.judged.findings):
        return decision.judged.has_errors
    if record.news <= since:
        return False
    return record_needs_a_person(record, _named(decision)) or record.state is State.INVALID


def needing(decisions: Decisions, ledger_state: LedgerState) -> int:
    """How many rows need a person, and records whose row has gone; without the workbook how many records do."""
    if decisions is None:
        return sum(map(record_needs_a_person, ledger_state.records.values()))
    gone = sum(map(_needs_a_person_without_row, unclaimed(decisions, ledger_state)))
    return gone + sum(row_needs_a_person(decision, ledger_state) for decision in decisions)


def news(decisions: Decisions, ledger_state: LedgerState, since: int) -> int:
    """How many of them for something that was said after the ledger's line `since`."""
    if decisions is None:
        return sum(record.news > since and record_needs_a_person(record) for record in ledger_state.records.values())
    gone = sum(r.news > since and _needs_a_person_without_row(r) for r in unclaimed(decisions, ledger_state))
    return gone + sum(row_is_news(decision, ledger_state, since) for decision in decisions)


def older(decisions: Decisions) -> int:
    """How many rows are older than what was sent since, so that nothing of them was sent."""
    return sum(any(f.code == OLDER_CONTENT for f in decision.judged.findings) for decision in decisions or ())


def _needs_a_person_without_row(record: Record) -> bool:
    """Whether a record does whose row has gone: what was refused was mended by that."""
    return record.state is not State.REFUSED and record_needs_a_person(record, ())


def _named(decision: Decision) -> tuple[str, ...]:
    return numbers_in(decision.judged.row.cell(NUMBERS))


def _record(decision: Decision, ledger_state: LedgerState) -> Record | None:
    return ledger_state.records.get(decision.identity.token) if decision.identity else None


_GONE_ON_PURPOSE = (State.DELETED, State.ABANDONED)
_WAS_APPROVED = frozenset({Review.APPROVED.value, Review.SUSPENDED.value, Review.EXPIRED.value})


class Drift(NamedTuple):
    """How many rows changed while their review was pending, or after approval; how many records have no row.

    `older` rows say what was sent before the content that the API has; `renumbered` ones have, or had until they were
    sent just now, another registration number than their record.
    """

    changed_while_pending: int = 0
    changed_after_approval: int = 0
    without_row: int = 0
    older: int = 0
    renumbered: int = 0


NO_DRIFT = Drift()


def drift(decisions: Decisions, ledger_state: LedgerState, findings: Iterable[Finding] = ()) -> Drift:
    """The drift between workbook and API; none is known without the workbook.

    `findings` are those that turned up while sending.
    """
    if decisions is None:
        return NO_DRIFT
    drifted = [
        (record, decision.judged)
        for decision in decisions
        if not decision.judged.aside and (record := row_status(decision, ledger_state).record) is not None
        if has_drifted(record, decision.judged)
    ]
    records = [record for record, judged in drifted if not is_older(record, judged)]
    approved = sum(record.review in _WAS_APPROVED for record in records)
    without_row = [record for record in unclaimed(decisions, ledger_state) if record.state not in _GONE_ON_PURPOSE]
    told = (*findings, *(finding for decision in decisions for finding in decision.judged.findings))
    renumbered = {finding.row for finding in told if finding.code in RENUMBERED}
    older = len(drifted) - len(records)
    return Drift(len(records) - approved, approved, len(without_row), older, len(renumbered))


def has_changed(record: Record, judged: JudgedRow) -> bool:
    """Whether a submitted record's row says something else than what the API has, or refused, as far as is known."""
    known = record.state is State.SUBMITTED and bool(record.fingerprint)
    return known and judged.fingerprint not in (record.fingerprint, record.refused)


def has_drifted(record: Record, judged: JudgedRow) -> bool:
    """Whether the API has, and keeps, other content than the row's."""
    known = record.state is State.SUBMITTED and bool(record.fingerprint)
    return known and record.review not in EDITABLE and record.fingerprint != judged.fingerprint


def is_older(record: Record, judged: JudgedRow) -> bool:
    """Whether the row says what was sent before the content that the API has."""
    return api_has_newer(record, judged.fingerprint)


def drift_told(found: Drift) -> Iterator[str]:
    """Sentences; none where nothing drifted."""
    changed = [
        f"{count:,} row{'' if count == 1 else 's'} changed {when}"
        for count, when in (
            (found.changed_while_pending, "while the review was pending"),
            (found.changed_after_approval, "after approval"),
        )
        if count
    ]
    if changed:
        yield f"{' and '.join(changed)}: the API has the earlier content, and nothing is done about it."
    if found.older:
        rows = "1 row is" if found.older == 1 else f"{found.older:,} rows are"
        yield f"{rows} older than what the API has, and nothing is done about it: Results says how to take that over."
    if found.without_row:
        told = "1 record has" if found.without_row == 1 else f"{found.without_row:,} records have"
        yield f"{told} no row any more: see the sheet Not in the workbook."
    yield from renumbered_told(found)


def renumbered_told(found: Drift) -> Iterator[str]:
    """The sentence that is always told: a number that changed under a known Key may be another business."""
    if found.renumbered:
        told = "1 row has" if found.renumbered == 1 else f"{found.renumbered:,} rows have"
        yield f"{told} another registration number than was sent before: see the sheet Problems."


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


def numbers_to_do(decisions: Decisions, ledger_state: LedgerState) -> Iterator[str]:
    """What is left to do about numbers in the whole workbook, sentences."""
    left = [
        numbers_left(decision.judged.row.cell(NUMBERS), row_status(decision, ledger_state).record)
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


def expected_reviews(
    decisions: Decisions, ledger_state: LedgerState, requirements: RequirementsBook | None, zone: tzinfo
) -> tuple[str, ...]:
    """A sentence, or none where no review is pending or nobody said how long one takes."""
    days = list(_expected_days(decisions, ledger_state, requirements, zone))
    if not days:
        return ()
    first, last = day_text(min(days)), day_text(max(days))
    reviews = "1 review is" if len(days) == 1 else f"{len(days):,} reviews are"
    when = f"on {first}" if first == last else f"between {first} and {last}"
    sentence = (
        f"{reviews} expected {when}, by the time the API says a review takes; "
        "weekends are left out, public holidays are not known."
    )
    return (sentence,)


def _expected_days(
    decisions: Decisions, ledger_state: LedgerState, requirements: RequirementsBook | None, zone: tzinfo
) -> Iterator[date]:
    offered = requirements.offered if requirements else {}
    for decision in decisions or ():
        now = row_status(decision, ledger_state)
        if decision.judged.aside or now.record is None or now.review != Review.PENDING:
            continue
        submitted_at = local(now.record.submitted_at, zone)
        required = offered.get(decision.judged.row.combination)
        if submitted_at and required and required.review_days is not None:
            yield business_days_after(submitted_at.date(), required.review_days)
