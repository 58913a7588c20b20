"""What people see while a command is at work: one line on a terminal, a line a minute elsewhere.

A thread of its own looks at the `Progress` a few times a second and shows it, so that the work need not know of it, and
the line goes on while the work computes.

The line says what is true: `51/200 · 60/min allowed · about 2 min 30 s left (15:31) · next call in 37 s`. It is never
wider than the terminal; what matters least is left out first. Green is done, yellow waits; words say the same.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeAlias

from bulk_onboard import log
from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.units import format_clock, format_count, format_countdown, format_estimate

if TYPE_CHECKING:
    from bulk_onboard.pipeline.progress import Progress

_LOOKS_PER_S = 4
_SHORTEST_TOLD_S = 1.0
EACH_S = 60.0
Hidden: TypeAlias = Callable[[], AbstractContextManager[None]]
_SHORT_S = 5.0


@contextmanager
def shown(
    progress: "Progress", stream: TextIO, *, quiet: bool, zone: tzinfo | None = None, clock: Clock | None = None
) -> Iterator[Hidden]:
    """Show the progress while the context lasts; nothing with `quiet`.

    Yield what hides it while somebody is asked a question.

    Args:
        stream: stderr. Where it is no terminal, or is for JSON, a line a minute is logged.
        zone: in which hours are told; the machine's by default.
    """
    from bulk_onboard.reporting.printer import is_terminal

    watch = Watch(progress, clock or SystemClock(), zone)
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


# What there is to say.


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A run at one instant.

    Attributes:
        now: aware, in the zone in which hours are told.
        done, due: rows; `verb` is what was done with them. Those with an unknown outcome are not done.
        allowed: of the quota, such as `60/min`; empty without one.
        left_s: seconds until all is done; None where that cannot be told.
        next_s: seconds until the next call goes; 0 where none waits, None where an answer must come first.
        trouble: why no calls are made; empty while they are.
        unknown: how many outcomes are unknown; the next look for one is in `next_look_s`.
        doing: what is done while no rows are sent, and what follows in `doing_left_s`; empty while they are sent.
        gives_up_s: seconds until it is given up; None where it is not.
    """

    now: datetime
    done: int = 0
    due: int = 0
    verb: str = "done"
    allowed: str = ""
    left_s: float | None = None
    next_s: float | None = 0.0
    trouble: str = ""
    unknown: int = 0
    next_look_s: float = 0.0
    doing: str = ""
    then: str = ""
    doing_left_s: float | None = None
    gives_up_s: float | None = None

    @property
    def waits_for(self) -> str:
        """What is done or waited for while no rows are sent, with the time that is left; empty while they are sent."""
        if self.trouble:
            return self.trouble
        if not self.doing:
            return ""
        if self.doing_left_s is None:
            return self.doing
        in_time = "now"
        if self.doing_left_s >= _SHORTEST_TOLD_S:
            in_time = f"in {format_countdown(self.doing_left_s)} ({self._clock_in(self.doing_left_s)})"
        gives_up = "" if self.gives_up_s is None else f"; gives up {self._clock_in(self.gives_up_s, with_on=True)}"
        return f"{self.doing}; {self.then} {in_time}{gives_up}"

    @property
    def waits_for_briefly(self) -> tuple[str, ...]:
        """`waits_for` with less and less of it, but always with how long; empty where nothing can be left out."""
        if self.trouble or not self.doing or self.doing_left_s is None:
            return ()
        if self.doing_left_s < _SHORTEST_TOLD_S:
            return (f"{self.doing}; {self.then} now", self.doing)
        countdown = format_countdown(self.doing_left_s)
        return f"{self.doing}; {self.then} in {countdown}", f"{self.doing} ({countdown})"

    @property
    def left(self) -> str:
        """About how long it still takes; empty where that cannot be told."""
        return "" if self.left_s is None or self.trouble else f"about {format_estimate(self.left_s)} left"

    @property
    def ends_at(self) -> str:
        """The hour at which it ends, with the day where that is not today."""
        return "" if not self.left or self.left_s is None else self._clock_in(self.left_s)

    def _clock_in(self, seconds: float, *, with_on: bool = False) -> str:
        at = self.now + timedelta(seconds=seconds)
        said = format_clock(at, self.now)
        return f"{'at' if at.date() == self.now.date() else 'on'} {said}" if with_on else said


