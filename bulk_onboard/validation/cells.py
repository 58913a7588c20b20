"""What is wrong with the cells of a row by themselves, whatever the API requires.

Most rows are plain ASCII, kept as text, so each check looks at a glance whether there is anything for it. Where a cell
has lost its value, nothing more is said of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from bulk_onboard.model.callback_url import doubt, objection
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import CALLING_CODES, KEY_LIMIT, digits_of, numbers_in, token_in, written_numbers
from bulk_onboard.model.mask import masked
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import ALIAS, CALLBACK_URL, KEY, NUMBERS, REGISTRATION_NUMBER, Stored
from bulk_onboard.validation.characters import character_findings, letter_findings, lost_letter_findings
from bulk_onboard.validation.india_identifiers import aadhaar_findings, registration_findings
from bulk_onboard.validation.india_places import INDIA, address_findings, is_in_india, state_of_address
from bulk_onboard.validation.marking import in_cell, shown

EMAIL = "email"

LOST = frozenset(
    {
        "cell-error",
        "formula-not-calculated",
        "merged-cells",
        "date-instead-of-text",
        "digits-lost",
        "decimal-point",
    }
)
"""Codes of findings after which there is no value left to judge."""


def cell_findings(row: Row) -> Iterator[Finding]:
    """Yield what is wrong with the cells of a row; those that have lost their value come first."""
    joined = "|".join(row.cells.values())
    yield from _stored_findings(row, joined)
    if not (joined.isascii() and joined.isprintable()) or row.left_out or row.converted or "_x" in joined:
        yield from character_findings(row)
        yield from letter_findings(row)
    yield from lost_letter_findings(row, joined)
    yield from aadhaar_findings(row, joined)
    yield from _email_findings(row)
    yield from _india_findings(row)
    yield from _number_findings(row)
    yield from _naming_findings(row)
    yield from _callback_findings(row)


def _india_findings(row: Row) -> Iterator[Finding]:
    """An address is judged where its country is India or blank, a registration number where the API's number is."""
    state = ""
    if is_in_india(row):
        state = state_of_address(row)
        yield from address_findings(row, state)
    if row.combination.country_iso == INDIA:
        yield from registration_findings(row, state)


def _naming_findings(row: Row) -> Iterator[Finding]:
    """What is wrong with how the row is known: to the user and to the API."""
    key, alias = row.cell(KEY), row.cell(ALIAS)
    has_lost_its_name = KEY in row.stored or REGISTRATION_NUMBER in row.stored  # which its cell says
    if not key.strip() and not row.cell(REGISTRATION_NUMBER).strip() and not has_lost_its_name:
        yield Finding("row-without-identity")
    if len(key) > KEY_LIMIT:
        yield in_cell("key-too-long", KEY, key, length=len(key), limit=KEY_LIMIT)
    if alias and token_in(alias):
        yield in_cell("alias-looks-like-token", ALIAS, alias)


def _callback_findings(row: Row) -> Iterator[Finding]:
    """Why the API may not, or perhaps cannot, call back where the row says."""
    url = row.cell(CALLBACK_URL)
    if not url:
        return
    if why := objection(url):
        yield in_cell("callback-url-unusable", CALLBACK_URL, url, why=why)
    elif why := doubt(url):
        yield in_cell("callback-url-doubtful", CALLBACK_URL, url, why=why)


# What Excel made of a cell, and what programs make of digits. Every column should be text. A whole number below 10^15
# still has the digits that were written, except for zeros they began with; of everything else that is no text something
# is lost. In the columns that tell rows apart or hold digits, a text can show that it was a number or a date once:
# 560001.0, 9.11E+11, 2020-03-01T00:00:00. A business may be called so; no number is.

