"""Plan a run: all rows with all records, and a forecast of requests and time.

Rule: count what is known before the run begins. A create is a request, an update and the link of a number two, since
each is looked at before. Settling takes one to four look-ups, by how long it has to wait (docs/design/settling.md,
Probe schedule); two is what most take. A run that has records to follow, or anything due, reads the account's list, a
hundred records a page, and its first created record back. What depends on what the API holds and does is left out:
other records on the account, repeated attempts, the control before an absence is believed.

Nobody knows which window the API keeps. The time is the sliding log's, (⌈N/L⌉ − 1)·w: the longest of the three least
times (docs/design/pacing.md, Window shapes), at most one window more than the shortest, so the run is not late for its
forecast because of it. It is the quota's time alone: within the first window it is nothing.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from bulk_onboard.model.finding import NO_RULINGS, Rulings
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Decision, Forecast, Plan, Scope
from bulk_onboard.model.record import State
from bulk_onboard.model.row import JudgedRow, JudgedRows, LazySequence, notable_in, usual_count
from bulk_onboard.planning.decide import decide
from bulk_onboard.planning.identity import Identities, settled_claims
from bulk_onboard.units import Quota

_READ_BACK = 1
_EACH = {Action.CREATE: 1, Action.UPDATE: 2, Action.SETTLE: 2}
_EACH_NUMBER = 2
_PAGE = 100


def forecast(decisions: Sequence[Decision], *, followed: int, quota: Quota | None, usual_size: int = 0) -> Forecast:
    """What these cost at the quota, while so many submitted records are followed.

    `usual_size` are the bytes of what the usual ones send, where the decisions are sparse.
    """
    told = list(notable_in(decisions))
    due = Counter(decision.action for decision in told)
    due[Action.CREATE] += usual_count(decisions)
    requests = sum(each * due[action] for action, each in _EACH.items())
    requests += sum(_EACH_NUMBER * len(decision.numbers) for decision in told)
    pages = math.ceil(followed / _PAGE) or (1 if requests else 0)
    requests += pages + (_READ_BACK if due[Action.CREATE] else 0)
    size = sum(
        decision.judged.application.size
        for decision in told
        if decision.action in (Action.CREATE, Action.UPDATE) and decision.judged.application
    )
    return Forecast(requests, size + usual_size, None if quota is None else _least_time_s(requests, quota))


def _least_time_s(requests: int, quota: Quota) -> float:
    windows = math.ceil(requests / quota.limit)
    return max(windows - 1, 0) * quota.window_s


_EVERYTHING = Scope()


def make_plan(
    judged: Sequence[JudgedRow],
    *,
    ledger_state: LedgerState,
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
    if isinstance(judged, JudgedRows) and not ledger_state.records and scope == _EVERYTHING:
        return _first_plan(judged, ledger_state, auth_id, quota)
    identities = Identities(ledger_state, auth_id=auth_id, rows=[one.row for one in judged])
    decisions = []
    for one, identity in settled_claims([(one, identities.identify(one)) for one in judged], ledger_state, rulings):
        record = ledger_state.records.get(identity.token) if identity else None
        decisions.append(decide(one, identity, record, scope))
    within = tuple(_each_number_once(_each_token_once(decisions)))
    if scope.limit is not None:
        within = tuple(_within(scope.limit, within, tried))
    followed = sum(record.state is State.SUBMITTED for record in ledger_state.records.values())
    return Plan(within, forecast(within, followed=followed, quota=quota))


def _first_plan(judged: JudgedRows, ledger_state: LedgerState, auth_id: str, quota: Quota | None) -> Plan:
    """The plan of a large sheet as long as nothing is known of any row: each valid one is new.

    No other row has the key or the number of a usual one, so those are looked at without them.
    """
    identities = Identities(ledger_state, auth_id=auth_id, rows=())

    def decided(one: JudgedRow) -> Decision:
        return decide(one, identities.identify(one), None, _EVERYTHING)

    told = dict(zip(judged.notable, _each_token_once([decided(one) for one in judged.notable.values()]), strict=True))
    decisions = LazySequence(len(judged), told, lambda places: [decided(judged[place]) for place in places])
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
