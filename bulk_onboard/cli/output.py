"""What a verb answers, and how answers and errors become text and an exit status; nowhere else does that happen."""

import json
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NoReturn, TextIO, TypeVar

import typer

from bulk_onboard import log
from bulk_onboard.errors import BulkOnboardError, ExitStatus, LockedError, UsageError, describe_bug


@dataclass(frozen=True, slots=True)
class Output:
    """A verb's answer.

    Attributes:
        data: the object that `--json` prints; `exit_status` is added to it.
        show: prints the answer as text.
        notes: sentences for stderr.
        in_use: sentences for stderr about ledgers in use; with `--quiet` they are left out, or cron would send a mail
            each time a run takes longer than usual.
        error: what kept the verb from answering; None where it did.
    """

    exit_status: ExitStatus
    data: Mapping[str, Any]
    show: Callable[[TextIO], None]
    notes: tuple[str, ...] = field(default=())
    in_use: tuple[str, ...] = field(default=())
    error: Exception | None = None


def finish(
    verb: Callable[[], Output],
    *,
    as_json: bool,
    quiet: bool = False,
    then: Callable[[Output], None] | None = None,
) -> NoReturn:
    """Carry out a verb, print its answer or error, and end with its exit status.

    Args:
        quiet: say nothing of ledgers in use.
        then: called after the printing, so that nobody at a terminal waits for it.
    """
    try:
        output = verb()
    except BulkOnboardError as error:
        output = _failed(error.exit_status, str(error), error)
    except Exception as bug:
        output = _failed(ExitStatus.BUG, describe_bug(bug), bug)
    for note in (*output.notes, *(() if quiet else output.in_use)):
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
    data, is_in_use = {"error": sentence}, isinstance(error, LockedError)
    notes, in_use = ((), (sentence,)) if is_in_use else ((sentence,), ())
    return Output(status, data, lambda stream: None, notes, in_use, error)


def tell(sentence: str) -> None:
    """Put a sentence on stderr, in the form of all that stands there."""
    log.note(sentence)


def print_json(data: Mapping[str, Any]) -> None:
    """Print one object on stdout; what JSON does not know, such as a path, as its text."""
    import msgspec  # many times as fast as json, which needs seconds for some 100,000 findings

    try:
        text = msgspec.json.format(msgspec.json.encode(data, enc_hook=str), indent=2).decode()
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # a file name that is not UTF-8, or a character that the encoding of stdout lacks
        text = json.dumps(data, default=str, indent=2)
    print(text)


_T = TypeVar("_T")


def awaited(work: Coroutine[Any, Any, _T]) -> _T:
    """Run the work in an event loop of its own; return its result."""
    import asyncio

    return asyncio.run(work)


YES = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def can_ask() -> bool:
    """Return whether there is a terminal to ask a question at."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def is_wanted(question: str, *, yes: bool) -> bool:
    """Ask a question; return whether the answer was yes.

    Raises:
        UsageError: there is no terminal to ask at, and `--yes` was not given.
    """
    if yes:
        return True
    if not can_ask():
        raise UsageError(f"{question} Not a terminal, so nothing was done; use --yes to do it without asking.")
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:  # Ctrl-C and Ctrl-D are a no
        return False


def warn_of_callback_url(callback_url: str) -> None:
    """Warn of what speaks against the job's callback address, though it may be used."""
    from bulk_onboard.model.callback_url import doubt

    if why := doubt(callback_url):
        tell(f"callback_url: {why}")
