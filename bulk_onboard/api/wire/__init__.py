"""The wire contract, pure: calls to requests, answers to values.

See docs/design/wire.md.

    contract       what a contract is, and `Beta`, the contract of the API's document
    decode         2xx answers to values, in either vocabulary, and the query of the list's next page
    requirements   the forms in which requirements come
    parse          bytes to JSON, members out of it, and what the API says when it refuses

Another contract is another class beside `Beta`: its own requests, the same decoding.
"""

from bulk_onboard.api.wire.contract import Beta, Contract
from bulk_onboard.api.wire.parse import ApiError, MalformedError, api_error, api_id, parse_broken_json, parse_json

__all__ = ["ApiError", "Beta", "Contract", "MalformedError", "api_error", "api_id", "parse_broken_json", "parse_json"]
