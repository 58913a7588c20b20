"""Write docs/findings.md from `bulk_onboard.model.finding.CATALOGUE`, so that no finding is told in two ways.

.venv/bin/python scripts/list_findings.py
"""

from collections.abc import Iterable
from pathlib import Path

from bulk_onboard.model.finding import CATALOGUE, FindingKind

PAGE = Path(__file__).resolve().parents[1] / "docs/findings.md"
HEAD = """\
# Findings

What may be wrong with a row, a cell, a document or a header. An *error* keeps its row out until it is mended; a
*warning* does not. All findings of all rows are told at once, by `bulk-onboard check` and in the report's sheet
Problems. Codes are stable. What stands in braces is filled in for the row.

`sample_data/` shows nearly all of them; its [README](../sample_data/README.md) says in which rows. This page is written
by `scripts/list_findings.py` from the table in `bulk_onboard/model/finding.py`.
"""


def page(kinds: Iterable[FindingKind]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *map(passage, kinds)])


def passage(kind: FindingKind) -> str:
    """What the page says of one finding."""
    return f"## {kind.code}\n\n{kind.title} ({kind.severity}). {kind.problem}\n\n*How to mend it:* {kind.mend}\n"


if __name__ == "__main__":
    PAGE.write_text(page(CATALOGUE.values()), encoding="utf-8")
