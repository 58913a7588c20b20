"""What a call may meet on its way to the account in memory, and which records its lists show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bulk_onboard.model.outcome import Denied, Halt, Outcome, Refused, Throttled, Unavailable, Unresolved


@dataclass(frozen=True)
class Weather:
    """What a call meets.

    Attributes:
        done: whether it is done at the API; `late`: only some time after the caller has given up.
        slow: the caller waits for some time.
        told: what the caller is told instead of the answer.
        killed: the process dies instead of being told anything.
    """

    done: bool = True
    late: bool = False
    slow: bool = False
    told: Outcome[Any] | None = None
    killed: bool = False


LOST = Unresolved(seen="the answer was lost")
NOT_APPLIED: Mapping[str, Outcome[Any]] = {
    "unavailable": Unavailable(why="ClientConnectorError"),
    "throttled": Throttled(),
    "unresolved": Unresolved(seen="ServerDisconnectedError"),
    "denied": Denied(http_status=401, halt=Halt.CREDENTIALS),
    "refused": Refused(code="invalid", http_status=422),
    "contested": Unresolved(seen="HTTP 409", said=Refused(code="conflict", http_status=409)),
}
"""Weather in which a call changes nothing at the API, and what it then leads to."""

WEATHER: Mapping[str, Weather] = {
    "fair": Weather(),
    "slow": Weather(slow=True),
    "unheard": Weather(told=LOST),
    "late": Weather(late=True, told=LOST),
    "hung": Weather(slow=True, late=True, told=LOST),
    "hung in vain": Weather(done=False, slow=True, told=LOST),
    "killed": Weather(done=False, killed=True),
    "killed after": Weather(killed=True),
    "killed before": Weather(late=True, killed=True),
    **{name: Weather(done=False, told=outcome) for name, outcome in NOT_APPLIED.items()},
}
MATCHING: Mapping[str, Callable[[str, str], bool]] = {
    "exact": lambda asked, alias: asked == alias,
    "substring": lambda asked, alias: asked in alias,
    "folded": lambda asked, alias: asked.casefold() == alias.casefold(),
    "deaf": lambda asked, alias: True,
    "blind": lambda asked, alias: False,
}
"""Which records a list shows of those there are, by the alias that was asked for; `deaf` ones ignore it."""