_ERROR_WORDS = """
    #N/A #REF! #VALUE! #DIV/0! #NAME? #NULL! #NUM! #ERROR! #ERR! #SPILL! #CALC! #CIRC! #CIRCULAR! #EXPAND!
    #GETTING_DATA #FIELD! #BLOCKED! #CONNECT! #UNKNOWN! #BUSY! #DATA! #EXTERNAL! #PYTHON! #TIMEOUT! #LOADING!
    #NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF! #KALK! #FELD! #BLOCKIERT! #DATEN_ABRUFEN
    #NOM? #VALEUR! #NOMBRE! #NUL! #PROPAGATION! #CALCUL! #CHAMP! #OBTENTION_DONNEES
    #N/D #¡REF! #¡VALOR! #¡DIV/0! #¿NOMBRE? #¡NUM! #¡NULO! #¡DESBORDAMIENTO! #¡CALC!
    #VALOR! #NOME? #NÚM! #NULO! #DESPEJAR! #RIF! #VALORE! #NULLO! #ESPANSIONE!
    #N/B #VERW! #WAARDE! #DEEL/0! #NAAM? #GETAL! #LEEG! #OVERLOOP!
    #ADR! #ARG! #DZIEL/0! #NAZWA? #LICZBA! #ZERO! #ROZLANIE!
    #SAKNAS! #REFERENS! #VÄRDEFEL! #DIVISION/0! #NAMN? #OGILTIGT! #SKÄRNING!
    #I/T #REFERANSE! #VERDI! #NAVN? #PUUTTUU! #VIITTAUS! #ARVO! #JAKO/0! #NIMI? #LUKU! #TYHJÄ!
    #YOK #BAŞV! #DEĞER! #SAYI/0! #AD? #SAYI! #BOŞ! #TAŞMA!
    #Н/Д #ССЫЛКА! #ЗНАЧ! #ДЕЛ/0! #ИМЯ? #ЧИСЛО! #ПУСТО! #ПЕРЕНОС! #ВЫЧИСЛ!
    #HIÁNYZIK #HIV! #ÉRTÉK! #ZÉRÓOSZTÓ! #NÉV? #SZÁM! #NULLA! #HODNOTA! #NÁZEV? #NÁZOV? #ČÍSLO!
"""
"""Errors of Excel and Google Sheets in English, then Excel's in other languages."""

_ERRORS = frozenset(_ERROR_WORDS.split())

_OTHER_ERRORS = re.compile(
    r"(?:err|error|erreur|erro|errore|fehl|fehler|fout|fel|fejl|feil|virhe|hiba|hata|chyba|błąd|ошибка|ошиб\.)"
    r"\s?:\s?[0-9]{3}"  # LibreOffice
    r"|loading(?:\.\.\.|…)"  # Google Sheets, of a value that had not come yet
    r"|#{3,}",  # a number or date for which the column was too narrow
    re.IGNORECASE,
)
_USUAL_ERROR = "#N/A"  # where a file does not say which error it is
_IDENTIFIERS = (KEY, REGISTRATION_NUMBER, "address.postal_code", NUMBERS)
_NAMES = (KEY, ALIAS, REGISTRATION_NUMBER)
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_WAS_A_NUMBER = re.compile(r"[0-9]+(?:(?P<point>\.0+)|(?:[.,][0-9]+E[+-]?|E\+)[0-9]+)", re.IGNORECASE)
_WAS_A_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}){2}[T ][0-9]{2}(?::[0-9]{2}){1,2}(?:\.[0-9]+)?(?:Z|[+-][0-9:]+)?")
_DIVIDERS = re.compile(r"[\s,;]+")


def _stored_findings(row: Row, joined: str) -> Iterator[Finding]:
    """What is wrong with how the cells of a row are kept, or were once; `joined` is all their text."""
    for column, merged in row.merged.items():
        yield in_cell("merged-cells", column, row.cell(column), range=merged)
    for column, stored in row.stored.items():
        text = row.cell(column)
        if code := _KEPT[stored](column, text):
            details = {"error": text or _USUAL_ERROR} if stored is Stored.ERROR else {}
            yield in_cell(code, column, text, **details)
    if "#" in joined or ":" in joined or "..." in joined or "…" in joined:
        for column, text in row.cells.items():
            if column not in row.stored and (text.upper() in _ERRORS or _OTHER_ERRORS.fullmatch(text)):
                yield Finding("cell-error", column=column, seen=text, details={"error": text})
    for column in _IDENTIFIERS:
        text = row.cells.get(column, "")
        if text and not text.isalnum() and column not in row.stored and (code := _was_a_number(column, text)):
            yield in_cell(code, column, text)


