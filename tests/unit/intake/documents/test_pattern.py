"""Documents found by the pattern of their names: exactly one must fit, and it lies below the folder."""

import time
import unicodedata

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.intake.documents.pattern import fill_in_documents
from bulk_onboard.model.requirements import (
    Combination,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.row import Row
from tests.support.businesses import pdf

LOCAL = Combination("IN", "local", "business")
ID = "document:identity_proof"
ADDRESS = "document:address_proof"
BOOK = RequirementsBook.of(
    "a test",
    live=False,
    offered=[
        Requirements(
            LOCAL,
            (FieldRequirement("tax_id", "Tax Id"),),
            (
                DocumentRequirement("identity_proof", "Identity Proof"),
                DocumentRequirement("address_proof", "Address Proof"),
            ),
        )
    ],
)
PATTERN = "{registration_number}/{type}.*"


@pytest.fixture
def put(tmp_path):
    """Puts files into the documents folder."""

    def put_files(*names):
        for name in names:
            path = tmp_path / "documents" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pdf(name))

    (tmp_path / "documents").mkdir()
    return put_files


@pytest.fixture
def fill(tmp_path):
    """Fills in one row: its cells, and the codes and details of what is wrong, by the cell's text."""

    def fill_row(pattern=PATTERN, combination=LOCAL, **cells):
        row = Row("S", 2, combination, {"registration_number": "U1", "business_name": "Acme", **cells})
        (filled,), faulty = fill_in_documents([row], BOOK, DocumentFolder(tmp_path / "documents"), pattern)
        assert all(len(facts.findings) == 1 and not facts.sha256 for facts in faulty.values())
        return filled.cells, {
            text: (facts.findings[0].code, dict(facts.findings[0].details)) for text, facts in faulty.items()
        }

    return fill_row


def missing(nearest=""):
    """What is said of a document for which there is no file."""
    return "document-not-found", {"nearest": nearest}


def test_the_one_file_that_fits(put, fill, tmp_path):
    """Each blank cell gets a path that leads to the file, as the disk spells it."""
    put("U1/identity_proof.pdf", "U1/Address_Proof.PNG", "U1/notes.txt", "U2/identity_proof.pdf")

    cells, faulty = fill()

    assert ("U1/identity_proof.pdf", "U1/Address_Proof.PNG", {}) == (cells[ID], cells[ADDRESS], faulty)
    assert DocumentFolder(tmp_path / "documents").look(cells[ID]).sha256


@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        ("{registration_number}_{type}.*", "u1_IDENTITY_PROOF.jpeg"),
        ("{address.city}/{business_name} {title}.p?f", "Pune/acme identity proof.PDF"),
        ("{number_type}/{registration_number}*{type}*", "local/U1 scan of identity_proof (2).pdf"),
        ("{tax_id}-{type}", "AAAA[1]-identity_proof"),
        ("\\{type}-{registration_number}-{registration_number}.pdf".lstrip("\\"), "identity_proof-U1-U1.pdf"),
    ],
)
def test_patterns(put, fill, pattern, file):
    """Any column, the document's type and title, several wildcards; the row's combination counts as its cells."""
    put(file)

    cells, _ = fill(pattern, **{"address.city": "Pune", "tax_id": "AAAA[1]"})

    assert file == cells[ID]


def test_accents_fit_either_way(put, fill):
    """A name is found in composed letters or not, in the folder's name and in the file's."""
    city, name = unicodedata.normalize("NFD", "Orléans"), unicodedata.normalize("NFD", "É identity_proof.pdf")
    put(f"{city}/{name}")

    cells, _ = fill("{address.city}/{key} {type}.*", **{"address.city": "Orléans", "key": "é"})

    assert f"Orléans/{name}" == cells[ID]


def test_path_in_the_sheet_goes_first(put, fill):
    """Only blank cells are filled in."""
    put("U1/identity_proof.pdf", "U1/address_proof.pdf")

    assert "mine.pdf" == fill(**{ID: "mine.pdf"})[0][ID]


