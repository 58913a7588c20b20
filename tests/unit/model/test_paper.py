"""What a text tells of a business, however it is written."""

import pytest

from bulk_onboard.model.paper import ENOUGH, bare, bare_name, number_of, paper_of

LETTER = "This is to certify that the business named below has been entered in the register of the year. " * 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Private Limited", "ACME PVT. LTD."),
        ("Acme Private Limited", "Acme (P) Ltd"),
        ("Acme Private Limited", "acme  p. limited"),
        ("Acme Private Limited", "M/s. Acme Pvt Ltd"),
        ("Acme & Sons", "Acme and Sons"),
        ("The Acme Co.", "Acme Company"),
        ("Acme LLP", "Acme Limited Liability Partnership"),
        ("A.B.C. Traders", "ABC Traders"),
        ("Café Loris", "Cafe Loris"),
        ("Teak-Otter Foods", "Teak Otter\nFoods"),
        ("Sharma Bros", "SHARMA BROTHERS"),
        ("Acme (India) Ltd", "ACME INDIA LIMITED"),
        ("Messrs Acme", "ACME"),
        ("Ａｃｍｅ Ltd", "Acme Limited"),
    ],
)
def test_a_name_is_one_in_whatever_way_it_is_written(one, other):
    """Case, blanks, signs, accents and usual abbreviations make no difference."""
    assert bare_name(one) == bare_name(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Limited", "Acme Private Limited"), ("Acme LLP", "Acme Limited"), ("Acme Foods", "Acme Goods")],
)
def test_other_names_stay_others(one, other):
    """A legal form is a part of the name."""
    assert bare_name(one) != bare_name(other)


def test_name_in_another_script_is_none_to_compare():
    """Its letters come out of PDFs in too many ways."""
    assert "" == bare_name("नारंगी & Sons")


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("U72200KA2020PTC123456", "CIN", "U72200KA2020PTC123456"),
        (" 29aaaca1234a1z5", "GSTIN", "29AAACA1234A1Z5"),
        ("AAACA 1234 A", "PAN", "AAACA1234A"),
        ("AAB1234", "LLPIN", "AAB1234"),
        ("aab\u20131234", "LLPIN", "AAB1234"),
        ("UDYAM KR 03 0012345", "Udyam number", "UDYAMKR030012345"),
    ],
)
def test_a_number_is_known_by_its_form(text, kind, number):
    """Case, blanks and dashes make no difference."""
    assert (kind, number) == number_of(text)


@pytest.mark.parametrize("text", ["", "4711", "REG/2016/0071", "U72200KA2020PTC12345"])
def test_what_has_the_form_of_no_number_is_none(text):
    """A number that nobody can tell on paper is compared with nothing."""
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Registration Number :29AAACA1234A1Z5", ["29AAACA1234A1Z5"]),
        ("GSTIN - 29AAACA1234A1Z5, PAN-AAACA1234A", ["29AAACA1234A1Z5", "AAACA1234A"]),
        ("CIN:u72200ka2020ptc123456.", ["U72200KA2020PTC123456"]),
        ("LLPIN: AAB - 1234", ["AAB1234"]),
        ("UDYAM-KR-03-0012345 (twice: UDYAM-KR-03-0012345)", ["UDYAMKR030012345"]),
        ("Form GST REG-06, ISO-9001, Rule 10(1), phone 080-12345678, page 1-3 THE 2013 ACT", []),
        ("29AAACA1234A1Z55 XU72200KA2020PTC123456", []),
    ],
)
def test_numbers_are_found_in_a_text(text, numbers):
    """With whatever stands before and behind them; no other words and digits are taken for one."""
    paper = paper_of(text + ". " + LETTER)

    assert paper
    assert tuple(numbers) == paper.numbers


def test_text_that_says_nothing_is_no_paper():
    """Nothing at all, a scanner's footer, a mark of a signature, and rubbish of a font that hides its letters."""
    for text in (
        "",
        " \n\x0c",
        "Scanned by AnyScanner",
        "Signature valid. Digitally signed on 2026.11.28 12:22:11 +05:30",
    ):
        assert paper_of(text) is None
    assert paper_of(LETTER.translate(str.maketrans("abcdefghiklmnoprstuwy", "zxwvtsrqpnmlkjhgfdcby"))) is None


def test_text_is_enough_from_some_length_on():
    """Digits and blanks do not count."""
    assert paper_of("1234567890 " * 100) is None
    assert paper_of("are " * (ENOUGH // 3 - 1)) is None
    assert paper_of("are " * (ENOUGH // 3))
    few = paper_of("CIN U72200KA2020PTC123456")
    assert few
    assert not few.is_enough


def test_text_is_compared_without_blanks_and_signs():
    """A name that is broken in two lines, or written letter by letter, is found."""
    assert bare("Acme\nPvt.\r\n Ltd") in bare("… to A C M E Private\nLimited, Bengaluru")
