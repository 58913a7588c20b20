"""Where the API may be told to send callbacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.callback_url import LONGEST_URL, doubt, objection

GOOD = "https://callbacks.example.com/r/3f9a"


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "https://example.com",
        "https://example.com:443/r?job=7",
        "HTTPS://Callbacks.Example.COM/",
        "https://xn--bcher-kva.example.com/r",
        "https://a.b.c.museum/%20",
        "https://example.com./r",
        "https://localhost.example.com/r",
        "https://example.com/" + "r" * (LONGEST_URL - len("https://example.com/")),
    ],
)
def test_good_one(url):
    """https and a public name are all it takes."""
    assert ("", "") == (objection(url), doubt(url))


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("", "https"),
        ("http://example.com/r", "https"),
        ("ftp://example.com/r", "https"),
        ("example.com/r", "https"),
        ("https://", "public host"),
        ("https://me:secret@example.com/r", "user name"),
        ("https://@example.com/r", "user name"),
        ("https://192.168.0.1/r", "number"),
        ("https://8.8.8.8/r", "number"),
        ("https://127.1/r", "number"),
        ("https://2130706433/r", "number"),
        ("https://0x7f000001/r", "number"),
        ("https://127.0.0.0x1/r", "number"),
        ("https://[::1]/r", "number"),
        ("https://[2001:db8::1]/r", "number"),
        ("https://localhost/r", "no public name"),
        ("https://localhost./r", "no public name"),
        ("https://LOCALHOST/r", "no public name"),
        ("https://a.localhost/r", "no public name"),
        ("https://printer.local/r", "no public name"),
        ("https://metadata.google.internal/r", "no public name"),
        ("https://nas.home.arpa/r", "no public name"),
        ("https://a.test/r", "no public name"),
        ("https://intranet/r", "no public name"),
        ("https://machine/r", "public host"),
        ("https://-a.example.com/r", "public host"),
        ("https://a..example.com/r", "public host"),
        ("https://a_b.example.com/r", "public host"),
        ("https://" + "a." * 130 + "com/r", "public host"),
        ("https://example.com:0/r", "port 0"),
        ("https://example.com:99999/r", "cannot be read"),
        ("https://example.com:x/r", "cannot be read"),
        ("https://[::1/r", "cannot be read"),
        ("https://example.com/r#part", "#"),
        ("https://example.com/r r", "blanks"),
        (" https://example.com/r", "blanks"),
        ("https://example.com/r\n", "blanks"),
        ("https://example.com\\@evil.example.com/r", "blanks"),
        ("https://bücher.example.com/r", "xn--"),
        ("https://example.com/" + "r" * LONGEST_URL, "2,048"),
    ],
)
def test_objection_says_what_is_wrong(url, named):
    """One sentence; what may be a password is not in it; and there is no doubt beside it."""
    said = objection(url)

    assert named in said
    assert said.endswith(".")
    assert "secret" not in said
    assert "" == doubt(url)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://example.com:8443/r", "8443"),
        ("https://example.com/r?token=abc", "secret"),
        ("https://example.com/r?a=1&API_KEY=", "secret"),
    ],
)
def test_doubt_is_no_objection(url, named):
    """It may well work, so it is worth a warning only."""
    assert "" == objection(url)
    assert named in doubt(url)


@given(st.text() | st.text().map("https://".__add__))
def test_nothing_makes_it_raise(url):
    """Whatever a cell holds."""
    objection(url)
    doubt(url)
