"""A message to each address: a plain webhook where it begins with https, else whatever apprise makes of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bulk_onboard.api.address import is_loopback
from bulk_onboard.api.trust import trust_context
from bulk_onboard.errors import BulkOnboardError
from bulk_onboard.notification import services, webhook
from bulk_onboard.notification.address import name_of, scheme_of
from bulk_onboard.notification.message import Message


async def notify(
    message: Message, addresses: Sequence[str], *, proxy: str | None = None, ca_bundle: Path | None = None
) -> list[str]:
    """Send it to all addresses at once; a sentence for each that it did not reach.

    Webhooks of other machines go by the way of the job's calls: its proxy, its certificates.
    """
    whys = await asyncio.gather(*(_sent(message, address, proxy, ca_bundle) for address in addresses))
    return [
        f"The notification did not reach {name_of(number, address)}: {why}. What the run did stands."
        for number, (address, why) in enumerate(zip(addresses, whys, strict=True), 1)
        if why
    ]


async def _sent(message: Message, address: str, proxy: str | None, ca_bundle: Path | None) -> str:
    """Why it did not go out; nothing when it did."""
    scheme = scheme_of(address)
    if not scheme:
        return "it does not begin with https://, nor with a service such as slack://"
    if scheme not in ("http", "https"):
        return await services.hand_over(address, message)
    try:
        loopback = is_loopback(urlsplit(address).hostname or "")
        if scheme == "http" and not loopback:
            return "plain http is for this machine only; use https"
        tls = trust_context(ca_bundle) if scheme == "https" else True
    except BulkOnboardError:
        return "there are no certificates to check it by"
    except ValueError:  # urlsplit's, whose text holds the address
        return "it cannot be read"
    return await webhook.post(address, message.data, tls=tls, proxy=None if loopback else proxy)
