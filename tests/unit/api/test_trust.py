"""Whom TLS believes."""

import ssl

import pytest

from bulk_onboard.api.address import trust_context
from bulk_onboard.errors import UsageError


def test_strictness():
    """Certificate and name are verified, and nothing older than TLS 1.2 is spoken."""
    context = trust_context()

    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)
    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version


def test_secrets_of_sessions_are_not_written_down(monkeypatch, tmp_path):
    """A variable cannot make TLS write its keys to a file."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    assert None is trust_context().keylog_filename


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_unusable_bundle(tmp_path, content):
    """A bundle that is missing or holds no certificate is an error that names it."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)

    with pytest.raises(UsageError, match=r"bundle\.pem"):
        trust_context(bundle)
