"""The requests that make calls, in whichever contract the API speaks.

See docs/design/wire.md, Two contracts.

Reads, and the frame of every write, are alike in both. What differs stands in `beta` and `released`: the end user and
the documents of a create or update, and the link.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import quote

import msgspec

from bulk_onboard.api.exchange import Part, Request
from bulk_onboard.api.wire import released
from bulk_onboard.api.wire.beta import Beta, Ids
from bulk_onboard.api.wire.decode import decode
from bulk_onboard.api.wire.parse import MalformedError, Members, members, says_error
from bulk_onboard.api.wire.released import Released
from bulk_onboard.model import call as calls
from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.requirements import Contract, RequirementsAnswer

T = TypeVar("T")

_COLLECTION = "PhoneNumber/Compliance/"
_NUMBERS = "Number/"
_MOST_NUMBERS = 20  # on a page; the API gives no more
_EXTENSIONS = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}
_SHORTEST_KNOWN_ID = 8  # characters; a shorter one may be any word of a sentence
_LONGEST_FILE_NAME = 99  # characters (docs/design/wire.md, Files)


class Vocabulary(Protocol):
    """What the writes of one contract hold."""

    def end_user(self, application: Application, is_update: bool, /) -> dict[str, Any]:
        """Return the member `end_user` of a create or an update."""
        ...

    def documents(self, application: Application, ids: Ids, /) -> list[dict[str, Any]]:
        """Return the member `documents`."""
        ...

    def link(self, call: calls.Link, /) -> Request:
        """Return the request that links the call's numbers."""
        ...

    def linked(self, call: calls.Link, body: Members, /) -> Mapping[str, calls.LinkAnswer]:
        """Return what a 2xx answer says of each number."""
        ...


_VOCABULARIES: Mapping[Contract, Vocabulary] = {Contract.BETA: Beta(), Contract.RELEASED: Released()}


class Wire:
    """Calls to requests, and answers to values, for one account.

    It learns the contract from the answer about requirements, which every run asks for before it writes; so it does the
    ids of document types, which nobody else needs.

    Args:
        contract: where it is known already.
    """

    def __init__(self, contract: Contract | None = None) -> None:
        self._contract = contract
        self._ids: dict[Any, str] = {}
        self._names: dict[str, str] = {}
        self._an_id = _pattern_of(())

    def encode(self, call: calls.Call[Any]) -> Request:
        """Return the request that makes the call.

        A create or update must hold the bytes of all its documents.
        """
        if call.operation in _READS:
            return _READS[call.operation](call)
        return self._write(call)

    def decode(self, call: calls.Call[T], body: object) -> T:
        """Return what the body of a 2xx answer says.

        Args:
            call: as it was sent.
            body: the answer's JSON; None where there was none, as in the answer to a delete.

        Raises:
            MalformedError: the answer does not hold what the call needs, or speaks of an error.
        """
        if isinstance(call, calls.Link):
            said = members(body)
            if says_error(said) or not (body is None or isinstance(body, dict)):
                raise MalformedError("a success that speaks of an error")
            return cast("T", self._vocabulary.linked(call, said))
        value = decode(call, body)
        if isinstance(value, RequirementsAnswer) and value.contract is not None:
            self._learn(value, members(body))
        return cast("T", self._told(value))

    def with_names(self, sentence: str) -> str:
        """Return what the API says with the names of document types in place of their ids, which people never meet."""
        return self._an_id.sub(lambda found: self._names[found[0].lower()], sentence)

    def _told(self, value: object) -> object:
        """Return a record, or a page of them, whose reviewers speak of document types by name."""
        if not self._names:
            return value
        if isinstance(value, calls.RecordPage):
            return replace(value, records=tuple(map(self._with_named_reason, value.records)))
        return self._with_named_reason(value) if isinstance(value, calls.ServerRecord) else value

    def _with_named_reason(self, record: calls.ServerRecord) -> calls.ServerRecord:
        return replace(record, reason=self.with_names(record.reason)) if record.reason else record

    @property
    def _vocabulary(self) -> Vocabulary:
        if self._contract is None:
            raise AssertionError("requirements are asked for before anything is written")
        return _VOCABULARIES[self._contract]

    def _learn(self, answer: RequirementsAnswer, body: Members) -> None:
        self._contract = answer.contract
        if answer.contract is Contract.RELEASED:
            (offer,) = answer.offered
            ids, names = released.ids_in(body), {document.type: document.title for document in offer.documents}
            self._ids |= {(offer.combination, type_): id_ for type_, id_ in ids.items()}
            self._names |= {id_.lower(): names[type_] for type_, id_ in ids.items() if len(id_) >= _SHORTEST_KNOWN_ID}
            self._an_id = _pattern_of(self._names)

    def _write(self, call: calls.Call[Any]) -> Request:
        match call:
            case calls.Create():
                return Request(method="POST", path=_COLLECTION, parts=tuple(self._parts(call, _place_of(call))))
            case calls.Update():
                return Request(method="PATCH", path=_record_path(call), parts=tuple(self._parts(call, {})))
            case calls.Delete():
                return Request(method="DELETE", path=_record_path(call))
            case calls.Link():
                return self._vocabulary.link(call)
        raise AssertionError(f"{call.operation} is not a write")

    def _parts(self, call: calls.Create | calls.Update, place: Mapping[str, Any]) -> Iterator[Part]:
        """Yield the form: `data`, then each document's bytes under its position.

        A document without a file is passed over, and leaves a gap in the positions.

        See docs/design/wire.md, Decisions.
        """
        application = call.application
        data = {
            **place,
            "alias": call.alias,
            "end_user": self._vocabulary.end_user(application, isinstance(call, calls.Update)),
            "documents": self._vocabulary.documents(application, self._ids),
        }
        if application.callback_url and isinstance(call, calls.Create):
            data["callback_url"] = application.callback_url
        yield Part(name="data", body=msgspec.json.encode(data))
        for position, (document, body) in enumerate(zip(application.documents, call.files, strict=True)):
            if body is not None:
                yield Part(
                    name=f"documents[{position}].file",
                    body=body,
                    file_name=_file_name(document),
                    media_type=document.media_type,
                )