def test_row_that_asks_for_nothing_on_offer_is_left_alone(put, fill):
    """Where no document is required none is looked for."""
    cells, faulty = fill(combination=Combination("IN", "mobile", "business"))

    assert (None, {}) == (cells.get(ID), faulty)


def test_none_fits(put, fill):
    """The cell gets the pattern filled in, and the finding what may have been meant."""
    put("U1/identity-proof.pdf")

    cells, faulty = fill()

    assert ("U1/identity_proof.*", "U1/address_proof.*") == (cells[ID], cells[ADDRESS])
    assert missing(' Did you mean "identity-proof.pdf"?') == faulty[cells[ID]]


def test_folder_in_another_case_is_told(put, fill):
    """Case matters in a folder's name, for each row has one folder."""
    put("u1/identity_proof.pdf")

    assert missing(' Did you mean "u1/"?') == fill()[1]["U1/identity_proof.*"]


def test_several_fit(put, fill):
    """Several files are named, a great many not all of them."""
    put("U1/identity_proof.pdf", "U1/identity_proof.PNG", *(f"U1/address_proof.{n}" for n in range(9)))

    _, faulty = fill()

    assert ("document-ambiguous", {"names": "identity_proof.PNG, identity_proof.pdf"}) == faulty["U1/identity_proof.*"]
    assert faulty["U1/address_proof.*"][1]["names"].endswith("address_proof.4 and 4 more")


@pytest.mark.parametrize("pattern", ["{key}*{type}.*", "{key}?{type}.*", "{key}*_{type}.pdf", "*{key}-{type}.*"])
@pytest.mark.parametrize("other", ["K10-identity_proof.pdf", "K1a_identity_proof.pdf", "XK1-identity_proof.pdf"])
def test_papers_of_another_business_never_fit(put, fill, pattern, other):
    """A Key that begins or ends like another one's is not it, whatever a wildcard stands for."""
    put(other)

    _, faulty = fill(pattern, key="K1")

    assert ["document-not-found"] * 2 == [code for code, _ in faulty.values()]


@pytest.fixture
def fill_all(tmp_path):
    """Fills in several rows, given by their cells: the identity proof of each, or the code of a finding."""

    def fill_rows(*rows, pattern="{key}*{type}.*", book=BOOK, column=ID):
        made = [Row("S", n, LOCAL, {"registration_number": f"U{n}"} | cells) for n, cells in enumerate(rows, start=2)]
        filled, faulty = fill_in_documents(made, book, DocumentFolder(tmp_path / "documents"), pattern)
        texts = [row.cells[column] for row in filled]
        return [faulty[text].findings[0].code if text in faulty else text for text in texts], faulty

    return fill_rows


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("{key}*{type}.*", ("ACME", "ACME-2")),
        ("{key}*_{type}.p?f", ("acme", "ACME 2")),
        ("{key}*{type}.*", ("A*", "A* 2")),
        ("*{key}_{type}.*", ("ACME", "2-ACME")),
        ("*{key}*{type}*", ("ACME", "2-ACME-3")),
        ("{registration_number}*{type}.*", ("U1", "U1-2")),
        ("*{type}.pdf", ("ACME", "another")),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_file_that_fits_two_rows_is_taken_by_neither(put, fill_all, pattern, keys, turned):
    """One Key is a part of the other: whichever row stands first, nobody gets what is in the folder for both."""
    put(f"{keys[1]}_identity_proof.pdf")
    names = keys[::-1] if turned else keys

    codes, faulty = fill_all(*({"key": name, "registration_number": name} for name in names), pattern=pattern)

    assert ["document-fits-twice"] * 2 == codes
    uses = {facts.findings[0].details.get("uses") for facts in faulty.values()} - {None}
    assert {"Identity Proof of row 2 and as Identity Proof of row 3"} == uses


