"""How a sheet is printed that we write: on A4 in landscape, as few pages wide as people can still read."""

from collections.abc import Iterable

FOOTER = "Page &P of &N"
"""Below each page; by it a sheet is known whose page the user has not set up."""

SIDE, TOP, BOTTOM = 0.4, 0.5, 0.7
"""Margins in inches."""

_LEGIBLE = 330  # characters across the page at 45 %, the smallest that people can read


def pages_wide(widths: Iterable[float]) -> int:
    """Return how many pages a sheet is to be printed across: one, unless nobody could read that.

    Args:
        widths: of the columns, in characters.
    """
    return max(1, -(-round(sum(widths)) // _LEGIBLE))
