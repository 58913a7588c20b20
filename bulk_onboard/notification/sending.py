"""Send one notification: by a plain webhook, or through apprise, which knows many services.

A webhook gets one POST of one JSON object. It is sent without credentials except those in the address, uses no proxy
and no .netrc of the environment, and follows no redirect; of the answer only the HTTP status is read.

apprise blocks, so it is called in a thread. The thread is abandoned after a deadline, but cannot be ended, and Python
waits at exit for the threads that apprise itself has started: ask `is_hanging` before the process ends.
"""

import asyncio
import json
import logging
import ssl
import threading
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp

from bulk_onboard import __version__
from bulk_onboard.notification.message import Message

WEBHOOK_WAIT_S = 10.0
APPRISE_WAIT_S = 20.0

_LAST_WAIT_S = 0.2
_THREAD = "bulk-onboard-notification"

_MISSING = "it needs apprise, which is not installed; type: pip install 'bulk-onboard[notify]'"
_NOT_TAKEN = "apprise does not take it; see apprise's documentation for its form, and what else it needs"
_NOT_DELIVERED = "the service could not be reached, or refused it"


async def post(
    url: str,
    data: Mapping[str, Any],
    *,
    tls: ssl.SSLContext | bool = True,
    proxy: str | None = None,
    timeout_s: float = WEBHOOK_WAIT_S,
) -> str:
    """Post an object to a webhook, once.

    Args:
        timeout_s: for everything: looking up the host, connecting, sending, and the head of the answer.

    Returns:
        Why it did not arrive, as part of a sentence ("it …"); empty when it did.
    """
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"bulk-onboard/{__version__}", "Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                trust_env=False,
            ) as session,
            session.post(url, data=json.dumps(data).encode(), proxy=proxy, allow_redirects=False) as response,
        ):
            return _refused(response.status)
    except Exception as error:  # whatever it is: the texts of aiohttp's errors hold the address
        return _failed(error, timeout_s)


def _refused(http_status: int) -> str:
    if 200 <= http_status < 300:
        return ""
    redirect = ", a redirect, which is never followed" if 300 <= http_status < 400 else ""
    return f"it answered with HTTP status {http_status}{redirect}"


def _failed(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"it did not answer within {timeout_s:g} s"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "its certificate is not trusted, or no secure connection could be made"
    if isinstance(error, OSError):
        return "it could not be reached"
    return f"it could not be asked ({type(error).__name__})"


async def hand_over(address: str, message: Message, *, timeout_s: float = APPRISE_WAIT_S) -> str:
    """Hand a message to apprise, once.

    Returns:
        Why it did not arrive, as part of a sentence; empty when it did.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def answered(why: str) -> None:
        if not answer.done():
            answer.set_result(why)

    def work() -> None:
        try:
            why = _through_apprise(address, message)
        except BaseException as trouble:  # without its text, which may hold the address
            why = f"apprise failed on it ({type(trouble).__name__})"
        with suppress(RuntimeError):  # the loop is closed, and nothing waits any more
            loop.call_soon_threadsafe(answered, why)

    # A daemon thread: asyncio would wait for the threads of its own pool.
    threading.Thread(target=work, name=_THREAD, daemon=True).start()
    try:
        async with asyncio.timeout(timeout_s):
            return await answer
    except TimeoutError:
        return f"it took more than {timeout_s:g} s"


def is_hanging() -> bool:
    """Return whether apprise is still at work after its deadline."""
    ours = [thread for thread in threading.enumerate() if thread.name == _THREAD]
    for thread in ours:
        thread.join(_LAST_WAIT_S)  # it may be about to end
    return any(thread.is_alive() for thread in ours)


def _through_apprise(address: str, message: Message) -> str:
    """Hand it over, and block.

    The pictures and links of apprise's project are left out, since fetching them would tell a third party. The text is
    sent as plain text, since paths may look like Markdown.
    """
    # What a service's libraries log or warn of may hold the address, so it is not printed.
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    try:
        import apprise  # noqa: PLC0415 - an extra; who has it not is told so
    except ImportError:
        return _MISSING
    asset = apprise.AppriseAsset(
        app_id="bulk-onboard",
        app_desc="bulk-onboard",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
    )
    service = apprise.Apprise(asset=asset)
    if not service.add(address):
        return _NOT_TAKEN
    arrived = service.notify(
        title=message.title,
        body=message.text,
        notify_type=message.level,
        body_format=apprise.NotifyFormat.TEXT.value,
    )
    return "" if arrived else _NOT_DELIVERED
