"""What the text of a document says, held against the row that names it.

Rule: only documents about the business itself count. A utility bill has the utility's GSTIN and the landlord's name, a
bank statement the bank's CIN, a passport a person. A number counts where it is of the row's kind and the row's own
stands nowhere in the text; a GSTIN holds a PAN, so a paper with the one has the other. Nothing of the text is told.
"""

import re
from collections.abc import Iterable, Iterator

from bulk_onboard.model.paper import Number, Paper, bare_name, number_of
from bulk_onboard.model.requirements import DocumentRequirement
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import BUSINESS_NAME, REGISTRATION_NUMBER
from bulk_onboard.validation.trouble import Trouble

_OF_THE_BUSINESS = re.compile(r"registration|incorporation|gst|udyam|udyog|msme|llp|partnership|memorandum")
_OF_OTHERS = re.compile(r"bill|bank|statement|passport|aadhaar|national|voter|driv|rent|lease")
_OF_A_PERSON = "P"  # the fourth letter of a PAN
_SHORTEST_NAME = 3


def may_be_about_the_business(document: DocumentRequirement) -> bool:
    """Whether any kind of this document is about the business, so that its text is worth reading."""
    return any(_OF_THE_BUSINESS.search(words.casefold()) for words in (document.type, *document.kinds))


def is_about_the_business(document: DocumentRequirement, kind: str) -> bool:
    """Whether a document of this kind is; a blank kind, and one that tells nothing, may be any that is accepted."""
    kind = kind.casefold()
    if _OF_THE_BUSINESS.search(kind):
        return True
    accepted = " ".join(document.kinds).casefold()
    return bool(_OF_THE_BUSINESS.search(document.type.casefold())) and not _OF_OTHERS.search(kind or accepted)


def paper_troubles(row: Row, column: str, seen: str, paper: Paper) -> Iterator[Trouble]:
    """What the text of a document about the business says against the row."""
    own = number_of(row.cell(REGISTRATION_NUMBER))
    if own and own.text.casefold() not in paper.text and any(_like(own, paper.numbers)):
        yield Trouble("document-other-number", column, seen, {"kind": own.kind})
    name = bare_name(row.cell(BUSINESS_NAME))
    if paper.is_enough and len(name) >= _SHORTEST_NAME and name not in paper.text:
        yield Trouble("document-other-name", column, seen)


def _like(own: Number, numbers: Iterable[str]) -> Iterator[str]:
    """The numbers of the same kind; of a PAN those within GSTINs too, and of a business none of a person's."""
    for number in filter(None, map(number_of, numbers)):
        if number.kind == own.kind or (number.kind, own.kind) == ("GSTIN", "PAN"):
            text = number.text if number.kind == own.kind else number.text[2:12]
            if own.kind != "PAN" or (text[3] == _OF_A_PERSON) == (own.text[3] == _OF_A_PERSON):
                yield text
