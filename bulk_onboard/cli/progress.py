"""What people see while a command is at work: one line on a terminal, a line a minute elsewhere.

A thread of its own looks at the work a few times a second (`glance`) and shows it, so that the work need not know of
it, and the line goes on while the work computes.

The line says what is true: `51/200 · 60/min allowed · about 2 min 30 s left (15:31) · next call in 37 s`. It is never
wider than the terminal; what matters least is left out first. Green is done, yellow waits; words say the same. There is
one line for all accounts of a job.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta, tzinfo
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeAlias

from bulk_onboard import log
from bulk_onboard.cli.glance import SHORTEST_TOLD_S, Glance, Watch
from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.units import format_count, format_countdown

if TYPE_CHECKING:
    from bulk_onboard.pipeline.progress import Progress

_LOOKS_PER_S = 4
EACH_S = 60.0
Hidden: TypeAlias = Callable[[], AbstractContextManager[None]]
_SHORT_S = 5.0


@contextmanager
def shown(
    accounts: "Sequence[Progress]",
    stream: TextIO,
    *,
    quiet: bool,
    zone: tzinfo | None = None,
    clock: Clock | None = None,
) -> Iterator[Hidden]:
    """Show how far the work is while the context lasts; nothing with `quiet`.

    Yield what hides it while somebody is asked a question.

    Args:
        accounts: what the work says of itself, one for each account.
        stream: stderr. Where it is no terminal, or is for JSON, a line a minute is logged.
        zone: in which hours are told; the machine's by default.
    """
    from bulk_onboard.reporting.printer import is_terminal

    watch = Watch(accounts, clock or SystemClock(), zone)
    if quiet:
        yield nullcontext
    elif is_terminal(stream) and not log.is_json():
        line = _LiveLine(stream, watch)
        line.start()
        try:
            yield line.hidden
        finally:
            line.stop()
    else:
        with _logged(watch, stream):
            yield nullcontext


# On a terminal.


class Piece(NamedTuple):
    """A part of the line.

    Attributes:
        rank: what is of the highest rank is left out first where the terminal is narrow.
        shorter: the text with less and less of it, used before anything essential is left out.
    """

    text: str
    rank: int
    style: str = ""
    shorter: tuple[str, ...] = ()

    def shortened(self) -> "Piece":
        """Return it with the next shorter text."""
        return self._replace(text=self.shorter[0], shorter=self.shorter[1:])


_BETWEEN = " · "
_BAR_WIDTH = 20
_LEAST_OF_A_PIECE = 16
_ESSENTIAL = 2  # what has at most this rank is said with fewer words before it is left out


def pieces_of(glance: Glance) -> list[Piece]:
    """Return what the line says, in its order."""
    waits = glance.waits_for
    is_review = glance.gives_up_s is not None
    rows = f"{glance.done:,}/{glance.due:,}" if glance.due and not is_review else ""
    left = glance.left and (f"{glance.left} ({glance.ends_at})" if glance.ends_at else glance.left)
    pieces = [
        Piece(rows, 0),
        Piece(glance.how_many_accounts, 2, shorter=_fewer_words(glance)),
        Piece(_allowed(glance) if rows else "", 5),
        Piece(waits, 1, "yellow" if glance.trouble else "", glance.waits_for_briefly),
        Piece(left, 2, shorter=(glance.left,) if glance.ends_at else ()),
        Piece(glance.beside, 4),
        Piece(_settling(glance), 4),
        Piece("" if glance.doing_left_s or glance.trouble else _next_call(glance), 3),
    ]
    return [piece for piece in pieces if piece.text]


def _allowed(glance: Glance) -> str:
    return f"{glance.allowed} allowed" if glance.allowed and not glance.accounts else glance.allowed


def _fewer_words(glance: Glance) -> tuple[str, ...]:
    return (f"{glance.accounts_done:,}/{format_count(glance.accounts, 'account')}",) if glance.accounts_done else ()


def _settling(glance: Glance) -> str:
    if not glance.unknown:
        return ""
    is_all_sent = glance.done + glance.unknown >= glance.due
    looks = f", next look in {format_countdown(glance.next_look_s)}" if is_all_sent else ""
    return f"settling {format_count(glance.unknown, 'unknown outcome')}{looks}"


def _next_call(glance: Glance) -> str:
    if glance.next_s is None:
        return "waiting for the API to answer"
    return f"next call in {format_countdown(glance.next_s)}" if glance.next_s >= SHORTEST_TOLD_S else ""


def fitted(pieces: list[Piece], width: int) -> list[Piece]:
    """Return the pieces that fit into so many columns.

    What matters less is left out first; then the rest is said with fewer words; what matters most is cut off rather
    than left out.
    """
    left = list(pieces)
    while left and (too_long := _width_of(left) - width) > 0:
        last = max(left, key=lambda piece: piece.rank)
        shortenable = [piece for piece in left if piece.shorter]
        if last.rank <= _ESSENTIAL and shortenable:
            last = max(shortenable, key=lambda piece: piece.rank)
            left[left.index(last)] = last.shortened()
            continue
        kept = len(last.text) - too_long - 1
        if len(left) > 1 and (last.rank > 1 or kept < _LEAST_OF_A_PIECE):
            left.remove(last)
        else:
            left[left.index(last)] = last._replace(text=last.text[: max(0, kept)] + "…")
            break
    return left


def _width_of(pieces: list[Piece]) -> int:
    from rich.cells import cell_len

    return sum(cell_len(piece.text) for piece in pieces) + len(_BETWEEN) * (len(pieces) - 1)


class _Line:
    """The line as rich draws it, made anew at each look."""

    def __init__(self, stream: TextIO, watch: Watch) -> None:
        self._stream = stream
        self._watch = watch

    def __rich_console__(self, _console: Any, options: Any) -> Iterator[Any]:
        from bulk_onboard.reporting.printer import shown as printable

        glance, width = self._watch.look(), options.max_width - 1
        pieces = [
            piece._replace(text=printable(piece.text, self._stream)) for piece in fitted(pieces_of(glance), width)
        ]
        yield drawn(glance, pieces, width, self._stream.encoding)


def drawn(glance: Glance, pieces: list[Piece], width: int, encoding: str | None) -> Any:
    """Return the line: a bar where there is room for one, and the pieces."""
    from rich.text import Text

    line = Text(no_wrap=True, overflow="ellipsis", end="")
    fits = _width_of(pieces) + _BAR_WIDTH + 1 <= width
    if pieces and glance.due and fits and glance.gives_up_s is None:
        full, empty = ("━", "━") if (encoding or "").lower().startswith("utf") else ("#", "-")
        filled = _BAR_WIDTH * glance.done // max(1, glance.due)
        line.append(full * filled, "green").append(empty * (_BAR_WIDTH - filled), "bright_black").append(" ")
    for number, piece in enumerate(pieces):
        line.append(_BETWEEN if number else "").append(piece.text, piece.style)
    return line


class _LiveLine:
    """The line on a terminal, below whatever is printed meanwhile; it is gone whenever it stops."""

    def __init__(self, stream: TextIO, watch: Watch) -> None:
        from rich.console import Console  # takes 40 ms to import, and is needed on a terminal only

        self._console = Console(file=stream, highlight=False)
        self._line = _Line(stream, watch)

    def start(self) -> None:
        """Draw it, a few times a second."""
        from rich.live import Live

        self._live = Live(self._line, console=self._console, transient=True, refresh_per_second=_LOOKS_PER_S)
        self._live.start()
        self._console.show_cursor(True)  # a process that is killed would leave the terminal without one

    def stop(self) -> None:
        """Draw it no more."""
        self._live.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Draw nothing while the context lasts."""
        self.stop()
        try:
            yield
        finally:
            self.start()


