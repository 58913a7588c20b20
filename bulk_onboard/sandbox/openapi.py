"""The OpenAPI 3.1 document of a contract, made from the tables that requests are checked with.

Paths and methods are those of `call`, what an operation does is said in its own words in `operations`, the statuses of
refusals are asked of the contract, and what differs between the contracts is in `beta_schemas` and `released_schemas`.
It describes the API with no fault switched on.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.beta_schemas import BetaSchemas
from bulk_onboard.sandbox.call import paths
from bulk_onboard.sandbox.checks import GREATEST_WHOLE, NUMBER_TYPES
from bulk_onboard.sandbox.contract import Contract
from bulk_onboard.sandbox.numbers import CHANGED, FAILED, OTHER_PARAMETERS, PAGE_LIMIT, SUCCESS
from bulk_onboard.sandbox.operations import DEFAULT_LIMIT, EXPANDABLE, FILTERS, PERFORM, WORDS
from bulk_onboard.sandbox.quota import Grant
from bulk_onboard.sandbox.records import RENTED, REVIEWS
from bulk_onboard.sandbox.released_schemas import ReleasedSchemas
from bulk_onboard.sandbox.schemas import (
    ANY_TEXT,
    ANY_TEXT_OR_NULL,
    TEXT,
    UUID,
    WHOLE,
    Json,
    Schemas,
    closed,
    list_of,
    one_of,
    opened,
    ref,
    said,
    told,
)
from bulk_onboard.sandbox.state import State

_JSON, _FORM, _URLENCODED = "application/json", "multipart/form-data", "application/x-www-form-urlencoded"

# A name in the pattern of a path, and in the path as it is shown.
_GROUP = re.compile(r"\(\?P<(\w+)>\[\^/\]\+\)")
_NAME = re.compile(r"\{(\w+)\}")

# Why any request may be refused, and for what else each operation refuses one.
_ANY = ("invalid_credentials", "permission_denied", "invalid_parameter", "request_too_large", "rate_limit_exceeded")
_FORMS = ("missing_required_field", "missing_required_document", "invalid_file")
_LINKS = ("compliance_not_approved", "country_mismatch", "number_type_mismatch", "number_in_use")
_REFUSALS: Mapping[str, tuple[str, ...]] = {
    "requirements": ("missing_required_field", "not_found"),
    "create": _FORMS,
    "list": (),
    "get": ("not_found",),
    "update": ("not_found", "compliance_not_editable", *_FORMS),
    "delete": ("not_found", "compliance_not_deletable"),
    "download": ("not_found",),
    "numbers": (),
    "number": ("not_found",),
    "link_number": ("not_found", "missing_required_field", *_LINKS),
    "link": ("missing_required_field",),
}

# Rented numbers of each kind.
_SOME_NUMBERS = tuple(prefix.ljust(12, "0") for prefix in RENTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """What is said of an operation beside its path, its words and its refusals.

    Attributes:
        answer: the schema of a success; None for a file.
        record_at, document_at: where in the answer the id of a record is, and that of a document; empty for nowhere.
    """

    answer: Json | None
    http_status: int = HTTPStatus.OK
    query: tuple[Json, ...] = ()
    body: Json | None = None
    record_at: str = ""
    document_at: str = ""


def document(state: State, contract: Contract) -> Json:
    """Return the OpenAPI document of a contract, with the types of document that are asked for now."""
    schemas: Schemas = ReleasedSchemas(state.behaviours.asking) if contract.name == "released" else BetaSchemas()
    operations = _operations(state, contract, schemas)
    described: dict[str, Json] = {}
    for path in paths(links_in_bulk=contract.links_in_bulk):
        address = _GROUP.sub(r"{\1}", path.pattern.pattern).removesuffix("/?") + "/"
        described[address] = {"parameters": [_path_parameter(name) for name in _NAME.findall(address)]}
        for method, operation in path.operations.items():
            name = _name(operation, address)
            described[address][method.lower()] = {
                "operationId": name,
                "summary": (PERFORM[operation].__doc__ or "").partition("\n")[0],
                **_asked(operations[name]),
                "responses": _answered(name, operations[name], contract, schemas),
            }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Compliance of phone numbers, {contract.name}",
            "version": contract.name,
            "description": "The sandbox with no fault switched on. The slash at the end of a path may be left out.",
        },
        "servers": [{"url": "/"}],
        "security": [{"basic": []}],
        "paths": described,
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "headers": {name: {"schema": WHOLE} for name in _header_names(throttled=True)},
            "schemas": {
                "Requirements": schemas.requirements(),
                "Create": schemas.created(),
                "Update": schemas.changed(),
                "Record": schemas.record(in_list=False),
                "ListedRecord": schemas.record(in_list=True),
                "Number": closed(_number(contract)),
                "Page": _page(),
            },
        },
    }


def _name(operation: str, address: str) -> str:
    """Return the id of an operation; a link of one number and one of many are one operation at two addresses."""
    return "link_number" if operation == "link" and "{number}" in address else operation


def _operations(state: State, contract: Contract, schemas: Schemas) -> Mapping[str, _Operation]:
    words = contract.words
    return {
        "requirements": _Operation(
            query=tuple(_query(n, schema, required=must) for n, (schema, must) in schemas.requirements_query().items()),
            answer=ref("Requirements"),
        ),
        "create": _Operation(
            body={"required": True, "content": _multipart("Create", schemas)},
            http_status=HTTPStatus.CREATED,
            answer=said(words.created, compliance_id=UUID),
            record_at="/compliance_id",
        ),
        "list": _Operation(
            query=_filters(contract, state.behaviours.listing.greatest_limit),
            answer=told(meta=ref("Page"), compliances=list_of(ref("ListedRecord"))),
        ),
        "get": _Operation(
            query=(_expand(),),
            answer=schemas.got(),
            record_at=schemas.record_at,
            document_at=schemas.document_at,
        ),
        "update": _Operation(
            query=(_expand(),),
            body={"required": False, "content": {**_multipart("Update", schemas), **_without_files("Update")}},
            answer=said(words.updated, **schemas.updated()),
        ),
        "delete": _Operation(answer=said(words.deleted, compliance_id=UUID)),
        "download": _Operation(answer=None),
        "numbers": _Operation(
            query=_paging(PAGE_LIMIT, PAGE_LIMIT),
            answer=told(meta=ref("Page"), objects=list_of(ref("Number"), maxItems=PAGE_LIMIT)),
        ),
        "number": _Operation(answer=told(**_number(contract))),
        "link_number": _Operation(
            body=_in_json(_one_link(contract)), http_status=HTTPStatus.ACCEPTED, answer=said(CHANGED)
        ),
        "link": _Operation(body=_in_json(_many_links(contract, state.link_limit)), answer=_report()),
    }


def _asked(about: _Operation) -> Json:
    """Return what is sent with an operation."""
    return {
        **({"parameters": list(about.query)} if about.query else {}),
        **({"requestBody": about.body} if about.body else {}),
    }


def _answered(name: str, about: _Operation, contract: Contract, schemas: Schemas) -> Json:
    """Return all answers of an operation, by HTTP status: the success, and the refusals as the contract has them."""
    content = {_JSON: {"schema": about.answer}} if about.answer else {kind: {} for kind in schemas.file_formats}
    success: Json = {"description": HTTPStatus(about.http_status).phrase, "headers": _headers(), "content": content}
    if about.record_at:
        success["links"] = _links(about, contract)
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in (*_ANY, *_REFUSALS[name], "internal_error"):
        by_status[contract.refusal(RefusedError(code, "")).http_status].append(code)
    refusals = {str(http_status): _refusal(http_status, codes, schemas) for http_status, codes in by_status.items()}
    return {str(int(about.http_status)): success, **dict(sorted(refusals.items()))}


def _refusal(http_status: int, codes: Collection[str], schemas: Schemas) -> Json:
    return {
        "description": HTTPStatus(http_status).phrase,
        "headers": _headers(throttled=http_status == HTTPStatus.TOO_MANY_REQUESTS),
        "content": {_JSON: {"schema": schemas.error(codes)}},
    }


def _headers(*, throttled: bool = False) -> Json:
    """Return the headers of an answer, which are there where there is a quota."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in _header_names(throttled=throttled)}


