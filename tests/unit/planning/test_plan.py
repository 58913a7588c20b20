"""The plan of a whole sheet, and what it costs in requests, bytes and time."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Decision, Forecast, Scope
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.requirements import (
    Combination,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Columns
from bulk_onboard.planning import make_plan
from bulk_onboard.planning.identity import Identities
from bulk_onboard.planning.plan import forecast
from bulk_onboard.units import Quota
from bulk_onboard.validation import judge_rows

ACCOUNT = "MAXXXXXXXXXXXXXXXXXX"


LOCAL = Combination("IN", "local", "business")


BOOK = RequirementsBook.of(
    "a test",
    live=False,
    offered=[
        Requirements(
            LOCAL,
            (FieldRequirement("business_name", "Business Name", max_length=3),),
            (DocumentRequirement("identity_proof", "Identity Proof"),),
        )
    ],
)


NUMBERED = {2: "911140000000", 3: "+91 1140000000, +91 1140000001", 4: "911140000001"}


FILES = {"id.pdf": FileFacts(Path("id.pdf"), 100, "aa", "application/pdf")}


def plan_of(judged, ledger_state=None, **settings):
    """A plan at the document's quota."""
    return make_plan(
        judged, ledger_state=ledger_state or LedgerState(), auth_id=ACCOUNT, quota=Quota(60, 60.0), **settings
    )


def token(judged):
    """What a row is called in an empty ledger."""
    return Identities(LedgerState(), auth_id=ACCOUNT, rows=()).identify(judged).token


def test_decisions_stand_in_the_order_of_the_rows(make_judged):
    """Each row has one decision, and the forecast is about those that are due."""
    judged = [make_judged(5), make_judged(2, errors=1), make_judged(3)]

    plan = plan_of(judged)

    assert judged == [decision.judged for decision in plan.decisions]
    assert {"update": 0, "link": 0, "create": 2, "settle": 0, "nothing": 1} == plan.counts()
    assert (4, 200, 0.0) == (plan.forecast.requests, plan.forecast.size, plan.forecast.duration_s)


def test_records_of_the_ledger_decide(make_judged):
    """A row whose record is submitted is left alone, and one whose outcome is unknown is settled."""
    judged = [make_judged(2), make_judged(3), make_judged(4)]
    states = [State.SUBMITTED, State.UNCERTAIN]
    records = [Record(token=token(one), state=state) for one, state in zip(judged, states, strict=False)]

    plan = plan_of(judged, LedgerState(records={record.token: record for record in records}))

    assert [Action.NOTHING, Action.SETTLE, Action.CREATE] == [decision.action for decision in plan.decisions]
    assert 100 == plan.forecast.size


def test_limit_keeps_the_first_creates_and_every_settling(make_judged):
    """A pilot of so many rows sends these and no more; the rest says why it waits."""
    judged = [make_judged(n) for n in range(2, 7)]
    unknown = Record(token=token(judged[4]), state=State.UNCERTAIN, reason="timeout")

    plan = plan_of(judged, LedgerState(records={unknown.token: unknown}), scope=Scope(limit=2))

    assert ["new", "new", "beyond --limit", "beyond --limit", "timeout"] == [d.reason for d in plan.decisions]
    assert {"update": 0, "link": 0, "create": 2, "settle": 1, "nothing": 2} == plan.counts()
    assert (2 + 2 + 2, 200) == (plan.forecast.requests, plan.forecast.size)


def test_rows_that_the_run_has_tried_count_within_the_limit_once(make_judged):
    """They may be tried again, and take the place of other rows for the rest of the run, whatever became of them."""
    judged = [make_judged(n) for n in range(2, 7)]
    tokens = [token(one) for one in judged]
    records = {t: Record(token=t, state=s) for t, s in zip(tokens, [State.DEFERRED, State.SUBMITTED], strict=False)}

    plan = plan_of(judged, LedgerState(records=records), scope=Scope(limit=3), tried=tokens[:2])

    assert [tokens[0], tokens[2]] == [decision.token for decision in plan.due(Action.CREATE)]
    assert ["beyond --limit"] * 2 == [decision.reason for decision in plan.decisions[3:]]


def test_limit_of_nought_creates_nothing(make_judged):
    """No creates at all is a limit as well."""
    assert {"update": 0, "link": 0, "create": 0, "settle": 0, "nothing": 1} == plan_of(
        [make_judged()], scope=Scope(limit=0)
    ).counts()


def test_rows_in_conflict_settle_their_record_once(make_judged):
    """Of rows that claim the same unknown record one settles it."""
    judged = [make_judged(n, errors=1, key="K-1", fingerprint=str(n)) for n in (2, 3)]
    unknown = Record(token=token(judged[0]), state=State.UNCERTAIN, reason="timeout")

    plan = plan_of(judged, LedgerState(records={unknown.token: unknown}))

    assert ["timeout", "settled with another row of the same key"] == [d.reason for d in plan.decisions]
    assert {"update": 0, "link": 0, "create": 0, "settle": 1, "nothing": 1} == plan.counts()


def test_resume_takes_in_no_new_rows(make_judged):
    """Only what was begun is due."""
    assert {"update": 0, "link": 0, "create": 0, "settle": 0, "nothing": 1} == plan_of(
        [make_judged()], scope=Scope(admit_new_rows=False)
    ).counts()


ROWS = st.lists(
    st.fixed_dictionaries(
        {"business_name": st.sampled_from(["A", "B", "too long"])},
        optional={
            "key": st.sampled_from(["k 1", "K  1", "k2"]),
            "registration_number": st.sampled_from(["R1", "r1 ", "R2", "R3"]),
            "alias": st.sampled_from(["one", "two"]),
            "document:identity_proof": st.sampled_from(["id.pdf", "id.pdf", "gone.pdf"]),
        },
    ),
    max_size=8,
)


