"""The released contract's part of its OpenAPI document, made from the tables of `released` and
`released_requirements` (see `schemas.Schemas`).
"""

import json
from collections.abc import Collection, Mapping

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.behaviours import Asking
from bulk_onboard.sandbox.checks import CALLBACK_METHODS, NUMBER_TYPES, USER_TYPES
from bulk_onboard.sandbox.released import ADDRESS as ADDRESS_MEMBERS
from bulk_onboard.sandbox.released import FILE_FORMATS, FIXED, STATUS, TEXTS, Released
from bulk_onboard.sandbox.released_requirements import (
    DATE,
    ENUM,
    OFFERED,
    STRING,
    DataField,
    DocumentType,
    Types,
    offered,
)
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

_URL = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[A-Za-z0-9._~/-]*)?$"
_SENTENCE = {"type": "string", "pattern": r"\.$"}


class ReleasedSchemas:
    """What the document says under the released contract, about the types that are asked for now."""

    file_formats = FILE_FORMATS
    record_at, document_at = "/compliance/compliance_id", "/compliance/documents/0/document_id"

    def __init__(self, asking: Asking) -> None:
        self._epoch = asking.epoch
        self._offered = {place: offered(*place, asking) or () for place in OFFERED}
        self._most = max(map(len, self._offered.values()))

    def requirements_query(self) -> Mapping[str, tuple[Json, bool]]:
        """Return three parameters, all of which have to be there."""
        countries = one_of(country for country, *_ in OFFERED)
        words = {"country_iso": countries, "number_type": one_of(NUMBER_TYPES), "user_type": one_of(USER_TYPES)}
        return {name: (schema, True) for name, schema in words.items()}

    def requirements(self) -> Json:
        """Return what one combination needs."""
        types = dict.fromkeys(kind for types in self._offered.values() for kind in types)
        field = {
            "field_name": one_of(field.name for kind in types for field in kind.fields),
            "friendly_name": ANY_TEXT,
            "field_type": one_of((STRING, DATE, ENUM)),
            "required": {"type": "boolean"},
        }
        optional = {"help_text": TEXT, "format": TEXT, "enums": TEXT, "min_length": WHOLE, "max_length": WHOLE}
        document_type = {
            "document_type_id": one_of(kind.id(self._epoch) for kind in types),
            "name": one_of(kind.name for kind in types),
            "description": ANY_TEXT,
            "proof_required": {"type": "boolean"},
            "required_fields": list_of(closed(field, optional)),
        }
        return told(
            requirement_id=UUID,
            country_iso=one_of(country for country, *_ in OFFERED),
            number_type=one_of(NUMBER_TYPES),
            user_type=one_of(USER_TYPES),
            document_types=list_of(closed(document_type)),
        )

    def created(self) -> Json:
        """Return a form for one of the combinations that are offered."""
        members = {
            "country_iso": one_of(country for country, *_ in OFFERED),
            "number_type": one_of(NUMBER_TYPES),
            "alias": TEXT,
            "end_user": _end_user(whole=True),
            "documents": list_of({"type": "object"}),
            **callback_members(_URL),
        }
        data = opened(members, ("country_iso", "number_type", "alias", "end_user"))
        return form(data, self._most, anyOf=[self._filed(place, types) for place, types in self._offered.items()])

    def _filed(self, place: tuple[str, str, str], types: Types) -> Json:
        """Return what a form for one combination looks like."""
        country_iso, number_type, user_type = place
        members = {
            "country_iso": {"const": country_iso},
            "number_type": {"const": number_type},
            "end_user": {"properties": {"type": {"const": user_type}}},
        }
        return self._with_documents(types, members)

    def changed(self) -> Json:
        """Return a form without documents, or with all that the combination of the record needs."""
        members = {
            **dict.fromkeys(FIXED, FORBIDDEN),
            "alias": TEXT_OR_NULL,
            "end_user": _end_user(whole=False),
            "documents": list_of({"type": "object"}),
            **callback_members(_URL),
        }
        none = {"properties": {"data": {"properties": {"documents": FORBIDDEN}}, **self._no_files(0)}}
        every = dict.fromkeys(types for types in self._offered.values())
        return form(opened(members), self._most, anyOf=[none, *(self._with_documents(types, {}) for types in every)])

    def _with_documents(self, types: Types, members: Json) -> Json:
        """Return what a form with all of these documents looks like, in any order; others are not among them."""
        entries = [self._entry(kind) for kind in types]
        documents: Json = {"minItems": len(types), "maxItems": len(types)}
        if types:
            documents["items"] = {"anyOf": entries}
            documents["allOf"] = [
                {"contains": opened({"document_type_id": {"const": kind.id(self._epoch)}}, ("document_type_id",))}
                for kind in types
            ]
        data = {"properties": {**members, "documents": documents}, **({"required": ["documents"]} if types else {})}
        parts = {"data": data, **self._no_files(len(types))}
        if all(kind.proof_required for kind in types):
            return {"properties": parts, "required": [file_part(place) for place in range(len(types))]}
        return {"properties": parts, "allOf": [self._file_where_needed(types, place) for place in range(len(types))]}

    def _file_where_needed(self, types: Types, place: int) -> Json:
        """Return that there is a file at a place, or a document that needs none."""
        needless = [kind.id(self._epoch) for kind in types if not kind.proof_required]
        entry = {"properties": {"document_type_id": {"enum": needless}}}
        documents = {"prefixItems": [*[True] * place, entry]}
        return {
            "anyOf": [
                {"required": [file_part(place)]},
                {"properties": {"data": {"properties": {"documents": documents}}}},
            ]
        }

    def _no_files(self, since: int) -> Json:
        return {file_part(place): FORBIDDEN for place in range(since, self._most)}

    def _entry(self, kind: DocumentType) -> Json:
        """Return a document as it is sent: its type by id, and what is to be told of it."""
        required = [field.name for field in kind.fields if field.required]
        data_fields: Json = {
            **opened({field.name: _value(field) for field in kind.fields}, required),
            "type": "object" if required else ["object", "null"],
            "additionalProperties": False,
        }
        members = {"document_type_id": {"const": kind.id(self._epoch)}, "type": FORBIDDEN, "data_fields": data_fields}
        return opened(members, ("document_type_id", *(("data_fields",) if required else ())))

    def record(self, *, in_list: bool) -> Json:
        """Return a record; lists leave out where callbacks go."""
        members = {
            "compliance_id": UUID,
            "alias": ANY_TEXT,
            "status": one_of(STATUS.values()),
            "country_iso": ANY_TEXT,
            "number_type": one_of(NUMBER_TYPES),
            "user_type": one_of(USER_TYPES),
            "created_at": INSTANT,
            "updated_at": INSTANT,
        }
        callback = {} if in_list else {"callback_url": ANY_TEXT, "callback_method": one_of(CALLBACK_METHODS)}
        return closed(members, {"rejection_reason": TEXT, **callback, **_expanded()})

    def got(self) -> Json:
        """Return the record in its wrapper."""
        return told(compliance=ref("Record"))

    def updated(self) -> Json:
        """Return the record in its wrapper."""
        return {"compliance": ref("Record")}

    def error(self, codes: Collection[str]) -> Json:
        """Return one sentence, with an `api_id` where the contract gives one."""
        shown = json.loads(Released().refusal(RefusedError(next(iter(codes)), "")).body)
        return closed({**({"api_id": UUID} if "api_id" in shown else {}), "error": _SENTENCE})


