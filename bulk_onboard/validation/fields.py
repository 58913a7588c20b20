"""The cells that describe the end user, against the fields the API requires (compliance-api.txt, requirements).

Rule: whatever the API knows is sent, also where the requirements do not ask for it; what they ask for is checked.
"""

from collections.abc import Container, Iterator

from bulk_onboard.model.requirements import FieldRequirement
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import BUSINESS_NAME, REGISTRATION_NUMBER
from bulk_onboard.validation.trouble import Trouble, shown_value

_ALWAYS_KNOWN = {BUSINESS_NAME, REGISTRATION_NUMBER, "email"}
_ADDRESS = "address."


def sent_fields(row: Row, required_names: Container[str]) -> dict[str, str]:
    """The filled cells of all columns that are fields of the end user, by name, in the order of the names.

    `required_names` are the fields that the requirements of any combination speak of.
    """
    return {
        name: text
        for name, text in sorted(row.cells.items())
        if text and (name in _ALWAYS_KNOWN or name.startswith(_ADDRESS) or name in required_names)
    }


def field_troubles(row: Row, fields: tuple[FieldRequirement, ...]) -> Iterator[Trouble]:
    """What is wrong with the fields of a row: missing, too short, too long."""
    for requirement in fields:
        text = row.cell(requirement.name)
        for code, numbers in _faults(text, requirement):
            details: dict[str, str | int] = {"label": requirement.label, **numbers}
            yield Trouble(code, requirement.name, shown_value(text), details)


def _faults(text: str, requirement: FieldRequirement) -> Iterator[tuple[str, dict[str, int]]]:
    """Codes and numbers; lengths are in characters, as Excel and the requirements count them."""
    length, least, most = len(text), requirement.min_length, requirement.max_length
    if not text:
        if requirement.required:
            yield "field-missing", {}
    elif least is not None and length < least:
        yield "field-too-short", {"length": length, "limit": least}
    elif most is not None and length > most:
        yield "field-too-long", {"length": length, "limit": most}
