"""What one can know of a row because it is about India.

Rule: the address is judged where its country is India or left blank, the registration number where the number to be
rented is one of India.
"""

from collections.abc import Iterator

from bulk_onboard.model.row import Row
from bulk_onboard.validation.country import country_code
from bulk_onboard.validation.india.address import address_troubles, state_of_address
from bulk_onboard.validation.india.registration import registration_troubles
from bulk_onboard.validation.trouble import Trouble

_INDIA = "IN"


def india_troubles(row: Row) -> Iterator[Trouble]:
    """What is wrong with the address and the registration number of a row."""
    state = ""
    if _is_india(row.cells.get("address.country", _INDIA)):
        state = state_of_address(row)
        yield from address_troubles(row, state)
    if row.combination.country_iso == _INDIA:
        yield from registration_troubles(row, state)


def _is_india(country: str) -> bool:
    return country.upper() == _INDIA or country_code(country) == _INDIA
