"""What a request is answered, and whether it is a hint."""

from dataclasses import replace

import pytest

from bulk_onboard.callbacks.callback import Callback
from bulk_onboard.callbacks.hint import Hint
from bulk_onboard.callbacks.nonces import Nonces
from bulk_onboard.callbacks.reception import Gate, Reception
from bulk_onboard.callbacks.signature import signature

URL, TOKEN = "https://ex.com/cb", "an-invented-token"
BODY = b'{"compliance_id": "c1"}'
UNSIGNED = Callback("POST", "", "application/json", BODY)
SIGNED = replace(UNSIGNED, signature=signature(TOKEN, URL, "n1"), nonce="n1")
FORGED = replace(SIGNED, nonce="n2")
OLD_STYLE = replace(UNSIGNED, nonce="n1")


def gate(*, allow_unsigned: bool = False) -> Gate:
    return Gate(URL, (TOKEN,), Nonces(), allow_unsigned)


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
    judged, hint = gate().judge(callback)

    assert reception is judged
    assert (hint == Hint("c1")) is (reception is Reception.TAKEN)


@pytest.mark.parametrize(
    ("callback", "reception"),
    [(UNSIGNED, Reception.TAKEN), (SIGNED, Reception.TAKEN), (FORGED, Reception.FORGED)],
)
def test_unsigned_may_be_allowed_and_wrong_ones_never_are(callback, reception):
    """With --allow-unsigned a missing signature is no trouble; a wrong one is."""
    assert reception is gate(allow_unsigned=True).judge(callback)[0]


def test_remembered_nonce_is_a_replay():
    """A second time it is answered with a yes and is no hint."""
    doors = gate()
    doors.nonces.add("n1")

    assert (Reception.REPLAYED, None) == doors.judge(SIGNED)
    assert 200 == Reception.REPLAYED.http_status


def test_the_oldest_nonces_make_room():
    """Memory is bounded."""
    nonces = Nonces(most=2)
    for nonce in ("a", "b", "c"):
        nonces.add(nonce)

    assert [False, True, True] == [nonce in nonces for nonce in ("a", "b", "c")]


def test_tokens_stay_out_of_what_is_printed():
    """A gate that slips into a message shows no token."""
    assert TOKEN not in repr(gate())
    assert "compliance_id" not in repr(SIGNED)
