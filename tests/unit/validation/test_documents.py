"""The documents of a row: the files, and what their text says against the row."""

import pytest

from bulk_onboard.model.application import DOCUMENT_LIMIT
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.paper import paper_of
from bulk_onboard.model.requirements import DocumentRequirement, Requirements, RequirementsBook
from bulk_onboard.validation.documents import is_about_the_business, may_be_about_the_business
from tests.unit.validation.conftest import BOOK, LOCAL, REQUIRED

COLUMN = "document:identity_proof"


@pytest.mark.parametrize(
    "finding",
    [
        Finding("document-not-found", details={"nearest": ' Did you mean "ID.pdf"?'}),
        Finding("document-outside"),
        Finding("document-not-a-file", details={"what": "a pipe"}),
        Finding("document-unreadable"),
        Finding("document-empty"),
    ],
)
def test_file_that_cannot_be_had_is_told_as_such(*, make_row, judge_one, make_facts, codes, finding):
    """Not found, outside the folder, not a file, unreadable, empty: each has its own finding, with its details."""
    judged = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", 0, media_type="", findings=[finding])})

    assert [finding.code] == codes(judged)
    assert finding.details == judged.findings[0].details
    assert judged.findings[0].problem
    assert judged.application is None


def test_all_findings_of_a_file_are_told(make_row, judge_one, make_facts, codes):
    """Errors and warnings about one file stand side by side; warnings alone keep no row out."""
    damaged = Finding("document-damaged", details={"kind": "PDF", "why": "it is damaged"})
    active = Finding("document-active-content", details={"what": "attached files"})

    both = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", findings=[damaged, active])})
    warned = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", findings=[active])})

    assert ["document-damaged", "document-active-content"] == codes(both)
    assert (True, False) == (both.application is None, warned.application is None)


def test_same_file_in_two_columns(make_row, judge_one, make_facts, codes):
    """The second of them is told of the first, by its title; the row is sent all the same."""
    copy = make_facts("copy.pdf", sha256="digest of acme/id.pdf")

    judged = judge_one(make_row(**{"document:address_proof": "copy.pdf"}), files={"copy.pdf": copy})

    (finding,) = judged.findings
    assert ("document-in-two-slots", "Address Proof") == (finding.code, finding.column)
    assert ("copy.pdf", "Identity Proof has the very same file.") == (finding.seen, finding.problem)
    assert judged.application is not None


def test_files_without_a_digest_are_not_the_same(make_row, judge_one, codes):
    """Two columns that name one missing file are two missing files, no more."""
    judged = judge_one(make_row(**{COLUMN: "gone.pdf", "document:address_proof": "gone.pdf"}))

    assert ["document-not-found", "document-not-found"] == codes(judged)


def test_required_document_with_a_blank_cell_is_missing(make_row, judge_one):
    """A document the requirements list is required; the sentence names it by its title."""
    (finding,) = judge_one(make_row(**{COLUMN: None})).findings

    assert ("document-missing", "Identity Proof is required and the cell is blank.") == (finding.code, finding.problem)


def test_file_nobody_looked_at_is_not_there(make_row, judge_one, codes):
    """A path without facts counts as a file that does not exist."""
    assert ["document-not-found"] == codes(judge_one(make_row(**{COLUMN: "never seen.pdf"})))


@pytest.mark.parametrize(
    ("size", "media_type", "expected"),
    [
        (1, "application/pdf", []),
        (DOCUMENT_LIMIT, "image/png", []),
        (DOCUMENT_LIMIT + 1, "image/png", ["document-too-large"]),
        (DOCUMENT_LIMIT + 1, "", ["document-too-large"]),
        (DOCUMENT_LIMIT + 1, "image/jpeg", ["document-too-large", "document-wrong-type"]),
        (100, "image/jpeg", ["document-wrong-type"]),
        (100, "", ["document-wrong-type"]),
    ],
)
def test_size_and_content_decide(*, make_row, judge_one, make_facts, codes, size, media_type, expected):
    """PNG or PDF by content, at most 5 MiB; all that is wrong is told at once."""
    too_large = Finding("document-too-large", details={"size": size, "limit": DOCUMENT_LIMIT})
    findings = [too_large] if size > DOCUMENT_LIMIT else []

    judged = judge_one(
        make_row(), files={"acme/id.pdf": make_facts("x", size, media_type=media_type, findings=findings)}
    )

    assert expected == codes(judged)


