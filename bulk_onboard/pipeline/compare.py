"""The ledger against the account: what is missing, what is there twice, what goes by another name (`verify --server`).

A record is missing when the ledger knows its id and the API does not show it: not in the list, and, since lists may
leave out what is old, not when asked for by its id either. A list that leaves out very many is not asked about each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import Get, ServerRecord
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.record import Record, State
from bulk_onboard.pipeline.account import bound_books, read_account, reading
from bulk_onboard.submission.audit import Twice, found_twice

ASKED_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """How ledger and account differ.

    Attributes:
        missing: records that the ledger has with an id, and the account has not.
        renamed: records of the ledger, each with the alias that its id has at the API.
        twice: tokens with several records at the API, whether this ledger knows them or not.
        extra: records with a token that this ledger does not know: of another job, or of a lost ledger.
    """

    missing: tuple[Record, ...]
    renamed: tuple[tuple[Record, str], ...]
    twice: tuple[Twice, ...]
    extra: tuple[ServerRecord, ...]

    @property
    def exit_status(self) -> ExitStatus:
        """`ROWS_NEED_A_PERSON` for everything but what another job may have filed."""
        wrong = self.missing or self.renamed or self.twice
        return ExitStatus.ROWS_NEED_A_PERSON if wrong else ExitStatus.DONE

    @property
    def sentences(self) -> Iterator[str]:
        """What to know about it, the gravest first."""
        for twice in self.twice:
            deletable = ", ".join(twice.deletable)
            advice = f"delete {deletable}" if deletable else "the others are beyond deleting"
            ids = ", ".join(twice.compliance_ids)
            yield f"Token {twice.token} has several records at the API, {ids}: keep the first; {advice}."
        for record in self.missing:
            yield f"Record {record.token} is {record.compliance_id} in the ledger, which the API does not show."
        for record, alias in self.renamed:
            yield f"Record {record.token}, {record.compliance_id}, is called {alias!r} at the API."
        if self.extra:
            yield f"{len(self.extra)} records at the API have a token that this ledger does not know: of another job?"


async def compare_account(job: Job, *, credentials: Credentials, clock: Clock) -> Comparison:
    """Compare the job's ledger with the account; reads only.

    Raises:
        LedgerError: the ledger is of another account or address.
        BulkOnboardError: the API cannot be read.
    """
    books = bound_books(job.ledger, auth_id=credentials.auth_id, base_url=job.base_url)
    async with reading(job, credentials, clock=clock) as gateway:
        shown = await read_account(gateway)
        missing = not_shown(books, shown)
        if len(missing) <= ASKED_AT_MOST:
            asked = [await _ask_for(gateway, record) for record in missing]
            shown += tuple(found for found in asked if found is not None)
    return compare(books, shown)


def not_shown(books: Books, shown: Sequence[ServerRecord]) -> list[Record]:
    """The ledger's records with an id that is not among those shown."""
    ids = {record.compliance_id for record in shown}
    return [r for r in books.records.values() if _is_there(r) and r.compliance_id not in ids]


def compare(books: Books, shown: Sequence[ServerRecord]) -> Comparison:
    """How the ledger differs from what the account shows."""
    by_id = {record.compliance_id: record.alias for record in shown}
    tokens = {token for record in shown if (token := token_in(record.alias))}
    return Comparison(
        missing=tuple(not_shown(books, shown)),
        renamed=tuple(
            (record, alias)
            for record in books.records.values()
            if _is_there(record) and (alias := by_id.get(record.compliance_id)) is not None
            if alias != record.alias and token_in(alias) != record.token and (record.alias or token_in(alias))
        ),
        twice=tuple(found_twice(shown, books, others=True)),
        extra=tuple(record for record in shown if token_in(record.alias) in tokens - books.records.keys()),
    )


def _is_there(record: Record) -> bool:
    return bool(record.compliance_id) and record.state not in (State.DELETED, State.GONE)


async def _ask_for(gateway: Gateway, record: Record) -> ServerRecord | None:
    outcome = await gateway.send(Get(compliance_id=record.compliance_id))
    return outcome.value if isinstance(outcome, Done) else None
