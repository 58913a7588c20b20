"""Who a row is: Key, token, alias, phone numbers."""

import hashlib
import re
import unicodedata
from base64 import b32encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulk_onboard.model.identity import (
    ALIAS_LIMIT,
    alias_of,
    annotated_token,
    gapless_natural_key,
    is_same_number,
    keyless_token_of,
    may_be_cut_from,
    normal_key,
    normal_user_key,
    numbers_in,
    own_key,
    registration_token_of,
    shared_keys,
    token_in,
    token_of,
)
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row

LOCAL = Combination("IN", "local", "business")


MOBILE = Combination("IN", "mobile", "business")


CIN = "U72200KA2020PTC123456"


ACCOUNT = "MAXXXXXXXXXXXXXXXXXX"


def row(combination=LOCAL, number=2, sheet="Sheet1", **cells):
    """A row with these cells."""
    return Row(sheet, number, combination, cells)


def test_token_of_the_worked_example():
    """The token is what anybody can compute from the text that the docstring spells out."""
    text = b"bo1|MAXXXXXXXXXXXXXXXXXX|IN|local|business|U72200KA2020PTC123456|K-0017"

    token = token_of(ACCOUNT, row(key="K-0017", registration_number=CIN))

    assert b32encode(hashlib.sha256(text).digest()).decode().lower()[:16] == token
    assert "xwdbg37swqfq7vk3" == token


def test_token_without_a_key_ends_in_a_bar():
    """A row without a Key leaves the last part of the text empty."""
    text = b"bo1|MAXXXXXXXXXXXXXXXXXX|IN|local|business|U72200KA2020PTC123456|"

    assert b32encode(hashlib.sha256(text).digest()).decode().lower()[:16] == token_of(
        ACCOUNT, row(registration_number=CIN)
    )


@pytest.mark.parametrize(
    "other",
    [
        row(registration_number=CIN.lower()),
        row(registration_number=f" {CIN}\u00a0"),
        row(registration_number="\uff35" + CIN[1:]),
        row(registration_number=CIN, number=99, sheet="sorted anew", business_name="Other", alias="x"),
    ],
    ids=["case", "blanks", "full width", "other place and cells"],
)
def test_same_business_keeps_its_key_and_token(other):
    """Case, blanks, the width of characters, the row's place and its other cells change neither key nor token."""
    one = row(registration_number=CIN)

    assert normal_key(one) == normal_key(other)
    assert token_of(ACCOUNT, one) == token_of(ACCOUNT, other)


@pytest.mark.parametrize(
    "other",
    [
        row(registration_number=CIN, combination=MOBILE),
        row(registration_number=CIN + "0"),
        row(registration_number=CIN, key="1"),
        row(key=CIN),
        row(key=f"IN|local|business|{CIN}"),
    ],
    ids=["number type", "registration number", "with a Key", "Key like a number", "Key like a natural key"],
)
def test_other_business_has_another_key_and_token(other):
    """What names another record never meets, also where a Key reads like a registration number."""
    one = row(registration_number=CIN)

    assert normal_key(one) != normal_key(other)
    assert token_of(ACCOUNT, one) != token_of(ACCOUNT, other)


def test_bar_in_a_cell_cannot_make_two_records_one():
    """Parts are divided by bars, so a bar within a part is none."""
    one, other = row(registration_number="A|B", key="C"), row(registration_number="A", key="B|C")

    assert token_of(ACCOUNT, one) != token_of(ACCOUNT, other)


def test_accounts_have_different_tokens():
    """The same row is another record on another account."""
    one = row(registration_number=CIN)

    assert token_of(ACCOUNT, one) != token_of("MAYYYYYYYYYYYYYYYYYY", one)


def test_users_key_outlives_a_mended_registration_number():
    """Two rows with the same Key mean the same record, whatever their registration numbers."""
    assert normal_key(row(key="k 17", registration_number="1")) == normal_key(row(key="K  17", registration_number="2"))
    assert normal_user_key(" k\t17 ") == normal_key(row(key="K 17"))


def test_row_without_identity_has_no_key():
    """Neither Key nor registration number: nothing to know the row by."""
    assert "" == normal_key(row(business_name="Acme"))
    assert "" == normal_key(row(registration_number="\u3000"))
    assert "" == normal_user_key(" \u00a0")


