"""Phone numbers as people write them."""

import pytest

from bulk_onboard.model.number import numbers_in


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("", ()),
        ("911140000000", ("911140000000",)),
        ("+91 11 4000-0000", ("911140000000",)),
        ("911140000000,911140000001;911140000002\n911140000003", tuple(f"91114000000{n}" for n in range(4))),
        ("911140000000, +911140000000", ("911140000000",)),
        ("to be assigned, 911140000000", ("911140000000",)),
        ("9.11E+11", ()),
        ("1234567", ()),
        ("1234567890123456", ()),
        ("(0)91.11.40000000", ("0911140000000",)),
    ],
)
def test_numbers_of_a_cell_are_their_digits(cell, numbers):
    """Separated by comma, semicolon or line break, each once; what is no number is left out."""
    assert numbers == numbers_in(cell)
