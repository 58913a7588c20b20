"""Findings about what the API has, told after a run."""

from bulk_onboard.model.kind import error

RECORDS = (
    error(
        "record-twice",
        "Two records at the API",
        "The API holds {count} records of this row: {ids}.",
        "Keep the oldest, {keep}. {delete}",
    ),
)
