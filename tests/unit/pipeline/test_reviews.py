"""Reviews are looked at by whichever way costs less, and only what is new is written down."""

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Get, ListPage, Operation, RecordPage
from bulk_onboard.model.entry import Op
from bulk_onboard.model.mask import masked
from bulk_onboard.model.outcome import Done, Refused
from bulk_onboard.model.record import Review, State
from bulk_onboard.pipeline.reviews import (
    ENTRIES_AT_A_TIME,
    NO_REASON,
    Followed,
    change_in,
    fetch_followed,
    followed_records,
    record_reviews,
    write_down,
)
from bulk_onboard.pipeline.walk import LIMITS
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import (
    OUTCOMES,
    alias,
    compliance_id,
    create,
    done,
    doubted,
    intent,
    server_record,
    token,
    uncertain,
)

STRANGERS_FROM = 500_000


def submitted(*numbers):
    """The story of these rows' records, each submitted."""
    return [entry for number in numbers for entry in (intent(number), done(number))]


class BigAccount:
    """Lists so many records, those of rows 1 to `ours` the oldest or the newest; counts requests, keeps no calls."""

    def __init__(self, ours, total, *, newest_first=False, page=100, tells_total=True):
        self.ours, self.total, self.page, self.tells_total = ours, total, page, tells_total
        self.newest_first = newest_first
        self.lists = self.gets = 0

    async def send(self, call):
        if isinstance(call, Get):
            self.gets += 1
            return Done(value=self._record(int(call.compliance_id[-12:])))
        assert isinstance(call, ListPage)
        self.lists += 1
        start = int(call.query.get("offset", 0))
        end = min(start + min(self.page, int(call.query["limit"])), self.total)
        records = tuple(self._record(self._at(place)) for place in range(start, end))
        following = {"offset": str(end)} if end < self.total else None
        return Done(
            value=RecordPage(records=records, total=self.total if self.tells_total else None, next_query=following)
        )

    def _at(self, place):
        """The row at a place of the list; strangers' records have high numbers."""
        place = self.total - 1 - place if self.newest_first else place
        return place + 1 if place < self.ours else STRANGERS_FROM + place

    def _record(self, number):
        called = alias(number) if number < STRANGERS_FROM else "filed by hand"
        return server_record(number, alias=called, review="approved", reason="")


@pytest.mark.parametrize(
    ("ours", "total", "ways", "expected"),
    [
        (30, 30, {}, (1, 0)),
        (30, 30, {"tells_total": False}, (1, 0)),
        (10_000, 10_000, {}, (101, 0)),
        (10_000, 10_000, {"page": 20}, (527, 0)),
        (50, 100_000, {}, (1, 0)),
        (50, 100_000, {"newest_first": True}, (1, 50)),
        (998, 100_000, {"newest_first": True}, (1, 998)),
        (999, 100_000, {"newest_first": True}, (1011, 0)),
        (50, 100_000, {"newest_first": True, "tells_total": False}, (1011, 0)),
        (50, 1_000, {"newest_first": True, "page": 20}, (53, 0)),
        (48, 1_000, {"newest_first": True, "page": 20}, (1, 48)),
        (3, 200, {"newest_first": True}, (3, 0)),
        (0, 100_000, {"newest_first": True}, (1, 0)),
    ],
)
async def test_requests_of_a_look(ours, total, ways, expected):
    """A hundred records a page, one of them of the page before; each by itself only where pages would cost more."""
    journal = MemoryJournal(*submitted(*range(1, ours + 1)))
    account = BigAccount(ours, total, **ways)

    shown = await fetch_followed(account, journal.ledger_state)

    assert expected == (account.lists, account.gets)
    assert {compliance_id(n) for n in range(1, ours + 1)} <= {record.compliance_id for record in shown.records}
    assert (shown.walked is not None) is (account.lists > 1 or total <= 100)


async def test_look_at_the_whole_account_walks_whatever_it_costs():
    """A first run adopts, so it must see all records."""
    account = BigAccount(1, 1_000, newest_first=True)

    shown = await fetch_followed(account, MemoryJournal(*submitted(1)).ledger_state, whole=True)

    assert (11, 0, True, 1_000) == (account.lists, account.gets, shown.walked.whole, shown.total)


@pytest.mark.parametrize("outcome", ["refused", "throttled", "unavailable", "unresolved", "denied"])
async def test_list_that_cannot_be_read_is_no_look(outcome):
    """Nothing is concluded, be it the first page or a later one."""
    ledger_state = MemoryJournal(*submitted(1)).ledger_state
    page = Done(value=RecordPage(records=(server_record(1),), total=2, next_query={"offset": "1"}))

    trouble = [OUTCOMES[outcome]] * len(LIMITS)
    assert None is await fetch_followed(ScriptedGateway(*trouble), ledger_state)
    assert None is await fetch_followed(ScriptedGateway(page, *trouble), ledger_state, whole=True)


