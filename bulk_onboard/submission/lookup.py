"""Find records at the API by their aliases, by whichever way costs fewer requests (reliability.md 1.4, 1.5).

One request for each alias, or one for each hundred records of the account. Server filtering is a hint only: whatever
comes is compared here for equality, and a filter that is seen to be ignored is not used again.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from bulk_onboard.model.call import Priority, ServerRecord
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.identity import token_in
from bulk_onboard.submission.walk import walk

PAGE = 100

Matches = Mapping[str, tuple[ServerRecord, ...]]


class Lookup:
    """Looks aliases up for one run.

    Attributes:
        account_size: how many records the account is known to have at least.
        filter_ignored: whether the list answers whatever alias is asked for.
    """

    def __init__(self, gateway: Gateway, *, account_size: int = 0) -> None:
        self._gateway = gateway
        self.account_size = account_size
        self.filter_ignored = False

    def walks_for(self, aliases: Sequence[str]) -> bool:
        """Whether a walk of all records is the way to look these up, since it costs less or the filter is ignored."""
        return self.filter_ignored or len(aliases) > pages(self.account_size)

    async def find(self, aliases: Sequence[str], *, walking: bool = False) -> Matches | None:
        """The records with exactly these aliases; None when the list could not be read whole.

        `walking` looks them up in a walk of all records, whatever it costs.
        """
        if walking or self.walks_for(aliases):
            everything = await self.sweep()
            return None if everything is None else _matching(aliases, everything)
        found: list[ServerRecord] = []
        for alias in aliases:
            shown = await walk(self._gateway, alias=alias, priority=Priority.SETTLE)
            if shown is None:
                return None
            self.filter_ignored |= any(token_in(alias) not in record.alias for record in shown)
            found += shown
        return _matching(aliases, found)

    async def sweep(self) -> tuple[ServerRecord, ...] | None:
        """All records of the account; None when the list could not be read whole."""
        everything = await walk(self._gateway, priority=Priority.SETTLE)
        if everything is not None:
            self.account_size = len(everything)
        return everything


def pages(records: int) -> int:
    """What a sweep of so many records costs in requests; at least one."""
    return max(1, math.ceil(records / PAGE))


def _matching(aliases: Iterable[str], shown: Iterable[ServerRecord]) -> Matches:
    wanted: dict[str, dict[str, ServerRecord]] = {alias: {} for alias in aliases}
    for record in shown:
        if record.alias in wanted:
            wanted[record.alias][record.compliance_id] = record
    return {alias: tuple(records.values()) for alias, records in wanted.items()}
