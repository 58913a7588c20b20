"""Registration numbers of Indian businesses.

Rule: what a number is meant to be is told by its shape, so that a slip in it is seen as one: 21 characters from L or U
on are a CIN, 15 with a state and letters a GSTIN, ten from three letters on a PAN, AAA-1234 is an LLPIN, and F with
five digits the FCRN of a foreign company. A TAN registers nobody. Case, blanks and dashes do not matter.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import REGISTRATION_NUMBER
from bulk_onboard.validation.india.cin import cin_fault
from bulk_onboard.validation.india.gstin import gstin_fault
from bulk_onboard.validation.india.pan import pan_fault
from bulk_onboard.validation.india.states import may_be_registered_in, state_of_gst, state_of_letters
from bulk_onboard.validation.india.udyam import udyam_fault
from bulk_onboard.validation.trouble import Trouble, shown_value

_GAPS = re.compile(r"[\s\-\u2010-\u2015]+")


_GSTIN = re.compile(r"(?=.?[0-9])[0-9A-Z]{2}(?=[0-9]{0,4}[A-Z])[0-9A-Z]{13}")  # state in digits, PAN in letters


class _Kind(NamedTuple):
    """A kind of number: its shape, the code for one that cannot be right, why it cannot, and its state."""

    shape: re.Pattern[str]
    code: str
    fault: Callable[[str], str]
    state: Callable[[str], str]


def _no_fault(_number: str) -> str:
    return ""


_nowhere = _no_fault  # the number does not tell its state

_KINDS = (
    _Kind(re.compile(r"[LU][0-9A-Z]{20}"), "cin-wrong", cin_fault, lambda cin: state_of_letters(cin[6:8])),
    _Kind(re.compile(r"UDYAM.*"), "udyam-wrong", udyam_fault, lambda udyam: state_of_letters(udyam[5:7])),
    _Kind(re.compile(r"F[0-9]{5}(?:[A-Z]{2}[0-9]{4}F[A-Z]{2}[0-9]{6})?"), "", _no_fault, _nowhere),  # FCRN
    _Kind(_GSTIN, "gstin-wrong", gstin_fault, lambda gstin: state_of_gst(gstin[:2])),
    _Kind(re.compile(r"[A-Z]{4}[0-9]{5}[A-Z]"), "tan-instead", lambda tan: "it is a TAN", _nowhere),
    _Kind(re.compile(r"[A-Z]{3}[0-9A-Z]{7}"), "pan-wrong", pan_fault, _nowhere),
    _Kind(re.compile(r"F?[A-Z]{3}[0-9]{4}"), "", _no_fault, _nowhere),  # LLPIN, FLLPIN
)


def registration_troubles(row: Row, state: str) -> Iterator[Trouble]:
    """What is wrong with the registration number of a row; `state` is its address's, empty where unknown."""
    text = row.cells.get(REGISTRATION_NUMBER, "")
    if not text:
        return
    number = text if text.isalnum() and text.isupper() else _GAPS.sub("", text).upper()
    kind = _kind(number)
    if kind is None:
        yield _trouble("registration-number-unknown", text, {})
    elif fault := kind.fault(number):
        yield _trouble(kind.code, text, {"why": fault})
    elif state and (registered := kind.state(number)) and not may_be_registered_in(registered, state):
        yield _trouble("registration-other-state", text, {"registered": registered, "state": state})


def _kind(number: str) -> _Kind | None:
    for kind in _KINDS:
        if kind.shape.fullmatch(number):
            return kind
    return None


def _trouble(code: str, text: str, details: Mapping[str, str]) -> Trouble:
    return Trouble(code, REGISTRATION_NUMBER, shown_value(text), details)
