"""A server that only listens: what a client sent, as far as two clients of the API must send the same."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import Parser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.raw_server import Peer, RawServer, answer

_BOUNDARY = re.compile(r'multipart/form-data; *boundary="?([^\s";]+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, without what clients are free in: blanks and escapes of JSON, names and types of files, other headers.

    Attributes:
        query: names and values, decoded; their order does not matter.
        names: of the form's parts, in order; empty where the body is no form.
        data: the JSON in the form's part `data`, or the whole body's.
        files: the bytes of each other part, by its name.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    authorization: str = field(repr=False)
    names: tuple[str, ...] = ()
    data: Any = None
    files: dict[str, bytes] = field(default_factory=dict)


class Recorder(RawServer):
    """Answers a question for requirements with these, and all else with an empty object, once it has come whole."""

    def __init__(self, requirements: dict[str, Any]) -> None:
        super().__init__(self._listen)
        self._requirements = json.dumps(requirements).encode()

    @property
    def sent(self) -> list[Sent]:
        """What was sent, in order."""
        return [_sent(request) for request in self.heard]

    async def _listen(self, peer: Peer) -> None:
        request = await peer.read_request()
        body = self._requirements if b"/Requirements/" in request.split(b"\r\n")[0] else b"{}"
        await peer.send(answer(200, body, connection="close"))


def _sent(request: bytes) -> Sent:
    head, _, body = request.partition(b"\r\n\r\n")
    line, _, rest = head.decode("ascii").partition("\r\n")
    method, target, _ = line.split(" ")
    address, headers = urlsplit(target), Parser().parsestr(rest, headersonly=True)
    query = tuple(sorted(parse_qsl(address.query, keep_blank_values=True, strict_parsing=bool(address.query))))
    about = Sent(method, address.path, query, headers["Authorization"])
    return _with_body(about, headers, body) if body else about


def _with_body(about: Sent, headers: Message, body: bytes) -> Sent:
    content_type = headers["Content-Type"]
    if content_type == "application/json":
        return Sent(about.method, about.path, about.query, about.authorization, data=json.loads(body))
    boundary = _BOUNDARY.fullmatch(content_type)
    assert boundary, f"{about.method} {about.path} has a body of type {content_type}"
    parts = list(_parts(boundary[1].encode(), body))
    files = dict(parts)
    assert len(files) == len(parts), f"two parts have one name: {[name for name, _ in parts]}"
    data = json.loads(files.pop("data"))
    names = tuple(name for name, _ in parts)
    return Sent(about.method, about.path, about.query, about.authorization, names, data, files)


def _parts(boundary: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each part."""
    before, *pieces, after = (b"\r\n" + body).split(b"\r\n--" + boundary)
    assert (b"", b"--\r\n") == (before, after), "the form is not whole, or something stands beside it"
    for piece in pieces:
        assert piece.startswith(b"\r\n")
        head, blank_line, content = piece[2:].partition(b"\r\n\r\n")
        assert blank_line
        name = Parser().parsestr(head.decode()).get_param("name", header="Content-Disposition")
        assert isinstance(name, str)
        yield name, content
