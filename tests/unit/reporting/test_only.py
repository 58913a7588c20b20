"""Which rows a report has where it does not have all."""

from dataclasses import replace

import pytest

from bulk_onboard.model.record import State
from bulk_onboard.model.row import LazySequence
from bulk_onboard.reporting.only import mark_of, only, read_words
from bulk_onboard.reporting.row_status import RowStatus
from tests.unit.reporting.samples import decision, finding, ledger_state, record, status

ROWS = (
    decision(2, is_example=True),
    decision(3),
    decision(4, findings=[finding(row=4)]),
    decision(5),
    decision(6, duplicate_of=3),
)
LEDGER = ledger_state(record(3, review="rejected"), record(9, State.HELD))


def rows_of(*words):
    """The numbers of the rows that these words fit."""
    return [each.judged.row.number for each in only(status(ROWS, LEDGER), words).rows if each.judged]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("rejected",), [3]),
        (("submitted",), [3]),
        (("failed",), [3, 4]),
        (("invalid", "duplicate"), [4, 6]),
        (("not sent",), [5]),
        (("held",), []),
    ],
)
def test_a_row_fits_by_state_or_review_or_need(words, numbers):
    """One of the words is enough; the example fits none."""
    assert numbers == rows_of(*words)


def test_what_was_found_of_other_rows_is_left_out():
    """Findings of the sheet, too, and records without a row that no word fits."""
    whole = status(ROWS, LEDGER, [finding(row=3), finding(row=5), finding("hidden-rows", row=1, details={"rows": "2"})])

    assert [3] == [each.row for each in only(whole, ["rejected"]).others if each.code == "field-missing"]
    assert [1, 0] == [len(only(whole, [word]).unclaimed) for word in ("held", "rejected")]


def test_usual_rows_of_a_large_sheet_are_made_only_where_they_fit():
    """They were not sent."""
    asked = []

    def make(places):
        asked.extend(places)
        return [RowStatus(State.NOT_SENT) for _ in places]

    large = replace(status((), ledger_state()), rows=LazySequence(3, {1: RowStatus(State.INVALID)}, make))

    assert (1, []) == (len(only(large, ["invalid"]).rows), asked)
    assert (2, [0, 2]) == (len(only(large, ["not sent"]).rows), asked)


def test_words_are_read_as_people_type_them():
    """With commas, hyphens and capitals; each once and in one order, so that a file has one name."""
    assert ("not sent", "rejected") == read_words(["Rejected,not-sent", "rejected"])
    assert "not-sent-rejected" == mark_of(("not sent", "rejected"))


def test_unknown_word_is_explained():
    """With the nearest one, else with all."""
    with pytest.raises(ValueError, match="Did you mean rejected"):
        read_words(["rejectd"])
    with pytest.raises(ValueError, match="There is failed, invalid, not-sent"):
        read_words(["zzz"])
