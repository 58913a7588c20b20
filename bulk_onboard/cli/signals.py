"""Ctrl-C, SIGTERM and SIGHUP: the first asks for a graceful stop, another one leaves at once, which is safe.

A second SIGHUP is nobody's impatience: a terminal that closes sends it, and so does the shell in it. Where SIGHUP is
ignored from the start (`nohup`) it stays ignored.
"""

import os
import signal
from typing import TYPE_CHECKING

from bulk_onboard.cli.output import tell

if TYPE_CHECKING:
    from bulk_onboard.submission.stop import Stop


def signals_to_heed() -> tuple[signal.Signals, ...]:
    """The signals that ask this process to stop."""
    ignores_hangups = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM) if ignores_hangups else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed_signals(stop: "Stop") -> None:
    """Turn signals into the wish to stop; to be called in the event loop."""
    import asyncio

    heard: list[signal.Signals] = []
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, _heed, stop, number, heard)


def _heed(stop: "Stop", number: signal.Signals, heard: list[signal.Signals]) -> None:
    if heard and number is signal.SIGHUP:
        return
    if heard:
        os._exit(128 + number)  # intents are on disk
    heard.append(number)
    stop.request(number)
    tell("Stopping: calls in flight finish, nothing new begins. Once more leaves at once.")
