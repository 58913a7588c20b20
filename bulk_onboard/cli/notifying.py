"""Notify the addresses in BULK_ONBOARD_NOTIFY of how a run ended.

An address that begins with https is a plain webhook; any other is for apprise. What goes wrong becomes a sentence on
stderr and changes nothing else.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulk_onboard.cli.output import Output, awaited, tell
from bulk_onboard.cli.process import signals_to_heed
from bulk_onboard.errors import BulkOnboardError, ExitStatus, WorkbookError, describe_bug
from bulk_onboard.settings import BY_NAME

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.notification.message import Message

_UNFIT = "The workbook cannot be used. The reason was printed there; it is left out here, since it may quote cells."
_GIVEN_UP = "The notification was given up."


def notify(output: Output, *, word: str | None, flags: Mapping[str, Any]) -> None:
    """Notify of how a verb ended, where the environment has an address and the job's `notify` says so.

    Args:
        word: JOB as it was typed, None where it was left out; where it cannot be loaded, the flags and defaults hold.
        flags: the settings that were given on the command line.
    """
    from bulk_onboard.api.credentials import is_kept
    from bulk_onboard.notification.message import VARIABLE

    if not is_kept(VARIABLE, os.environ):
        return
    try:
        for sentence in _notified(output, _file(word), flags):
            tell(sentence)
    except KeyboardInterrupt:
        tell(_GIVEN_UP)
    except BulkOnboardError as error:
        tell(f"No notification went out. {error}")
    except Exception as bug:
        tell(describe_bug(bug))
    _leave_what_hangs(output.exit_status)


def _leave_what_hangs(status: ExitStatus) -> None:
    """End the process at once where apprise still hangs: Python would wait for its threads, perhaps for ever."""
    sending = sys.modules.get("bulk_onboard.notification.sending")
    if sending and sending.is_hanging():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status))


def _notified(output: Output, file: Path, flags: Mapping[str, Any]) -> Sequence[str]:
    """Send what is to be sent; return a sentence for each address that was not reached."""
    from bulk_onboard.api.credentials import look_up
    from bulk_onboard.notification.message import VARIABLE, is_wanted, statuses_in

    job = _loaded(file, flags)
    when = job.notify if job else flags.get("notify") or BY_NAME["notify"].default
    if not is_wanted(when, *statuses_in(output.data, output.exit_status)):
        return ()
    addresses = look_up(VARIABLE, os.environ, warn=tell, several=True).split()
    return awaited(_sent(_message(output, file), addresses, job))


def _file(word: str | None) -> Path:
    from bulk_onboard.job_file import JOB_FILE, find_job_file

    try:
        return find_job_file(word) or Path(JOB_FILE)
    except BulkOnboardError:
        return Path(word or JOB_FILE)


def _loaded(file: Path, flags: Mapping[str, Any]) -> "Job | None":
    from bulk_onboard.job import load_jobs

    try:
        return load_jobs(file, flags)[0]  # what matters here is the whole job's
    except BulkOnboardError:
        return None


def _message(output: Output, file: Path) -> "Message":
    import socket

    from bulk_onboard.job_file import name_of
    from bulk_onboard.notification.message import message_of

    data = output.data if not isinstance(output.error, WorkbookError) else {"error": _UNFIT}
    return message_of(name_of(file), output.exit_status, data, host=socket.gethostname(), folder=Path.cwd())


async def _sent(message: "Message", addresses: Sequence[str], job: "Job | None") -> Sequence[str]:
    """Send it, unless a signal gives it up; return a sentence for each address that was not reached."""
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
    """Send a message to all addresses at once; return a sentence for each that was not reached.

    Webhooks on other machines are called through the job's proxy, with its certificates.
    """
    import asyncio

    from bulk_onboard.notification.message import name_of

    whys = await asyncio.gather(*(_sent_to(address, message, proxy, ca_bundle) for address in addresses))
    return [
        f"The notification did not reach {name_of(number, address)}: {why}. The run itself is not affected."
        for number, (address, why) in enumerate(zip(addresses, whys, strict=True), 1)
        if why
    ]


async def _sent_to(address: str, message: "Message", proxy: str | None, ca_bundle: Path | None) -> str:
    """Send a message to one address; return why that failed, or an empty text."""
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
        return "there are no certificates to check its certificate with"
    except ValueError:  # urlsplit's, whose text holds the address
        return "it cannot be read"
    return await post(address, message.data, tls=tls, proxy=None if loopback else proxy)
