"""How stages write down what happened."""

from typing import Protocol

from bulk_onboard.model.books import Books
from bulk_onboard.model.entry import Entry


class Journal(Protocol):
    """An open ledger."""

    @property
    def books(self) -> Books:
        """What all entries so far amount to."""
        ...

    async def append(self, entry: Entry) -> None:
        """Write the entry; it is on disk when this returns.

        Raises:
            IllegalStepError: the table knows no such step; nothing is written.
            StoppedError: the disk failed; nothing more can be written, so nothing more may be sent.
        """
        ...
