"""Which record a callback is about."""

import json
from urllib.parse import urlencode

import pytest

from bulk_onboard.callbacks.callback import Callback
from bulk_onboard.callbacks.hint import Hint, hint_in


def as_json(said: object) -> Callback:
    return Callback("POST", "", "application/json; charset=utf-8", json.dumps(said).encode())


@pytest.mark.parametrize("name", ["compliance_id", "compliance_application_id", "id"])
def test_id_has_three_names_and_four_ways_to_come(name):
    """As JSON, as a form, as JSON without a content type, and in the query of a GET it is the same."""
    said = {name: "a1b2-c3", "event": "compliance.rejected"}
    body = json.dumps(said).encode()

    hints = [
        hint_in(callback)
        for callback in (
            as_json(said),
            Callback("POST", "", "application/x-www-form-urlencoded", urlencode(said).encode()),
            Callback("POST", "", "", body),
            Callback("GET", urlencode(said)),
        )
    ]

    assert [Hint("a1b2-c3", "compliance.rejected")] * 4 == hints


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
def test_what_names_no_record_is_no_hint(said):
    """Neither a missing id, nor one that could lead elsewhere in an address, nor one of another kind."""
    assert hint_in(as_json(said)) is None


def test_event_is_a_known_word_or_other():
    """What goes into the log is never the sender's own text."""
    hint = hint_in(as_json({"id": "c1", "event": "approved by the mayor"}))

    assert Hint("c1", "other") == hint


def test_compliance_id_comes_before_the_body_s_other_ids_and_the_query():
    """The body is heeded before the address, the clearest name before the others."""
    callback = Callback("POST", "compliance_id=c3", "application/json", b'{"id": "c1", "compliance_id": "c2"}')

    assert Hint("c2") == hint_in(callback)
