"""What the OpenAPI documents of both contracts have in common: words of JSON Schema, and what a contract has to add.

What is sent is described as it is checked, so unknown members are open where they are ignored and forbidden where they
are refused. What is answered is described in full: nothing may be there that is not told.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from bulk_onboard.sandbox.checks import CALLBACK_METHODS, FILE_LIMIT, NUMBER_TYPES

Json = dict[str, Any]

# Python's blanks; some of them are none to a regular expression of JavaScript.
TEXT: Json = {"type": "string", "pattern": r"[^\s\x1c-\x1f\x85]"}
TEXT_OR_NULL: Json = {**TEXT, "type": ["string", "null"]}
ANY_TEXT: Json = {"type": "string"}
ANY_TEXT_OR_NULL: Json = {"type": ["string", "null"]}
WHOLE: Json = {"type": "integer", "minimum": 0}
UUID: Json = {"type": "string", "format": "uuid"}
INSTANT: Json = {"type": "string", "format": "date-time"}
ADDRESS: Json = {"type": "string", "format": "uri"}
FILE: Json = {"type": "string", "contentMediaType": "application/octet-stream", "minLength": 1, "maxLength": FILE_LIMIT}
FORBIDDEN = False


class Schemas(Protocol):
    """What the document of one contract says about forms, and about answers that differ between the contracts.

    Attributes:
        file_formats: the media types of files.
        record_at, document_at: where in the answer to a GET the ids of a record and of its first document are.
    """

    @property
    def file_formats(self) -> Collection[str]: ...
    @property
    def record_at(self) -> str: ...
    @property
    def document_at(self) -> str: ...

    def requirements_query(self) -> Mapping[str, tuple[Json, bool]]:
        """Return the parameters of Requirements: the schema of each, and whether it has to be there."""

    def requirements(self) -> Json:
        """Return the answer to Requirements."""

    def created(self) -> Json:
        """Return the multipart body of a create; its property `data` is the JSON object in the part of that name."""

    def changed(self) -> Json:
        """Return the multipart body of an update."""

    def record(self, *, in_list: bool) -> Json:
        """Return a record as it is shown, whatever of it is expanded."""

    def got(self) -> Json:
        """Return the answer to a GET of a record, which refers to `Record`."""

    def updated(self) -> Json:
        """Return what the answer to an update has beside its message; it may refer to `Record`."""

    def error(self, codes: Collection[str]) -> Json:
        """Return the body of a refusal for one of these reasons, which have one HTTP status."""


def one_of(words: Iterable[str]) -> Json:
    """Return the schema of a text that is one of these words."""
    return {"type": "string", "enum": list(dict.fromkeys(words))}


def between(lengths: tuple[int, int] | None, schema: Json = TEXT) -> Json:
    """Return the schema of a text of so many characters."""
    return schema if lengths is None else {**schema, "minLength": lengths[0], "maxLength": lengths[1]}


def opened(properties: Mapping[str, Any], required: Iterable[str] = ()) -> Json:
    """Return the schema of an object that may have other members, too."""
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def closed(properties: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Json:
    """Return the schema of an object that has these members and no others, the optional ones or not."""
    every = {**properties, **(optional or {})}
    return {**opened(every, properties), "additionalProperties": False}


def list_of(items: Json, **more: Any) -> Json:
    """Return the schema of an array."""
    return {"type": "array", "items": items, **more}


def told(**members: Any) -> Json:
    """Return the schema of an answer that carries an `api_id`."""
    return closed({"api_id": UUID, **members})


def said(message: str, **members: Any) -> Json:
    """Return the schema of an answer with this message."""
    return told(message={"const": message}, **members)


def ref(name: str) -> Json:
    """Return a reference to a schema among the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def file_part(place: int) -> str:
    """Return the name of the part with the file of the document at this place."""
    return f"documents[{place}].file"


def form(data: Json, files: int, *, required: Iterable[str] = (), **more: Any) -> Json:
    """Return the schema of a multipart body with `data` and at most so many files; other parts are refused."""
    parts = {"data": data, **{file_part(place): FILE for place in range(files)}}
    return {**opened(parts, ("data", *required)), "additionalProperties": False, **more}


def callback_members(url_pattern: str) -> Json:
    """Return the members of `data` that say where callbacks go."""
    url = {"type": ["string", "null"], "pattern": url_pattern}
    return {"callback_url": url, "callback_method": one_of(CALLBACK_METHODS)}


def linked_numbers() -> Json:
    """Return the numbers of a record, as it is expanded."""
    return list_of(closed({"number": ANY_TEXT, "number_type": one_of(NUMBER_TYPES)}))
