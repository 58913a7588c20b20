"""Who may see the live page."""

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.maintenance.access import OPEN, Access, access_for
from bulk_onboard.reporting.page.render import FILES

TOKEN = "a-token-that-is-long-enough"


def opens(access: Access, path: str = "/", token: str = "", cookie: str = "", authorization: str = "") -> bool:
    return access.opens(path=path, token=token, cookie=cookie, authorization=authorization)


@pytest.mark.parametrize(
    ("given", "is_open"),
    [
        ({"token": TOKEN}, True),
        ({"authorization": f"Bearer {TOKEN}"}, True),
        ({"token": TOKEN[:-1]}, False),
        ({"token": "é" * 20}, False),
        ({"token": "\udc80"}, False),
        ({"authorization": f"Basic {TOKEN}"}, False),
        ({"authorization": TOKEN}, False),
        ({"cookie": TOKEN}, False),
        ({}, False),
    ],
)
def test_page_opens_to_the_token_alone(given, is_open):
    """In the address or as a bearer; whatever else is given, it stays shut."""
    assert is_open == opens(access_for("127.0.0.1", token=TOKEN, names=()), **given)


def test_cookie_opens_the_page_and_does_not_tell_the_token():
    """What a browser keeps is computed from the token."""
    access = access_for("127.0.0.1", token=TOKEN, names=())

    assert opens(access, cookie=access.cookie)
    assert TOKEN not in access.cookie


def test_without_a_token_one_is_made_that_is_new_each_time():
    """Others on this machine can reach the port, and the report is for its owner alone."""
    one, other = (access_for("localhost", token="", names=()) for _ in range(2))

    assert one.token != other.token
    assert not opens(one)


@pytest.mark.parametrize(("token", "metrics"), [("", True), (TOKEN, False)])
def test_metrics_need_a_token_that_was_chosen(token, metrics):
    """A scraper can be told one; health and looks are open in any case."""
    access = access_for("127.0.0.1", token=token, names=())

    assert metrics == opens(access, "/metrics")
    assert {"/healthz", *(f"/{name}" for name in FILES)} == OPEN
    assert all(opens(access, path) for path in OPEN)
    assert not any(opens(access, path) for path in ("/", "/events", "/business", "/report.html", "/results.csv"))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "page.example.com"])
def test_other_machines_need_a_token(host):
    """Without one it is refused, with what to do."""
    with pytest.raises(UsageError, match="BULK_ONBOARD_PAGE_TOKEN"):
        access_for(host, token="", names=())
    assert access_for(host, token=TOKEN, names=()).is_chosen


@pytest.mark.parametrize("token", ["short", "a token with blanks in it", "ééééééééééééééééééééééé", "x" * 20 + "\n"])
def test_token_that_can_be_guessed_or_not_be_sent_is_refused(token):
    """And how to make a good one is said."""
    with pytest.raises(UsageError, match="openssl rand"):
        access_for("127.0.0.1", token=token, names=())


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("127.0.0.1:8780", True),
        ("localhost:8780", True),
        ("LOCALHOST", True),
        ("[::1]:8780", True),
        ("page.example.com", True),
        ("page.example.com:443", True),
        ("evil.example.com:8780", False),
        ("127.0.0.1.evil.example.com", False),
        ("", False),
    ],
)
def test_only_known_names_lead_to_a_page_of_this_machine(host, is_known):
    """A page elsewhere may point its own name here (DNS rebinding)."""
    assert is_known == access_for("127.0.0.1", token="", names=("Page.example.com",)).is_known(host)


def test_names_are_free_where_the_page_is_open_to_other_machines():
    """Its token keeps strangers out; names that are given hold there, too."""
    assert access_for("0.0.0.0", token=TOKEN, names=()).is_known("anything.example.com")
    assert not access_for("0.0.0.0", token=TOKEN, names=("a.example.com",)).is_known("b.example.com")
