"""All that can be said of a row's cells whatever the API requires.

Rule: each check looks at what it is about and costs a glance elsewhere: most rows are plain ASCII, kept as text. Where
a cell has lost its value, nothing more is said of it.
"""

from collections.abc import Iterator

from bulk_onboard.model.callback_url import doubt, objection
from bulk_onboard.model.identity import KEY_LIMIT, token_in
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import ALIAS, CALLBACK_URL, KEY, REGISTRATION_NUMBER
from bulk_onboard.validation.characters import character_troubles
from bulk_onboard.validation.email import email_troubles
from bulk_onboard.validation.india.aadhaar import aadhaar_troubles
from bulk_onboard.validation.india.row import india_troubles
from bulk_onboard.validation.letters import letter_troubles
from bulk_onboard.validation.lost_letters import lost_letter_troubles
from bulk_onboard.validation.numbers import number_troubles
from bulk_onboard.validation.stored import stored_troubles
from bulk_onboard.validation.trouble import Trouble, shown


def cell_troubles(row: Row) -> Iterator[Trouble]:
    """What is wrong with the cells of a row; those that have lost their value first."""
    joined = "|".join(row.cells.values())
    yield from stored_troubles(row, joined)
    if not (joined.isascii() and joined.isprintable()) or row.left_out or row.converted or "_x" in joined:
        yield from character_troubles(row)
        yield from letter_troubles(row)
    yield from lost_letter_troubles(row, joined)
    yield from aadhaar_troubles(row, joined)
    yield from email_troubles(row)
    yield from india_troubles(row)
    yield from number_troubles(row)
    yield from _naming_troubles(row)
    yield from _callback_troubles(row)


def _naming_troubles(row: Row) -> Iterator[Trouble]:
    """What is wrong with how the row is known: to the user and to the API."""
    key, alias = row.cell(KEY), row.cell(ALIAS)
    if not key.strip() and not row.cell(REGISTRATION_NUMBER).strip() and not _has_lost_its_identity(row):
        yield Trouble("row-without-identity")
    if len(key) > KEY_LIMIT:
        yield Trouble("key-too-long", KEY, shown(KEY, key), {"length": len(key), "limit": KEY_LIMIT})
    if alias and token_in(alias):
        yield Trouble("alias-looks-like-token", ALIAS, shown(ALIAS, alias))


def _callback_troubles(row: Row) -> Iterator[Trouble]:
    """Why the API may not, or perhaps cannot, call back where the row says."""
    url = row.cell(CALLBACK_URL)
    if not url:
        return
    if why := objection(url):
        yield Trouble("callback-url-unusable", CALLBACK_URL, shown(CALLBACK_URL, url), {"why": why})
    elif why := doubt(url):
        yield Trouble("callback-url-doubtful", CALLBACK_URL, shown(CALLBACK_URL, url), {"why": why})


def _has_lost_its_identity(row: Row) -> bool:
    """Whether one of the two is not blank but lost, which is told at its cell."""
    return KEY in row.stored or REGISTRATION_NUMBER in row.stored
