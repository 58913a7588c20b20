"""Identify a row: normal forms of Key, registration and phone numbers.

The row's token and its alias at the API.

Identity is made only of what names the business (docs/design/promise.md, Identity). It does not depend on the row's
number, the sheet, the file or other cells, so that rows may be sorted, files renamed and cells fixed; nor on case,
blanks around words or the width of characters. An annotated workbook keeps a row's token beside it, so that even the
registration number can be fixed. Dashes and blanks inside a number make another token; `gapless_number` ignores them,
to compare rows with each other.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import BO_KEY, KEY, REGISTRATION_NUMBER
from bulk_onboard.model.text import looks_like_nothing

KEY_LIMIT = 255  # characters of a Key that the ledger keeps; a longer one is a finding
ALIAS_LIMIT = 40  # the API's own limit is not known; titles that are cut at 40 or 50 characters keep their token
_TOKEN_LENGTH = 16
_TOKEN_BYTES = 10  # five bits to a character
_TOKEN_AT_THE_END = re.compile(rf"~\s*([A-Za-z2-7]{{{_TOKEN_LENGTH}}})\s*\Z")
_FRIENDLY_LIMIT = ALIAS_LIMIT - len(" ~") - _TOKEN_LENGTH
_GAPS = re.compile(r"[\s./\\\u2010-\u2015\u2212-]+")  # every dash, among others
_INVISIBLE = {"Cc", "Cf", "Cs"}  # control characters, formatting such as bidi marks, lone surrogates


def normal_key(row: Row) -> str:
    """Return what two rows share when they mean the same record.

    Empty for a row without identity.

    `token|<token>` for a row of an annotated workbook, so that its copies mean one record whatever was changed in one;
    else `own_key`. It holds personal data, so it is never written.
    """
    own = own_key(row)
    token = annotated_token(row) if own else ""
    return f"token|{token}" if token else own


def shared_keys(rows: Sequence[Row]) -> list[str]:
    """Return for each row a key that all rows of the same record share.

    Empty for a row without identity.

    A row of an annotated workbook has two names, its token and its own key; rows that share either are one record.
    """
    stands_for: dict[str, str] = {}

    def first(key: str) -> str:
        while key in stands_for:
            key = stands_for[key]
        return key

    own_keys = [own_key(row) for row in rows]
    for row, own in zip(rows, own_keys, strict=True):
        token = annotated_token(row) if own else ""
        if token and (mine := first(own)) != (its := first(f"token|{token}")):
            stands_for[its] = mine
    return [first(own) for own in own_keys]


def own_key(row: Row) -> str:
    """Return the key that the user wrote: the Key, else the registration number.

    Empty where both are blank. `key|<user's Key>` or `natural|<country>|<number type>|<user type>|<registration
    number>`: the first word keeps a Key that happens to read like a registration number apart from it.
    """
    return normal_user_key(row.cell(KEY)) or natural_key(row)


def natural_key(row: Row) -> str:
    """Return the key of the row without its Key.

    Empty where there is no registration number.
    """
    number = _normal(row.cell(REGISTRATION_NUMBER))
    return "|".join(("natural", *row.combination, number)) if number else ""


def business_of(row: Row) -> str:
    """Return what names the business: its registration number, else its key."""
    return natural_key(row).rpartition("|")[2] or normal_key(row)


def gapless_natural_key(row: Row) -> str:
    """Return the natural key without the signs in its number, to compare rows.

    `UDYAM-KR-03-0012345` and `UDYAM KR 03 0012345` make two records, and are most likely one business.
    """
    gapless = gapless_number(row.cell(REGISTRATION_NUMBER))
    return "|".join(("natural", *row.combination, gapless)) if gapless else ""


def gapless_number(text: str) -> str:
    """Return a registration number in upper case, without dashes, blanks and dots."""
    return text.upper() if text.isascii() and text.isalnum() else _GAPS.sub("", _normal(text))


def normal_user_key(text: str) -> str:
    """Return the key of rows with this Key in any case and blanks; empty for none."""
    normal = _normal(text)
    return f"key|{normal}" if normal else ""


def normal_account(text: str) -> str:
    """Return what the name of an account is compared by, whatever its case, blanks and width of characters."""
    return _normal(text)


def annotated_token(row: Row) -> str:
    """Return the token in the row's `bo_key`, of whatever ledger.

    Empty where there is none.
    """
    text = row.cell(BO_KEY)
    return token_in(text) if text else ""


def token_of(auth_id: str, row: Row) -> str:
    """Return the token of a row that has an identity: 16 characters `a-z2-7`.

    The first 16 characters of the lower-case base32 of SHA-256 over this text in UTF-8, the last part empty without a
    Key: `bo1|<auth id>|<country>|<number type>|<user type>|<registration number>|<user's Key>`. So
    `bo1|MAXXXXXXXXXXXXXXXXXX|IN|local|business|U72200KA2020PTC123456|K-0017` makes `xwdbg37swqfq7vk3`.
    """
    return _token(auth_id, *row.combination, _normal(row.cell(REGISTRATION_NUMBER)), _normal(row.cell(KEY)))


def keyless_token_of(auth_id: str, row: Row) -> str:
    """Return the token that the row would have without its Key."""
    return _token(auth_id, *row.combination, _normal(row.cell(REGISTRATION_NUMBER)), "")


def next_token(token: str, generation: int) -> str:
    """Return the token of the record that a row is filed under anew once the one of this token has expired.

    It is the token over `bo1|<token>|<generation>`; the second record of a row has the generation 2.
    """
    return _token(token, str(generation))


def registration_token_of(auth_id: str, row: Row) -> str:
    """Return `<country>|<number type>|<user type>|<number token>`.

    Empty without a registration number.

    The ledger keeps it beside a record's token, to know whose number a row has, whatever became of the Keys.
    """
    token = number_token(auth_id, row.cell(REGISTRATION_NUMBER))
    return "|".join((*row.combination, token)) if token else ""


def places_of_known(auth_id: str, numbers: Iterable[bytes], digests: Collection[bytes]) -> list[int]:
    """Return the places of those numbers that an account has tokens of, which is quick for very many.

    Args:
        auth_id: of the account.
        numbers: as `number_for_digest` returns them.
        digests: `bytes_of` the tokens that there are.
    """
    begins, sha256 = f"bo1|{auth_id}|".encode(), hashlib.sha256
    return [place for place, number in enumerate(numbers) if sha256(begins + number).digest()[:_TOKEN_BYTES] in digests]


def number_for_digest(number: str) -> bytes:
    """Return a registration number as `places_of_known` takes it."""
    return _normal(number).encode("utf-8", "surrogatepass")


def bytes_of(token: str) -> bytes:
    """Return the bytes of a token."""
    return base64.b32decode(token.upper())


def number_token(auth_id: str, number: str) -> str:
    """Return the token over `bo1|<auth id>|<registration number>`.

    Empty for a blank number.
    """
    normal = _normal(number)
    return _token(auth_id, normal) if normal else ""


def is_same_number(one: str, other: str) -> bool:
    """Return whether two registration tokens are of one number, whatever its type."""
    return one.rpartition("|")[2] == other.rpartition("|")[2]


def token_in(alias: str) -> str:
    """Return the token at the end of an alias, after a `~`.

    Empty where there is none.

    Case and blanks make no difference, since an API may have changed them.
    """
    match = _TOKEN_AT_THE_END.search(alias)
    return match[1].lower() if match else ""


def alias_of(friendly: str, token: str) -> str:
    """Return `<friendly part> ~<token>` or `~<token>`: at most 40 visible characters."""
    if not friendly:
        return f"~{token}"
    visible = friendly if _is_plain(friendly) else "".join(filter(_is_visible, friendly))
    shortened = " ".join(visible.split())[:_FRIENDLY_LIMIT].rstrip()
    return f"{shortened} ~{token}".lstrip()


def alias_length(alias: str) -> int:
    """Return how many bytes an alias has.

    The API is known to keep aliases up to the longest one that it has shown whole.
    """
    return len(alias.encode("utf-8", "surrogatepass"))


def may_be_cut_from(shown: str, sent: str) -> bool:
    """Return whether `shown` may be the alias `sent` after an API cut or rewrote it.

    False for an empty one.

    Case, accents, blanks and signs make no difference.
    """
    shown, sent = _folded(shown), _folded(sent)
    return bool(shown) and sent.startswith(shown)


def _folded(alias: str) -> str:
    decomposed = unicodedata.normalize("NFKD", alias).casefold()
    return "".join(filter(str.isalnum, decomposed))


def _token(*parts: str) -> str:
    text = "|".join(("bo1", *parts))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest[:_TOKEN_BYTES]).decode("ascii").lower()


def _normal(text: str) -> str:
    """Return NFKC in upper case, blanks collapsed, and `|`, the divider, replaced."""
    if text.isascii():  # is its own NFKC
        if not text or text.isalnum():
            return text.upper()
    else:
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.split()).upper().replace("|", "¦")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_visible(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in _INVISIBLE


# Phone numbers.

CALLING_CODES: Mapping[str, str] = MappingProxyType({"IN": "91"})
"""What a number of a country begins with, where that is known."""

_BETWEEN = re.compile(r"[,;\r\n]+")
_SIGNS = re.compile(r"[\s().\u2010-\u2015-]+")
_TRUNK_ZERO = re.compile(r"(?<=[0-9])[\s.-]*\(0\)")
"""The zero that is dialled within a country only, as E.123 has it written beside the country's code: +44 (0)20 …"""

