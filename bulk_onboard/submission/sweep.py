"""Adopt what a walk of the account shows of a job's rows.

A lost ledger, or a second job on the account, so takes over what is there instead of creating it again: tokens are
computed from the rows, and stand at the end of the aliases at the API.
"""

from collections.abc import Iterable, Sequence

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.entry import Op, OpEntry
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.lookup import by_token
from bulk_onboard.submission.walk import agreed

UNSENT = frozenset({State.PENDING, State.INVALID, State.DEFERRED, State.REFUSED})


async def sweep(gateway: Gateway, journal: Journal, identities: Iterable[Identity]) -> bool:
    """Walk the account, adopt what it has, and write down that it was walked; whether the walks were whole."""
    walked = await agreed(gateway)
    if walked is None:
        return False
    await adopt(journal, identities, walked.records)
    if walked.whole:
        await journal.append(entries.Swept(records=len(walked.records)))
    return walked.whole


async def adopt(journal: Journal, identities: Iterable[Identity], shown: Iterable[ServerRecord]) -> int:
    """Adopt the records of these rows that a walk of the account has shown; how many the ledger did not know.

    Records whose last call is unknown are left to settling, which looks closer. Those that a repair of the ledger
    holds because it lost their alias are found here by their token.
    """
    found, adopted = by_token(shown), 0
    for identity in identities:
        matches = found.get(identity.token)
        if matches and may_be_adopted(journal.books.record(identity.token)):
            await journal.append(adoption(identity, matches))
            adopted += 1
    return adopted


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
