"""Beta's part of its OpenAPI document, made from the tables of `beta` (see `schemas.Schemas`)."""

from collections.abc import Collection, Mapping
from typing import Any

from bulk_onboard.sandbox.beta import (
    BUSINESS,
    DOCUMENT_STATUS,
    DOCUMENTS,
    FIELDS,
    FILE_FORMATS,
    MEMBER,
    OFFERED,
    OPTIONAL_TEXTS,
    TYPE_AND_HTTP_STATUS,
)
from bulk_onboard.sandbox.checks import NUMBER_TYPES
from bulk_onboard.sandbox.records import REVIEWS
from bulk_onboard.sandbox.schemas import (
    ADDRESS,
    ANY_TEXT,
    ANY_TEXT_OR_NULL,
    FORBIDDEN,
    INSTANT,
    TEXT,
    TEXT_OR_NULL,
    UUID,
    WHOLE,
    Json,
    between,
    callback_members,
    closed,
    file_part,
    form,
    linked_numbers,
    list_of,
    one_of,
    opened,
    ref,
    told,
)

_URL = r"^https?://"


class BetaSchemas:
    """What the document says under the beta."""

    file_formats = FILE_FORMATS
    record_at, document_at = "/compliance_id", "/documents/0/id"

    def requirements_query(self) -> Mapping[str, tuple[Json, bool]]:
        """Return three filters, none of which has to be there."""
        number_types = dict.fromkeys(word for words in OFFERED.values() for word in words)
        words = {"country_iso": one_of(OFFERED), "number_type": one_of(number_types), "user_type": one_of([BUSINESS])}
        return {name: (schema, False) for name, schema in words.items()}

    def requirements(self) -> Json:
        """Return the tree of what is offered."""
        document = {"title": ANY_TEXT, "type": one_of(DOCUMENTS), "accepted_formats": list_of(ANY_TEXT)}
        field = {
            "field_name": one_of(field["field_name"] for field in FIELDS),
            "field_label": ANY_TEXT,
            "required": {"type": "boolean"},
            "field_type": one_of(field["field_type"] for field in FIELDS),
            "max_length": WHOLE,
            "min_length": WHOLE,
        }
        user_type = {
            "user_type": one_of([BUSINESS]),
            "required_documents": list_of(closed({**document, "description": ANY_TEXT})),
            "required_fields": list_of(closed(field)),
            "estimated_review_days": WHOLE,
        }
        number_type = {"number_type": one_of(NUMBER_TYPES), "user_types": list_of(closed(user_type))}
        return told(country_iso=one_of(OFFERED), number_types=list_of(closed(number_type), minItems=1))

    def created(self) -> Json:
        """Return a form with each document once and a file for each."""
        members = {
            "country_iso": one_of(OFFERED),
            "number_type": one_of(NUMBER_TYPES),
            "alias": TEXT_OR_NULL,
            "end_user": _end_user(whole=True),
            "documents": _documents(least=1),
            **callback_members(_URL),
        }
        data = opened(members, ("country_iso", "number_type", "end_user", "documents"))
        data["anyOf"] = [
            {"properties": {"country_iso": {"const": country}, "number_type": {"enum": list(number_types)}}}
            for country, number_types in OFFERED.items()
        ]
        return form(data, len(DOCUMENTS), required=[file_part(place) for place in range(len(DOCUMENTS))])

    def changed(self) -> Json:
        """Return a form with some of the documents, as many files as documents, and some of the members."""
        members = {
            "country_iso": one_of(OFFERED),
            "number_type": one_of(NUMBER_TYPES),
            "alias": TEXT,
            "end_user": _end_user(whole=False),
            "documents": _documents(least=0),
        }
        counts = [_with_files(count) for count in range(len(DOCUMENTS) + 1)]
        return form(opened(members), len(DOCUMENTS), anyOf=counts)

    def record(self, *, in_list: bool) -> Json:
        """Return a record; lists show the whole of it, too."""
        del in_list
        members = {
            "compliance_id": UUID,
            "alias": ANY_TEXT_OR_NULL,
            "status": one_of(REVIEWS),
            "country_iso": ANY_TEXT,
            "number_type": one_of(NUMBER_TYPES),
            "rejection_reason": ANY_TEXT_OR_NULL,
            "created_at": INSTANT,
            "updated_at": INSTANT,
            "submitted_at": INSTANT,
        }
        document = {
            "id": UUID,
            "type": ANY_TEXT,
            "file_name": ANY_TEXT,
            "file_url": ADDRESS,
            "status": one_of((*DOCUMENT_STATUS.values(), "pending")),
        }
        end_user = opened({"id": UUID, "type": ANY_TEXT, "name": ANY_TEXT}, ("id", "type", "name"))
        expanded = {"documents": list_of(closed(document)), "end_user": end_user, "linked_numbers": linked_numbers()}
        return closed(members, expanded)

    def got(self) -> Json:
        """Return the record itself."""
        return ref("Record")

    def updated(self) -> Json:
        """Return the id of the record."""
        return {"compliance_id": UUID}

    def error(self, codes: Collection[str]) -> Json:
        """Return the object of an error."""
        error = {
            "type": one_of(TYPE_AND_HTTP_STATUS[code][0] for code in codes),
            "code": one_of(codes),
            "message": ANY_TEXT,
            "param": ANY_TEXT_OR_NULL,
            "doc_url": ADDRESS,
        }
        return closed({"error": closed(error)})


def _end_user(*, whole: bool) -> Json:
    """Return an end user with all that is asked for, or one with some of it."""
    end_user: Json = opened({"type": one_of([BUSINESS]), "user_type": FORBIDDEN}, ("type",) if whole else ())
    for field in FIELDS:
        schema = between((field["min_length"], field["max_length"]))
        _put(end_user, str(MEMBER.get(field["field_name"], field["field_name"])), schema, required=whole)
    for path in OPTIONAL_TEXTS:
        _put(end_user, path, ANY_TEXT_OR_NULL, required=False)
    return end_user


def _put(schema: Json, path: str, value: Json, *, required: bool) -> None:
    """Add a member at a dotted path, and the objects that lead to it."""
    name, _, rest = path.partition(".")
    if required and name not in schema["required"]:
        schema["required"].append(name)
    if rest:
        _put(schema["properties"].setdefault(name, opened({})), rest, value, required=required)
    else:
        schema["properties"][name] = value


def _documents(*, least: int) -> Json:
    """Return documents of which each type comes once, or at most once where `least` is 0."""
    each_once: list[Any] = [
        {"contains": opened({"type": {"const": kind}}, ("type",)), "minContains": least, "maxContains": 1}
        for kind in DOCUMENTS
    ]
    entry = opened({"type": one_of(DOCUMENTS)}, ("type",))
    return list_of(entry, minItems=least * len(DOCUMENTS), maxItems=len(DOCUMENTS), allOf=each_once)


def _with_files(count: int) -> Json:
    """Return what a form of so many documents looks like."""
    documents = {"documents": {"minItems": count, "maxItems": count}}
    data = {"properties": documents, **({"required": ["documents"]} if count else {})}
    none = {file_part(place): FORBIDDEN for place in range(count, len(DOCUMENTS))}
    return {"properties": {"data": data, **none}, "required": [file_part(place) for place in range(count)]}
