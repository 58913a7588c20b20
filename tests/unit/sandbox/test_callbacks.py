"""Callbacks: what the sandbox sends when a review changes, to whom, and what it does when nobody answers with 2xx."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.callbacks import CALLBACK_FAULTS, target_of
from bulk_onboard.sandbox.callbacks import CallbackOptions as Options
from bulk_onboard.sandbox.server import Sandbox

PUBLIC = "https://callbacks.example.com/r?job=7"


@dataclass
class Came:
    """A request that came to the receiver."""

    method: str
    query: list[tuple[str, str]]
    content_type: str
    body: bytes
    nonce: str
    signature: str


@dataclass
class Receiver:
    """Somebody whom the sandbox calls; `statuses` are what it answers, then 200."""

    url: str = ""
    came: list[Came] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.came.append(
            Came(
                request.method,
                parse_qsl(request.query_string),
                request.headers.get("Content-Type", ""),
                await request.read(),
                request.headers["X-Plivo-Signature-V3-Nonce"],
                request.headers["X-Plivo-Signature-V3"],
            )
        )
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver.handle, access_log=None), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


def signed(token: str, text: str, nonce: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), f"{text}.{nonce}".encode(), hashlib.sha256).digest()).decode()


async def approved(client: Any, sandbox: Sandbox, **changes: Any) -> str:
    """A record that was approved."""
    compliance_id = await client.created(sandbox, **({"callback_url": PUBLIC} | changes))
    await client.review(sandbox, compliance_id, "approved")
    return str(compliance_id)


@pytest.mark.parametrize("ways", [{}, {"faults": ("covers-json",)}, {"body": "form"}], ids=str)
async def test_event_goes_out_signed_with_the_accounts_token(client: Any, ways: dict[str, Any]) -> None:
    """As JSON or as a form, to the address it is given in place of the record's own, signed for the record's own."""
    async with receiving() as receiver, Sandbox(callbacks=Options(via=receiver.url, **ways)) as sandbox:
        compliance_id = await approved(client, sandbox)
        await until(lambda: bool(receiver.came))

    came = receiver.came[0]
    event = {"event": "compliance.approved", "compliance_id": compliance_id, "status": "approved"}
    told = f"compliance_id{compliance_id}eventcompliance.approvedstatusapproved"
    assert event == (dict(parse_qsl(came.body.decode())) if ways.get("body") else json.loads(came.body))
    base = "https://callbacks.example.com/r?job=7"
    assert signed("invented-token", base + (f".{told}" if ways else ""), came.nonce) == came.signature
    assert ("POST", [("job", "7")]) == (came.method, came.query)


async def test_events_of_two_accounts_are_signed_with_their_own_tokens(client: Any) -> None:
    """Whoever called last; each account counts its own answers."""
    tokens = {"MAACME00000000000001": "token of acme", "MABRAVO0000000000002": "token of bravo"}
    async with receiving() as receiver, Sandbox(credentials=tokens, callbacks=Options(via=receiver.url)) as sandbox:
        ids = {await client.of(*each).created(sandbox, callback_url=PUBLIC): each for each in tokens.items()}
        for compliance_id, (auth_id, _) in ids.items():
            state = sandbox.account(auth_id).state
            state.review(state.records[0], "approved", None)
            assert compliance_id == state.records[0].compliance_id
        await until(lambda: all(sandbox.account(auth_id).callbacks.answers["200"] for auth_id in tokens))

    assert 2 == len(receiver.came)
    for came in receiver.came:
        _, token = ids[json.loads(came.body)["compliance_id"]]
        assert signed(token, "https://callbacks.example.com/r?job=7", came.nonce) == came.signature


async def test_get_carries_the_event_in_its_query(client: Any) -> None:
    """All of the query is signed, sorted."""
    async with receiving() as receiver, Sandbox(callbacks=Options(via=receiver.url)) as sandbox:
        compliance_id = await approved(client, sandbox, callback_method="GET")
        await until(lambda: bool(receiver.came))

    came = receiver.came[0]
    text = (
        f"https://callbacks.example.com/r?compliance_id={compliance_id}&event=compliance.approved&job=7&status=approved"
    )
    assert ("GET", b"") == (came.method, came.body)
    assert signed("invented-token", text, came.nonce) == came.signature


@pytest.mark.parametrize(
    ("faults", "names"),
    [
        ((), ("compliance_id", "status", "rejection_reason")),
        (("other-names",), ("compliance_application_id", "compliance_status", "reason")),
    ],
)
async def test_released_contract_tells_id_status_and_reason(
    client: Any, applicant: Any, faults: tuple[str, ...], names: tuple[str, str, str]
) -> None:
    """Every review is told, in the words of the contract, and no event is named; http to this machine is called."""
    async with receiving() as receiver, Sandbox(contract="released", callbacks=Options(faults=faults)) as sandbox:
        compliance_id = await applicant.created(sandbox, callback_url=f"{receiver.url}/hook")
        for number, review in enumerate(("approved", "suspended", "more_info_required"), 1):
            await client.review(sandbox, compliance_id, review, "Blurred.")
            await until(lambda so_many=number: len(receiver.came) == so_many)

    record, status, reason = names
    first = {record: compliance_id, status: "accepted"}
    assert [first, {**first, status: "suspended"}, {**first, status: "rejected", reason: "Blurred."}] == [
        json.loads(came.body) for came in receiver.came
    ]


async def test_robot_calls_and_a_rejection_tells_why(client: Any, clock: Any) -> None:
    """A review that came by itself is sent, too; a record without an address is not."""
    async with (
        receiving() as receiver,
        Sandbox(review_after_s=5, clock=clock, callbacks=Options(via=receiver.url)) as sandbox,
    ):
        await client.created(sandbox, end_user__name="Nobody is called")
        await client.created(sandbox, end_user__name="REJECT Ltd", callback_url=PUBLIC)
        clock.at += 5
        await until(lambda: bool(receiver.came))

    event = json.loads(receiver.came[0].body)
    assert "compliance.rejected" == event["event"]
    assert "expired" in event["rejection_reason"]
    assert 1 == len(receiver.came)


async def test_callback_without_a_2xx_is_sent_again_three_times(client: Any, clock: Any) -> None:
    """After 60, 120 and 240 s, with the same nonce; then never more."""
    async with receiving() as receiver, Sandbox(clock=clock, callbacks=Options(via=receiver.url)) as sandbox:
        receiver.statuses = [500, 302, 403, 503, 500]
        await approved(client, sandbox)
        counts = []
        for pause_s in (59, 1, 119, 1, 239, 1, 10_000):
            await until(lambda: sandbox.callbacks.answers.total() == len(receiver.came) > 0)
            clock.at += pause_s
            await asyncio.sleep(0.2)  # the sender looks by the true clock
            counts.append(len(receiver.came))

    assert [1, 2, 2, 3, 3, 4, 4] == counts
    assert 1 == len({came.nonce for came in receiver.came})


async def test_nobody_but_this_machine_is_called_unless_told(client: Any) -> None:
    """A callback to another machine is counted as not sent; `via` decides the target where it is given."""
    async with Sandbox() as sandbox:
        await approved(client, sandbox)
        await until(lambda: sandbox.callbacks.answers["not sent"] == 1)

    assert target_of("http://127.0.0.1:9/r", "") == "http://127.0.0.1:9/r"
    assert target_of("http://192.168.0.1/r", "") is None
    assert target_of("https://a.example.com/r?x=1", "http://10.0.0.1:8080") == "http://10.0.0.1:8080/r?x=1"


@pytest.mark.parametrize(
    ("fault", "count", "nonces", "right"),
    [
        ("twice", 2, 2, 2),
        ("replayed", 2, 1, 2),
        ("disorder", 1, 1, 1),
        ("forged", 2, 2, 1),
        ("lying", 1, 1, 1),
        ("strangers", 2, 2, 2),
        ("flood", 50, 50, 50),
        ("covers-json", 1, 1, 0),
        ("other-names", 1, 1, 1),
    ],
)
async def test_fault(client: Any, fault: str, count: int, nonces: int, right: int) -> None:
    """How many come, how many nonces they have, and how many are signed for the address alone."""
    async with (
        receiving() as receiver,
        Sandbox(callbacks=Options(via=receiver.url, faults=(fault,))) as sandbox,
    ):
        await approved(client, sandbox)
        await until(lambda: len(receiver.came) == count)

    bare = "https://callbacks.example.com/r?job=7"
    assert nonces == len({came.nonce for came in receiver.came})
    assert right == sum(signed("invented-token", bare, came.nonce) == came.signature for came in receiver.came)


@pytest.mark.parametrize("faults", [("strangers",), ("other-names", "strangers")])
async def test_event_of_a_stranger_names_a_record_that_is_not_there(client: Any, faults: tuple[str, ...]) -> None:
    """Its own event names the record, the other one an id of nobody, by whatever name."""
    async with receiving() as receiver, Sandbox(callbacks=Options(via=receiver.url, faults=faults)) as sandbox:
        compliance_id = await approved(client, sandbox)
        await until(lambda: len(receiver.came) == 2)

    name = "compliance_application_id" if len(faults) == 2 else "compliance_id"
    ids = [json.loads(came.body)[name] for came in receiver.came]
    assert 1 == ids.count(compliance_id)
    assert 2 == len(set(ids))


def test_every_fault_of_callbacks_is_tried() -> None:
    """The table above has them all."""
    tried = {mark.args[1][n][0] for mark in test_fault.pytestmark for n in range(len(mark.args[1]))}  # type: ignore[attr-defined]

    assert set(CALLBACK_FAULTS) == tried


async def test_control_changes_the_options_and_the_state_counts_the_answers(client: Any) -> None:
    """`POST /_sandbox/callbacks` holds from then on; an unknown fault is refused."""
    async with receiving() as receiver, Sandbox() as sandbox:
        seen = await client.control(sandbox, "POST", "callbacks", via=receiver.url, faults=["twice"])
        wrong = await client.control(sandbox, "POST", "callbacks", faults=["upside-down"])
        await approved(client, sandbox)
        await until(lambda: sandbox.callbacks.answers["200"] == 2)
        state = await client.control(sandbox, "GET", "state")
        await client.control(sandbox, "POST", "reset")

        assert (200, ["twice"]) == (seen.http_status, seen.json["faults"])
        assert 400 == wrong.http_status
        assert {"200": 2} == state.json["callbacks"]
        assert not sandbox.callbacks.answers


@pytest.mark.parametrize("ways", [{"body": "xml"}, {"faults": ("upside-down",)}])
def test_unknown_word_is_refused(ways: dict[str, Any]) -> None:
    """The error names what there is."""
    with pytest.raises(UsageError, match="choose one of"):
        Options(**ways)
