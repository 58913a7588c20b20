"""The door to aiohttp for notifications: one POST of one JSON object, and why it did not arrive.

It holds no credentials but those that are part of the address itself, heeds no proxy and no .netrc of the environment,
follows no redirect, and reads no body: the HTTP status is the answer.
"""

import json
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

from bulk_onboard import __version__

TIMEOUT_S = 10.0


async def post(
    url: str,
    data: Mapping[str, Any],
    *,
    tls: ssl.SSLContext | bool = True,
    proxy: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """Send it once; why it did not arrive, to be put into a sentence ("it …"), or nothing when it did.

    `timeout_s` is for all of it: looking up the host, connecting, sending, and the head of the answer.
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
