"""A client against a sandbox whose connections are odd (docs/sandbox.md, Connections).

Whatever they do, no request has another's answer, and no create reaches the API twice.
"""

import asyncio
import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from bulk_onboard.api.client import Client
from bulk_onboard.api.exchange import Answer, Failure, Part, Request
from bulk_onboard.sandbox.server import Sandbox

SEEDS = [int(seed) for seed in os.environ.get("CONNECTION_SEEDS", "1 2 3 4 5 6").split()]
CALLS = 60

BEHAVIOURS = (
    "close-idle=0",
    "close-idle=0.01",
    "close-idle=2 tell-close",
    "close-after=1",
    "close-after=3",
    "close-after=2 tell-close",
    "unasked-408=0",
    "unasked-408=0.01",
    "more-bytes",
    "more-bytes=0",
    "more-bytes=0.005",
    "second-answer",
    "second-answer=0.001",
    "second-answer=0.01",
    "early-answer",
    "one-behind",
    "one-behind close-after=3",
    "second-answer=0.002 unasked-408=0.004",
    "",
)


@dataclass
class Office:
    """Files, looks and lists through one client, and holds each answer against what was asked for."""

    client: Client
    sandbox: Sandbox
    filed: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    async def file(self, alias: str) -> Answer | Failure:
        """Send a create once; an answer that says yes must name the record with this alias."""
        return self._noted(alias, await self.client.exchange(filing(alias)))

    async def look(self, alias: str) -> Answer | Failure:
        """Ask for the record; an answer that says yes must be about it."""
        seen = await self.client.exchange(Request(method="GET", path=f"PhoneNumber/Compliance/{self.filed[alias]}/"))
        if (said := self._yes(seen)) is not None:
            assert said["compliance_id"] == self.filed[alias]
        return seen

    async def list(self, alias: str) -> Answer | Failure:
        """Ask the list for an alias; an answer that says yes must show its record, and no other."""
        request = Request(method="GET", path="PhoneNumber/Compliance/", query={"alias": alias})
        seen = await self.client.exchange(request)
        if (said := self._yes(seen)) is not None:
            assert [record["alias"] for record in said["compliances"]] == [alias]
        return seen

    def _noted(self, alias: str, seen: Answer | Failure) -> Answer | Failure:
        if (said := self._yes(seen)) is not None:
            record = self.sandbox.state.record(said["compliance_id"])
            assert record is not None
            assert record.alias == alias
            self.filed[alias] = said["compliance_id"]
        return seen

    def _yes(self, seen: Answer | Failure) -> dict | None:
        self.seen[str(seen.http_status) if isinstance(seen, Answer) else seen.kind] += 1
        return json.loads(seen.body) if isinstance(seen, Answer) and seen.http_status < 300 else None

    @property
    def created(self) -> Counter[str]:
        """How many creates of each alias arrived at the API and were read."""
        return Counter(request.alias for request in self.sandbox.log if request.operation == "create" and request.alias)


def filing(alias: str) -> Request:
    """A create, all invented."""
    data = {
        "country_iso": "IN",
        "number_type": "local",
        "alias": alias,
        "end_user": {
            "type": "business",
            "name": f"{alias} Pvt Ltd",
            "address": {"line1": "1 Nowhere Road", "city": "Pune", "postal_code": "411001", "country": "IN"},
            "registration_number": f"N-{alias}",
        },
        "documents": [{"type": kind} for kind in ("identity_proof", "address_proof", "business_registration")],
    }
    documents = (
        Part(name=f"documents[{i}].file", body=b"%PDF-1.7", file_name="d.pdf", media_type="application/pdf")
        for i in range(3)
    )
    parts = (Part(name="data", body=json.dumps(data).encode()), *documents)
    return Request(method="POST", path="PhoneNumber/Compliance/", parts=parts)


@pytest.mark.parametrize("behaviours", BEHAVIOURS)
@pytest.mark.parametrize("is_read", [True, False], ids=["read", "write"])
async def test_each_oddity(make_client, behaviours, is_read):
    """After one odd connection a read and a write get their own answers or none, and a create arrives once."""
    async with Sandbox() as sandbox, make_client(sandbox.url) as client:
        office = Office(client, sandbox)
        await office.file("first")
        sandbox.behaviours.set(behaviours.split(), "connection")
        await office.list("first")
        await asyncio.sleep(0.02)
        await (office.look("first") if is_read else office.file("second"))
        sandbox.behaviours.set((), "connection")
        await asyncio.sleep(0.02)
        after = await office.list("first")

    assert isinstance(after, Answer)
    assert set(office.created.values()) == {1}


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_sequence_of_oddities(make_client, monkeypatch, seed):
    """Over random sequences of odd connections no request has another's answer, and no create arrives twice."""
    monkeypatch.setattr("bulk_onboard.api.connections.DISTRUST_S", 0.0)  # or there would be one oddity a minute
    dice = random.Random(seed)
    async with Sandbox() as sandbox, make_client(sandbox.url) as client:
        office = Office(client, sandbox)
        await office.file("first")
        for number in range(CALLS):
            sandbox.behaviours.set(dice.choice(BEHAVIOURS).split(), "connection")
            known = dice.sample(sorted(office.filed), k=min(3, len(office.filed)))
            calls = [office.file(f"row {number}"), *(dice.choice((office.look, office.list))(key) for key in known)]
            dice.shuffle(calls)
            at_a_time = dice.choice((1, 1, 2, 4))
            while calls:
                await asyncio.gather(*calls[:at_a_time])
                del calls[:at_a_time]
                await asyncio.sleep(dice.choice((0, 0, 0, 0.002, 0.012)))

    assert max(office.created.values()) == 1
    assert office.seen["201"] > CALLS / 4, office.seen
