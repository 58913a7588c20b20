"""What Excel made of a cell, and what programs make of digits (reliability.md 4.2).

Rule: every column is text. A whole number below 10^15 is still the digits that were written, except for zeros they
began with; of everything else that is no text something is lost. In the columns that tell rows apart or hold digits,
a text can give away that it was a number or a date once: 560001.0, 9.11E+11, 2020-03-01T00:00:00. A business may be
called so; no number is.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import ALIAS, KEY, NUMBERS, REGISTRATION_NUMBER, Stored
from bulk_onboard.validation.trouble import Trouble, shown

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
"""Codes of troubles after which there is no value left to judge."""

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
"""Those of Excel and Google Sheets in English, then Excel's in other languages."""

_ERRORS = frozenset(_ERROR_WORDS.split())

_OTHER_ERRORS = re.compile(
    r"(?:err|error|erreur|erro|errore|fehl|fehler|fout|fel|fejl|feil|virhe|hiba|hata|chyba|błąd|ошибка|ошиб\.)"
    r"\s?:\s?[0-9]{3}"  # LibreOffice
    r"|loading(?:\.\.\.|…)"  # Google Sheets, of a value that had not come yet
    r"|#{3,}",  # a number or date for which the column was too narrow
    re.IGNORECASE,
)
_ERROR_UNTOLD = "#N/A"  # the most common by far, where a file does not tell which
_IDENTIFIERS = (KEY, REGISTRATION_NUMBER, "address.postal_code", NUMBERS)
_NAMES = (KEY, ALIAS, REGISTRATION_NUMBER)
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_WAS_A_NUMBER = re.compile(r"[0-9]+(?:(?P<point>\.0+)|(?:[.,][0-9]+E[+-]?|E\+)[0-9]+)", re.IGNORECASE)
_WAS_A_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}){2}[T ][0-9]{2}(?::[0-9]{2}){1,2}(?:\.[0-9]+)?(?:Z|[+-][0-9:]+)?")
_DIVIDERS = re.compile(r"[\s,;]+")


def stored_troubles(row: Row, joined: str) -> Iterator[Trouble]:
    """What is wrong with how the cells of a row are kept, or were once; `joined` is all their text."""
    for column, merged in row.merged.items():
        yield Trouble("merged-cells", column, shown(column, row.cell(column)), {"range": merged})
    for column, stored in row.stored.items():
        text = row.cell(column)
        if code := _KEPT[stored](column, text):
            details = {"error": text or _ERROR_UNTOLD} if stored is Stored.ERROR else {}
            yield Trouble(code, column, shown(column, text), details)
    if "#" in joined or ":" in joined or "..." in joined or "…" in joined:
        for column, text in row.cells.items():
            if column not in row.stored and (text.upper() in _ERRORS or _OTHER_ERRORS.fullmatch(text)):
                yield Trouble("cell-error", column, text, {"error": text})
    for column in _IDENTIFIERS:
        text = row.cells.get(column, "")
        if text and not text.isalnum() and column not in row.stored and (code := _was_a_number(column, text)):
            yield Trouble(code, column, shown(column, text))


def _kept_as_number(column: str, text: str) -> str:
    """The code for a cell that is kept as a number; empty for digits that survived."""
    if column in _IDENTIFIERS and _was_a_number(column, text) == "decimal-point":
        return "decimal-point"
    if text and not _WHOLE.fullmatch(text):
        return "digits-lost"
    return "number-instead-of-text" if column == REGISTRATION_NUMBER else ""


def _kept_as_formatted_number(column: str, text: str) -> str:
    """The same for a number that is shown otherwise: which of the two tells a row apart, nobody can know."""
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
    """The code for a text that programs or Excel make of digits; a cell of numbers may hold several."""
    for part in _DIVIDERS.split(text) if column == NUMBERS else (text,):
        if match := _WAS_A_NUMBER.fullmatch(part):
            return "decimal-point" if match["point"] else "digits-lost"
    return "date-instead-of-text" if _WAS_A_DATE.fullmatch(text) else ""
