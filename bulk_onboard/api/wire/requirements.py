"""The three shapes of requirements (wire.md 6.1; 11, 7), each member under any of its names.

    {"number_types": [{"user_types": [{"required_documents", "required_fields"}]}]}     one answer, all combinations
    {"number_type", "user_type", "required_documents", "required_fields"}               one combination
    {"number_type", "user_type", "document_types": [{"required_fields"}]}               the released API

A list that is there and empty means that nothing is required; without any list the answer is malformed, lest a
missing word be taken for "no documents".
"""

from collections.abc import Iterator
from typing import Any

from bulk_onboard.api.wire.parse import MalformedError, Members, members, text, whole
from bulk_onboard.model.call import FetchRequirements
from bulk_onboard.model.requirements import Combination, DocumentRequirement, FieldRequirement, Requirements


def read_requirements(call: FetchRequirements, body: Members) -> tuple[Requirements, ...]:
    """The requirements of every combination the answer tells; what it does not name is what was asked for."""
    country = {"country_iso": body.get("country_iso")}
    return tuple(_requirements(call.combination, {**country, **offer}) for offer in _offers(body))


def _offers(body: Members) -> Iterator[Members]:
    """Each combination as a flat object."""
    if body.get("number_types") is None:
        yield body
        return
    for number_type in _objects(body, "number_types"):
        for user_type in _objects(number_type, "user_types"):
            yield {"number_type": number_type.get("number_type"), **user_type}


def _requirements(asked: Combination, offer: Members) -> Requirements:
    if not any(
        isinstance(offer.get(name), list) for name in ("required_documents", "required_fields", "document_types")
    ):
        raise MalformedError("requirements that name neither documents nor fields")
    kinds = _objects(offer, "document_types")
    fields = [*_objects(offer, "required_fields", "data_fields")]
    fields += [field for kind in kinds for field in _objects(kind, "required_fields", "data_fields")]
    documents = [*_objects(offer, "required_documents"), *(k for k in kinds if k.get("proof_required") is not False)]
    return Requirements(
        combination=Combination(
            country_iso=(text(offer, "country_iso") or asked.country_iso).upper(),
            number_type=(text(offer, "number_type") or asked.number_type).lower(),
            user_type=(text(offer, "user_type") or asked.user_type).lower(),
        ),
        fields=tuple({field.name: field for field in map(_field, fields)}.values()),
        documents=tuple(_document(document) for document in documents),
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
    kind = text(shown, "type", "document_type_id", "document_type")
    if not kind:
        raise MalformedError("a required document without its type")
    return DocumentRequirement(
        type=kind,
        title=text(shown, "title", "name", "document_name", "document_type_name") or kind,
        kinds=_words(shown.get("accepted_formats")),
        description=text(shown, "description"),
    )


def _words(shown: object) -> tuple[str, ...]:
    """The words of a list, or of a text with commas (wire.md 6.1)."""
    words = shown.split(",") if isinstance(shown, str) else shown if isinstance(shown, list) else []
    return tuple(word.strip() for word in words if isinstance(word, str) and word.strip())


def _objects(of: Members, *names: str) -> list[Members]:
    """The objects of the first list under these names; MalformedError where something else stands there."""
    shown: Any = next((of[name] for name in names if of.get(name) is not None), [])
    if not isinstance(shown, list) or not all(isinstance(value, dict) for value in shown):
        raise MalformedError(f"{names[0]} is not a list of objects")
    return [members(value) for value in shown]
