"""Whatever the screen calls sound, the judge has nothing to say of: tried on random sheets, and seen to fail."""

import random
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.intake.header import match_columns
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.entry import LedgerOpened
from bulk_onboard.model.finding import OFF, Finding, Rulings
from bulk_onboard.model.identity import registration_token_of, token_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.paper import paper_of
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.requirements import (
    Combination,
    Contract,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.row import EXAMPLE, JudgedRow
from bulk_onboard.model.sheet import Columns, Merged, Sheet, Stored
from bulk_onboard.validation import (
    KnownBusinesses,
    judge_rows,
    mark_in_other_accounts,
    mark_shared_documents,
    screen,
)
from tests.support.businesses import DOCUMENTS, Cells, business

BOOK = bundled_requirements()
DEFAULTS = Combination("IN", "local", "business")
HEADERS = (
    "Key", "Alias", "Business Name", "Registration Number", "Email", "Address Line 1", "City", "State", "Postal Code",
    "Country", "Number Country", "Number Type", "User Type", *DOCUMENTS, "Address Proof Kind", "Numbers",
    "Callback URL", "bo_key",
)  # fmt: skip
ROWS, SHEETS, SEED = 12, 1_600, 5

# Released: data fields of every type, in a document with a file and in one without; what is asked for differs between
# the types of numbers, and one field is a date for the one and a text for the other.

SIGNATORY = (
    FieldRequirement("role", "Role", field_type="enum", choices=("Director", "Partner")),
    FieldRequirement("since", "Since", required=False, field_type="date", date_format="dd/mm/yyyy"),
    FieldRequirement("until", "Until", required=False, field_type="date", max_length=10),
)
CERTIFICATE = DocumentRequirement(
    "business_registration",
    "Business Registration",
    fields=(FieldRequirement("business_name", "Legal Name", min_length=3, max_length=50),),
)
PROOFS = (
    DocumentRequirement("identity_proof", "Identity Proof"),
    DocumentRequirement("address_proof", "Address Proof"),
)
NAME = (FieldRequirement("business_name", "Business Name"),)
RELEASED = RequirementsBook.of(
    "a test",
    live=False,
    contract=Contract.RELEASED,
    offered=[
        Requirements(
            Combination("IN", "local", "business"),
            NAME,
            (*PROOFS, CERTIFICATE, DocumentRequirement("signatory", "Signatory", needs_file=False, fields=SIGNATORY)),
        ),
        Requirements(
            Combination("IN", "mobile", "business"),
            NAME,
            (
                *PROOFS,
                DocumentRequirement(
                    "signatory", "Signatory", needs_file=False, fields=(FieldRequirement("since", "Since"),)
                ),
            ),
        ),
        Requirements(Combination("IN", "local", "individual"), NAME, ()),
    ],
)
FIELDS = ("Business Registration: Legal Name", "Signatory: Role", "Signatory: Since", "Signatory: Until")
IN_RELEASED = {
    FIELDS[0]: ("Invented Traders 1 Private Limited", "Invented Traders 1 Private Limited.", "", "x"),
    FIELDS[1]: ("Director", "director", "Partner ", "Owner", ""),
    FIELDS[2]: ("31/03/2026", "31/02/2026", "2026-03-31", "3/3/2026", "", "05/06/2026"),
    FIELDS[3]: ("2026-03-31", "05/06/2026", "31 March 2026", "31 Mar 2026", "x"),
    "Business Name": ("Invented Traders 1 Private Limited", "B" * 51, "AB"),
}
DAYS = ("2026-03-31", "2026-03-31 00:00:00", "2026-02-03 13:00:00", "13:00:00")

ANYWHERE = (
    "", " padded ", "\u00a0padded", "end\u200b", "\u200ebegin", "a\u200bb", "#N/A", "#DIV/0!", "_x000D_a", "a\nb",
    "\tb\x0b", "Асme Ltd", "Ａｃｍｅ", "Śrī Traders", "श्री ट्रेडर्स", "2341 2341 2346", "234123412346", "2341-2341-2346",
    "560001.0", "9.11E+11", "1E5", "K" * 300, "x", "\ufffd", "\ud83d", "TRUE", "12", "City", "KEY", "business_name",
    "a|b", "\x1fa", "~abcdefgh23456722", "Err:511", "Loading...", "#NV", "R&amp;D", "S?o", "??", "Itâ€™s", "a & b; c",
    "2020-03-01T00:00:00Z", "2020-03-01 00:00:00", "\u202aa\u202c", "918045678909", "9180 4567 8909", "FALSE", "0",
)  # fmt: skip
BY_COLUMN = {
    "Key": (
        "k-1", "K-1", "K-1\u200b", "\ufeffK-2", "1.5E-5", "9,11E-11", "2,5e3", "K 1", "K  1", "EXAMPLE",
        "ＥＸＡＭＰＬＥ", "911234567890",
    ),
    "Alias": ("Main ~abcdefgh23456722",),
    "Registration Number": (
        "27AAPFU0939F1ZV", "27AAPFU0939F1ZW", "27AAPXU0939F1ZV", "99AAPFU0939F1ZV", "00AAPFU0939F1ZV",
        "ABCPE1234F", "ABCDE1234F", "AAA-1234", "UDYAM-KR-03-0012345", "UDYAM-XX-03-0012345", "U72900XX2020PTC000001",
        "U72900KA2120PTC000001", "U72900KA2020XYZ000001", "U7290OKA2020PTC000001", "U72900MH2020PTC000001",
        "u72900ka2020ptc000001", "U72900KA-2020-PTC-000001", "U72900KA2020PTC000000",
        "\ufeffU72001KA2020PTC100001", "U72002KA2020PTC100002\u200d",
    ),
    "Email": (
        "a_x000D_b@example.com", "desk@", "desk@exa mple.com", "DESK@EXAMPLE.ORG", "a@b.co.in",
        "x" * 80 + "@example.com",
    ),
    "State": ("Maharashtra", "KA", "Karnatka", "Nowhere", "Karnataka "),
    "Postal Code": ("400001", "56000", "560 001", "५६०००१", "000001"),
    "Country": ("India", "in", "IN", "US", "Elsewhere"),
    "Number Country": ("in", "US", ""),
    "Number Type": ("Local", "mobile", "toll free", ""),
    "User Type": ("Business", "individual", ""),
    "Identity Proof": (
        "bad.pdf", "gone.pdf", "0001/address_proof.png", "0002/identity_proof.pdf", "twin.pdf",
        "0001/identity_proof.pdf\u200b", "\u200e0003/identity_proof.pdf",
    ),
    "Address Proof": ("bad.pdf", "twin.pdf", "other.pdf"),
    "Address Proof Kind": ("utility_bill", "Utility Bill", "napkin"),
    "Numbers": (
        "+91 11 4000 0001", "911140000001", "1140000001", "abc", "911140000001; 911140000002", "९१११४००००००३",
        "911140000005\u200b",
    ),
    "Callback URL": ("https://example.com/a", "http://example.com/a", "https://10.0.0.1/a"),
    "bo_key": ("~abcdefgh23456722", "K-5"),
}  # fmt: skip


def facts() -> dict[str, FileFacts]:
    """What is known of the documents."""
    known = {}
    for number in range(ROWS):
        for name in (business(number)[title] for title in DOCUMENTS):
            known[name] = FileFacts(Path(name), 100 + number, f"sha of {name}", _type(name))
    known["twin.pdf"] = replace(known[business(1)["Identity Proof"]], path=Path("twin.pdf"))
    known["bad.pdf"] = FileFacts(Path("bad.pdf"), 5, "sha of bad", "application/pdf", (Finding("document-encrypted"),))
    own = business(4)
    said = f"{own['Business Name']} {own['Registration Number']} {'of the register ' * 20}"
    registration = own["Business Registration"]
    known[registration] = replace(known[registration], paper=paper_of(said))
    known["other.pdf"] = FileFacts(Path("other.pdf"), 5, "sha of other", "text/plain")
    return known


def _type(name: str) -> str:
    return "image/png" if name.endswith(".png") else "application/pdf"


FILES = facts()


def random_sheet(dice: random.Random, book: RequirementsBook) -> Sheet:
    """Good rows, some of them spoiled: a text, a kind, a cell of another row, a row twice, merged cells."""
    headers = HEADERS if book is BOOK else tuple(h for h in HEADERS if h != "Address Proof Kind") + FIELDS
    table = [good(at, headers) for at in range(ROWS)]
    kinds: dict[int, dict[int, Stored]] = {}
    for _ in range(dice.randrange(4)):
        row, header = dice.choice(table), dice.choice(headers if book is BOOK or dice.random() < 0.5 else FIELDS)
        match dice.randrange(6):
            case _ if book is RELEASED and header in IN_RELEASED and dice.random() < 0.7:
                row[header] = dice.choice(IN_RELEASED[header])
                if dice.random() < 0.3:
                    row[header] = dice.choice(DAYS)
                    kinds.setdefault(headers.index(header), {})[table.index(row)] = Stored.DATE
            case 0:
                row[header] = dice.choice(ANYWHERE)
            case 1 | 2:
                row[header] = dice.choice(BY_COLUMN.get(header, ANYWHERE))
            case 3:
                row[header] = dice.choice(table)[header]
                row["Address Proof"] = row[dice.choice(DOCUMENTS)]
            case 4:
                kinds.setdefault(headers.index(header), {})[table.index(row)] = dice.choice(
                    (*Stored, *(Stored.NUMBER,) * 5)
                )
                row[header] = dice.choice(("12", "560001", "0" * 16, "2020-01-05", "TRUE", "1.5", row[header]))
            case 5 if header == "bo_key":
                row |= {"Key": "", "bo_key": dice.choice(table)["Key"]}
            case _:
                row |= dice.choice((dice.choice(table), EXAMPLE_ROW, BLANK_ROW, {header: header for header in headers}))
    merged = (Merged(3, 4, 0, 2),) if dice.random() < 0.05 else ()
    columns = tuple(tuple(row[header] for row in table) for header in headers)
    return Sheet(Path("b.xlsx"), "S", "", 1, headers, tuple(range(2, ROWS + 2)), columns, kinds, merged)


def good(at: int, headers: Sequence[str]) -> Cells:
    """A row that nothing is wrong with."""
    cells = dict.fromkeys(headers, "") | business(at, Key=f"K-{at}", Numbers=f"91114000{at:04d}")
    if at % 4 == 0 and len(headers) > len(HEADERS):
        cells["Number Type"] = "mobile"
    signed = {"Signatory: Role": "Director", "Signatory: Since": "31/03/2026"}
    return {header: signed.get(header) or cells[header] for header in headers}


BLANK_ROW = {**dict.fromkeys(HEADERS, ""), "Number Type": "local", "Country": "IN", "Alias": "FALSE"}
EXAMPLE_ROW = {"Key": EXAMPLE["key"], "Registration Number": EXAMPLE["registration_number"]}


def judged(
    sheet: Sheet, book: RequirementsBook, rulings: Rulings, places: Sequence[int] | None = None
) -> tuple[JudgedRow, ...]:
    """What the judge says of these rows beside each other."""
    columns, _ = match_columns(sheet, book, {})
    rows = rows_of(sheet, columns, defaults=DEFAULTS, places=places)
    told = judge_rows(rows, book=book, files=FILES, columns=columns, rulings=rulings)
    return mark_shared_documents(told, book=book, files=FILES, columns=columns, rulings=rulings)


def is_sound(one: JudgedRow) -> bool:
    """Whether there is nothing to say of the row."""
    return one.application is not None and not one.findings and one.aside is None


RULINGS: Sequence[Rulings] = ({}, {"document-shared": OFF})


class Sample(NamedTuple):
    """A sheet, how it is judged, and what the judge says of its rows."""

    sheet: Sheet
    book: RequirementsBook
    rulings: Rulings
    columns: Columns
    whole: tuple[JudgedRow, ...]


DICE = random.Random(SEED)


@cache
def sample(at: int) -> Sample:
    """One of many, judged once for all that look at it; always by the same dice, since it follows the one before."""
    if at:
        sample(at - 1)
    book = BOOK if at % 2 else RELEASED
    sheet, rulings = random_sheet(DICE, book), DICE.choice(RULINGS)
    return Sample(sheet, book, rulings, match_columns(sheet, book, {})[0], judged(sheet, book, rulings))


def check(sample: Sample, screening: Callable[..., Any]) -> int:
    """Suspects alone are told what they are told among all, the others nothing; how many others there are."""
    sheet, book, rulings, columns, whole = sample
    suspects, size = screening(sheet, columns, book=book, files=FILES, defaults=DEFAULTS, rulings=rulings)
    usual = [place for place in range(ROWS) if place not in suspects]
    assert all(is_sound(whole[place]) for place in usual), [whole[place] for place in usual]
    assert size == sum(whole[place].application.size for place in usual)  # type: ignore[union-attr]  # all are sound
    assert [whole[place] for place in suspects] == list(judged(sheet, book, rulings, suspects))
    return len(usual)


def check_many(screening: Callable[..., Any]) -> int:
    """How many rows of many sheets were called sound."""
    return sum(check(sample(at), screening) for at in range(SHEETS))


def test_whatever_the_screen_calls_sound_the_judge_has_nothing_to_say_of() -> None:
    """On many random sheets of either contract; and most good rows are called sound, or it would be of no use."""
    assert check_many(screen.screen) > SHEETS * ROWS / 2


def test_rows_that_are_held_against_other_ledgers_are_not_passed_over() -> None:
    """A row whose business another ledger has, or another account a row of, is judged in a large sheet, too."""
    found, dice = 0, random.Random(SEED)
    for at in range(0, SHEETS, 8):
        sheet, book, rulings, columns, whole = sample(at)
        known = KnownBusinesses(_ledger_of(dice.sample(whole, 3), at, dice))
        twice = {dice.choice(whole).row.number: "other"}
        marked = mark_in_other_accounts(whole, NOTHING, [("other", known)], twice, columns=columns)

        suspects, _ = screen.screen(
            sheet,
            columns,
            book=book,
            files=FILES,
            defaults=DEFAULTS,
            rulings=rulings,
            others=[NOTHING, known],
            suspects=twice,
        )

        kept_out = {place for place, one in enumerate(marked) if "in-other-account" in {f.code for f in one.findings}}
        assert kept_out <= set(suspects)
        found += len(kept_out)
    assert found > SHEETS / 8


NOTHING = KnownBusinesses(LedgerState())


def _ledger_of(filed: Sequence[JudgedRow], at: int, dice: random.Random) -> LedgerState:
    """The ledger of an account that has filed these rows; of each record it knows more or less."""
    auth_id = f"MA{at:018}"
    opened = LedgerOpened(tool="", job="", auth_id=auth_id, base_url="http://127.0.0.1", created="")
    records = {}
    for one in filed:
        token = token_of(auth_id, one.row)
        known = dice.choice(
            (
                {"registration_token": registration_token_of(auth_id, one.row)},
                {"registration_token": registration_token_of(auth_id, one.row), "fingerprint": one.fingerprint},
                {"fingerprint": one.fingerprint},
            )
        )
        records[token] = Record(token=token, state=State.SUBMITTED, key=one.row.cell("key"), **known)
    return LedgerState(opened=opened, records=records)


GAPS = {
    "Keys of an annotated copy": ("if annotated:", "if False:"),
    "long numbers": (" and len(texts[place]) <= _WHOLE_DIGITS", ""),
    "kinds": ("self._how_cells_are_kept({column", "(lambda _: None)({column"),
    "texts": ("self._texts(name, cells)", "None"),
    "addresses": ("self._addresses()", "None"),
    "registration numbers": ("self._registration_numbers()", "None"),
    "phone numbers": ("self._numbers()", "None"),
    "identities": ("self._identities()", "None"),
    "documents": ("self._documents(columns,", "(lambda *_, **__: None)(columns,"),
    "combination not offered": ("self.suspect |= rows\n            return ()", "return ()"),
    "lengths": ("if field.is_plain and field.least <= cells.shortest and cells.longest <= field.most:", "if True:"),
    "words and dates": ("if field.is_plain and field", "if field"),
    "Excel's dates": ("self._excel_dates(fields,", "(lambda *_: None)(fields,"),
    "dates in columns of texts": ("if column in dates else True)", "if column in dates else False)"),
    "other business names": ("(differs | ~own", "(~own"),
    "business names that are too long": ("self.suspect |= rows & ~name.which", "_ = rows & ~name.which"),
    "faulty documents": ("(paths.rows_of(faulty) | ~kinds", "(~kinds"),
    "kinds of documents": ("| ~kinds.which(slot.accepts))", ")"),
    "example": ("or _may_be_example(text)", ""),
    "Keys with unseen ends": ("isascii() else text_in, raw", "isascii() else str.strip, raw"),
    "digits of other scripts": ("if are_digits_due:", "if False:"),
    "digits that were converted": ("if raw != text and", "if len(raw) != len(text) and"),
    "numbers lost to an exponent": ("|[.,][0-9]+[Ee][0-9+-]|", "|"),
    "escapes in an address": ('"_x" in text or not', "not"),
    "blanks of every kind": ("if not _is_as_stripped(cells.raw[code], texts[code])", "if False"),
    "what papers say": ("            self._papers(slot, combination, rows)\n", ""),
    "merged cells": ("for merged in self._sheet.merged:", "for merged in ():"),
    "odd signs": ("not joined.translate(None, _PLAIN_SIGNS)", "True"),
    "dates, errors and code": ("perhaps_lost = perhaps_lost or", "perhaps_lost = perhaps_lost and"),
    "many digits": ('b"0" * 12 in alike.translate(None, b" -")', "False"),
    "rows of one Key": ("self.suspect |= has_key &", "None and"),
    "rows of one number": ("self.suspect |= has_number &", "None and"),
    "one file twice in a row": ("self.suspect |= (one == other) & (one >= 0)", "pass"),
    "one file in several rows": ("if is_sharing_told and ids:", "if False:"),
    "state of a number": ("or may_be_registered_in(", "or True or may_be_registered_in("),
    "numbers of an unusual form": ("if -1 in registered:", "if False:"),
}


@pytest.mark.slow
@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_in_the_screen_is_seen(gap: str) -> None:
    """A faulty row that it calls sound, on some of the sheets."""
    text, instead = GAPS[gap]
    source = Path(screen.__file__).read_text(encoding="utf-8")
    assert 1 == source.count(text), f"the screen does not say {text!r} once"
    mutant = types.ModuleType("bulk_onboard.validation.screen")
    exec(compile(source.replace(text, instead), "mutant", "exec"), mutant.__dict__)

    with pytest.raises(AssertionError):
        check_many(mutant.screen)
