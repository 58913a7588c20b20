"""The content of a valid row, ready to send: end user and documents."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from bulk_onboard.model.paper import Paper
from bulk_onboard.model.requirements import Combination

DOCUMENT_LIMIT = 5 * 1024 * 1024  # inclusive; "5 MB" of the document read as MiB (wire.md 11, 5)

_encode = msgspec.json.Encoder().encode


class Fault(NamedTuple):
    """What is wrong with a file, or worth a warning: the code of a finding, and what its words need."""

    code: str
    details: Mapping[str, str | int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one look at a file told.

    Attributes:
        path: the file, resolved below the documents folder.
        size: in bytes.
        sha256: hexadecimal; empty where the file is in trouble or over the limit.
        media_type: by content: `application/pdf`, `image/png`, another recognised type, or empty.
        faults: everything that keeps it from being a document, or that a person should look at.
        paper: its text, where that was asked for and there is any; not to be kept when the check is over.
    """

    path: Path
    size: int = 0
    sha256: str = ""
    media_type: str = ""
    faults: tuple[Fault, ...] = ()
    paper: Paper | None = None


class Document(msgspec.Struct, frozen=True, gc=False):
    """A file that proves something: `type` as the requirements name it, and its facts."""

    type: str
    path: Path
    size: int
    sha256: str
    media_type: str


class Application(msgspec.Struct, frozen=True, gc=False):
    """What the API is to be told about one business.

    Attributes:
        combination: country of the number, its type, type of the end user.
        fields: filled fields by the requirements' names (`business_name`, `address.line1` …).
        documents: in the order of the requirements.
        callback_url: where the API reports reviews; empty for nowhere.
    """

    combination: Combination
    fields: Mapping[str, str]
    documents: tuple[Document, ...]
    callback_url: str = ""

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(document.size for document in self.documents)


def fingerprint(
    combination: Combination,
    fields: Mapping[str, str],
    documents: Iterable[tuple[str, str]],
) -> str:
    """SHA-256 over canonical JSON of what is reviewed; documents as ordered (type, sha256) (reliability.md 1.1).

    Alias and callback URL are left out: they say nothing about the business, and an update cannot change the latter.
    """
    content = (combination, sorted(fields.items()), tuple(documents))
    return hashlib.sha256(_encode(content)).hexdigest()
