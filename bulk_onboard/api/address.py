"""Which base URLs calls may go to: the credentials and every document travel there.

See docs/security.md, What is sent where.

https only, except to this machine; api.plivo.com only, except to this machine or where `--trust-host` was given.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from bulk_onboard.errors import UsageError

OFFICIAL = "https://api.plivo.com"

_OFFICIAL_HOST = "api.plivo.com"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_SHAPE = "A base URL is scheme, host and port and nothing else, such as https://api.plivo.com."


def check_address(base_url: str, *, trust_host: bool = False) -> str:
    """The base URL in its normal form: lower case, no default port, no slash at the end.

    `trust_host` is the user's word (`--trust-host`) that the host named is meant to get the credentials.

    Raises:
        UsageError: it is not a base URL, or not one that credentials may be sent to.
    """
    parts, port = _split(base_url)
    host = _host(parts)
    loopback = is_loopback(host)
    if parts.scheme != "https" and not loopback:
        raise UsageError(
            f"{host} would get the credentials unencrypted. Use https; plain http is for this machine only."
        )
    if not (host == _OFFICIAL_HOST or loopback or trust_host):
        raise UsageError(f"{host} is not the API's host. Mend --base-url, or add --trust-host if you mean it.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else "")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by name or number; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(base_url: str) -> tuple[SplitResult, int | None]:
    # urlsplit silently drops line breaks and tabs, so that what is judged would not be what was written.
    if not base_url.isascii() or not base_url.isprintable() or set(base_url) & set(" \\%"):
        raise UsageError(f"The base URL holds blanks or characters that no address has. {_SHAPE}")
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        raise UsageError(f"The base URL cannot be read. {_SHAPE}") from None
    if "@" in parts.netloc:  # never echoed: it may be a password
        raise UsageError(
            "The base URL holds a user name. Credentials come from PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN only."
        )
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0:
        raise UsageError(f"{base_url} is not a base URL. {_SHAPE}")
    if parts.path not in ("", "/") or "?" in base_url or "#" in base_url:
        raise UsageError(f"{base_url} says more than the host. {_SHAPE}")
    return parts, port


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if parts.netloc.startswith("["):
        try:
            return ipaddress.IPv6Address(host).compressed
        except ValueError:
            raise UsageError(f"[{host}] is not an address. {_SHAPE}") from None
    if not _NAME.fullmatch(host):
        raise UsageError(f"{host} is not the name of a host. {_SHAPE}")
    return host