# Elsewhere.


def minute_line(glance: Glance) -> str:
    """Return what is logged each minute: `51 of 200 done, about 2 min 30 s left (15:31)`."""
    rows = f"{glance.done:,} of {glance.due:,} {glance.verb}" if glance.due and glance.gives_up_s is None else ""
    ends_at = f" ({glance.ends_at})" if glance.ends_at else ""
    settling = "" if glance.doing else _settling(glance)
    said = (glance.waits_for, rows, glance.how_many_accounts, f"{glance.left}{ends_at}", glance.beside, settling)
    return ", ".join(filter(None, said)) or "working"


def end_line(glance: Glance, took_s: float) -> str:
    """Return what is logged at the end of something long enough to have been logged before."""
    return f"{glance.done:,} of {glance.due:,} {glance.verb} in {format_countdown(took_s)}"


@contextmanager
def _logged(watch: Watch, stream: TextIO) -> Iterator[None]:
    """Log a line once it is known what is due, one a minute, and one at the end; of work that is short none at all."""
    over = Event()
    thread = Thread(target=_log_until, args=(over, watch, stream), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _log_until(over: Event, watch: Watch, stream: TextIO) -> None:
    began, told_at, told = watch.clock.monotonic(), watch.clock.monotonic(), False
    while not over.wait(1 / _LOOKS_PER_S):
        now = watch.clock.monotonic()
        if now - told_at >= EACH_S or (not told and watch.is_any_due() and _is_long(watch, now - began)):
            _log(glance := watch.look_at_all(), minute_line(glance), stream)
            told_at, told = now, True
    if told and watch.is_any_due():
        glance = replace(watch.look_at_all(), left_s=None)
        _log(glance, end_line(glance, watch.clock.monotonic() - began), stream)


def _is_long(watch: Watch, took_s: float) -> bool:
    """Return whether it takes long enough for somebody to wonder."""
    return took_s >= _SHORT_S or (watch.look().left_s or 0.0) >= _SHORT_S


def _log(glance: Glance, line: str, stream: TextIO) -> None:
    if not log.is_json():
        print(f"{glance.now:%H:%M} {line}", file=stream, flush=True)
        return
    left_s = None if glance.left_s is None else round(glance.left_s)
    ends_at = None if left_s is None else (glance.now + timedelta(seconds=left_s)).isoformat(timespec="seconds")
    doing = glance.waits_for or glance.beside
    facts = {"done": glance.done, "due": glance.due, "left_s": left_s, "ends_at": ends_at, "doing": doing}
    if glance.accounts:
        facts |= {"accounts": glance.accounts, "accounts_done": glance.accounts_done}
        facts |= {"accounts_stopped": glance.accounts_stopped or None}
    log.logger().info("progress", **{name: value for name, value in facts.items() if value not in (None, "")})
