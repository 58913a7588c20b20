"""Tell the addresses in the environment how a run ended: a plain webhook where one begins with https, else apprise.

Whatever goes wrong with that is a sentence on stderr.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulk_onboard.cli.output import Output, awaited, tell, told_as_bug
from bulk_onboard.cli.process import signals_to_heed
from bulk_onboard.errors import BulkOnboardError, ExitStatus, WorkbookError
from bulk_onboard.settings import BY_NAME

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.notification.message import Message

_UNFIT = "The workbook cannot be used. Why was printed; it is not repeated here, since it may quote cells."
_GIVEN_UP = "The notification was given up."


def notify(output: Output, *, file: Path, flags: Mapping[str, Any]) -> None:
    """Tell how a verb ended, where the environment has an address and the job wants it told.

    Args:
        file: JOB as it was typed; where it cannot be loaded, the flags and the defaults hold.
        flags: those of the settings.
    """
    from bulk_onboard.api.credentials import is_kept
    from bulk_onboard.notification.message import VARIABLE

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
    _leave_what_hangs(output.exit_status)


def _leave_what_hangs(status: ExitStatus) -> None:
    """End the process at once where a service still hangs: Python would wait for its threads, perhaps for ever."""
    sending = sys.modules.get("bulk_onboard.notification.sending")
    if sending and sending.is_hanging():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status))


def _notified(output: Output, file: Path, flags: Mapping[str, Any]) -> Sequence[str]:
    """A sentence for each address that was to be told and was not reached."""
    from bulk_onboard.api.credentials import look_up
    from bulk_onboard.notification.message import VARIABLE, is_wanted

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
    """Send it; return a sentence for each address that it did not reach.

    Ctrl-C, SIGTERM and SIGHUP end the sending, and nothing else.
    """
    import asyncio

    proxy, ca_bundle = (job.proxy, job.ca_bundle) if job else (None, None)
    sending = asyncio.ensure_future(send(message, addresses, proxy=proxy, ca_bundle=ca_bundle))
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, sending.cancel)
    try:
        return await sending
    except asyncio.CancelledError:
        return (_GIVEN_UP,)


async def send(
    message: "Message", addresses: Sequence[str], *, proxy: str | None = None, ca_bundle: Path | None = None
) -> list[str]:
    """Send a message to all addresses at once; return a sentence for each that it did not reach.

    Webhooks of other machines go by the way of the job's calls: its proxy, its certificates.
    """
    import asyncio

    from bulk_onboard.notification.message import name_of

    whys = await asyncio.gather(*(_sent_to(address, message, proxy, ca_bundle) for address in addresses))
    return [
        f"The notification did not reach {name_of(number, address)}: {why}. What the run did stands."
        for number, (address, why) in enumerate(zip(addresses, whys, strict=True), 1)
        if why
    ]


async def _sent_to(address: str, message: "Message", proxy: str | None, ca_bundle: Path | None) -> str:
    """Send a message to one address; return why it did not go out, or nothing when it did."""
    from urllib.parse import urlsplit

    from bulk_onboard.api.address import is_loopback, trust_context
    from bulk_onboard.notification.message import scheme_of
    from bulk_onboard.notification.sending import hand_over, post

    scheme = scheme_of(address)
    if not scheme:
        return "it does not begin with https://, nor with a service such as slack://"
    if scheme not in ("http", "https"):
        return await hand_over(address, message)
    try:
        loopback = is_loopback(urlsplit(address).hostname or "")
        if scheme == "http" and not loopback:
            return "plain http is for this machine only; use https"
        tls = trust_context(ca_bundle) if scheme == "https" else True
    except BulkOnboardError:
        return "there are no certificates to check it by"
    except ValueError:  # urlsplit's, whose text holds the address
        return "it cannot be read"
    return await post(address, message.data, tls=tls, proxy=None if loopback else proxy)
