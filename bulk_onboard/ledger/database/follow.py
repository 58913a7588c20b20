"""Follow a ledger in a database while somebody else writes it: each look asks for the lines after the newest known.

The newest known line is asked for as well: where it is another by now, the ledger was put back from a backup, repaired
or made anew, and is read again from its beginning.
"""

from collections.abc import Iterator
from functools import partial

from bulk_onboard.errors import BulkOnboardError
from bulk_onboard.ledger.database import statements
from bulk_onboard.ledger.database.link import Link, linked
from bulk_onboard.ledger.database.statements import Chunk
from bulk_onboard.ledger.fold import fold_blocks
from bulk_onboard.ledger.follow import GONE, UNREADABLE, Following


class DatabaseFollower(Following):
    """Follows a ledger in a database.

    Args:
        address: of the database.
        account: the ledger's name in it.
        name: what messages call it.
    """

    def __init__(self, address: str, account: str, name: str) -> None:
        super().__init__()
        self._address, self._account, self._name = address, account, name
        self._newest = b""  # the line with the number of the state; empty where that is to be read anew

    def _look(self) -> None:
        try:
            with linked(self._address) as link:
                self._read_on(link)
        except BulkOnboardError as error:  # what was read before is shown on
            self.trouble = str(error)

    def _read_on(self, link: Link) -> None:
        known = self.ledger_state.seq if self._newest else 0
        found = self._chunk(link, max(0, known - 1))
        self.is_there = found is not None or (known > 0 and self._chunk(link, 0) is not None)
        if not self.is_there:
            self._miss(GONE if self.ledger_state.seq else "")
        elif not known:
            self._read_anew(link, self.restarted)
        elif found is None or not found.content.startswith(self._newest):
            self._read_anew(link, "The ledger was replaced, so it was read again from its beginning.")
        else:
            self._take_all(link, found.content.removeprefix(self._newest))

    def _read_anew(self, link: Link, why: str) -> None:
        self._newest, newest = b"", b""

        def blocks() -> Iterator[bytes]:
            nonlocal newest
            after = 0
            while chunk := self._chunk(link, after):
                newest, after = chunk.content[chunk.content.rfind(b"\n", 0, -1) + 1 :], chunk.last
                yield chunk.content

        folded = fold_blocks(blocks(), self._name, "the command `ledger verify` says more")
        if folded.tail:  # no write of a database can be torn
            self._begin(folded, b"", why)
            self.trouble = UNREADABLE.format(number=self.ledger_state.seq + 1, why="it is damaged")
        else:
            self._begin(folded, newest.removesuffix(b"\n"), why)
            self._newest = newest

    def _take_all(self, link: Link, content: bytes) -> None:
        while True:
            lines = content.split(b"\n")[:-1]
            taken = self._take(lines)
            if taken:
                self._newest = lines[taken - 1] + b"\n"
            if taken < len(lines):
                return
            more = self._chunk(link, self.ledger_state.seq) if lines else None
            if more is None:
                return
            content = more.content

    def _chunk(self, link: Link, after: int) -> Chunk | None:
        return link.ask(partial(statements.read, account=self._account, after=after))
