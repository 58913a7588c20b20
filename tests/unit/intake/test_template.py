"""The template: what a new workbook asks for, and that we read back what the user fills in."""

import openpyxl
import pytest

from bulk_onboard import errors
from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.intake.header import match_columns
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.intake.template import form_columns, write_template
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.model.indian_states import STATES
from bulk_onboard.model.requirements import (
    Combination,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.row import EXAMPLE, is_example

BOOK = bundled_requirements()


@pytest.fixture
def template(tmp_path):
    """A fresh template of the bundled requirements."""
    path = tmp_path / "template.xlsx"
    write_template(path, BOOK)
    return path


def read(path):
    """The template as a run would read it."""
    return read_sheet(path, sheet=None, header_row=1, encoding=None)


def businesses(path):
    """The sheet to fill in, as openpyxl sees it, by header."""
    sheet = openpyxl.load_workbook(path)["Businesses"]
    return sheet, {cell.value: cell for cell in sheet[1]}


def test_fresh_template_is_understood(template):
    """Every header is known, none is missing, and the one row is the example."""
    sheet = read(template)
    columns, findings = match_columns(sheet, BOOK, {})
    (row,) = rows_of(sheet, columns, defaults=Combination("", "", ""))

    assert () == findings
    assert is_example(row)
    assert EXAMPLE == row.cells
    assert len(sheet.headers) == len(columns.positions)
    assert ("Key", "Alias", "Business Name", "Registration Number") == sheet.headers[:4]
    assert ("User Type", "Identity Proof", "Identity Proof Kind") == sheet.headers[13:16]
    assert ("Numbers", "Callback URL") == sheet.headers[-2:]


def test_filled_template_is_understood(template):
    """Rows typed into it come back, the page of instructions and the hidden lists notwithstanding."""
    workbook = openpyxl.load_workbook(template)
    workbook["Businesses"].append(["0042", None, "Invented Traders"])
    workbook["Businesses"]["M3"] = "mobile"
    workbook.save(template)

    sheet = read(template)
    columns, _ = match_columns(sheet, BOOK, {})
    _, row = rows_of(sheet, columns, defaults=Combination("IN", "", "business"))

    assert (3, Combination("IN", "mobile", "business")) == (row.number, row.combination)
    assert {"key": "0042", "business_name": "Invented Traders", "number_type": "mobile"} == row.cells


def test_required_columns_are_marked(template):
    """What must be filled in looks different, and its note says so."""
    _, headers = businesses(template)

    required = {title for title, cell in headers.items() if "Required." in cell.comment.text}
    dark = {title for title, cell in headers.items() if cell.fill.fgColor.rgb == headers["City"].fill.fgColor.rgb}
    assert {
        "Business Name",
        "Registration Number",
        "Address Line 1",
        "City",
        "Postal Code",
        "Country",
        "Number Type",
        "Identity Proof",
        "Address Proof",
        "Business Registration",
    } == required
    assert required == dark


def test_notes_tell_what_belongs_there(template):
    """Lengths, accepted kinds and where paths start stand in the notes."""
    _, headers = businesses(template)

    assert "Postal Code\nRequired. 1 to 10 characters." == headers["Postal Code"].comment.text
    assert "Country\nRequired. Exactly 2 characters." == headers["Country"].comment.text
    assert "Email\nMay stay blank." == headers["Email"].comment.text
    assert "passport, national_id, aadhaar" in headers["Identity Proof Kind"].comment.text
    assert "showing business address" in headers["Address Proof"].comment.text


def test_drop_downs_offer_what_is_accepted(template):
    """Words of which a cell holds one can be chosen."""
    sheet, headers = businesses(template)

    offered = {str(each.sqref): each.formula1 for each in sheet.data_validations.dataValidation}
    letters = {title: cell.column_letter for title, cell in headers.items()}
    assert {
        "State": "Lists!$I$2:$I$37",
        "Country": '"IN"',
        "Number Country": '"IN"',
        "Number Type": '"local,mobile"',
        "User Type": '"business"',
        "Identity Proof Kind": '"passport,national_id,aadhaar"',
        "Address Proof Kind": '"utility_bill,bank_statement"',
        "Business Registration Kind": '"certificate_of_incorporation,gst_certificate"',
    } == {
        title: offered.get(f"{letter}2:{letter}1048576")
        for title, letter in letters.items()
        if offered.get(f"{letter}2:{letter}1048576")
    }
    assert 8 == len(offered)


def test_states_are_listed_out_of_sight(template):
    """All states are offered; since an address may lie elsewhere, Excel asks before it takes another word."""
    workbook = openpyxl.load_workbook(template)
    lists = workbook["Lists"]

    assert "hidden" == lists.sheet_state
    assert [state.name for state in STATES] == [cell.value for cell in lists["I"][1:]]
    assert {"warning"} == {
        each.errorStyle
        for each in workbook["Businesses"].data_validations.dataValidation
        if each.formula1.startswith("Lists!")
    }


def test_example_can_be_told_from_a_business(template):
    """The example is grey and italic, and its note says that it is never sent."""
    sheet, _ = businesses(template)

    assert {(True, "00808080")} == {(cell.font.i, cell.font.color.rgb) for cell in sheet[2] if cell.value}
    assert "It is never sent. Delete it, or write over it, its Key included." in sheet["A2"].comment.text


def test_every_column_is_text(template):
    """Excel leaves leading zeros and long numbers alone, and the headers are seen whole, in two lines at most."""
    sheet, headers = businesses(template)

    assert {"@"} == {sheet.column_dimensions[cell.column_letter].number_format for cell in headers.values()}
    assert {"@"} == {cell.number_format for cell in sheet[2]}
    assert all(2 * sheet.column_dimensions[cell.column_letter].width > len(title) for title, cell in headers.items())
    assert all(cell.alignment.wrap_text for cell in sheet[1])


@pytest.mark.parametrize(
    "kinds", [tuple(f"certificate_{n}" for n in range(40)), ("deed, signed", "lease"), ('a "deed"', "lease")]
)
def test_choices_that_do_not_fit_into_the_cell(tmp_path, kinds):
    """More words than Excel takes in one drop-down, or words it would take apart, are listed out of sight."""
    requirements = Requirements(Combination("IN", "local", "business"), (), (DocumentRequirement("x", "X", kinds),))
    write_template(tmp_path / "a.xlsx", RequirementsBook.of("test", live=True, offered=[requirements]))

    sheet, headers = businesses(tmp_path / "a.xlsx")

    letter = headers["X Kind"].column_letter
    offered = {str(each.sqref): each.formula1 for each in sheet.data_validations.dataValidation}
    assert f"Lists!${letter}$2:${letter}${len(kinds) + 1}" == offered[f"{letter}2:{letter}1048576"]
    assert list(kinds) == [cell.value for cell in sheet.parent["Lists"][letter][1:] if cell.value]
    assert kinds[-1] in headers["X Kind"].comment.text


def test_nothing_is_overwritten(template):
    """A file that is there is left as it is."""
    before = template.read_bytes()

    with pytest.raises(errors.UsageError, match="exists already and is not overwritten"):
        write_template(template, BOOK)
    assert before == template.read_bytes()


def test_folder_that_is_not_there(tmp_path):
    """Writing into a missing folder is one sentence."""
    with pytest.raises(errors.UsageError, match="cannot be written: No such file or directory"):
        write_template(tmp_path / "none" / "a.xlsx", BOOK)


def test_template_is_for_its_owner(template):
    """What is filled in there later is nobody else's business."""
    assert 0o600 == template.stat().st_mode & 0o777


LOCAL, MOBILE = Combination("IN", "local", "business"), Combination("IN", "mobile", "business")


def columns(*offered):
    """The columns for these requirements, by title."""
    return {column.title: column for column in form_columns(RequirementsBook.of("test", live=True, offered=offered))}


def test_lengths_that_differ_are_told_apart():
    """Each number type's own limits stand in the note."""
    form = columns(
        Requirements(LOCAL, (FieldRequirement("email", "Email", min_length=2, max_length=100),), ()),
        Requirements(MOBILE, (FieldRequirement("email", "Email", max_length=50),), ()),
    )

    assert "Email\nRequired. local: 2 to 100 characters; mobile: 0 to 50 characters." == form["Email"].note


def test_lengths_that_agree_are_told_once():
    """What holds for all is said without naming them."""
    email = FieldRequirement("email", "Email", max_length=50)

    form = columns(Requirements(LOCAL, (email,), ()), Requirements(MOBILE, (email,), ()))

    assert "Email\nRequired. 0 to 50 characters." == form["Email"].note


def test_column_that_some_can_do_without():
    """A column that one number type requires is marked, and says which."""
    email = FieldRequirement("email", "Email", max_length=50)

    form = columns(Requirements(LOCAL, (email,), ()), Requirements(MOBILE, (), ()))

    assert (True, "Email\nRequired for local. 0 to 50 characters.") == (form["Email"].required, form["Email"].note)


def test_kinds_of_all_number_types_are_offered():
    """The drop-down has every kind that somebody accepts, and the note says who accepts which."""
    form = columns(
        Requirements(LOCAL, (), (DocumentRequirement("deed", "Deed", ("lease", "title")),)),
        Requirements(MOBILE, (), (DocumentRequirement("deed", "Deed", ("title", "gift")),)),
    )

    assert ("lease", "title", "gift") == form["Deed Kind"].choices.words
    assert form["Deed Kind"].note.endswith("What the document is: local: lease, title; mobile: title, gift.")


def test_combinations_are_named_by_what_tells_them_apart():
    """Where the country differs, too, it stands with the number type."""
    form = columns(
        Requirements(LOCAL, (FieldRequirement("email", "Email", max_length=1),), ()),
        Requirements(MOBILE, (FieldRequirement("email", "Email", max_length=1),), ()),
        Requirements(Combination("DE", "local", "business"), (FieldRequirement("email", "Email", max_length=2),), ()),
    )

    assert "IN / local, IN / mobile: 0 to 1 characters; DE / local: 0 to 2 characters." in form["Email"].note


def test_example_fits_the_requirements():
    """Where the example's own word is not accepted, it shows one that is; a new document has a path, too."""
    tollfree = Combination("DE", "tollfree", "individual")
    deed = DocumentRequirement("deed", "Deed", ("lease",))

    form = columns(Requirements(tollfree, (), (deed,)))

    shown = [form[title].example for title in ("Number Country", "Number Type", "User Type", "Deed", "Deed Kind")]
    assert ["DE", "tollfree", "individual", "example/deed.pdf", "lease"] == shown


def test_example_of_the_bundled_requirements():
    """Every column has something to show, and it is the example's own."""
    assert sorted(EXAMPLE.values()) == sorted(column.example for column in form_columns(bundled_requirements()))


def test_accounts_that_share_it_are_offered(tmp_path):
    """Each row says whose it is, by a list of the names; a workbook of one account has no such column."""
    path = tmp_path / "new.xlsx"
    write_template(path, bundled_requirements(), ("acme", "bravo-ltd"))

    account, *others = form_columns(bundled_requirements(), ("acme", "bravo-ltd"))

    assert ("Account", True, ("acme", "bravo-ltd"), "acme") == (
        account.title, account.required, account.choices.words, account.example,
    )  # fmt: skip
    assert others == list(form_columns(bundled_requirements()))
    assert "Account" == read(path).headers[0]


def test_states_are_offered_for_numbers_of_india():
    """The states of India are no help elsewhere."""
    india, elsewhere = (
        columns(Requirements(LOCAL, (), ())),
        columns(Requirements(Combination("DE", "local", "business"), (), ())),
    )

    assert (36, 0) == (len(india["State"].choices.words), len(elsewhere["State"].choices.words))
    assert not india["State"].choices.closed


def test_names_stay_in_view_and_a_print_fits_its_pages(template):
    """Landscape, no wider than can be read; headers, names and a number on each page."""
    book = openpyxl.load_workbook(template)
    sheet = book["Businesses"]
    title = next(cell for cell in sheet[1] if cell.value == "Business Name")

    assert sheet.cell(2, title.column + 1).coordinate == sheet.freeze_panes
    assert ("$1:$1", "$A:$C") == (sheet.print_title_rows, sheet.print_title_cols)
    for page in (sheet, book["How to fill in"]):
        pages = 2 if page is sheet else 1
        assert ("landscape", pages, 0) == (
            page.page_setup.orientation,
            page.page_setup.fitToWidth,
            page.page_setup.fitToHeight,
        )
        assert "Page &P of &N" == page.oddFooter.right.text
