"""The tables of docs/design/wire.md, Verdicts: each operation × what came back."""

import json

import pytest

from bulk_onboard.api.exchange import BODY_TOO_LARGE, Answer, Failure
from bulk_onboard.api.verdict import api_id, verdict
from bulk_onboard.api.wire import Wire
from bulk_onboard.model.call import LinkAnswer, Operation, Write
from bulk_onboard.model.outcome import TOO_LARGE, Denied, Done, Halt, Refused, Throttled, Unavailable, Unresolved
from bulk_onboard.model.requirements import Contract
from tests.support.calls import CALLS, COMPLIANCE_ID, TOKEN, YES

EVERY = list(Operation)
WRITES = [operation for operation, call in CALLS.items() if isinstance(call, Write)]
READS = [operation for operation in EVERY if operation not in WRITES]
CREATE, UPDATE, DELETE, LINK = Operation.CREATE, Operation.UPDATE, Operation.DELETE, Operation.LINK
GET, LIST, NUMBER, REQUIREMENTS = Operation.GET, Operation.LIST, Operation.NUMBER, Operation.REQUIREMENTS

OF_THE_API = {"error": {"code": "invalid_file", "message": "No such thing.", "param": "documents"}}
FOREIGN = b"<html>Forbidden by Fortress</html>"


def answer(http_status: int, body: object = None, **headers: str) -> Answer:
    """An answer: JSON of the body, unless that is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = {"content_type": "application/json"} | headers
    return Answer(
        http_status=http_status, headers={name.replace("_", "-"): text for name, text in said.items()}, body=raw
    )


def judged(operation: Operation, seen: Answer | Failure, owner=lambda compliance_id: None):
    """The verdict on the sample call of an operation."""
    return verdict(CALLS[operation], seen, Wire(Contract.BETA), owner=owner)


def gist(outcome) -> tuple:
    """Class and halt of an outcome."""
    return type(outcome), outcome.halt


# A no. Columns: who, which HTTP statuses, the API's own body, a foreign one.

REFUSED = (Refused, None)
UNRESOLVED = (Unresolved, None)
NO = [
    (EVERY, [400, 413, 415, 422], REFUSED, UNRESOLVED),
    (WRITES, [409], UNRESOLVED, UNRESOLVED),
    (READS, [409], REFUSED, UNRESOLVED),
    (WRITES, [401, 403], (Denied, Halt.CREDENTIALS), (Unresolved, Halt.CREDENTIALS)),
    (READS, [401, 403], (Denied, Halt.CREDENTIALS), (Denied, Halt.CREDENTIALS)),
    ([CREATE], [404, 405], (Denied, Halt.ADDRESS), (Unresolved, Halt.ADDRESS)),
    ([LIST], [404, 405], (Denied, Halt.ADDRESS), (Denied, Halt.ADDRESS)),
    ([GET, UPDATE, LINK], [404], REFUSED, UNRESOLVED),
    ([DELETE], [404], (Done, None), UNRESOLVED),
    ([REQUIREMENTS], [404], REFUSED, REFUSED),
    ([NUMBER], [404, 405], REFUSED, REFUSED),
    ([GET, UPDATE, DELETE, LINK, REQUIREMENTS], [405], REFUSED, UNRESOLVED),
    (EVERY, [429], (Throttled, None), (Throttled, None)),
    (EVERY, [300, 301, 302, 303, 304, 307, 308], (Unresolved, Halt.REDIRECT), (Unresolved, Halt.REDIRECT)),
    (EVERY, [402, 406, 408, 410, 411, 418, 425, 431, 451, 499], UNRESOLVED, UNRESOLVED),
    (EVERY, [500, 501, 502, 503, 504, 511, 599], UNRESOLVED, UNRESOLVED),
    (EVERY, [101, 199, 600, 999], UNRESOLVED, UNRESOLVED),
]
CELLS = [
    pytest.param(operation, http_status, expected, body, id=f"{operation}-{http_status}-{who}")
    for operations, statuses, *columns in NO
    for operation in operations
    for http_status in statuses
    for who, expected, body in zip(("api", "foreign"), columns, (OF_THE_API, FOREIGN), strict=True)
]


@pytest.mark.parametrize(("operation", "http_status", "expected", "body"), CELLS)
def test_no(operation, http_status, expected, body):
    """What each operation makes of each status, said by the API or by something in its place."""
    outcome = judged(operation, answer(http_status, body))

    assert expected == gist(outcome)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'"no"', b"{", b'{"error":1,"error":2}', b'{"error":NaN}']
)
def test_foreign_bodies(body):
    """Nothing, no object, an object without an error and sloppy JSON are foreign: no write is believed undone."""
    assert UNRESOLVED == gist(judged(CREATE, answer(422, body)))
    assert (Unresolved, Halt.CREDENTIALS) == gist(judged(CREATE, answer(401, body)))


@pytest.mark.parametrize("body", [OF_THE_API, {"api_id": "1", "error": "A sentence."}, {"error": "A sentence."}])
def test_api_is_known_by_the_shape_of_its_no(body):
    """Either vocabulary is the API's, whatever the answer calls its type."""
    assert REFUSED == gist(judged(CREATE, answer(400, body, content_type="text/plain")))


