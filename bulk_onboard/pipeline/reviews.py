"""Fetch review results of submitted records and write down what changed.

See the API's document, Status Flow.

Reviews are read by pages, a hundred records a request. Only where the account has so many other records that this would
cost more is each record read by itself. The reason comes with the page; a record is read for it only where the page
leaves it out, and only once: the ledger then has it, or says that none was given. Lists lag, and may leave out what is
old, so a record that a page does not show is read by its id, and is gone where the API says so. That is not done for
records that may be too young to be found, nor for very many.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from bulk_onboard import log
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway, Get, Priority, RecordPage, ServerRecord
from bulk_onboard.model.entry import STATE_ERRORS, Gone, Reviewed, age_s
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.ledger_state import Journal, LedgerState
from bulk_onboard.model.mask import is_masked_form, masked
from bulk_onboard.model.outcome import Done, Outcome, Refused
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, Record, Review, State
from bulk_onboard.model.row import Row
from bulk_onboard.pipeline.conclusion import of_create
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.walk import PAGE, Walk, by_token, first_page, walk

ENTRIES_AT_A_TIME = 1000  # in one write; other work goes on between two
ASKED_AT_MOST = 100  # records missing from the list: where it leaves out very many, they are not read one by one
NO_REASON = "no reason given"

_WORD = re.compile(r"[A-Za-z][A-Za-z _-]{0,39}")  # an unknown status is kept where it is a word, and else not

_NO_ROWS: Mapping[str, Row] = {}


@dataclass(frozen=True, slots=True)
class ShownRecords:
    """What the API showed of the account.

    Attributes:
        walked: the walk that showed them; None where not all of the account was read.
        total: how many it has; None where the API does not say.
    """

    records: tuple[ServerRecord, ...]
    walked: Walk | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Followed:
    """How many reviews were followed, had changed, and were not shown.

    `gone` counts those of which the API says that it has them no more.
    """

    looked: int
    changed: int
    not_shown: int
    gone: int = 0


def followed_records(ledger_state: LedgerState) -> list[Record]:
    """Return the records whose reviews are followed.

    An approval can be suspended or expire, and what is gone may return.
    """
    return [record for record in ledger_state.records.values() if record.state in (State.SUBMITTED, State.GONE)]


def is_old(record: Record, now: datetime, settle_s: float) -> bool:
    """Return whether the record is so old that the API must know it by its id; `now` is by the ledger's clock."""
    try:
        return age_s(record.submitted_at, now) >= settle_s
    except ValueError:
        return False


async def fetch_followed(gateway: Gateway, ledger_state: LedgerState, *, whole: bool = False) -> ShownRecords | None:
    """Return the followed records as the API shows them now.

    They are read by whichever way takes fewer requests.

    Args:
        whole: read all records of the account, whatever that takes.

    Returns:
        Return None where the list could not be read.
    """
    first = await first_page(gateway)
    if first is None:
        return None
    on_it = {record.compliance_id for record in first.records}
    rest = [record for record in followed_records(ledger_state) if record.compliance_id not in on_it]
    if not whole and first.total is not None and len(rest) < _pages_after(first, first.total):
        asked = [await _read(gateway, record) for record in rest]
        return ShownRecords((*first.records, *filter(None, asked)), walked=None, total=first.total)
    walked = await walk(gateway, first=first)
    return (
        None if walked is None else ShownRecords(walked.records, walked, total=len(walked.records) + walked.unreadable)
    )


def _pages_after(first: RecordPage, total: int) -> int:
    """Return how many more pages there are.

    A server may send shorter ones than were asked for.
    """
    left = max(0, total - len(first.records))
    return math.ceil(left / max(1, min(PAGE, len(first.records))))


def _never(_: Record) -> bool:
    return False


async def record_reviews(
    gateway: Gateway,
    journal: Journal,
    shown: Iterable[ServerRecord],
    rows: Mapping[str, Row] = _NO_ROWS,
    *,
    may_be_gone: Callable[[Record], bool] = _never,
) -> Followed:
    """Write down each review that has changed, and which records are gone.

    Args:
        rows: by token; what a reason quotes of them is masked.
        may_be_gone: return whether to read a record that was not shown, since it cannot be too young to be found.
    """
    by_id = {record.compliance_id: record for record in shown}
    followed = followed_records(journal.ledger_state)
    missing = [r for r in followed if r.state is State.SUBMITTED and r.compliance_id not in by_id]
    gone = []
    for record in islice(filter(may_be_gone, missing), ASKED_AT_MOST):
        outcome = await gateway.send(Get(compliance_id=record.compliance_id))
        if isinstance(outcome, Done):
            by_id[record.compliance_id] = outcome.value
        elif is_gone(outcome):
            gone.append(gone_entry(record))
    seen = [(record, by_id[record.compliance_id]) for record in followed if record.compliance_id in by_id]
    compared = [await _change(gateway, record, found, rows.get(record.token)) for record, found in seen]
    changes = [change for change in compared if change]
    await write_down(journal, (*changes, *gone))
    await _adopt_in_place_of_gone(journal, by_id.values())
    not_shown = sum(record.compliance_id not in by_id for record in missing) - len(gone)
    return Followed(len(followed), len(changes), not_shown, len(gone))


