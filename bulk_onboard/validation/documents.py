"""The files a row names, against the documents the API requires, and what their text says against the row.

Every document the requirements list is required. What is wrong with a file was found when it was opened; whether its
type will do, and whether it stands where it should, is judged here. Kinds (passport, utility_bill …) are the user's
word for what a scan shows: checked when written down, never sent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bulk_onboard.model.application import DOCUMENT_LIMIT, Document, FileFacts
from bulk_onboard.model.documents import ACCEPTED_TYPES, ACCEPTED_WORDS, file_type
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.paper import Number, Paper, bare_name, number_of
from bulk_onboard.model.requirements import Contract, DocumentRequirement
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import BUSINESS_NAME, REGISTRATION_NUMBER, document_column, kind_column
from bulk_onboard.validation.fields import Field, document_fields, values_of
from bulk_onboard.validation.marking import in_cell

_IGNORED_IN_KINDS = re.compile(r"[\s_]+")


class Slot(NamedTuple):
    """Where rows have one document: the columns of its path, of its kind and of its fields.

    Attributes:
        kinds: bare; empty for any.
        fields: what is asked for beside the file, or in place of one.
        contract: whose file types are accepted.
    """

    type: str
    column: str
    kind_column: str
    kinds: frozenset[str]
    fields: tuple[Field, ...]
    requirement: DocumentRequirement
    contract: Contract

    def accepts(self, kind: str) -> bool:
        """Return whether a document of this kind will do; a blank one says nothing."""
        return not kind or not self.kinds or _bare(kind) in self.kinds


def slots_of(documents: Iterable[DocumentRequirement], contract: Contract) -> tuple[Slot, ...]:
    """Return the slot of each document."""
    return tuple(
        Slot(
            each.type,
            document_column(each.type),
            kind_column(each.type),
            frozenset(map(_bare, each.kinds)),
            document_fields(each),
            each,
            contract,
        )
        for each in documents
    )


def sent_documents(row: Row, slots: Iterable[Slot], files: Mapping[str, FileFacts]) -> tuple[Document, ...]:
    """Return the documents of a row without document errors, in the order of the requirements.

    One without a file is sent even where all its fields are blank: it is asked for.
    """
    return tuple([_sent(row, slot, files) for slot in slots])


def _sent(row: Row, slot: Slot, files: Mapping[str, FileFacts]) -> Document:
    fields = values_of(row, slot.fields)
    if not slot.requirement.needs_file:
        return Document(slot.type, fields=fields)
    facts = files[row.cells[slot.column]]
    return Document(slot.type, facts.path, facts.size, facts.sha256, facts.media_type, fields)


def document_digests(
    row: Row, slots: Iterable[Slot], files: Mapping[str, FileFacts]
) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Yield type, digest and fields of every document of which a row says anything.

    Of a converted copy it is the digest of the file that it was made of: the content is the same, whichever of the two
    is sent. Where there is no digest, the cell's text stands for it; nothing where there is no file.
    """
    for slot in slots:
        text, values = row.cells.get(slot.column, ""), values_of(row, slot.fields)
        if text or values:
            facts = files.get(text)
            digest = (facts.origin or facts.sha256) if facts else ""
            yield slot.type, digest or text, values


def document_findings(row: Row, slots: Iterable[Slot], files: Mapping[str, FileFacts]) -> Iterator[Finding]:
    """Yield what is wrong with the files of a row and with the kinds it gives them."""
    first_with: dict[str, Slot] = {}
    for slot in slots:
        text, kind = row.cells.get(slot.column, ""), row.cells.get(slot.kind_column, "")
        if not slot.requirement.needs_file:
            continue
        facts = files.get(text)
        if not text:
            yield in_cell("document-missing", slot.column, text, title=slot.requirement.title)
        else:
            for found in _findings_of(facts, slot.contract):
                yield in_cell(found.code, slot.column, text, **found.details)
        if facts and facts.paper and is_about_the_business(slot.requirement, kind):
            yield from _paper_findings(row, slot.column, text, facts.paper)
        if facts and facts.sha256:
            first = first_with.setdefault(facts.sha256, slot)
            if first is not slot:
                yield in_cell("document-in-two-slots", slot.column, text, other=first.requirement.title)
        if not slot.accepts(kind):
            title, accepted = slot.requirement.title, ", ".join(slot.requirement.kinds)
            yield in_cell("document-kind-not-accepted", slot.kind_column, kind, title=title, accepted=accepted)


