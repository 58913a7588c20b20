"""All rows × all records → the plan of a run."""

from collections.abc import Iterable, Iterator, Sequence

from bulk_onboard.model.books import Books
from bulk_onboard.model.finding import NO_RULINGS, Rulings
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.record import State
from bulk_onboard.model.row import JudgedRow
from bulk_onboard.model.scope import Scope
from bulk_onboard.planning.claims import settled_claims
from bulk_onboard.planning.decide import decide
from bulk_onboard.planning.forecast import forecast
from bulk_onboard.planning.identity import Identities
from bulk_onboard.units import Quota

_EVERYTHING = Scope()


def make_plan(
    judged: Sequence[JudgedRow],
    *,
    books: Books,
    auth_id: str,
    quota: Quota | None,
    scope: Scope = _EVERYTHING,
    rulings: Rulings = NO_RULINGS,
) -> Plan:
    """What a run will do for each row, in the order of the rows, and what it costs.

    No token and no number is due twice. `scope.limit` bounds creates; nothing else is ever limited. `rulings` are what
    the job says of findings that only show once the records are known.
    """
    identities = Identities(books, auth_id=auth_id, rows=[one.row for one in judged])
    decisions = []
    for one, identity in settled_claims([(one, identities.identify(one)) for one in judged], books, rulings):
        record = books.records.get(identity.token) if identity else None
        decisions.append(decide(one, identity, record, scope))
    within = tuple(_within(scope.limit, _each_number_once(_each_token_once(decisions))))
    followed = sum(record.state is State.SUBMITTED for record in books.records.values())
    return Plan(within, forecast(within, followed=followed, quota=quota))


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


def _each_number_once(decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Rows that name one number would take it from each other; of those for which it is due the first gets it."""
    due: set[str] = set()
    for decision in decisions:
        left = tuple(number for number in decision.numbers if number not in due)
        due.update(left)
        if left == decision.numbers:
            yield decision
        elif left:
            yield decision.with_numbers(left)
        else:
            yield decision.undone("its numbers are another row's")


def _within(limit: int | None, decisions: Iterator[Decision]) -> Iterator[Decision]:
    """The decisions, with only the first `limit` creates left due."""
    creates = 0
    for decision in decisions:
        creates += decision.action is Action.CREATE
        if limit is not None and decision.action is Action.CREATE and creates > limit:
            yield decision.undone("beyond --limit")
        else:
            yield decision
