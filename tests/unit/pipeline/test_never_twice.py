"""Nothing twice, nothing lost: whatever the weather, the list and the sheet are like, and whoever dies when.

A state machine over the real books, the real planner and the real runner, on a clock of its own; the API is a model
that may do late what it was asked (up to `LATE_S` after the caller gave up), and may show late what it did (`LAG_S`). W
is longer than both together, which is the one thing that the promise needs of it (docs/design/promise.md, Assumptions).

Seeded bugs, put in one at a time, and who caught them (m: the machine; else the names of the test files):
    W off, half of it, or counted from the sending: m, settle_absence, runner_settling
    W counted from the end of a look: settle_absence
    orphans not counted from the lock: m, runner_settling
    control off: m, settle, settle_absence; made once for two ways of looking, or its age not asked: settle_absence
    control by any record of the name, without a stranger, by a plainer or younger alias: control
    an ignored filter not noticed: lookup; pages not joined, or a page of known records taken for the end: walk
    first page taken for all: m, walk, lookup; unread list taken for empty: lookup, settle
    intent after the bytes, or outcome not written: m, runner, journaled
    unknown create repeated, or taken for unsent: m, runner, runner_settling
    unknown ones or orphans not watched, absent ones not sent again: runner_settling; handed out twice: m
    found one not compared, another row's id adopted, the first of several adopted: conclusion, settle
    what was in flight not uncertain for the next run: m, journaled
"""

import math
import random
from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.record import State
from bulk_onboard.reporting.row_status import join
from tests.support.weather import MATCHING, WEATHER
from tests.unit.pipeline.stories import LAG_S, LATE_S, ROWS, Line, Story, W

DAY_S = 24 * 3600.0
STAMPS_ARE_EXACT_TO_S = 0.002

CREATES = st.sampled_from([*sorted(WEATHER), "fair", "late", "hung", "slow"])
LISTS = st.sampled_from(["fair", "fair", "fair", "slow", "unresolved", "unavailable", "throttled", "killed"])
GETS = st.sampled_from(["fair", "fair", "unresolved", "unavailable", "throttled", "killed"])
WAYS = st.fixed_dictionaries(
    {
        "matching": st.sampled_from([*sorted(MATCHING), "exact"]),
        "newest_first": st.booleans(),
        "tells_total": st.booleans(),
        "page_size": st.sampled_from([2, 20, 100]),  # pages of one record cannot overlap
        "lag_s": st.sampled_from([0.0, LAG_S / 2, LAG_S]),
        "reaches_back_s": st.sampled_from([math.inf, 7 * DAY_S]),
        "finds_the_old": st.booleans(),
    }
)
ENDS = {
    "resume": st.just(True),
    "limit": st.integers(1, 2),
    "room": st.integers(0, 20),
    "stop_at": st.integers(1, 20),
    "die_at": st.integers(1, 30),
    "before": st.booleans(),
}
CHANGES = {
    "edited": lambda line: {"edition": line.edition + 1},
    "renamed": lambda line: {"named": line.named + 1},
    "registered anew": lambda line: {"registered_as": line.registered_as + 1},
    "spoiled or mended": lambda line: {"is_valid": not line.is_valid},
}


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_log_lines")]


