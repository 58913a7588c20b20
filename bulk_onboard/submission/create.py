"""File a row's record. Nothing else is filed before it is known that the API keeps the tokens in aliases.

Rule: settling, and every later run, find a record by the token at the end of its alias. So the first record of an
account under this ledger goes alone, and is read back before the next one leaves; and so does any whose alias is longer
than all that were shown with their token so far.

Where the list of records cannot be walked to its end, nobody knows what the account has. Then each row's alias is asked
for just before it is sent.
"""

import asyncio

from bulk_onboard import errors
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Create, Get
from bulk_onboard.model.identity import alias_length, token_in
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.desk import Desk
from bulk_onboard.submission.lookup import Lookup, by_token
from bulk_onboard.submission.sweep import adoption

_LOOKS = 10  # within the settle window, since a new record may show late


class Creating:
    """One run's creates.

    Args:
        asking: by which each row is asked for before it is sent; None where that need not be.
    """

    def __init__(self, desk: Desk, *, settle_s: float, asking: Lookup | None = None) -> None:
        self._desk = desk
        self._settle_s = settle_s
        self._asking = asking
        self._alone = asyncio.Lock()

    async def create(self, decision: Decision) -> Outcome[str] | None:
        """File the record of a row; what that led to, None where it was not begun since the run is to stop."""
        if self._keeps(decision):
            return await self._send(decision)
        async with self._alone:
            if not self._keeps(decision) and not await self._earlier_ones_are_kept():
                return None
            if self._keeps(decision):
                return await self._send(decision)
            outcome = await self._send(decision)
            if isinstance(outcome, outcomes.Done):
                await self._read_back(self._desk.journal.books.record(decision.token))
            return outcome

    def _keeps(self, decision: Decision) -> bool:
        """Whether the API has shown an alias as long as this row's with its token."""
        return length_of(decision) <= self._desk.journal.books.alias_kept

    async def _send(self, decision: Decision) -> Outcome[str] | None:
        if self._asking is not None and not await self._is_not_there(self._asking, decision):
            return None
        identity, application = decision.identity, decision.judged.application
        if identity is None or application is None:
            raise AssertionError("only a valid row with an identity is due")
        call = Create(
            token=identity.token,
            key=identity.user_key,
            alias=identity.alias,
            attempt=self._desk.journal.books.record(identity.token).attempts + 1,
            application=application,
            fingerprint=decision.judged.fingerprint,
            registration_token=identity.registration_token,
        )
        return await self._desk.gateway.send(call)

    async def _is_not_there(self, asking: Lookup, decision: Decision) -> bool:
        """Ask for the row's alias: whether nothing is there. What is there is adopted, or held."""
        identity = decision.identity
        if identity is None:
            raise AssertionError("only a row with an identity is due")
        shown = await asking.filtered(identity.alias, identity.token)
        if shown is None or asking.filter_ignored:
            self._desk.stop.request(
                errors.StoppedError(
                    "The API's list can neither be walked to its end nor asked for one alias, so whether a row is "
                    "there already is not known. Nothing more was sent. Run again later."
                )
            )
            return False
        if matches := by_token(shown.records).get(identity.token):
            await self._desk.journal.append(adoption(identity, matches))
        return not matches

    async def _earlier_ones_are_kept(self) -> bool:
        """Whether records that this ledger filed and nobody read back, since the run was killed, have their tokens."""
        books = self._desk.journal.books
        unread = [
            record
            for record in books.records.values()
            if record.state is State.SUBMITTED and record.created and alias_length(record.alias) > books.alias_kept
        ]
        longest = max(unread, key=lambda record: alias_length(record.alias), default=None)
        if longest is not None:
            await self._read_back(longest)
        return not self._desk.stop.requested

    async def _read_back(self, record: Record) -> None:
        """Stop the run unless the API shows the record with its token."""
        desk = self._desk
        until = desk.clock.monotonic() + self._settle_s
        while not desk.stop.requested:
            outcome = await desk.gateway.send(Get(compliance_id=record.compliance_id))
            if isinstance(outcome, outcomes.Done) and await self._can_be_asked_for(record):
                if token_in(outcome.value.alias) == record.token:
                    await desk.journal.append(
                        entries.ReadBack(compliance_id=record.compliance_id, alias=outcome.value.alias)
                    )
                else:
                    desk.stop.request(_lost(record, outcome.value.alias))
                return
            if desk.clock.monotonic() >= until:
                desk.stop.request(_not_shown(record))
                return
            await desk.stop.pause(desk.clock, self._settle_s / _LOOKS)

    async def _can_be_asked_for(self, record: Record) -> bool:
        """Whether the list shows the record when it is asked for its alias, where that is relied upon."""
        if self._asking is None:
            return True
        shown = await self._asking.filtered(record.alias, record.token)
        return shown is not None and record.compliance_id in {each.compliance_id for each in shown.records}


def length_of(decision: Decision) -> int:
    """Bytes of the alias that a row's record has, or is to have."""
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
