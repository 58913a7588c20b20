"""What a new workbook asks for, where the requirements of number types differ."""

from bulk_onboard.intake.bundled import bundled_requirements
from bulk_onboard.intake.form import form_columns
from bulk_onboard.model.example import EXAMPLE
from bulk_onboard.model.requirements import (
    Combination,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)

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


def test_states_are_offered_for_numbers_of_india():
    """The states of India are no help elsewhere."""
    india, elsewhere = (
        columns(Requirements(LOCAL, (), ())),
        columns(Requirements(Combination("DE", "local", "business"), (), ())),
    )

    assert (36, 0) == (len(india["State"].choices.words), len(elsewhere["State"].choices.words))
    assert not india["State"].choices.closed