class NeverTwice(RuleBasedStateMachine):
    """Runs in all weathers, between them changes of the sheet and of the API's ways."""

    settle_s = W

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(self.settle_s)

    @initialize(strangers=st.integers(0, 3))
    def others_use_the_account_too(self, strangers):
        """Records by which the list can be checked; without any, silence proves nothing."""
        for number in range(strangers):
            self.story.file_by_hand(Line(900 + number))

    @rule(
        creates=st.lists(CREATES, min_size=1, max_size=8),
        lists=st.lists(LISTS, max_size=8),
        gets=st.lists(GETS, max_size=3),
        ways=WAYS,
        how=st.fixed_dictionaries({"concurrency": st.integers(1, 3)}, optional=ENDS),
    )
    def run_in_bad_weather(self, creates, lists, gets, ways, how):
        """One process, to its end; the API's ways stay as they are for as long as it lives."""
        account = self.story.account
        for name, value in ways.items():
            setattr(account, name, value)
        account.weather.clear()
        account.expect(Operation.CREATE, *creates)
        account.expect(Operation.LIST, *lists)
        account.expect(Operation.GET, *gets)
        self.story.run(**how)

    @rule(killed=st.sampled_from(["killed", "killed before", "killed after"]), fair=st.integers(0, 3))
    def run_is_killed_in_mid_call(self, killed, fair):
        """Others may be in flight, and arrive all the same."""
        self.story.account.expect(Operation.CREATE, *["slow"] * fair, killed)
        self.story.run(concurrency=3)

    @rule(seconds=st.sampled_from([0.5, LAG_S, LATE_S, W, 10 * W, 8 * DAY_S]))
    def time_passes(self, seconds):
        """Nobody runs."""
        self.story.clock.pass_time(seconds)

    @rule(row=st.integers(0, ROWS - 1), change=st.sampled_from(sorted(CHANGES)))
    def row_changes(self, row, change):
        """In all lines that have this row's key, since two of one key with different contents would be errors."""
        for number in {line.number for line in self.story.sheet[row : row + 1]}:
            mended = [replace(line, **CHANGES[change](line)) for line in self.story.sheet if line.number == number]
            rest = [line for line in self.story.sheet if line.number != number]
            self.story.sheet = rest + mended

    @rule(row=st.integers(0, ROWS - 1), number=st.integers(0, ROWS - 1))
    def row_is_removed_and_another_put_in(self, row, number):
        """The one put in may be there already: then it is a duplicate."""
        del self.story.sheet[row : row + 1]
        same = [line for line in self.story.sheet if line.number == number]
        self.story.sheet.append(same[0] if same else Line(number))

    @rule(seed=st.integers(0, 9))
    def sheet_is_sorted_anew(self, seed):
        """Rows are known by their keys, not by their places."""
        random.Random(seed).shuffle(self.story.sheet)

    @precondition(lambda self: self.story.held())
    @rule()
    def person_resolves(self):
        """What is held is settled by somebody who can see the account."""
        self.story.resolve()

    @invariant()
    def nothing_twice(self):
        """I1: at most one record of each token, those on their way included."""
        assert not self.story.twice(), "created twice"

    @invariant()
    def nothing_lost(self):
        """I2: every row is in one category, once."""
        story = self.story
        plan = story.plan()
        by_category = join(plan.decisions, story.journal.ledger_state).counts()
        assert len(story.sheet) == len(plan.decisions) == by_category.pop("rows") == sum(by_category.values())

    @invariant()
    def submitted_ones_are_at_the_api(self):
        """I4: each under its id, with its alias and the content that was sent; no id belongs to two."""
        made = self.story.account.records
        submitted = [r for r in self.story.journal.ledger_state.records.values() if r.state is State.SUBMITTED]
        for record in submitted:
            assert made[record.compliance_id].alias == record.alias
            assert made[record.compliance_id].fingerprint == record.fingerprint
        assert len(submitted) == len({record.compliance_id for record in submitted})

    @invariant()
    def absence_was_proved(self):
        """I6: W was over, counted from the doubt or the lock, and the control found a record that is there."""
        locked = instant = ""
        doubted: dict[str, str] = {}
        for entry in self.story.journal.entries:
            instant = entry.at
            match entry:
                case entries.RunStarted():
                    locked = instant
                case entries.Unresolved():
                    doubted[entry.token] = instant
                case entries.Absent():
                    waited_s = seconds_between(max(locked, doubted.get(entry.token, "")), instant)
                    assert waited_s >= self.settle_s - STAMPS_ARE_EXACT_TO_S
                    assert entry.waited_s >= self.settle_s - STAMPS_ARE_EXACT_TO_S
                    known = {token_in(create.alias) for create in self.story.account.records.values()}
                    assert entry.control in known | set(self.story.account.records)
                    assert entry.control != entry.token

    @invariant()
    def replay_tells_the_same(self):
        """I7: the entries, taken again, make the same books."""
        again = LedgerState()
        for entry in self.story.journal.entries:
            again.take(entry)
        assert again == self.story.journal.ledger_state

    @invariant()
    def order_of_rows_is_nothing(self):
        """I9: the same is due for each record, however the sheet is sorted."""
        story = self.story
        due = actions(story.plan())
        story.sheet.reverse()
        assert due == actions(story.plan())
        story.sheet.reverse()

    def teardown(self):
        """I8: in the end all goes well, and every valid row becomes a record, or keeps the API's no to its content."""
        story = self.story
        try:
            story.be_fair()
            for _ in range(4):
                story.run()
                story.resolve()
            story.run()
            assert not story.twice(), "created twice"
            for decision in story.plan().decisions:
                record = story.journal.ledger_state.record(decision.identity.token)
                at_the_api = [i for i, made in story.account.records.items() if made.alias == decision.identity.alias]
                assert [record.compliance_id] * len(at_the_api) == at_the_api
                if record.state is State.REFUSED:
                    assert record.fingerprint == decision.judged.fingerprint or not decision.judged.application
                else:
                    assert record.state is (State.SUBMITTED if at_the_api else State.INVALID)
        finally:
            story.close()


