"""What a run costs.

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
from collections.abc import Sequence

from bulk_onboard.model.plan import Action, Decision, Forecast
from bulk_onboard.model.sparse import told_of, usual_of
from bulk_onboard.units import Quota

_READ_BACK = 1
_EACH = {Action.CREATE: 1, Action.UPDATE: 2, Action.SETTLE: 2}
_EACH_NUMBER = 2
_PAGE = 100


def forecast(decisions: Sequence[Decision], *, followed: int, quota: Quota | None, usual_size: int = 0) -> Forecast:
    """What these cost at the quota, while so many submitted records are followed.

    `usual_size` are the bytes of what the usual ones send, where the decisions are sparse.
    """
    told = list(told_of(decisions))
    due = Counter(decision.action for decision in told)
    due[Action.CREATE] += usual_of(decisions)
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
