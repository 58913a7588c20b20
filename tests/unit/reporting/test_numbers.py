"""What became of each number, and what is left to do about them."""

from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.reporting.row_status import NumbersLeft, RowStatus
from bulk_onboard.reporting.summary import numbers_to_do
from tests.unit.reporting.samples import decision, finding, ledger_state, record, row_status, status

LINKED = Linking(Linkage.LINKED)
REFUSED = Linking(Linkage.REFUSED, "not rented", "not_found")
HELD = Linking(Linkage.HELD, "linked to another record")
CELL = "+91 11 4000 0000; 911140000001,911140000002\n911140000003"
KNOWN = {"911140000000": LINKED, "911140000001": REFUSED, "911140000002": HELD}


def row(cell, known):
    """The status of a row with this cell of numbers, and this record or none."""
    return row_status(decision(2, cells={"numbers": cell}), *([known] if known else []))


def approved(number=2, **numbers):
    """An approved record with these numbers."""
    return record(number, review="approved", numbers=numbers.get("numbers", {}))


def test_each_number_of_an_approved_record_has_its_outcome():
    """In the order of the cell: linked, refused and held with the reason, not linked yet, and what is no number."""
    assert (
        "911140000000 linked; 911140000001 refused: not_found: not rented; "
        "911140000002 held: linked to another record; 911140000003 not linked yet"
    ) == row(CELL, approved(numbers=KNOWN)).numbers_text


def test_before_the_approval_there_is_only_the_number():
    """Nothing was tried, and nothing is due; a link from before a suspension stays told."""
    assert "911140000000; to come" == row("+91 11 4000 0000, to come", record(review="pending")).numbers_text
    assert "911140000000; 1" == row("911140000000;1", None).numbers_text
    assert "911140000000 linked; 911140000003" == (
        row("911140000000, 911140000003", record(review="suspended", numbers=KNOWN)).numbers_text
    )


def test_linked_number_that_the_row_does_not_name_any_more():
    """It stays linked, so it is told; a refused one that was dropped is not."""
    assert "911140000003 not linked yet; 911140000000 linked, not in the row" == (
        row("911140000003", approved(numbers=KNOWN)).numbers_text
    )
    assert "911140000000 linked, not in the row" == row("", approved(numbers=KNOWN)).numbers_text


def test_record_whose_row_is_not_at_hand_has_all_its_numbers():
    """As on a copy of the ledger: which were refused is told and coloured; what the row names besides is not known."""
    known = RowStatus.of(approved(numbers=KNOWN))

    assert (
        "911140000000 linked; 911140000001 refused: not_found: not rented; 911140000002 held: linked to another record"
    ) == known.numbers_text
    assert NumbersLeft(refused=1, held=1) == known.numbers_left
    assert NumbersLeft() == RowStatus.of(approved()).numbers_left


def test_number_whose_link_is_unknown_is_told_so_and_needs_another_run_not_a_person():
    """Also while a run is under way, or after it was killed: nobody knows yet."""
    known = approved(
        numbers={"911140000000": Linking(Linkage.UNCERTAIN, "HTTP 502"), "911140000001": Linking(Linkage.SENDING)}
    )
    status_of = row("911140000000, 911140000001", known)

    assert "911140000000 outcome unknown: HTTP 502; 911140000001 outcome unknown" == status_of.numbers_text
    assert NumbersLeft(unknown=2) == status_of.numbers_left
    assert not status_of.needs_attention
    rows = [decision(2, cells={"numbers": "911140000000, 911140000001"})]
    assert [
        "Run again for the 2 numbers of unknown outcome, in 1 approved row: the outcome is looked up first."
    ] == list(numbers_to_do(status(rows, ledger_state(known))))


def test_what_is_left_to_do():
    """Of an approved record's numbers only; one without any is told so, but not where some are linked."""
    assert NumbersLeft(due=1, refused=1, held=1) == row(CELL, approved(numbers=KNOWN)).numbers_left
    assert NumbersLeft(unnamed=True) == row("to come", approved()).numbers_left
    assert NumbersLeft() == row("", approved(numbers=KNOWN)).numbers_left
    assert NumbersLeft(unnamed=True) == row("", approved(numbers={"911140000001": REFUSED})).numbers_left
    assert NumbersLeft() == row(CELL, record(review="suspended", numbers=KNOWN)).numbers_left
    assert NumbersLeft() == row(CELL, record(state=State.HELD, review="approved")).numbers_left
    assert NumbersLeft() == row(CELL, None).numbers_left


def test_what_is_left_to_do_in_the_whole_workbook():
    """One sentence for each kind, with how many numbers in how many rows; a duplicate counts once."""
    rows = [
        decision(2, cells={"numbers": CELL}),
        decision(3, cells={"numbers": "911140000004, 911140000005"}),
        decision(4),
        decision(5, duplicate_of=4),
        decision(6, cells={"numbers": "911140000006"}),
    ]
    ledger = ledger_state(approved(2, numbers=KNOWN), approved(3), approved(4), record(6))

    assert [
        "Run again to link the 3 numbers not linked yet, in 2 approved rows.",
        "Correct the 1 number that the API refused to link, in 1 approved row: the column Numbers says why.",
        "Look at the 1 number held, in 1 approved row: the column Numbers says why.",
        "To link numbers to the 1 approved row that has none, write them into the column Numbers and run again.",
    ] == list(numbers_to_do(status(rows, ledger)))
    assert [] == list(numbers_to_do(status(None, ledger)))


def test_numbers_of_a_row_with_another_registration_number_are_not_due():
    """Running again would link none of them: somebody must look."""
    changed = decision(2, cells={"numbers": CELL}, findings=[finding("approved-number-changed", details={"id": "c"})])

    (told,) = numbers_to_do(status([changed], ledger_state(approved())))

    assert "Look at the registration number of 1 approved row: it has changed, so no numbers are linked." == told
