"""The contract that the API ships since April 2026: flat addresses, documents by ids, links in bulk.

No other module has its words, and the ids of document types go no further than here and `contract`
(docs/design/wire.md, Two contracts).
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from bulk_onboard.api.exchange import Request
from bulk_onboard.api.wire.beta import Ids
from bulk_onboard.api.wire.parse import Members, digits, members, objects, text, whole, words
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Link, LinkAnswer, Operation
from bulk_onboard.model.record import Review
from bulk_onboard.model.requirements import Combination, DocumentRequirement, FieldRequirement, Requirements
from bulk_onboard.model.sheet import BUSINESS_NAME, LAST_NAME

COLLECTION = "PhoneNumber/Compliance/"

SHOWN_BY = ("requirement_id", "document_types")
"""Members that requirements have in this form; one answer is about one combination."""

RECORD_ID = "compliance_application_id"
"""What a number, and some callbacks, call a record's id."""

REVIEWS: Mapping[str, Review] = {
    "draft": Review.DRAFT,
    "submitted": Review.PENDING,
    "accepted": Review.APPROVED,
    "rejected": Review.REJECTED,
    "suspended": Review.SUSPENDED,
    "expired": Review.EXPIRED,
}

_END_USER_NAMES = {  # our name of a field -> the member of the end user, where they differ
    BUSINESS_NAME: "name",
    "address.line1": "address_line1",
    "address.line2": "address_line2",
    "address.city": "city",
    "address.state": "state",
    "address.postal_code": "postal_code",
    "address.country": "country",
}


class Released:
    """What writes hold in this contract."""

    def end_user(self, application: Application, is_update: bool, /) -> dict[str, Any]:
        """Return the end user, flat; its type cannot be changed, and an update that has one is refused."""
        end_user = {} if is_update else {"type": application.combination.user_type}
        filled = {_END_USER_NAMES.get(name, name): value for name, value in application.fields.items() if value}
        return end_user | filled

    def documents(self, application: Application, ids: Ids, /) -> list[dict[str, Any]]:
        """Return the documents, each with the id of its type and its filled fields."""
        documents = []
        for document in application.documents:
            shown: dict[str, Any] = {"document_type_id": ids[application.combination, document.type]}
            if filled := {name: value for name, value in document.fields.items() if value}:
                shown["data_fields"] = filled
            documents.append(shown)
        return documents

    def link(self, call: Link, /) -> Request:
        """Return the request that links all numbers of the call."""
        numbers = [{"number": f"+{target.number}", RECORD_ID: target.compliance_id} for target in call.targets]
        return Request(method="POST", path=f"{COLLECTION}Link/", json=msgspec.json.encode({"numbers": numbers}))

    def linked(self, call: Link, body: Members, /) -> Mapping[str, LinkAnswer]:
        """Return what the report says of each number of the call.

        Nothing is believed of a number that the report leaves out, names twice with different outcomes, or calls by an
        unknown word; nor of any, where the counts contradict the lines. A failure's words are kept even then: they are
        the reason if the number turns out not to be linked.
        """
        rows = [members(row) for row in body["report"]] if isinstance(body.get("report"), list) else []
        said: dict[str, set[LinkAnswer]] = {}
        for row in rows:
            said.setdefault(_number_in(text(row, "number")), set()).add(_line(row))
        asked = [target.number for target in call.targets]
        told = {number: _agreed(said.get(number, set())) for number in asked}
        if _is_consistent(body, rows, left_out=sum(number not in said for number in asked), asked=len(asked)):
            return told
        return {number: answer._replace(is_linked=None) for number, answer in told.items()}


# The report of a link: a line for each number, read by number and never by place.

_LINKED = frozenset({"success", "linked"})
_FAILED = "failed"
LINK_FAILED = "link-failed"
"""Our own code for a number that the report calls failed, since the API gives none."""


def _line(row: Members) -> LinkAnswer:
    status, words_said = text(row, "status").strip().lower(), text(row, "remarks", "message")
    if status in _LINKED:
        return LinkAnswer(True)
    if status == _FAILED:
        return LinkAnswer(False, state_error(Operation.LINK, words_said) or LINK_FAILED, words_said)
    return LinkAnswer(None, message=words_said)


def _agreed(lines: set[LinkAnswer]) -> LinkAnswer:
    """Return what all lines about a number say; nothing where they differ in the outcome."""
    if len({line.is_linked for line in lines}) == 1:
        return max(lines)
    refused = [line for line in lines if line.is_linked is False]
    return max(refused)._replace(is_linked=None) if refused else LinkAnswer(None)


def _is_consistent(body: Members, rows: list[Members], *, left_out: int, asked: int) -> bool:
    """Return whether the counts agree with the lines; missing ones contradict nothing."""
    total, updated = whole(body.get("total_count")), whole(body.get("updated_count"))
    linked = sum(_line(row).is_linked is True for row in rows)
    if updated is not None and not linked <= updated <= linked + left_out:
        return False
    return total is None or (total in (asked, len(rows)) and (updated is None or updated <= total))


def _number_in(written: str) -> str:
    """Return a number's digits as we write them: a report may have `+91 22 4888 5512`, or `0091…`."""
    return digits(written).removeprefix("00")


# Refusals are sentences without a code. Which of them are about the record's state shows in their words alone.

_WRONG_STATE = re.compile(
    r"must be in\b.*\bstat(?:us|e)\b|\bcurrent stat(?:us|e)\b|\bunder review\b"
    rf"|\bin (?:an? |the )?['\"]?(?:{'|'.join(REVIEWS)})['\"]? stat(?:us|e)\b"
    r"|\bcannot be \w+ (?:while|when|once)\b|\bonly (?:a |an |when |if |while )?(?:it is )?['\"]?rejected\b",
    re.IGNORECASE,
)
_STATE_ERRORS = {Operation.UPDATE: "compliance_not_editable", Operation.LINK: "compliance_not_approved"}


