"""Requirements in another form than the document's end with 2 before any write; `live` means that the API told them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bulk_onboard.sandbox.beta import requirements_of
from tests.support.businesses import business
from tests.support.office import Office
from tests.support.raw_server import Peer, RawServer, answer

RELEASED = {
    "api_id": "a83657dc-31a5-11f1-ab48-d2d6f5435dea",
    "requirement_id": "1b592b77-d072-4298-b193-370ba887f94a",
    "country_iso": "IN",
    "number_type": "local",
    "user_type": "business",
    "document_types": [
        {"document_type_id": "525a6b3a-2050-4556-8e2c-367cf30cd6ca", "name": "Certificate", "proof_required": True}
    ],
}
BETA = {"api_id": "x", **requirements_of("IN", "local", "business")}


@asynccontextmanager
async def api_telling(office: Office, tell: Callable[[str], Any]) -> AsyncIterator[RawServer]:
    """The office's API is one that tells these requirements, by number type, has no records, and takes no writes."""

    async def script(peer: Peer) -> None:
        while True:
            head = await peer.read_request()
            url = urlsplit(head.split()[1].decode())
            body: Any = {"api_id": "x", "meta": {"total_count": 0}, "compliances": []}
            if "Requirements" in url.path:
                body = tell(parse_qs(url.query)["number_type"][0])
            await peer.send(answer(200, json.dumps(body).encode()))

    async with RawServer(script) as server:
        office.sandbox = server
        yield server


@pytest.mark.parametrize("verb", ["run", "check", "plan", "template", "requirements"])
async def test_released_requirements_end_with_2_before_any_write(office: Office, verb: str) -> None:
    """The message says what was seen and that the released form is not supported yet; nothing is begun or written."""
    office.fill(2)
    before = sorted(office.folder.rglob("*"))
    words = ["--output", "new.xlsx"] if verb == "template" else []
    async with api_telling(office, lambda number_type: RELEASED) as server:
        told = await office.type(verb, *words)

    assert 2 == told.status
    assert "requirement_id, document_types" in told.err
    assert "The released form is not supported yet" in told.err
    assert all(b"GET " in heard and b"POST " not in heard for heard in server.heard)
    assert before == sorted(office.folder.rglob("*"))


@pytest.mark.parametrize(
    ("tell", "seen"),
    [
        (lambda number_type: RELEASED if number_type == "mobile" else BETA, "requirement_id, document_types"),
        (lambda number_type: {**BETA, **RELEASED}, "members of both forms"),
        (lambda number_type: {"api_id": "x", "terms": []}, "api_id, terms, which is neither form"),
        (lambda number_type: [], "no members, which is neither form"),
    ],
    ids=["a mixture between combinations", "both", "neither", "a list"],
)
async def test_what_is_not_wholly_the_betas_form_ends_with_2(office: Office, tell: Any, seen: str) -> None:
    """Both forms, neither, or one for local and another for mobile numbers."""
    office.fill([business(0), business(1, Number_Type="mobile")])
    async with api_telling(office, tell):
        told = await office.type("run")

    assert 2 == told.status
    assert seen in told.err
    assert not office.ledger.exists()


async def test_requirements_that_cannot_be_reached_end_with_4(office: Office) -> None:
    """What is not there tells no form."""
    office.fill(1)
    async with RawServer(lambda peer: peer.read_head()) as server:
        office.sandbox = server

    told = await office.type("check")

    assert 4 == told.status


async def test_live_is_said_only_when_requirements_answered(office: Office) -> None:
    """Not where no row names a combination, nor where the API offers none of those that are named."""
    said = []
    for number_type in ("local", "", "satellite"):
        office.fill([business(0, Number_Type=number_type)])
        said.append((await office.type("check", "--json")).json["requirements"])

    assert f"the live requirements at {office.sandbox.url}" == said[0]
    assert "bundled example" in said[1]
    assert said[2].startswith("nothing, since")
