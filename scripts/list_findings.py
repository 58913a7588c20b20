"""Write docs/findings.md from `bulk_onboard/model/catalogue.py`, so that the two say the same.

.venv/bin/python scripts/list_findings.py
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bulk_onboard.model.catalogue import CELLS, DOCUMENTS, INDIA, RECORDS, ROWS, SHEETS, FindingKind

PAGE = Path(__file__).resolve().parents[1] / "docs/findings.md"
SECTIONS: Mapping[str, tuple[FindingKind, ...]] = {
    "The sheet as a whole": SHEETS,
    "Rows": ROWS,
    "Cells": CELLS,
    "India": INDIA,
    "Documents": DOCUMENTS,
    "Records at the API": RECORDS,
}
HEAD = """\
# Findings

What may be wrong with a sheet, a row, a cell or a document. An *error* keeps its row out until it is fixed; a
*warning* does not. `bulk-onboard check` and the report's sheet Problems show all findings of all rows. Codes are
stable; `bulk-onboard check --explain CODE` says the same as this page. What stands in braces is filled in for the row.

A finding that *may be ruled* is a matter of judgement: the job file may switch it off, or make it a warning or an
error, by its code. An error of the sheet as a whole keeps all its rows out. Findings about records at the API keep
nothing out; an error there needs a person's attention.

    [findings]
    "state-unknown" = "off"
    "registration-number-twice" = "error"

`sample_data/` shows nearly all of them; its [README](../sample_data/README.md) says in which rows. This page is written
by `scripts/list_findings.py` from the tables in `bulk_onboard/model/catalogue.py`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(title, kinds) for title, kinds in SECTIONS.items())])


def section(title: str, kinds: Iterable[FindingKind]) -> str:
    """What the page says of the findings about one thing."""
    return "\n".join([f"## {title}\n", *map(passage, kinds)])


def passage(kind: FindingKind) -> str:
    """What the page says of one finding."""
    severity = f"{kind.severity}, may be ruled" if kind.may_be_ruled else kind.severity
    return f"### {kind.code}\n\n{kind.title} ({severity}). {kind.problem}\n\n*How to fix it:* {kind.fix}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
