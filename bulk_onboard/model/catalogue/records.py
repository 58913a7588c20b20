"""Findings about what the API has and what its people said, told when the report is written.

`{reason}` is a sentence of its own with a blank before it, or nothing; `{document}` is what a mend begins with.
"""

from bulk_onboard.model.kind import error, warning

RECORDS = (
    error(
        "record-twice",
        "Two records at the API",
        "The API holds {count} records of this row: {ids}.",
        "Keep {keep}. {delete}",
    ),
    error(
        "record-gone",
        "Record gone from the API",
        "The API had the record {id}, and has no such record any more.",
        "Ask who deleted it, then say what is to become of it: the report's sheet Results has the commands to type.",
    ),
    error(
        "record-misnamed",
        "Record of another row",
        "The record {id} is called at the API as another row is, so nothing was sent.",
        "Find out with the API's vendor which of the two businesses the record is of.",
    ),
    error(
        "record-of-other-type",
        "Record of another country or type",
        "The record {id} was filed for another country or type of number, which no correction can change.",
        "Put country and type back as they were. To file the business for the other type, give the row another Key.",
    ),
    warning(
        "record-differs",
        "Other content at the API",
        "The answer to the create was lost; the record that was found shows another {what} than was sent.",
        "The API may have normalised it. Look at the record; if it shows another business, ask Plivo's support.",
    ),
    error(
        "review-rejected",
        "Rejected by the reviewers",
        "The review rejected the record.{reason}",
        "Replace {document} or correct the row, then run again: the record is updated with it.",
    ),
    error(
        "review-more-info",
        "The reviewers ask for more",
        "The review asks for more.{reason}",
        "Replace {document} or add to the row what is asked for, then run again: the record is updated with it.",
    ),
    error(
        "review-suspended",
        "Record suspended",
        "The record was approved, and is suspended.{reason}",
        "Ask Plivo's support why.",
    ),
    error(
        "review-expired",
        "Record expired",
        "The record was approved, and has expired.{reason}",
        "Ask Plivo's support how to renew it.",
    ),
    error(
        "update-refused",
        "Correction refused",
        "The API did not take the corrected row: {why}.",
        "Replace {document} or correct the row, then run again: the record is updated with it.",
    ),
    error(
        "number-refused",
        "Number refused",
        "The API did not link {number}: {why}.",
        "Correct the number or delete it from the cell, then run again. If it is right as it is, run with "
        "--retry-refused.",
    ),
    error(
        "number-held",
        "Number held",
        "{number} was not linked: {why}.",
        "Correct the number or delete it from the cell, or see to it at the API; each run looks at it again.",
    ),
)
