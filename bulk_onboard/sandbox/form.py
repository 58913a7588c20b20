"""The body of create and update: `multipart/form-data`, one part `data` and parts `documents[i].file` (wire.md 5.2).

Parts are known by their names alone: their content types may be absent, generic or exact.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulk_onboard.sandbox.answers import RefusedError

_BOUNDARY = re.compile(r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_DISPOSITION = re.compile(r"^content-disposition:\s*form-data(.*)$", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(r';\s*(name|filename)=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)
_FILE_PART = re.compile(r"documents\[(\d{1,4})\]\.file")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body; `file_name` is empty where none was sent."""

    name: str
    file_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """What a create or an update says: its `data`, and its files by their position in `data.documents`."""

    data: Mapping[str, Any] = field(repr=False)
    files: Mapping[int, Part]


def read_form(content_type: str, body: bytes) -> Form:
    """The form in a body; RefusedError when it is no multipart form, or has no `data` that is a JSON object."""
    data: Mapping[str, Any] | None = None
    files: dict[int, Part] = {}
    for part in read_parts(content_type, body):
        position = _FILE_PART.fullmatch(part.name)
        if part.name == "data":
            data = _read_data(part.content)
        elif position is None:
            raise _malformed(f"part {part.name!r} is unknown; send data and documents[i].file", part.name)
        else:
            files[int(position[1])] = part
    if data is None:
        raise _malformed("part 'data' is missing", "data")
    return Form(data, files)


def read_parts(content_type: str, body: bytes) -> list[Part]:
    """The parts of a multipart body in their order; RefusedError when it is something else, or incomplete."""
    boundary = _BOUNDARY.match(content_type)
    if boundary is None:
        raise _malformed("send multipart/form-data with a boundary")
    delimiter = b"\r\n--" + (boundary[1] or boundary[2]).encode()
    _, *pieces = (b"\r\n" + body).split(delimiter)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise _malformed("the multipart body is not complete")
    return [_read_part(piece) for piece in pieces[:-1]]


def _read_part(piece: bytes) -> Part:
    head, blank_line, content = piece.partition(b"\r\n\r\n")
    disposition = _DISPOSITION.search(head.decode(errors="replace").replace("\r\n", "\n"))
    if not blank_line or disposition is None:
        raise _malformed("a part has no Content-Disposition: form-data")
    found = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(disposition[1])}
    return Part(found.get("name", ""), found.get("filename", ""), content)


def _read_data(content: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _malformed("part 'data' is not JSON", "data") from error
    if not isinstance(data, dict):
        raise _malformed("part 'data' is not a JSON object", "data")
    return data


def _malformed(message: str, param: str | None = None) -> RefusedError:
    return RefusedError("invalid_parameter", message, param)