def test_refusal_keeps_what_the_api_said():
    """Code, message and status are kept for the report."""
    outcome = judged(CREATE, answer(422, OF_THE_API))

    assert Refused(code="invalid_file", message="No such thing.", http_status=422, quota=outcome.quota) == outcome


def test_refusal_without_a_code():
    """Where the API gives no code, the status is one."""
    assert "http-400" == judged(CREATE, answer(400, {"error": "A sentence."})).code
    assert "http-404" == judged(REQUIREMENTS, answer(404, FOREIGN)).code


@pytest.mark.parametrize(
    ("http_status", "error", "contested"),
    [
        (409, "Anything.", True),
        (400, "A record with this alias exists.", True),
        (422, "Duplicate record.", True),
        (400, "Compliance application already exists.", True),
        (422, "Name is already in use.", True),
        (400, {"code": "duplicate_record", "message": "No."}, True),
        (422, {"code": "invalid", "message": "No.", "param": "alias"}, True),
        (400, "end_user.type is required.", False),
        (413, "Duplicate bytes, too many.", False),
        (400, "An aliased document.", False),
    ],
)
def test_contested_refusal(http_status, error, contested):
    """A no that speaks of something that is there already is settled like a lost answer; it holds when that is done."""
    outcome = judged(CREATE, answer(http_status, {"error": error}))

    no = outcome.said if isinstance(outcome, Unresolved) else outcome
    assert contested is isinstance(outcome, Unresolved)
    assert (Refused, http_status) == (type(no), no.http_status)


@pytest.mark.parametrize("operation", [UPDATE, DELETE, LINK])
@pytest.mark.parametrize(("http_status", "contested"), [(409, True), (400, False), (422, False)])
def test_other_writes_are_contested_by_their_status_alone(operation, http_status, contested):
    """What exists already is no wonder to a correction: a record's alias is its own."""
    outcome = judged(operation, answer(http_status, {"error": "A record with this alias already exists."}))

    assert (Unresolved if contested else Refused) is type(outcome)


def test_deleting_what_is_not_there():
    """A delete that finds nothing did what it should, and answers the id it was asked for."""
    assert COMPLIANCE_ID == judged(DELETE, answer(404, OF_THE_API)).value


def test_denied_says_which_status():
    """The status is kept, because 401 and 403 are fixed differently."""
    assert 403 == judged(LIST, answer(403, FOREIGN)).http_status


# A yes.


@pytest.mark.parametrize(
    ("operation", "statuses"),
    [
        (CREATE, {200, 201}),
        (UPDATE, {200, 201, 202}),
        (DELETE, {200, 202, 204}),
        (LINK, set(range(200, 300))),
        (GET, {200}),
        (LIST, {200}),
        (NUMBER, {200}),
        (REQUIREMENTS, {200}),
    ],
)
def test_yes(operation, statuses):
    """Each operation has its statuses for done; any other success is not understood."""
    done = {s for s in range(200, 300) if gist(judged(operation, answer(s, YES[operation]))) == (Done, None)}

    assert statuses == done


def test_done_create():
    """A create answers the compliance id and the API's name for the request."""
    outcome = judged(CREATE, answer(201, YES[CREATE]))

    assert Done(value=COMPLIANCE_ID, api_id="api-1", quota=outcome.quota) == outcome


@pytest.mark.parametrize("operation", [DELETE, LINK])
@pytest.mark.parametrize("http_status", [200, 202, 204])
def test_yes_that_needs_no_body(operation, http_status):
    """A delete or a link needs no words to be done, whatever type the empty body claims."""
    value = {DELETE: COMPLIANCE_ID, LINK: {CALLS[NUMBER].number: LinkAnswer(True)}}[operation]

    assert value == judged(operation, answer(http_status, b"", content_type="text/html")).value


