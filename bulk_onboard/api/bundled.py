"""The bundled requirements: an example of each contract's, for where the live ones cannot be had.

The beta's is that of the API's document, The Requirements Object. The released one is what the vendor's SDKs have in
their tests for local numbers and businesses. Each file has an answer's own form; only ids are left out.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from bulk_onboard.api.wire.requirements import read_requirements
from bulk_onboard.model.call import FetchRequirements
from bulk_onboard.model.requirements import Combination, Contract, RequirementsBook

SOURCES: Mapping[Contract, str] = {
    Contract.BETA: "the bundled example of the API's documentation (private beta, read 2026-11)",
    Contract.RELEASED: "the bundled example of the vendor's SDKs (released, read 2026-11)",
}

_WIRE = Path(__file__).with_name("wire")
_ASKED = Combination("IN", "local", "business")


def bundled_requirements(contract: Contract | None = None) -> RequirementsBook:
    """Return what the example of a contract requires, the beta's unless told.

    It is for India and businesses: local and mobile numbers in the beta, local ones in the released contract.
    """
    contract = contract or Contract.BETA
    answer = json.loads((_WIRE / f"{contract}.json").read_text(encoding="utf-8"))
    offered = read_requirements(FetchRequirements(combination=_ASKED), answer).offered
    return RequirementsBook.of(SOURCES[contract], live=False, offered=offered, contract=contract)
