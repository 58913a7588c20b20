"""Figures that add up, outcomes in their order, and what needs attention."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.record import Linkage, Linking, Review, State
from bulk_onboard.model.row import LazySequence
from bulk_onboard.reporting.figures import Figures, overview_of
from tests.unit.reporting.samples import decision, finding, ledger_state, record, status

NUMBER = "911140000000"


def overview(rows, *records, found=()):
    """What these rows come to."""
    return overview_of(status(rows, ledger_state(*records), found))


@pytest.mark.parametrize(
    ("row", "known", "figures"),
    [
        ({}, None, Figures(not_sent=1)),
        ({"findings": [finding()]}, None, Figures(needs_us=1)),
        ({}, record(), Figures(waiting=1)),
        ({}, record(review=""), Figures(waiting=1)),
        ({}, record(review="in_audit"), Figures(waiting=1)),
        ({}, record(review="approved"), Figures(done=1)),
        ({"cells": {"numbers": NUMBER}}, record(review="approved"), Figures(not_sent=1, to_link=1)),
        (
            {"cells": {"numbers": NUMBER}},
            record(review="approved", numbers={NUMBER: Linking(Linkage.REFUSED)}),
            Figures(needs_us=1),
        ),
        ({"findings": [finding()]}, record(review="approved"), Figures(needs_us=1)),
        ({}, record(review="rejected"), Figures(needs_us=1)),
        ({}, record(review="expired"), Figures(not_sent=1)),
        ({}, record(state=State.DEFERRED), Figures(not_sent=1)),
        ({}, record(state=State.SENDING), Figures(not_sent=1)),
        ({}, record(state=State.REFUSED), Figures(needs_us=1)),
        ({}, record(state=State.ABANDONED), Figures()),
        ({"is_example": True}, None, Figures()),
    ],
)
def test_part_of_a_row(row, known, figures):
    """Somebody must look at it, or it is done, or it waits for its review, or a run has something to do for it."""
    assert figures == overview([decision(**row)], *[known] if known else []).figures


_ROW = st.tuples(
    st.sampled_from([None, *State]), st.booleans(), st.integers(0, 3), st.sampled_from(["", "in_audit", *Review])
)


@given(st.lists(_ROW, max_size=20), st.booleans())
def test_everything_adds_up(rows, has_workbook):
    """Outcomes add up to the figures, and kinds of problems to the rows that need attention."""
    decisions, records = [], []
    for number, (state, spoiled, back, review) in enumerate(rows, start=2):
        duplicate_of = number - back if back and number - back >= 2 else None
        decisions.append(decision(number, findings=[finding(row=number)] if spoiled else [], duplicate_of=duplicate_of))
        if state is not None:
            records.append(record(number, state, review=str(review)))
    joined = status(decisions if has_workbook else None, ledger_state(*records))
    counts, seen = joined.counts(), overview_of(joined)

    aside = sum(counts[name] for name in ("duplicate", "blank", "deleted", "abandoned"))
    assert counts["rows"] - aside == seen.figures.counted == sum(each.rows for each in seen.outcomes)
    assert joined.need_attention() == sum(each.rows for each in seen.attention)


def test_outcomes_stand_in_their_order():
    """Approved first, not sent last, whatever there is most of; the API's own word for a review after pending."""
    reviews = ["rejected", "in_audit", "pending", "approved"]
    rows = [decision(number) for number in range(2, 9)]
    records = [record(number, review=review) for number, review in enumerate(reviews, start=2)]

    outcomes = overview([*rows[:4], decision(7, findings=[finding(row=7)]), *rows[6:]], *records).outcomes

    assert [("approved", 1), ("pending", 1), ("in_audit", 1), ("rejected", 1), ("invalid", 1), ("not sent", 1)] == [
        (each.name, each.rows) for each in outcomes
    ]


def test_attention_is_told_by_kind():
    """Biggest first, each row once: the first error of an invalid row, the document that reviewers mean, a number."""
    errors = [finding(row=2), finding("pin-code-other-state", row=2), finding("duplicate", row=2)]
    rows = [
        decision(2, findings=errors),
        decision(3, findings=[finding(row=3)]),
        decision(4),
        decision(5),
        decision(6, cells={"numbers": NUMBER}),
        decision(7),
    ]
    rejected = finding("review-rejected", row=4, details={"reason": "", "document": "the Address Proof"})

    seen = overview(
        rows,
        record(4, review="rejected"),
        record(5, State.REFUSED, code="bad_field", reason="personal"),
        record(6, review="approved", numbers={NUMBER: Linking(Linkage.REFUSED, "personal")}),
        record(7, State.REFUSED, code="set-aside", reason="HTTP 413 in each of 3 attempts"),
        record(9, State.HELD, reason="personal"),
        found=[rejected],
    )

    assert [
        "2 invalid: required field missing",
        "1 approved with a number refused",
        "1 refused: bad_field",
        "1 refused: failed in every attempt",
        "1 rejected: the Address Proof",
        "1 without a row: held",
    ] == [each.text for each in seen.attention]
    assert seen.sentence == (
        "Of 6 businesses, 6 need us (2 invalid, 2 refused, 1 approved with a number refused, 1 other). "
        "Besides, 1 record without a row needs us."
    )


@pytest.mark.parametrize(
    ("rows", "records", "sentence"),
    [
        ([], [], "There are no businesses yet."),
        ([decision(2)], [record(review="approved")], "Of 1 business, 1 is done."),
        (
            [decision(2), decision(3), decision(4)],
            [record(2, review="approved"), record(3), record(4)],
            "Of 3 businesses, 1 is done and 2 wait for their review.",
        ),
        (
            [decision(2), decision(3, cells={"numbers": NUMBER})],
            [record(3, review="approved")],
            "Of 2 businesses, 1 is not sent yet and 1 has numbers not linked yet.",
        ),
    ],
)
def test_sentence(rows, records, sentence):
    """The figures in words, without those that are 0."""
    assert sentence == overview(rows, *records).sentence


def test_fourth_figure_is_shown_where_something_is_not_sent():
    """Else there are three."""
    assert ["Done", "Waiting for review", "Needs us"] == [name for name, *_ in Figures(1, 2, 3).tiles()]
    assert ("Not sent yet", 4, "not sent") == Figures(1, 2, 3, 4).tiles()[-1]
    assert ("Numbers not linked yet", 4, "not sent") == Figures(1, 2, 3, 4, 4).tiles()[-1]
    assert ("Not sent or linked yet", 4, "not sent") == Figures(1, 2, 3, 4, 1).tiles()[-1]


def test_usual_rows_of_a_large_sheet_are_not_made():
    """They count as not sent."""

    def make(places):
        raise AssertionError(f"rows {places} were made")

    rows = LazySequence(100_000, {7: decision(9, findings=[finding(row=9)])}, make)

    assert Figures(needs_us=1, not_sent=99_999) == overview(rows).figures
