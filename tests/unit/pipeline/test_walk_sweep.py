"""A job's first run adopts what the account has already."""

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.walk import LIMITS, adoption, sweep
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import (
    OUTCOMES,
    alias,
    application,
    compliance_id,
    create,
    done,
    identity,
    intent,
    server_record,
    token,
    uncertain,
)

ABOUT = {"token": token(1), "key": "K-0001", "op": Op.CREATE}
STORIES = {
    "unknown": (),
    "pending": (entries.Admitted(tokens=(token(1),)),),
    "invalid": (entries.RowInvalid(token=token(1), codes=("field-missing",)),),
    "deferred": (intent(1), entries.Unavailable(**ABOUT, why="DNS")),
    "refused": (intent(1), entries.Refused(**ABOUT, code="bad")),
    "uncertain": uncertain(1),
    "sending": (intent(1),),
    "submitted": (intent(1), done(1)),
    "held": (*uncertain(1), entries.Held(**ABOUT, why="two")),
}
NOT_SENT = ("unknown", "pending", "invalid", "deferred", "refused")


@pytest.fixture
async def account():
    """The account has the first row's record already, and one of somebody else."""
    account = FakeAccount()
    await account.send(create(9, alias="filed by hand"))
    await account.send(create(1))
    return account


@pytest.mark.parametrize("story", NOT_SENT)
async def test_unsent_row_that_the_account_has_is_adopted(account, story):
    """Its token stands at the end of the alias: it is submitted without a create (lost ledger, second job)."""
    journal = MemoryJournal(*STORIES[story])

    swept = await sweep(account, journal, [identity(1), identity(2)])

    assert swept
    assert {token(1): State.SUBMITTED} == {t: r.state for t, r in journal.ledger_state.records.items()}
    assert journal.ledger_state.swept


@pytest.mark.parametrize("story", sorted(set(STORIES) - set(NOT_SENT)))
async def test_row_that_was_sent_is_left_to_others(account, story):
    """Unknown ones are settled, which looks closer; submitted and held ones stay as they are."""
    journal = MemoryJournal(*STORIES[story])
    before = journal.ledger_state.record(token(1))

    await sweep(account, journal, [identity(1)])

    assert before == journal.ledger_state.record(token(1))


async def test_friendly_part_of_the_alias_does_not_count(account):
    """The row's Alias was changed since: the token tells."""
    await account.send(create(2, alias=f"An older name ~{token(2)}"))
    journal = MemoryJournal()

    await sweep(account, journal, [identity(2)])

    assert State.SUBMITTED is journal.ledger_state.record(token(2)).state


async def test_several_records_of_a_row_are_held(account):
    """Nobody guesses which of them is the row's; both ids are named."""
    await account.send(create(1, application=application(1, business_name="Another")))
    journal = MemoryJournal()

    await sweep(account, journal, [identity(1)])

    assert State.HELD is journal.ledger_state.record(token(1)).state
    assert 2 == len(journal.entries[0].compliance_ids)


async def test_row_that_stands_twice_in_the_sheet_is_adopted_once(account):
    """The second row is a duplicate of the first."""
    journal = MemoryJournal()

    await sweep(account, journal, [identity(1), identity(1)])

    assert ["adopted create"] == journal.story(token(1))


async def test_swept_counts_the_records_of_the_account(account):
    """Those of others too: it says how large the account was."""
    journal = MemoryJournal()

    await sweep(account, journal, [])

    assert [2] == [entry.records for entry in journal.entries]


@pytest.mark.parametrize("weather", ["unavailable", "unresolved", "throttled", "denied"])
async def test_unfinished_walk_concludes_nothing(account, weather):
    """The second page does not come: nothing is adopted, and the next run sweeps again."""
    account.page_size = 1
    account.expect(Operation.LIST, "fair", weather)
    journal = MemoryJournal()

    swept = await sweep(account, journal, [identity(1)])

    assert not swept
    assert [] == journal.entries


async def test_list_that_is_refused_concludes_nothing():
    """Nor does an answer that is no list."""
    journal = MemoryJournal()

    assert not await sweep(ScriptedGateway(*[OUTCOMES["refused"]] * len(LIMITS)), journal, [identity(1)])
    assert not journal.ledger_state.swept


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        (
            [server_record(1, review="approved")],
            entries.Adopted(**ABOUT, compliance_id=compliance_id(1), review="approved", alias=alias(1)),
        ),
        (
            [server_record(1), server_record(2)],
            entries.Held(
                **ABOUT,
                why="2 records of this row at the API",
                compliance_ids=(compliance_id(1), compliance_id(2)),
            ),
        ),
    ],
    ids=["one", "two"],
)
def test_adoption(matches, expected):
    """One record is the row's, with the review it has; several are for a person."""
    assert expected == adoption(identity(1), matches, LedgerState())


def test_record_that_belongs_to_another_row_is_not_adopted():
    """A record whose id the ledger has under another token is held, though the API calls it by this row's token."""
    ledger_state = MemoryJournal(intent(2), done(2)).ledger_state

    held = adoption(identity(1), [server_record(2, alias=alias(1))], ledger_state)

    why = "the record found at the API belongs to another row"
    assert entries.Held(**ABOUT, why=why, compliance_ids=(compliance_id(2),)) == held
