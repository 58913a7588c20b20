"""What `doctor` says of a server that it could ask: each look a line, and what a person has to do."""

from dataclasses import replace

import pytest

from bulk_onboard.ledger.database.checks import looks
from bulk_onboard.maintenance.database_diagnosis import DatabaseFacts, of_database
from bulk_onboard.maintenance.diagnosis import Sign, Trouble
from tests.unit.ledger.database.test_checks import GOOD as FIT
from tests.unit.ledger.database.test_checks import NOW

WHERE = "postgresql://clerk@db.example.com/onboarding"
GOOD = replace(FIT, role="clerk", connections=10, is_encrypted=True)


def told(server=GOOD, *, accounts=1):
    facts = DatabaseFacts(
        name="postgresql://db.example.com/onboarding",
        accounts=accounts,
        server=server,
        looks=tuple(looks(server, WHERE, NOW)),
    )
    return facts, {line.about.removeprefix("database").strip(): line for line in of_database(facts)}


def test_all_is_well():
    """Each thing has its line, and the ledger may be looked at."""
    facts, lines = told()

    assert {Sign.OK} == {line.sign for line in lines.values()}
    assert ["", "encryption", "version", "primary", "durability", "schema", "clock", "connections"] == list(lines)
    assert facts.is_fit
    assert "certificate was checked" in lines["encryption"].found
    assert "needs no encryption" in told(replace(GOOD, is_encrypted=False))[1]["encryption"].found


@pytest.mark.parametrize(
    ("wrong", "about", "is_fit"),
    [
        ({"number": 120011, "version": "12.11"}, "version", False),
        ({"is_standby": True}, "primary", False),
        ({"fsync": "off"}, "durability", False),
        ({"synchronous_commit": "off"}, "durability", False),
        ({"comment": None}, "schema", False),
        ({"comment": "bulk-onboard store 2"}, "schema", False),
        ({"lacking": ("insert on bulk_onboard.entry",)}, "schema", False),
        ({"clock_s": NOW.timestamp() + 60}, "clock", True),
        ({"connections": 97}, "connections", True),
    ],
)
def test_each_thing_that_is_wrong_is_a_problem_with_something_to_do(wrong, about, is_fit):
    """And all others are well."""
    facts, lines = told(replace(GOOD, **wrong))

    assert [about] == [each for each, line in lines.items() if line.sign is Sign.PROBLEM]
    assert lines[about].to_do or "install" in lines[about].found
    assert is_fit == facts.is_fit


@pytest.mark.parametrize(("accounts", "is_enough"), [(50, True), (1_500, True), (1_501, False)])
def test_connections_must_be_enough_for_the_workers_that_the_job_needs(accounts, is_enough):
    """Three for each, and a worker for each fifty accounts."""
    _, lines = told(accounts=accounts)

    assert is_enough == (lines["connections"].sign is Sign.OK)
    if not is_enough:
        assert "31 workers for 1,501 accounts would take 93" in lines["connections"].found
        assert "max_connections" in lines["connections"].to_do


def test_server_that_could_not_be_asked_has_one_line():
    """Nothing else is known of it."""
    facts = DatabaseFacts(trouble=Trouble("Nobody answers.", "Check the address."))

    (line,) = of_database(facts)

    assert ("database", Sign.PROBLEM, "Nobody answers.", "Check the address.") == (
        line.about,
        line.sign,
        line.found,
        line.to_do,
    )
    assert not facts.is_fit
