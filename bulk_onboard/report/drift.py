"""Rows that are not what was sent any more, and records without a row: what a run does nothing about.

Rule: a record that its reviewers sent back is updated with what its row says now, so that a change is none of these. Of
any other the API keeps what it has, while its review is pending and after it was approved. Mostly that is the earlier
content; it is the newer one where the row says what was sent before it, since the sheet is an older one.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bulk_onboard.model.books import Books
from bulk_onboard.model.catalogue import RENUMBERED
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.record import EDITABLE, Record, Review, State, api_has_newer
from bulk_onboard.model.row import JudgedRow
from bulk_onboard.report.standing import Decisions, standing, unclaimed

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


def drift(decisions: Decisions, books: Books, findings: Iterable[Finding] = ()) -> Drift:
    """The drift between workbook and API; none is known without the workbook.

    `findings` are those that turned up while sending.
    """
    if decisions is None:
        return NO_DRIFT
    drifted = [
        (record, decision.judged)
        for decision in decisions
        if not decision.judged.aside and (record := standing(decision, books).record) is not None
        if has_drifted(record, decision.judged)
    ]
    records = [record for record, judged in drifted if not is_older(record, judged)]
    approved = sum(record.review in _WAS_APPROVED for record in records)
    without_row = [record for record in unclaimed(decisions, books) if record.state not in _GONE_ON_PURPOSE]
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
