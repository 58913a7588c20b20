"""Ctrl-C and SIGTERM: the first asks for a graceful stop, another one leaves at once, which is safe."""

import os
import signal
from typing import TYPE_CHECKING

from bulk_onboard.cli.output import tell

if TYPE_CHECKING:
    from bulk_onboard.submission.stop import Stop


def heed_signals(stop: "Stop") -> None:
    """Turn signals into the wish to stop; to be called in the event loop."""
    import asyncio

    heard: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _heed, stop, number, heard)


def _heed(stop: "Stop", number: signal.Signals, heard: list[signal.Signals]) -> None:
    if heard:
        os._exit(128 + number)  # intents are on disk
    heard.append(number)
    stop.request(number)
    tell("Stopping: calls in flight finish, nothing new begins. Once more leaves at once.")
