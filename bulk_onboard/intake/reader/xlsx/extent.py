"""How far the cells of an .xlsx reach: asked when reading it failed for want of memory or time.

Readers lay out all that a sheet claims, so this looks at nothing but the cells' references.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.archive.container import Container, damaged, open_container
from bulk_onboard.intake.reader.look import Place, place_of
from bulk_onboard.intake.reader.reach import MOST_CELLS, too_far
from bulk_onboard.intake.reader.transport import asked_of
from bulk_onboard.model.sheet import LAST_COLUMN, LAST_ROW, column_letters

_CELL = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']([A-Za-z]{1,3}[0-9]{1,12})["']""")
_LAST_CELL = f"{column_letters(LAST_COLUMN - 1)}{LAST_ROW}"
_HEAD = 1024
_OVERLAP = 256


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """Nothing, where no sheet reaches too far; else WorkbookError that says which one does."""
    codecs.lookup("cp437")  # the names of a zip's parts may need it; it is loaded from a file at first use
    shut_doors()
    path = asked_of(request).path
    container = open_container(path, source.read())
    for name in container.parts:
        places = _places(container, name)
        rows, columns = {row for row, _ in places}, {column for _, column in places}
        if places and (max(rows) + 1) * (max(columns) + 1) > MOST_CELLS:
            raise WorkbookError(too_far(f"A sheet of {path} ({name})", rows, columns))
    yield from ()


def _places(container: Container, name: str) -> set[Place]:
    """Where a sheet's cells are; WorkbookError for one where no sheet has any."""
    found: set[Place] = set()
    window = b""
    for piece in container.pieces(container.parts[name]):
        if not window and b"worksheet" not in piece[:_HEAD]:
            break
        window = window[-_OVERLAP:] + piece
        for match in _CELL.findall(window):
            place = place_of(reference := match.decode())
            if place is None:
                raise damaged(container.path, f"{name} has a cell {reference}, and every sheet ends at {_LAST_CELL}")
            found.add(place)
    return found
