"""Who may call: HTTP Basic, the account's id in the path being the user name (wire.md 2)."""

import base64
import binascii
import hmac
from collections.abc import Mapping

from bulk_onboard.sandbox.answers import RefusedError

Credentials = tuple[str, str]


def credentials_in(environment: Mapping[str, str]) -> Credentials | None:
    """The credentials the environment sets; None unless it sets both."""
    auth_id, auth_token = environment.get("PLIVO_AUTH_ID"), environment.get("PLIVO_AUTH_TOKEN")
    return (auth_id, auth_token) if auth_id and auth_token else None


def check_credentials(authorization: str, account: str, expected: Credentials | None) -> str:
    """The auth token; RefusedError (401) unless the header names the account and, where some are expected, is right."""
    auth_id, auth_token = _read_basic(authorization)
    named = bool(auth_id) and auth_id == account
    right = bool(auth_token) if expected is None else _same((auth_id, auth_token), expected)
    if not (named and right):
        raise RefusedError("invalid_credentials", "Invalid credentials")
    return auth_token


def _read_basic(authorization: str) -> Credentials:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _same(given: Credentials, expected: Credentials) -> bool:
    return hmac.compare_digest(":".join(given).encode(), ":".join(expected).encode())