@dataclass(slots=True)
class Watch:
    """Looks at a run."""

    progress: "Progress"
    clock: Clock
    zone: tzinfo | None = None

    def look(self) -> Glance:
        """Return the run as it is now."""
        progress, now_s = self.progress, self.clock.monotonic()
        flow, activity = progress.flow(), progress.activity
        unknown, next_look_at = progress.settling()
        return Glance(
            now=self.clock.now().astimezone(self.zone),
            done=max(0, progress.done - progress.unsure()),
            due=progress.due,
            verb=progress.verb,
            allowed=flow.quota,
            left_s=progress.time_left(),
            next_s=flow.next_s,
            trouble=flow.trouble,
            unknown=unknown,
            next_look_s=max(0.0, next_look_at - now_s),
            doing=activity.what if activity else "",
            then=activity.then if activity else "",
            doing_left_s=None if activity is None or activity.until is None else max(0.0, activity.until - now_s),
            gives_up_s=None if activity is None or activity.gives_up_at is None else activity.gives_up_at - now_s,
        )


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
        Piece(f"{glance.allowed} allowed" if glance.allowed and rows else "", 5),
        Piece(waits, 1, "yellow" if glance.trouble else "", glance.waits_for_briefly),
        Piece(left, 2, shorter=(glance.left,) if glance.ends_at else ()),
        Piece(_settling(glance), 4),
        Piece("" if glance.doing_left_s or glance.trouble else _next_call(glance), 3),
    ]
    return [piece for piece in pieces if piece.text]


def _settling(glance: Glance) -> str:
    if not glance.unknown:
        return ""
    is_all_sent = glance.done + glance.unknown >= glance.due
    looks = f", next look in {format_countdown(glance.next_look_s)}" if is_all_sent else ""
    return f"settling {format_count(glance.unknown, 'unknown outcome')}{looks}"


def _next_call(glance: Glance) -> str:
    if glance.next_s is None:
        return "waiting for the API to answer"
    return f"next call in {format_countdown(glance.next_s)}" if glance.next_s >= _SHORTEST_TOLD_S else ""


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
    said = (glance.waits_for, rows, f"{glance.left}{ends_at}", "" if glance.doing else _settling(glance))
    return ", ".join(part for part in said if part) or "working"


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
        if now - told_at >= EACH_S or (watch.progress.due and not told and _is_long(watch, now - began)):
            _log(glance := watch.look(), minute_line(glance), stream)
            told_at, told = now, True
    if told and watch.progress.due:
        _log(glance := replace(watch.look(), left_s=None), end_line(glance, watch.clock.monotonic() - began), stream)


def _is_long(watch: Watch, took_s: float) -> bool:
    """Return whether it takes long enough for somebody to wonder."""
    return took_s >= _SHORT_S or (watch.progress.time_left() or 0.0) >= _SHORT_S


def _log(glance: Glance, line: str, stream: TextIO) -> None:
    if not log.is_json():
        print(f"{glance.now:%H:%M} {line}", file=stream, flush=True)
        return
    left_s = None if glance.left_s is None else round(glance.left_s)
    ends_at = None if left_s is None else (glance.now + timedelta(seconds=left_s)).isoformat(timespec="seconds")
    facts = {"done": glance.done, "due": glance.due, "left_s": left_s, "ends_at": ends_at, "doing": glance.waits_for}
    log.logger().info("progress", **{name: value for name, value in facts.items() if value not in (None, "")})
