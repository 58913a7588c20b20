"""E-mail addresses, by the rules of how they are written; whether anybody reads them is not looked up."""

import re
from collections.abc import Iterator

from bulk_onboard.model.mask import masked
from bulk_onboard.model.row import Row
from bulk_onboard.validation.trouble import Trouble, shown

EMAIL = "email"

_PLAIN = re.compile(  # what nearly all addresses look like, and no rule forbids: found a hundred times faster
    r"[a-z0-9_+]+(?:[.-][a-z0-9_+]+){0,5}@(?:[a-z0-9]+(?:-[a-z0-9]+){0,3}\.){1,4}(?:in|com|net|org|example)",
    re.IGNORECASE,
)
_PLAIN_LIMIT = 60


def is_plain_address(text: str) -> bool:
    """Whether an address certainly is one, or there is none."""
    return not text or (len(text) <= _PLAIN_LIMIT and _PLAIN.fullmatch(text) is not None)


def email_troubles(row: Row) -> Iterator[Trouble]:
    """A filled e-mail cell that cannot be an address, and why."""
    text = row.cell(EMAIL)
    if is_plain_address(text):
        return
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - few addresses need it

    try:
        validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as refusal:
        yield Trouble("email-invalid", EMAIL, shown(EMAIL, text), {"why": _clause(str(refusal))})


def _clause(sentence: str) -> str:
    """A sentence as the end of another."""
    return masked(sentence[:1].lower() + sentence[1:].rstrip("."))
