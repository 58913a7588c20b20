"""Findings that need to know India: identifiers and their check digits, states, PIN codes.

They are warnings, since the requirements do not ask for them, except where the API would refuse the value and where a
number that the law protects would be sent.
"""

from bulk_onboard.model.kind import error, warning

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
        "Compare it with the Udyam certificate. It reads UDYAM-KR-03-0012345.",
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
        "Look whether number and address belong to the same office.",
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
