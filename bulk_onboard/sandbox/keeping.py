"""What the API keeps of what it is sent: to the letter, unless a step says otherwise; `behaviours` replaces them."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bulk_onboard.sandbox.record import Record

Text = Callable[[str], str]


def as_sent(text: str) -> str:
    """The text to the letter."""
    return text


def in_ascii(text: str) -> str:
    """Letters without their accents, and `?` for what is not ASCII even then."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return bare.encode("ascii", "replace").decode()


def on_one_line(text: str) -> str:
    """Each run of blanks as one, none at the ends."""
    return " ".join(text.split())


def without_blanks(text: str) -> str:
    """No blanks at all."""
    return "".join(text.split())


@dataclass(frozen=True, slots=True)
class Keeping:
    """The steps from what was sent to what is kept.

    Attributes:
        letters, case, blanks, cut: of an alias, in this order; `cut` is its greatest length.
        text: of every text of `end_user`; then `name` and `registration_number` of these.
        too_large: a word in name or number that makes a body too large for a gateway; None for none.
        answers_own_id: whether the answer to a create has the id of the record that was made.
    """

    letters: Text = as_sent
    case: Text = as_sent
    blanks: Text = as_sent
    cut: int | None = None
    text: Text = as_sent
    name: Text = as_sent
    registration_number: Text = as_sent
    keeps_state: bool = True
    too_large: str | None = None
    answers_own_id: bool = True

    def kept(self, record: Record) -> Record:
        """The record as the API keeps it."""
        alias = self.blanks(self.case(self.letters(record.alias)))[: self.cut]
        return replace(record, alias=alias, end_user=self._end_user(record.end_user))

    def is_too_large(self, end_user: object) -> bool:
        """Whether a gateway turns the body away in which this end user is."""
        if self.too_large is None or not isinstance(end_user, dict):
            return False
        return any(self.too_large in str(end_user.get(name)) for name in ("name", "registration_number"))

    def _end_user(self, end_user: Mapping[str, Any]) -> dict[str, Any]:
        kept = _each_text(end_user, self.text)
        kept["name"] = self.name(kept["name"])
        kept["registration_number"] = self.registration_number(kept["registration_number"])
        if not self.keeps_state:
            kept["address"] = {**kept["address"], "state": None}
        return kept


def _each_text(members: Mapping[str, Any], text: Text) -> dict[str, Any]:
    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return _each_text(value, text)
        return text(value) if isinstance(value, str) else value

    return {name: changed(value) for name, value in members.items()}
