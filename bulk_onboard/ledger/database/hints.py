"""Hints that records changed at the API, kept in the database until each record was read after that.

See `model.store.Hints`. Before a record is read its hint is claimed: it gets a name of its own, so that a hint that
arrives meanwhile is another row. The claims of a process that died are hints like any others.
"""

import errno
import os
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from bulk_onboard.ledger.database.link import linked
from bulk_onboard.ledger.database.statements import SCHEMA, Connection
from bulk_onboard.model.store import MOST_HINTS, Claim

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PostgresHints:
    """The hints of one ledger: `model.store.Hints`."""

    address: str
    account: str

    def keep(self, compliance_id: str) -> None:
        """Keep a hint; it is kept for good when this returns. OSError where too many wait."""

        def do(connection: Connection) -> int:
            kept = connection.execute(
                f"""
                insert into {SCHEMA}.hint (account, compliance_id)
                select %s, %s where (select count(*) from {SCHEMA}.hint where account = %s) < %s
                on conflict (account, compliance_id, claim) do update set at = clock_timestamp()
                """,  # noqa: S608 - the schema's name is a constant, here and below
                [self.account, compliance_id, self.account, MOST_HINTS],
            )
            return kept.rowcount

        if not self._ask(do):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC) + ": too many hints wait")

    def waiting(self) -> tuple[str, ...]:
        """Return the ids of the records that have hints."""
        query = f"select distinct compliance_id from {SCHEMA}.hint where account = %s order by 1"  # noqa: S608
        return tuple(self._ask(lambda connection: [row[0] for row in connection.execute(query, [self.account])]))

    def claim(self, compliance_ids: Collection[str]) -> tuple[Claim, ...]:
        """Claim the hints for these records, which are to be read now."""
        name = secrets.token_hex(8)

        def do(connection: Connection) -> list[tuple[str, str]]:
            return connection.execute(
                f"""
                with named as (
                    update {SCHEMA}.hint set claim = %s
                    where account = %s and claim = '' and compliance_id = any(%s::text[]) returning compliance_id, claim
                )
                select compliance_id, claim from named
                union
                select compliance_id, claim from {SCHEMA}.hint
                where account = %s and claim <> '' and compliance_id = any(%s::text[])
                """,  # noqa: S608
                [name, self.account, list(compliance_ids), self.account, list(compliance_ids)],
            ).fetchall()

        names: dict[str, list[str]] = {}
        for compliance_id, claim in self._ask(do):
            names.setdefault(compliance_id, []).append(claim)
        return tuple(Claim(compliance_id, tuple(sorted(names[compliance_id]))) for compliance_id in sorted(names))

    def forget(self, claims: Iterable[Claim]) -> None:
        """Remove these hints, whose records were read, but no newer ones of the same records."""
        gone = [(claim.compliance_id, name) for claim in claims for name in claim.names]
        if not gone:
            return

        def do(connection: Connection) -> None:
            connection.execute(
                f"""
                delete from {SCHEMA}.hint using unnest(%s::text[], %s::text[]) as gone (compliance_id, claim)
                where hint.account = %s and hint.compliance_id = gone.compliance_id and hint.claim = gone.claim
                """,  # noqa: S608
                [[compliance_id for compliance_id, _ in gone], [name for _, name in gone], self.account],
            )

        self._ask(do)

    def _ask(self, do: Callable[[Connection], _T]) -> _T:
        with linked(self.address) as link:
            return link.ask(do)