async def test_record_that_cannot_be_read_by_itself_is_not_shown():
    """The others are; how many are missing is told."""
    journal = MemoryJournal(*submitted(1, 2))
    page = Done(value=RecordPage(records=(), total=10_000, next_query={"offset": "100"}))
    gone = Refused(code="not_found", http_status=404)
    gateway = ScriptedGateway(page, gone, Done(value=server_record(2, review="approved")))

    shown = await fetch_followed(gateway, journal.ledger_state)
    followed = await record_reviews(gateway, journal, shown.records)

    assert Followed(looked=2, changed=1, not_shown=1) == followed


def test_submitted_records_are_followed_and_no_others():
    """An approved one too, since approval can be taken away; what is unknown is settled instead."""
    approved = entries.Reviewed(token=token(1), review="approved")
    journal = MemoryJournal(*submitted(1, 2), approved, *uncertain(3), *doubted(Op.UPDATE, 4))

    assert [token(1), token(2)] == [record.token for record in followed_records(journal.ledger_state)]


async def test_only_what_changed_is_written():
    """One entry for each new review or reason, none for what the ledger says already."""
    known = entries.Reviewed(token=token(3), review="rejected", reason="Blurred.")
    journal = MemoryJournal(*submitted(1, 2, 3, 4, 5), known)
    before = len(journal.entries)
    shown = [
        server_record(1),
        server_record(2, review="approved"),
        server_record(3, review="rejected", reason="Blurred."),
        server_record(4, review="rejected", reason="Expired."),
    ]

    first = await record_reviews(ScriptedGateway(), journal, shown)
    second = await record_reviews(ScriptedGateway(), journal, shown)

    assert (Followed(5, 2, 1), Followed(5, 0, 1)) == (first, second)
    assert [(token(2), "approved", ""), (token(4), "rejected", "Expired.")] == [
        (entry.token, entry.review, entry.reason) for entry in journal.entries[before:]
    ]


async def test_reason_that_becomes_another_is_written():
    """The reviewers have said something else."""
    journal = MemoryJournal(*submitted(1), entries.Reviewed(token=token(1), review="rejected", reason="Blurred."))

    await record_reviews(ScriptedGateway(), journal, [server_record(1, review="rejected", reason="Expired.")])

    assert "Expired." == journal.ledger_state.record(token(1)).review_reason


@pytest.mark.parametrize("review", ["rejected", "more info"])
@pytest.mark.parametrize(("given", "kept"), [("Blurred.", "Blurred."), ("", NO_REASON)])
async def test_reason_that_the_list_leaves_out_is_asked_for_once(review, given, kept):
    """A get where it is absent; from then on the ledger has it, or that there is none."""
    account, journal = await followed_account(review, given)
    account.lists_reasons = False

    for _ in range(3):
        shown = await fetch_followed(account, journal.ledger_state)
        await record_reviews(account, journal, shown.records)

    assert 1 == len(account.made(Operation.GET))
    assert (review, kept) == (
        journal.ledger_state.record(token(1)).review,
        journal.ledger_state.record(token(1)).review_reason,
    )
    assert 1 == journal.story(token(1)).count("reviewed")


async def followed_account(review, reason):
    """An account with the first row's record, and a ledger that knows it as pending."""
    account = FakeAccount()
    made = (await account.send(create(1))).value
    account.judge(made, review, reason)
    return account, MemoryJournal(intent(1), entries.Done(token=token(1), op=Op.CREATE, compliance_id=made))


@pytest.mark.parametrize(
    ("review", "reason", "asked"),
    [
        ("rejected", None, 1),
        ("rejected", "", 1),
        ("rejected", "Blurred.", 0),
        ("more info", None, 1),
        ("more info", "", 0),
        ("approved", None, 0),
        ("suspended", None, 0),
    ],
)
async def test_reason_is_asked_for_only_where_there_must_be_one(review, reason, asked):
    """A request for more may have none, and says so by null; an approval has none."""
    journal = MemoryJournal(*submitted(1))
    gateway = ScriptedGateway(*[Done(value=server_record(1, review=review, reason="Blurred."))] * asked)

    await record_reviews(gateway, journal, [server_record(1, review=review, reason=reason)])

    assert asked == len(gateway.calls)
    assert review == journal.ledger_state.record(token(1)).review


