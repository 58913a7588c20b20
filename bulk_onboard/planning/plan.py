"""All rows × all records → the plan of a run."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from bulk_onboard.model.books import Books
from bulk_onboard.model.finding import NO_RULINGS, Rulings
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.record import State
from bulk_onboard.model.row import JudgedRow, JudgedRows
from bulk_onboard.model.scope import Scope
from bulk_onboard.model.sparse import Sparse
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
    tried: Collection[str] = (),
    rulings: Rulings = NO_RULINGS,
) -> Plan:
    """What a run will do for each row, in the order of the rows, and what it costs.

    No token and no number is due twice. `scope.limit` bounds the rows that a run creates; nothing else is ever limited.
    `tried` are the tokens of those that this run has tried to create before, which count among them once. `rulings` are
    what the job says of findings that only show once the records are known.
    """
    if isinstance(judged, JudgedRows) and not books.records and scope == _EVERYTHING:
        return _first_plan(judged, books, auth_id, quota)
    identities = Identities(books, auth_id=auth_id, rows=[one.row for one in judged])
    decisions = []
    for one, identity in settled_claims([(one, identities.identify(one)) for one in judged], books, rulings):
        record = books.records.get(identity.token) if identity else None
        decisions.append(decide(one, identity, record, scope))
    within = tuple(_each_number_once(_each_token_once(decisions)))
    if scope.limit is not None:
        within = tuple(_within(scope.limit, within, tried))
    followed = sum(record.state is State.SUBMITTED for record in books.records.values())
    return Plan(within, forecast(within, followed=followed, quota=quota))


def _first_plan(judged: JudgedRows, books: Books, auth_id: str, quota: Quota | None) -> Plan:
    """The plan of a large sheet as long as nothing is known of any row: each valid one is new.

    No other row has the key or the number of a usual one, so those are looked at without them.
    """
    identities = Identities(books, auth_id=auth_id, rows=())

    def decided(one: JudgedRow) -> Decision:
        return decide(one, identities.identify(one), None, _EVERYTHING)

    told = dict(zip(judged.told, _each_token_once([decided(one) for one in judged.told.values()]), strict=True))
    decisions = Sparse(len(judged), told, lambda places: [decided(judged[place]) for place in places])
    return Plan(decisions, forecast(decisions, followed=0, quota=quota, usual_size=judged.usual_size))


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


def _within(limit: int, decisions: Iterable[Decision], tried: Collection[str]) -> Iterator[Decision]:
    """The decisions, with only so many creates left due that no more than `limit` rows are ever tried."""
    left = limit - len(tried)
    for decision in decisions:
        is_another = decision.action is Action.CREATE and decision.token not in tried
        left -= is_another
        yield decision.undone("beyond --limit") if is_another and left < 0 else decision
