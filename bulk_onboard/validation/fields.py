"""The cells that describe the end user, against the fields the API requires (compliance-api.txt, requirements).

Rule: whatever the API knows is sent, also where the requirements do not ask for it; what they ask for is checked.
"""

import math
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from bulk_onboard.model.requirements import FieldRequirement
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import BUSINESS_NAME, REGISTRATION_NUMBER
from bulk_onboard.validation.country import country_code
from bulk_onboard.validation.trouble import Trouble, shown_value

ADDRESS_COUNTRY = "address.country"
_ALWAYS_KNOWN = {BUSINESS_NAME, REGISTRATION_NUMBER, "email"}
_ADDRESS = "address."


class Bounds(NamedTuple):
    """How long the cell of a field may be, in characters; a required one has at least one."""

    name: str
    least: int
    most: float
    requirement: FieldRequirement


class SentFields:
    """Which cells are fields of the end user; build it once for all rows."""

    def __init__(self, required_names: Container[str]) -> None:
        """`required_names` are the fields that the requirements of any combination speak of."""
        self._required = required_names
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}  # rows are filled in in a few ways only

    def of(self, row: Row) -> dict[str, str]:
        """The filled cells that are sent, by name, in the order of the names."""
        filled = tuple(row.cells)
        if filled not in self._names:
            self._names[filled] = tuple(sorted(filter(self._is_sent, filled)))
        return {name: row.cells[name] for name in self._names[filled]}

    def _is_sent(self, name: str) -> bool:
        return name in _ALWAYS_KNOWN or name.startswith(_ADDRESS) or name in self._required


def bounds_of(fields: Iterable[FieldRequirement]) -> tuple[Bounds, ...]:
    """The bounds of each field."""
    return tuple(
        Bounds(field.name, max(field.min_length or 0, field.required), field.max_length or math.inf, field)
        for field in fields
    )


def field_troubles(row: Row, fields: Iterable[Bounds]) -> Iterator[Trouble]:
    """What is wrong with the fields of a row: missing, too short, too long."""
    for name, least, most, requirement in fields:
        text = row.cells.get(name, "")
        if not least <= len(text) <= most and (text or requirement.required):
            yield _trouble(text, requirement)


def _trouble(text: str, requirement: FieldRequirement) -> Trouble:
    """Lengths are in characters, as Excel and the requirements count them; bytes are told beside them."""
    name, length, seen = requirement.name, len(text), shown_value(text)
    details: dict[str, str | int] = {"label": requirement.label, "length": length}
    if not text:
        return Trouble("field-missing", name, seen, details)
    if length < (requirement.min_length or 0):
        return Trouble("field-too-short", name, seen, {**details, "limit": requirement.min_length or 0})
    if name == ADDRESS_COUNTRY:
        return Trouble("country-written-out", name, seen, {"code": country_code(text) or "that code, such as IN"})
    size = len(text.encode("utf-8", "surrogatepass"))
    return Trouble("field-too-long", name, seen, {**details, "bytes": size, "limit": requirement.max_length or 0})
