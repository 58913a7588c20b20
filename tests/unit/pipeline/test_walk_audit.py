"""The final audit: which tokens have more than one record, which of them to keep, and which may be deleted."""

import itertools

import pytest

from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Review
from bulk_onboard.pipeline.walk import DuplicateRecords, find_duplicates
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import compliance_id, done, intent, server_record, token, uncertain

FIRST, SECOND, THIRD = (compliance_id(number) for number in (1, 2, 3))


@pytest.fixture
def ledger_state() -> LedgerState:
    """Two rows were sent; which records they became is not known."""
    return MemoryJournal(*uncertain(1), *uncertain(2)).ledger_state


def made(number: int, minute: int, of: int = 1, **changes: str):
    """A record of the row `of`, made at that minute."""
    at = f"2026-01-05T10:{minute:02d}:00Z"
    alias = server_record(of).alias
    return server_record(of, **({"compliance_id": compliance_id(number), "alias": alias, "created_at": at} | changes))


@pytest.mark.parametrize("records", [[], [made(1, 0)], [made(1, 0), made(2, 1, of=2)]])
def test_one_record_of_each_token_is_as_it_should_be(records, ledger_state):
    """Nothing is told."""
    assert [] == find_duplicates(records, ledger_state)


def test_record_on_two_pages_is_there_once(ledger_state):
    """A walk over a list that shifts may show it twice; it is one record all the same."""
    assert [] == find_duplicates([made(1, 0), made(1, 0)], ledger_state)


def test_the_one_that_the_ledger_has_is_to_be_kept():
    """Whatever its age: numbers may be linked to it, and the ledger follows it."""
    ledger_state = MemoryJournal(intent(1), done(1)).ledger_state
    records = [made(2, 0), made(1, 5), made(3, 1)]

    for shown in itertools.permutations(records):
        assert [DuplicateRecords(token(1), (FIRST, SECOND, THIRD), (SECOND, THIRD))] == find_duplicates(
            shown, ledger_state
        )


def test_the_oldest_is_to_be_kept_where_the_ledger_has_none_of_them(ledger_state):
    """Whatever order the list has."""
    records = [made(1, 5), made(2, 3), made(3, 9)]

    for shown in itertools.permutations(records):
        assert [DuplicateRecords(token(1), (SECOND, FIRST, THIRD), (FIRST, THIRD))] == find_duplicates(
            shown, ledger_state
        )


def test_records_of_the_same_instant_are_told_in_the_same_order_each_time(ledger_state):
    """By their ids, so that two looks name the same one to keep."""
    assert [(FIRST, SECOND)] == [one.compliance_ids for one in find_duplicates([made(2, 0), made(1, 0)], ledger_state)]


@pytest.mark.parametrize("review", list(Review))
def test_only_another_one_whose_review_is_pending_may_be_deleted(review, ledger_state):
    """An approved or rejected one has been worked on by people."""
    (twice,) = find_duplicates([made(1, 0), made(2, 1, review=review.value)], ledger_state)

    assert ((SECOND,) if review in (Review.DRAFT, Review.PENDING) else ()) == twice.deletable


def test_a_review_whose_word_is_unknown_is_not_offered_for_deletion(ledger_state):
    """What is not understood is left alone."""
    (twice,) = find_duplicates([made(1, 0), made(2, 1, review="")], ledger_state)

    assert () == twice.deletable


def test_the_one_to_keep_is_never_offered_for_deletion(ledger_state):
    """Not even when it alone is pending."""
    (twice,) = find_duplicates([made(1, 0), made(2, 1, review="approved")], ledger_state)

    assert () == twice.deletable


@pytest.mark.parametrize(
    "alias",
    [f"~{token(1)}", f"Renamed ~{token(1)}", f"~{token(1)}".upper(), f"x~{token(1)}", f"K ~ {token(1)} "],
    ids=["alone", "renamed", "in capitals", "glued", "with blanks"],
)
def test_the_token_counts_whatever_stands_before_it_and_however_it_is_written(alias, ledger_state):
    """Two machines may call it differently, and the API may change case and blanks."""
    assert [token(1)] == [twice.token for twice in find_duplicates([made(1, 0), made(2, 1, alias=alias)], ledger_state)]


@pytest.mark.parametrize("alias", ["", "K-0001", f"~{token(1)} old", token(1), f"~{token(1)[:-1]}"])
def test_aliases_without_the_token_at_their_end_are_others(alias, ledger_state):
    """Records that somebody made by hand are nobody's duplicates."""
    assert [] == find_duplicates([made(1, 0), made(2, 1, alias=alias)], ledger_state)


@pytest.mark.parametrize(("others", "expected"), [(False, []), (True, [token(9)])])
def test_tokens_of_other_jobs_are_told_only_where_they_are_asked_for(others, expected, ledger_state):
    """The account may hold more than this ledger knows of."""
    told = find_duplicates([made(1, 0, of=9), made(2, 1, of=9)], ledger_state, others=others)

    assert expected == [twice.token for twice in told]


def test_each_token_is_told_once_in_order(ledger_state):
    """Two rows, twice and three times."""
    records = [made(1, 0), made(2, 1), made(3, 2, of=2), made(4, 3, of=2), made(5, 4, of=2)]

    told = {twice.token: len(twice.compliance_ids) for twice in find_duplicates(records, ledger_state)}

    assert {token(1): 2, token(2): 3} == told
    assert sorted(told) == list(told)
