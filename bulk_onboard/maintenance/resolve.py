"""Resolve a record that is held or gone by somebody's word: it was found, it is absent, or it is given up.

For a record that is gone, *absent* means that its business is to be filed again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.story import records_called
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway, Get, ServerRecord
from bulk_onboard.model.command import names_in
from bulk_onboard.model.entry import Op
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import UNKNOWN, Record, State
from bulk_onboard.model.store import OpenJournal
from bulk_onboard.pipeline.connection import bound_ledger_state, owned, reading
from bulk_onboard.pipeline.kept_flags import commands_of
from bulk_onboard.pipeline.progress import SETTLE_WINDOW, Progress
from bulk_onboard.pipeline.reviews import is_gone
from bulk_onboard.pipeline.stop import Stop, status_of, why_stopped
from bulk_onboard.pipeline.walk import Lookup, Walk, by_token
from bulk_onboard.pipeline.writes import interrupted
from bulk_onboard.spelling import did_you_mean
from bulk_onboard.units import format_duration

How = Literal["found", "absent", "abandon"]

FOR_A_PERSON = frozenset({State.HELD, State.GONE})


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of one answer.

    Attributes:
        name: the record, as it was named.
        record: as it is now; None where nothing was written.
        objection: why nothing was written, a sentence; empty where the answer was taken.
    """

    name: str
    record: Record | None
    objection: str = ""


