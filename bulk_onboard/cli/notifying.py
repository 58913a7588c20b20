"""What a verb came to, told to the addresses in the environment; whatever goes wrong with that is a sentence."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output, tell, told_as_bug
from bulk_onboard.cli.signals import signals_to_heed
from bulk_onboard.errors import BulkOnboardError, WorkbookError
from bulk_onboard.settings import BY_NAME

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.notification.message import Message

_UNFIT = "The workbook cannot be used. Why was printed; it is not repeated here, since it may quote cells."
_GIVEN_UP = "The notification was given up."


def notify(output: Output, *, file: Path, flags: Mapping[str, Any]) -> None:
    """Tell it, where the environment has an address and the job wants it told.

    Args:
        file: JOB as it was typed; where it cannot be loaded, the flags and the defaults hold.
        flags: those of the settings.
    """
    from bulk_onboard.api.credential_place import is_kept
    from bulk_onboard.notification.address import VARIABLE

    if not is_kept(VARIABLE, os.environ):
        return
    try:
        for sentence in _notified(output, file, flags):
            tell(sentence)
    except KeyboardInterrupt:
        tell(_GIVEN_UP)
    except BulkOnboardError as error:
        tell(f"No notification went out. {error}")
    except Exception as bug:
        tell(told_as_bug(bug))


def _notified(output: Output, file: Path, flags: Mapping[str, Any]) -> Sequence[str]:
    """A sentence for each address that was to be told and was not reached."""
    from bulk_onboard.api.credential_place import look_up
    from bulk_onboard.notification.address import VARIABLE
    from bulk_onboard.notification.message import is_wanted

    job = _loaded(file, flags)
    when = job.notify if job else flags.get("notify") or BY_NAME["notify"].default
    if not is_wanted(when, output.exit_status):
        return ()
    addresses = look_up(VARIABLE, os.environ, warn=tell, several=True).split()
    return awaited(_sent(_message(output, file), addresses, job))


def _loaded(file: Path, flags: Mapping[str, Any]) -> "Job | None":
    from bulk_onboard.job import load_job

    try:
        return load_job(file, flags)
    except BulkOnboardError:
        return None


def _message(output: Output, file: Path) -> "Message":
    import socket

    from bulk_onboard.job import name_of
    from bulk_onboard.notification.message import message_of

    told = output.data if not isinstance(output.error, WorkbookError) else {"error": _UNFIT}
    return message_of(name_of(file), output.exit_status, told, host=socket.gethostname(), folder=Path.cwd())


async def _sent(message: "Message", addresses: Sequence[str], job: "Job | None") -> Sequence[str]:
    """The sentences of those that it did not reach; Ctrl-C, SIGTERM and SIGHUP end the sending, and nothing else."""
    import asyncio

    from bulk_onboard.pipeline.notifying import notify

    sending = asyncio.ensure_future(
        notify(message, addresses, proxy=job.proxy if job else None, ca_bundle=job.ca_bundle if job else None)
    )
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, sending.cancel)
    try:
        return await sending
    except asyncio.CancelledError:
        return (_GIVEN_UP,)