def actions(plan: Plan) -> dict[str, set[str]]:
    """What is due, by token."""
    due: dict[str, set[str]] = {d.identity.token: set() for d in plan.decisions}
    for decision in plan.decisions:
        due[decision.identity.token].add(decision.action.value)
    return {token: names - {"nothing"} for token, names in due.items()}


def seconds_between(earlier: str, later: str) -> float:
    """Between two stamps of the ledger."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


TestNeverTwice = NeverTwice.TestCase
TestNeverTwice.settings = settings(
    deadline=None, max_examples=200, stateful_step_count=20, suppress_health_check=[HealthCheck.too_slow]
)


class TooHasty(NeverTwice):
    """The same with a W that is shorter than what the API takes."""

    settle_s = (LATE_S + LAG_S) / 4


def test_w_that_is_too_short_is_caught():
    """The machine can fail: with less patience than the API's slowness it finds a row that was created twice."""
    hasty = settings(
        TestNeverTwice.settings,
        max_examples=500,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
    )

    with pytest.raises(AssertionError, match="created twice"):
        run_state_machine_as_test(TooHasty, settings=hasty)


@pytest.mark.parametrize(("settle_s", "records"), [(0.0, 2), (LATE_S, 2), (LATE_S + LAG_S, 1), (W, 1)])
def test_records_that_a_late_create_leaves(settle_s, records):
    """Done late and shown late: who waits less than both together makes a second record, who waits does not."""
    story = Story(settle_s)
    rows, story.sheet = story.sheet, story.sheet[:1]
    story.run()
    story.clock.pass_time(10 * W)
    story.sheet = rows[:2]
    story.account.expect(Operation.CREATE, "late")

    story.run(concurrency=1)
    story.run(concurrency=1)
    story.close()

    made = Counter(create.alias for create in story.account.records.values())
    assert max(made.values()) == records


@pytest.mark.parametrize(
    ("finds_the_old", "unknown"), [(False, 3), (True, 0)], ids=["every list", "only lists without a filter"]
)
def test_job_that_is_continued_after_the_list_has_forgotten_it(finds_the_old, unknown):
    """Killed in its first calls and continued a week later, with a list that reaches back seven days: nothing twice.

    What only the filter can still show is asked for by its alias, and found; what nothing shows stays unknown.
    """
    story = Story()
    story.file_by_hand(Line(900))
    story.account.expect(Operation.CREATE, *["fair"] * finds_the_old, "slow", "slow", "killed after")
    story.run(concurrency=3)
    story.account.reaches_back_s, story.account.finds_the_old = 7 * DAY_S, finds_the_old
    story.clock.pass_time(8 * DAY_S)

    story.run(concurrency=3)
    story.close()

    assert story.twice() == []
    assert unknown == len(story.held())
