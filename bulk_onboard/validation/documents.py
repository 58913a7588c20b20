"""The files a row names, against the documents the API requires (compliance-api.txt; wire.md 5.4).

Rule: every document the requirements list is required. What is wrong with a file was found when it was looked at;
whether its type will do, and whether it stands where it should, is judged here. Kinds (passport, utility_bill …) are
the user's word for what a scan shows: checked when written down, never sent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bulk_onboard.model.application import DOCUMENT_LIMIT, Document, Fault, FileFacts
from bulk_onboard.model.file_type import ACCEPTED_TYPES, file_type
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.requirements import DocumentRequirement
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import document_column, kind_column
from bulk_onboard.validation.paper import is_about_the_business, paper_troubles
from bulk_onboard.validation.trouble import Trouble, shown_cell

_IGNORED_IN_KINDS = re.compile(r"[\s_]+")


class Slot(NamedTuple):
    """Where rows have one document: the columns of its path and of its kind; `kinds` are bare, empty for any."""

    type: str
    column: str
    kind_column: str
    kinds: frozenset[str]
    requirement: DocumentRequirement

    def accepts(self, kind: str) -> bool:
        """Whether a document of this kind will do; a blank one says nothing."""
        return not kind or not self.kinds or _bare(kind) in self.kinds


def slots_of(documents: Iterable[DocumentRequirement]) -> tuple[Slot, ...]:
    """The slot of each document."""
    return tuple(
        Slot(each.type, document_column(each.type), kind_column(each.type), frozenset(map(_bare, each.kinds)), each)
        for each in documents
    )


def sent_documents(row: Row, slots: Iterable[Slot], files: Mapping[str, FileFacts]) -> tuple[Document, ...]:
    """The documents of a row without document errors, in the order of the requirements."""
    named = [(slot.type, files[row.cells[slot.column]]) for slot in slots]
    return tuple([Document(type_, facts.path, facts.size, facts.sha256, facts.media_type) for type_, facts in named])


def document_digests(row: Row, slots: Iterable[Slot], files: Mapping[str, FileFacts]) -> Iterator[tuple[str, str]]:
    """Type and digest of every document a row names; where there is no digest, the cell's text stands for it."""
    for slot in slots:
        if text := row.cells.get(slot.column):
            facts = files.get(text)
            yield slot.type, facts.sha256 if facts and facts.sha256 else text


def document_troubles(row: Row, slots: Iterable[Slot], files: Mapping[str, FileFacts]) -> Iterator[Trouble]:
    """What is wrong with the documents of a row and with the kinds it gives them."""
    first_with: dict[str, Slot] = {}
    for slot in slots:
        text = row.cells.get(slot.column, "")
        facts = files.get(text)
        for code, details in _faults(facts) if text else [Fault("document-missing", {"title": slot.requirement.title})]:
            yield Trouble(code, slot.column, masked_path(text), details)
        if facts and facts.paper and is_about_the_business(slot.requirement, row.cells.get(slot.kind_column, "")):
            yield from paper_troubles(row, slot.column, masked_path(text), facts.paper)
        if facts and facts.sha256:
            first = first_with.setdefault(facts.sha256, slot)
            if first is not slot:
                details = {"other": first.requirement.title}
                yield Trouble("document-in-two-slots", slot.column, masked_path(text), details)
        if not slot.accepts(kind := row.cells.get(slot.kind_column, "")):
            accepted = ", ".join(slot.requirement.kinds)
            details = {"title": slot.requirement.title, "accepted": accepted}
            yield Trouble("document-kind-not-accepted", slot.kind_column, shown_cell(kind), details)


def _faults(facts: FileFacts | None) -> tuple[Fault, ...]:
    """What keeps a file from being a document; a file nobody looked at is not there."""
    if facts is None:
        return (Fault("document-not-found", {"nearest": ""}),)
    told_too_little = facts.size > DOCUMENT_LIMIT and not facts.media_type
    if facts.media_type in ACCEPTED_TYPES or not facts.size or told_too_little:
        return facts.faults
    words = file_type(facts.media_type)
    return (*facts.faults, Fault("document-wrong-type", {"found": words.found, "how": words.how}))


def _bare(kind: str) -> str:
    return _IGNORED_IN_KINDS.sub("", kind).casefold()
