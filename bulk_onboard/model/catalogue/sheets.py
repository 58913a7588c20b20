"""Findings about the sheet as a whole; their place is the row of the headers."""

from bulk_onboard.model.kind import warning

SOME_ROWS = "some-rows-only"

SHEETS = (
    warning(
        SOME_ROWS,
        "Only the rows to fix",
        "This copy holds only the rows that were to be fixed; all others are in the workbook that it was made from.",
        "Fix them here and merge the copy, or run it by itself: all other rows stay as they are.",
    ),
    warning(
        "unknown-column",
        "Unknown column",
        "No column of this name is known, so it is ignored.{nearest}",
        "Correct the header, map it under [columns] in the job file, or leave it if it is your own note.",
    ),
    warning(
        "hidden-rows",
        "Hidden rows",
        "The sheet hides rows ({rows}); they were read like all others.",
        "Unhide them and look. Delete those that should not be sent.",
    ),
    warning(
        "hidden-columns",
        "Hidden columns",
        "The sheet hides columns ({columns}); they were read like all others.",
        "Unhide them and look whether they hold what should be sent.",
    ),
    warning(
        "external-links",
        "Values from other files",
        "The workbook refers to other files or data connections. They were not opened; values are those last saved.",
        "If they may have changed, open the workbook in Excel, update the links and save it.",
    ),
    warning(
        "unwrapped-text",
        "Text that was wrapped for Excel",
        '{count} cells are written ="…", which keeps Excel from changing them; the text inside was taken.',
        "Nothing needs to be done.",
    ),
    warning(
        "byte-order-marks",
        "Byte order marks inside the file",
        "The mark that belongs at the very beginning of a text file also stands inside (lines that have it: {count}), "
        "as where several files were put into one. It was left out.",
        "Look whether the rows of all these files should be there, each once.",
    ),
    warning(
        "format-tells-less",
        "File format that tells less",
        "In a {ending} file a blank cell, an error such as #N/A and a formula without a result all look the same, "
        "and what only the format of a number shows, as in 000123 or K-00042, is not seen.",
        "Open the workbook in Excel and save it as .xlsx; then they are told apart, and numbers are read as they are "
        "shown.",
    ),
)