def state_error(operation: Operation, sentence: str) -> str:
    """Return our code for a refusal that is about the record's state; empty for any other.

    A sentence is a hint: it decides what is looked at again, never what is sent.
    """
    return _STATE_ERRORS.get(operation, "") if _WRONG_STATE.search(sentence) else ""


# Requirements. A document type is known by its name; its id goes into requests and nowhere else.

_UNNAMED = "Document"
_LONGEST_NAME = 80  # characters
_FIELD_TYPES = frozenset({"string", "date", "enum"})
_TYPE_NAMES = ("name", "document_name", "document_type_name", "document_type")


def requirements_in(asked: Combination, body: Members) -> Requirements:
    """Return the requirements in an answer; parts of the combination that it leaves out are those asked for.

    Raises:
        MalformedError: a list in it is none.
    """
    combination = Combination(
        country_iso=(text(body, "country_iso") or asked.country_iso).upper(),
        number_type=(text(body, "number_type") or asked.number_type).lower(),
        user_type=(text(body, "user_type") or asked.user_type).lower(),
    )
    documents = tuple(document for document, _ in _named_types(body))
    return Requirements(combination, fields=tuple(_end_user_fields(combination.user_type)), documents=documents)


def ids_in(body: Members) -> Mapping[str, str]:
    """Return the id of each document type by our name for it; empty texts where there is none."""
    return {document.type: text(shown, "document_type_id", "id") for document, shown in _named_types(body)}


def amiss_in(body: Members) -> str:
    """Return why these requirements cannot be used, as the end of "its answer …"; empty where they can."""
    if body.get("document_types") is None:  # only a list that is there and empty says that nothing is required
        return "has no list of document types"
    nameless = [document.title for document, shown in _named_types(body) if not text(shown, "document_type_id", "id")]
    if nameless:
        return f'has no id for the document type "{nameless[0]}"'
    return ""


def _end_user_fields(user_type: str) -> Iterator[FieldRequirement]:
    """Yield the fields that no answer names: the name alone is required of every end user."""
    yield FieldRequirement(BUSINESS_NAME, "Business Name")
    if user_type == "individual":
        yield FieldRequirement(LAST_NAME, "Last Name", required=False)


def _named_types(body: Members) -> list[tuple[DocumentRequirement, Members]]:
    """Return the document types in their order, equal names told apart by a number.

    The number follows the content, so that another order of the answer does not change which is which.
    """
    read = [(_document(shown), shown) for shown in objects(body, "document_types")]
    taken = {document.type for document, _ in read}
    named: dict[int, tuple[DocumentRequirement, Members]] = {}
    seen: set[str] = set()
    for place in sorted(range(len(read)), key=lambda place: _rank(read[place][0])):
        document, shown = read[place]
        if document.type in seen:
            number = next(n for n in itertools.count(2) if f"{document.type}_{n}" not in taken)
            document = replace(document, type=f"{document.type}_{number}", title=f"{document.title} ({number})")
            taken.add(document.type)
        seen.add(document.type)
        named[place] = (document, shown)
    return [named[place] for place in range(len(read))]


def _rank(document: DocumentRequirement) -> tuple[str, ...]:
    """Return by what document types of one name are sorted: what changes least comes first."""
    return (document.description, *(field.name for field in document.fields), repr(document))


def _document(shown: Members) -> DocumentRequirement:
    title = " ".join(text(shown, *_TYPE_NAMES).split())[:_LONGEST_NAME] or _UNNAMED
    fields = {field.name: field for field in _fields(objects(shown, _fields_member(shown)))}
    return DocumentRequirement(
        type=_one_word(title),
        title=title,
        description=text(shown, "description"),
        needs_file=shown.get("proof_required") is not False,
        fields=tuple(fields.values()),
    )


def _fields_member(shown: Members) -> str:
    return "data_fields" if shown.get("required_fields") is None else "required_fields"


def _one_word(title: str) -> str:
    """Return a name as one word of small letters, digits and underscores."""
    folded = unicodedata.normalize("NFKD", title)
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign)).casefold()
    return re.sub(r"\W+", "_", bare).strip("_") or _UNNAMED.lower()


def _fields(shown: Iterable[Members]) -> Iterator[FieldRequirement]:
    """Yield the fields that have a name; without one there is no key to send a value under."""
    return (_field(each) for each in shown if text(each, "field_name", "name"))


def _field(shown: Members) -> FieldRequirement:
    name = text(shown, "field_name", "name")
    field_type, choices = text(shown, "field_type").strip().lower() or "string", words(shown.get("enums"))
    least, most = whole(shown.get("min_length")), whole(shown.get("max_length")) or None
    oddities = []
    if field_type not in _FIELD_TYPES:
        oddities.append(f'is of the type "{field_type[:40]}", which is not known')
    if field_type == "enum" and not choices:
        oddities.append("offers no words to choose from")
    if least is not None and most is not None and least > most:
        oddities.append(f"is to have at least {least} and at most {most} characters")
        least = most = None
    return FieldRequirement(
        name=name,
        label=" ".join(text(shown, "friendly_name", "field_label").split())[:_LONGEST_NAME] or name,
        required=shown.get("required") is not False,
        min_length=least,
        max_length=most,
        field_type=field_type,
        date_format=text(shown, "format").strip() if field_type == "date" else "",
        choices=choices if field_type == "enum" else (),
        help_text=text(shown, "help_text") or text(shown, "description"),
        oddity=" and ".join(oddities),
    )