def _planned(cells, states):
    """What is decided for each content, and by whose name; records in these states are in the ledger already."""
    rows = [Row("Businesses", number, LOCAL, each) for number, each in enumerate(cells, start=2)]
    judged = judge_rows(rows, book=BOOK, files=FILES, columns=Columns({}, {}))
    tokens = sorted({d.identity.token for d in plan_of(judged).decisions if d.identity})
    records = {t: Record(token=t, state=state, fingerprint="f") for t, state in zip(tokens, states, strict=False)}
    return plan_of(judged, LedgerState(records=records)).decisions


@given(ROWS, st.lists(st.sampled_from(State), max_size=4), st.randoms(use_true_random=False))
def test_sorting_the_sheet_changes_nothing(cells, states, dice: random.Random):
    """Rows in another order have the same tokens and fingerprints, and the same is due for each token (I9)."""
    one, other = _planned(cells, states), _planned(dice.sample(cells, len(cells)), states)

    def said(decisions):
        return sorted((d.identity.token if d.identity else "", d.judged.fingerprint) for d in decisions)

    def due(decisions):
        return sorted((d.identity.token if d.identity else "", d.action) for d in decisions)

    assert said(one) == said(other)
    assert due(one) == due(other)


@given(ROWS, st.lists(st.sampled_from(State), max_size=4), st.randoms(use_true_random=False))
def test_sorting_the_sheet_changes_no_alias(cells, states, dice: random.Random):
    """A row is called the same wherever it stands."""
    one, other = _planned(cells, states), _planned(dice.sample(cells, len(cells)), states)

    def names(decisions):
        return sorted(d.identity.alias for d in decisions if d.identity)

    assert names(one) == names(other)


@given(ROWS, st.lists(st.sampled_from(State), max_size=4))
def test_no_token_is_due_twice(cells, states):
    """Whatever the sheet repeats or contradicts, at most one call is due for a record."""
    due = [d.identity.token for d in _planned(cells, states) if d.action is not Action.NOTHING]

    assert len(set(due)) == len(due)


def test_number_that_two_rows_name_is_linked_for_the_first(make_judged):
    """They would take it from each other; the second row's other numbers are linked all the same."""
    judged = [make_judged(n, registration_number=f"REG-{n}", numbers=cell) for n, cell in NUMBERED.items()]
    records = [Record(token=token(one), state=State.SUBMITTED, review="approved") for one in judged]

    plan = plan_of(judged, LedgerState(records={record.token: record for record in records}))

    assert [("911140000000",), ("911140000001",), ()] == [decision.numbers for decision in plan.decisions]
    assert "its numbers are another row's" == plan.decisions[2].reason


MINUTE = Quota(60, 60.0)


@pytest.fixture
def due(make_judged):
    """A factory: decisions of these actions, the last one's numbers being due."""

    def make(numbers=(), **actions):
        return [
            Decision(make_judged(), None, Action(name), "", numbers if name == "link" else ())
            for name, times in actions.items()
            for _ in range(times)
        ]

    return make


def test_nothing_due_costs_nothing(due):
    """A run with nothing to do and nothing to follow sends nothing and ends at once."""
    assert Forecast(duration_s=0.0) == forecast(due(nothing=3), followed=0, quota=MINUTE)


@pytest.mark.parametrize(
    ("actions", "followed", "requests"),
    [
        ({"create": 1}, 0, 3),  # the list, the create, and the first record read back
        ({"create": 10}, 0, 12),
        ({"settle": 1}, 0, 3),
        ({"create": 10, "settle": 5}, 0, 22),
        ({"update": 3}, 30, 7),  # each is read before it is corrected
        ({"link": 1, "numbers": ("911140000000", "911140000001")}, 30, 5),  # and each number before it is linked
        ({"nothing": 1}, 1, 1),
        ({}, 10_000, 100),
        ({}, 10_001, 101),
    ],
)
def test_requests_are_what_is_due_with_its_look_ups_and_the_pages_of_the_list(due, actions, followed, requests):
    """Following records costs a hundredth of a request each."""
    assert requests == forecast(due(**actions), followed=followed, quota=None).requests


@pytest.mark.parametrize(("rows", "requests"), [(1, 1 + 1 + 1), (25, 1 + 3 + 1), (26, 1 + 3 + 2), (500, 5 + 50 + 20)])
def test_numbers_cost_pages_and_full_calls_where_a_call_links_many(due, rows, requests):
    """The list of records, twenty numbers on a page, fifty in a call; two for each row here."""
    decisions = due(("911140000000", "911140000001"), link=rows)

    assert requests == forecast(decisions, followed=rows, quota=None, links_per_call=50).requests


@pytest.mark.parametrize(
    ("requests", "duration_s"), [(3, 0), (60, 0), (61, 60), (120, 60), (121, 120), (1000, 960), (10_000, 9960)]
)
def test_time_is_the_least_that_a_sliding_window_allows(due, requests, duration_s):
    """The first window is free, each further one begun costs a window.

    See docs/design/pacing.md, Window shapes.
    """
    assert duration_s == forecast(due(create=requests - 2), followed=0, quota=MINUTE).duration_s


def test_only_what_is_sent_counts_as_bytes(due):
    """Creates and updates carry documents, links and settling do not; without a quota no time is told."""
    cost = forecast(due(create=2, update=1, link=1, settle=2), followed=0, quota=None)

    assert Forecast(creates=2, updates=1, reads=7, size=300) == cost
