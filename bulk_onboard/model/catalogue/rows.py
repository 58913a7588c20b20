"""Findings about a row as a whole: who it is, what it asks for, and rows that get in each other's way."""

from bulk_onboard.model.kind import error, warning

OLDER_CONTENT = "older-content"

RENUMBERED = frozenset({"registration-number-changed", "approved-number-changed"})
"""The codes of a row that has another registration number than its record, so that it may be another business."""

ROWS = (
    error(
        "row-without-identity",
        "Row without identity",
        "The row has neither a Key nor a registration number, so it cannot be told from other rows.",
        "Fill in the registration number, or give the row a Key of its own.",
    ),
    error(
        "key-too-long",
        "Key too long",
        "The Key is too long: {length} characters, and at most {limit} are kept.",
        "Give the row a shorter Key.",
    ),
    error(
        "not-offered",
        "Not offered by the API",
        "The API offers no {combination} numbers.",
        "Correct number country, number type and user type, or leave the row out.",
    ),
    error(
        "number-type-missing",
        "Number type missing",
        "The row does not say which type of number the business needs.",
        "Write local or mobile into the Number Type column, or set number_type in the job file.",
    ),
    error(
        "headers-again",
        "Headers in the middle of the sheet",
        "The row repeats the headers instead of describing a business.",
        "Delete the row.",
    ),
    error(
        "key-conflict",
        "Same key, different content",
        "Row {other} has the same key with different content, so neither is sent.",
        "Delete the wrong row, or give the rows different keys. In a copied row clear bo_key, too.",
    ),
    error(
        "record-of-another-row",
        "Record of another row",
        "Row {other} claims the record that was made under this row's registration number, Key or bo_key, so nothing "
        "is sent for this row.",
        "Delete the row if it is the same business. If it is another one, give it a Key that no row had before and "
        "clear its bo_key.",
    ),
    error(
        "business-under-another-key",
        "Business under another Key",
        "The ledger has this registration number {known}: the row is that business, so nothing is sent for it.",
        "{todo} If the row is really another registration, correct its number.",
    ),
    error(
        "business-again",
        "Business in the sheet again",
        "Row {other} is the record that the ledger has of this registration number {known}, so nothing is sent for "
        "this row.",
        "Delete the row if it is the same business. If it is a branch that is to have a record of its own, rule this "
        "a warning under [findings] in the job file.",
        may_be_ruled=True,
    ),
    error(
        "key-of-another-business",
        "Key of another business",
        "By its {name} the row is a record with another registration number, and {why}; so nothing is sent, updated "
        "or linked for it.",
        "{todo} A row that is another business needs a Key that no row had before, and no bo_key.",
    ),
    warning(
        "registration-number-changed",
        "Registration number changed",
        "The row has another registration number than the one that was sent for its record.",
        "If the number was only corrected, nothing needs to be done. If the row is another business now, give it a Key "
        "that no row had before, and clear bo_key.",
        may_be_ruled=False,
    ),
    error(
        "approved-number-changed",
        "Registration number changed after approval",
        "The record {id} was approved with another registration number than the row has now, so none of the row's "
        "numbers is linked.",
        "Write the number back that was approved. If the row is another business now, give it a Key that no row had "
        "before, and clear bo_key.",
    ),
    error(
        OLDER_CONTENT,
        "Older than what was sent since",
        "The row says what was to be sent earlier, and newer content was sent since, so nothing was sent.",
        "Take the newer content into the workbook; the verb merge does it where an annotated copy has it. "
        "Where the older content is meant, run with --allow-older.",
    ),
    warning(
        "duplicate",
        "Same row twice",
        "Row {other} has the same key and content; this one is not sent again.",
        "Nothing needs to be done; delete the row if you like.",
    ),
    warning(
        "registration-number-twice",
        "Same registration number twice",
        "Row {other} has the same registration number, under another Key or written with other dashes and blanks, and "
        "asks for the same kind of number.",
        "If it is one business, delete one of the rows; else correct the registration number.",
    ),
    error(
        "in-other-ledger",
        "In another job's ledger",
        "The ledger {ledger} has this business already; it is {state} there.",
        "Delete the row here, or leave {ledger} out of --against.",
        may_be_ruled=True,
    ),
)
