"""Columns of documents and their fields, as the released contract asks for them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard import errors
from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.intake.header import match_columns, required_columns, titles
from bulk_onboard.intake.names import bare
from bulk_onboard.model.requirements import (
    Combination,
    Contract,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.sheet import Sheet

BETA, RELEASED = bundled_requirements(Contract.BETA), bundled_requirements(Contract.RELEASED)
LOCAL = Combination("IN", "local", "business")
MOBILE = Combination("IN", "mobile", "business")
NAME = FieldRequirement("business_name", "Business Name")


def sheet_of(*headers: str) -> Sheet:
    """A sheet with these headers in row 1."""
    return Sheet(Path("firms.xlsx"), "Firms", "0" * 64, 1, headers).with_rows(())


def book_of(*documents: DocumentRequirement, **more: tuple[DocumentRequirement, ...]) -> RequirementsBook:
    """A released book that asks for these documents of local numbers, and for others of mobile ones."""
    offered = [Requirements(LOCAL, (NAME,), documents)]
    offered += [Requirements(MOBILE, (NAME,), each) for each in more.values()]
    return RequirementsBook.of("a test", live=False, contract=Contract.RELEASED, offered=offered)


def document(type_: str, title: str, *fields: FieldRequirement, needs_file: bool = True) -> DocumentRequirement:
    """A document with these fields."""
    return DocumentRequirement(type_, title, needs_file=needs_file, fields=fields)


SIGNED_ON = FieldRequirement("signed_on", "Date of Signature", required=False, field_type="date")
ROLE = FieldRequirement("role", "Role")
SIGNATORY = document("signatory", "Signatory", ROLE, SIGNED_ON, needs_file=False)
MANY = book_of(SIGNATORY, document("certificate", "Certificate", FieldRequirement("business_name", "Legal Name")))
LEAST = ("Business Name", "Number Type", "Certificate", "Signatory: Role")


def positions(*headers: str, book: RequirementsBook = MANY) -> dict[str, int]:
    """What the columns mean, by their places."""
    return dict(match_columns(sheet_of(*headers), book, {})[0].positions)


def test_bundled_example_asks_for_little():
    """Name, number type and two files are required; the certificate's name is taken from Business Name."""
    assert {"business_name", "number_type", "document:registration_certificate", "document:gst_certificate"} == (
        required_columns(RELEASED)
    )


def test_columns_of_documents():
    """A path where a file is asked for, no kind where none are listed, and each field under its document's title."""
    of_documents = {name: title for name, title in titles(MANY).items() if ":" in name}

    assert {
        "field:signatory.role": "Signatory: Role",
        "field:signatory.signed_on": "Signatory: Date of Signature",
        "document:certificate": "Certificate",
        "field:certificate.business_name": "Certificate: Legal Name",
    } == of_documents


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Signatory: Date of Signature", "field:signatory.signed_on"),
        ("Signatory: signed_on", "field:signatory.signed_on"),
        ("signatory: signed_on", "field:signatory.signed_on"),
        ("SIGNED_ON", "field:signatory.signed_on"),
        ("Date of signature", "field:signatory.signed_on"),
        ("certificate: business_name", "field:certificate.business_name"),
        ("Legal Name", "field:certificate.business_name"),
    ],
)
def test_field_is_found_by_each_of_its_names(header, name):
    """With its document or alone, by label or by the API's name."""
    assert len(LEAST) == positions(*LEAST, header)[name]


def test_short_name_comes_last():
    """`business_name` is Business Name, and so is Legal Name where the sheet has no other."""
    assert 0 == positions("business_name", *LEAST[1:])["business_name"]
    assert 0 == positions("Legal Name", *LEAST[1:])["business_name"]


def test_short_name_of_two_fields_is_nobodys():
    """Nothing is guessed: the document must be named."""
    book = book_of(document("one", "One", ROLE, needs_file=False), document("two", "Two", ROLE, needs_file=False))
    headers = ("Business Name", "Number Type", "One: Role", "Two: Role", "Role")

    columns, (finding,) = match_columns(sheet_of(*headers), book, {})

    assert (4, "unknown-column") == (len(columns.positions), finding.code)


@pytest.mark.parametrize(
    "book",
    [
        book_of(document("proof", "Proof", ROLE, FieldRequirement("post", "Role"), needs_file=False)),
        book_of(document("a_b", "A B", ROLE), document("ab", "AB", ROLE), document("a_b_2", "A-B", ROLE)),
        book_of(document("email", "Email"), document("key", "Key", ROLE), document("numbers", "Numbers")),
        book_of(*(document(f"type_{n}", f"Type {n % 5}", ROLE, SIGNED_ON) for n in range(50))),
        book_of(document("proof", "Proof"), mobile=(document("proof", "Proof of It", ROLE),)),
        book_of(document("x", "Proof Kind"), DocumentRequirement("proof", "Proof", kinds=("a",))),
    ],
    ids=["labels", "titles", "as plain columns", "fifty types", "titles by combination", "a kind"],
)
def test_equal_names_are_told_apart(book):
    """Each header that we write means its own column, and a sheet with all of them is understood."""
    headers = titles(book)

    columns, findings = match_columns(sheet_of(*headers.values()), book, {})

    assert len(headers) == len({bare(title) for title in headers.values()})
    assert list(headers) == sorted(columns.positions, key=columns.positions.__getitem__)
    assert {"odd-requirement"} >= {finding.code for finding in findings}


