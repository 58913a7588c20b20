"""The API's two contracts, for tests that hold under either: what a row looks like, and which ones a session takes.

`CONTRACT=beta` or `CONTRACT=released` in the environment takes that one, at full length. Without it tests take both,
and the long ones spend less on the second.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.businesses import (
    DOCUMENTS,
    HEADERS,
    RELEASED_DOCUMENTS,
    RELEASED_HEADERS,
    Cells,
    business,
    released_business,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet under one contract.

    Attributes:
        documents: the columns with files.
        row: one good row, as `business` makes it.
        prefix: how a number begins that the sandbox rents to the account, of the type of the rows.
    """

    contract: str
    headers: tuple[str, ...]
    documents: tuple[str, ...]
    row: Callable[..., Cells]
    prefix: str

    def number(self, place: int) -> str:
        """Return a number of the account's, in digits."""
        return f"{self.prefix}{place:08d}"


def word(title: str) -> str:
    """Return the ledger's word for a document, of its column or of the API's word."""
    return title.lower().replace(" ", "_")


BETA = Layout("beta", (*HEADERS, "Numbers"), DOCUMENTS, business, "9111")
RELEASED = Layout("released", RELEASED_HEADERS, RELEASED_DOCUMENTS, released_business, "9198")
LAYOUTS: Mapping[str, Layout] = {layout.contract: layout for layout in (BETA, RELEASED)}


def _of_this_session() -> tuple[str, ...]:
    named = os.environ.get("CONTRACT", "")
    assert named in ("", *LAYOUTS), f"there is no contract {named!r}; choose of {', '.join(LAYOUTS)}"
    return (named,) if named else tuple(LAYOUTS)


CONTRACTS = _of_this_session()


def effort(contract: str, whole: int, less: int) -> int:
    """Return how much of something a test does: less of it under the second contract of a session."""
    return whole if contract == CONTRACTS[0] else less
