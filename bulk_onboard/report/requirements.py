"""What `requirements` prints: a table of fields and documents for each combination."""

from collections.abc import Iterable
from typing import TextIO

from bulk_onboard.model.requirements import Requirements, RequirementsBook
from bulk_onboard.report.page import page_on
from bulk_onboard.report.table import Cell


def print_requirements(book: RequirementsBook, stream: TextIO) -> None:
    """What each combination requires, and where that is known from."""
    page = page_on(stream)
    page.write_line(f"Requirements: {book.source}")
    for required in book.offered.values():
        days = f"; a review takes about {required.review_days} business days" if required.review_days else ""
        page.write_line("")
        page.write_line(f"{required.combination}{days}")
        page.write_table(("What", "Name", "Label", "Must be"), list(_required(required)))


def _required(required: Requirements) -> Iterable[tuple[Cell, ...]]:
    for each in required.fields:
        least, most = each.min_length or 0, each.max_length
        length = f"{least} to {most} characters" if most else f"at least {least} characters" if least else ""
        must = ", ".join(part for part in ("" if each.required else "optional", length) if part)
        yield "field", each.name, each.label, must
    for document in required.documents:
        yield "document", document.type, document.title, ", ".join(document.kinds)
