"""What the released contract asks for: types of document with their data fields, and the ways in which it is told.

What is offered is invented but for the first combination, which is the one that the released SDKs show. Ids are made of
a document's name and an epoch, so that all of them can be switched at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bulk_onboard.sandbox.answers import RefusedError, invalid
from bulk_onboard.sandbox.behaviours import Asking
from bulk_onboard.sandbox.checks import NUMBER_TYPES, USER_TYPES, one_of, text

Json = dict[str, Any]

STRING, DATE, ENUM = "string", "date", "enum"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataField:
    """One thing that is to be told of a document; `enums` are separated by commas."""

    name: str
    friendly_name: str
    help_text: str = ""
    field_type: str = STRING
    required: bool = True
    format: str = ""
    enums: str = ""
    lengths: tuple[int, int] | None = None

    def shown(self) -> Json:
        """Return the field as it is told; what it has not is left out."""
        told: Json = {
            "field_name": self.name,
            "friendly_name": self.friendly_name,
            "help_text": self.help_text,
            "field_type": self.field_type,
            "required": self.required,
            "format": self.format,
            "enums": self.enums,
        }
        told |= dict(zip(("min_length", "max_length"), self.lengths, strict=True)) if self.lengths else {}
        return {name: value for name, value in told.items() if value != ""}

    def check(self, value: object, of: str) -> None:
        """Raise RefusedError unless a value is good for the field; `of` is the id of its type of document."""
        what = f"Field '{self.name}' of document type '{of}'"
        if not isinstance(value, str):
            raise invalid(f"{what} must be a string", self.name)
        if self.lengths and not self.lengths[0] <= len(value) <= self.lengths[1]:
            raise invalid(f"{what} must have {self.lengths[0]} to {self.lengths[1]} characters", self.name)
        if self.field_type == ENUM and value not in self.enums.split(","):
            raise invalid(f"{what} must be one of: {self.enums.replace(',', ', ')}", self.name)
        if self.field_type == DATE and not _is_date(value):
            raise invalid(f"{what} must be a date in the format {self.format}", self.name)


def _is_date(value: str) -> bool:
    try:
        return bool(_DATE.fullmatch(value)) and date.fromisoformat(value) is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A document that is asked for; `copy` tells types of one name apart."""

    name: str
    description: str
    fields: tuple[DataField, ...] = ()
    proof_required: bool = True
    copy: int = 0

    def id(self, epoch: int) -> str:
        """Return its id; another one in each epoch."""
        return str(uuid5(NAMESPACE_URL, f"{self.name} {self.copy} {epoch}"))

    def shown(self, epoch: int) -> Json:
        """Return the type as it is told."""
        return {
            "document_type_id": self.id(epoch),
            "name": self.name,
            "description": self.description,
            "proof_required": self.proof_required,
            "required_fields": [field.shown() for field in self.fields],
        }


_BUSINESS_NAME = DataField(name="business_name", friendly_name="Legal Name", lengths=(1, 50))
_LOCAL = (
    DocumentType("Registration Certificate", "Certificate Registration", (_BUSINESS_NAME,)),
    DocumentType("GST certificate", "GST certificate"),
)
_SIGNATORY = DocumentType(
    "Authorised Signatory",
    "The person who signs for the business",
    (
        DataField(
            name="signatory_name",
            friendly_name="Name of Signatory",
            help_text="As it stands on the signatory's PAN card.",
            lengths=(1, 100),
        ),
        DataField(
            name="designation",
            friendly_name="Designation",
            help_text="The office that the signatory holds.",
            field_type=ENUM,
            enums="Director,Partner,Proprietor",
        ),
        DataField(
            name="appointed_on",
            friendly_name="Date of Appointment",
            help_text="Leave it out if it is not known.",
            field_type=DATE,
            required=False,
            format="yyyy-mm-dd",
        ),
    ),
    proof_required=False,
)
_IDENTITY = DocumentType(
    "Identity Proof",
    "A photo ID issued by the government",
    (
        DataField(
            name="document_number",
            friendly_name="Document Number",
            help_text="As it is printed on the document.",
            lengths=(4, 30),
        ),
        DataField(
            name="expiry_date",
            friendly_name="Valid Until",
            field_type=DATE,
            required=False,
            format="yyyy-mm-dd",
        ),
    ),
)

