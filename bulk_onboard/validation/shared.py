"""One file that stands as a document of several businesses (reliability.md 4.4, "same file for two slots or rows").

Rule: files are the same when their digests are, wherever they lie and whatever they are called. A business is its
registration number, so that one which asks for two types of number may use its papers twice. Duplicates and the
template's example do not count. A warning about a file that very many businesses have is one finding, at the first of
them, since it says the same of all; an error, which keeps rows out, stands at each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import NO_RULINGS, OFF, VERY_MANY, Rulings
from bulk_onboard.model.identity import business_of
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import Columns, document_column
from bulk_onboard.validation.marking import Marker
from bulk_onboard.validation.trouble import Trouble

Papers = Sequence[tuple[JudgedRow, Mapping[str, str]]]
"""Rows in their order, each with the digests of its files and the first column that names each of them."""


@dataclass(slots=True)
class Use:
    """Where one file is used: by which businesses, first in which row, and under which paths."""

    first: int
    businesses: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)

    def is_told_at(self, row: Row, *, as_error: bool) -> bool:
        """Whether the row has a finding about it."""
        return as_error or len(self.businesses) <= VERY_MANY or row.number == self.first

    def trouble(self, column: str) -> Trouble:
        """What is told of it in a row whose column names it."""
        seen = masked_path(next(iter(self.paths))) if len(self.paths) == 1 else ""
        return Trouble("document-shared", column, seen, {"count": len(self.businesses), "first": self.first})


def with_shared_documents_marked(
    judged: Sequence[JudgedRow],
    *,
    book: RequirementsBook,
    files: Mapping[str, FileFacts],
    columns: Columns,
    rulings: Rulings = NO_RULINGS,
) -> tuple[JudgedRow, ...]:
    """The same rows in the same order, each with a finding for each of its files that another business has too."""
    if rulings.get("document-shared") == OFF:
        return tuple(judged)
    names = [document_column(document.type) for document in book.documents()]
    papers = [(one, {} if one.aside else _papers(one.row, names, files)) for one in judged]
    uses = _uses(papers, _several_times(papers))
    troubles: dict[tuple[str, str], Trouble] = {}  # one for all rows that name the file in the same column
    for digest, use in uses.items():
        if len(use.businesses) > 1:
            troubles |= {(digest, name): use.trouble(name) for name in names}
    if not troubles:
        return tuple(judged)
    marker, as_error = Marker(columns, rulings), rulings.get("document-shared") == Severity.ERROR

    def told(row: Row, own: Mapping[str, str]) -> list[Trouble]:
        shared = [use for use in own.items() if use in troubles]
        return [troubles[use] for use in shared if uses[use[0]].is_told_at(row, as_error=as_error)]

    return tuple(marker.mark(one, told(one.row, own)) for one, own in papers)


def _papers(row: Row, names: Sequence[str], files: Mapping[str, FileFacts]) -> dict[str, str]:
    """The digests of the row's files, each with the first column that names it."""
    own: dict[str, str] = {}
    for name in names:
        facts = files.get(row.cells.get(name, ""))
        if facts and facts.sha256:
            own.setdefault(facts.sha256, name)
    return own


def _several_times(papers: Papers) -> set[str]:
    """The digests that several rows have."""
    once: set[str] = set()
    several: set[str] = set()
    for _, own in papers:
        several.update(once.intersection(own))
        once.update(own)
    return several


def _uses(papers: Papers, digests: set[str]) -> dict[str, Use]:
    """Where each of these files is used; a row that cannot be told from others does not count."""
    uses: dict[str, Use] = {}
    for one, own in papers if digests else ():
        wanted = digests.intersection(own)
        business = business_of(one.row) if wanted else ""
        for digest in wanted if business else ():
            use = uses.setdefault(digest, Use(first=one.row.number))
            use.businesses.add(business)
            use.paths.add(one.row.cell(own[digest]))
    return uses
