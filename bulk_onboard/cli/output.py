"""What a verb answers, and the one place that turns answers and errors into text and an exit status."""

import json
import sys
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO, TypeVar

import typer

from bulk_onboard.errors import BulkOnboardError, ExitStatus, UsageError


@dataclass(frozen=True, slots=True)
class Output:
    """A verb's answer.

    Attributes:
        data: the object that `--json` prints; `exit_status` is added to it.
        show: prints the same for people.
        notes: sentences for stderr.
        error: what kept the verb from answering; None where it did answer.
    """

    exit_status: ExitStatus
    data: Mapping[str, Any]
    show: Callable[[TextIO], None]
    notes: tuple[str, ...] = field(default=())
    error: Exception | None = None


def finish(
    verb: Callable[[], Output],
    *,
    as_json: bool,
    quiet: bool = False,
    then: Callable[[Output], None] | None = None,
) -> NoReturn:
    """Carry out a verb, print what it answers, and end with its exit status; no error gets past this.

    With `quiet` a ledger in use is told by the status alone: cron would mail every night that takes long. `then` comes
    after the printing, so that nobody at a terminal waits for it.
    """
    try:
        output = verb()
    except BulkOnboardError as error:
        output = _failed(error.exit_status, str(error), error)
    except Exception as bug:
        output = _failed(ExitStatus.BUG, told_as_bug(bug), bug)
    for note in () if quiet and output.exit_status is ExitStatus.LOCKED else output.notes:
        tell(note)
    if as_json:
        print_json({"exit_status": int(output.exit_status), **output.data})
    else:
        output.show(sys.stdout)
    sys.stdout.flush()
    if then:
        then(output)
    raise typer.Exit(int(output.exit_status))


def _failed(status: ExitStatus, sentence: str, error: Exception) -> Output:
    return Output(status, {"error": sentence}, lambda stream: None, (sentence,), error)


def told_as_bug(bug: BaseException) -> str:
    """Where an unforeseen error arose, without its message: that may hold personal data."""
    while isinstance(bug, BaseExceptionGroup):
        bug = bug.exceptions[0]
    frames = [f for f in traceback.extract_tb(bug.__traceback__) if "bulk_onboard" in f.filename]
    places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:])
    return (
        f"This is a bug in bulk-onboard: {type(bug).__name__} at {places}. The ledger is safe; please report this line."
    )


def tell(sentence: str) -> None:
    """A sentence for people, on stderr."""
    print(f"bulk-onboard: {sentence}", file=sys.stderr, flush=True)


def print_json(data: Mapping[str, Any]) -> None:
    """One object on stdout; what is no JSON of itself, such as a path, as its text."""
    import msgspec  # many times as fast as json, which needs seconds for some 100,000 findings

    try:
        text = msgspec.json.format(msgspec.json.encode(data, enc_hook=str), indent=2).decode()
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # half a character, as in the name of a file that is no UTF-8, or one stdout lacks
        text = json.dumps(data, default=str, indent=2)
    print(text)


_T = TypeVar("_T")


def awaited(work: Coroutine[Any, Any, _T]) -> _T:
    """What the work comes to, in an event loop of its own."""
    import asyncio

    return asyncio.run(work)


YES = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def can_ask() -> bool:
    """Whether somebody sits at a terminal who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def is_wanted(question: str, *, yes: bool) -> bool:
    """Whether it is to be done.

    Raises:
        UsageError: nobody can be asked, and `--yes` was not given.
    """
    if yes:
        return True
    if not can_ask():
        raise UsageError(f"{question} Nobody can be asked here, so nothing was done; add --yes to do it.")
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:  # Ctrl-C and Ctrl-D are a no
        return False