def _header_names(*, throttled: bool) -> Iterable[str]:
    return Grant(granted=not throttled, limit=0, remaining=0, reset_at=0, retry_after_s=0).headers()


def _links(about: _Operation, contract: Contract) -> Json:
    """Return what can be done with the record, and with the document, whose ids are in an answer."""
    record, file = f"$response.body#{about.record_at}", f"$response.body#{about.document_at}"
    asked: dict[str, Json] = {name: {"parameters": {"id": record}} for name in ("get", "update", "delete")}
    asked["link_number"] = {"requestBody": {contract.record_id: record}}
    if contract.links_in_bulk:
        rows = [{"number": number, contract.record_id: record} for number in _SOME_NUMBERS]
        asked["link"] = {"requestBody": {"numbers": rows}}
    if about.document_at:
        asked["download"] = {"parameters": {"id": record, "document": file}}
    account = {"account": "$request.path.account"}
    return {
        name: {"operationId": name, **link, "parameters": account | link.get("parameters", {})}
        for name, link in asked.items()
    }


def _path_parameter(name: str) -> Json:
    parameter: Json = {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if name == "number":
        parameter["examples"] = {number: {"value": number} for number in _SOME_NUMBERS}
    return parameter


def _query(name: str, schema: Json, *, required: bool = False, **more: Any) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema, **more}


