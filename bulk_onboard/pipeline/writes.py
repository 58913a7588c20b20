"""The writes about one record: create, update, delete.

Numbers are linked in `links`, many of them in one call.
"""

import asyncio
from collections.abc import Callable, Sequence

from bulk_onboard import errors
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Create, Delete, Get, ServerRecord, Update
from bulk_onboard.model.entry import Op
from bulk_onboard.model.identity import alias_length, token_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, UNKNOWN, Record, State
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.gateways import ATTEMPTS
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.reviews import read_after, read_again
from bulk_onboard.pipeline.settle import Settler, Subject, new_token, told_late
from bulk_onboard.pipeline.walk import Lookup, adoption, by_token

_LOOKS = 10  # within the settle window, since a new record may show late


class Creator:
    """Files the records of one run's rows.

    Settling, and every later run, find a record by the token at the end of its alias. So the first record of an account
    under this ledger is sent alone, and read back before the next one leaves; and so is any whose alias is longer than
    all that the API has shown with their token so far.

    Args:
        settle_s: the settle window W.
        asking: look up each row's alias with this before it is sent, where the list of records cannot be walked to its
            end, so that nobody knows what the account has; else None.
    """

    def __init__(self, context: RunContext, *, settle_s: float, asking: Lookup | None = None) -> None:
        self._context = context
        self._settle_s = settle_s
        self._asking = asking
        self._alone = asyncio.Lock()

    async def create(self, decision: Decision) -> Outcome[str] | None:
        """File the record of a row; return what that led to, None where it was not sent."""
        if not self._keeps(decision):
            async with self._alone:
                if not self._keeps(decision) and not await self._earlier_ones_are_kept():
                    return None
                if not self._keeps(decision):
                    outcome = await self._send(decision)
                    if isinstance(outcome, outcomes.Done):
                        await self._read_back(self._context.journal.ledger_state.record(decision.token))
                    return outcome
        return await self._send(decision)

    def _keeps(self, decision: Decision) -> bool:
        """Return whether the API has shown an alias as long as this row's with its token."""
        return length_of(decision) <= self._context.journal.ledger_state.alias_kept

    async def _send(self, decision: Decision) -> Outcome[str] | None:
        if self._asking is not None and not await self._is_not_there(self._asking, decision):
            return None
        if decision.token in self._context.journal.late and not await self._was_not_told(decision):
            return None
        identity, application = decision.identity, decision.judged.application
        if identity is None or application is None:
            raise AssertionError("only a valid row with an identity is due")
        call = Create(
            token=identity.token,
            key=identity.user_key,
            alias=identity.alias,
            attempt=self._context.journal.ledger_state.record(identity.token).attempts + 1,
            application=application,
            fingerprint=decision.judged.fingerprint,
            registration_token=identity.registration_token,
            follows=identity.follows,
            generation=identity.generation,
        )
        return await self._context.gateway.send(call)

    async def _is_not_there(self, asking: Lookup, decision: Decision) -> bool:
        """Ask for the row's alias.

        Return whether nothing is there. What is there is adopted, or held.
        """
        identity = decision.identity
        if identity is None:
            raise AssertionError("only a row with an identity is due")
        shown = await asking.filtered(identity.alias, identity.token)
        if shown is None or asking.filter_ignored:
            self._context.stop.request(
                errors.StoppedError(
                    "The API's list can neither be walked to its end nor asked for one alias, so it is not known "
                    "whether a row is there already. Nothing more was sent. Run again later."
                )
            )
            return False
        if matches := by_token(shown.records).get(identity.token):
            await self._context.journal.append(adoption(identity, matches, self._context.journal.ledger_state))
        return not matches

    async def _was_not_told(self, decision: Decision) -> bool:
        """Return whether the API shows no record under the ids that an earlier owner was told too late.

        What it shows is adopted, or held.
        """
        if decision.identity is None:
            raise AssertionError("only a row with an identity is due")
        journal = self._context.journal
        shown = await told_late(self._context.gateway, journal, decision.token)
        if shown:
            await journal.append(adoption(decision.identity, shown, journal.ledger_state))
        return shown == ()

    async def _earlier_ones_are_kept(self) -> bool:
        """Read back what an earlier run filed and could not read back.

        Return whether its tokens were kept.
        """
        ledger_state = self._context.journal.ledger_state
        unread = [
            record
            for record in ledger_state.records.values()
            if record.state is State.SUBMITTED
            and record.created
            and alias_length(record.alias) > ledger_state.alias_kept
        ]
        longest = max(unread, key=lambda record: alias_length(record.alias), default=None)
        if longest is not None:
            await self._read_back(longest)
        return not self._context.stop.requested

    async def _read_back(self, record: Record) -> None:
        """Stop the run unless the API shows the record with its token."""
        context = self._context
        until = context.clock.monotonic() + self._settle_s
        while not context.stop.requested:
            outcome = await context.gateway.send(Get(compliance_id=record.compliance_id))
            if isinstance(outcome, outcomes.Done) and await self._can_be_asked_for(record):
                if token_in(outcome.value.alias) == record.token:
                    await context.journal.append(
                        entries.ReadBack(compliance_id=record.compliance_id, alias=outcome.value.alias)
                    )
                else:
                    context.stop.request(_lost(record, outcome.value.alias))
                return
            if context.clock.monotonic() >= until:
                context.stop.request(_not_shown(record))
                return
            await context.stop.pause(context.clock, self._settle_s / _LOOKS)

    async def _can_be_asked_for(self, record: Record) -> bool:
        """Return whether the list shows the record by its alias, where that matters."""
        if self._asking is None:
            return True
        shown = await self._asking.filtered(record.alias, record.token)
        return shown is not None and record.compliance_id in {each.compliance_id for each in shown.records}


