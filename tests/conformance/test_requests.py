"""For one record our requests are those of the vendor's Python SDK, but for what a client is free in (`Sent`).

Each begins with the requirements, and makes of their answer what it sends.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bulk_onboard.api.client import Client
from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.wire import Wire
from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.call import (
    Create,
    Delete,
    FetchRequirements,
    Gateway,
    Get,
    GetNumber,
    Link,
    LinkTarget,
    ListNumbers,
    Update,
)
from bulk_onboard.model.requirements import Combination, DocumentRequirement
from bulk_onboard.pipeline.walk import walk
from tests.conformance.contracts import ASKED_FOR, BETA, RELEASED, Contract, Filing
from tests.conformance.recording import Recorder, Sent
from tests.conformance.sdk import PYTHON, Sdk
from tests.support.office import CREDENTIALS

Json = dict[str, Any]

TOKEN = "abcdefgh23456777"
ALIAS = f"Müller & “Söhne” 🦚 ~{TOKEN}"
COMPLIANCE_ID, ANOTHER_ID = str(uuid4()), str(uuid4())
NUMBER, ANOTHER = "911140000001", "912240000002"
CALLBACK = "https://hooks.example.com/reviews?desk=1"
EXPAND = ("documents", "end_user", "linked_numbers")


def document_type(name: str, *fields: Json, proof_required: bool = True) -> Json:
    """A document type as the released API shows it, with a new id."""
    about = {"document_type_id": str(uuid4()), "name": name, "proof_required": proof_required}
    return {**about, "required_fields": [{"field_type": "string", **field} for field in fields]}


CERTIFICATE = document_type("Registration Certificate", {"field_name": "business_name"})
TAX = document_type("GST certificate")
DIRECTOR = document_type(
    "Director",
    {"field_name": "born_on", "field_type": "date", "format": "yyyy-mm-dd"},
    {"field_name": "role", "field_type": "enum", "enums": "Chair, Managing Director"},
    {"field_name": "tax_number"},
    proof_required=False,
)
TYPES = ("identity_proof", "address_proof", "business_registration")

SAMPLES: Mapping[str, tuple[Contract, Json]] = {
    "beta": (BETA, {"number_types": [{
        "number_type": "local",
        "user_types": [{"user_type": "business", "required_documents": [{"type": one, "title": one} for one in TYPES]}],
    }]}),
    "released": (RELEASED, {"document_types": [CERTIFICATE, TAX]}),
    "released, one without a file": (RELEASED, {"document_types": [CERTIFICATE, DIRECTOR, TAX]}),
}  # fmt: skip


def application_of(asked: tuple[DocumentRequirement, ...], filing: Filing) -> Application:
    """What our program makes of the row that was filed, as far as it was asked for."""
    person = BETA.end_user(filing.data["end_user"]["name"])
    address = {f"address.{name}": text for name, text in person.pop("address").items()}
    fields = {"business_name": person.pop("name"), **person, **address}
    combination = Combination(**{**ASKED_FOR, "user_type": fields.pop("type")})
    documents = tuple(
        Document(one.type, path, media_type="application/pdf", fields=filled(one, fields["business_name"]))
        for one, path in zip(asked, filing.files, strict=True)
    )
    return Application(combination, fields, documents, CALLBACK)


def filled(asked: DocumentRequirement, business_name: str) -> Mapping[str, str]:
    """What a row has for a document's fields."""
    row = {"business_name": business_name, "born_on": "2024-02-29", "role": "Chair", "tax_number": "ABCDE1234F"}
    return {field.name: row[field.name] for field in asked.fields}


def content(application: Application) -> Json:
    """What our creates and updates have in common."""
    files = tuple(document.path and document.path.read_bytes() for document in application.documents)
    return {"token": TOKEN, "alias": ALIAS, "application": application, "fingerprint": "f" * 64, "files": files}


Ours = Callable[[Gateway, Application], Awaitable[object]]
Theirs = Callable[[Sdk, Filing], Awaitable[object]]
Pair = tuple[Ours, Theirs]

ONE = LinkTarget(NUMBER, COMPLIANCE_ID, "t")
SEVERAL = (ONE, LinkTarget(ANOTHER, ANOTHER_ID, "t"))
LINES = [{"number": f"+{one.number}", "compliance_application_id": one.compliance_id} for one in SEVERAL]