@pytest.mark.parametrize(
    ("media_type", "found", "how"),
    [
        ("image/jpeg", "a JPEG image", "Microsoft Print to PDF"),
        ("image/heic", "a HEIC photo, as iPhones take them", "on the iPhone"),
        ("application/zip", "a ZIP archive", "Unpack it first"),
        ("text/html", "a web page", "log-in page"),
        ("", "of an unknown type", "scan it again"),
    ],
)
def test_wrong_type_says_what_was_found_and_how_to_fix_it(*, make_row, judge_one, make_facts, media_type, found, how):
    """In plain words: what the file is instead, and how to make a PDF or PNG of that very type."""
    (finding,) = judge_one(make_row(), files={"acme/id.pdf": make_facts("x", media_type=media_type)}).findings

    problem = f"By its content the file is {found}, and a PNG or PDF is asked for; its name does not matter."
    assert problem == finding.problem
    assert how in finding.fix
    assert finding.fix.endswith(". Changing the ending of its name is not enough.")


@pytest.mark.parametrize("kind", ["passport", "National ID", "NATIONAL_ID", " nationalid "])
def test_kind_is_understood_however_it_is_written(make_row, judge_one, kind):
    """Case, blanks and underscores in a kind do not matter."""
    assert () == judge_one(make_row(**{"kind:identity_proof": kind})).findings


def test_other_kind_is_told_with_those_that_are_accepted(make_row, judge_one):
    """A kind the requirements do not list is an error that lists those they do."""
    (finding,) = judge_one(make_row(**{"kind:identity_proof": "library card"})).findings

    assert "Identity Proof may be: passport, national_id." == finding.problem
    assert ("Identity Proof Kind", "library card") == (finding.column, finding.seen)


def test_long_path_is_shown_by_its_end(make_row, judge_one):
    """The file's name is what one looks for, so the beginning of a long path goes."""
    (finding,) = judge_one(make_row(**{COLUMN: "folder/" * 30 + "id.pdf"})).findings

    assert 80 == len(finding.seen)
    assert finding.seen.startswith("…")
    assert finding.seen.endswith("folder/id.pdf")


REGISTRATION = DocumentRequirement(
    "business_registration", "Business Registration", ("certificate_of_incorporation", "gst_certificate")
)
ADDRESS = DocumentRequirement("address_proof", "Address Proof", ("utility_bill", "bank_statement", "gst_certificate"))
IDENTITY = DocumentRequirement("identity_proof", "Identity Proof", ("passport", "national_id", "aadhaar"))
ASKED = RequirementsBook.of("a test", live=False, offered=[Requirements(LOCAL, REQUIRED, (REGISTRATION, ADDRESS))])
LETTER = "This is to certify that the business named below has been entered in the register of the year. " * 2
OWN = "U72200KA2020PTC123456"


@pytest.fixture
def found(make_row, judge_one, make_facts):
    """The findings of a row, of the column where its paper stands, that come from the paper's text."""

    def find(text, *, column="document:business_registration", rulings=None, **cells):
        facts = make_facts("paper.pdf")
        object.__setattr__(facts, "paper", paper_of(text))
        files = {"paper.pdf": facts, "other.pdf": make_facts("other.pdf")}
        others = {"document:business_registration": "other.pdf", "document:address_proof": "other.pdf"}
        row = make_row(**{**others, column: "paper.pdf", "document:identity_proof": None, **cells})
        rulings = {"document-in-two-slots": "off", **(rulings or {})}
        findings = judge_one(row, files=files, book=ASKED, rulings=rulings).findings
        return [one for one in findings if one.code.startswith("document-other")]

    return find


@pytest.fixture
def told(found):
    """The same as codes, without what they all begin with."""
    return lambda *args, **more: [one.code.removeprefix("document-other-") for one in found(*args, **more)]


def test_paper_of_the_business_says_nothing(told):
    """Its own name and number, in whatever spelling; or no number at all."""
    assert [] == told(f"{LETTER} ACME LTD. CIN: {OWN}")
    assert [] == told(f"{LETTER} M/s Acme  Limited")
    assert [] == told(f"{LETTER} Acme\nLtd, CIN {OWN[:9]} {OWN[9:]}, holding company U72200KA2020PTC999999")


def test_paper_of_another_business_is_told(found):
    """By its number and by its name; the sentences have nothing of the paper in them."""
    number, name = found(f"{LETTER} Copper Heron Limited, U51909DL2015PTC000042")

    assert ("document-other-number", "document-other-name") == (number.code, name.code)
    assert {Severity.WARNING} == {number.severity, name.severity}
    assert number.problem == (
        "The text of the document has another CIN, and the registration number of this row is nowhere in it."
    )
    assert "paper.pdf" == number.seen == name.seen
    assert not [word for word in ("Heron", "51909", OWN) if word in repr((number, name))]


