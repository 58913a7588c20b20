"""The API over HTTP: the innermost gateway."""

from typing import Any, TypeVar

from bulk_onboard import log
from bulk_onboard.api import wire
from bulk_onboard.api.client import Client
from bulk_onboard.api.exchange import Answer, Failure
from bulk_onboard.api.verdict import Owner, api_id, verdict
from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.model.call import Call, RecordPage
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.outcome import Done, Outcome

T = TypeVar("T")


class HttpGateway:
    """Send each call once, and return what it led to.

    Args:
        owner: the token of the record that has a compliance id in the ledger, None when nobody has it.
    """

    def __init__(self, client: Client, contract: wire.Wire, *, owner: Owner, clock: Clock | None = None) -> None:
        self._client = client
        self._contract = contract
        self._owner = owner
        self._clock = clock or SystemClock()
        self._listed: dict[str, str] = {}

    async def send(self, call: Call[T]) -> Outcome[T]:
        request = self._contract.encode(call)
        begun = self._clock.monotonic()
        seen = await self._client.exchange(request)
        duration_s = self._clock.monotonic() - begun
        outcome = verdict(call, seen, self._contract, owner=self._owner_by_ledger_or_list)
        self._log(call, seen, outcome, duration_s)
        if isinstance(outcome, Done) and isinstance(outcome.value, RecordPage):
            self._listed.update((record.compliance_id, token_in(record.alias)) for record in outcome.value.records)
        return outcome

    def _owner_by_ledger_or_list(self, compliance_id: str) -> str | None:
        """Return the token of the record with this id, by the ledger or the lists seen."""
        owner = self._owner(compliance_id)
        return self._listed.get(compliance_id) if owner is None else owner

    def _log(self, call: Call[Any], seen: Answer | Failure, outcome: Outcome[Any], duration_s: float) -> None:
        """Log one event for a call: no body, no header, no address.

        See docs/security.md, Personal data.
        """
        about = {"operation": call.operation.value, "duration_s": round(duration_s, 3)}
        if isinstance(seen, Answer):
            said = outcome.api_id if isinstance(outcome, Done) else api_id(seen)
            log.logger().debug("answered", http_status=seen.http_status, api_id=said, **about)
        else:
            log.logger().info("no answer", error=seen.kind, errno=seen.errno, **about)