def _pattern_of(ids: Iterable[str]) -> re.Pattern[str]:
    """Return what finds these ids in a sentence; nothing where there are none."""
    either = "|".join(map(re.escape, ids)) or "(?!)"
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)


def _place_of(call: calls.Create) -> dict[str, Any]:
    """Return the members that cannot change later."""
    country_iso, number_type, _ = call.application.combination
    return {"country_iso": country_iso, "number_type": number_type}


def _fetch_requirements(call: calls.FetchRequirements) -> Request:
    return Request(method="GET", path=f"{_COLLECTION}Requirements/", query=call.combination._asdict())


def _get(call: calls.Get) -> Request:
    query = {"expand": ",".join(call.expand)} if call.expand else {}
    return Request(method="GET", path=_record_path(call), query=query)


def _list(call: calls.ListPage) -> Request:
    return Request(method="GET", path=_COLLECTION, query=call.query)


def _get_number(call: calls.GetNumber) -> Request:
    return Request(method="GET", path=f"{_NUMBERS}{quote(call.number, safe='')}/")


def _list_numbers(call: calls.ListNumbers) -> Request:
    query = {"limit": str(_MOST_NUMBERS), "offset": str(call.offset)}
    return Request(method="GET", path=_NUMBERS, query=query)


_READS: Mapping[calls.Operation, Callable[[Any], Request]] = {
    calls.Operation.REQUIREMENTS: _fetch_requirements,
    calls.Operation.GET: _get,
    calls.Operation.LIST: _list,
    calls.Operation.NUMBER: _get_number,
    calls.Operation.NUMBERS: _list_numbers,
}


def _record_path(call: calls.Get | calls.Update | calls.Delete) -> str:
    return f"{_COLLECTION}{quote(call.compliance_id, safe='')}/"


def _file_name(document: Document) -> str:
    """Return a file name made of the document's name; the user's may be personal data."""
    extension = _EXTENSIONS.get(document.media_type, "")
    stem = re.sub(r"[^A-Za-z0-9_-]", "_", document.type)[: _LONGEST_FILE_NAME - len(extension)]
    return stem + extension
