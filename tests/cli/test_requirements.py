"""Requirements show the contract before any write, or the command ends with 2; `live` means that the API told them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from bulk_onboard.sandbox.beta import requirements_of
from tests.support.businesses import business
from tests.support.office import Office, Told
from tests.support.raw_server import Peer, RawServer, answer

RELEASED = {
    "api_id": "x",
    "requirement_id": str(uuid4()),
    "country_iso": "IN",
    "number_type": "local",
    "user_type": "business",
    "document_types": [{"document_type_id": str(uuid4()), "name": "Certificate", "proof_required": True}],
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


VERBS = ["run", "check", "plan", "template", "requirements"]


async def told_by(office: Office, verb: str, *words: str) -> Told:
    """What a verb says, a template's goes elsewhere than the workbook."""
    return await office.type(verb, *(("--output", "new.xlsx") if verb == "template" else ()), *words)


@pytest.mark.parametrize(
    ("asked", "tell", "seen"),
    [
        ("beta", lambda number_type: RELEASED, "requirement_id, document_types, as in the released contract"),
        ("released", lambda number_type: BETA, "number_types, required_documents, required_fields, as in the beta"),
        ("auto", lambda number_type: {**BETA, **RELEASED}, "as in both contracts"),
        ("beta", lambda number_type: {**BETA, **RELEASED}, "as in both contracts"),
        ("auto", lambda number_type: {"api_id": "x", "terms": []}, "has api_id, terms, as in neither contract"),
        ("auto", lambda number_type: [], "has no members, as in neither contract"),
        (
            "auto",
            lambda number_type: {**RELEASED, "document_types": [{"name": "Certificate"}]},
            'has no id for the document type "Certificate"',
        ),
    ],
    ids=["released", "beta", "both", "both, though one is named", "neither", "a list", "no ids"],
)
@pytest.mark.parametrize("verb", VERBS)
async def test_contract_that_is_not_known_ends_with_2_before_any_write(
    office: Office, verb: str, asked: str, tell: Any, seen: str
) -> None:
    """Named by the job and contradicted, or not to be told from the answer: the message says what was seen."""
    office.fill(2)
    before = sorted(office.folder.rglob("*"))
    async with api_telling(office, tell) as server:
        told = await told_by(office, verb, "--contract", asked)

    assert 2 == told.status
    assert seen in told.err
    assert "Nothing was sent" in told.err
    assert all(b"GET " in heard and b"POST " not in heard for heard in server.heard)
    assert before == sorted(office.folder.rglob("*"))


@pytest.mark.parametrize("told", ["page", {"error": "not now"}, None], ids=["a page", "an error", "null"])
@pytest.mark.parametrize("verb", VERBS)
async def test_success_that_is_no_requirements_ends_with_2(office: Office, verb: str, told: Any) -> None:
    """The API was reached, so it is no matter of the network, and the message says what was seen."""
    office.fill(2)

    async def script(peer: Peer) -> None:
        while True:
            await peer.read_request()
            body = b"<html>Sign in</html>" if told == "page" else json.dumps(told).encode()
            await peer.send(answer(200, body))

    async with RawServer(script) as server:
        office.sandbox = server
        ended = await told_by(office, verb)

    assert 2 == ended.status
    assert "HTTP 200 without what was asked for" in ended.err
    assert "Nothing was sent" in ended.err
    assert not office.ledger.exists()


@pytest.mark.parametrize("verb", ["run", "check", "plan"])
async def test_nothing_offered_ends_with_2(office: Office, verb: str) -> None:
    """Where every combination is answered with 404, nothing shows the contract."""
    office.fill([business(0, Number_Type="satellite")])
    told = await office.type(verb)

    assert 2 == told.status
    assert "IN / satellite / business with HTTP 404" in told.err
    assert not office.ledger.exists()


@pytest.mark.parametrize("verb", ["run", "check", "plan"])
async def test_form_that_changes_between_two_calls_ends_with_4(office: Office, verb: str) -> None:
    """Nothing is guessed, though each answer by itself could be used."""
    office.fill([business(0), business(1, Number_Type="mobile")])
    async with api_telling(office, lambda number_type: RELEASED if number_type == "mobile" else BETA) as server:
        told = await office.type(verb)

    assert 4 == told.status
    assert "changed its form between two calls" in told.err
    assert all(b"POST " not in heard for heard in server.heard)
    assert not office.ledger.exists()


async def test_requirements_that_cannot_be_reached_end_with_4(office: Office) -> None:
    """What is not there tells no form."""
    office.fill(1)
    async with RawServer(lambda peer: peer.read_head()) as server:
        office.sandbox = server

    told = await office.type("check")

    assert 4 == told.status


async def test_live_is_said_only_when_requirements_answered(office: Office) -> None:
    """Also where no row names a combination; then the job's own are asked about. Without credentials nothing is."""
    said = []
    for number_type, words in (("local", ()), ("", ()), ("local", ("--offline",))):
        office.fill([business(0, Number_Type=number_type)])
        said.append((await office.type("check", "--json", *words)).json["requirements"])

    live = f"the live requirements at {office.sandbox.url}"
    assert [True, True, False] == [text.startswith(live) for text in said]
    assert "bundled example" in said[2]


@pytest.mark.parametrize(
    ("words", "source"),
    [
        ((), "private beta"),
        (("--contract", "auto"), "private beta"),
        (("--contract", "beta"), "private beta"),
        (("--contract", "released"), "the vendor's SDKs (released"),
    ],
)
async def test_offline_has_the_example_of_the_contract_that_is_named(
    office: Office, words: tuple[str, ...], source: str
) -> None:
    """The beta's unless told."""
    told = await office.type("requirements", "--offline", *words)

    assert source in told.out