@pytest.mark.parametrize(
    ("friendly", "expected"),
    [
        ("", "~abcdefgh23456777"),
        ("K-0017", "K-0017 ~abcdefgh23456777"),
        ("two\n lines", "two lines ~abcdefgh23456777"),
        ("bell\x07 and \u202ebidi", "bell and bidi ~abcdefgh23456777"),
        ("\x00", "~abcdefgh23456777"),
        ("x" * 60, "x" * 22 + " ~abcdefgh23456777"),
        ("x" * 21 + " yz", "x" * 21 + " ~abcdefgh23456777"),
    ],
)
def test_alias_has_a_friendly_part_and_the_token(friendly, expected):
    """The friendly part becomes one short visible line; without one the alias is the token alone."""
    assert expected == alias_of(friendly, "abcdefgh23456777")


@given(st.text())
@example("x" * 23)
@example("x ~abcdefgh23456777")
def test_token_is_found_at_the_end_of_every_alias(friendly):
    """Whatever the friendly part, the alias is short, has no control characters, and tells its token."""
    token = "zzzzzzzz77777777"

    alias = alias_of(friendly, token)

    assert token == token_in(alias)
    assert len(alias) <= ALIAS_LIMIT == 40
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", alias)


@pytest.mark.parametrize(
    "alias",
    [
        "",
        "Acme",
        "~abcdefgh2345677",
        "~abcdefgh234567771",
        "~abcdefgh23456710",
        "~abcdefgh23456777 Acme",
        "abcdefgh23456777",
    ],
)
def test_other_aliases_have_no_token(alias):
    """Too short, too long, other letters, no mark before it, or not at the end: no token."""
    assert "" == token_in(alias)


@pytest.mark.parametrize(
    "alias",
    [
        "Acme~abcdefgh23456777",
        "~ABCDEFGH23456777",
        "~ abcdefgh23456777",
        "Acme ~Abcdefgh23456777 ",
        "~abcdefgh23456777\n",
    ],
)
def test_token_is_read_whatever_an_api_did_to_case_and_blanks(alias):
    """Folded, squeezed or stripped: it is the same token."""
    assert "abcdefgh23456777" == token_in(alias)


@given(key=st.text(st.characters(codec="ascii"), min_size=1), blanks=st.sampled_from(["", " ", "\t", "\u00a0 "]))
def test_case_and_blanks_around_a_key_make_no_difference(key, blanks):
    """A Key is the same Key in upper and lower case, with and without outer blanks."""
    assert normal_user_key(key) == normal_user_key(f"{blanks}{key.lower()}{blanks}")
    assert normal_user_key(key) == normal_user_key(key.upper())


TOKEN = "abcdefgh23456777"


def test_annotated_row_is_known_by_its_token():
    """Two copies of one annotated row mean one record, also when the number of one was fixed."""
    one = row(registration_number=CIN, bo_key=f"~{TOKEN}")
    fixed = row(registration_number="OTHER", bo_key=f"~{TOKEN}")

    assert f"token|{TOKEN}" == normal_key(one) == normal_key(fixed)
    assert own_key(one) != own_key(fixed)


def test_token_is_no_identity_of_its_own():
    """A row that says neither Key nor registration number says too little, whatever stands in bo_key."""
    assert "" == normal_key(row(business_name="Acme", bo_key=f"~{TOKEN}"))


@pytest.mark.parametrize("text", ["", "K-17", "~short", "~abcdefgh2345671"])
def test_other_texts_in_bo_key_are_no_token(text):
    """Only what an annotated workbook writes there counts."""
    assert "" == annotated_token(row(bo_key=text))


def test_rows_share_a_key_by_token_or_by_what_the_user_wrote():
    """Who shares the token or the number means one record, through any number of rows; others stay apart."""
    rows = [
        row(registration_number="1"),
        row(registration_number="2", bo_key=f"~{TOKEN}"),
        row(registration_number="1", bo_key=f"~{TOKEN}"),
        row(registration_number="2"),
        row(registration_number="3"),
        row(key="K", bo_key="~zzzzzzzz77777777"),
        row(business_name="nobody", bo_key=f"~{TOKEN}"),
    ]

    first, *alike, other, keyed, nobody = shared_keys(rows)

    assert [first] * 3 == alike
    assert ("natural|IN|local|business|3", "key|K", "") == (other, keyed, nobody)


