"""Mended once, linked once: whatever the weather is like, whoever dies when, and whatever people do in between.

A state machine over the real books, the real planner and the real runner, on a clock of its own; the API is a model
that may do late what it was asked (up to `LATE_S` after the caller gave up), and may or may not refuse to update what
waits for no correction. What a process sends is looked at on its way: see `WritingProcess`.

Seeded bugs, put in one at a time, and who caught them (m: the machine; else the names of the test files):
    W off for updates: m, settle_writes; too short: m
    content of an update forgotten once it is done, or refused content due again: m, life_writes, update
    update without a read before: m, update; another row's record overwritten, no read after a refusal: update
    unknown update told by when the record was changed, not submitted: m, conclusion, update
    a new judgement of the old content taken for an answer: conclusion
    number not looked at, a held one never again, or the next number while one is unknown: m, link
    a no to the record's state taken for one to the number: m, life_writes, link; to the content: life_writes, update
    always walked, pages counted by hundreds, reason asked for each time, or wiped: reviews
    found judged already and no news: life_writes; everything news, numbers forgotten: attention
    pause that does not grow, is not cut, or is too short for long looks: waiting
"""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import STATE_ERRORS, Op
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import EDITABLE, Linkage, State
from tests.support.weather import WEATHER
from tests.unit.pipeline.fixing import LATE_S, NUMBERS, ROWS, MendingStory, W

READS = st.sampled_from([*["fair"] * 8, "slow", "unresolved", "unavailable", "throttled", "killed", "denied"])
WEATHERS = st.sampled_from([*sorted(WEATHER), "fair", "late", "hung", "unheard"])
ROW = st.integers(0, ROWS - 1)
JUDGED = st.sampled_from(["approved", "rejected", "more info", "suspended"])
ENDS = {
    "concurrency": st.integers(1, 3),
    "meanwhile": st.dictionaries(ROW, JUDGED, max_size=2),
    "room": st.integers(0, 20),
    "stop_at": st.integers(1, 20),
    "die_at": st.integers(1, 20),
    "before": st.booleans(),
}
SOME = st.sets(ROW, min_size=1)
NUMBER = st.sampled_from(NUMBERS)


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_log_lines")]