OFFERED: Mapping[tuple[str, str, str], tuple[DocumentType, ...]] = {
    ("IN", "local", "business"): _LOCAL,
    ("IN", "mobile", "business"): (*_LOCAL, _SIGNATORY),
    ("IN", "local", "individual"): (_IDENTITY,),
}

Types = tuple[DocumentType, ...]

# What is really asked for: a create is checked against it.
_TYPES: Mapping[str, Callable[[Types], Types]] = {
    "two-of-one-name": lambda types: (*types, replace(types[0], copy=1)),
    "fifty-types": lambda types: (
        *types,
        *(DocumentType(f"Annexure {number}", "One more document") for number in range(1, 51 - len(types))),
    ),
    "nothing-required": lambda types: (),
}


def _with_fields(change: Callable[[Json], Json]) -> Callable[[list[Json]], list[Json]]:
    return lambda told: [{**kind, "required_fields": [change(f) for f in kind["required_fields"]]} for kind in told]


def _lengths_swapped(field: Json) -> Json:
    if "max_length" not in field:
        return field
    return {**field, "min_length": field["max_length"], "max_length": field["min_length"]}


def _with_null_members(told: list[Json]) -> list[Json]:
    optional = ("help_text", "format", "enums", "min_length", "max_length")
    told = _with_fields(lambda field: dict.fromkeys(optional) | field)(told)
    return [{**kind, "description": None, "required_fields": kind["required_fields"] or None} for kind in told]


# How it is told only: a create is checked by what it really is.
_TOLD: Mapping[str, Callable[[list[Json]], list[Json]]] = {
    "no-ids": lambda told: [{n: value for n, value in kind.items() if n != "document_type_id"} for kind in told],
    "min-above-max": _with_fields(_lengths_swapped),
    "blank-enums": _with_fields(lambda field: {**field, "enums": " "} if "enums" in field else field),
    "enums-as-list": _with_fields(lambda f: {**f, "enums": f["enums"].split(",")} if "enums" in f else f),
    "unknown-field-type": _with_fields(
        lambda field: {**field, "field_type": "telephone"} if field["field_type"] == STRING else field
    ),
    "null-members": _with_null_members,
    "reordered": lambda told: [{**kind, "required_fields": kind["required_fields"][::-1]} for kind in told[::-1]],
}


def offered(country_iso: str, number_type: str, user_type: str, asking: Asking) -> Types | None:
    """Return the types of document that a combination needs; None where it is not offered."""
    types = OFFERED.get((country_iso, number_type, user_type))
    return _TYPES[asking.types](types) if types is not None and asking.types else types


def requirements_of(query: Mapping[str, str], asking: Asking) -> Json:
    """Return what one combination needs.

    Raises:
        RefusedError: a parameter is missing or unknown (400), or the combination is not offered (404).
    """
    country_iso = text(query.get("country_iso"), "country_iso")
    number_type = _word(query, "number_type", NUMBER_TYPES)
    user_type = _word(query, "user_type", USER_TYPES)
    types = offered(country_iso, number_type, user_type, asking)
    if types is None:
        wanted = f"{country_iso}, {number_type}, {user_type}"
        raise RefusedError("not_found", f"No compliance requirements found for {wanted}", "country_iso")
    told = [kind.shown(asking.epoch) for kind in types]
    for name in asking.told:
        told = _TOLD[name](told)
    return {
        "requirement_id": str(uuid5(NAMESPACE_URL, f"{country_iso} {number_type} {user_type} {asking.epoch}")),
        "country_iso": country_iso,
        "number_type": number_type,
        "user_type": user_type,
        "document_types": told,
    }


def _word(query: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    return one_of(text(query.get(name), name, f". Allowed values: {', '.join(words)}"), words, name)
