"""The catalogue of findings: every code with its words, from which messages, report and documentation are made.

Sentences name what is wrong and what to do; `{…}` is filled in from a finding's details; `{nearest}` is a
sentence of its own with a blank before it, or nothing. Codes are stable.
"""

from collections.abc import Mapping

from bulk_onboard.model.catalogue.cells import CELLS
from bulk_onboard.model.catalogue.documents import DOCUMENTS
from bulk_onboard.model.catalogue.india import INDIA
from bulk_onboard.model.catalogue.records import RECORDS
from bulk_onboard.model.catalogue.rows import ROWS
from bulk_onboard.model.catalogue.sheets import SHEETS
from bulk_onboard.model.kind import FindingKind, by_code

CATALOGUE: Mapping[str, FindingKind] = by_code((*SHEETS, *ROWS, *CELLS, *INDIA, *DOCUMENTS, *RECORDS))
