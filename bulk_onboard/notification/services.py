"""Notifications through apprise, which knows many services; asked in a child process.

A child, because a service that hangs can then be ended, because what its libraries log may hold the address, and
because none of them is to see our credentials. The address goes over stdin, where nobody else can read it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping

from bulk_onboard.notification import through_apprise
from bulk_onboard.notification.address import VARIABLE
from bulk_onboard.notification.message import Message
from bulk_onboard.notification.through_apprise import Ending

TIMEOUT_S = 20.0

_SECRET = ("PLIVO_", VARIABLE, "CREDENTIALS_DIRECTORY")
_WHY: Mapping[int, str] = {
    Ending.DELIVERED: "",
    Ending.MISSING: "it needs apprise, which is not installed; type: pip install 'bulk-onboard[notify]'",
    Ending.NOT_TAKEN: "apprise does not take it; see apprise's documentation for its form, and what else it needs",
    Ending.NOT_DELIVERED: "the service could not be reached, or refused it",
}


async def hand_over(address: str, message: Message, *, timeout_s: float = TIMEOUT_S) -> str:
    """Send it once; why it did not arrive, to be put into a sentence, or nothing when it did."""
    told = {"address": address, "title": message.title, "text": message.text, "level": message.level}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        through_apprise.__file__,
        env={name: value for name, value in os.environ.items() if not name.startswith(_SECRET)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.wait_for(child.communicate(json.dumps(told).encode()), timeout_s)
    except TimeoutError:
        return f"it took more than {timeout_s:g} s"
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return _WHY.get(child.returncode or 0, "apprise broke down over it")