def _expanded() -> Json:
    texts = dict.fromkeys((*TEXTS, *ADDRESS_MEMBERS), ANY_TEXT)
    named = {"end_user_id": UUID, "type": one_of(USER_TYPES), "name": texts.pop("name")}
    document = {
        "document_id": UUID,
        "document_type_id": UUID,
        "document_name": ANY_TEXT,
        "file_name": ANY_TEXT_OR_NULL,
        "meta_information": {"type": "object"},
        "download_url": {**ADDRESS, "type": ["string", "null"]},
        "created_at": INSTANT,
    }
    return {
        "documents": list_of(closed(document)),
        "end_user": closed(named, texts),
        "linked_numbers": linked_numbers(),
    }


def _end_user(*, whole: bool) -> Json:
    """Return an end user with its type and name, or one with some members and no type, which stays as it is."""
    texts = dict.fromkeys((*TEXTS, *ADDRESS_MEMBERS), ANY_TEXT_OR_NULL)
    named = {"type": one_of(USER_TYPES) if whole else FORBIDDEN, **texts, "name": TEXT}
    return opened({**named, "user_type": FORBIDDEN, "address": FORBIDDEN}, ("type", "name") if whole else ())


def _value(field: DataField) -> Json:
    """Return what may stand in a data field; null stands for nothing, where it may be left out."""
    schema: Json = between(field.lengths, TEXT if field.required else ANY_TEXT)
    if field.field_type == ENUM:
        schema = one_of(field.enums.split(","))
    if field.field_type == DATE:
        schema = {"type": "string", "format": "date"}
    return schema if field.required else {"anyOf": [schema, {"type": "null"}]}
