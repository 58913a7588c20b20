"""A request that arrived: which record it is about, whether the account signed it, and what it is answered."""

import json
import string
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bulk_onboard.callbacks.callback import (
    MOST_SIGNATURES,
    Callback,
    Endpoint,
    Reception,
    is_signed,
    record_in,
    signature,
)

URL, TOKEN, NONCE = "https://ex.com/cb", "my_auth_token", "12345"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
EVENT = {"event": "compliance.approved", "compliance_id": "c1", "status": "approved"}
VECTORS = [
    ("POST", "", "", "PVJAseUjP1jluSF/dfNk3INeU6VLBGsA26htVvL7XoI="),
    ("POST", "b=2&a=1", "", "a+wRSqEAaO+FsRDdhQYweUzJ6XOt44HP23eyiRmlfmo="),
    (
        "POST",
        "",
        "status=approved&compliance_id=c1&event=compliance.approved",
        "hK2Bfi/96/S665C3pqGGcsFXK51XLxk1bQQyFWIhDHk=",
    ),
    ("POST", "b=2&a=1", "status=approved&compliance_id=c1", "ciLBbFY/Bjfjd7oPsJqITj61r9SCqAbPIM/myz4oGN4="),
    ("GET", "b=2&a=1&status=approved&compliance_id=c1", "", "yjT636fjlAKIopl4abom5+U6pISemKPwCZiAnGBgn9Q="),
]
words = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=12)


def signed_form(event: dict[str, str] = EVENT) -> Callback:
    """A POST of a form, signed."""
    told = "".join(name + value for name, value in sorted(event.items()))
    return Callback(
        "POST", "", FORM, urlencode(event).encode(), signature=signature(TOKEN, f"{URL}?{told}", NONCE), nonce=NONCE
    )


def passes(callback: Callback, url: str = URL, tokens: tuple[str, ...] = (TOKEN,)) -> bool:
    return is_signed(callback, url, tokens)


@pytest.mark.parametrize(("method", "query", "body", "expected"), VECTORS)
def test_vector(method, query, body, expected):
    """Each vector of the wire contract passes, and not with another token."""
    callback = Callback(method, query, FORM, body.encode(), signature=expected, nonce=NONCE)

    assert passes(callback)
    assert not passes(callback, tokens=("another_token",))


@pytest.mark.parametrize(
    "signed",
    [URL, f"{URL}?compliance_idc1eventcompliance.approvedstatusapproved"],
    ids=["the address alone", "its members"],
)
def test_json_may_be_covered_or_not(signed):
    """Nobody knows what is signed of a JSON body, so both pass."""
    body = json.dumps(EVENT).encode()

    assert passes(Callback("POST", "", JSON, body, signature=signature(TOKEN, signed, NONCE), nonce=NONCE))


def test_json_members_of_every_kind_have_their_words():
    """Lists are sorted, objects follow in place, and what is no text is printed as Python does."""
    body = json.dumps({"b": [2, 1], "a": {"y": "2", "x": None}, "c": True}).encode()
    signed = f"{URL}?q=1.axNoney2b1b2cTrue"

    callback = Callback("POST", "q=1", JSON, body, signature=signature(TOKEN, signed, NONCE), nonce=NONCE)

    assert passes(callback)


@pytest.mark.parametrize(
    "header", ["{}", "wrong,{}", "wrong, {}", " {} , wrong", ",,{}"], ids=lambda header: header.format("right")
)
def test_any_signature_of_the_list_will_do(header):
    """The API writes one for each of its active tokens, with blanks or without."""
    callback = signed_form()

    assert passes(replace(callback, signature=header.format(callback.signature)))


def test_main_accounts_signature_will_do_beside_a_wrong_one():
    """A sub-account's callback carries a second header, signed with the main account's token."""
    callback = signed_form()

    assert passes(replace(callback, signature="wrong", main_signature=callback.signature))
    assert passes(replace(callback, signature="", main_signature=callback.signature))