def test_keyless_token_is_that_of_the_row_without_its_key():
    """A row that gets a Key can be found under the token it had before."""
    assert token_of(ACCOUNT, row(registration_number=CIN)) == keyless_token_of(
        ACCOUNT, row(key="K", registration_number=CIN)
    )


def test_registration_is_known_whatever_the_key():
    """It tells country and types, and the number by 16 characters that are no record's token; none without a number."""
    text = b"bo1|MAXXXXXXXXXXXXXXXXXX|U72200KA2020PTC123456"
    made = b32encode(hashlib.sha256(text).digest()).decode().lower()[:16]

    local = registration_token_of(ACCOUNT, row(key="K", registration_number=f" {CIN.lower()}"))
    mobile = registration_token_of(ACCOUNT, row(MOBILE, registration_number=CIN))

    assert (f"IN|local|business|{made}", f"IN|mobile|business|{made}") == (local, mobile)
    assert made != keyless_token_of(ACCOUNT, row(registration_number=CIN))
    assert is_same_number(local, mobile)
    assert not is_same_number(local, registration_token_of(ACCOUNT, row(registration_number="1")))
    assert "" == registration_token_of(ACCOUNT, row(key="K", registration_number=" "))


@given(st.text())
def test_short_ways_lead_to_the_same_key(text):
    """Plain texts are normalised the quick way, with the same result as the long one."""
    slow = " ".join(unicodedata.normalize("NFKC", text).split()).upper().replace("|", "¦")

    assert (f"key|{slow}" if slow else "") == normal_user_key(text)


def test_gapless_key_is_for_comparing_alone():
    """Dashes, blanks, slashes and dots are left out of the number and of nothing else; the token heeds them."""
    one, other = row(registration_number="U-7 2/0.0"), row(registration_number="u7200")

    assert "natural|IN|local|business|U7200" == gapless_natural_key(one) == gapless_natural_key(other)
    assert token_of(ACCOUNT, one) != token_of(ACCOUNT, other)
    assert gapless_natural_key(one) != gapless_natural_key(row(MOBILE, registration_number="U7200"))
    assert "" == gapless_natural_key(row()) == gapless_natural_key(row(registration_number=" - "))


@pytest.mark.parametrize(
    ("shown", "sent", "expected"),
    [
        ("Acme", "Acme Stores ~abc", True),
        ("ACME  st", "Acme Stores ~abc", True),
        ("Cafe", "Café ~abc", True),
        ("Acme Stores abc", "Acme Stores ~abc", True),
        ("", "Acme", False),
        ("Stores", "Acme Stores", False),
        ("Acme Stores Ltd", "Acme Stores", False),
    ],
)
def test_may_be_cut_from(shown, sent, expected):
    """Case, accents, blanks and signs make no difference, nor does it when the `~` alone is lost."""
    assert expected is may_be_cut_from(shown, sent)


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("", ()),
        ("911140000000", ("911140000000",)),
        ("+91 11 4000-0000", ("911140000000",)),
        ("911140000000,911140000001;911140000002\n911140000003", tuple(f"91114000000{n}" for n in range(4))),
        ("911140000000, +911140000000", ("911140000000",)),
        ("to be assigned, 911140000000", ("911140000000",)),
        ("9.11E+11", ()),
        ("1234567", ()),
        ("1234567890123456", ()),
        ("+44 (0)20 7946 0000, +44(0)20 7946 0001", ("442079460000", "442079460001")),
        ("+91 0 80 4567 8901", ("918045678901",)),
        ("9108045678901", ("918045678901",)),
        ("+91 (0)80-45678901", ("918045678901",)),
        ("(0)91.11.40000000", ("911140000000",)),
        ("091-80-45678901", ("918045678901",)),
        ("0091 80 45678901", ("918045678901",)),
        ("00 91 0 80 45678901", ("918045678901",)),
        ("\u202a+91 80 45678901\u202c, \u2066918045678902\u2069", ("918045678901", "918045678902")),
        ("08045678901", ("08045678901",)),
        ("+91 080 4567 890", ()),
        ("91 1800 000 0001", ("9118000000001",)),
    ],
)
def test_numbers_of_a_cell_are_their_digits(cell, numbers):
    """Separated by comma, semicolon or line break, each once; what is no number is left out."""
    assert numbers == numbers_in(cell)
