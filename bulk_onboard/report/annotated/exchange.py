"""What goes to the child that annotates, and what comes back: lines of JSON, and the copy as it is."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

from bulk_onboard.report.annotated.annotation import Annotation, Mark, RowResults
from bulk_onboard.report.annotated.mends import Mend
from bulk_onboard.report.annotated.results import Results


class Request(NamedTuple):
    """What the child is asked.

    Attributes:
        annotation: what to mark and to write.
        sha256: the digest of the workbook that was judged, hexadecimal.
        created: when the copy is to say that it was made, in whole seconds.
    """

    annotation: Annotation
    sha256: str
    created: datetime


def request_bytes(request: Request) -> bytes:
    """The request as `read_request` understands it."""
    fields = asdict(request.annotation) | {"sha256": request.sha256, "created": request.created.isoformat()}
    return json.dumps(fields, separators=(",", ":")).encode()


def read_request(content: bytes) -> Request:
    """The request that was made into these bytes."""
    fields = json.loads(content)
    annotation = Annotation(
        sheet=fields["sheet"],
        header_row=fields["header_row"],
        added=tuple(fields["added"]),
        marks=tuple(Mark(*mark) for mark in fields["marks"]),
        results=tuple(RowResults(row, Results(*texts)) for row, texts in fields["results"]),
        mends=tuple(Mend(*mend) for mend in fields["mends"]),
        base=tuple(fields["base"]),
    )
    return Request(annotation, fields["sha256"], datetime.fromisoformat(fields["created"]))


def answer_pieces(copy: bytes, notes: tuple[str, ...]) -> Iterator[bytes]:
    """The notes in one line, then the copy."""
    yield json.dumps(notes).encode() + b"\n"
    yield copy


def read_answer(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The copy and the notes that were made into these bytes."""
    notes, _, copy = content.partition(b"\n")
    return copy, tuple(json.loads(notes))
