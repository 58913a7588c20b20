"""What schemathesis cannot know from a document: real files, ids that exist, and how the robot reviews.

Without this nearly every create would lack a file, and nearly every other call a record. Only cases that are meant to
be valid are helped; what schemathesis spoils on purpose stays as it is.
"""

import atexit
import json
import os
from collections import Counter, deque
from itertools import cycle
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

FILES = {
    "application/pdf": b"%PDF-1.7\n",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff\xe0",
}
NUMBERS = {"local": "911140221000", "mobile": "919840221000"}
LONGEST = 30  # of a name, so that there is room for a word in front

# A record is rejected or stays pending by a word in its name; without one it is approved.
REJECTED, PENDING, APPROVED = "REJECT ", "STAY PENDING ", ""
words = cycle((REJECTED, PENDING, APPROVED, REJECTED, PENDING))
wanted = {"update": REJECTED, "link": APPROVED, "link_number": APPROVED}  # anything else is about a pending record
helped = cycle((True, True, False))

records: dict[str, deque[tuple[str, str]]] = {word: deque(maxlen=50) for word in (REJECTED, PENDING, APPROVED)}
documents: deque[tuple[str, str]] = deque(maxlen=50)
sent: Counter[str] = Counter()
accepted: Counter[str] = Counter()

for media_type, magic in FILES.items():
    schemathesis.openapi.media_type(media_type, st.binary(max_size=64).map(magic.__add__))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Have creates reviewed in every way, and two of three other calls about what is there."""
    if not is_meant_to_be_valid(case):
        return
    end_user = member(member(case.body, "data"), "end_user")
    name = member(end_user, "name")
    if isinstance(name, str) and name.strip() and len(name) <= LONGEST:
        end_user["name"] = next(words) + name
    if case.meta.phase.name.value != "stateful" and next(helped):
        name_what_is_there(case)


def name_what_is_there(case: Any) -> None:
    """Put ids that exist into a case: of a rejected record to update, of an approved one to link."""
    operation = operation_id(case)
    kept = records[wanted.get(operation, PENDING)]
    if operation == "download" and documents:
        case.path_parameters["id"], case.path_parameters["document"] = documents[-1]
    elif kept:
        record_id, number_type = kept.pop() if operation == "delete" else kept[-1]
        if "id" in case.path_parameters:
            case.path_parameters["id"] = record_id
        if operation == "link_number":
            case.path_parameters["number"] = NUMBERS[number_type]
            name_record(case.body, record_id)
        if operation == "link":
            for row in case.body["numbers"]:
                row["number"] = NUMBERS[number_type]
                name_record(row, record_id)


def name_record(members: Any, record_id: str) -> None:
    """Put a record's id where a link has one."""
    for name in ("compliance_id", "compliance_application_id"):
        if name in members:
            members[name] = record_id


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Remember what was created and which documents were shown, and count what was accepted."""
    operation, is_accepted = operation_id(case), 200 <= response.status_code < 300
    if is_meant_to_be_valid(case):
        sent[operation] += 1
        accepted[operation] += is_accepted
    if operation == "create" and is_accepted:
        name, number_type = case.body["data"]["end_user"]["name"], case.body["data"]["number_type"]
        word = next((word for word in (REJECTED, PENDING) if word in name), APPROVED)
        records[word].append((response.json()["compliance_id"], number_type))
    if operation == "get" and is_accepted:
        record = response.json().get("compliance", response.json())
        for document in record.get("documents", ()):
            if document["file_name"] is not None:
                documents.append((record["compliance_id"], document.get("id") or document["document_id"]))
    if operation == "update" and not is_accepted:
        records[REJECTED] = deque(kept for kept in records[REJECTED] if kept[0] != case.path_parameters["id"])


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Let pass what is said against a body that is taken for valid, or for spoilt, and is the opposite.

    schemathesis begins with a part `data` without a letter, and makes good again what it has spoilt in a form.
    """
    contents = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    if case.media_type not in contents:
        return True
    whole = {**contents[case.media_type]["schema"], "components": case.operation.schema.raw_schema["components"]}
    is_valid = Draft202012Validator(whole).is_valid(as_texts(case.body))
    if isinstance(failure, RejectedPositiveData):
        return is_valid
    beside = (about.mode for where, about in case.meta.components.items() if where.value != "body")
    return not isinstance(failure, AcceptedNegativeData) or not is_valid or any(mode.is_negative for mode in beside)


def as_texts(body: Any) -> Any:
    """Return a form with texts for its files, of which their length is looked at."""
    if not isinstance(body, dict):
        return body
    return {name: value.decode("latin-1") if isinstance(value, bytes) else value for name, value in body.items()}


@atexit.register
def tell() -> None:
    """Write down how much of what was meant to be valid was accepted, by operation."""
    shares = {operation: (accepted[operation], count) for operation, count in sent.items()}
    Path(os.environ["SHARES"]).write_text(json.dumps(shares), encoding="utf-8")


def is_meant_to_be_valid(case: Any) -> bool:
    """Say whether nothing of a case was spoilt on purpose."""
    if case.meta is None:
        return False
    return case.meta.generation.mode.is_positive or case.meta.phase.data.description == "Positive test case"


def operation_id(case: Any) -> str:
    """Return the name of the operation in the document."""
    return case.operation.definition.raw["operationId"]


def member(members: Any, name: str) -> Any:
    """Return a member of what may be no object."""
    return members.get(name) if isinstance(members, dict) else None