@pytest.mark.parametrize("operation", [o for o in EVERY if o not in (DELETE, LINK)])
def test_yes_without_body(operation):
    """For anything else an empty yes is none."""
    assert UNRESOLVED == gist(judged(operation, answer(200, b"")))


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"message": "Created successfully"},
        {"compliance_id": ""},
        {"compliance_id": None},
        {"compliance_id": "17"},
        {"compliance_id": COMPLIANCE_ID + "0"},
        YES[CREATE] | {"error": "but"},
        YES[CREATE] | OF_THE_API,
        FOREIGN,
        json.dumps(YES[CREATE]).encode()[:-1],
        json.dumps(YES[CREATE]).encode() * 2,
        b'{"compliance_id":"%s","x":NaN}' % COMPLIANCE_ID.encode(),
        b'{"compliance_id":"%s","compliance_id":"%s"}' % (COMPLIANCE_ID.encode(), COMPLIANCE_ID.encode()),
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_yes_that_is_none(body):
    """A create that says 201 without a usable id, or with an error, may or may not have happened."""
    assert UNRESOLVED == gist(judged(CREATE, answer(201, body)))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content_type": "application/json; charset=utf-8"}, Done),
        ({"content_type": "Application/JSON"}, Done),
        ({"content_type": "application/problem+json"}, Done),
        ({"content_encoding": "identity"}, Done),
        ({"content_type": "text/html"}, Unresolved),
        ({"content_type": "text/plain"}, Unresolved),
        ({"content_type": ""}, Unresolved),
        ({"content_encoding": "gzip"}, Unresolved),
        ({"content_encoding": "identity, br"}, Unresolved),
    ],
)
def test_yes_in_the_wrong_wrapping(headers, expected):
    """A yes must be called JSON and not be packed, even if it could be read."""
    assert expected is type(judged(CREATE, answer(201, YES[CREATE], **headers)))


def test_yes_without_a_type():
    """An answer that does not say what it is may be JSON."""
    assert (Done, None) == gist(
        judged(CREATE, Answer(http_status=201, headers={}, body=json.dumps(YES[CREATE]).encode()))
    )


def test_id_of_another_record():
    """A create that answers the id of another record is unknown, and stops the run: no answer can be trusted now."""
    outcome = judged(CREATE, answer(201, YES[CREATE]), owner={COMPLIANCE_ID: "another-token"}.get)

    assert (Unresolved, Halt.KNOWN_ID) == gist(outcome)


def test_id_of_the_same_record():
    """The id that the ledger knows for this very record is no surprise."""
    assert (Done, None) == gist(judged(CREATE, answer(201, YES[CREATE]), owner={COMPLIANCE_ID: TOKEN}.get))


# No whole answer. Columns: class and its ancestors, flag down, flag up.

TLS = Halt.TLS
CLIENT_OS = ("ClientOSError", "ClientConnectionError", "ClientError", "OSError", "Exception", "BaseException", "object")
CONNECTOR = ("ClientConnectorError", *CLIENT_OS)
SERVER_TIMEOUT = ("ServerTimeoutError", "ServerConnectionError", "ClientConnectionError", "ClientError", "TimeoutError")
RESPONSE = ("ClientResponseError", "ClientError", "Exception")
FAILURES = [
    (CONNECTOR, (Unavailable, None), (Unresolved, None)),
    (("ClientConnectorDNSError", *CONNECTOR), (Unavailable, None), (Unresolved, None)),
    (("ClientConnectorCertificateError", "ClientSSLError", *CONNECTOR), (Unavailable, TLS), (Unresolved, TLS)),
    (("ClientConnectorSSLError", "ClientSSLError", *CONNECTOR), (Unavailable, TLS), (Unresolved, TLS)),
    (("ClientProxyConnectionError", *CONNECTOR), (Unavailable, None), (Unresolved, None)),
    (("ClientHttpProxyError", *RESPONSE), (Unavailable, None), (Unresolved, None)),
    (("ConnectionTimeoutError", *SERVER_TIMEOUT), (Unavailable, None), (Unresolved, None)),
    (("InvalidURL", "ClientError", "ValueError"), (Unavailable, None), (Unresolved, None)),
    (("InvalidUrlClientError", "InvalidURL", "ClientError", "ValueError"), (Unavailable, None), (Unresolved, None)),
    (("NonHttpUrlClientError", "ClientError"), (Unavailable, None), (Unresolved, None)),
    (("TimeoutError", "OSError", "Exception"), (Unavailable, None), (Unresolved, None)),
    (("CancelledError", "BaseException"), (Unavailable, None), (Unresolved, None)),
    (("ServerDisconnectedError", "ServerConnectionError", "ClientError"), (Unavailable, None), (Unresolved, None)),
    (CLIENT_OS, UNRESOLVED, UNRESOLVED),
    (
        ("ClientConnectionResetError", "ClientConnectionError", "ConnectionResetError", "OSError"),
        UNRESOLVED,
        UNRESOLVED,
    ),
    (("SocketTimeoutError", *SERVER_TIMEOUT), UNRESOLVED, UNRESOLVED),
    (("ClientPayloadError", "ClientError"), UNRESOLVED, UNRESOLVED),
    (RESPONSE, UNRESOLVED, UNRESOLVED),
    (("ContentTypeError", *RESPONSE), UNRESOLVED, UNRESOLVED),
    (("ServerFingerprintMismatch", "ServerConnectionError", "ClientError"), UNRESOLVED, UNRESOLVED),
    (("OSError", "Exception"), UNRESOLVED, UNRESOLVED),
    (("SomethingNewError", "Exception"), UNRESOLVED, UNRESOLVED),
    (("cut-off",), UNRESOLVED, UNRESOLVED),
]


