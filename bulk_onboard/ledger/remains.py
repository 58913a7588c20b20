"""What is left of a damaged ledger: its sound lines by number, and the remains of the others.

A line is sound when its checksum fits and it can be read; the number that it then tells is its own, wherever in the
file it stands. Damaged bytes between two line ends are the remains of one line where they tell one number, which no
sound line has. Anything else, a number without remains too, is a loss that cannot be told.
"""

from dataclasses import dataclass, field

from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger.codec import Fault, LineError, decode
from bulk_onboard.ledger.doubt import numbers_told
from bulk_onboard.ledger.fold import without_tail
from bulk_onboard.model.entry import Entry, LedgerOpened

_NOT_TO_BE_SALVAGED = {Fault.NEWER, Fault.CRITICAL}


@dataclass(slots=True)
class Remains:
    """A damaged ledger, sorted out.

    Attributes:
        sound: the sound lines, without newlines, and their entries, by number.
        told: the remains of lost lines that tell their number.
        untold: the remains that do not.
        torn: the end of the file that was never finished, hence never acted upon.
    """

    sound: dict[int, tuple[bytes, Entry]] = field(default_factory=dict)
    told: dict[int, bytes] = field(default_factory=dict)
    untold: list[bytes] = field(default_factory=list)
    torn: bytes = b""

    @property
    def last(self) -> int:
        """The highest number that a line has or had."""
        return max([*self.sound, *self.told])

    @property
    def lost(self) -> tuple[int, ...]:
        """The numbers that no sound line has."""
        return tuple(number for number in range(1, self.last + 1) if number not in self.sound)

    @property
    def tell_all(self) -> bool:
        """Whether each lost line left remains that tell its number."""
        return not self.untold and set(self.lost) == self.told.keys()


def sort_out(content: bytes, name: str = "the ledger") -> Remains:
    """The remains of a ledger; `name` is what messages call it.

    Raises:
        LedgerError: no ledger, its first line lost, a newer version's, or two ledgers in one: not to be salvaged.
    """
    lines, tail, rotten = without_tail(content)
    remains = Remains(torn=b"" if rotten else tail)
    damaged = [line for line in [*lines, *filter(None, [rotten])] if not _take_sound(remains, line, name)]
    header = remains.sound.get(1)
    if header is None or not isinstance(header[1], LedgerOpened):
        raise _refused(name, "its first line, which says whose it is, is lost")
    last_sound = remains.last
    for line in damaged:
        numbers = numbers_told(line)
        is_lost = len(numbers) == 1 and numbers[0] not in remains.sound and numbers[0] not in remains.told
        if is_lost and numbers[0] <= last_sound + len(damaged):
            remains.told[numbers[0]] = line
        else:
            remains.untold.append(line)
    return remains


def _take_sound(remains: Remains, line: bytes, name: str) -> bool:
    """Whether the line is sound; it is then among those that remain."""
    try:
        entry = decode(line)
    except LineError as error:
        if error.fault in _NOT_TO_BE_SALVAGED:
            raise _refused(name, str(error)) from error
        return False
    if entry.seq < 1:
        return False
    same_number, _ = remains.sound.setdefault(entry.seq, (line, entry))
    if same_number != line or isinstance(entry, LedgerOpened) != (entry.seq == 1):
        raise _refused(name, f"two lines say that they are line {entry.seq}, so two ledgers are mixed in it")
    return True


def _refused(name: str, why: str) -> LedgerError:
    return LedgerError(
        f"{name} cannot be repaired: {why}. Nothing was changed. Put back an undamaged copy from a backup; without "
        "one move it away: the next run makes a new one from the account."
    )
