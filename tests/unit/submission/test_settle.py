"""What a look-up makes of an unknown create: adopted, held, or left as it is."""

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import Operation, Page, Priority
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Done
from bulk_onboard.model.record import State
from bulk_onboard.submission.settle import conclusion, first_difference, settle
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.support.journals import MemoryJournal
from tests.unit.submission.samples import (
    OUTCOMES,
    alias,
    application,
    compliance_id,
    create,
    done,
    expanded,
    intent,
    record,
    server_record,
    token,
    uncertain,
)

ABOUT = {"token": token(1), "key": "K-0001", "op": Op.CREATE}
ADOPTED = entries.Adopted(**ABOUT, compliance_id=compliance_id(1), review="pending")
LOOKED_AND_KNOWS_NOTHING = ["intent create", "unresolved create", "probed create"]


def held(why, *numbers):
    """A person must look at these."""
    return entries.Held(**ABOUT, why=why, compliance_ids=tuple(compliance_id(number) for number in numbers))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({}, ""),
        ({"name": " Invented Traders 1 ", "registration_number": "U72200KA2020PTC000001 "}, ""),
        ({"name": None, "registration_number": None, "documents": None}, ""),
        ({"name": "Somebody Else"}, "name"),
        ({"name": "invented traders 1"}, "name"),
        ({"name": ""}, "name"),
        ({"registration_number": "U72200KA2020PTC000002"}, "registration number"),
        ({"documents": 2}, "number of documents"),
        ({"documents": 0}, "number of documents"),
        ({"name": "Somebody Else", "documents": 2}, "name"),
    ],
)
def test_first_difference(shown, expected):
    """What the API shows must be what was sent, outer blanks aside; what it does not show differs in nothing."""
    assert expected == first_difference(expanded(1, **shown), application(1))


@pytest.mark.parametrize(
    ("matches", "found", "sent", "expected"),
    [
        ([1], expanded(1), application(1), ADOPTED),
        ([1], server_record(1), None, ADOPTED),
        ([1], expanded(1, name="Somebody Else"), None, ADOPTED),
        (
            [1],
            expanded(1, name="Somebody Else"),
            application(1),
            held("the record found at the API has another name", 1),
        ),
        ([1, 2], server_record(1), application(1), held("2 records with this alias at the API", 1, 2)),
        ([1, 2], server_record(1), None, held("2 records with this alias at the API", 1, 2)),
    ],
    ids=["same", "row gone", "row gone, other contents", "other contents", "two", "row gone, two"],
)
def test_conclusion(matches, found, sent, expected):
    """One match with the contents that were sent is adopted; all else is for a person."""
    shown = [server_record(number, alias=alias(1)) for number in matches]

    assert expected == conclusion(record(1), shown, found, sent, Books())


def test_record_of_another_row_is_not_adopted():
    """The id is in the books already, under another token (I4)."""
    books = MemoryJournal(intent(2), done(2)).books
    match = server_record(2, alias=alias(1))

    expected = held("the record found at the API belongs to another row", 2)
    assert expected == conclusion(record(1), [match], match, None, books)


@pytest.fixture
def journal():
    """The first row's create is unknown."""
    return MemoryJournal(*uncertain(1))


@pytest.fixture
def account():
    return FakeAccount()


async def test_one_match_is_adopted(account, journal):
    """The record is submitted, under the id the API gave it, without another create."""
    await account.send(create(1))

    await settle(account, journal, journal.books.record(token(1)), application(1))

    (found,) = account.records
    assert (State.SUBMITTED, found) == (
        journal.books.record(token(1)).state,
        journal.books.record(token(1)).compliance_id,
    )
    assert 1 == len(account.made(Operation.CREATE))


async def test_look_up_is_by_the_stored_alias_and_goes_first(account, journal):
    """What the intent said, not what the row says now; before fresh rows at the pacer."""
    await account.send(create(1))

    await settle(account, journal, journal.books.record(token(1)), application(1))

    (listed,), (got,) = account.made(Operation.LIST), account.made(Operation.GET)
    assert (alias(1), Priority.SETTLE, Priority.SETTLE) == (listed.alias, listed.priority, got.priority)
    assert {"end_user", "documents"} == set(got.expand)


async def test_contents_that_were_not_sent_are_held(account, journal):
    """Somebody else's record bears the alias."""
    await account.send(create(1, application=application(1, business_name="Somebody Else")))

    await settle(account, journal, journal.books.record(token(1)), application(1))

    assert State.HELD is journal.books.record(token(1)).state


async def test_several_matches_are_held_without_a_further_request(account, journal):
    """Two records of one alias: a person decides, nobody guesses."""
    await account.send(create(1))
    await account.send(create(1))

    await settle(account, journal, journal.books.record(token(1)), application(1))

    assert State.HELD is journal.books.record(token(1)).state
    assert [] == account.made(Operation.GET)


async def test_no_match_proves_nothing(account, journal):
    """The list may lag: the record stays uncertain, and the look-up is noted."""
    await account.send(create(2))

    await settle(account, journal, journal.books.record(token(1)), application(1))

    assert LOOKED_AND_KNOWS_NOTHING == journal.story(token(1))
    assert State.UNCERTAIN is journal.books.record(token(1)).state


@pytest.mark.parametrize("outcome", set(OUTCOMES) - {"done"})
async def test_look_up_that_fails_says_nothing(journal, outcome):
    """An unfinished walk leaves no trace in the ledger."""
    await settle(ScriptedGateway(OUTCOMES[outcome]), journal, journal.books.record(token(1)), application(1))

    assert ["intent create", "unresolved create"] == journal.story(token(1))


@pytest.mark.parametrize("outcome", set(OUTCOMES) - {"done"})
async def test_match_that_cannot_be_read_is_not_adopted(journal, outcome):
    """One match, but its contents are not known: uncertain still."""
    listed = Done(value=Page(records=(server_record(1),)))

    await settle(ScriptedGateway(listed, OUTCOMES[outcome]), journal, journal.books.record(token(1)), application(1))

    assert LOOKED_AND_KNOWS_NOTHING == journal.story(token(1))


async def test_row_that_changed_is_adopted_as_it_was_sent(account, journal):
    """Without the contents that were sent there is nothing to compare, and nothing more is asked for."""
    await account.send(create(1))

    await settle(account, journal, journal.books.record(token(1)), None)

    assert State.SUBMITTED is journal.books.record(token(1)).state
    assert [] == account.made(Operation.GET)
