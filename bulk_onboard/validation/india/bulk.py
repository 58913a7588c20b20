"""Registration numbers of a whole column, of which most are sound and told so at once.

Rule: sound is what the judge of single numbers has nothing against; where that takes more than a glance, it is asked.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bulk_onboard.validation.india.cin import cin_fault
from bulk_onboard.validation.india.gstin import DIGITS, NO_STATES
from bulk_onboard.validation.india.pan import HOLDERS
from bulk_onboard.validation.india.states import state_of_gst, state_of_letters

_CIN, _GSTIN = 21, 15
_VALUES = np.full(256, len(DIGITS), dtype=np.int64)
_VALUES[np.frombuffer(DIGITS.encode(), dtype=np.uint8)] = np.arange(len(DIGITS))
_DIGITS, _LETTERS, _HOLDERS = (
    np.isin(np.arange(256), list(signs.encode())) for signs in (DIGITS[:10], DIGITS[10:], HOLDERS)
)
_FORM = slice(6, 10), slice(12, 15)  # of a CIN: state, century, kind of company
_SERIAL = [1, 2, 3, 4, 5, 10, 11, 15, 16, 17, 18, 19, 20]  # its digits

Marks: TypeAlias = npt.NDArray[np.bool_]


def states_of_sound_numbers(numbers: Sequence[str]) -> list[str | None]:
    """For each number the official name of the state that it names, empty where it names none; None where it is not
    certain that it is sound."""
    found: list[str | None] = ["" if not number else None for number in numbers]
    usual = list(enumerate(numbers))
    if not _is_usual("".join(numbers)):
        usual = [(at, number) for at, number in usual if _is_usual(number)]
    cins = [at for at, number in usual if len(number) == _CIN and number[0] in "LU"]
    gstins = [at for at, number in usual if len(number) == _GSTIN]
    states: dict[str, str | None] = {}
    for at in np.array(cins, dtype=np.intp)[_have_digits([numbers[at] for at in cins])].tolist():
        number = numbers[at]
        form = number[_FORM[0]] + number[_FORM[1]]  # all that its digits leave open
        if form not in states:
            states[form] = None if cin_fault(number) else state_of_letters(number[6:8])
        found[at] = states[form]
    for at in np.array(gstins, dtype=np.intp)[_have_check_digits([numbers[at] for at in gstins])].tolist():
        code = numbers[at][:2]
        if (state := state_of_gst(code)) or code in NO_STATES:
            found[at] = state
    return found


def _is_usual(number: str) -> bool:
    """Whether there are capitals and digits alone, here or in many numbers at once."""
    return number.isascii() and number.isalnum() and number.isupper()


def _signs(numbers: Sequence[str], length: int) -> npt.NDArray[np.uint8]:
    """A row for each number, a column for each of its characters."""
    return np.frombuffer("".join(numbers).encode("ascii"), dtype=np.uint8).reshape(len(numbers), length)


def _have_digits(cins: Sequence[str]) -> Marks:
    """Which of these have digits where a CIN must have them, but for the century."""
    digits: Marks = np.asarray(_DIGITS[_signs(cins, _CIN)[:, _SERIAL]].all(axis=1))
    return digits


def _have_check_digits(gstins: Sequence[str]) -> Marks:
    """Which of these have the form of an ordinary taxpayer's number, and a check digit that fits (Luhn, base 36)."""
    signs = _signs(gstins, _GSTIN)
    is_digit, is_letter = _DIGITS[signs], _LETTERS[signs]
    has_form = is_digit[:, [0, 1, 7, 8, 9, 10]].all(axis=1) & is_letter[:, [2, 3, 4, 5, 6, 11]].all(axis=1)
    has_form &= _HOLDERS[signs[:, 5]] & (signs[:, 13] == ord("Z")) & (signs[:, 7:11] != ord("0")).any(axis=1)
    values = _VALUES[signs]
    values[:, -2::-2] *= 2
    sums = (values // len(DIGITS) + values % len(DIGITS)).sum(axis=1)
    sound: Marks = has_form & (sums % len(DIGITS) == 0)
    return sound