@pytest.mark.parametrize("operation", EVERY)
@pytest.mark.parametrize(("names", "down", "up"), FAILURES, ids=lambda names: names[0] if len(names) != 2 else "")
def test_failure(operation, names, down, up):
    """A class proves a call unsent only while no header has left, and only if the start was announced."""
    kind, *bases = names

    def seen(started, headers_sent):
        return judged(operation, Failure(kind=kind, bases=tuple(bases), started=started, headers_sent=headers_sent))

    assert down == gist(seen(started=True, headers_sent=False))
    assert up == gist(seen(started=True, headers_sent=True))
    assert up == gist(seen(started=False, headers_sent=False))
    assert up == gist(seen(started=False, headers_sent=True))


@pytest.mark.parametrize("operation", EVERY)
def test_answer_that_is_too_long(operation):
    """What a write led to stays unknown; of a read less may be asked for, so that is a no of our own."""
    outcome = judged(operation, Failure(kind=BODY_TOO_LARGE, started=True, headers_sent=True))

    assert (UNRESOLVED if operation in WRITES else REFUSED) == gist(outcome)
    assert operation in WRITES or TOO_LARGE == outcome.code


@pytest.mark.parametrize("text", [rb"\ud83d", b"\xff"])
def test_broken_text_of_a_stranger_does_not_spoil_a_page(text):
    """Half a surrogate pair or bytes that are no UTF-8: the record is there, its text is replaced."""
    body = b'{"compliances":[{"compliance_id":"%s","alias":"%s"}]}' % (COMPLIANCE_ID.encode(), text)

    outcome = judged(LIST, answer(200, body))

    assert [(COMPLIANCE_ID, "\ufffd")] == [(record.compliance_id, record.alias) for record in outcome.value.records]


def test_broken_text_in_the_answer_to_a_write_is_not_read():
    """It is answered with the API's own words alone, so a broken one is not the API's."""
    body = b'{"compliance_id":"%s","message":"\xff"}' % COMPLIANCE_ID.encode()

    assert UNRESOLVED == gist(judged(CREATE, answer(201, body)))


def test_failures_say_their_class_and_no_more():
    """What is written down of a failure is a class name."""
    assert "TimeoutError" == judged(CREATE, Failure(kind="TimeoutError", headers_sent=True)).seen
    assert "TimeoutError" == judged(CREATE, Failure(kind="TimeoutError")).why


# What goes along.


@pytest.mark.parametrize("http_status", [201, 422, 401, 429, 500, 302])
def test_every_answer_tells_of_the_quota(http_status):
    """The pacer hears what any answer said of the quota."""
    outcome = judged(CREATE, answer(http_status, OF_THE_API, x_ratelimit_limit="60", x_ratelimit_remaining="45"))

    assert (60, 45) == (outcome.quota.limit, outcome.quota.remaining)


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({"api_id": "c3d4"}, {}, "c3d4"),
        ({"api_id": "c3d4"}, {"x_request_id": "r-1"}, "c3d4"),
        ({}, {"x_request_id": "r-1"}, "r-1"),
        (FOREIGN, {"x_request_id": "r-1"}, "r-1"),
        ({"api_id": "someone@example.com"}, {}, ""),
        ({"api_id": "x" * 65}, {"x_request_id": "a b"}, ""),
        ({"api_id": None}, {}, ""),
    ],
)
def test_api_id(body, headers, expected):
    """The request's name is taken from body or header, and only if it can be nothing but a name."""
    assert expected == api_id(answer(200, body, **headers))


def test_body_is_never_repeated():
    """What was seen is told without a word of the body."""
    said = json.dumps({"error": "PRIVATE", "api_id": "PRIVATE"}).encode()

    seen = [judged(operation, answer(status, said)) for operation in EVERY for status in (201, 302, 500)]

    assert [] == [outcome for outcome in seen if "PRIVATE" in getattr(outcome, "seen", "")]
