"""Which rows need a person."""

import pytest

from bulk_onboard.model.record import Linkage, Linking
from bulk_onboard.report.attention import row_is_news, row_needs_a_person
from tests.unit.report.samples import books, decision, record


@pytest.mark.parametrize(
    ("cell", "is_wanted"),
    [("911140000001", True), ("+91 11 4000 0001, 911140000000", True), ("911140000000", False), ("", False)],
)
def test_number_that_was_not_linked_needs_a_person_while_the_row_names_it(cell, is_wanted):
    """Whoever takes a refused number out of the row, or writes another, has mended it."""
    numbers = {"911140000000": Linking(Linkage.LINKED), "911140000001": Linking(Linkage.REFUSED, "not rented")}
    ledger = books(record(review="approved", numbers=numbers, news=7))
    row = decision(cells={"numbers": cell})

    assert is_wanted == row_needs_a_person(row, ledger) == row_is_news(row, ledger, 6)
    assert not row_is_news(row, ledger, 7)
