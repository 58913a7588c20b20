"""A long sequence of which only some items are worth an object before somebody asks for the others."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, overload

T = TypeVar("T")

_BLOCK = 256


class Sparse(Sequence[T]):
    """A sequence whose usual items, of which there is nothing to tell, are made when they are asked for, once.

    Attributes:
        told: all others by their place, in order.
    """

    def __init__(self, length: int, told: Mapping[int, T], make: Callable[[Sequence[int]], Iterable[T]]) -> None:
        """`make` gives the usual items at some places; whoever asks for one will want its neighbours."""
        self.told = told
        self._length, self._make = length, make
        self._made: dict[int, T] = {}

    @property
    def usual(self) -> int:
        """How many items there is nothing to tell of."""
        return self._length - len(self.told)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return map(self._at, range(self._length))

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        places = range(self._length)[place]
        return self._at(places) if isinstance(places, int) else tuple(map(self._at, places))

    def _at(self, place: int) -> T:
        if place in self.told:
            return self.told[place]
        if place not in self._made:
            start = place - place % _BLOCK
            places = [each for each in range(start, min(start + _BLOCK, self._length)) if each not in self.told]
            self._made |= zip(places, self._make(places), strict=True)
        return self._made[place]


def told_of(items: Iterable[T]) -> Iterable[T]:
    """The items that there is something to tell of; of a sequence that does not say which these are, all."""
    return items.told.values() if isinstance(items, Sparse) else items


def usual_of(items: Sequence[object]) -> int:
    """How many items `told_of` leaves out."""
    return items.usual if isinstance(items, Sparse) else 0
