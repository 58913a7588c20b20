"""What whoever listens, and whoever works hints off, may rely on, whichever store keeps them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from bulk_onboard.ledger.database.store import PostgresStore
from bulk_onboard.ledger.hints import FileHints
from bulk_onboard.model.store import Hints

ABOUT = {"job": "migration", "base_url": "https://api.plivo.com"}
IDS = tuple(f"c{number}" for number in range(12))

Opened = Callable[[], Hints]


@pytest.fixture(params=["file", pytest.param("database", marks=pytest.mark.cluster)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Makes the hints of one ledger anew, as another process has them."""
    if request.param == "file":
        return lambda: FileHints(tmp_path / "job.hints")
    store = PostgresStore(request.getfixturevalue("postgres").address, tmp_path / "job.ledger.jsonl", **ABOUT)
    store.setup()
    return lambda: store.hints


@pytest.fixture
def hints(opened: Opened) -> Hints:
    return opened()


def test_hints_wait_until_they_are_forgotten(hints, opened):
    """For everybody who looks, claimed or not; a record with several hints waits once."""
    for compliance_id in ("c2", "c1", "c2"):
        hints.keep(compliance_id)

    before = hints.waiting()
    claims = hints.claim(["c1"])
    claimed = opened().waiting()
    hints.forget(claims)

    assert ("c1", "c2") == before == claimed
    assert ["c1"] == [claim.compliance_id for claim in claims]
    assert ("c2",) == hints.waiting() == opened().waiting()


def test_hint_that_came_while_its_record_was_read_stays(hints, opened):
    """Whoever keeps it may be on another machine."""
    hints.keep("c1")
    claims = hints.claim(["c1"])
    opened().keep("c1")

    hints.forget(claims)

    assert ("c1",) == hints.waiting()


def test_whoever_forgets_again_takes_no_newer_hint_along(hints, opened):
    """The name of a claim is nobody else's."""
    hints.keep("c1")
    claims = hints.claim(["c1"])
    hints.forget(claims)
    hints.keep("c1")
    newer = hints.claim(["c1"])

    opened().forget(claims)

    assert ("c1",) == hints.waiting()
    hints.forget(newer)
    assert () == hints.waiting()


def test_claim_of_somebody_who_died_is_a_hint(hints, opened):
    """The next one claims it together with what came since."""
    hints.keep("c1")
    hints.claim(["c1"])
    hints.keep("c1")

    other = opened()
    (claim,) = other.claim(["c1"])
    other.forget([claim])

    assert 2 == len(claim.names)
    assert () == hints.waiting()


@pytest.mark.parametrize("compliance_id", ["c1", "A-b-C", "-", "a" * 64, "A" * 64])
def test_every_id_comes_back(hints, compliance_id):
    """Capitals and all."""
    hints.keep(compliance_id)
    hints.keep(compliance_id.swapcase())

    assert {compliance_id, compliance_id.swapcase()} == set(hints.waiting())
    assert {compliance_id} == {claim.compliance_id for claim in hints.claim([compliance_id])}


def test_many_who_claim_at_the_same_time_leave_nothing_behind(hints, opened):
    """What two have claimed may be read twice; all of it is forgotten in the end, and nobody fails."""
    for compliance_id in IDS:
        hints.keep(compliance_id)

    def work_off(_: int) -> list[str]:
        mine = opened()
        claims = mine.claim(mine.waiting())
        mine.forget(claims)
        return [claim.compliance_id for claim in claims]

    with ThreadPoolExecutor(8) as others:
        done = set(chain.from_iterable(others.map(work_off, range(24))))

    assert set(IDS) == done
    assert () == hints.waiting()


def test_nothing_is_claimed_where_nothing_waits(hints):
    """Nor forgotten."""
    hints.keep("c1")
    hints.forget(hints.claim(["c1"]))

    assert ((), ()) == (hints.claim(["c1"]), hints.waiting())
    hints.forget([])
