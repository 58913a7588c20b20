"""Credentials come from the environment and are printed nowhere."""

import base64
import traceback

import pytest

from bulk_onboard.api.credentials import Credentials, Secret, credentials_from
from bulk_onboard.errors import UsageError

AUTH_ID = "MA" + "X" * 18
GOOD = {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN": "canary-token"}


def test_read_from_the_environment():
    """Both variables are read, blanks around them dropped, and nothing is said of good ones."""
    warnings: list[str] = []

    credentials = credentials_from({**GOOD, "PLIVO_AUTH_TOKEN": " canary-token\n"}, warn=warnings.append)

    assert (AUTH_ID, "canary-token") == (credentials.auth_id, credentials.auth_token.reveal())
    assert [] == warnings


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN"),
        ({**GOOD, "PLIVO_AUTH_ID": ""}, "export PLIVO_AUTH_ID,"),
        ({**GOOD, "PLIVO_AUTH_TOKEN": " \t"}, "export PLIVO_AUTH_TOKEN,"),
    ],
)
def test_missing(environ, named):
    """What is missing or blank is named, with what to do."""
    with pytest.raises(UsageError, match=named):
        credentials_from(environ)


@pytest.mark.parametrize(
    ("auth_id", "warned"),
    [(AUTH_ID, 0), ("SA" + "9" * 18, 1), ("MA" + "X" * 17, 1), ("ma" + "x" * 18, 1), ("XX" + "X" * 18, 1)],
)
def test_odd_account(auth_id, warned):
    """An auth_id of another shape, or a sub-account's, is warned about and used."""
    warnings: list[str] = []

    credentials = credentials_from({**GOOD, "PLIVO_AUTH_ID": auth_id}, warn=warnings.append)

    assert (auth_id, warned) == (credentials.auth_id, len(warnings))
    assert auth_id not in "".join(warnings)


def test_authorization():
    """The header is HTTP Basic of both."""
    assert "Basic " + base64.b64encode(b"me:secret").decode() == Credentials("me", Secret("secret")).authorization()


def test_printed_nowhere():
    """Neither repr, str, format nor a traceback shows the token, and repr shows no account."""
    credentials = credentials_from(GOOD)
    token = credentials.auth_token
    try:
        raise ValueError(f"{credentials} {token!r} {token!s} {[token]}")
    except ValueError:
        shown = traceback.format_exc()

    assert "canary" not in shown
    assert AUTH_ID not in repr(credentials)
