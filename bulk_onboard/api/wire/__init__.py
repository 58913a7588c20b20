"""The wire contract, pure: calls to requests, answers to values (wire.md).

    contract       what a contract is: `encode` and `decode`
    beta           the contract of compliance-api.txt
    decode         answers of either vocabulary, whatever the contract (wire.md D6)
    requirements   the three shapes of requirements (wire.md 6.1)
    paging         the queries that walk the list (wire.md 6.4)
    envelope       what the API says when it says no (wire.md 7)
    parse          bytes to JSON

Another contract is another class beside `Beta`: its own requests, the same decoding.
"""

from bulk_onboard.api.wire.beta import Beta
from bulk_onboard.api.wire.contract import Contract
from bulk_onboard.api.wire.envelope import ApiError, api_error, api_id
from bulk_onboard.api.wire.parse import MalformedError, parse_broken_json, parse_json

__all__ = ["ApiError", "Beta", "Contract", "MalformedError", "api_error", "api_id", "parse_broken_json", "parse_json"]