class MendedOnce(RuleBasedStateMachine):
    """Runs in all weathers, between them judgements, corrections, and numbers that come and go."""

    settle_s = W

    def __init__(self) -> None:
        super().__init__()
        self.story = MendingStory(self.settle_s)
        self.account = self.story.account

    @initialize(
        heeds_reviews=st.booleans(),
        lists_reasons=st.booleans(),
        page_size=st.sampled_from([1, 2, 100]),
        sent_back=st.sets(ROW),
    )
    def people_have_judged_for_the_first_time(self, heeds_reviews, lists_reasons, page_size, sent_back):
        """Some are approved, of rows with numbers, the others sent back; at worst the API takes any update."""
        self.account.heeds_reviews, self.account.lists_reasons = heeds_reviews, lists_reasons
        self.account.page_size = page_size
        for row in range(ROWS):
            self.account.judge(self.story.made[row], "rejected" if row in sent_back else "approved")
            self.story.write_numbers(row, NUMBERS[row], *NUMBERS[-1:])
        for row in sent_back:
            self.story.mend(row)

    @rule(
        updates=st.lists(WEATHERS, max_size=5),
        links=st.lists(WEATHERS, max_size=5),
        reads=st.fixed_dictionaries(
            {each: st.lists(READS, max_size=3) for each in (Operation.LIST, Operation.GET, Operation.NUMBER)}
        ),
        how=st.one_of(st.fixed_dictionaries({}), st.fixed_dictionaries({}, optional=ENDS)),
    )
    def run_in_bad_weather(self, updates, links, reads, how):
        """One process, to its end."""
        self.account.weather.clear()
        for operation, weather in (reads | {Operation.UPDATE: updates, Operation.LINK: links}).items():
            self.account.expect(operation, *weather)
        self.story.run(**how)

    @rule(
        operation=st.sampled_from([Operation.UPDATE, Operation.LINK]),
        killed=st.sampled_from(["killed", "killed before", "killed after"]),
        fair=st.integers(0, 2),
    )
    def run_is_killed_in_mid_call(self, operation, killed, fair):
        """Others may be in flight, and arrive all the same."""
        self.account.weather.clear()
        self.account.expect(operation, *["slow"] * fair, killed)
        self.story.run(concurrency=3)

    @rule(seconds=st.sampled_from([0.5, LATE_S, W, 24 * 3600.0]))
    def time_passes(self, seconds):
        """Nobody runs."""
        self.story.clock.pass_time(seconds)

    @rule(
        rows=SOME,
        review=st.sampled_from(["approved", "rejected", "more info", "approved", "rejected", "suspended"]),
        reason=st.sampled_from(["", "Blurred.", "Expired."]),
    )
    def people_judge(self, rows, review, reason):
        """Whatever they said before."""
        for row in rows:
            self.account.judge(self.story.made[row], review, reason if review != "approved" else "")

    @rule(row=ROW)
    def row_is_mended(self, row):
        """The cells or a document."""
        self.story.mend(row)

    @rule(rows=SOME)
    def records_are_sent_back_and_their_rows_mended(self, rows):
        """What people do most."""
        for row in rows:
            self.account.judge(self.story.made[row], "rejected", "Blurred.")
            self.story.mend(row)

    @rule(row=ROW, numbers=st.lists(NUMBER, max_size=2, unique=True))
    def numbers_are_written(self, row, numbers):
        """Another row may name them, too."""
        self.story.write_numbers(row, *numbers)

    @rule(number=NUMBER)
    def somebody_else_takes_a_number(self, number):
        """One that is free, once nothing is under way for it any more; or it is given back."""
        self.story.clock.pass_time(LATE_S + 1)
        self.account.catch_up()
        if self.account.numbers.get(number) == self.story.by_hand:
            del self.account.numbers[number]
        else:
            self.account.numbers.setdefault(number, self.story.by_hand)

    @invariant()
    def queued_once_for_each_judgement(self):
        """I16: between two updates that took effect the reviewers have spoken."""
        self.account.catch_up()
        heard: dict[str, int] = {}
        for each in self.account.resubmitted:
            assert heard.get(each.compliance_id, 0) < each.judgements, "updated twice"
            heard[each.compliance_id] = each.judgements

    @invariant()
    def nothing_is_created_and_nobody_s_number_is_moved(self):
        """What is there stays there."""
        assert ROWS + 1 == len(self.account.made(Operation.CREATE)) == len(self.account.records)
        assert [] == self.moved_for_good()

    def moved_for_good(self):
        """But for what two rows asked for: a link of the one that arrives late may cross the other's."""
        return [target for target in self.account.moved if not self.was_asked_for_by_two(target.number)]

    @invariant()
    def replay_tells_the_same_and_only_new_content_of_what_was_sent_back_goes_out(self):
        """I7; and what the API refused is not sent again as it was."""
        again, refused = LedgerState(), set()
        self.refused_numbers = set()
        for entry in self.story.journal.entries:
            match entry:
                case entries.Intent(op=Op.UPDATE):
                    before = again.record(entry.token)
                    assert before.review in EDITABLE
                    assert before.fingerprint != entry.fingerprint
                    assert (entry.token, entry.fingerprint) not in refused
                case entries.Refused(op=Op.UPDATE) if entry.code not in STATE_ERRORS:
                    refused.add((entry.token, again.record(entry.token).intended))
                case entries.Refused(op=Op.LINK) if entry.code not in STATE_ERRORS:
                    self.refused_numbers.add((entry.token, entry.number))
            again.take(entry)
        assert again == self.story.journal.ledger_state
        self.refused = refused

    def teardown(self):
        """I8: in the end all goes well: what was sent back has what its row says, approved records have their numbers.

        One more run then writes nothing.
        """
        story = self.story
        try:
            story.be_fair()
            story.clock.pass_time(LATE_S)
            for _ in range(3):
                story.run()
            self.queued_once_for_each_judgement()
            self.replay_tells_the_same_and_only_new_content_of_what_was_sent_back_goes_out()
            for row, line in enumerate(story.sheet):
                self.row_has_what_it_is_to_have(row, line)
            before = story.writes
            story.run()
            assert before == story.writes
            assert [] == self.moved_for_good()
        finally:
            story.close()

    def row_has_what_it_is_to_have(self, row, line):
        """By what the API holds, and by what the ledger says of it."""
        made, record = self.story.made[row], self.story.record(row)
        review = self.account.reviews[made]
        assert (State.SUBMITTED, review) == (record.state, record.review)
        if review in EDITABLE:
            refused = (record.token, line.fingerprint) in self.refused
            assert refused or self.account.records[made].fingerprint == line.fingerprint, "a mended row was forgotten"
        if review == "approved":
            for number in line.numbers:
                refused = (record.token, number) in self.refused_numbers
                assert refused or number in self.account.numbers, "a number was forgotten"
        for number, linking in record.numbers.items():
            if linking.linkage is Linkage.LINKED and not self.was_asked_for_by_two(number):
                assert self.account.numbers[number] == made

    def was_asked_for_by_two(self, number):
        """Then a link that arrives late may take it from the row that was given it meanwhile: no link is waited for."""
        links = [e for e in self.story.journal.entries if isinstance(e, entries.Intent) and e.op is Op.LINK]
        return len({link.token for link in links if link.number == number}) > 1


TestMendedOnce = MendedOnce.TestCase
TestMendedOnce.settings = settings(
    deadline=None, max_examples=200, stateful_step_count=20, suppress_health_check=[HealthCheck.too_slow]
)


class TooHasty(MendedOnce):
    """The same with a W that is shorter than what the API takes."""

    settle_s = LATE_S / 8


def test_w_that_is_too_short_is_caught():
    """The machine can fail: with less patience than the API's slowness a record is updated twice."""
    hasty = settings(
        TestMendedOnce.settings,
        max_examples=500,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
    )

    with pytest.raises(AssertionError):
        run_state_machine_as_test(TooHasty, settings=hasty)