@pytest.mark.parametrize(
    ("own", "on_paper", "expected"),
    [
        (OWN, "CIN U72200KA2020PTC123457", ["number"]),
        (OWN, "GSTIN 29AAACA1234A1Z5, PAN AAACA1234A", []),
        ("29AAACA1234A1Z5", "GSTIN 29AAACB1234A1Z5", ["number"]),
        ("29AAACA1234A1Z5", "GSTIN 27AAACA1234A1Z5", ["number"]),
        ("29AAACA1234A1Z5", "PAN AAACA1234A", []),
        ("29AAACA1234A1Z5", "PAN AAACB1234A", []),
        ("AAACA1234A", "GSTIN 29AAACA1234A1Z5", []),
        ("AAACA1234A", "GSTIN 29AAACB1234A1Z5", ["number"]),
        ("AAACA1234A", "PAN of the director: ABCPE1234F", []),
        ("ABCPE1234F", "PAN ABCPE9999F", ["number"]),
        ("AAB-1234", "LLPIN AAC-9999", ["number"]),
        ("AAB-1234", "LLPIN: AAB1234", []),
        ("UDYAM-KR-03-0012345", "UDYAM-MH-03-0012345", ["number"]),
        ("UDYAM-KR-03-0012345", "UDYAM KR 03 0012345 and UDYAM-MH-03-0012345", []),
        ("REG/2016/0071", "U72200KA2020PTC123457, 29AAACA1234A1Z5", []),
    ],
)
def test_number_counts_where_it_is_of_the_rows_kind(told, own, on_paper, expected):
    """A PAN stands within a GSTIN too, and a person's says nothing of a company."""
    rulings = {"registration-other-state": "off"}

    assert expected == told(f"{LETTER} Acme Limited {on_paper}", registration_number=own, rulings=rulings)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme Pvt Ltd", ["name"]),
        ("Acme", []),
        ("A", []),
        ("नारंगी ऊदबिलाव", []),
        (None, []),
    ],
)
def test_name_counts_where_it_can_be_looked_for(told, name, expected):
    """Too short a name, one in another script or none at all says nothing."""
    assert expected == told(f"{LETTER} Acme Limited", business_name=name)


def test_short_text_says_nothing_of_the_name(told):
    """A stamp, a footer or a signature has no reason to have it; a number it has counts all the same."""
    assert [] == told("Digitally signed by a registrar")
    assert ["number"] == told("CIN U51909DL2015PTC000042")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("", []), ("utility_bill", []), ("Bank Statement", []), ("GST certificate", ["number", "name"])],
)
def test_proof_of_address_counts_where_it_is_a_paper_of_the_business(told, kind, expected):
    """A bill has the utility's number and perhaps the landlord's name; a certificate has the business's."""
    cells = {"kind:address_proof": kind or None}

    assert expected == told(f"{LETTER} Copper Heron, U51909DL2015PTC000042", column="document:address_proof", **cells)


@pytest.mark.parametrize(
    ("document", "kind", "counts"),
    [
        (REGISTRATION, "", True),
        (REGISTRATION, "certificate_of_incorporation", True),
        (REGISTRATION, "trade licence", True),
        (REGISTRATION, "utility_bill", False),
        (REGISTRATION, "Passport", False),
        (IDENTITY, "", False),
        (IDENTITY, "aadhaar", False),
        (ADDRESS, "utility_bill", False),
        (DocumentRequirement("gst_certificate", "GST"), "", True),
        (DocumentRequirement("business_registration", "Any", ("gst_certificate", "utility_bill")), "", False),
    ],
)
def test_which_documents_are_about_the_business(document, kind, counts):
    """The kind decides where it is told, else what the document is called and may be."""
    assert counts is is_about_the_business(document, kind)
    assert not counts or may_be_about_the_business(document)


def test_text_of_bills_and_passports_is_not_even_read():
    """It is none of our business where no kind of the document is about the business."""
    assert [False, False] == [may_be_about_the_business(document) for document in BOOK.documents]


def test_both_can_be_switched_off_or_made_errors(told, found):
    """As every warning."""
    text = f"{LETTER} Copper Heron Limited, U51909DL2015PTC000042"
    rulings = {"document-other-number": "error", "document-other-name": "off"}

    (one,) = found(text, rulings=rulings)

    assert ("document-other-number", Severity.ERROR) == (one.code, one.severity)
