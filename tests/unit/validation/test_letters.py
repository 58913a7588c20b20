"""Letters that look like others."""

import pytest


@pytest.mark.parametrize(
    ("column", "text", "position"),
    [
        ("business_name", "Асme Foods", 1),  # Cyrillic А and с
        ("business_name", "Tеch", 2),  # Cyrillic е
        ("business_name", "Foo Βar", 5),  # Greek Β
        ("business_name", "Ａcme", 1),
        ("key", "K-Аb", 3),
        ("registration_number", "АAA-1234", 1),
        ("registration_number", "AAA-123４", 8),
    ],
)
def test_letter_that_only_looks_latin_is_told(make_row, judge_one, column, text, position):
    """Two alphabets within one word are a slip, and so is any foreign letter in a registration number."""
    judged = judge_one(make_row(**{column: text}))

    finding = next(finding for finding in judged.findings if finding.code == "look-alike-letters")
    assert position == finding.details["position"]
    assert judged.application is not None


@pytest.mark.parametrize(
    "text", ["Москва", "Ω Energy", "α-Tech", "Café Ñandú", "ＡＢＣ", "Straße", "µChips", "नारंगी & Sons"]
)
def test_words_of_one_alphabet_are_fine(make_row, judge_one, text):
    """Any alphabet is welcome."""
    assert () == judge_one(make_row(business_name=text)).findings