_OF_ANY_TYPE = frozenset({"document-too-large", "document-truncated", "document-damaged", "document-not-converted"})
"""What is said of a file whose type is not accepted either."""


def _findings_of(facts: FileFacts | None, contract: Contract) -> tuple[Finding, ...]:
    """Return what keeps a file from being a document; a file that was never opened is not there."""
    if facts is None:
        return (Finding("document-not-found", details={"nearest": ""}),)
    has_no_type_yet = facts.size > DOCUMENT_LIMIT and not facts.media_type
    if facts.media_type in ACCEPTED_TYPES[contract] or not facts.size or has_no_type_yet:
        return facts.findings
    words = file_type(facts.media_type)
    details = {"found": words.found, "accepted": ACCEPTED_WORDS[contract], "how": words.how}
    kept = tuple(found for found in facts.findings if found.code in _OF_ANY_TYPE)
    return (*kept, Finding("document-wrong-type", details=details))


def _bare(kind: str) -> str:
    return _IGNORED_IN_KINDS.sub("", kind).casefold()


# What the text of a document says against the row that names it. Only documents about the business itself count: a
# utility bill has the utility's GSTIN and the landlord's name, a bank statement the bank's CIN, a passport a person. A
# number counts where it is of the row's kind and the row's own is nowhere in the text; a GSTIN holds a PAN, so a paper
# with the one has the other. Nothing of the text is shown.

_OF_THE_BUSINESS = re.compile(r"registration|incorporation|gst|udyam|udyog|msme|llp|partnership|memorandum")
_OF_OTHERS = re.compile(r"bill|bank|statement|passport|aadhaar|national|voter|driv|rent|lease")
_OF_A_PERSON = "P"  # the fourth letter of a PAN
_SHORTEST_NAME = 3


def may_be_about_the_business(document: DocumentRequirement) -> bool:
    """Return whether any kind of this document is about the business, so that its text is worth reading."""
    return any(_OF_THE_BUSINESS.search(words.casefold()) for words in (document.type, *document.kinds))


def is_about_the_business(document: DocumentRequirement, kind: str) -> bool:
    """Return whether a document of this kind is about the business.

    A blank kind, and one that says nothing either way, may be any kind that is accepted.
    """
    kind = kind.casefold()
    if _OF_THE_BUSINESS.search(kind):
        return True
    accepted = " ".join(document.kinds).casefold()
    return bool(_OF_THE_BUSINESS.search(document.type.casefold())) and not _OF_OTHERS.search(kind or accepted)


def _paper_findings(row: Row, column: str, path: str, paper: Paper) -> Iterator[Finding]:
    own = number_of(row.cell(REGISTRATION_NUMBER))
    if own and own.text.casefold() not in paper.text and any(_like(own, paper.numbers)):
        yield in_cell("document-other-number", column, path, kind=own.kind)
    name = bare_name(row.cell(BUSINESS_NAME))
    if paper.is_enough and len(name) >= _SHORTEST_NAME and name not in paper.text:
        yield in_cell("document-other-name", column, path)


def _like(own: Number, numbers: Iterable[str]) -> Iterator[str]:
    """Yield the numbers of the same kind: for a PAN also those within GSTINs, for a business's none of a person's."""
    for number in filter(None, map(number_of, numbers)):
        if number.kind == own.kind or (number.kind, own.kind) == ("GSTIN", "PAN"):
            text = number.text if number.kind == own.kind else number.text[2:12]
            if own.kind != "PAN" or (text[3] == _OF_A_PERSON) == (own.text[3] == _OF_A_PERSON):
                yield text
