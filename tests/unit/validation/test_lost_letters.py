"""Letters that were destroyed between programs."""

import pytest

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
