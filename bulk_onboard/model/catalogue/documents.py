"""Findings about documents: the path, the file, and what is in it."""

from bulk_onboard.model.kind import error, warning

DOCUMENTS = (
    error(
        "document-missing",
        "Required document missing",
        "{title} is required and the cell is blank.",
        "Write the document's path into the cell, relative to the documents folder.",
    ),
    error(
        "document-not-found",
        "Document not found",
        "There is no such file in the documents folder.{nearest}",
        "Put the file there, or correct the path.",
    ),
    error(
        "document-ambiguous",
        "Several files where one is due",
        "Several files fit: {names}.",
        "Keep the one that is meant, or write its path into a column of the sheet.",
    ),
    error(
        "document-fits-twice",
        "File that fits twice",
        'By the documents pattern "{name}" fits as {uses}, so it cannot be told whose it is.',
        "Write the paths into the columns of the sheet, or choose a pattern that fits one row only, such as one with a "
        "folder for each registration number.",
    ),
    error(
        "document-outside",
        "Document outside the documents folder",
        "The path leads out of the documents folder, or through a link.",
        "Copy the file into the documents folder and write its path relative to that folder.",
    ),
    error(
        "document-not-a-file",
        "Document is not a file",
        "The path names {what}, not a file.",
        "Write the path of the scan itself.",
    ),
    error(
        "document-unreadable",
        "Document cannot be read",
        "The file is there, but reading it is not permitted or fails.",
        "Give yourself permission to read it, or copy it anew.",
    ),
    error(
        "document-empty",
        "Document is empty",
        "The file has no content (0 bytes).",
        "Scan or copy it again.",
    ),
    error(
        "document-too-large",
        "Document too large",
        "The file has {size} bytes; the API takes at most {limit} (5 MiB).",
        "Scan it again in grey at 150 to 200 dpi, or print it to a PDF of smaller size.",
    ),
    warning(
        "document-nearly-too-large",
        "Document nearly too large",
        "The file has {size} bytes. The API's limit of 5 MB may be meant as 5,000,000 bytes.",
        "To be safe scan it again in grey at 150 to 200 dpi, or print it to a PDF of smaller size.",
    ),
    error(
        "document-wrong-type",
        "Document is not a PNG or PDF",
        "By its content the file is {found}, not a PNG or PDF; its name does not matter.",
        "{how} Changing the ending of its name is not enough.",
    ),
    error(
        "document-misnamed",
        "Document with the wrong ending",
        "The file's name ends in {ending}, but by its content it is {found}.",
        "Look whether it is the right file, then give its name the ending {right}.",
    ),
    error(
        "document-truncated",
        "Document cut off",
        "The file ends in the middle: {why}.",
        "Copy or scan it again; a download or an upload was probably interrupted.",
    ),
    error(
        "document-damaged",
        "Document damaged",
        "The file is no sound {kind}: {why}.",
        "Open it, print it to a new PDF, and use that; or scan it again.",
    ),
    error(
        "document-encrypted",
        "Document locked",
        "The PDF is encrypted, so the reviewer cannot open it.",
        "Open it with its password and print it to a new PDF, which has none.",
    ),
    error(
        "document-without-pages",
        "Document without pages",
        "The PDF has no pages.",
        "Scan or export it again.",
    ),
    error(
        "document-trailing-data",
        "Data after the document's end",
        "After the end of the {kind} there are {size} more bytes, as in a file that is two files at once.",
        "Open it, print it to a new PDF, and use that.",
        may_be_ruled=True,
    ),
    warning(
        "document-active-content",
        "Document with active content",
        "The PDF holds {what}, which a reviewer's computer may refuse to open.",
        "Print it to a new PDF, and use that.",
    ),
    warning(
        "document-huge-picture",
        "Very large picture",
        "The picture is {width} × {height} points, more than many viewers can show.",
        "Scan it again at 150 to 200 dpi.",
    ),
    error(
        "document-kind-not-accepted",
        "Kind of document not accepted",
        "{title} may be: {accepted}.",
        "Write one of these kinds, or choose a document of such a kind.",
    ),
    warning(
        "document-in-two-slots",
        "Same document in two columns",
        "{other} has the very same file.",
        "Look whether one of them should be another document.",
    ),
    warning(
        "document-shared",
        "Same document for several businesses",
        "{count} businesses, the first of them in row {first}, have the very same file.",
        "Look whether each of them should have one of its own.",
    ),
    warning(
        "document-other-number",
        "Document with another registration number",
        "The text of the document has another {kind}, and the registration number of this row stands nowhere in it.",
        "Look whether it is the document of this business, and whether the number is written as the document has it.",
    ),
    warning(
        "document-other-name",
        "Document without the business name",
        "The business name of this row stands nowhere in the text of the document.",
        "Look whether it is the document of this business, and whether the name is written as the document has it.",
    ),
    error(
        "document-changed",
        "Document changed since it was checked",
        "The file was replaced or changed between the check and the sending, so the row was not sent.",
        "Run again: the new file is then checked and sent.",
    ),
)
