"""Which base URLs may get the credentials, and whom TLS believes."""

import shutil
import ssl
from pathlib import Path

import pytest

from bulk_onboard.api.address import OFFICIAL, check_address, trust_context
from bulk_onboard.errors import UsageError
from tests.support.certificates import Certificates, make_certificates


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (OFFICIAL, "https://api.plivo.com"),
        ("https://api.plivo.com/", "https://api.plivo.com"),
        ("HTTPS://API.Plivo.COM:443", "https://api.plivo.com"),
        ("https://api.plivo.com:8443", "https://api.plivo.com:8443"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://127.8.9.10:80", "http://127.8.9.10"),
        ("http://localhost:8765/", "http://localhost:8765"),
        ("https://LOCALHOST", "https://localhost"),
        ("http://[::1]:8765", "http://[::1]:8765"),
        ("http://[0:0:0:0:0:0:0:1]:8765", "http://[::1]:8765"),
    ],
)
def test_allowed(base_url, expected):
    """The API and this machine are allowed, and come out in one form."""
    assert expected == check_address(base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.example.com",
        "https://plivo.com",
        "https://api.plivo.com.example.com",
        "https://xapi.plivo.com",
        "https://192.0.2.1",
        "https://0.0.0.0",
        "https://[2001:db8::1]",
        "https://localhost.example.com",
    ],
)
def test_other_hosts_need_trust(base_url):
    """Any other host is refused until the user says that it is meant."""
    with pytest.raises(UsageError, match="--trust-host"):
        check_address(base_url)

    assert base_url == check_address(base_url, trust_host=True)


@pytest.mark.parametrize("host", ["api.plivo.com", "api.example.com", "192.0.2.1", "localhost.example.com"])
def test_plain_http_is_for_this_machine(host):
    """Credentials leave this machine encrypted or not at all, whatever is trusted."""
    with pytest.raises(UsageError, match="https"):
        check_address(f"http://{host}", trust_host=True)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.plivo.com",
        "//api.plivo.com",
        "ftp://api.plivo.com",
        "file:///etc/passwd",
        "https://",
        "https://:443",
        "https:///v1",
        "https://api.plivo.com/v1",
        "https://api.plivo.com//",
        "https://api.plivo.com?x=1",
        "https://api.plivo.com?",
        "https://api.plivo.com#x",
        "https://api.plivo.com:0",
        "https://api.plivo.com:65536",
        "https://api.plivo.com:port",
        "https://api.plivo.com\\@evil.example",
        "https://api.pli\nvo.com",
        "https://api.plivo.com\t",
        " https://api.plivo.com",
        "https://api.plivo.сom",
        "https://api.plivo.com.",
        "https://api..plivo.com",
        "https://api%2eplivo.com",
        "https://[::1",
        "https://[v1.x]",
        "https://[::1%25eth0]",
    ],
)
def test_not_a_base_url(base_url):
    """Whatever is not scheme, host and port, or can be read in two ways, is refused even if trusted."""
    with pytest.raises(UsageError):
        check_address(base_url, trust_host=True)


@pytest.mark.parametrize("base_url", ["https://me:hidden@api.plivo.com", "https://api.plivo.com:hidden@evil.example"])
def test_user_names_are_refused_unseen(base_url):
    """A password in the address is refused, and not repeated."""
    with pytest.raises(UsageError) as refused:
        check_address(base_url, trust_host=True)

    assert "hidden" not in str(refused.value)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A test authority, where there is an openssl command to make one."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make certificates with")
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def test_strictness():
    """Certificate and name are verified, and nothing older than TLS 1.2 is spoken."""
    context = trust_context()

    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)
    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version


def test_secrets_of_sessions_are_not_written_down(monkeypatch, tmp_path, certificates):
    """A variable cannot make TLS write its keys to a file."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    assert None is trust_context(certificates.authority).keylog_filename


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_unusable_bundle(tmp_path, content):
    """A bundle that is missing or holds no certificate is an error that names it."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)

    with pytest.raises(UsageError, match=r"bundle\.pem"):
        trust_context(bundle)


def test_one_context_for_each_bundle(certificates: Certificates, tmp_path: Path) -> None:
    """A process reads a bundle once, and anew where it has changed on disk."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(certificates.authority.read_bytes())

    first, again = trust_context(bundle), trust_context(bundle)
    bundle.write_bytes(2 * certificates.authority.read_bytes())
    changed = trust_context(bundle)

    assert first is again
    assert first is not changed
    assert trust_context() is trust_context() is not first


def test_a_bundle_that_was_spoilt_since_is_noticed(certificates: Certificates, tmp_path: Path) -> None:
    """What was read before does not stand for a file that is no bundle any more."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(certificates.authority.read_bytes())
    trust_context(bundle)
    bundle.write_bytes(b"no certificate")

    with pytest.raises(UsageError):
        trust_context(bundle)
