"""For one record our requests are those of the vendor's Python SDK, but for what a client is free in (`Sent`)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.api.client import Client
from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.wire import Beta
from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.call import Call, Create, Delete, FetchRequirements, Get, Link, Update
from bulk_onboard.model.requirements import Combination
from bulk_onboard.run.walk import walk
from tests.conformance.recording import Recorder, Sent
from tests.conformance.sdk import PYTHON, Sdk
from tests.support.businesses import document
from tests.support.office import CREDENTIALS

ALIAS = "K-0017 & Söhne ~abcdefgh23456777"
COMPLIANCE_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
NUMBER = "911140000001"
CALLBACK = "https://hooks.example.com/reviews?desk=1"
TITLES = ("identity_proof", "address_proof", "business_registration")
END_USER = {
    "type": "business",
    "name": "Müller & “Söhne” Private Limited 🦚",
    "email": "desk@example.com",
    "address": {
        "line1": "12 Sample Road",
        "city": "Pune",
        "state": "Maharashtra",
        "postal_code": "411001",
        "country": "IN",
    },
    "registration_number": "U72200KA2020PTC123456",
}
CONTENT = {"alias": ALIAS, "end_user": END_USER, "documents": [{"type": title} for title in TITLES]}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    """A file for each document, with bytes that could be taken for the end of a part."""
    paths = tuple(tmp_path / f"Müller's {title}.pdf" for title in TITLES)
    for path in paths:
        path.write_bytes(document(path.name) + b"\r\n--\r\n\x00\xff\r\n\r\n")
    return paths


@pytest.fixture
def application(files) -> Application:
    """What our program makes of the row."""
    documents = tuple(
        Document(title, path, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), "application/pdf")
        for title, path in zip(TITLES, files, strict=True)
    )
    fields = {
        "business_name": END_USER["name"],
        "email": END_USER["email"],
        "registration_number": END_USER["registration_number"],
        **{f"address.{name}": text for name, text in END_USER["address"].items()},
    }
    return Application(Combination("IN", "local", "business"), fields, documents, CALLBACK)


async def sent_by_us(call: Call[Any]) -> list[Sent]:
    """What our client sends for a call."""
    async with Recorder() as recorder, Client(recorder.url, CREDENTIALS, concurrency=1) as client:
        await HttpGateway(client, Beta(), owner=lambda compliance_id: None).send(call)
    return recorder.sent


async def sent_by_sdk(verb: str, **arguments: Any) -> list[Sent]:
    """What the SDK sends for a call."""
    async with Recorder() as recorder, Sdk(PYTHON, recorder.url) as sdk:
        await sdk.call(verb, **arguments)
    return recorder.sent


async def test_create(application, files):
    theirs = await sent_by_sdk(
        "create",
        data={"country_iso": "IN", "number_type": "local", **CONTENT, "callback_url": CALLBACK},
        files=[*files],
    )

    ours = await sent_by_us(
        Create(
            token="x",
            alias=ALIAS,
            application=application,
            fingerprint="f",
            files=tuple(path.read_bytes() for path in files),
        )
    )

    assert theirs == ours
    assert len(files) == len(ours[0].files)