def _filters(contract: Contract, most: int) -> tuple[Json, ...]:
    """Return the parameters of a list: its filters, its page, and what is expanded."""
    status = one_of(contract.status(review) for review in REVIEWS)
    filters = {**{name: one_of(WORDS[name]) if name in WORDS else ANY_TEXT for name in FILTERS}, "status": status}
    return (*(_query(name, schema) for name, schema in filters.items()), *_paging(DEFAULT_LIMIT, most), _expand())


def _paging(default: int, most: int) -> tuple[Json, ...]:
    limit = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return _query("limit", limit), _query("offset", {**WHOLE, "maximum": GREATEST_WHOLE, "default": 0})


def _expand() -> Json:
    words = one_of((*EXPANDABLE, ""))  # a blank is ignored
    return _query("expand", list_of(words), style="form", explode=False)


def _multipart(name: str, schemas: Schemas) -> Json:
    """Return a form: its part `data` is JSON, and each file has one of the formats."""
    form = schemas.created() if name == "Create" else schemas.changed()
    formats = ", ".join(schemas.file_formats)
    encoding = {part: {"contentType": _JSON if part == "data" else formats} for part in form["properties"]}
    return {_FORM: {"schema": ref(name), "encoding": encoding}}


def _without_files(name: str) -> Json:
    """Return the other two ways in which a form is sent that has no files; one with nothing at all changes nothing."""
    data = {"type": "string", "contentMediaType": _JSON, "contentSchema": ref(f"{name}/properties/data")}
    schema = {**opened({"data": data}), "anyOf": [{"required": ["data"]}, {"maxProperties": 0}]}
    return {_URLENCODED: {"schema": schema}, _JSON: {"schema": schema}}


def _in_json(schema: Json) -> Json:
    return {"required": True, "content": {_JSON: {"schema": schema}}}


def _one_link(contract: Contract) -> Json:
    """Return what is sent to one number: the id of a record, or something else that is changed of it."""
    one_at_least = [{"required": [name]} for name in (contract.record_id, *OTHER_PARAMETERS)]
    return {**opened({contract.record_id: TEXT}), "anyOf": one_at_least}


def _many_links(contract: Contract, limit: int) -> Json:
    row = opened({"number": TEXT, contract.record_id: TEXT}, ("number", contract.record_id))
    return opened({"numbers": list_of(row, minItems=1, maxItems=limit)}, ("numbers",))


def _report() -> Json:
    """Return the answer to a link in bulk: how many there were, and what became of each."""
    row = {"number": ANY_TEXT, "status": one_of((SUCCESS, FAILED)), "remarks": ANY_TEXT}
    return told(total_count=WHOLE, updated_count=WHOLE, report=list_of(closed(row)))


def _number(contract: Contract) -> Json:
    """Return the members of a number, and of the record it is used under; null where it is under none."""
    return {
        "number": ANY_TEXT,
        "country_iso": ANY_TEXT,
        "number_type": one_of(NUMBER_TYPES),
        contract.record_id: {**UUID, "type": ["string", "null"]},
        "compliance_status": {"enum": [*dict.fromkeys(contract.status(review) for review in REVIEWS), None]},
    }


def _page() -> Json:
    """Return `meta` of a list: where the page is, and the addresses of the pages beside it."""
    members = {"limit": WHOLE, "offset": WHOLE, "total_count": WHOLE}
    return closed({**members, "next": ANY_TEXT_OR_NULL, "previous": ANY_TEXT_OR_NULL})