def test_any_of_our_tokens_will_do():
    """A sub-account's token and an older one may have signed, too; a blank token never has."""
    unsigned = signed_form()
    by_nobody = replace(unsigned, signature=signature("", f"{URL}?compliance_idc1", NONCE), body=b"compliance_id=c1")

    assert passes(unsigned, tokens=("older", TOKEN))
    assert not passes(by_nobody, tokens=("",))


@pytest.mark.parametrize("missing", [{"nonce": ""}, {"signature": ""}, {"signature": " , "}])
def test_missing_nonce_or_signature_is_refused(missing):
    """Without the one or the other there is nothing to compare."""
    assert not passes(replace(signed_form(), **missing))


def test_empty_nonce_is_refused_even_where_it_was_signed():
    """A request without a nonce could never be told from its replay."""
    callback = Callback("POST", signature=signature(TOKEN, URL, ""), nonce="")

    assert not passes(callback)


def test_long_list_is_not_looked_through():
    """Only the first few are looked at, so that a header costs nothing."""
    callback = signed_form()

    assert not passes(replace(callback, signature="x," * MOST_SIGNATURES + callback.signature))


@given(event=st.dictionaries(words, words, min_size=1), data=st.data())
def test_no_changed_character_passes(event, data):
    """Whatever single character of address, nonce, body or signature changes, the request is refused."""
    callback = signed_form(event)
    texts = {"url": URL, "nonce": NONCE, "body": callback.body.decode(), "signature": callback.signature}
    part = data.draw(st.sampled_from(sorted(texts)))
    at = data.draw(st.integers(0, len(texts[part]) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "=&./:-_"))
    assume(other != texts[part][at])
    changed = texts[part][:at] + other + texts[part][at + 1 :]

    if part == "url":
        assert not passes(callback, url=changed)
    else:
        assert not passes(replace(callback, **{part: changed.encode() if part == "body" else changed}))


@pytest.mark.parametrize("body", ["compliance_id&c1", "compliance_id=c1&", "&compliance_id=c1", "compliance_idc1"])
def test_field_without_its_sign_is_no_form(body):
    """Run together they would all be signed alike; the API writes each field with its `=`."""
    one = signed_form({"compliance_id": "c1"})

    assert passes(one)
    assert not passes(replace(one, body=body.encode()))


def test_separator_that_moved_within_a_field_shares_the_signature():
    """The scheme's own weakness: names and values run together, which is why nothing is believed unread."""
    one = signed_form({"compliance_id": "1", "event": "x"})

    assert passes(replace(one, body=b"compliance_id=1eventx"))


@given(
    method=st.sampled_from(["GET", "POST", "PUT", ""]),
    query=st.text(),
    content_type=st.sampled_from([FORM, JSON, "", "text/plain", "application/x+json; charset=utf-9"]),
    body=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")),
    signature=st.text(st.characters()),
    nonce=st.text(st.characters()),
    url=st.text(),
)
@example("POST", "", JSON, b"[" * 100_000, "x", "x", URL)
@example("POST", "", JSON, b'{"a":' * 900 + b"1" + b"}" * 900, "x", "x", URL)
@example("POST", "", JSON, b'{"id":' + b"9" * 5000 + b"}", "x", "x", URL)
@example("POST", "", JSON, b'{"a":"\\ud800","id":NaN}', "\udcff", "\ud800", URL)
@example("POST", "%ff=%", JSON, b"\xff\xfe", "ü", "\x00", URL)
def test_nothing_makes_it_raise(  # noqa: PLR0917 - hypothesis names them
    method, query, content_type, body, signature, nonce, url
):
    """No body, header or address is more than unsigned."""
    callback = Callback(method, query, content_type, body, signature, "", nonce)

    assert not is_signed(callback, url, (TOKEN,))
    record_in(callback, IDS)


