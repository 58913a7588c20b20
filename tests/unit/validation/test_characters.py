"""Characters that nobody sees, letters that look like others, and letters that were destroyed."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BUSINESS = "business_name"


@pytest.fixture
def told(make_row, judge_one):
    """Code, position and character of the findings for a cell of an otherwise good row."""

    def run(text, column=BUSINESS):
        findings = judge_one(make_row(**{column: text})).findings
        return [(f.code, f.details.get("position"), f.details.get("character")) for f in findings]

    return run


@pytest.mark.parametrize(
    ("text", "code", "position", "character"),
    [
        ("Ac\u200bme", "invisible-character", 3, "U+200B ZERO WIDTH SPACE"),
        ("Ac\u00adme", "invisible-character", 3, "U+00AD SOFT HYPHEN"),
        ("Ac\u202eme", "invisible-character", 3, "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("Ac\u2066me", "invisible-character", 3, "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("Ac\u200dme", "invisible-character", 3, "U+200D ZERO WIDTH JOINER"),
        ("Ac\ufe0fme", "invisible-character", 3, "U+FE0F VARIATION SELECTOR-16"),
        ("Ac\U000e0041me", "invisible-character", 3, "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("Ac\u3164me", "invisible-character", 3, "U+3164 HANGUL FILLER"),
        ("Ac\x07me", "control-character", 3, "U+0007 BELL"),
        ("Ac\tme", "control-character", 3, "U+0009 TAB"),
        ("Ac\x80me", "control-character", 3, "U+0080"),
        ("Acme_x0007_", "control-character", 5, "_x0007_"),
        ("Ac\nme", "line-break", 3, "U+000A LINE FEED"),
        ("Ac\r\nme", "line-break", 3, "U+000D CARRIAGE RETURN"),
        ("Ac\u2028me", "line-break", 3, "U+2028 LINE SEPARATOR"),
        ("Acme_x000D_", "line-break", 5, "_x000D_"),
        ("Ac\ufffdme", "broken-character", 3, "U+FFFD REPLACEMENT CHARACTER"),
        ("Ac\ue000me", "broken-character", 3, "U+E000"),
        ("Ac\uffffme", "broken-character", 3, "U+FFFF"),
        ("Ac\u00a0me", "unusual-blank", 3, "U+00A0 NO-BREAK SPACE"),
        ("Ac\u3000me", "unusual-blank", 3, "U+3000 IDEOGRAPHIC SPACE"),
    ],
)
def test_what_nobody_sees_is_told_with_place_and_name(told, text, code, position, character):
    """The finding says where it stands, counted from 1, and what Unicode calls it."""
    assert [(code, position, character)] == told(text)


def test_first_of_each_kind_is_told_once(told):
    """A cell full of them has one finding of each kind."""
    assert [("invisible-character", 2, "U+200B ZERO WIDTH SPACE"), ("unusual-blank", 4, "U+00A0 NO-BREAK SPACE")] == (
        told("A\u200b\u200d\u00a0\u00a0\u200bB")
    )


@pytest.mark.parametrize(
    "text",
    [
        "क्\u200dष ट्रेडर्स",
        "രാജന്\u200d",
        "می\u200cخواهم",
        "شركة النور",
        "👩\u200d💻 Code",
        "❤\ufe0f Foods",
        "1\ufe0f\u20e3 Stop",
        "🏳\ufe0f\u200d🌈 Cafe",
        "👍🏽 Traders",
        "\U0001fae9 Tired",
        "株式会社",
        "Café №1 – “Omega”",
    ],
)
def test_any_script_and_sign_that_people_see_is_welcome(told, text):
    """Joiners that spell a word and parts of an emoji are no trouble."""
    assert [] == told(text)


def test_numbers_may_stand_one_below_another(told):
    """A line break divides numbers; elsewhere a value is one line."""
    assert [] == told("911140221000\n911140221001", "numbers")
    assert [] == told("911140221000\r\n911140221001", "numbers")


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("9111\u200b40221000", ["blanks-left-out"]),
        ("\u202a+911140221000\u202c, \u2066+911140221001\u2069", ["blanks-left-out"]),
        ("9111\x0740221000", ["number-unreadable"]),
        ("9111\ufffd40221000", ["number-unreadable"]),
    ],
)
def test_nothing_unseen_in_numbers_keeps_a_row_out(told, cell, codes):
    """Only the digits of a number count, so that what nobody sees is left out, with a warning."""
    assert codes == [code for code, *_ in told(cell, "numbers")]


def test_path_may_have_odd_blanks_but_nothing_unseen(make_row, judge_one, make_facts):
    """Files are called so by cameras and screens; a character without width is a slip."""
    files = {path: make_facts(path) for path in ("a\u202fb.pdf", "a\u200bb.pdf")}

    odd, unseen = (judge_one(make_row(**{"document:identity_proof": path}), files=files) for path in files)

    assert [] == [finding.code for finding in odd.findings]
    assert [("invisible-character", "ab.pdf")] == [(finding.code, finding.seen) for finding in unseen.findings]


def test_what_was_left_out_is_told_by_name(make_row, judge_one):
    """Each character once; the row is sent all the same."""
    judged = judge_one(make_row(kept={"left_out": {BUSINESS: " \u00a0\u200b\u00a0"}}))

    (finding,) = judged.findings
    assert "blanks-left-out" == finding.code
    assert "(U+00A0 NO-BREAK SPACE, U+200B ZERO WIDTH SPACE)" in finding.problem
    assert judged.application is not None


def test_converted_digits_are_told_with_what_is_taken(make_row, judge_one):
    """The user sees what is sent instead."""
    row = make_row(address__postal_code="560001", kept={"converted": {"address.postal_code": "५६०००१"}})

    judged = judge_one(row)

    assert ["The digits are those of another script; 560001 is used."] == [f.problem for f in judged.findings]
    assert "560001" == judged.application.fields["address.postal_code"]


SPELT = st.text("ab क्\u200d\u200c\u200b\u00ad\u202e\ufeff\ufe0f👩💻1#\U000e0041\u034f\u2800é", max_size=12)


@given(st.one_of(SPELT, st.text(max_size=12)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_let_through_can_be_seen(make_row, judge_one, text):
    """A value without findings has no control character or line break; what is unseen spells a word or an emoji."""
    row = make_row(bare=True, key="K", address__city=text, registration_number="AAA-1234")
    findings = [f for f in judge_one(row).findings if f.column == "address.city"]

    if not findings:
        unseen = [place for place, char in enumerate(text) if unicodedata.category(char) in ("Cf", "Cc", "Cs", "Co")]
        assert all(
            text[place] in "\u200c\u200d" and place for place in unseen if not "\u0600" <= text[place] <= "\u08ff"
        )
        assert not {"\u200b", "\u00ad", "\u202e", "\ufeff", "\U000e0041", "\u034f", "\u2800"} & set(text)
        assert "a\u200d" not in text
        assert "b\ufe0f" not in text


@pytest.mark.parametrize("flag", ["gbeng", "gbsct", "gbwls", "usca", "in09"])
def test_tags_after_a_black_flag_are_part_of_it(told, flag):
    """The flags of England, Scotland and others are spelled in letters that nobody sees."""
    whole = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in flag) + "\U000e007f"

    assert [] == told(f"Pub {whole}")
    assert [] == told(f"{whole}{whole} Pub")
    assert [6] == [position for code, position, _ in told(f"Pub {whole[:-1]}")]
    assert ["invisible-character"] == [code for code, *_ in told(f"Pub x{whole[1:]}")]


@pytest.mark.parametrize("emoji", ["🇮🇳", "1️⃣", "#️⃣", "👨‍👩‍👧", "🏳️‍🌈", "🙂‍↔️", "ℹ️", "👨🏽‍🚀", "❤️‍🔥"])
def test_emoji_are_welcome(told, emoji):
    """Regional letters, keycaps, and signs joined into one."""
    assert [] == told(f"Pub {emoji}")


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


READ_AS = ["cp1252", "latin-1", "mac-roman", "cp437"]


@pytest.fixture
def codes_of(make_row, judge_one):
    """The codes for a cell of an otherwise good row."""

    def run(text, column="alias"):
        return [finding.code for finding in judge_one(make_row(**{column: text})).findings]

    return run


@pytest.mark.parametrize(
    "text", ["????? ????????", "S?o Paulo", "?ukasz & Co", "Stra?e", "Caf??", "S¿o Paulo", "1 ?uvre"]
)
def test_question_marks_among_letters_are_a_warning(codes_of, text):
    """A program that cannot write a letter writes one of them."""
    assert ["letters-lost"] == codes_of(text)


@pytest.mark.parametrize("text", ["Hungry?", "Ready? Go", "Who's Next? (Pune)", "?", "A? B"])
def test_question_behind_words_is_a_question(codes_of, text):
    """One by itself at a word's end asks something."""
    assert [] == codes_of(text)


