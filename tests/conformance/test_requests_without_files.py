"""Without files the Python SDKs send no form; what each of their versions sends instead is taken by the sandbox.

test_story.py drives the newest version; here stand the bytes that it and 4.60.0 were seen to send.
"""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from bulk_onboard.sandbox.records import PENDING, REJECTED
from bulk_onboard.sandbox.server import Sandbox
from tests.conformance.contracts import ASKED_FOR, Contract, Filing
from tests.support.office import AUTH_ID, AUTH_TOKEN

Json = dict[str, Any]

BODIES: dict[str, Callable[[Json], Json]] = {  # arguments of aiohttp
    "4.60.0": lambda data: {"json": {"data": json.dumps(data)}},
    "4.60.1": lambda data: {"data": {"data": json.dumps(data)}},
}
EMPTY: dict[str, Json] = {  # where there is nothing to say
    "4.60.0": {"json": {}},
    "4.60.1": {"headers": {"Content-Length": "0"}, "skip_auto_headers": ["Content-Type"]},
}


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Sends what it is told to the account's records."""
    headers = {"Authorization": aiohttp.encode_basic_auth(AUTH_ID, AUTH_TOKEN)}
    address = f"{sandbox.url}/v1/Account/{AUTH_ID}/PhoneNumber/Compliance/"
    async with aiohttp.ClientSession(address, headers=headers) as session:
        yield session


@pytest.fixture
async def filing(contract: Contract, http: aiohttp.ClientSession, tmp_path) -> Filing:
    """All that the requirements ask for."""
    async with http.get("Requirements/", params=ASKED_FOR) as answer:
        return contract.filing(await answer.json(), tmp_path)


@pytest.fixture
async def compliance_id(sandbox: Sandbox, http: aiohttp.ClientSession, filing: Filing) -> str:
    """The id of a rejected record."""
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("data", json.dumps(filing.data))
    for position, content in enumerate(filing.contents):
        form.add_field(f"documents[{position}].file", content, filename="certificate.pdf")
    async with http.post("", data=form) as answer:
        assert 201 == answer.status, await answer.text()
    (record,) = sandbox.state.records
    sandbox.state.review(record, REJECTED, "The certificate is not legible.")
    return record.compliance_id


@pytest.mark.parametrize("version", BODIES)
async def test_create(sandbox, contract, http, filing, version):
    """A create without files is read, so that it is refused for the document that it lacks."""
    async with http.post("", **BODIES[version](filing.data)) as answer:
        told = await answer.text()

    assert contract.refused["no document"] == answer.status
    assert "is required" in told
    assert () == sandbox.state.records


@pytest.mark.parametrize("version", BODIES)
async def test_update_of_alias_alone(sandbox, http, filing, compliance_id, version):
    """An update without files changes what it names, and the documents stay."""
    async with http.patch(f"{compliance_id}/", **BODIES[version]({"alias": "Renamed"})) as answer:
        assert 200 == answer.status, await answer.text()

    record = sandbox.state.record(compliance_id)
    assert "Renamed" == record.alias
    assert filing.contents == [document.content for document in record.documents]


@pytest.mark.parametrize("version", EMPTY)
async def test_update_of_nothing(sandbox, http, filing, compliance_id, version):
    """An update that names nothing submits the record again as it was."""
    async with http.patch(f"{compliance_id}/", **EMPTY[version]) as answer:
        assert 200 == answer.status, await answer.text()

    record = sandbox.state.record(compliance_id)
    assert (PENDING, filing.data["alias"]) == (record.review, record.alias)
    assert filing.kept.items() <= record.end_user.items()
    assert filing.contents == [document.content for document in record.documents]
