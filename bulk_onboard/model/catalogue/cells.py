"""Findings about a cell: what Excel made of it, what stands in it unseen, and what the requirements say of it."""

from bulk_onboard.model.kind import error, warning

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
        "The value became a number. Of a number Excel keeps 15 digits, and no zeros at its ends: what else there was "
        "is lost.",
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
        "Number that is shown otherwise",
        "The cell holds a number whose format shows it in another way, such as 1,234 for 1234; the digits alone are "
        "taken. In a copy of the sheet saved as csv it stands as it is shown.",
        "Format the column as Text, then write the value as it should be.",
    ),
    error(
        "control-character",
        "Control character",
        "There is a control character at position {position} ({character}).",
        "Delete it, or write the value anew. It often comes with text copied from a PDF.",
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
        "Delete it, or write the value anew. It often comes with text copied from a web page.",
    ),
    error(
        "broken-character",
        "Broken character",
        "The character at position {position} was broken before the file was written ({character}).",
        "Write the value anew.",
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
        "Replace it by an ordinary blank.",
    ),
    warning(
        "digits-converted",
        "Digits of another script",
        "The digits are not the ordinary ones; {digits} is taken.",
        "Nothing needs to be done.",
    ),
    warning(
        "look-alike-letters",
        "Letters of two alphabets",
        "The letter at position {position} ({character}) looks like another of the value's alphabet and is not.",
        "Write the value anew on your own keyboard.",
    ),
    warning(
        "letters-lost",
        "Letters lost",
        "{what}: a program on the way could not write or read them.",
        "Write the value anew. If many cells are like this, export them again as .xlsx or as CSV UTF-8.",
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
        "Look whether it is meant like this.",
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