@pytest.mark.parametrize("codec", READ_AS)
@pytest.mark.parametrize("text", ["It’s", "Café", "Łódź", "Москва", "राम", "カフェ", "₹500", "😀", "« x »"])
def test_utf_8_read_as_something_else_is_a_warning(codes_of, text, codec):
    """Each letter became two to four odd characters; where some of these are no characters at all, that is told."""
    read = "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in text.encode())

    assert {"letters-lost", "control-character", "broken-character"} & set(codes_of(f"A {read} b"))


@pytest.mark.parametrize("text", ["R&amp;D", "Caf&eacute;", "It&#8217;s", "\\u0930\\u093e\\u092e", "=?UTF-8?B?4KSw?="])
def test_letters_written_as_code_are_a_warning(codes_of, text):
    """Of a web page, of JSON, of mail."""
    assert ["letters-lost"] == codes_of(text)


@pytest.mark.parametrize(
    "text",
    ["Café", "É VRAI", "SÃO PAULO", "Straße", "Łukasz", "Ångström", "Москва", "राम", "déjà « vu »", "déjà\u202f« vu",
     "Sons & Co; Ltd", "AT&T;", "L’Œuvre", "naïve…", "≈ 5 km", "100 °C", "À la carte – “x”"],
)  # fmt: skip
def test_letters_of_any_alphabet_are_letters(codes_of, text):
    """Accents, quotation marks and other scripts are as they were written."""
    assert "letters-lost" not in codes_of(text)


@pytest.mark.parametrize("column", ["callback_url", "document:identity_proof", "numbers"])
def test_where_names_are_not_written_nothing_is_guessed(codes_of, column):
    """A web address may ask in any way."""
    assert "letters-lost" not in codes_of("https://hooks.example.com/a?b=c&amp;d", column)
