"""The catalogue of findings: every code with its severity and its words.

Messages, the report and docs/findings.md are made from it. A sentence says what is wrong and how to fix it; `{…}` is
filled in from a finding's details, and `{nearest}` is a sentence of its own with a blank before it, or nothing. Codes
are stable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SOME_ROWS = "some-rows-only"
OLDER_CONTENT = "older-content"
RENUMBERED = frozenset({"registration-number-changed", "approved-number-changed"})
"""The codes of a row that has another registration number than its record, so that it may be another business."""


class Severity(StrEnum):
    """How bad a finding is: an error keeps its row out, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """What all findings of one code have in common.

    Attributes:
        code: stable; what `[findings]` of the job file and `check --explain` name it by.
        title: a few words.
        problem: what is wrong, a template over a finding's details.
        fix: how to fix it, another template.
        may_be_ruled: whether the job file may switch it off or make it a warning or an error. What the API itself
            would refuse, or what would break the promise, is not a matter of taste.
    """

    code: str
    severity: Severity
    title: str
    problem: str
    fix: str
    may_be_ruled: bool


def error(code: str, title: str, problem: str, fix: str, *, may_be_ruled: bool = False) -> FindingKind:
    """Return a kind that keeps rows out."""
    return FindingKind(code, Severity.ERROR, title, problem, fix, may_be_ruled)


def warning(code: str, title: str, problem: str, fix: str, *, may_be_ruled: bool = True) -> FindingKind:
    """Return a kind that keeps no row out unless the job says so."""
    return FindingKind(code, Severity.WARNING, title, problem, fix, may_be_ruled)


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
        "Nothing is asked for in a column of this name, so it is ignored.{nearest}",
        "Correct the header, map it under [columns] in the job file, or leave it if it is your own note.",
    ),
    warning(
        "odd-requirement",
        "Odd requirement",
        "By the API's requirements this column {oddity}. {instead}",
        "Nothing needs to be done. If rows are refused because of this column, ask the API's vendor what belongs here.",
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
        "Unhide them and check whether they hold something that should be sent.",
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
        'Some cells are written ="…" (number of cells: {count}), which keeps Excel from changing them; the text inside '
        "is used.",
        "Nothing needs to be done.",
    ),
    warning(
        "byte-order-marks",
        "Byte order marks inside the file",
        "The mark that belongs at the very beginning of a text file also stands inside (lines that have it: {count}), "
        "as where several files were put into one. It was left out.",
        "Check that the sheet is to have the rows of all these files, each only once.",
    ),
    warning(
        "format-tells-less",
        "File format that loses information",
        "In a {ending} file a blank cell, an error such as #N/A and a formula without a result all look the same, "
        "and what only the format of a number shows, as in 000123 or K-00042, is not seen.",
        "Open the workbook in Excel and save it as .xlsx; then they can be distinguished, and numbers are read as they "
        "are shown.",
    ),
    warning(
        "account-of-others",
        "Rows that name another account",
        "The column names the account {other} (first in row {row}), but the workbook is that of the account {account} "
        "alone, and all of its rows are filed there.",
        "Move the rows that belong to other accounts to their workbooks. Or leave workbook out of the account in the "
        "job file, so that the accounts share one sheet, in which each row names its own.",
    ),
    warning(
        "account-ledger-damaged",
        "Damaged ledger of another account",
        "Rows could not be held against the whole ledger of the account {account}: {why}.",
        "Put back the newest sound copy of that ledger, or repair it with the command ledger repair. Then check again "
        "whether any row is under two accounts.",
    ),
)
"""Findings about the sheet as a whole; their place is the row of the headers."""

