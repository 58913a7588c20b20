"""What a run costs.

Rule: count what is known before the run begins. Each create is a request. Settling takes one to four look-ups, by how
long it has to wait (reliability.md 1.4); two is what most take. A run with something due makes one preflight request
(1.5), and reads its first created record back (1.1). What depends on what the API holds and does is left out: pages of
the account's list, repeated attempts, the control before an absence is believed.

Nobody knows which window the API keeps. The time is the sliding log's, (⌈N/L⌉ − 1)·w: the longest of the three least
times (pacing.md), at most one window more than the shortest, so the run is not late for its forecast because of it.
It is the quota's time alone: within the first window it is nothing.
"""

import math

from bulk_onboard.model.plan import Forecast
from bulk_onboard.units import Quota

_PREFLIGHT = 1
_READ_BACK = 1
_LOOK_UPS = 2


def forecast(creates: int, settles: int, size: int, quota: Quota | None) -> Forecast:
    """What so many creates with `size` bytes of documents and so many settles cost at the quota."""
    requests = creates + _LOOK_UPS * settles
    requests += (_PREFLIGHT if requests else 0) + (_READ_BACK if creates else 0)
    return Forecast(requests, size, None if quota is None else _least_time_s(requests, quota))


def _least_time_s(requests: int, quota: Quota) -> float:
    windows = math.ceil(requests / quota.limit)
    return max(windows - 1, 0) * quota.window_s
