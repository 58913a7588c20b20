"""The files a row names, against the documents the API requires (compliance-api.txt; wire.md 5.4).

Rule: every document the requirements list is required. Content decides what a file is, never the ending of its name.
Kinds (passport, utility_bill …) are the user's word for what a scan shows: checked when written down, never sent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from bulk_onboard.model.application import DOCUMENT_LIMIT, Document, FileFacts, FileTrouble
from bulk_onboard.model.requirements import DocumentRequirement
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import document_column, kind_column
from bulk_onboard.validation.trouble import Trouble, shown_cell, shown_path

_ACCEPTED_TYPES = {"application/pdf", "image/png"}
_PLAIN_WORDS = {
    "": "of an unknown type",
    "image/jpeg": "a JPEG image",
    "image/gif": "a GIF image",
    "image/tiff": "a TIFF image",
    "image/webp": "a WebP image",
    "image/heic": "a HEIC photo",
    "application/zip": "a ZIP archive",
    "application/msword": "an old Word or Excel file",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "a Word document",
}
_IGNORED_IN_KINDS = re.compile(r"[\s_]+")


def sent_documents(
    row: Row, documents: Iterable[DocumentRequirement], files: Mapping[str, FileFacts]
) -> tuple[Document, ...]:
    """The documents of a row without document troubles, in the order of the requirements."""
    named = ((wanted.type, files[row.cell(document_column(wanted.type))]) for wanted in documents)
    return tuple(Document(type_, facts.path, facts.size, facts.sha256, facts.media_type) for type_, facts in named)


def document_digests(
    row: Row, documents: Iterable[DocumentRequirement], files: Mapping[str, FileFacts]
) -> Iterator[tuple[str, str]]:
    """Type and digest of every document a row names; where there is no digest, the cell's text stands for it."""
    for wanted in documents:
        if text := row.cell(document_column(wanted.type)):
            facts = files.get(text)
            yield wanted.type, facts.sha256 if facts and facts.sha256 else text


def document_troubles(
    row: Row, documents: Iterable[DocumentRequirement], files: Mapping[str, FileFacts]
) -> Iterator[Trouble]:
    """What is wrong with the documents of a row and with the kinds it gives them."""
    for wanted in documents:
        column = document_column(wanted.type)
        text = row.cell(column)
        for code, details in _faults(files.get(text)) if text else [("document-missing", {"title": wanted.title})]:
            yield Trouble(code, column, shown_path(text), details)
        yield from _kind_troubles(row, wanted)


def _faults(facts: FileFacts | None) -> Iterator[tuple[str, Mapping[str, str | int]]]:
    """Codes and details of what keeps a file from being a document; a file nobody looked at is not there."""
    trouble = facts.trouble if facts else FileTrouble.NOT_FOUND
    if facts is None or trouble:
        yield f"document-{trouble}", {}
        return
    if facts.size == 0:
        yield "document-empty", {}
        return
    too_large = facts.size > DOCUMENT_LIMIT
    if too_large:
        yield "document-too-large", {"size": facts.size, "limit": DOCUMENT_LIMIT}
    not_looked_into = too_large and not facts.media_type
    if facts.media_type not in _ACCEPTED_TYPES and not not_looked_into:
        yield "document-wrong-type", {"found": _PLAIN_WORDS.get(facts.media_type, facts.media_type)}


def _kind_troubles(row: Row, wanted: DocumentRequirement) -> Iterator[Trouble]:
    column = kind_column(wanted.type)
    kind = row.cell(column)
    if kind and wanted.kinds and _bare(kind) not in map(_bare, wanted.kinds):
        details = {"title": wanted.title, "accepted": ", ".join(wanted.kinds)}
        yield Trouble("document-kind-not-accepted", column, shown_cell(kind), details)


def _bare(kind: str) -> str:
    return _IGNORED_IN_KINDS.sub("", kind).casefold()