async def test_reason_is_asked_for_again_after_a_new_judgement():
    """Mended, pending again, and rejected once more: it may be for another reason."""
    account, journal = await followed_account("rejected", "Blurred.")
    account.lists_reasons = False
    made = next(iter(account.records))

    for review, reason in (("rejected", "Blurred."), ("pending", ""), ("rejected", "Expired.")):
        account.judge(made, review, reason)
        await record_reviews(account, journal, (await fetch_followed(account, journal.ledger_state)).records)

    assert "Expired." == journal.ledger_state.record(token(1)).review_reason
    assert 2 == len(account.made(Operation.GET))


async def test_reason_that_could_not_be_asked_for_is_asked_for_by_the_next_run():
    """The rejection is written down all the same."""
    account, journal = await followed_account("rejected", "Blurred.")
    account.lists_reasons = False
    account.expect(Operation.GET, "unresolved")

    told = []
    for _ in range(2):
        await record_reviews(account, journal, (await fetch_followed(account, journal.ledger_state)).records)
        told.append((journal.ledger_state.record(token(1)).review, journal.ledger_state.record(token(1)).review_reason))

    assert [("rejected", ""), ("rejected", "Blurred.")] == told


async def test_record_found_rejected_has_its_reason_asked_for_too():
    """Adopted by a first run, say after a lost ledger, from a list that has no reasons."""
    account, _ = await followed_account("rejected", "Blurred.")
    account.lists_reasons = False
    made = next(iter(account.records))
    adopted = entries.Adopted(token=token(1), op=Op.CREATE, compliance_id=made, review="rejected", alias=alias(1))
    journal = MemoryJournal(adopted)

    await record_reviews(account, journal, (await fetch_followed(account, journal.ledger_state)).records)

    assert "Blurred." == journal.ledger_state.record(token(1)).review_reason


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"review": "approved"}, ("approved", "")),
        ({"review": "approved", "alias": ""}, ("approved", "")),
        ({"review": "approved", "alias": "Renamed by hand"}, ("approved", "")),
        ({"review": "approved", "alias": alias(2)}, None),
        ({"review": "", "review_word": "On Ice"}, ("on ice", "")),
        ({"review": "", "review_word": "needs-notary_seal"}, ("needs-notary_seal", "")),
        ({"review": "", "review_word": "<script>"}, None),
        ({"review": "", "review_word": "x" * 41}, None),
        ({"review": "", "review_word": "call 98765"}, None),
        ({"review": "", "review_word": ""}, None),
        ({"review": "pending"}, None),
        ({"review": "pending", "reason": "In the queue."}, ("pending", "In the queue.")),
        ({"review": "rejected", "reason": "Write to a@example.com"}, ("rejected", "Write to …@…")),
    ],
)
def test_change_in(shown, expected):
    """What is another than in the ledger, masked; never by another row's record, nor by what is no word."""
    record = MemoryJournal(*submitted(1)).ledger_state.record(token(1))

    change = change_in(record, server_record(1, **shown))

    assert expected == (change and (change.review, change.reason))


@pytest.mark.parametrize("review", [Review.REJECTED, Review.MORE_INFO])
def test_reason_that_is_not_repeated_stays(review):
    """Silence is no news."""
    journal = MemoryJournal(*submitted(1), entries.Reviewed(token=token(1), review=review, reason="Blurred."))

    assert change_in(journal.ledger_state.record(token(1)), server_record(1, review=review, reason=None)) is None


@pytest.mark.parametrize(
    "reason",
    ["Aadhaar 1234 5678 9012", "write to a@b.in", "PAN ABCDE1234F", "call +91 98765 43210", "x" * 400, "line\nbreak"],
)
def test_masked_reason_is_the_same_when_it_is_read_again(reason):
    """Else every run would take it for a new one."""
    assert masked(reason) == masked(masked(reason))


async def test_very_many_changes_are_all_written():
    """More than are written at a time."""
    numbers = range(1, ENTRIES_AT_A_TIME + 3)
    journal = MemoryJournal(*submitted(*numbers))

    followed = await record_reviews(
        ScriptedGateway(), journal, [server_record(n, review="approved") for n in numbers if n != 5]
    )

    assert Followed(len(numbers), len(numbers) - 1, 1) == followed
    assert {"approved", "pending"} == {record.review for record in journal.ledger_state.records.values()}


async def test_disk_that_fails_stops_it():
    """What could not be written is no step of the ledger."""
    journal = MemoryJournal(*submitted(1, 2))
    journal.room = 1

    with pytest.raises(StoppedError):
        await write_down(journal, [entries.Reviewed(token=token(n), review="approved") for n in (1, 2)])

    assert State.SUBMITTED is journal.ledger_state.record(token(2)).state
