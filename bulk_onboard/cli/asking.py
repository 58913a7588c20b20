"""Ask before what cannot be taken back: on a terminal only; elsewhere nothing waits for an answer."""

import sys
from typing import Annotated

import typer

from bulk_onboard.errors import UsageError

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
