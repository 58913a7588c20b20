"""Plan a run: decide each row beside all records, and forecast requests and time.

The forecast counts what is known before the run begins:

    create                        1 request
    update                        2, since the record is read before
    link of a number              2, since it is read before; where a call links many, each page of twenty numbers and
                                  each full call 1
    settling                      2; it takes one to four (docs/design/settling.md, Probe schedule)
    submitted records             1 for each page of a hundred; at least one page where anything is due
    the first created record      1, to read it back

It leaves out what depends on the API: other records of the account, repeated attempts, the control of an absence.

Nobody knows which window the API keeps. The time is that of a sliding log, (⌈N/L⌉ − 1)·w, the longest of the three
shapes and at most one window more than the shortest (docs/design/pacing.md, Window shapes). It is the quota's time
alone: 0 within the first window.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from bulk_onboard.model.finding import NO_RULINGS, Rulings
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import NOT_CHOSEN, Action, Decision, Forecast, Plan, Scope
from bulk_onboard.model.record import State
from bulk_onboard.model.row import JudgedRow, JudgedRows, LazySequence, notable_in, usual_count
from bulk_onboard.planning.decide import decide
from bulk_onboard.planning.identity import Identities, checked_claims
from bulk_onboard.units import Quota

TO_SETTLE = 2
_READ_BACK, _READ_BEFORE = 1, 1
_PAGE_OF_NUMBERS = 20
_PAGE = 100
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
    links_per_call: int = 1,
) -> Plan:
    """Return what a run will do for each row, in their order, and what that costs.

    No token and no phone number is due twice.

    Args:
        judged: the rows of the sheet.
        ledger_state: what the ledger knows.
        auth_id: the account.
        quota: None for none; then the forecast has no time.
        scope: what the run may do; its limit bounds creates only.
        tried: tokens of the rows that this run has tried to create before; they count towards the limit once.
        rulings: the job's rulings, for findings that only show once the records are known.
        links_per_call: how many numbers the API links in a call.
    """
    if isinstance(judged, JudgedRows) and not ledger_state.records and scope == _EVERYTHING:
        return _first_plan(judged, ledger_state, auth_id, quota)
    identities = Identities(ledger_state, auth_id=auth_id, rows=[one.row for one in judged])
    decisions = []
    for one, identity in checked_claims([(one, identities.identify(one)) for one in judged], ledger_state, rulings):
        record = ledger_state.records.get(identity.token) if identity else None
        decisions.append(_if_chosen(decide(one, identity, record, scope), scope))
    within = tuple(_each_number_once(_each_token_once(decisions)))
    if scope.limit is not None:
        within = tuple(_within(scope.limit, within, tried))
    followed = sum(record.state is State.SUBMITTED for record in ledger_state.records.values())
    return Plan(within, forecast(within, followed=followed, quota=quota, links_per_call=links_per_call))


def _first_plan(judged: JudgedRows, ledger_state: LedgerState, auth_id: str, quota: Quota | None) -> Plan:
    """Return the plan of a large sheet with an empty ledger: each valid row is new.

    No other row has the key or the number of a usual row, so usual rows are decided one by one, when asked for.
    """
    identities = Identities(ledger_state, auth_id=auth_id, rows=())

    def decided(one: JudgedRow) -> Decision:
        return decide(one, identities.identify(one), None, _EVERYTHING)

    notable = dict(
        zip(judged.notable, _each_token_once([decided(one) for one in judged.notable.values()]), strict=True)
    )
    decisions = LazySequence(len(judged), notable, lambda places: [decided(judged[place]) for place in places])
    return Plan(decisions, forecast(decisions, followed=0, quota=quota, usual_size=judged.usual_size))


def _if_chosen(decision: Decision, scope: Scope) -> Decision:
    """Return the decision, undone where other rows were chosen; what is unknown is settled all the same."""
    if decision.action in (Action.NOTHING, Action.SETTLE) or scope.chooses(decision.judged.row):
        return decision
    return decision.undone(NOT_CHOSEN)


def _each_token_once(decisions: Sequence[Decision]) -> Iterator[Decision]:
    """Yield the decisions, of those with one token only the first one due.

    Rows in conflict share a record, and one of them is enough to settle it.
    """
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
    """Yield the decisions, each phone number due only for the first row that has it."""
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
    """Yield the decisions with the creates beyond `limit` undone.

    Those tried before count towards it.
    """
    left = limit - len(tried)
    for decision in decisions:
        is_another = decision.action is Action.CREATE and decision.token not in tried
        left -= is_another
        yield decision.undone("beyond --limit") if is_another and left < 0 else decision


def forecast(
    decisions: Sequence[Decision],
    *,
    followed: int,
    quota: Quota | None,
    usual_size: int = 0,
    links_per_call: int = 1,
) -> Forecast:
    """Return what the decisions cost at the quota.

    `followed` is how many submitted records are followed. `usual_size` are the bytes of documents that usual rows send,
    where the decisions are lazy.
    """
    notable = list(notable_in(decisions))
    due = Counter(decision.action for decision in notable)
    due[Action.CREATE] += usual_count(decisions)
    links, looks = _links(sum(len(decision.numbers) for decision in notable), links_per_call)
    reads = looks + _READ_BEFORE * due[Action.UPDATE] + TO_SETTLE * due[Action.SETTLE]
    reads += _READ_BACK if due[Action.CREATE] else 0
    reads += math.ceil(followed / _PAGE) or (1 if due.total() > due[Action.NOTHING] else 0)
    requests = due[Action.CREATE] + due[Action.UPDATE] + links + reads
    size = sum(
        decision.judged.application.size
        for decision in notable
        if decision.action in (Action.CREATE, Action.UPDATE) and decision.judged.application
    )
    return Forecast(
        creates=due[Action.CREATE],
        updates=due[Action.UPDATE],
        links=links,
        reads=reads,
        size=size + usual_size,
        duration_s=None if quota is None else _least_time_s(requests, quota),
    )


def _links(numbers: int, per_call: int) -> tuple[int, int]:
    """Return how many requests it takes to link numbers, and to look them up before."""
    return math.ceil(numbers / per_call), numbers if per_call == 1 else math.ceil(numbers / _PAGE_OF_NUMBERS)


def _least_time_s(requests: int, quota: Quota) -> float:
    windows = math.ceil(requests / quota.limit)
    return max(windows - 1, 0) * quota.window_s
