"""Find records at the API by the tokens in their aliases, by whichever way costs fewer requests.

One request for each alias, or one for each hundred records of the account. Server filtering is a hint only: whatever
comes is looked through here for the token, and a filter that is seen to be ignored is not used again.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bulk_onboard.model.call import Priority, ServerRecord
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.record import Record
from bulk_onboard.submission.walk import Walk, agreed, walk

PAGE = 100

Matches = Mapping[str, tuple[ServerRecord, ...]]
"""By token, the records of the account whose alias has it."""


class Lookup:
    """Looks records up for one run.

    Attributes:
        account_size: how many records the account is known to have at least.
        filter_ignored: whether the list answers whatever alias is asked for.
        asked_for: tokens of those for which the last `find` asked the alias filter, and got all of its answer.
    """

    def __init__(self, gateway: Gateway, *, account_size: int = 0) -> None:
        self._gateway = gateway
        self.account_size = account_size
        self.filter_ignored = False
        self.asked_for: set[str] = set()

    async def find(self, records: Sequence[Record]) -> Matches | None:
        """What the account has of these records; None when the list could not be read.

        What it finds is there. What it does not find may be there all the same: see `filtered` and `agreed`.
        """
        self.asked_for.clear()
        if self.filter_ignored or len(records) > pages(self.account_size):
            walked = await walk(self._gateway, priority=Priority.SETTLE)
            return None if walked is None else by_token(self._noted(walked).records)
        found: list[ServerRecord] = []
        for record in records:
            shown = await self.filtered(record.alias, record.token)
            if shown is None:
                return None
            found += shown.records
            if shown.whole and not self.filter_ignored:
                self.asked_for.add(record.token)
        return by_token(found)

    async def filtered(self, alias: str, token: str) -> Walk | None:
        """What the list shows when it is asked for one alias; None when it could not be read."""
        shown = await walk(self._gateway, alias=alias, priority=Priority.SETTLE)
        if shown is not None:
            self.filter_ignored |= any(token not in each.alias.lower() for each in shown.records)
        return shown

    async def agreed(self) -> Walk | None:
        """Two walks of the whole account that agree; None when the list could not be read."""
        walked = await agreed(self._gateway, priority=Priority.SETTLE)
        return None if walked is None else self._noted(walked)

    def _noted(self, walked: Walk) -> Walk:
        self.account_size = len(walked.records)
        return walked


def pages(records: int) -> int:
    """What a walk past so many records costs in requests; at least one."""
    return max(1, math.ceil(records / PAGE))


def by_token(shown: Iterable[ServerRecord]) -> Matches:
    """The records that have a token, by it; each once."""
    found: defaultdict[str, dict[str, ServerRecord]] = defaultdict(dict)
    for record in shown:
        if token := token_in(record.alias):
            found[token][record.compliance_id] = record
    return {token: tuple(records.values()) for token, records in found.items()}
