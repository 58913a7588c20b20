"""What masked texts may not show any more."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.mask import is_masked_form, masked, masked_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ravi@example.in please", "write to …@… please"),
        ("Aadhaar 234567891234 is used", "Aadhaar XXXX-XXXX-1234 is used"),
        ("2345 6789 1234", "XXXX-XXXX-1234"),
        ("2345-6789-1234", "XXXX-XXXX-1234"),
        ("2345\u00a06789\u00a01234", "XXXX-XXXX-1234"),
        ("PAN ABCDE1234F", "PAN XXXXX0000X"),
        ("pan abcde1234f", "pan XXXXX0000X"),
        ("pan_ABCDE1234F.pdf", "pan_XXXXX0000X.pdf"),
        ("GSTIN 27ABCDE1234F1Z5", "GSTIN 27XXXXX0000X1Z5"),
        ("call +91 98765 43210", "call …"),
        ("passport K1234567", "passport K…"),
        ("two\nlines\tand a bell\x07", "two lines and a bell "),
        ("postal code 560001 is fine", "postal code 560001 is fine"),
    ],
)
def test_personal_data_is_hidden(text, expected):
    """E-mail, Aadhaar, PAN, phone and passport numbers give way; other words and short numbers stay."""
    assert expected == masked(text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("K1/aadhaar_2345_6789_0124.pdf", "K1/aadhaar_XXXX_XXXX_0124.pdf"),
        ("2345.6789.0124.pdf", "XXXX.XXXX.0124.pdf"),
        ("2345\u200b67890124.pdf", "XXXXXXXX0124.pdf"),
        ("pan/ABCPE1234F.pdf", "pan/XXXXX0000X.pdf"),
        ("K1\\ravi@example.in.pdf", "K1\\…@….pdf"),
        ("ravi@example.in/identity.pdf", "…@….in/identity.pdf"),
        ("9876543/identity proof 2024-01-15.pdf", "9876543/identity proof 2024-01-15.pdf"),
        ("fdp.\u202eexe", "fdp.exe"),
        ("x" * 100 + "/identity.pdf", "…" + "x" * 66 + "/identity.pdf"),
    ],
)
def test_paths_show_no_person(path, expected):
    """Identity numbers and e-mail addresses give way, other numbers stay; of a long path its end is shown."""
    assert expected == masked_path(path)


def test_own_values_are_hidden_whatever_their_case():
    """A message that echoes what was sent shows none of it, the longest values first."""
    message = masked("name 'ACME private limited' of Acme is wrong", ["Acme", "Acme Private Limited", ""])

    assert "name '…' of … is wrong" == message


def test_values_of_two_characters_are_no_secret():
    """A country code as a value does not make every word with these letters unreadable."""
    assert "INvalid country IN" == masked("INvalid country IN", ["IN"])


def test_long_text_is_cut():
    """A text has at most 300 characters and shows where it was cut."""
    assert 300 == len(masked("x" * 301))
    assert "…" == masked("x" * 301)[-1]
    assert "x" * 300 == masked("x" * 300)


@pytest.mark.parametrize(
    ("shown", "text", "expected"),
    [
        ("The name … is wrong", "The name Acme is wrong", True),
        ("… at … (…)", "Acme at 1 Sample Road (K12)", True),
        ("write to …@…", "write to ravi@example.in", True),
        ("call …", "call +91 98765 43210", True),
        ("x" * 299 + "…", "x" * 400, True),
        ("Blurred.", "Blurred.", True),
        ("", "Blurred.", False),
        ("Blurred.", "Blurred, and old.", False),
        ("The name … is wrong", "The name Acme is old", False),
        ("The name … is wrong", "A name Acme is wrong", False),
        ("… at … (…)", "Acme (K12) at 1 Sample Road", False),
        ("ab…ba", "aba", False),
    ],
)
def test_text_is_known_again_whatever_was_hidden(shown, text, expected):
    """What stands between the hidden places must be the same, and in the same order."""
    assert expected is is_masked_form(shown, text)


@given(before=st.text(max_size=20), digits=st.from_regex(r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}", fullmatch=True))
def test_no_text_around_it_uncovers_a_number(before, digits):
    """Wherever a twelve-digit number stands, its first eight digits are gone."""
    text = masked(f"{before} {digits} ")

    assert re.sub(r"[ -]", "", digits)[:8] not in re.sub(r"[ -]", "", text)