def test_file_that_fits_two_rows_where_one_has_its_own_as_well(put, fill_all):
    """ACME fits its own and its neighbour's, ACME-2 only its own, which ACME's pattern fits as well: no guess."""
    put("ACME_identity_proof.pdf", "ACME-2_identity_proof.pdf")

    codes, _ = fill_all({"key": "ACME"}, {"key": "ACME-2"})

    assert ["document-ambiguous", "document-fits-twice"] == codes
    assert ["ACME_identity_proof.pdf", "ACME-2_identity_proof.pdf"] == fill_all(
        {"key": "ACME"}, {"key": "ACME-2"}, pattern="{key}_{type}.*"
    )[0]


@pytest.mark.parametrize("named", ["ACME-2_identity_proof.pdf", "./ACME-2_identity_proof.pdf", "elsewhere.pdf"])
def test_file_of_a_row_that_names_its_documents_itself_is_a_neighbours(put, fill_all, named):
    """The row of ACME-2 needs no pattern, and its file is not ACME's for that."""
    put("ACME-2_identity_proof.pdf")

    codes, _ = fill_all({"key": "ACME"}, {"key": "ACME-2", ID: named})

    assert ["document-fits-twice", named] == codes


def test_file_named_by_another_row_under_any_name(put, fill_all):
    """What the sheet says of it goes before what the pattern finds."""
    put("ACME_identity_proof.pdf")

    assert "document-fits-twice" == fill_all({"key": "ACME"}, {"key": "B", ID: "ACME_identity_proof.pdf"})[0][0]


def test_file_that_fits_two_documents_of_one_row(put, fill_all):
    """One type's name ends in the other's: the longer one's file fits both, so neither is taken."""
    documents = (DocumentRequirement("proof", "Proof"), DocumentRequirement("identity_proof", "Identity Proof"))
    book = RequirementsBook.of("a test", live=False, offered=[Requirements(LOCAL, (), documents)])
    put("ACME_identity_proof.pdf")

    codes, _ = fill_all({"key": "ACME"}, book=book, column="document:proof")

    assert ["document-fits-twice"] == codes


def test_rows_of_one_business_may_share_its_papers(put, fill_all):
    """Two types of number, or a branch, under one registration number: the cells fill in the pattern alike."""
    put("U1/identity_proof.pdf", "one name identity_proof.pdf")
    rows = [{"registration_number": "U1", "key": key, "business_name": "one name"} for key in ("A", "B")]

    assert ["U1/identity_proof.pdf"] * 2 == fill_all(*rows, pattern=PATTERN)[0]
    others = [row | {"registration_number": row["key"]} for row in rows]
    assert ["document-fits-twice"] * 2 == fill_all(*others, pattern="{business_name} {type}.*")[0]


def test_papers_of_the_template_s_example_are_nobodys(put, fill_all):
    """A Key that begins like the example's is no neighbour of it."""
    put("EXAMPLE-1_identity_proof.pdf")
    example = {"key": "EXAMPLE-1", "registration_number": "U7"}
    row = {"key": "EXAMPLE", "registration_number": "U00000KA2020PTC000000"}

    assert "EXAMPLE-1_identity_proof.pdf" == fill_all(example, row)[0][0]


def test_wildcards_beside_a_cell_stand_for_signs_and_what_follows(put, fill):
    """What divides the names of files may be there or not, and words behind it."""
    put("K1 - identity_proof (scan 2).pdf", "old_k1address_proof.png")

    cells, faulty = fill("*{key}*{type}*", key="K1")

    assert "K1 - identity_proof (scan 2).pdf" == cells[ID]
    assert ["document-not-found"] == [code for code, _ in faulty.values()]


