"""A row that fails alone is told from an account that refuses everything."""

import pytest

from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Done, Outcome, Refused, Unresolved
from bulk_onboard.model.record import Record, State
from bulk_onboard.pipeline.runner import FIRST_CREATES, Tries, words_of
from tests.unit.pipeline.samples import compliance_id, token

ATTEMPTS = 3
DONE = Done(value=compliance_id(2))


def met(*seen: str, op: Op = Op.CREATE, others: tuple[Outcome, ...] = ()) -> str:
    """What is said of a record that met these things, one an attempt, while others met theirs."""
    tries, record = Tries(), Record(token=token(1))
    for outcome in others:
        tries.note(Record(token=token(2)), op, outcome)
    for each in seen:
        tries.note(record, op, Unresolved(seen=each))
    return tries.failed_alone(record, op, ATTEMPTS)


@pytest.mark.parametrize(
    ("seen", "others", "expected"),
    [
        (["HTTP 413"] * 3, (), "HTTP 413"),
        (["HTTP 502"] * 3, (), ""),
        (["HTTP 502"] * 3, (DONE,), "HTTP 502"),
        (["HTTP 413"] * 2, (DONE,), ""),
        (["HTTP 413", "HTTP 502", "HTTP 413"], (DONE,), ""),
        ([], (DONE,), ""),
    ],
    ids=["of the request", "of the server", "others were taken", "too few", "not the same", "none"],
)
def test_failed_alone(seen, others, expected):
    """In each attempt the same; and either the status speaks of the request, or others were taken meanwhile."""
    assert expected == met(*seen, others=others)


def test_one_number_of_a_record_is_not_another():
    """Links fail by number."""
    tries = Tries()
    for number in ("1", "2", "3"):
        tries.note(Record(token=token(1)), Op.LINK, Unresolved(seen="HTTP 413"), number=number)

    assert "" == tries.failed_alone(Record(token=token(1)), Op.LINK, ATTEMPTS, number="3")


def refused(tries: Tries, number: int, message: str, code: str = "no") -> None:
    record = Record(token=token(number), code=code, reason=message)
    tries.note(record, Op.CREATE, Refused(code=code, message=message, http_status=422))


@pytest.mark.parametrize(
    "message",
    [
        "Account 12{n} may not file.",
        "Request 5f0f6c5e-0000-4000-8000-0000000000{n:02d} was refused.",
        "Request cfdc{n:02d}aa-ea…-4ff1-b{n:02d}c-… was refused, as its longest digits were masked.",
        "Request {n:02d}0a9b-…fe-b4f5-e03975f05b8f of U{n}KA2020PTC1 was refused.",
        "Alias '{t}' is not allowed.",
        "Record ~{t} is not allowed.",
        'Value "{t}{n}" is not allowed.',
    ],
)
def test_first_creates_that_are_all_refused_alike_stop_the_run(message):
    """Ids, numbers, tokens and whatever is quoted differ from row to row, masked in part or not; the rest does not."""
    tries = Tries()
    for number in range(FIRST_CREATES):
        assert "" == tries.refused_alike
        refused(tries, number, message.format(n=number, t=token(number)))

    assert tries.refused_alike
    assert token(1) not in tries.refused_alike
    assert not tries.refused_alike.endswith("."), "the sentence around it has its own"


def test_refusals_that_differ_are_of_the_rows():
    """One other sentence among twenty is enough."""
    tries = Tries()
    for number in range(FIRST_CREATES):
        refused(tries, number, "Postal code." if number else "City.")

    assert "" == tries.refused_alike


@pytest.mark.parametrize("place", [0, 10, FIRST_CREATES])
def test_one_accepted_create_shows_that_the_account_is_not_refused(place):
    """Whenever it came."""
    tries = Tries()
    for number in range(FIRST_CREATES + 5):
        if number == place:
            tries.note(Record(token=token(number)), Op.CREATE, DONE)
        else:
            refused(tries, number, "The same.")

    assert "" == tries.refused_alike


@pytest.mark.parametrize(
    ("state", "alike"),
    [
        (State.REFUSED, "conflict: Plan … is used up"),
        (State.SUBMITTED, ""),
        (State.UNCERTAIN, ""),
    ],
)
def test_contested_creates_count_by_what_became_of_them(state, alike):
    """An API that answers 409 to each that it takes refuses none."""
    tries = Tries()
    for number in range(FIRST_CREATES):
        no = Refused(code="conflict", message=f"Plan {number} is used up.", http_status=409)
        tries.note(Record(token=token(number)), Op.CREATE, Unresolved(seen="HTTP 409", said=no))
        assert "" == tries.refused_alike

    tries.note_settled(lambda token: Record(token=token, state=state))

    assert alike == tries.refused_alike


@pytest.mark.parametrize("op", [Op.UPDATE, Op.LINK, Op.DELETE])
def test_other_writes_do_not_count(op):
    """A sheet of corrections that are all refused is for `max_refused`."""
    tries = Tries()
    for number in range(FIRST_CREATES):
        record = Record(token=token(number), code="no", reason="The same.")
        tries.note(record, op, Refused(code="no", message="The same.", http_status=422))

    assert "" == tries.refused_alike


def test_words_of_a_refusal_without_a_message():
    """The code alone."""
    assert "http-400" == words_of("http-400", "")
