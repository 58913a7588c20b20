"""What the API offers and asks for: the example of its document, India, local and mobile, business only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bulk_onboard.sandbox.answers import RefusedError


def _document(kind: str, title: str, accepted_formats: list[str], description: str) -> dict[str, Any]:
    return {"title": title, "type": kind, "accepted_formats": accepted_formats, "description": description}


def _field(name: str, label: str, max_length: int, min_length: int = 1) -> dict[str, Any]:
    lengths = {"max_length": max_length, "min_length": min_length}
    return {"field_name": name, "field_label": label, "required": True, "field_type": "string", **lengths}


@dataclass(frozen=True, slots=True)
class Offer:
    """What one combination of country, number type and user type asks for."""

    documents: tuple[Mapping[str, Any], ...]
    fields: tuple[Mapping[str, Any], ...]
    review_days: int

    @property
    def document_types(self) -> tuple[str, ...]:
        """The required types, in the order of the document."""
        return tuple(document["type"] for document in self.documents)

    def title(self, document_type: str) -> str:
        """What people call a document type."""
        return str(next(d["title"] for d in self.documents if d["type"] == document_type))


_BUSINESS_IN_INDIA = Offer(
    documents=(
        _document(
            "identity_proof",
            "Identity Proof",
            ["passport", "national_id", "aadhaar"],
            "Government-issued photo ID of authorized representative",
        ),
        _document(
            "address_proof",
            "Address Proof",
            ["utility_bill", "bank_statement"],
            "Document dated within 3 months showing business address",
        ),
        _document(
            "business_registration",
            "Business Registration",
            ["certificate_of_incorporation", "gst_certificate"],
            "Official company registration document",
        ),
    ),
    fields=(
        _field("business_name", "Business Name", 255),
        _field("registration_number", "Registration Number", 50),
        _field("address.line1", "Address Line 1", 255),
        _field("address.city", "City", 100),
        _field("address.postal_code", "Postal Code", 10),
        _field("address.country", "Country", 2, 2),
    ),
    review_days=3,
)

OFFERS: Mapping[str, Mapping[str, Mapping[str, Offer]]] = {
    "IN": {"local": {"business": _BUSINESS_IN_INDIA}, "mobile": {"business": _BUSINESS_IN_INDIA}}
}


def requirements_of(country_iso: str, number_type: str | None, user_type: str | None, form: str = "") -> dict[str, Any]:
    """The tree of the API's document, filtered, in one of `FORMS`; RefusedError (404) when nothing is left."""
    number_types = list(_number_types(OFFERS.get(country_iso, {}), number_type, user_type))
    if not number_types:
        wanted = ", ".join(word for word in (country_iso, number_type, user_type) if word)
        raise RefusedError("not_found", f"No requirements found for {wanted}", "country_iso")
    tree = {"country_iso": country_iso, "number_types": number_types}
    return FORMS[form](tree) if form else tree


def _number_types(
    offered: Mapping[str, Mapping[str, Offer]], number_type: str | None, user_type: str | None
) -> Iterator[dict[str, Any]]:
    for offered_number_type, offers in offered.items():
        user_types = [_user_type(name, offer) for name, offer in offers.items() if user_type in (None, name)]
        if number_type in (None, offered_number_type) and user_types:
            yield {"number_type": offered_number_type, "user_types": user_types}


def _user_type(name: str, offer: Offer) -> dict[str, Any]:
    return {
        "user_type": name,
        "required_documents": list(offer.documents),
        "required_fields": list(offer.fields),
        "estimated_review_days": offer.review_days,
    }


def _released(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The released API's answer to the same question: the first combination, flat, its types known by ids."""
    number_type = tree["number_types"][0]
    user_type = number_type["user_types"][0]
    fields = [
        {"friendly_name" if name == "field_label" else name: value for name, value in field.items()}
        for field in user_type["required_fields"]
    ]
    place = {"country_iso": tree["country_iso"], "number_type": number_type["number_type"]}
    return {
        "requirement_id": str(uuid5(NAMESPACE_URL, "-".join(place.values()))),
        **place,
        "user_type": user_type["user_type"],
        "document_types": [
            {
                "document_type_id": str(uuid5(NAMESPACE_URL, document["type"])),
                "name": document["title"],
                "description": document["description"],
                "proof_required": True,
                "required_fields": fields if document["type"] == "business_registration" else [],
            }
            for document in user_type["required_documents"]
        ],
    }


FORMS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "released": _released,
    "both-forms": lambda tree: {**_released(tree), **tree},
    "neither-form": lambda tree: {"country_iso": tree["country_iso"], "rules": [{"rule": "ask the help desk"}]},
    "empty": lambda tree: {},
}
