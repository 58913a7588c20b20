"""All rows × all records → the plan of a run."""

from collections.abc import Iterator, Sequence

from bulk_onboard.model.books import Books
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.row import JudgedRow
from bulk_onboard.planning.claims import settled_claims
from bulk_onboard.planning.decide import decide
from bulk_onboard.planning.forecast import forecast
from bulk_onboard.planning.identity import Identities
from bulk_onboard.units import Quota


def make_plan(
    judged: Sequence[JudgedRow],
    *,
    books: Books,
    auth_id: str,
    quota: Quota | None,
    admit_new_rows: bool = True,
    limit: int | None = None,
) -> Plan:
    """What a run will do for each row, in the order of the rows, and what it costs.

    No token is due twice. `limit` is how many creates there may be, None for no limit; settling is never limited.
    """
    identities = Identities(books, auth_id=auth_id, rows=[one.row for one in judged])
    decisions = []
    for one, identity in settled_claims([(one, identities.identify(one)) for one in judged], books):
        record = books.records.get(identity.token) if identity else None
        decisions.append(decide(one, identity, record, admit_new_rows=admit_new_rows))
    within = tuple(_within(limit, _each_token_once(decisions)))
    creates = [d for d in within if d.action is Action.CREATE]
    settles = sum(d.action is Action.SETTLE for d in within)
    size = sum(d.judged.application.size for d in creates if d.judged.application)
    return Plan(within, forecast(len(creates), settles, size, quota))


def _each_token_once(decisions: Sequence[Decision]) -> Iterator[Decision]:
    """Rows in conflict share a record; one of them is enough to settle it."""
    due: set[str] = set()
    for decision in decisions:
        if decision.identity is None or decision.action is Action.NOTHING:
            yield decision
        elif decision.identity.token in due:
            yield decision.undone("settled with another row of the same key")
        else:
            due.add(decision.identity.token)
            yield decision


def _within(limit: int | None, decisions: Iterator[Decision]) -> Iterator[Decision]:
    """The decisions, with only the first `limit` creates left due."""
    creates = 0
    for decision in decisions:
        creates += decision.action is Action.CREATE
        if limit is not None and decision.action is Action.CREATE and creates > limit:
            yield decision.undone("beyond --limit")
        else:
            yield decision
