"""Rows that repeat the headers, as sheets do that were pasted together, or that have a second row of headers.

Rule: more than half of the filled cells say the header above them or the API's own name of the column, in whatever
case and with whatever blanks; and at least one of them to the letter, so that other rows are told at a glance.
"""

import re
from collections.abc import Iterable, Mapping

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Columns

_IGNORED = re.compile(r"[\s_.\-\u2010-\u2015]+")


class Headers:
    """The headers of a sheet; build it once for all rows.

    Attributes:
        to_the_letter: texts of which a row that repeats the headers has at least one.
    """

    def __init__(self, columns: Columns) -> None:
        said = {name: (header, name, name.partition(":")[2]) for name, header in columns.headers.items()}
        self._bare: Mapping[str, frozenset[str]] = {name: frozenset(map(_bare, texts)) for name, texts in said.items()}
        self.to_the_letter = frozenset(form for texts in said.values() for text in texts for form in _forms(text))

    def are_repeated_in(self, row: Row) -> bool:
        """Whether the row is no business but the headers again."""
        if self.to_the_letter.isdisjoint(row.cells.values()):
            return False
        repeated = sum(_bare(text) in self._bare.get(name, ()) for name, text in row.cells.items())
        return repeated > 1 and repeated * 2 > len(row.cells)


def _forms(text: str) -> Iterable[str]:
    return (text, text.lower(), text.upper(), text.title()) if text else ()


def _bare(text: str) -> str:
    return _IGNORED.sub("", text).casefold()
