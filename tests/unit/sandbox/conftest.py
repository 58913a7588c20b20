"""A client of the sandbox that speaks plain HTTP over a real socket, and a clock that is moved by hand."""

import io
import json
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bulk_onboard.sandbox.server import Sandbox

ACCOUNT, TOKEN = "MAXXXXXXXXXXXXXXXXXX", "invented-token"
PDF = b"%PDF-1.7\n\r\n--not-a-boundary\r\n\x00\xff"
PNG = b"\x89PNG\r\n\x1a\n invented"

DATA: dict[str, Any] = {
    "country_iso": "IN",
    "number_type": "local",
    "alias": "K-1 ~abcdefgh23456777",
    "end_user": {
        "type": "business",
        "name": "Invented Pvt Ltd",
        "email": "office@invented.example",
        "address": {
            "line1": "1 Nowhere Road",
            "city": "Bangalore",
            "state": "Karnataka",
            "postal_code": "560001",
            "country": "IN",
        },
        "registration_number": "U72200KA2020PTC123456",
    },
    "documents": [{"type": "identity_proof"}, {"type": "address_proof"}, {"type": "business_registration"}],
}
FILES: dict[int, bytes] = {0: PDF, 1: PNG, 2: PDF}


REQUIREMENTS = "PhoneNumber/Compliance/Requirements/"
APPLICATION: dict[str, Any] = {
    "country_iso": "IN",
    "number_type": "local",
    "alias": "K-1 ~abcdefgh23456777",
    "end_user": {
        "type": "business",
        "name": "Invented Pvt Ltd",
        "email": "office@invented.example",
        "address_line1": "1 Nowhere Road",
        "city": "Bangalore",
        "state": "Karnataka",
        "postal_code": "560001",
        "country": "IN",
        "registration_number": "U72200KA2020PTC123456",
    },
}
FIELDS: dict[str, dict[str, str]] = {  # of each document, by its name
    "Registration Certificate": {"business_name": "Invented Pvt Ltd"},
    "GST certificate": {},
    "Authorised Signatory": {"signatory_name": "A. Nobody", "designation": "Partner", "appointed_on": "2024-02-29"},
    "Identity Proof": {"document_number": "X1234567"},
}


class HandClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC) + timedelta(seconds=self.at - 1_000.0)

    def monotonic(self) -> float:
        return self.at

    def boottime(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Seen:
    """What a client saw of an answer."""

    http_status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def sentence(self) -> tuple[int, str]:
        """The error under the released contract."""
        return self.http_status, self.json["error"]

    @property
    def error(self) -> tuple[int, str, str | None]:
        return self.http_status, self.json["error"]["code"], self.json["error"]["param"]


class Client:
    """Sends what it is told, every request on its own connection, for one account."""

    def __init__(self, session: aiohttp.ClientSession, account: str = ACCOUNT, token: str = TOKEN) -> None:
        self.session, self.account, self.token = session, account, token

    def of(self, account: str, token: str = TOKEN) -> "Client":
        """The client of another account, or with another token."""
        return Client(self.session, account, token)

    async def send(
        self, sandbox: Sandbox, method: str, path: str, content_type: str | None = None, **options: Any
    ) -> Seen:
        """One request to a path below the account, or to an absolute path."""
        options.setdefault("headers", {"Authorization": aiohttp.encode_basic_auth(self.account, self.token)})
        if content_type is not None:
            options["headers"] = {**options["headers"], "Content-Type": content_type}
        address = sandbox.url + (path if path.startswith("/") else f"/v1/Account/{self.account}/{path}")
        async with self.session.request(method, address, **options) as response:
            return Seen(response.status, dict(response.headers), await response.read())

    async def create(self, sandbox: Sandbox, files: dict[int, bytes] = FILES, **changes: Any) -> Seen:
        """A create of the sample, with other members where given; a dotted name reaches into `end_user`."""
        return await self.send(sandbox, "POST", "PhoneNumber/Compliance/", data=form(changed(DATA, **changes), files))

    async def created(self, sandbox: Sandbox, **changes: Any) -> str:
        """The compliance id of a create that went well."""
        return str((await self.create(sandbox, **changes)).json["compliance_id"])

    async def get(self, sandbox: Sandbox, compliance_id: str) -> dict[str, Any]:
        """A record, all expanded."""
        path = f"PhoneNumber/Compliance/{compliance_id}/?expand=documents,end_user,linked_numbers"
        return dict((await self.send(sandbox, "GET", path)).json)

    async def listed(self, sandbox: Sandbox, query: str = "") -> Any:
        """A page of the list."""
        return (await self.send(sandbox, "GET", f"PhoneNumber/Compliance/?{query}")).json

    async def update(
        self, sandbox: Sandbox, compliance_id: str, data: dict[str, Any], files: dict[int, bytes] | None = None
    ) -> Seen:
        """A PATCH with so much data."""
        path = f"PhoneNumber/Compliance/{compliance_id}/"
        return await self.send(sandbox, "PATCH", path, data=form(data, files or {}))

    async def control(self, sandbox: Sandbox, method: str, name: str, **asked: Any) -> Seen:
        """A request under /_sandbox/, without credentials."""
        return await self.send(sandbox, method, f"/_sandbox/{name}", json=asked, headers={})

    async def review(self, sandbox: Sandbox, compliance_id: str, review: str, reason: str | None = None) -> Seen:
        """A person's review."""
        return await self.control(sandbox, "POST", "review", compliance_id=compliance_id, review=review, reason=reason)


class Applicant:
    """Files applications under the released contract, with the ids that Requirements tells."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ids(self, sandbox: Sandbox, number_type: str = "local", user_type: str = "business") -> dict[str, str]:
        """The ids of the types of document that a combination needs, by their names."""
        query = {"country_iso": "IN", "number_type": number_type, "user_type": user_type}
        told = (await self.client.send(sandbox, "GET", REQUIREMENTS, params=query)).json
        return {kind["name"]: kind["document_type_id"] for kind in told["document_types"]}

    async def documents(self, sandbox: Sandbox, *combination: str) -> list[dict[str, Any]]:
        """All documents that a combination needs, with good data fields."""
        ids = await self.ids(sandbox, *combination)
        return [
            {"document_type_id": type_id, **({"data_fields": dict(FIELDS[name])} if FIELDS[name] else {})}
            for name, type_id in ids.items()
        ]

    async def create(self, sandbox: Sandbox, files: dict[int, bytes] | None = None, **changes: Any) -> Seen:
        """A create of the sample, with other members where given, and both of its files."""
        if "documents" not in changes:
            changes["documents"] = await self.documents(sandbox)
        data = changed(APPLICATION, **changes)
        sent = form(data, {0: PDF, 1: PNG} if files is None else files)
        return await self.client.send(sandbox, "POST", "PhoneNumber/Compliance/", data=sent)

    async def created(self, sandbox: Sandbox, **changes: Any) -> str:
        """The compliance id of a create that went well."""
        return str((await self.create(sandbox, **changes)).json["compliance_id"])

    async def accepted(self, sandbox: Sandbox, **changes: Any) -> str:
        """A record that was accepted."""
        compliance_id = await self.created(sandbox, **changes)
        await self.client.review(sandbox, compliance_id, "approved")
        return compliance_id

    async def get(self, sandbox: Sandbox, compliance_id: str) -> dict[str, Any]:
        """A record, all expanded."""
        return dict((await self.client.get(sandbox, compliance_id))["compliance"])

    async def link(self, sandbox: Sandbox, *links: tuple[str, str]) -> Seen:
        """One call that links these numbers to these records."""
        numbers = [{"number": number, "compliance_application_id": record_id} for number, record_id in links]
        return await self.client.send(sandbox, "POST", "PhoneNumber/Compliance/Link/", json={"numbers": numbers})


def form(data: dict[str, Any], files: dict[int, bytes]) -> aiohttp.FormData:
    """A multipart form as the document's clients send it."""
    fields = aiohttp.FormData(default_to_multipart=True)
    fields.add_field("data", json.dumps(data))
    for position, content in files.items():
        fields.add_field(f"documents[{position}].file", io.BytesIO(content), filename=f"document-{position}.pdf")
    return fields


def changed(sample: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A sample's data with other members; None takes one away; `end_user__address__city` reaches inside."""
    data = deepcopy(sample)
    for path, value in changes.items():
        *parents, name = path.split("__")
        members = data
        for parent in parents:
            members = members[parent]
        if value is None:
            members.pop(name, None)
        else:
            members[name] = value
    return data


@pytest.fixture
def sample_form() -> Callable[[str | None], aiohttp.FormData]:
    """The sample as a form whose parts all have one content type."""

    def made(content_type: str | None) -> aiohttp.FormData:
        fields = aiohttp.FormData(default_to_multipart=True)
        fields.add_field("data", json.dumps(DATA), content_type=content_type)
        for position, content in FILES.items():
            name = f"documents[{position}].file"
            fields.add_field(name, content, filename="a.b.pdf", content_type=content_type)
        return fields

    return made


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Client(session)


@pytest.fixture
def applicant(client: Client) -> Applicant:
    return Applicant(client)