def test_personal_data_in_names_is_masked(put, fill):
    """Files that fit, or may be meant, are named without the numbers of a person."""
    put("U1/identity_proof 2345 6789 0124.pdf", "U1/identity_proof ABCPE1234F.pdf")

    _, faulty = fill("{registration_number}/{type} *.pdf")

    names = "identity_proof XXXX XXXX 0124.pdf, identity_proof XXXXX0000X.pdf"
    assert ("document-ambiguous", {"names": names}) == faulty["U1/identity_proof *.pdf"]


def test_what_lies_about_never_fits(put, fill, tmp_path):
    """Hidden files, what systems and programs leave behind, and folders are no documents."""
    put(
        "U1/._identity_proof",
        "U1/.DS_Store",
        "U1/~$identity_proof",
        "U1/Thumbs.db",
        "U1/desktop.ini",
        "U1/identity_proof/x",
    )

    assert missing() == fill("{registration_number}/*{type}*")[1]["U1/*identity_proof*"]


def test_link_is_found_and_told_as_one(put, fill, tmp_path):
    """A link fits by its name; that it is one is said when it is looked at. A folder that is a link is not entered."""
    put("U1/address_proof.pdf")
    (tmp_path / "documents/U1/identity_proof.pdf").symlink_to("address_proof.pdf")
    (tmp_path / "documents/U2").symlink_to("U1")

    cells, _ = fill()
    _, faulty = fill(registration_number="U2")

    assert "document-outside" == DocumentFolder(tmp_path / "documents").look(cells[ID]).findings[0].code
    assert ("document-outside", {}) == faulty["U2/identity_proof.*"]


@pytest.mark.parametrize("value", ["../secret", "..", ".", "a/b", "a\\b", "/etc", "~root", "C:", "a\0b", "\\\\server"])
@pytest.mark.parametrize("pattern", [PATTERN, "{registration_number}", "{registration_number}{type}"])
def test_cells_never_lead_elsewhere(put, fill, tmp_path, value, pattern):
    """A cell's text is a part of a name; where it would be more, no file can fit."""
    put("a/b/identity_proof.pdf", "identity_proof.pdf")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/identity_proof.pdf").write_bytes(pdf("secret"))

    cells, faulty = fill(pattern if "{type}" in pattern else pattern + "{title}", registration_number=value)

    assert "document-not-found" == faulty[cells[ID]][0]


def test_blank_cell_is_named(put, fill):
    """Where the row lacks what the pattern needs, that is said, and the field stays as it is written."""
    cells, faulty = fill("{key}/{type}.*")

    assert "{key}/identity_proof.*" == cells[ID]
    assert missing(" The row has no {key}.") == faulty[cells[ID]]


def test_wildcards_in_cells_are_text(put, fill):
    """A cell's `*` and `?` stand for themselves."""
    put("U1/identity_proof.pdf")

    assert missing()[0] == fill("{key}/{type}.*", key="U?")[1]["U?/identity_proof.*"][0]


def test_unknown_name_in_a_pattern(put, fill):
    """It is named, with the nearest one that is known."""
    with pytest.raises(
        UsageError, match=r"has \{registraton_number\}, which is no column; did you mean \{registration_number\}\?"
    ):
        fill("{registraton_number}/{type}.*")
    with pytest.raises(UsageError, match=r"cannot be used\. The pattern must have"):
        fill("{registration_number}.pdf")


def test_ten_thousand_rows_may_share_a_folder(put, tmp_path):
    """Finding a row's documents among very many takes no walk through all of them."""
    for number in range(10_000):
        (tmp_path / f"documents/U{number}_identity_proof.pdf").touch()
    rows = [Row("S", n + 2, LOCAL, {"registration_number": f"U{n}", ADDRESS: "x.pdf"}) for n in range(10_000)]
    before = time.process_time()

    filled, faulty = fill_in_documents(
        rows, BOOK, DocumentFolder(tmp_path / "documents"), "{registration_number}_{type}.*"
    )

    assert time.process_time() - before < 5
    assert {} == faulty
    assert [f"U{n}_identity_proof.pdf" for n in range(10_000)] == [row.cells[ID] for row in filled]
