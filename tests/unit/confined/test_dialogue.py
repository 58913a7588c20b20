"""One child that answers question after question."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bulk_onboard.confined.call import ConfinedError, Failure
from bulk_onboard.confined.dialogue import Dialogue
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import ExitStatus, SignalledError

WORK = "tests.support.confined_talk"
LIMITS = Limits(memory=1 << 29, cpu_s=60, wall_s=2.0, answer=10_000)


@pytest.fixture
def talk():
    """A dialogue that nobody has begun."""
    with Dialogue(WORK, LIMITS, bytes) as one:
        yield one


def open_files() -> int:
    """How many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_one_child_answers_all(talk):
    """It is started at the first question and stays."""
    assert 1 == len({talk.ask(b"pid") for _ in range(50)})


def test_question_may_be_larger_than_any_pipe(talk):
    """It is put together of its parts, and nothing of it is lost."""
    assert b"9000005" == talk.ask(b"size:", b"x" * 5_000_000, bytes(4_000_000))


def test_warnings_of_a_library_do_not_hold_it_up(talk):
    """Nobody reads what it writes to stderr, and a pipe is full soon; libtiff has much to say."""
    assert b"well" == talk.ask(b"grumble:")


def test_many_threads_may_ask(talk):
    """Each gets the answer to its own question."""
    asked = [f"echo:{number}".encode() for number in range(300)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(talk.ask, asked))

    assert [question.removeprefix(b"echo:") for question in asked] == answers


def test_child_is_confined(talk, monkeypatch):
    """It can open nothing and knows no credentials, as every confined child."""
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "canary")

    assert b"OSError" == talk.ask(b"open")
    assert b"False" == talk.ask(b"knows:canary")


@pytest.mark.parametrize(
    ("question", "failure"),
    [
        (b"crash", Failure.CRASHED),
        (b"hang", Failure.TIME),
        (b"starve", Failure.MEMORY),
        (b"stumble", Failure.UNFORESEEN),
        (b"leave", Failure.UNFORESEEN),
        (b"pour", Failure.ANSWER),
    ],
)
def test_failure_is_the_questions_own(talk, question, failure):
    """The one before has its answer, and so has the one after, from another child."""
    before = talk.ask(b"pid")

    with pytest.raises(ConfinedError) as caught:
        talk.ask(question)

    assert failure is caught.value.failure
    assert "secret" not in str(caught.value)
    assert before != talk.ask(b"pid")
    assert not Path(f"/proc/{before.decode()}").exists()


def test_child_that_fails_for_what_came_before_is_not_held_against_the_question(talk):
    """Asked once more, of a new child, it has its answer."""
    before = talk.ask(b"pid")

    assert b"well" == talk.ask(b"fail-unless-first")
    assert before != talk.ask(b"pid")


def test_child_that_does_not_start_is_told_as_that():
    """No question is to blame."""
    with Dialogue("tests.support.not_there", LIMITS, bytes) as talk, pytest.raises(ConfinedError) as caught:
        talk.ask(b"pid")

    assert Failure.START is caught.value.failure


def test_interrupt_is_ours_too(talk):
    """Ctrl-C reaches the child as it reaches us, and is not asked for twice."""
    with pytest.raises(SignalledError) as caught:
        talk.ask(b"interrupt")

    assert ExitStatus.INTERRUPTED == caught.value.exit_status


def test_nothing_stays_behind():
    """Neither a process nor a descriptor, whatever came of the questions; without a question there is none at all."""
    before = open_files()

    with Dialogue(WORK, LIMITS, bytes):
        assert before == open_files()
    with Dialogue(WORK, LIMITS, bytes) as talk:
        child = int(talk.ask(b"pid"))
        with pytest.raises(ConfinedError):
            talk.ask(b"crash")
        other = int(talk.ask(b"pid"))

    assert before == open_files()
    for process in (child, other):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
