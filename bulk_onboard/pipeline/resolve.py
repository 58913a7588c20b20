"""A person says what is to become of a record that is held or gone: it was found, it is absent, or it is given up.

Of a record that is gone *absent* means that its business is to be filed anew.
"""

from collections.abc import Callable
from typing import Literal

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import is_called
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import Get
from bulk_onboard.model.entry import Op
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.record import Record, State
from bulk_onboard.pipeline.connection import connect
from bulk_onboard.pipeline.ledger import open_ledger
from bulk_onboard.pipeline.stopping import why_stopped
from bulk_onboard.submission.delete import interrupted
from bulk_onboard.submission.lookup import by_token
from bulk_onboard.submission.reviews import is_gone
from bulk_onboard.submission.stop import Stop
from bulk_onboard.submission.walk import walk
from bulk_onboard.units import format_duration

How = Literal["found", "absent", "abandon"]

FOR_A_PERSON = frozenset({State.HELD, State.GONE})
UNKNOWN = frozenset({State.UNCERTAIN, State.SENDING})


async def resolve_record(
    job: Job,
    name: str,
    *,
    how: How,
    compliance_id: str,
    credentials: Credentials,
    clock: Clock,
    say: Callable[[str], None] = lambda sentence: None,
) -> Record:
    """Write down a person's answer for one record that is held or gone, or whose create is unknown; as it is then.

    The answer is held against the API first: a record that is said to be found must be there and nobody else's, and
    where one is said to be absent the API may show none with its id or its token. Where the create is unknown, it is
    looked for once the settle window has passed; `say` is told of that.

    Raises:
        UsageError: no such record, it is not for a person, or the API contradicts the answer.
        BulkOnboardError: the ledger or the API cannot be used.
    """
    if not job.ledger.exists():
        raise errors.UsageError(f"There is no ledger {job.ledger}, so there is nothing to resolve.")
    with open_ledger(job, credentials, clock) as journal:
        record = record_to_resolve(journal.books, name)
        if record.state in UNKNOWN and how == "absent":
            say(f"Waiting {format_duration(job.settle)} (settle), so that whatever was sent last shows at the API.")
            await clock.sleep(max(0.0, journal.locked_at + job.settle - clock.monotonic()))
        stop = Stop()
        async with connect(job, credentials, clock=clock, stop=stop) as connection:
            objection = await _objection(connection.gateway, record, how, compliance_id, journal.books)
        if stop.requested:
            raise why_stopped(stop.cause, base_url=job.base_url, sent_before=False) or errors.StoppedError("Stopped.")
        if objection:
            raise errors.UsageError(objection)
        if record.state is State.SENDING:
            await journal.append(interrupted(record))
        await journal.append(
            entries.Resolved(
                token=record.token, key=record.key, op=record.op or Op.CREATE, how=how, compliance_id=compliance_id
            )
        )
        return journal.books.record(record.token)


def record_to_resolve(books: Books, name: str) -> Record:
    """The one record for a person to resolve that goes by this Key, token, alias or compliance id; UsageError
    otherwise."""
    called = [record for record in books.records.values() if is_called(record, name)]
    for_a_person = [record for record in called if is_for_a_person(record)]
    if not called:
        raise errors.UsageError(f"The ledger knows no record {name!r}. Give a row's Key, or a token.")
    if not for_a_person:
        raise errors.UsageError(
            f"Record {name!r} is {called[0].state}; only one that is held or gone, or whose create is unknown, is for "
            "a person to resolve."
        )
    if len(for_a_person) > 1:
        raise errors.UsageError(f"Several such records are called {name!r}. Give one of their tokens instead.")
    return for_a_person[0]


def is_for_a_person(record: Record) -> bool:
    """Whether a person may say what became of the record."""
    return record.state in FOR_A_PERSON or (record.state in UNKNOWN and record.op is Op.CREATE)


async def _objection(gateway: Gateway, record: Record, how: How, compliance_id: str, books: Books) -> str:
    """Why the API contradicts the answer; empty where it does not."""
    if how == "found":
        return await _objection_to_found(gateway, record, compliance_id, books)
    if record.state is State.GONE and how == "absent" and not await _says_that_it_has_none(gateway, record):
        return f"The API may still have {record.compliance_id}, so the answer was not taken. Run again: it looks anew."
    if how == "absent" and record.op in (None, Op.CREATE):
        asked = await walk(gateway, alias=record.alias) if record.alias else None
        walked = await walk(gateway)
        if walked is None or (record.alias and asked is None):
            return "The API's list could not be read, so the answer was not taken. Try again later."
        shown = by_token([*(asked.records if asked else ()), *walked.records])
        ids = [found.compliance_id for found in shown.get(record.token, ())]
        if ids:
            return f"The API shows a record with this row's token. If it is the row's, type --found {ids[0]}."
    return ""


async def _says_that_it_has_none(gateway: Gateway, record: Record) -> bool:
    return is_gone(await gateway.send(Get(compliance_id=record.compliance_id)))


async def _objection_to_found(gateway: Gateway, record: Record, compliance_id: str, books: Books) -> str:
    if books.owner(compliance_id) not in (None, record.token):
        return f"{compliance_id} belongs to another row in this ledger."
    outcome = await gateway.send(Get(compliance_id=compliance_id))
    if not isinstance(outcome, outcomes.Done):
        return f"The API does not show a record {compliance_id} ({outcome.name}). Check the id."
    if token_in(outcome.value.alias) not in ("", record.token):
        return f"{compliance_id} is called {outcome.value.alias!r} at the API, so it is another row's."
    return ""
