"""The gate bounds calls and bytes in flight over all accounts, and lets in who came first."""

from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.api.gate import Gate, Load, Turn, how_many_enter

BOUND = Load(calls=3, size=100)


def test_a_free_gate_lets_in_at_once():
    """Whoever comes to a gate with room is let in while he joins the line."""
    called = []

    turn = Gate(1, 100).join(100, lambda: called.append("in"))

    assert turn.is_in
    assert ["in"] == called


def test_a_small_call_does_not_overtake_a_large_one():
    """What would fit waits behind what does not, or a large call would wait for as long as small ones come."""
    gate = Gate(3, 100)
    first, large, small = (gate.join(size, lambda: None) for size in (60, 60, 1))
    assert [True, False, False] == [turn.is_in for turn in (first, large, small)]

    gate.leave(first)

    assert [True, True] == [turn.is_in for turn in (large, small)]


def test_a_call_larger_than_the_bound_goes_alone():
    """It is let in once nothing else is in flight, and nothing with documents beside it."""
    gate = Gate(3, 100)
    read, huge, small = (gate.join(size, lambda: None) for size in (0, 101, 1))
    assert [True, False, False] == [turn.is_in for turn in (read, huge, small)]

    gate.leave(read)
    assert [True, False] == [turn.is_in for turn in (huge, small)]
    gate.leave(huge)

    assert small.is_in


def test_leaving_the_line_lets_those_behind_in():
    """A large call that is cancelled holds nobody up any more."""
    gate = Gate(2, 100)
    gate.join(60, lambda: None)
    large, small = gate.join(60, lambda: None), gate.join(1, lambda: None)

    gate.leave(large)

    assert small.is_in
    assert Load(2, 61) == gate.in_flight


@given(st.lists(st.integers(0, 150)), st.integers(0, 3), st.integers(0, 150))
def test_who_enters_is_a_head_of_the_line_that_fits(line, calls, size):
    """As many as fit together with what is in flight, or one that is alone; the next one does not fit."""
    in_flight = Load(calls, size if calls else 0)

    number = how_many_enter(line, in_flight, BOUND)

    after = Load(in_flight.calls + number, in_flight.size + sum(line[:number]))
    if number:
        assert after.calls <= BOUND.calls
        assert after.size <= BOUND.size or after.calls == 1
    if number < len(line):
        assert after.calls == BOUND.calls or (after.size + line[number] > BOUND.size and after.calls)


ACCOUNTS = 6
STEPS = st.lists(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, 150)), max_size=80)


@given(STEPS)
def test_within_its_bounds_in_order_and_nothing_lost(steps):
    """Accounts join, are cancelled and leave at random: each has one call at a time, as its pacer sees to.

    The gate is never above its bounds. Those who wait are let in in the order in which they came, so nobody sees more
    others let in than there are accounts. In the end everybody was let in or left by himself, and the gate is empty.
    """
    gate, present = Gate(*BOUND), dict[int, Turn]()
    came, let_in = list[int](), list[int]()
    passed = dict[int, int]()

    def join(account: int, size: int) -> None:
        name = len(came)
        came.append(name)
        seen = [0]

        def called() -> None:
            let_in.append(name)
            passed[name] = sum(other >= 0 for other in let_in[seen[0] :]) - 1

        seen[0] = len(let_in)
        present[account] = gate.join(size, called)

    for account, size in steps:
        if account in present:
            gate.leave(present.pop(account))
        else:
            join(account, size)
        calls, room = gate.in_flight
        inside = [turn for turn in present.values() if turn.is_in]
        assert (len(inside), sum(turn.size for turn in inside)) == (calls, room)
        assert calls <= BOUND.calls
        assert room <= BOUND.size or calls == 1
        assert let_in == sorted(let_in)
    while present:
        gate.leave(present.pop(next(account for account, turn in present.items() if turn.is_in)))

    assert Load() == gate.in_flight
    assert all(others < ACCOUNTS for others in passed.values())
