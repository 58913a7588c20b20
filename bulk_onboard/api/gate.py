"""Bound what is in flight over all accounts: calls, and the bytes of their documents.

Each account has a pacer of its own, and all of them share one gate. A call enters it when its account's quota allows a
send, and leaves it with its answer (docs/design/pacing.md, Gate). Who came first goes first: a small call never
overtakes a large one that waits for room, and since an account has one call at most in the line, nobody waits longer
than one turn of all accounts.

`how_many_enter` decides; `Gate` keeps the line. It belongs to one event loop, and nothing in it waits: whoever stands
in line is called when it is let in.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

PLACES, SIZE = 128, 256 * 1024 * 1024


class Load(NamedTuple):
    """So many calls, with so many bytes of documents."""

    calls: int = 0
    size: int = 0

    def plus(self, size: int) -> "Load":
        """Return the load with one more call."""
        return Load(self.calls + 1, self.size + size)

    def minus(self, size: int) -> "Load":
        """Return the load without one of its calls."""
        return Load(self.calls - 1, self.size - size)


def how_many_enter(line: Iterable[int], in_flight: Load, bound: Load) -> int:
    """Return how many calls from the head of the line may enter now.

    A call that is larger than the whole bound may enter when nothing else is in flight.

    Args:
        line: the bytes of each call that waits, the first one first.
    """
    number = 0
    for size in line:
        in_flight = in_flight.plus(size)
        if in_flight.calls > bound.calls or (in_flight.size > bound.size and in_flight.calls > 1):
            break
        number += 1
    return number


@dataclass(slots=True, eq=False)
class Turn:
    """One call, in the line or let in.

    Attributes:
        size: bytes of its documents.
        called: called when it is let in.
        is_in: whether it was.
    """

    size: int
    called: Callable[[], None]
    is_in: bool = False


class Gate:
    """Places for calls in flight, and room for their documents.

    Args:
        places: how many calls may be in flight.
        size: how many bytes of documents they may have together.
    """

    def __init__(self, places: int = PLACES, size: int = SIZE) -> None:
        self._bound = Load(places, size)
        self._in_flight = Load()
        self._line: deque[Turn] = deque()

    @property
    def in_flight(self) -> Load:
        """What was let in and has not left."""
        return self._in_flight

    def join(self, size: int, called: Callable[[], None]) -> Turn:
        """Stand in line with a call of so many bytes; it may be let in at once.

        `leave` must be called with what this returns, whatever becomes of the call.

        Args:
            called: called when the call is let in.
        """
        turn = Turn(size, called)
        self._line.append(turn)
        self._let_in()
        return turn

    def leave(self, turn: Turn) -> None:
        """Leave the line, or give the place back."""
        if turn.is_in:
            self._in_flight = self._in_flight.minus(turn.size)
        else:
            self._line.remove(turn)
        self._let_in()

    def _let_in(self) -> None:
        for _ in range(how_many_enter((turn.size for turn in self._line), self._in_flight, self._bound)):
            turn = self._line.popleft()
            self._in_flight, turn.is_in = self._in_flight.plus(turn.size), True
            turn.called()


def open_gate() -> Gate:
    """Return a gate that bounds nothing."""
    return Gate(sys.maxsize, sys.maxsize)