ROWS = (
    error(
        "account-missing",
        "Account missing",
        "The row does not say which account it belongs to, so it is in none.{why}",
        "Write into its cell: {accounts}.",
    ),
    error(
        "account-unknown",
        "Unknown account",
        "The row names no account that takes rows of this sheet, so it is in none.{nearest}",
        "Write into its cell: {accounts}.",
    ),
    error(
        "in-other-account",
        "Business of another account",
        "{known}, so nothing is sent for this row.",
        "Leave the business in one account: delete the row here, or name the other account in it. To move it, delete "
        "its record in the other account first.",
        may_be_ruled=True,
    ),
    error(
        "row-without-identity",
        "Row without identity",
        "The row has neither a Key nor a registration number, so it cannot be distinguished from other rows.",
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
        "By its {name} the row belongs to a record with another registration number, and {why}; so nothing is sent, "
        "updated or linked for it.",
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
        "Older than what was sent",
        "The row has content that was sent earlier, and newer content was sent since, so nothing was sent.",
        "Take the newer content into the workbook; the command merge does it where an annotated copy has it. "
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
"""Findings about a row as a whole: who it is, what it asks for, and rows that get in each other's way."""

CELLS = (
    error(
        "cell-error",
        "Excel error instead of a value",
        "The cell holds the error {error} and no value.",
        "Correct the formula, or write the value itself into the cell.",
    ),
    error(
        "formula-not-calculated",
        "Formula without a result",
        "The cell holds a formula that was never calculated, so there is no value to read.",
        "Open the workbook in Excel and save it, or replace the formula by its value (copy, then paste values).",
    ),
    error(
        "merged-cells",
        "Merged cells",
        "The cell belongs to the merged cells {range}, and only the first of these holds a value.",
        "Unmerge {range} and write each cell's own value.",
    ),
    error(
        "date-instead-of-text",
        "Date instead of text",
        "The cell holds a date. Excel makes dates of texts such as 1-2 or MAR-20, and what was written is lost.",
        "Format the column as Text, then write the value again.",
    ),
    error(
        "digits-lost",
        "Digits lost",
        "The value became a number. Excel keeps 15 digits of a number and no zeros before it; the rest is lost.",
        "Format the column as Text, then write the value again, or paste it from where it came.",
    ),
    error(
        "decimal-point",
        "Decimal point where there should be none",
        "The value ends in a decimal point and zeros, as programs write digits that they take for a number.",
        "Format the column as Text, then write the digits alone.",
    ),
    warning(
        "number-instead-of-text",
        "Number instead of text",
        "The cell holds a number, not a text. Zeros that it began with would be lost.",
        "If it should begin with zeros, format the column as Text and write it again.",
    ),
    warning(
        "number-shown-otherwise",
        "Number shown in another way",
        "The cell holds a number whose format shows it in another way, such as 1,234 for 1234; the digits alone are "
        "used. A copy of the sheet saved as csv holds it as it is shown.",
        "Format the column as Text, then write the value as it should be.",
    ),
    error(
        "control-character",
        "Control character",
        "There is a control character at position {position} ({character}).",
        "Delete it, or type the value again. It often comes with text copied from a PDF.",
    ),
    error(
        "line-break",
        "Line break",
        "There is a line break at position {position}, and the value must be one line.",
        "Write it in one line.",
    ),
    error(
        "invisible-character",
        "Invisible character",
        "There is an invisible character at position {position} ({character}).",
        "Delete it, or type the value again. It often comes with text copied from a web page.",
    ),
    error(
        "broken-character",
        "Broken character",
        "The character at position {position} was broken before the file was written ({character}).",
        "Type the value again.",
    ),
    warning(
        "blanks-left-out",
        "Unusual blanks left out",
        "The value begins or ends with characters that only look like blanks ({characters}); they were left out.",
        "Nothing needs to be done.",
    ),
    warning(
        "unusual-blank",
        "Unusual blank",
        "The blank at position {position} is not an ordinary one ({character}). It is sent as it is.",
        "Replace it with an ordinary blank.",
    ),
    warning(
        "digits-converted",
        "Digits of another script",
        "The digits are those of another script; {digits} is used.",
        "Nothing needs to be done.",
    ),
    warning(
        "look-alike-letters",
        "Letters of two alphabets",
        "The letter at position {position} ({character}) looks like a letter of the value's alphabet and is not one.",
        "Type the value again on your own keyboard.",
    ),
    warning(
        "letters-lost",
        "Letters lost",
        "{what}: a program on the way could not write or read them.",
        "Type the value again. If many cells are like this, export them again as .xlsx or as CSV UTF-8.",
    ),
    error(
        "field-missing",
        "Required field missing",
        "{label} is required and the cell is blank.",
        "Fill in the cell.",
    ),
    error(
        "field-too-short",
        "Field too short",
        "{label} is too short: {length} of at least {limit} characters.",
        "Write it out in full.",
    ),
    error(
        "field-too-long",
        "Field too long",
        "{label} is too long: {length} characters ({bytes} bytes), and the API takes at most {limit}.",
        "Shorten it to what the documents of the business show.",
    ),
    error(
        "word-not-accepted",
        "Word that is not on the list",
        "{label} may be: {accepted}.{nearest}",
        "Write one of these, letter by letter, capitals included.",
    ),
    error(
        "date-otherwise",
        "Date written in another way",
        "{label} is a date and has to be written as {format}; this is written in another way.",
        "Write it as in {example}.",
    ),
    error(
        "date-impossible",
        "Date that does not exist",
        "No calendar has this day.",
        "Compare it with the document, and mind which number is the day and which the month.",
    ),
    error(
        "business-name-differs",
        "Not the same as Business Name",
        "This must be the Business Name to the letter, or reviewers reject the record. The first difference is at "
        "character {position}: {here} here, {there} in Business Name.",
        "Write both as in the registration certificate. Or clear this cell: then Business Name is sent.",
    ),
    error(
        "email-invalid",
        "Not an e-mail address",
        "This cannot be an e-mail address: {why}.",
        "Correct the address, or leave the cell blank where it is not required.",
        may_be_ruled=True,
    ),
    error(
        "alias-looks-like-token",
        "Alias ends like a token",
        "The alias ends in ~ and 16 letters or digits, as the names that this tool makes do.",
        "Choose another alias, or leave the cell blank.",
    ),
    error(
        "callback-url-unusable",
        "Callback URL that cannot be used",
        "The API cannot call back there. {why}",
        "Correct the address, or leave the cell blank.",
    ),
    warning(
        "callback-url-doubtful",
        "Callback URL that may not work",
        "The address is sent as it is. {why}",
        "Check that it is meant like this.",
    ),
    warning(
        "number-unreadable",
        "Not a phone number",
        "This is no phone number of 8 to 15 digits, country first, so it cannot be linked.",
        "Correct it, or leave it out; write a comma, a semicolon or a line break between numbers.",
    ),
    warning(
        "number-without-calling-code",
        "Phone number without its country's calling code",
        "Numbers of {country} begin with {code}, and this one does not.",
        "Write the country's code before it. If the number is one of another country, leave it out.",
    ),
    warning(
        "number-in-two-rows",
        "Same phone number in two rows",
        "Row {other} has this number, too, and a number is linked to one record only.",
        "Delete it from the row that it does not belong to.",
    ),
)
"""Findings about a cell: what Excel made of it, what stands in it unseen, and what the requirements say of it."""

INDIA = (
    warning(
        "gstin-wrong",
        "GSTIN that cannot be right",
        "This has the shape of a GSTIN, but {why}.",
        "Compare it with the GST certificate, character by character.",
    ),
    warning(
        "pan-wrong",
        "PAN that cannot be right",
        "This has the shape of a PAN, but {why}.",
        "Compare it with the PAN card, character by character.",
    ),
    warning(
        "cin-wrong",
        "CIN that cannot be right",
        "This has the shape of a company's CIN, but {why}.",
        "Compare it with the certificate of incorporation, character by character.",
    ),
    warning(
        "udyam-wrong",
        "Udyam number that cannot be right",
        "This begins like a Udyam number, but {why}.",
        "Compare it with the Udyam certificate. Such a number looks like UDYAM-KR-03-0012345.",
    ),
    warning(
        "registration-number-unknown",
        "Registration number of no known kind",
        "This is neither a CIN, FCRN, LLPIN, FLLPIN, GSTIN, PAN nor Udyam number.",
        "Compare it with the registration certificate. If it is another kind of number, leave it.",
    ),
    warning(
        "tan-instead",
        "TAN instead of a registration number",
        "This has the shape of a TAN, the number of somebody who deducts tax; no business is registered by it.",
        "Write the registration number. If it is meant to be a PAN, compare it with the PAN card: a PAN begins with "
        "five letters.",
    ),
    warning(
        "registration-other-state",
        "Registration number of another state",
        "The registration number is one of {registered}, and the address is in {state}.",
        "Check that number and address belong to the same office.",
    ),
    warning(
        "pin-code-wrong",
        "PIN code that cannot be right",
        "A PIN code is six digits and does not begin with 0.",
        "Correct it. If it lost digits, format the column as Text and write it again.",
    ),
    warning(
        "pin-code-other-state",
        "PIN code of another state",
        "PIN codes that begin with {digits} are in {states}, and the address says {state}.",
        "Correct the PIN code or the state.",
    ),
    warning(
        "state-unknown",
        "Unknown state",
        "No state or union territory of India is called this.{nearest}",
        "Write the state's name, such as Karnataka.",
    ),
    error(
        "country-written-out",
        "Country written out",
        "The API wants the country's code of two letters here.",
        "Write {code}.",
    ),
    error(
        "aadhaar-number",
        "Aadhaar number",
        "This may be an Aadhaar number. It does not belong here, and sending it on may be against the law.",
        'Remove it. If it is another number, write aadhaar-number = "warning" under [findings] in the job file.',
        may_be_ruled=True,
    ),
)
"""Findings that need to know India: identifiers and their check digits, states, PIN codes.

The requirements do not ask for them, so they are warnings, except where the API would refuse the value and where a
number that the law protects would be sent.
"""

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
        "Several files where one is needed",
        "Several files fit: {names}.",
        "Keep the one that is meant, or write its path into a column of the sheet.",
    ),
    error(
        "document-fits-twice",
        "File that fits twice",
        'By the documents pattern "{name}" fits as {uses}, so it is not clear whose it is.',
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
        "Give yourself permission to read it, or copy it again.",
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
        "The command convert makes a smaller copy of a picture or a scan; or scan it again in grey at 150 to 200 dpi.",
    ),
    warning(
        "document-nearly-too-large",
        "Document nearly too large",
        "The file has {size} bytes. The API's limit of 5 MB may be meant as 5,000,000 bytes.",
        "To be safe scan it again in grey at 150 to 200 dpi, or print it to a PDF of smaller size.",
    ),
    error(
        "document-wrong-type",
        "Document of a type that is not taken",
        "By its content the file is {found}, and a {accepted} is asked for; its name does not matter.",
        "{how} Changing the ending of its name is not enough.",
    ),
    warning(
        "document-converted",
        "Converted copy is sent",
        "The file itself is not taken, so the copy that was made of it is sent: {done}.",
        "Look at the copy once; the contact sheet in the folder of the copies shows all of them.",
    ),
    warning(
        "document-not-converted",
        "Document that cannot be converted",
        "The command convert was tried on this file and could make no copy of it. {why}",
        "Put another file in its place.",
    ),
    error(
        "document-misnamed",
        "Document with the wrong ending",
        "The file's name ends in {ending}, but by its content it is {found}.",
        "Check that it is the right file, then give its name the ending {right}.",
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
        "After the end of the {kind} there is more data (bytes: {size}), as in a file that is two files at once.",
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
        "Check whether one of them should be another document.",
    ),
    warning(
        "document-shared",
        "Same document for several businesses",
        "{count} businesses, the first of them in row {first}, have the very same file.",
        "Check whether each of them should have one of its own.",
    ),
    warning(
        "document-other-number",
        "Document with another registration number",
        "The text of the document has another {kind}, and the registration number of this row is nowhere in it.",
        "Check that it is the document of this business, and that the number is written as in the document.",
    ),
    warning(
        "document-other-name",
        "Document without the business name",
        "The business name of this row is nowhere in the text of the document.",
        "Check that it is the document of this business, and that the name is written as in the document.",
    ),
    error(
        "document-changed",
        "Document changed since it was checked",
        "The file was replaced or changed between the check and the sending, so the row was not sent.",
        "Run again: the new file is then checked and sent.",
    ),
)
"""Findings about documents: the path, the file, and what is in it."""

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
        "Ask who deleted it, then decide what to do about it: the report's sheet Results has the commands to type.",
    ),
    error(
        "record-misnamed",
        "Record of another row",
        "The record {id} has the alias of another row at the API, so nothing was sent.",
        "Find out with the API's vendor which of the two businesses the record belongs to.",
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
        "The record was approved, and is suspended: complaints are open, and its numbers cannot call.{reason}",
        "Send the proof of consent that the vendor's console asks for; nothing can be done about it in the sheet.",
    ),
    warning(
        "review-expired",
        "Record expired",
        "The record was approved, and has expired.{reason}",
        "Nothing at the API can be done about it. The next run files the row anew, with what it says then.",
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
        "Correct the number or delete it from the cell, or fix it at the API; each run checks it again.",
    ),
)
"""Findings about what the API and its reviewers said of a record, made when the report is written.

`{reason}` is a sentence of its own with a blank before it, or nothing; `{document}` names what to replace.
"""

CATALOGUE: Mapping[str, FindingKind] = {
    kind.code: kind for kind in (*SHEETS, *ROWS, *CELLS, *INDIA, *DOCUMENTS, *RECORDS)
}
"""Every kind of finding by its code."""
