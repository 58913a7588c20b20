"""Findings about what the API has, told after a run."""

from bulk_onboard.model.kind import error

RECORDS = (
    error(
        "record-twice",
        "Two records at the API",
        "The API holds {count} records of this row: {ids}.",
        "Keep the oldest, {keep}. {delete}",
    ),
    error(
        "record-gone",
        "Record gone",
        "The API has no record {id} any more, so nothing was sent.",
        "If it was deleted on purpose, take the row out; to file the business anew, give the row another Key.",
    ),
    error(
        "record-misnamed",
        "Record of another row",
        "The record {id} is called {alias} at the API, which is another row's name, so nothing was sent.",
        "Look at both with `bulk-onboard ledger show`, and compare them with the API's vendor.",
    ),
)
