"""File a row's record; the first one of a run is read back."""

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Create, Get
from bulk_onboard.model.outcome import Halt, Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.submission.desk import Desk


class Creating:
    """One run's creates."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._canary_sent = False

    async def create(self, decision: Decision) -> Outcome[str]:
        """File the record of a row; what that led to."""
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
        outcome = await self._desk.gateway.send(call)
        if isinstance(outcome, outcomes.Done):
            await self._check_alias(outcome.value, call.alias)
        return outcome

    async def _check_alias(self, compliance_id: str, alias: str) -> None:
        """The canary: read the run's first record back, since settling relies on aliases being kept as they are."""
        if self._canary_sent:
            return
        self._canary_sent = True
        outcome = await self._desk.gateway.send(Get(compliance_id=compliance_id))
        self._canary_sent = isinstance(outcome, outcomes.Done)
        if isinstance(outcome, outcomes.Done) and outcome.value.alias != alias:
            self._desk.stop.request(Halt.ALIAS)
