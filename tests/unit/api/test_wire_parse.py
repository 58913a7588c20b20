"""What the API says when it says no, and what was never the API."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.api.wire import ApiError, MalformedError, api_error, api_id, parse_json

DOCUMENTED = {
    "error": {
        "type": "validation_error",
        "code": "missing_required_document",
        "message": "Address proof is required for German local numbers",
        "param": "documents",
        "doc_url": "https://www.plivo.com/docs/numbers/compliance#requirements",
    }
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            DOCUMENTED,
            ApiError("missing_required_document", "Address proof is required for German local numbers", "documents"),
        ),
        ({"api_id": "x", "error": "plain sentence"}, ApiError("", "plain sentence")),
        ({"error": "Compliance application not found."}, ApiError("", "Compliance application not found.")),
        ({"error": ["one", {"message": "two", "code": "c", "param": "p"}]}, ApiError("c", "one; two", "p")),
        ({"errors": {"global_error": "all of it"}}, ApiError("", "all of it")),
        ({"errors": {"alias": ["too long", "odd"]}}, ApiError("", "alias: too long; alias: odd")),
        ({"errors": [{"code": 17, "message": "n"}]}, ApiError("17", "n")),
        ({"global_error": "g"}, ApiError("", "g")),
        ({"data": {"error": "inside"}}, ApiError("", "inside")),
        ({"api_id": "x", "message": "not allowed"}, ApiError("", "not allowed")),
        ({"api_id": "x", "error": {}, "message": "beside"}, ApiError("", "beside")),
        ({"error": ""}, ApiError()),
    ],
)
def test_envelopes_of_either_vocabulary(body, expected):
    """Code, sentence and parameter, as far as there are any."""
    assert expected == api_error(body)


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "Forbidden",
        [],
        [{"error": "x"}],
        {},
        7,
        {"message": "Forbidden"},
        {"error": None},
        {"api_id": "x"},
        {"status": 403, "title": "blocked"},
    ],
)
def test_other_bodies_are_not_the_apis(body):
    """What a firewall or proxy says is no word of the API, JSON or not."""
    assert api_error(body) is None


def test_message_is_bounded_and_not_in_a_repr():
    """An error may repeat what was sent: it is cut, and not printed by accident."""
    error = api_error({"error": "9" * 5000})

    assert 500 == len(error.message)
    assert "9" not in repr(error)


@pytest.mark.parametrize(("body", "expected"), [({"api_id": "x"}, "x"), ({"api_id": None}, ""), ([], ""), (None, "")])
def test_api_id_is_found(body, expected):
    """The API's name for the request, where it gave one."""
    assert expected == api_id(body)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"{",
        b"{} {}",
        b'{"a": NaN}',
        b"[Infinity]",
        b"1e999",
        b'{"a": 1, "a": 2}',
        b'{"b": [{"a": 1, "\\u0061": 1}]}',
        b'"\xff"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b"\xff\xfe{\x00}\x00",
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"[" * 500_000,
        b"9" * 5000,
        b"{'a': 1}",
        b"[1,]",
    ],
)
def test_json_that_is_not_strict_is_malformed(raw):
    """Half, doubled, endless or ambiguous bodies are refused before anybody reads them."""
    with pytest.raises(MalformedError):
        parse_json(raw)


@pytest.mark.parametrize("raw", [b"null", b' {"a": [1, 2.5, "\\ud83d\\ude00"]} ', b"[" * 32 + b"]" * 32])
def test_strict_json_is_read(raw):
    """What is valid is what any reader makes of it."""
    assert json.loads(raw) == parse_json(raw)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ud8e1290.-ntf', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_malformed(raw):
    """Whatever bytes come, what is read can be written again, and the rest is malformed."""
    try:
        value = parse_json(raw)
    except MalformedError:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