@given(event=st.dictionaries(words, words, min_size=1))
def test_every_comparison_is_made(event):
    """The first match does not end the comparing: what is given twice passes as what is given once."""
    callback = signed_form(event)

    assert passes(replace(callback, signature=f"{callback.signature},{callback.signature}", main_signature="x"))


IDS = ("compliance_id", "compliance_application_id", "id")


def as_json(said: object) -> Callback:
    return Callback("POST", "", "application/json; charset=utf-8", json.dumps(said).encode())


@pytest.mark.parametrize("name", ["compliance_id", "compliance_application_id", "id"])
def test_id_has_three_names_and_four_ways_to_come(name):
    """As JSON, as a form, as JSON without a content type, and in the query of a GET it is the same."""
    said = {name: "a1b2-c3"}
    body = json.dumps(said).encode()

    records = [
        record_in(callback, IDS)
        for callback in (
            as_json(said),
            Callback("POST", "", "application/x-www-form-urlencoded", urlencode(said).encode()),
            Callback("POST", "", "", body),
            Callback("GET", urlencode(said)),
        )
    ]

    assert ["a1b2-c3"] * 4 == records


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        "c1",
        {"compliance_id": ""},
        {"compliance_id": None},
        {"compliance_id": 7},
        {"compliance_id": ["c1"]},
        {"compliance_id": "c1/../c2"},
        {"compliance_id": "c1\n"},
        {"compliance_id": "c" * 65},
        {"data": {"compliance_id": "c1"}},
    ],
    ids=str,
)
def test_what_names_no_record_is_about_none(said):
    """Neither a missing id, nor one that could lead elsewhere in an address, nor one of another kind."""
    assert "" == record_in(as_json(said), IDS)


def test_compliance_id_comes_before_the_body_s_other_ids_and_the_query():
    """The body is heeded before the address, the clearest name before the others."""
    callback = Callback("POST", "compliance_id=c3", "application/json", b'{"id": "c1", "compliance_id": "c2"}')

    assert "c2" == record_in(callback, IDS)


BODY = b'{"compliance_id": "c1"}'
UNSIGNED = Callback("POST", "", "application/json", BODY)
SIGNED = replace(UNSIGNED, signature=signature(TOKEN, URL, "n1"), nonce="n1")
FORGED = replace(SIGNED, nonce="n2")
OLD_STYLE = replace(UNSIGNED, nonce="n1")


def endpoint(*, allow_unsigned: bool = False) -> Endpoint:
    return Endpoint(URL, (TOKEN,), IDS, allow_unsigned)


@pytest.mark.parametrize(
    ("callback", "reception"),
    [
        (SIGNED, Reception.TAKEN),
        (UNSIGNED, Reception.UNSIGNED),
        (OLD_STYLE, Reception.UNSIGNED),
        (FORGED, Reception.FORGED),
        (replace(SIGNED, nonce=""), Reception.FORGED),
        (replace(SIGNED, body=b"{}"), Reception.NAMELESS),
    ],
)
def test_judgement(callback, reception):
    """Only what is signed gets a yes, and only what names a record is a hint."""
    assert (reception, "c1" if reception is Reception.TAKEN else "") == endpoint().judge(callback)


@pytest.mark.parametrize(
    ("callback", "reception"),
    [(UNSIGNED, Reception.TAKEN), (SIGNED, Reception.TAKEN), (FORGED, Reception.FORGED)],
)
def test_unsigned_may_be_allowed_and_wrong_ones_never_are(callback, reception):
    """With --allow-unsigned a missing signature is no trouble; a wrong one is."""
    assert reception is endpoint(allow_unsigned=True).judge(callback)[0]


def test_tokens_stay_out_of_what_is_printed():
    """An endpoint that slips into a message shows no token."""
    assert TOKEN not in repr(endpoint())
    assert "compliance_id" not in repr(SIGNED)
