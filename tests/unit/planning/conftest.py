"""Judged rows as validation hands them over."""

from pathlib import Path

import pytest

from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import JudgedRow, Row

LOCAL = Combination("IN", "local", "business")


@pytest.fixture
def make_judged():
    """A factory: a valid row with a registration number of its own; `errors` makes it invalid."""

    def make(number=2, *, fingerprint="now", errors=0, duplicate_of=None, is_example=False, size=100, **cells):
        row = Row("Businesses", number, LOCAL, cells or {"registration_number": f"REG-{number}"})
        document = Document("identity_proof", Path("id.pdf"), size, "aa", "application/pdf")
        ready = not errors and duplicate_of is None and not is_example
        return JudgedRow(
            row,
            Application(LOCAL, dict(row.cells), (document,)) if ready else None,
            fingerprint,
            tuple(Finding("document-empty", "Businesses", number) for _ in range(errors)),
            duplicate_of,
            is_example,
        )

    return make
