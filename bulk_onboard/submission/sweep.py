"""The first run of a job on an account walks all of its records once (reliability.md 1.6).

A lost ledger, or a second job on the account, so adopts what is there instead of creating it again: tokens are
computed from the rows, and stand at the end of the aliases at the API.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.entry import Op, OpEntry
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.walk import walk

UNSENT = frozenset({State.PENDING, State.INVALID, State.DEFERRED, State.REFUSED})


async def sweep(gateway: Gateway, journal: Journal, identities: Iterable[Identity]) -> bool:
    """Walk the account, adopt what it has, and write down that it was walked; whether the walk was completed."""
    shown = await walk(gateway)
    if shown is None:
        return False
    await adopt(journal, identities, shown)
    await journal.append(entries.Swept(records=len(shown)))
    return True


async def adopt(journal: Journal, identities: Iterable[Identity], shown: Iterable[ServerRecord]) -> None:
    """Adopt the records of these rows that a complete walk of the account has shown.

    Records whose last call is unknown are left to settling, which looks closer. Those that a repair of the ledger
    holds because it lost their alias are found here by their token.
    """
    by_token: dict[str, list[ServerRecord]] = defaultdict(list)
    for record in shown:
        by_token[token_in(record.alias)].append(record)
    for identity in identities:
        matches = by_token.get(identity.token)
        if matches and may_be_adopted(journal.books.record(identity.token)):
            await journal.append(adoption(identity, matches))


def may_be_adopted(record: Record) -> bool:
    """Whether a record at the API with its token is simply its own: nothing was sent, or what it was called is lost."""
    without_alias = record.state is State.HELD and record.op is Op.CREATE and not record.alias
    return record.state in UNSENT or without_alias


def adoption(identity: Identity, matches: Sequence[ServerRecord]) -> OpEntry:
    """One record at the API is this row's; several are for a person to look at."""
    if len(matches) == 1:
        return entries.Adopted(
            token=identity.token,
            key=identity.user_key,
            op=Op.CREATE,
            compliance_id=matches[0].compliance_id,
            review=matches[0].review,
            alias=matches[0].alias,
            registration_token=identity.known_registration,
        )
    return entries.Held(
        token=identity.token,
        key=identity.user_key,
        op=Op.CREATE,
        why=f"{len(matches)} records with this token at the API",
        compliance_ids=tuple(record.compliance_id for record in matches),
    )
