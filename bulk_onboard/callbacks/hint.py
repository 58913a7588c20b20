"""Which record a callback is about. Nothing else of it is used: the record is read before anything is believed."""

import re
from dataclasses import dataclass

from bulk_onboard.callbacks.callback import Callback

ID_NAMES = ("compliance_id", "compliance_application_id", "id")  # wire.md 9: integrators read all three
EVENTS = frozenset({"compliance.approved", "compliance.rejected", "compliance.more_info_required"})
OTHER = "other"

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Hint:
    """Something may have happened to this record; `event` is a known word, for the log only."""

    compliance_id: str
    event: str = OTHER


def hint_in(callback: Callback) -> Hint | None:
    """The hint in a request; None where it names no record."""
    said = callback.parameters
    named = (said[name] for name in ID_NAMES if said.get(name))
    compliance_id = next(named, None)
    if not isinstance(compliance_id, str) or not _ID.fullmatch(compliance_id):
        return None
    event = said.get("event")
    return Hint(compliance_id, event if isinstance(event, str) and event in EVENTS else OTHER)
