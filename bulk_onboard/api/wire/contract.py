"""Wire contracts: what one is, and the one of the API's document.

See docs/design/wire.md, Decisions.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from bulk_onboard.api.exchange import Part, Request
from bulk_onboard.api.wire.decode import decode
from bulk_onboard.model import call as calls
from bulk_onboard.model.application import Application, Document

T = TypeVar("T")

_COLLECTION = "PhoneNumber/Compliance/"
_END_USER_NAMES = {"business_name": "name"}  # a requirement's field -> its place in the end user, where they differ
_EXTENSIONS = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}
_LONGEST_FILE_NAME = 99  # characters (docs/design/wire.md, Files)


class Contract(Protocol):
    """One vocabulary of the API (docs/design/wire.md, Decisions)."""

    def encode(self, call: calls.Call[Any]) -> Request:
        """Return the request that makes the call.

        A create or update must hold the bytes of all its documents.
        """
        ...

    def decode(self, call: calls.Call[T], body: object) -> T:
        """Return what the body of a 2xx answer says.

        `body` is its JSON, None where there was no body, as in the answer to a delete.

        Raises:
            MalformedError: the answer does not hold what the call needs, or speaks of an error.
        """
        ...


class Beta:
    """The contract of the API's document."""

    def encode(self, call: calls.Call[Any]) -> Request:
        return _ENCODERS[call.operation](call)

    def decode(self, call: calls.Call[T], body: object) -> T:
        return decode(call, body)


def _fetch_requirements(call: calls.FetchRequirements) -> Request:
    return Request(method="GET", path=f"{_COLLECTION}Requirements/", query=call.combination._asdict())


def _create(call: calls.Create) -> Request:
    application = call.application
    country_iso, number_type, _ = application.combination
    data: dict[str, Any] = {"country_iso": country_iso, "number_type": number_type}
    data |= _content(call.alias, application)
    if application.callback_url:
        data["callback_url"] = application.callback_url
    return Request(method="POST", path=_COLLECTION, parts=tuple(_parts(data, application, call.files)))


def _update(call: calls.Update) -> Request:
    data = _content(call.alias, call.application)
    path = _record_path(call.compliance_id)
    return Request(method="PATCH", path=path, parts=tuple(_parts(data, call.application, call.files)))


def _get(call: calls.Get) -> Request:
    query = {"expand": ",".join(call.expand)} if call.expand else {}
    return Request(method="GET", path=_record_path(call.compliance_id), query=query)


def _list(call: calls.ListPage) -> Request:
    return Request(method="GET", path=_COLLECTION, query=call.query)


def _delete(call: calls.Delete) -> Request:
    return Request(method="DELETE", path=_record_path(call.compliance_id))


def _link(call: calls.Link) -> Request:
    body = msgspec.json.encode({"compliance_id": call.compliance_id})
    return Request(method="POST", path=_number_path(call.number), json=body)


def _get_number(call: calls.GetNumber) -> Request:
    return Request(method="GET", path=_number_path(call.number))


_ENCODERS: Mapping[calls.Operation, Callable[[Any], Request]] = {
    calls.Operation.REQUIREMENTS: _fetch_requirements,
    calls.Operation.CREATE: _create,
    calls.Operation.GET: _get,
    calls.Operation.LIST: _list,
    calls.Operation.UPDATE: _update,
    calls.Operation.DELETE: _delete,
    calls.Operation.LINK: _link,
    calls.Operation.NUMBER: _get_number,
}


def _record_path(compliance_id: str) -> str:
    return f"{_COLLECTION}{quote(compliance_id, safe='')}/"


def _number_path(number: str) -> str:
    return f"Number/{quote(number, safe='')}/"


def _content(alias: str, application: Application) -> dict[str, Any]:
    """Return the members that a create and an update have in common."""
    documents = [{"type": document.type} for document in application.documents]
    return {"alias": alias, "end_user": _end_user(application), "documents": documents}


def _end_user(application: Application) -> dict[str, Any]:
    """Return the filled fields, nested: `address.line1` is in an object `address`."""
    end_user: dict[str, Any] = {"type": application.combination.user_type}
    for name, value in application.fields.items():
        if value:
            *outer, last = _END_USER_NAMES.get(name, name).split(".")
            place = end_user
            for word in outer:
                place = place.setdefault(word, {})
            place[last] = value
    return end_user


def _parts(data: Mapping[str, Any], application: Application, files: tuple[bytes, ...]) -> Iterator[Part]:
    """Yield the form: `data`, then each document's bytes under its position.

    See docs/design/wire.md, Decisions.
    """
    yield Part(name="data", body=msgspec.json.encode(data))
    for position, (document, body) in enumerate(zip(application.documents, files, strict=True)):
        yield Part(
            name=f"documents[{position}].file",
            body=body,
            file_name=_file_name(document),
            media_type=document.media_type,
        )


def _file_name(document: Document) -> str:
    """Return a file name of the document's type; the user's may be personal data."""
    extension = _EXTENSIONS.get(document.media_type, "")
    stem = re.sub(r"[^A-Za-z0-9_-]", "_", document.type)[: _LONGEST_FILE_NAME - len(extension)]
    return stem + extension
