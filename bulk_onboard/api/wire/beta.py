"""The contract of the API's document, its private beta: nested addresses, documents by a word for their type.

No other module has its words (docs/design/wire.md, Two contracts).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bulk_onboard.api.exchange import Request
from bulk_onboard.api.wire.parse import MalformedError, Members, objects, text, whole, words
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Link, LinkAnswer
from bulk_onboard.model.record import Review
from bulk_onboard.model.requirements import Combination, DocumentRequirement, FieldRequirement, Requirements

Ids = Mapping[tuple[Combination, str], str]
"""The API's ids of document types, by combination and our name; only the released contract has them."""

TREE = "number_types"
SHOWN_BY = ("required_documents", "required_fields")
"""Members that a combination has in this form of requirements; `TREE` holds several combinations."""

REVIEWS: Mapping[str, Review] = {
    "pending_review": Review.PENDING,
    "approved": Review.APPROVED,
    "rejected": Review.REJECTED,
    "more_info_required": Review.MORE_INFO,
}

_END_USER_NAMES = {"business_name": "name"}  # a requirement's field -> its place in the end user, where they differ


class Beta:
    """What writes hold in this contract."""

    def end_user(self, application: Application, _is_update: bool, /) -> dict[str, Any]:
        """Return the end user, nested: `address.line1` is in an object `address`."""
        end_user: dict[str, Any] = {"type": application.combination.user_type}
        for name, value in application.fields.items():
            if value:
                *outer, last = _END_USER_NAMES.get(name, name).split(".")
                place = end_user
                for word in outer:
                    place = place.setdefault(word, {})
                place[last] = value
        return end_user

    def documents(self, application: Application, _ids: Ids, /) -> list[dict[str, Any]]:
        """Return the documents, each with the word for its type."""
        return [{"type": document.type} for document in application.documents]

    def link(self, call: Link, /) -> Request:
        """Return the request that links one number."""
        (target,) = call.targets
        body = msgspec.json.encode({"compliance_id": target.compliance_id})
        return Request(method="POST", path=f"Number/{target.number}/", json=body)

    def linked(self, call: Link, _body: Members, /) -> Mapping[str, LinkAnswer]:
        """Return what a success says: the number is linked."""
        return {target.number: LinkAnswer(True) for target in call.targets}


# Requirements: the document shows one answer with all combinations, and describes one with a single one, flat.


def offers_in(body: Members) -> Iterator[Members]:
    """Yield each combination of an answer as a flat object.

    Raises:
        MalformedError: a list in it is none.
    """
    if body.get(TREE) is None:
        yield body
        return
    country = {"country_iso": body.get("country_iso")}
    for number_type in objects(body, TREE):
        for user_type in objects(number_type, "user_types"):
            yield {**country, "number_type": number_type.get("number_type"), **user_type}


def requirements_in(asked: Combination, offer: Members) -> Requirements:
    """Return the requirements of a flat object; parts of the combination that it leaves out are those asked for.

    Raises:
        MalformedError: something in it is not what it must be.
    """
    fields = {field.name: field for field in map(_field, objects(offer, "required_fields"))}
    return Requirements(
        combination=Combination(
            country_iso=(text(offer, "country_iso") or asked.country_iso).upper(),
            number_type=(text(offer, "number_type") or asked.number_type).lower(),
            user_type=(text(offer, "user_type") or asked.user_type).lower(),
        ),
        fields=tuple(fields.values()),
        documents=tuple(map(_document, objects(offer, "required_documents"))),
        review_days=whole(offer.get("estimated_review_days")),
    )


def _field(shown: Members) -> FieldRequirement:
    name = text(shown, "field_name", "name")
    if not name:
        raise MalformedError("a required field without its name")
    return FieldRequirement(
        name=name,
        label=text(shown, "field_label", "friendly_name") or name,
        required=shown.get("required") is not False,
        min_length=whole(shown.get("min_length")),
        max_length=whole(shown.get("max_length")),
        field_type=text(shown, "field_type") or "string",
    )


def _document(shown: Members) -> DocumentRequirement:
    kind = text(shown, "type", "document_type")
    if not kind:
        raise MalformedError("a required document without its type")
    return DocumentRequirement(
        type=kind,
        title=text(shown, "title", "name", "document_name", "document_type_name") or kind,
        description=text(shown, "description"),
        kinds=words(shown.get("accepted_formats")),
    )
