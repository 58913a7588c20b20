"""The wire contract, pure: calls to requests, answers to values.

See docs/design/wire.md.

    contract       what a contract is: `encode` and `decode`
    beta           the contract of the API's document
    decode         answers of either vocabulary, whatever the contract (docs/design/wire.md, Decisions)
    requirements   the three shapes of requirements (docs/design/wire.md, Requirements)
    paging         the queries that walk the list (docs/design/wire.md, Paging)
    envelope       what the API says when it says no (docs/design/wire.md, Errors)
    parse          bytes to JSON

Another contract is another class beside `Beta`: its own requests, the same decoding.
"""

from bulk_onboard.api.wire.beta import Beta
from bulk_onboard.api.wire.contract import Contract
from bulk_onboard.api.wire.parse import ApiError, MalformedError, api_error, api_id, parse_broken_json, parse_json

__all__ = ["ApiError", "Beta", "Contract", "MalformedError", "api_error", "api_id", "parse_broken_json", "parse_json"]
