"""How far all accounts of a job are together: one line for all of them."""

from datetime import UTC, datetime

import pytest

from bulk_onboard.cli.glance import AT_A_TIME, Glance, Watch, over_all
from bulk_onboard.cli.progress import fitted, minute_line, pieces_of
from bulk_onboard.errors import ExitStatus
from bulk_onboard.pipeline.progress import Flow, Progress
from tests.support.clocks import FakeClock

NOW = datetime(2026, 1, 5, 15, 28, 30, tzinfo=UTC)


def sending(done=10, due=30, **seen) -> Glance:
    """An account that sends rows."""
    return Glance(now=NOW, done=done, due=due, allowed="60/min", **{"left_s": 20.0, **seen})


def ended(status: ExitStatus, done=30, due=30) -> Glance:
    """An account whose run has ended."""
    return Glance(now=NOW, done=done, due=due, allowed="60/min", ended=status)


def line(*accounts: Glance, width=200) -> str:
    """The line of all accounts, as wide as fits."""
    return " · ".join(piece.text for piece in fitted(pieces_of(over_all(accounts)), width))


def settle(seconds: float) -> dict[str, object]:
    """What an account says that waits for its settle window."""
    wait = {"doing": "waiting until all sends show", "then": "looking for duplicates", "doing_left_s": seconds}
    return {"done": 30, "due": 30, "left_s": seconds + 2, **wait}


def reviews(number: int, seconds: float) -> dict[str, object]:
    """What an account says that waits for its reviews."""
    wait = {"doing": "{} pending", "count": (number, "review"), "then": "looking again"}
    return {"left_s": None, "doing_left_s": seconds, "gives_up_s": 3600.0 + seconds, **wait}


NO_ANSWER = {"trouble": "the API does not answer; trying again in 30 s"}


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        (
            [sending(), sending(12, 40, left_s=148.0), sending(0, 20)],
            "22/90 · 3 accounts · 60/min each · about 2 min 30 s left (15:30)",
        ),
        (
            [ended(ExitStatus.DONE), ended(ExitStatus.ROWS_NEED_ATTENTION), sending(left_s=148.0)],
            "70/90 · 2 of 3 accounts done · 60/min each · about 2 min 30 s left (15:30)",
        ),
        (
            [ended(ExitStatus.CREDENTIALS, 0), ended(ExitStatus.DONE), sending()],
            "40/90 · 1 of 3 accounts done, 1 stopped · 60/min each · about 20 s left (15:28)",
        ),
        (
            [ended(ExitStatus.LOCKED, 0, 0), sending()],
            "10/30 · 1 stopped of 2 accounts · 60/min each · about 20 s left (15:28)",
        ),
        (
            [sending(), sending(**settle(40.0)), sending(**settle(70.0))],
            "70/90 · 3 accounts · 60/min each · about 1 min 10 s left (15:29) · 2 accounts wait",
        ),
        (
            [sending(**settle(40.0)), sending(**settle(70.0))],
            (
                "60/60 · 2 accounts · 60/min each · waiting until all sends show; looking for duplicates in "
                "1 min 10 s (15:29) · about 1 min 10 s left (15:29)"
            ),
        ),
        (
            [sending(**reviews(14, 40.0)), sending(**reviews(1, 60.0))],
            "15 reviews pending; looking again in 1 min (15:29); gives up at 16:29 · 2 accounts",
        ),
        (
            [sending(unknown=2, next_look_s=30.0), sending(unknown=1, next_look_s=9.0), sending()],
            "30/90 · 3 accounts · 60/min each · about 20 s left (15:28) · settling 3 unknown outcomes",
        ),
        (
            [sending(**NO_ANSWER), sending()],
            "20/60 · 2 accounts · 60/min each · about 20 s left (15:28) · 1 account gets no answer",
        ),
        (
            [sending(**NO_ANSWER), sending(**NO_ANSWER)],
            "20/60 · 2 accounts · 60/min each · the API does not answer; trying again in 30 s",
        ),
        (
            [
                *[sending(0, 0, left_s=None, doing="checking {} and the documents", count=(30, "row"))] * 2,
                sending(0, 0, left_s=None, doing="reading the workbook"),
            ],
            "3 accounts · checking 60 rows and the documents (2 of 3 accounts)",
        ),
    ],
)
def test_all_accounts_are_told_in_one_line(accounts, said):
    """Rows and unknown outcomes added up, the time until the last one ends, and what is waited for."""
    told = line(*accounts).split(" · ")

    assert sorted(said.split(" · ")) == sorted(told)


def test_quotas_that_differ_are_not_told():
    """One of them would be wrong for the other accounts."""
    other = Glance(now=NOW, done=1, due=30, allowed="300/min", left_s=20.0)

    assert "11/60 · 2 accounts · about 20 s left (15:28)" == line(sending(), other)


@pytest.mark.parametrize("width", range(40, 81))
def test_no_word_of_it_is_cut_in_a_narrow_terminal(width):
    """With forty accounts and thousands of rows; what matters least is left out."""
    accounts = [*[ended(ExitStatus.DONE, 300, 300)] * 9, ended(ExitStatus.CREDENTIALS, 0, 300)]
    accounts += [sending(120, 300, left_s=9 * 3600.0, unknown=2)] * 30

    told = line(*accounts, width=width)

    assert told.startswith("6,300/12,000")
    assert "…" not in told
    assert len(told) <= width


def test_a_log_says_it_in_a_line_a_minute():
    """How many accounts are done, too."""
    accounts = [ended(ExitStatus.DONE), sending(left_s=148.0), sending(**settle(40.0))]

    assert minute_line(over_all(accounts)) == (
        "70 of 90 done, 1 of 3 accounts done, about 2 min 30 s left (15:30), 1 account waits"
    )


class Counted(Progress):
    """An account that counts how often its time is worked out, which is what costs."""

    looks = 0

    def __init__(self) -> None:
        super().__init__(due=30, flow=lambda: Flow("60/min", 0.0))
        self.time_left = self._work_out

    def _work_out(self) -> float:
        self.looks += 1
        return 100.0


def test_of_many_accounts_only_some_are_looked_at_each_time():
    """Three hundred cost no more than a few, and each has its turn; meanwhile its time goes on."""
    accounts, clock = [Counted() for _ in range(300)], FakeClock()
    watch = Watch(accounts, clock)
    watch.look()
    accounts[0].done = accounts[299].done = 30

    first = watch.look()
    looked = sum(each.looks for each in accounts) - 300
    clock.pass_time(40.0)
    glances = [watch.look() for _ in range(300 // AT_A_TIME)]

    assert (30, AT_A_TIME) == (first.done, looked)
    assert 60 == glances[-1].done
    assert {3} == {each.looks for each in accounts[:AT_A_TIME]}
    assert 100.0 == glances[0].left_s


def test_the_time_of_an_account_that_is_not_looked_at_goes_on():
    """Else the line would stand still while its turn has not come."""
    accounts, clock = [Counted() for _ in range(300)], FakeClock()
    watch = Watch(accounts, clock)
    watch.look()
    for each in accounts:
        each.time_left = lambda: 5.0

    clock.pass_time(40.0)

    assert 60.0 == watch.look().left_s
