"""Rows × requirements → applications and findings; pure.

`screen` is not imported here: it brings pandas, which only a large sheet is worth.
"""

from bulk_onboard.validation.documents import may_be_about_the_business
from bulk_onboard.validation.duplicates import (
    KnownBusinesses,
    mark_in_other_accounts,
    mark_in_other_ledgers,
    mark_shared_documents,
    under_several_accounts,
)
from bulk_onboard.validation.rows import Judge, judge_rows

__all__ = [
    "Judge",
    "KnownBusinesses",
    "judge_rows",
    "mark_in_other_accounts",
    "mark_in_other_ledgers",
    "mark_shared_documents",
    "may_be_about_the_business",
    "under_several_accounts",
]
