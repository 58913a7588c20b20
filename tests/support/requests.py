"""Requests for the client's tests, and what they tell of a failure; all invented."""

import socket

from bulk_onboard.api.exchange import Answer, Failure, Part, Request

GET = Request(method="GET", path="PhoneNumber/Compliance/")
DELETE = Request(method="DELETE", path="PhoneNumber/Compliance/x/")
LINK = Request(method="POST", path="Number/911140000000/", json=b'{"compliance_id":"x"}')
CREATED = b'{"compliance_id":"a1b2c3d4-e5f6-7890-abcd-ef1234567890"}'


def create(size: int = 1000) -> Request:
    """A create with one document of so many bytes."""
    data = Part(name="data", body=b'{"alias":"A ~abc"}')
    document = Part(
        name="documents[0].file", body=b"%PDF" + b"x" * (size - 4), file_name="id.pdf", media_type="application/pdf"
    )
    return Request(method="POST", path="PhoneNumber/Compliance/", parts=(data, document))


def told(failure: Answer | Failure) -> tuple[str, bool, bool]:
    """What the verdict goes by: class, started, headers sent."""
    assert isinstance(failure, Failure)
    return failure.kind, failure.started, failure.headers_sent


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
