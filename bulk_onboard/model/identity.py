"""Who a row is: its key, its token, and what the API is to call it (reliability.md 1.1).

Rule: identity is made of what names the business and of nothing else. Not of the row's number, the sheet, the file or
the other cells, so sorting, renaming and mending leave it alone; not of case, blanks or the width of characters.
"""

import base64
import hashlib
import re
import unicodedata

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import KEY, REGISTRATION_NUMBER

KEY_LIMIT = 255  # characters of a Key that the ledger keeps; a longer one is a finding
ALIAS_LIMIT = 64  # the API's own limit is not known (reliability.md 1.1)
_TOKEN_LENGTH = 16
_TOKEN_AT_THE_END = re.compile(rf"(?:\A|\s)~([a-z2-7]{{{_TOKEN_LENGTH}}})\Z")
_FRIENDLY_LIMIT = ALIAS_LIMIT - len(" ~") - _TOKEN_LENGTH
_INVISIBLE = {"Cc", "Cf", "Cs"}  # control characters, formatting such as bidi marks, lone surrogates


def normal_key(row: Row) -> str:
    """What two rows share when they mean the same record; empty for a row without identity.

    `key|<user's Key>` or `natural|<country>|<number type>|<user type>|<registration number>`: the first word keeps a
    Key that happens to read like a registration number apart from it. Holds personal data, so it is never written.
    """
    if key := normal_user_key(row.cell(KEY)):
        return key
    return f"natural|{_natural_key(row)}" if _normal(row.cell(REGISTRATION_NUMBER)) else ""


def normal_user_key(text: str) -> str:
    """The key of every row whose Key reads like this, whatever its case and blanks; empty for a blank one."""
    normal = _normal(text)
    return f"key|{normal}" if normal else ""


def token_of(auth_id: str, row: Row) -> str:
    """16 characters `a-z2-7` for a row that has an identity, as the ledger and the API are to know it.

    The first 16 characters of the lower-case base32 of SHA-256 over this text in UTF-8, the last part empty without a
    Key: `bo1|<auth id>|<country>|<number type>|<user type>|<registration number>|<user's Key>`. So
    `bo1|MAXXXXXXXXXXXXXXXXXX|IN|local|business|U72200KA2020PTC123456|K-0017` makes `xwdbg37swqfq7vk3`.
    """
    text = f"bo1|{auth_id}|{_natural_key(row)}|{_normal(row.cell(KEY))}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:_TOKEN_LENGTH]


def token_in(alias: str) -> str:
    """The token at the end of an alias: after a `~` that stands first or follows a blank; empty where there is none."""
    match = _TOKEN_AT_THE_END.search(alias)
    return match[1] if match else ""


def alias_of(friendly: str, token: str) -> str:
    """`<friendly part> ~<token>`, or `~<token>` without one; at most 64 characters, one line, no invisible ones."""
    visible = "".join(c for c in friendly if c.isspace() or unicodedata.category(c) not in _INVISIBLE)
    shortened = " ".join(visible.split())[:_FRIENDLY_LIMIT].rstrip()
    return f"{shortened} ~{token}".lstrip()


def _natural_key(row: Row) -> str:
    return "|".join((*row.combination, _normal(row.cell(REGISTRATION_NUMBER))))


def _normal(text: str) -> str:
    """NFKC, outer blanks stripped, inner ones collapsed, upper case; `|` gives way, since it divides the parts."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).upper().replace("|", "¦")
