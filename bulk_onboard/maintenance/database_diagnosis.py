"""What the doctor's findings about the database with the ledgers mean: from facts to lines. Pure.

`doctor` gathers the facts. What the server says of itself is judged where it is opened, too (`ledger.database.checks`);
here each of its looks becomes a line, and what only a person asks is added.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bulk_onboard.maintenance.diagnosis import Line, Trouble, as_trouble, line
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.ledger.database.checks import Facts, Look

CONNECTIONS_EACH = 3  # a worker's: its ledgers share one, handing out takes two
ACCOUNTS_EACH = 50  # of a worker


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The database with the ledgers.

    Attributes:
        name: its address without user and parameters.
        accounts: how many the job has.
        trouble: why it could not be asked; then nothing else is known.
        server: what it says of itself.
        looks: what that means.
    """

    name: str = "The database"
    accounts: int = 1
    trouble: Trouble | None = None
    server: "Facts | None" = None
    looks: Sequence["Look"] = ()

    @property
    def is_fit(self) -> bool:
        """Whether ledgers can be kept in it, as far as was seen."""
        return self.server is not None and all(look.is_good for look in self.looks)


def of_database(facts: DatabaseFacts) -> Iterator[Line]:
    """Yield a line about each thing that was looked at; one alone where the database cannot be asked."""
    if facts.server is None:
        yield line("database", "", [facts.trouble or Trouble(f"{facts.name} was not asked.")])
        return
    yield line("database", f"{facts.name} answers, as the role {facts.server.role}.", ())
    yield _encryption(is_encrypted=facts.server.is_encrypted)
    for look in facts.looks:
        about = f"database {look.name}"
        if look.name == "connections":
            free = facts.server.connections_most - facts.server.connections
            yield line(about, look.sentence, _connections(facts, free=free, is_scarce=look.is_warning))
        elif look.is_good and not look.is_warning:
            yield line(about, look.sentence, ())
        else:
            yield line(about, "", [as_trouble(look.sentence)])


def _encryption(*, is_encrypted: bool) -> Line:
    if is_encrypted:
        found = "The connection is encrypted, and the server's certificate was checked."
    else:
        found = "It is on this machine, so the connection needs no encryption."
    return line("database encryption", found, ())


def _connections(facts: DatabaseFacts, *, free: int, is_scarce: bool) -> list[Trouble]:
    workers = math.ceil(facts.accounts / ACCOUNTS_EACH)
    needed = CONNECTIONS_EACH * workers
    if free >= needed and not is_scarce:
        return []
    accounts, each = format_count(facts.accounts, "account"), format_count(workers, "worker")
    return [
        Trouble(
            f"{free:,} are left; {each} for {accounts} would take {needed:,}.",
            "Raise max_connections of the server, or end what holds them.",
        )
    ]