_AS_DIALLED = re.compile(r"^(?:00(?=[1-9])|0(?=91[1-9][0-9]{9}$))")
"""What is dialled before a country's code: 00, or in India a single zero where a number of ten digits follows."""

_INDIAN_TRUNK_ZERO = re.compile(r"^910(?=[1-9][0-9]{9}$)")
"""India's code and the trunk zero: no Indian number begins with 0, and with it this one would have eleven digits."""

_NUMBER = re.compile(r"(?!910)[0-9]{8,15}")
"""E.164 allows 15 digits; with the country's, hardly a number has less than 8. No Indian one begins with 0."""


def written_numbers(cell: str) -> Iterator[str]:
    """Return each number of a cell as it is written there.

    Comma, semicolon and line break separate them.
    """
    return filter(None, (text.strip() for text in _BETWEEN.split(cell)))


def digits_of(written: str) -> str:
    """Return a phone number's digits, beginning with the country code.

    Empty for what is no number.
    """
    text = written if written.isascii() else "".join(char for char in written if not looks_like_nothing(char))
    text = _SIGNS.sub("", _TRUNK_ZERO.sub("", text))
    digits = _INDIAN_TRUNK_ZERO.sub("91", _AS_DIALLED.sub("", text.removeprefix("+")))
    return digits if _NUMBER.fullmatch(digits) else ""


def numbers_in(cell: str) -> tuple[str, ...]:
    """Return the digits of each number of a cell, each once, in their order."""
    return tuple(dict.fromkeys(filter(None, map(digits_of, written_numbers(cell)))))
