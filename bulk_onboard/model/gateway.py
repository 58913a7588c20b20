"""The one narrow interface to the API; each concern is a wrapper of it: retrying(paced(journaled(http)))."""

from typing import Protocol, TypeVar

from bulk_onboard.model.call import Call
from bulk_onboard.model.outcome import Outcome

T = TypeVar("T")


class Gateway(Protocol):
    """Somewhere calls can be sent."""

    async def send(self, call: Call[T]) -> Outcome[T]:
        """Make the call and say what it led to; troubles of the network and the API are outcomes, not exceptions.

        Raises:
            StoppedError: the ledger cannot be written any more, or the run was asked to stop before this call began.
            asyncio.CancelledError: the call was abandoned; a write then counts as unknown.
        """
        ...