async def resolve_records(
    job: Job,
    names: Sequence[str],
    *,
    how: How,
    compliance_id: str = "",
    credentials: Credentials,
    clock: Clock,
    stop: Stop | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> tuple[Resolution, ...]:
    """Write somebody's answer for these records into the ledger; return what became of each, in their order.

    The answer is checked against the API first, for each: a record that is said to be found must be there and be no
    other row's; for one that is said to be absent the API must show none with its id or its token. Where a create is
    unknown, that check waits for the settle window; `say` is called with the reason. An answer that is not taken keeps
    no other from being taken.

    Args:
        progress: where it says what it waits for.

    Raises:
        SignalledError: a signal asked to `stop`; nothing was written.
        BulkOnboardError: the ledger or the API cannot be used.
    """
    if not job.store.exists():
        raise errors.UsageError(f"There is no ledger {job.store.name}, so there is nothing to resolve.")
    stop = stop or Stop()
    async with owned(job, credentials, clock=clock, stop=stop, progress=progress) as journal:
        found = {name: _found(journal.ledger_state, name) for name in dict.fromkeys(names)}
        records = [record for record in found.values() if isinstance(record, Record)]
        if how == "absent" and any(record.state in UNKNOWN for record in records):
            await wait_for_settle_window(job, journal.locked_at, clock=clock, stop=stop, progress=progress, say=say)
        objections: dict[str, str] = {}
        async with reading(job, credentials, clock=clock, stop=stop, progress=progress) as gateway:
            account = _Account(gateway)
            for record in records:
                objections[record.token] = await _objection(account, record, how, compliance_id, journal.ledger_state)
        if stop.requested:
            halted = why_stopped(stop.cause, base_url=job.base_url, sent_before=False, account=job.account)
            raise halted or errors.SignalledError(status_of(stop.cause))
        made: list[Resolution] = []
        for name, one in found.items():
            if isinstance(one, str):
                made.append(Resolution(name, None, one))
            elif objection := objections[one.token]:
                called = names_in(journal.ledger_state)[one.token]
                asked_again = commands_of(job, journal.ledger_state).resolve(called)
                made.append(Resolution(name, None, f"{objection} To see what you can answer, type: {asked_again}"))
            else:
                made.append(Resolution(name, await _write(journal, one, how, compliance_id)))
        return tuple(made)


def _found(ledger_state: LedgerState, name: str) -> Record | str:
    """Return the record to resolve that is called so, else why there is none."""
    try:
        return record_to_resolve(ledger_state, name)
    except errors.UsageError as error:
        return str(error)


async def _write(journal: OpenJournal, record: Record, how: How, compliance_id: str) -> Record:
    if journal.ledger_state.record(record.token).state is State.SENDING:
        await journal.append(interrupted(record))
    await journal.append(
        entries.Resolved(
            token=record.token, key=record.key, op=record.op or Op.CREATE, how=how, compliance_id=compliance_id
        )
    )
    return journal.ledger_state.record(record.token)


async def wait_for_settle_window(
    job: Job,
    locked_at: float,
    *,
    clock: Clock,
    stop: Stop,
    progress: Progress | None,
    say: Callable[[str], None],
) -> None:
    """Wait until the settle window has passed since the lock was taken, at `locked_at` of the monotonic clock.

    What an earlier process sent shows at the API by then (docs/design/settling.md, Settle window).

    Raises:
        SignalledError: it was asked to stop meanwhile.
    """
    until = locked_at + job.settle
    with (progress or Progress()).doing(SETTLE_WINDOW, until=until, then="asking the API"):
        say(f"Waiting {format_duration(job.settle)} (settle), so that whatever was sent last shows at the API.")
        while not stop.requested and (left_s := until - clock.monotonic()) > 0:
            await stop.pause(clock, left_s)
    if stop.requested:
        raise errors.SignalledError(status_of(stop.cause))


def record_to_resolve(ledger_state: LedgerState, name: str) -> Record:
    """Return the one record to resolve that has this Key, token, alias or compliance id; UsageError otherwise."""
    called = records_called(ledger_state, name)
    for_a_person = [record for record in called if is_for_a_person(record)]
    if not called:
        meant = did_you_mean(name, (record.key for record in ledger_state.records.values() if is_for_a_person(record)))
        raise errors.UsageError(f"The ledger knows no record {name!r}.{meant} Give a row's Key, or a token.")
    if not for_a_person:
        raise errors.UsageError(
            f"Record {name!r} is {called[0].state}; only one that is held or gone, or whose create is unknown, can be "
            "resolved."
        )
    if len(for_a_person) > 1:
        raise errors.UsageError(f"Several such records are called {name!r}. Give one of their tokens instead.")
    return for_a_person[0]


def is_for_a_person(record: Record) -> bool:
    """Return whether somebody may say what became of the record."""
    return record.state in FOR_A_PERSON or (record.state in UNKNOWN and record.op is Op.CREATE)


def held_names(ledger_state: LedgerState) -> list[str]:
    """Return what the held records are called in a command, in the order of the ledger."""
    names = names_in(ledger_state)
    return [names[record.token] for record in ledger_state.records.values() if record.state is State.HELD]


async def _objection(
    account: "_Account", record: Record, how: How, compliance_id: str, ledger_state: LedgerState
) -> str:
    """Say why the API contradicts the answer; empty where it does not."""
    if how == "found":
        return await _objection_to_found(account.gateway, record, compliance_id, ledger_state)
    if record.state is State.GONE and how == "absent" and not await _says_that_it_has_none(account.gateway, record):
        return f"The API may still have {record.compliance_id}, so the answer was not taken. The next run looks again."
    if how == "absent" and record.op in (None, Op.CREATE):
        shown = await account.with_its_token(record)
        if shown is None:
            return "The API's list could not be read to its end, so the answer was not taken. Try again later."
        if shown:
            return f"The API shows a record with this row's token, {shown[0].compliance_id}."
    return ""


async def _says_that_it_has_none(gateway: Gateway, record: Record) -> bool:
    return is_gone(await gateway.send(Get(compliance_id=record.compliance_id)))


async def _objection_to_found(gateway: Gateway, record: Record, compliance_id: str, ledger_state: LedgerState) -> str:
    if ledger_state.owner(compliance_id) not in (None, record.token):
        return f"{compliance_id} belongs to another row in this ledger."
    outcome = await gateway.send(Get(compliance_id=compliance_id))
    if not isinstance(outcome, outcomes.Done):
        return f"The API does not show a record {compliance_id} ({outcome.name}). Check the id."
    if token_in(outcome.value.alias) not in ("", record.token):
        return f"{compliance_id} is called {outcome.value.alias!r} at the API, so it is another row's."
    return ""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked about a record.

    Attributes:
        shown: what the API has of it now.
        answers: what may be said that the API does not contradict, each as the command to type.
    """

    record: Record
    shown: tuple[ServerRecord, ...]
    answers: tuple[str, ...]


async def ask_people(
    job: Job, names: Sequence[str], *, credentials: Credentials, clock: Clock, progress: Progress | None = None
) -> tuple[Question | Resolution, ...]:
    """Look at the API, and return what can be answered for each of these records; write nothing.

    Raises:
        BulkOnboardError: the ledger or the API cannot be used.
    """
    ledger_state = bound_ledger_state(job, credentials.auth_id)
    asked: list[Question | Resolution] = []
    async with reading(job, credentials, clock=clock, progress=progress) as gateway:
        account = _Account(gateway)
        for name in dict.fromkeys(names):
            record = _found(ledger_state, name)
            if isinstance(record, str):
                asked.append(Resolution(name, None, record))
            else:
                asked.append(_question(job, ledger_state, record, await _shown(account, record)))
    return tuple(asked)


def _question(job: Job, ledger_state: LedgerState, record: Record, shown: tuple[ServerRecord, ...] | None) -> Question:
    """Return what can be answered, by what the API shows of the record; StoppedError where its list was not read."""
    if shown is None:
        raise errors.StoppedError(
            "The API's list could not be read to its end, so there is nothing to answer yet. Try again later."
        )
    answers: list[tuple[str, ...]] = [
        ("--found", found.compliance_id)
        for found in shown
        if ledger_state.owner(found.compliance_id) in (None, record.token)
    ]
    if not shown or record.op not in (None, Op.CREATE):
        answers.append(("--absent",))
    commands, called = commands_of(job, ledger_state), names_in(ledger_state)[record.token]
    return Question(record, shown, tuple(commands.resolve(called, *answer) for answer in (*answers, ("--abandon",))))


async def _shown(account: "_Account", record: Record) -> tuple[ServerRecord, ...] | None:
    """Return what the API has of the record, by its id, else by its token; None where its list could not be read."""
    if record.compliance_id and record.state is not State.GONE:
        outcome = await account.gateway.send(Get(compliance_id=record.compliance_id))
        return (outcome.value,) if isinstance(outcome, outcomes.Done) else ()
    return await account.with_its_token(record)


@dataclass(slots=True)
class _Account:
    """The account's records, walked once however many of them are looked for."""

    gateway: Gateway
    _walked: Walk | None = None
    _was_walked: bool = False

    async def with_its_token(self, record: Record) -> tuple[ServerRecord, ...] | None:
        """Return the records with its token: those that the alias filter shows, and those in two walks that agree.

        None where the list could not be read, or shows none and may leave some out, which proves nothing.
        """
        lookup = Lookup(self.gateway)
        asked = await lookup.filtered(record.alias, record.token) if record.alias else None
        if not self._was_walked:
            self._walked, self._was_walked = await lookup.agreed(), True
        walked = self._walked
        if walked is None or (record.alias and asked is None):
            return None
        shown = by_token([*(asked.records if asked else ()), *walked.records]).get(record.token, ())
        can_be_asked = asked is not None and asked.whole and not lookup.filter_ignored
        return shown if shown or walked.whole or can_be_asked else None