def length_of(decision: Decision) -> int:
    """Return how many bytes the alias of a row's record has."""
    return alias_length(decision.identity.alias) if decision.identity else 0


def _lost(record: Record, alias: str) -> errors.StoppedError:
    return errors.StoppedError(
        f"The API shows the record {record.compliance_id} as {alias!r}; it was sent as {record.alias!r}. Without the "
        f"token ~{record.token} records cannot be found again, so nothing more was sent. Ask the API's vendor how long "
        "an alias may be, and delete that record if it is this row's, before you run again."
    )


def _not_shown(record: Record) -> errors.StoppedError:
    return errors.StoppedError(
        f"The record {record.compliance_id} was filed, and the API has not shown it since, so nothing more was sent. "
        "Running again looks at it first."
    )


async def update(context: RunContext, decision: Decision) -> Outcome[str] | None:
    """Update the record of a row.

    Return what that led to, None where no call was made.

    An update resubmits, so a second one would set the review back to its beginning. It is sent only while the API says
    that the record may be changed, and its intent says when it was submitted before, by which an unknown update is
    settled (docs/design/settling.md, Update). End user and documents are sent complete, which is right under both
    contracts (docs/design/wire.md, Update).
    """
    identity, application = decision.identity, decision.judged.application
    if identity is None or application is None:
        raise AssertionError("only a valid row with an identity is due")
    found = await read_again(context, decision)
    if found is None:
        return None
    record = context.journal.ledger_state.record(identity.token)
    if refusal := _refusal(record, decision, found):
        await context.journal.append(refusal)
        return None
    if found.review not in EDITABLE:
        return None
    call = Update(
        token=record.token,
        key=record.key or identity.user_key,
        compliance_id=record.compliance_id,
        seen_at=found.dated,
        alias=record.alias or identity.alias,
        application=application,
        fingerprint=decision.judged.fingerprint,
        registration_token=identity.registration_token,
    )
    outcome = await context.gateway.send(call)
    await read_after(context, decision, outcome)
    return outcome


def _refusal(record: Record, decision: Decision, found: ServerRecord) -> entries.Refused | None:
    """Return why this content cannot be sent to the record as the API shows it.

    Return None where nothing is against it.

    It is another row's record, or of another country or type of number. The refusal is written down without a call, and
    the update is tried again only when the row has changed.
    """
    wanted = decision.judged.row.combination
    if token_in(found.alias) not in ("", record.token):
        code, message = "record-misnamed", f"the API calls it {found.alias!r}, which is another row's name"
    elif found.country_iso not in ("", wanted.country_iso) or found.number_type not in ("", wanted.number_type):
        there = f"{found.country_iso} {found.number_type}".strip()
        code, message = "record-of-other-type", f"it is for {there} numbers, which no correction can change"
    else:
        return None
    return entries.Refused(
        token=record.token,
        key=record.key,
        op=Op.UPDATE,
        code=code,
        message=message,
        fingerprint=decision.judged.fingerprint,
    )


INTERRUPTED = "the process ended in the middle of the call"


async def delete(
    context: RunContext,
    tokens: Sequence[str],
    *,
    settle_s: float,
    orphans_since: float,
    may_go: Callable[[Record], bool],
    progress: Progress,
) -> None:
    """Delete those of these records that are, or turn out to be, submitted.

    The ledger says what became of each.

    A create that a run was killed in, or whose answer was lost, is looked for, and the record deleted if it is there. A
    delete that did not happen is sent again. So calling this again always gets further, whatever stopped it.

    Args:
        orphans_since: monotonic instant after which no earlier process can have sent anything: the lock was taken.
        may_go: return whether a submitted record, as the ledger has it then, may be deleted.
        progress: where it says how far it is.

    Raises:
        StoppedError: the disk failed, or the run is to stop; what was under way is written down.
    """
    settler = Settler(
        context.gateway,
        context.journal,
        clock=context.clock,
        stop=context.stop,
        settle_s=settle_s,
        new_token=new_token,
        sent=lambda record: None,
    )
    settler.expect(more=False)
    progress.settling = settler.outstanding
    progress.expect(len(tokens), len(tokens))
    for record in map(context.journal.ledger_state.record, tokens):
        await _watch_orphan(context, settler, record, orphans_since)
    await settler.run()
    settler.take_settled()
    due = tokens
    for _ in range(ATTEMPTS):
        for token in due:
            await _delete(context, settler, token, may_go)
            progress.did(1, 1)
        await settler.run()
        if not (due := settler.take_settled()):
            return
        progress.expect(len(due), len(due), again=len(due))


def interrupted(record: Record) -> entries.Unresolved:
    """Return the entry for a write that an earlier process left without an outcome."""
    if record.op is None:
        raise AssertionError("no write is under way")
    return entries.Unresolved(token=record.token, key=record.key, op=record.op, seen=INTERRUPTED)


async def _watch_orphan(context: RunContext, settler: Settler, record: Record, since: float) -> None:
    """Have the settler watch a write that an earlier process left unknown."""
    if record.state is State.SENDING:
        await context.journal.append(interrupted(record))
    if record.state in UNKNOWN:
        settler.watch(Subject(record.token), since)


async def _delete(context: RunContext, settler: Settler, token: str, may_go: Callable[[Record], bool]) -> None:
    record = context.journal.ledger_state.record(token)
    if record.state is not State.SUBMITTED or context.stop.requested or not may_go(record):
        return
    call = Delete(token=token, key=record.key, compliance_id=record.compliance_id)
    outcome = await context.gateway.send(call)
    if isinstance(outcome, outcomes.Unresolved):
        settler.watch(Subject(token), context.clock.monotonic(), outcome.said)
