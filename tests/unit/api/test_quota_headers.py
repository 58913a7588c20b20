"""What headers say of the quota."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.api.quota import LONGEST_PAUSE_S, quota_headers
from bulk_onboard.model.outcome import QuotaHeaders

DATE = "Mon, 15 Jan 2024 13:39:30 GMT"  # 1705325970


def headers(**named: str) -> dict[str, str]:
    """Headers by their names, underscores for hyphens."""
    return {name.replace("_", "-"): value for name, value in named.items()}


def test_documented_headers_are_read():
    """The example of the API's document, half a minute before its reset."""
    read = quota_headers(
        headers(x_ratelimit_limit="60", x_ratelimit_remaining="45", x_ratelimit_reset="1705326000", date=DATE)
    )

    assert QuotaHeaders(limit=60, remaining=45, reset_in_s=30.0) == read


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("30", 30.0),
        ("2.5", 2.5),
        ("99999999", 99999999.0),
        ("100000000", 100000000.0 - 1705325970.0),
        ("1705325971", 1.0),
        ("1705325969", -1.0),
        ("1705399999", 74029.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1e3", None),
        ("²", None),
    ],
)
def test_reset_is_a_delay_or_an_instant(reset, expected):
    """Below 10^8 seconds to wait, above an instant by the answer's own clock, however far; None for nonsense."""
    assert expected == quota_headers(headers(x_ratelimit_reset=reset, date=DATE)).reset_in_s


def test_instant_without_a_date_says_nothing():
    """An instant cannot be compared with the clock of another machine."""
    assert quota_headers(headers(x_ratelimit_reset="1705326000")).reset_in_s is None


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("17", 17.0),
        ("3600", 120.0),
        ("Mon, 15 Jan 2024 13:39:42 GMT", 12.0),
        ("Mon, 15 Jan 2024 13:39:00 GMT", 0.0),
        ("Fri, 15 Jan 2044 13:39:00 GMT", 120.0),
        ("-1", None),
        ("later", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(retry_after, expected):
    """Both forms of HTTP are understood."""
    assert expected == quota_headers(headers(retry_after=retry_after, date=DATE)).retry_after_s


@pytest.mark.parametrize("limit", ["0", "sixty", "-60", "9" * 40, ""])
def test_absurd_limit_says_nothing(limit):
    """A limit that would stop everything, or is none, is not believed."""
    assert quota_headers(headers(x_ratelimit_limit=limit)).limit is None


HEADER = st.one_of(
    st.text(),
    st.from_regex(r"\A-?[0-9]{1,30}(\.[0-9]*)?\Z"),
    st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.from_regex(r"\AMon, [0-9]{1,3} Jan [0-9]{1,6} [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2} [-+][0-9]{1,20}\Z"),
)
NAMES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "date")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, HEADER)))
def test_no_header_does_harm(any_headers):
    """Whatever the headers hold, reading them raises nothing, and what is asked for lies between 0 and 120 s."""
    read = quota_headers(any_headers)

    assert read.retry_after_s is None or 0 <= read.retry_after_s <= LONGEST_PAUSE_S
    assert read.limit is None or read.limit > 0
    assert read.remaining is None or read.remaining >= 0