async def _adopt_in_place_of_gone(journal: Journal, shown: Iterable[ServerRecord]) -> None:
    """Adopt what the API shows with the token of a record that is gone: a run with a copy of the ledger filed it."""
    gone = [record for record in journal.ledger_state.records.values() if record.state is State.GONE]
    found = by_token(shown) if gone else {}
    for record in gone:
        others = [each for each in found.get(record.token, ()) if each.compliance_id != record.compliance_id]
        if others:
            await journal.append(of_create(record.token, record.key, others, journal.ledger_state))


def is_gone(outcome: Outcome[ServerRecord]) -> bool:
    """Return whether the API, asked by id, says that it has no such record."""
    return isinstance(outcome, Refused) and outcome.http_status == 404


def gone_entry(record: Record) -> Gone:
    """Return the entry for a record that the API has no more.

    It settles an unknown write of it, too.
    """
    return Gone(token=record.token, key=record.key, compliance_id=record.compliance_id, op=record.op)


async def write_down(journal: Journal, changes: Sequence[Reviewed | Gone]) -> None:
    """Write these entries down, many of them in one write."""
    left = iter(changes)
    while some := tuple(islice(left, ENTRIES_AT_A_TIME)):
        await journal.append_all(some)
    for change in changes:
        if isinstance(change, Gone):
            log.logger().warning("record gone", token=change.token)
        else:
            log.logger().info("review changed", token=change.token, outcome=change.review)


def change_in(record: Record, found: ServerRecord, row: Row | None = None) -> Reviewed | None:
    """Return the entry for a review that differs from the ledger's.

    Return None where it does not.

    None also where the record at the API has another row's token, or its status is no word. An unknown word is kept as
    it is: it is no approval, whatever it means. Where the API repeats a review without its reason, the known reason
    stays. What the reason quotes of the row is masked, and stays so when the row is changed.
    """
    review = found.review or (found.review_word.lower() if _WORD.fullmatch(found.review_word) else "")
    if not review or token_in(found.alias) not in ("", record.token):
        return None
    reason = masked(found.reason, row.personal() if row else ()) if found.reason else ""
    if record.state is State.GONE:  # it is there again, whatever its review
        return Reviewed(token=record.token, key=record.key, review=review, reason=reason)
    if review == record.review and (
        reason in ("", record.review_reason) or is_masked_form(record.review_reason, found.reason or "")
    ):
        return None
    return Reviewed(token=record.token, key=record.key, review=review, reason=reason)


async def _change(gateway: Gateway, record: Record, found: ServerRecord, row: Row | None) -> Reviewed | None:
    """Return the entry as `change_in` does, with the reason that a list leaves out."""
    is_known = record.state is not State.GONE and record.review == found.review and record.review_reason
    if not _lacks_reason(found) or is_known:
        return change_in(record, found, row)
    read = await _read(gateway, record)
    if read is None:  # asked for again by the next run
        return change_in(record, found)
    found = replace(read, reason=read.reason or (NO_REASON if read.review in EDITABLE else ""))
    return change_in(record, found, row)


def _lacks_reason(found: ServerRecord) -> bool:
    """Return whether the list left the reason out: a rejection has one.

    A request for more may have none.
    """
    return found.review in EDITABLE and (not found.reason if found.review == Review.REJECTED else found.reason is None)


async def _read(gateway: Gateway, record: Record) -> ServerRecord | None:
    outcome = await gateway.send(Get(compliance_id=record.compliance_id))
    return outcome.value if isinstance(outcome, Done) else None


async def read_again(context: RunContext, decision: Decision) -> ServerRecord | None:
    """Read a row's record and write down what changed.

    Return None where the API does not show it.

    The API has shown its review before, so where it does not know the record any more, that is gone.
    """
    record = context.journal.ledger_state.record(decision.token)
    outcome = await context.gateway.send(Get(compliance_id=record.compliance_id, priority=Priority.WRITE))
    if is_gone(outcome):
        await context.journal.append(gone_entry(record))
    if not isinstance(outcome, outcomes.Done):
        return None
    if change := change_in(record, outcome.value, decision.judged.row):
        await context.journal.append(change)
        context.changed.add(record.token)
    return outcome.value


async def read_after(context: RunContext, decision: Decision, outcome: Outcome[Any]) -> None:
    """Read a row's record again after a refusal for its state, or because it is gone."""
    if isinstance(outcome, outcomes.Refused) and (outcome.code in STATE_ERRORS or outcome.http_status == 404):
        await read_again(context, decision)