PAIRS: Mapping[str, Pair] = {  # what our program does, and the SDK's call
    "create": (
        lambda gateway, row: gateway.send(Create(**content(row))),
        lambda sdk, filing: sdk.call("create", **filing.but(callback_url=CALLBACK).arguments),
    ),
    "list by alias": (
        lambda gateway, row: walk(gateway, alias=ALIAS),
        lambda sdk, filing: sdk.call("list_records", alias=ALIAS, limit=100),
    ),
    "get with expand": (
        lambda gateway, row: gateway.send(Get(compliance_id=COMPLIANCE_ID, expand=EXPAND)),
        lambda sdk, filing: sdk.call("get", compliance_id=COMPLIANCE_ID, expand=",".join(EXPAND)),
    ),
    "update": (
        lambda gateway, row: gateway.send(Update(compliance_id=COMPLIANCE_ID, **content(row))),
        lambda sdk, filing: sdk.call("update", compliance_id=COMPLIANCE_ID, **filing.update().arguments),
    ),
    "delete": (
        lambda gateway, row: gateway.send(Delete(token=TOKEN, compliance_id=COMPLIANCE_ID)),
        lambda sdk, filing: sdk.call("delete", compliance_id=COMPLIANCE_ID),
    ),
    "number": (
        lambda gateway, row: gateway.send(GetNumber(number=NUMBER)),
        lambda sdk, filing: sdk.call("number", number=NUMBER),
    ),
    "numbers": (
        lambda gateway, row: gateway.send(ListNumbers(offset=20)),
        lambda sdk, filing: sdk.call("list_numbers", limit=20, offset=20),
    ),
}
LINK_ONE: Pair = (
    lambda gateway, row: gateway.send(Link(targets=(ONE,))),
    lambda sdk, filing: sdk.call("update_number", number=NUMBER, compliance_id=COMPLIANCE_ID),
)
LINK_SEVERAL: Pair = (
    lambda gateway, row: gateway.send(Link(targets=SEVERAL)),
    lambda sdk, filing: sdk.call("link", numbers=LINES),
)


async def send_ours(url: str, filing: Filing, act: Ours) -> None:
    """Our program asks for the requirements, makes a row's application of them, and acts."""
    async with Client(url, CREDENTIALS, concurrency=1) as client:
        gateway = HttpGateway(client, Wire(), owner=lambda compliance_id: None)
        outcome = await gateway.send(FetchRequirements(combination=Combination(**ASKED_FOR)))
        asked = next(one for one in outcome.value.offered if one.combination == Combination(**ASKED_FOR))
        await act(gateway, application_of(asked.documents, filing))


async def sent_by_both(
    contract: Contract, requirements: Json, pair: Pair, folder: Path
) -> tuple[list[Sent], list[Sent]]:
    """What both send: the SDK first, whose user makes the filing of the requirements as the SDK shows them."""
    act, call = pair
    async with Recorder({**ASKED_FOR, **requirements}) as theirs, Sdk(PYTHON, theirs.url) as sdk:
        filing = contract.filing(await sdk.call("requirements", **ASKED_FOR), folder, ALIAS)
        await call(sdk, filing)
    async with Recorder({**ASKED_FOR, **requirements}) as ours:
        await send_ours(ours.url, filing, act)
    return ours.sent, theirs.sent


@pytest.mark.parametrize("operation", PAIRS)
@pytest.mark.parametrize("sample", SAMPLES)
async def test_request(tmp_path, sample, operation):
    """Two requests are alike: the one for requirements, and that of the operation."""
    ours, theirs = await sent_by_both(*SAMPLES[sample], PAIRS[operation], tmp_path)

    assert 2 == len(ours)
    assert theirs == ours


@pytest.mark.parametrize(("sample", "pair"), [("beta", LINK_ONE), ("released", LINK_SEVERAL)], ids=["beta", "released"])
async def test_link(tmp_path, sample, pair):
    """A link is alike: of one number in beta, of several numbers to several records in released."""
    ours, theirs = await sent_by_both(*SAMPLES[sample], pair, tmp_path)

    assert 2 == len(ours)
    assert theirs == ours


@pytest.mark.parametrize(("sample", "files"), [("beta", 3), ("released", 2), ("released, one without a file", 2)])
async def test_files_arrive(tmp_path, sample, files):
    """It is no empty comparison: a create's files are among what is compared."""
    ours, _ = await sent_by_both(*SAMPLES[sample], PAIRS["create"], tmp_path)

    assert files == len(ours[1].files)
