"""The wire contracts, pure: calls to requests, answers to values.

See docs/design/wire.md.

    contract         requests, in whichever contract the API speaks
    beta, released   what is different in each of the two contracts
    requirements     whose form requirements come in
    decode           2xx answers to values, in either vocabulary, and the query of the list's next page
    parse            bytes to JSON, members out of it, and what the API says when it refuses
"""

from bulk_onboard.api.wire.contract import Wire
from bulk_onboard.api.wire.decode import RECORD_IDS
from bulk_onboard.api.wire.parse import ApiError, MalformedError, api_error, api_id, parse_broken_json, parse_json
from bulk_onboard.api.wire.released import state_error

__all__ = [
    "RECORD_IDS",
    "ApiError",
    "MalformedError",
    "Wire",
    "api_error",
    "api_id",
    "parse_broken_json",
    "parse_json",
    "state_error",
]
