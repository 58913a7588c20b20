"""What is sent for a valid row: end user and documents, and the facts of files."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.paper import Paper
from bulk_onboard.model.requirements import Combination

DOCUMENT_LIMIT = 5 * 1024 * 1024  # inclusive; the API's document says "5 MB"; read as MiB
STRICT_LIMIT = 5_000_000
"""What "5 MB" is where it is not meant as MiB."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was found when a file was opened.

    Attributes:
        path: the file, resolved below the documents folder.
        size: in bytes.
        sha256: hexadecimal; empty where the file could not be read or is over the limit.
        media_type: by content: `application/pdf`, `image/png`, another recognised type, or empty.
        findings: errors and warnings about the file, without a place.
        origin: the digest of the file itself, where a converted copy stands for it or could; else empty.
        paper: its text, where that was asked for and there is any; kept no longer than the check takes.
    """

    path: Path
    size: int = 0
    sha256: str = ""
    media_type: str = ""
    findings: tuple[Finding, ...] = ()
    paper: Paper | None = None
    origin: str = ""


class Document(msgspec.Struct, frozen=True, gc=False):
    """A document to be sent: its file, its fields, or both.

    Attributes:
        type: as for `DocumentRequirement`.
        path, size, sha256, media_type: the file's facts; None, 0 and empty for a document without a file.
        fields: filled fields, by the requirements' names.
    """

    type: str
    path: Path | None = None
    size: int = 0
    sha256: str = ""
    media_type: str = ""
    fields: Mapping[str, str] = {}


class Application(msgspec.Struct, frozen=True, gc=False):
    """What the API is sent about one business.

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

    @property
    def values(self) -> tuple[str, ...]:
        """All texts that are sent about the business, which an answer of the API may repeat."""
        return (*self.fields.values(), *(text for document in self.documents for text in document.fields.values()))


def fingerprint(
    combination: Combination,
    fields: Mapping[str, str],
    documents: Iterable[tuple[str, str, Mapping[str, str]]],
) -> str:
    """Return a SHA-256, hexadecimal, of what the API's reviewers judge.

    `documents` are of type, sha256 and fields each. Their order does not count, since the API may list them in another
    one; nor do its ids, which are not among them.

    Alias and callback URL are left out: neither is about the business, and an update cannot change the latter.
    """
    sent = sorted((type_, digest, sorted(own.items())) for type_, digest, own in documents)
    content = (combination, sorted(fields.items()), sent)
    return hashlib.sha256(_encode(content)).hexdigest()
