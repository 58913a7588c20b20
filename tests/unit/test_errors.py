"""What the process returns when several things happened."""

import itertools

import pytest

from bulk_onboard.errors import PRECEDENCE, BulkOnboardError, ExitStatus, first_that_holds


def test_precedence_names_every_status_once_in_the_order_of_the_table():
    """1, 2, 6, 5, 7, 129/130/143, 4, 8, 3, 0, as the table of exit statuses says."""
    assert (1, 2, 6, 5, 7, 129, 130, 143, 4, 8, 3, 0) == tuple(int(status) for status in PRECEDENCE)
    assert sorted(ExitStatus) == sorted(PRECEDENCE)


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(PRECEDENCE, 2)))
def test_first_that_holds_wins(first, second):
    """Of two statuses the one that stands first is returned, in whichever order they came."""
    assert first is first_that_holds(second, first)
    assert first is first_that_holds(first, second)


def test_nothing_to_tell_is_done():
    """Without any status everything due is done."""
    assert ExitStatus.DONE is first_that_holds()


def _leaves(error: type[BulkOnboardError]) -> list[type[BulkOnboardError]]:
    return [error, *(leaf for below in error.__subclasses__() for leaf in _leaves(below))]


def test_every_error_has_a_status_that_is_not_success():
    """No error lets the process say that all is done; what is no leaf of ours is a bug."""
    assert ExitStatus.BUG is BulkOnboardError.exit_status
    assert ExitStatus.DONE not in {error.exit_status for error in _leaves(BulkOnboardError)}
