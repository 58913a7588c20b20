"""The final audit: which tokens have more than one record."""

import itertools

import pytest

from bulk_onboard.model.record import Review
from bulk_onboard.submission.audit import Twice, found_twice
from tests.unit.submission.samples import compliance_id, server_record, token

TOKENS = {token(1), token(2)}
FIRST, SECOND, THIRD = (compliance_id(number) for number in (1, 2, 3))


def made(number: int, minute: int, of: int = 1, **changes: str):
    """A record of the row `of`, made at that minute."""
    at = f"2026-01-05T10:{minute:02d}:00Z"
    alias = server_record(of).alias
    return server_record(of, **({"compliance_id": compliance_id(number), "alias": alias, "created_at": at} | changes))


def test_one_record_of_each_token_is_as_it_should_be():
    """Nothing is told."""
    assert [] == found_twice([made(1, 0), made(2, 1, of=2)], TOKENS)


def test_an_empty_account_has_nothing_twice():
    """Nothing is told."""
    assert [] == found_twice([], TOKENS)


def test_the_oldest_is_to_be_kept_and_the_younger_may_be_deleted():
    """Whatever order the list has."""
    records = [made(1, 5), made(2, 3), made(3, 9)]

    for shown in itertools.permutations(records):
        assert [Twice(token(1), (SECOND, FIRST, THIRD), (FIRST, THIRD))] == found_twice(shown, TOKENS)


def test_records_of_the_same_instant_are_told_in_the_same_order_each_time():
    """By their ids, so that two looks name the same one to keep."""
    records = [made(2, 0), made(1, 0)]

    assert [(FIRST, SECOND)] == [twice.compliance_ids for twice in found_twice(records, TOKENS)]


@pytest.mark.parametrize("review", list(Review))
def test_only_a_younger_one_whose_review_is_pending_may_be_deleted(review):
    """An approved or rejected one has been worked on by people."""
    (twice,) = found_twice([made(1, 0), made(2, 1, review=review.value)], TOKENS)

    assert ((SECOND,) if review is Review.PENDING else ()) == twice.deletable


def test_a_review_whose_word_is_unknown_is_not_offered_for_deletion():
    """What is not understood is left alone."""
    (twice,) = found_twice([made(1, 0), made(2, 1, review="")], TOKENS)

    assert () == twice.deletable


def test_the_oldest_is_never_offered_for_deletion():
    """Not even when it alone is pending."""
    (twice,) = found_twice([made(1, 0), made(2, 1, review="approved")], TOKENS)

    assert () == twice.deletable


@pytest.mark.parametrize("friendly", ["", "K-0001 ", "Renamed by a colleague "])
def test_the_token_counts_whatever_stands_before_it(friendly):
    """The friendly part may differ between two machines."""
    second = made(2, 1, alias=f"{friendly}~{token(1)}")

    assert [token(1)] == [twice.token for twice in found_twice([made(1, 0), second], TOKENS)]


@pytest.mark.parametrize("alias", ["", "K-0001", f"x~{token(1)}", f"~{token(1)} old", f"~{token(1)}".upper()])
def test_aliases_without_the_token_at_their_end_are_others(alias):
    """Records that somebody made by hand are nobody's duplicates."""
    assert [] == found_twice([made(1, 0), made(2, 1, alias=alias)], TOKENS)


def test_tokens_of_other_jobs_are_not_told():
    """The account may hold more than this ledger knows of."""
    assert [] == found_twice([made(1, 0, of=9), made(2, 1, of=9)], TOKENS)


def test_each_token_is_told_once_in_order():
    """Two rows twice each."""
    records = [made(1, 0), made(2, 1), made(3, 2, of=2), made(4, 3, of=2), made(5, 4, of=2)]

    told = {twice.token: len(twice.compliance_ids) for twice in found_twice(records, TOKENS)}

    assert {token(1): 2, token(2): 3} == told
    assert sorted(told) == list(told)