CALLED = st.sampled_from(
    ["Key", "Email", "A", "a ", "A-B", "AB", "GST certificate", "GST Certificate", "Role", "Legal Name", "#", "",
     "\x07",
     "Kind", "A Kind", "é", "e\u0301", "Numbers", "Reference", "bo_key"]
)  # fmt: skip
FIELD = st.builds(FieldRequirement, st.sampled_from(["role", "r-ole", "business_name", "key", "since"]), CALLED)
DOCUMENT = st.builds(
    DocumentRequirement,
    st.sampled_from(["a", "b", "a_b", "ab", "key"]),
    CALLED,
    st.sampled_from([(), ("passport",)]),
    needs_file=st.booleans(),
    fields=st.lists(FIELD, max_size=3).map(tuple),
)


@given(st.lists(DOCUMENT, max_size=4), st.lists(DOCUMENT, max_size=4))
def test_whatever_the_api_calls_things_each_header_means_its_own_column(local, mobile):
    """Names that are blank, equal, or those of other columns; what combinations call differently, too."""
    book = book_of(*local, mobile=tuple(mobile))

    columns, _ = match_columns(sheet_of(*titles(book).values()), book, {})

    assert list(titles(book)) == list(columns.positions)
    assert required_columns(book) <= columns.positions.keys()


@pytest.mark.parametrize(
    ("book", "other", "missing", "unused"),
    [
        (RELEASED, BETA, ['"Registration Certificate"', '"GST certificate"'], ['"Identity Proof"', '"Address Proof"']),
        (BETA, RELEASED, ['"Identity Proof"', '"Address Proof"'], ['"Registration Certificate: Legal Name"']),
    ],
    ids=["beta's under released", "released's under beta"],
)
def test_workbook_of_the_other_contract_is_one_message(book, other, missing, unused):
    """It names what is missing, what nothing is asked for, and what the sheet was held against."""
    with pytest.raises(errors.WorkbookError) as caught:
        match_columns(sheet_of(*titles(other).values()), book, {})

    text = str(caught.value)
    assert all(f"{header} is missing" in text for header in missing)
    assert all(header in text.partition("nothing is asked for in ")[2] for header in unused)
    assert f"They were held against {book.source}, in the {book.contract} contract." in text
    assert text.endswith("The command template writes a new workbook that fits.")


def test_very_many_unused_columns_are_counted():
    """A sheet of somebody else's does not fill the screen, and what is personal in its first row is hidden."""
    headers = [f"Column {number}" for number in range(30)]

    with pytest.raises(errors.WorkbookError) as caught:
        match_columns(sheet_of("ravi@example.in", *headers), RELEASED, {})

    assert "…@…" in str(caught.value)
    assert '"Column 10" and 19 more' in str(caught.value)
    assert "ravi" not in str(caught.value)


def test_odd_requirement_is_told_once():
    """At the header, whatever the number of rows, with what is accepted all the same; of both oddities at once."""
    fields = (
        FieldRequirement("a", "A", field_type="uuid", oddity='is of the type "uuid", which is not known'),
        FieldRequirement("b", "B", field_type="date", date_format="as printed"),
        FieldRequirement("c", "C", field_type="date", date_format="dd/mm/yyyy"),
        FieldRequirement("d", "D", field_type="date", oddity="is to have at least 9 and at most 2 characters"),
        FieldRequirement("e", "E", required=False, oddity="offers no words to choose from"),
    )
    book = book_of(document("x", "X", *fields, needs_file=False), mobile=(document("x", "X", *fields),))
    headers = [title for name, title in titles(book).items() if name in required_columns(book)]

    _, findings = match_columns(sheet_of(*headers), book, {})

    assert [("odd-requirement", 1, f"X: {label}") for label in "ABD"] == [(f.code, f.row, f.column) for f in findings]
    any_date = "Any date is accepted that can be read in one way only."
    assert [
        f"By the API's requirements this column {odd}"
        for odd in (
            'is of the type "uuid", which is not known. Any text is accepted.',
            f'is for dates written as "as printed", which is no known format. {any_date}',
            f"is to have at least 9 and at most 2 characters and is for dates, and no format is named. {any_date}",
        )
    ] == [finding.problem for finding in findings]


def test_pattern_finds_files_and_no_fields():
    """With a documents pattern the columns of files may be missing; those of fields may not."""
    columns, _ = match_columns(sheet_of(*LEAST[:2], LEAST[3]), MANY, {}, documents_optional=True)

    assert 3 == len(columns.positions)
    with pytest.raises(errors.WorkbookError, match="Signatory: Role"):
        match_columns(sheet_of(*LEAST[:2]), MANY, {}, documents_optional=True)
