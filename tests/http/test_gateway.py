"""Calls through the whole of `api/` to canned answers: which request each makes, and what it leads to."""

import json

import pytest

from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.wire import Wire
from bulk_onboard.model.call import Operation
from bulk_onboard.model.outcome import Denied, Done, Halt, Refused, Throttled, Unresolved
from bulk_onboard.model.requirements import Contract
from tests.support.calls import CALLS, COMPLIANCE_ID, NUMBER, YES
from tests.support.compat import canned_answers
from tests.support.events import captured

BASE_URL = "https://api.plivo.com"
ACCOUNT = f"{BASE_URL}/v1/Account/MAT3ST0T3ST0T3ST0XYZ/"
REQUESTS = {
    Operation.REQUIREMENTS: (
        "GET",
        "PhoneNumber/Compliance/Requirements/?country_iso=IN&number_type=local&user_type=business",
    ),
    Operation.CREATE: ("POST", "PhoneNumber/Compliance/"),
    Operation.GET: ("GET", f"PhoneNumber/Compliance/{COMPLIANCE_ID}/?expand=documents,end_user"),
    Operation.LIST: ("GET", "PhoneNumber/Compliance/?alias=K-0017+~abcdefgh23456777&limit=100"),
    Operation.UPDATE: ("PATCH", f"PhoneNumber/Compliance/{COMPLIANCE_ID}/"),
    Operation.DELETE: ("DELETE", f"PhoneNumber/Compliance/{COMPLIANCE_ID}/"),
    Operation.LINK: ("POST", f"Number/{NUMBER}/"),
    Operation.NUMBER: ("GET", f"Number/{NUMBER}/"),
    Operation.NUMBERS: ("GET", "Number/?limit=20&offset=0"),
}


class Stopwatch:
    """A clock that goes on by half a second at every look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        """The next half second."""
        self.now_s += 0.5
        return self.now_s


async def led_to(make_client, operation: Operation, **canned):
    """The outcome of the sample call of an operation, answered so."""
    method, path = REQUESTS[operation]
    with canned_answers() as answers:
        answers.add(ACCOUNT + path, method=method, **canned)
        async with make_client(BASE_URL) as client:
            gateway = HttpGateway(client, Wire(Contract.BETA), owner=lambda compliance_id: None, clock=Stopwatch())
            return await gateway.send(CALLS[operation])


@pytest.mark.parametrize("operation", list(Operation))
async def test_request(make_client, operation):
    """Each call goes to its own address, with slash and query, and a plain answer makes it done."""
    outcome = await led_to(make_client, operation, payload=YES[operation])

    assert isinstance(outcome, Done)


@pytest.mark.parametrize(
    ("http_status", "expected", "halt"),
    [
        (422, Refused, None),
        (401, Denied, Halt.CREDENTIALS),
        (404, Denied, Halt.ADDRESS),
        (429, Throttled, None),
        (307, Unresolved, Halt.REDIRECT),
        (500, Unresolved, None),
    ],
)
async def test_no(make_client, http_status, expected, halt):
    """A no arrives as the outcome that the verdict makes of it."""
    outcome = await led_to(make_client, Operation.CREATE, status=http_status, payload={"error": "No."})

    assert (expected, halt) == (type(outcome), outcome.halt)


async def test_answer_shorter_than_it_says(make_client):
    """A body that ends before its announced length is no answer, even if the library lets it pass."""
    canned = {"payload": YES[Operation.CREATE], "headers": {"Content-Length": "1000"}}

    outcome = await led_to(make_client, Operation.CREATE, status=201, **canned)

    assert Unresolved(seen="cut-off") == outcome


async def test_answer_is_logged_without_content(make_client):
    """One event per call: operation, status, the API's name for the request and how long it took."""
    headers = {"X-Private": "canary"}
    with captured() as logged:
        await led_to(make_client, Operation.CREATE, status=201, payload=YES[Operation.CREATE], headers=headers)

    assert [
        {
            "event": "answered",
            "level": "debug",
            "operation": "create",
            "http_status": 201,
            "api_id": "api-1",
            "duration_s": 0.5,
        }
    ] == logged


async def test_failure_is_logged_without_content(make_client):
    """A failure is told by its class and errno."""
    with captured() as logged:
        await led_to(make_client, Operation.LIST, exception=OSError(104, f"canary {BASE_URL}"))

    assert [
        {
            "event": "no answer",
            "level": "info",
            "operation": "list",
            "error": "ConnectionResetError",
            "errno": 104,
            "duration_s": 0.5,
        }
    ] == json.loads(json.dumps(logged))