def _kept_as_number(column: str, text: str) -> str:
    """Return the code for a cell that is kept as a number; empty for digits that survived."""
    if column in _IDENTIFIERS and _was_a_number(column, text) == "decimal-point":
        return "decimal-point"
    if text and not _WHOLE.fullmatch(text):
        return "digits-lost"
    return "number-instead-of-text" if column == REGISTRATION_NUMBER else ""


def _kept_as_formatted_number(column: str, text: str) -> str:
    """Return the code for a cell kept as a number that its format shows in another way.

    In a column that names a row nobody can know which of the two is meant.
    """
    code = _kept_as_number(column, text)
    return "number-shown-otherwise" if column in _NAMES and code in ("", "number-instead-of-text") else code


_KEPT: Mapping[Stored, Callable[[str, str], str]] = {
    Stored.NUMBER: _kept_as_number,
    Stored.FORMATTED: _kept_as_formatted_number,
    Stored.DATE: lambda column, text: "date-instead-of-text",
    Stored.BOOLEAN: lambda column, text: "",
    Stored.ERROR: lambda column, text: "cell-error",
    Stored.UNCALCULATED: lambda column, text: "formula-not-calculated",
}


def _was_a_number(column: str, text: str) -> str:
    """Return the code for a text that programs or Excel make of digits; a cell of phone numbers may hold several."""
    for part in _DIVIDERS.split(text) if column == NUMBERS else (text,):
        if match := _WAS_A_NUMBER.fullmatch(part):
            return "decimal-point" if match["point"] else "digits-lost"
    return "date-instead-of-text" if _WAS_A_DATE.fullmatch(text) else ""


# E-mail addresses, by the rules of how they are written; whether anybody reads them is not looked up.

_PLAIN = re.compile(  # what nearly all addresses look like, and no rule forbids: found a hundred times faster
    r"[a-z0-9_+]+(?:[.-][a-z0-9_+]+){0,5}@(?:[a-z0-9]+(?:-[a-z0-9]+){0,3}\.){1,4}(?:in|com|net|org|example)",
    re.IGNORECASE,
)
_PLAIN_LIMIT = 60


def is_plain_address(text: str) -> bool:
    """Return whether the text certainly is an address, or is empty."""
    return not text or (len(text) <= _PLAIN_LIMIT and _PLAIN.fullmatch(text) is not None)


def _email_findings(row: Row) -> Iterator[Finding]:
    """A filled e-mail cell that cannot be an address, and why."""
    text = row.cell(EMAIL)
    if is_plain_address(text):
        return
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - few addresses need it

    try:
        validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as refusal:
        sentence = str(refusal)
        yield in_cell("email-invalid", EMAIL, text, why=masked(sentence[:1].lower() + sentence[1:].rstrip(".")))


# The numbers that are to be linked to a row's record once it is approved. None of this keeps a row out, since numbers
# are no part of what is reviewed; what is no number is never linked. A number without its country's calling code may be
# one all the same, but hardly the one that is meant.

_SHOWN_DIGITS = 4  # enough to say which number of a cell is meant, and little of a number that should not be there
_FEW = 3


def _number_findings(row: Row) -> Iterator[Finding]:
    """What is wrong with the phone numbers of one row."""
    cell = row.cells.get(NUMBERS, "")
    if not cell:
        return
    if unreadable := [text for text in written_numbers(cell) if not digits_of(text)]:
        yield Finding("number-unreadable", column=NUMBERS, seen=_listed([shown(NUMBERS, text) for text in unreadable]))
    country = row.combination.country_iso
    code = CALLING_CODES.get(country, "")
    if astray := [digits for digits in numbers_in(cell) if not digits.startswith(code)]:
        seen = _listed([f"{digits[:_SHOWN_DIGITS]}…" for digits in astray])
        details = {"code": code, "country": country}
        yield Finding("number-without-calling-code", column=NUMBERS, seen=seen, details=details)


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _FEW
    return ", ".join(texts[:_FEW]) + (f" and {more:,} more" if more > 0 else "")
