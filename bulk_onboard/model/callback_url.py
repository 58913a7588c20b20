"""Judge the address to which the API is to send callbacks, without looking it up.

See docs/design/wire.md, Callbacks.

An *objection* is why an address cannot work or must not be used: an error. A *doubt* is a warning about one that may
work: a port other than 443, which the API may not reach, or what looks like a secret in the query, which proxies log.
"""

import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

LONGEST_URL = 2048

_LONGEST_HOST = 253
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# The last label of a public name begins with a letter: 127.1 and 0x7f000001 are addresses, too.
_NAME = re.compile(rf"({_LABEL}\.)+(?!0x)[a-z][a-z0-9-]*[a-z0-9]")
_NOT_PUBLIC = (
    *("localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa"),
    *("test", "example", "invalid", "onion"),  # RFC 6761, 7686
)
_SECRET = re.compile(r"token|secret|passw|auth|key|sig", re.IGNORECASE)


def objection(url: str) -> str:
    """Return why callbacks may not go to this address, a sentence.

    Empty where they may.
    """
    if len(url) > LONGEST_URL:
        return f"It has {len(url):,} characters, and {LONGEST_URL:,} are allowed."
    # urlsplit drops line breaks and tabs, so that what is judged would not be what is sent.
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        return "It holds blanks or characters that no address has; write them as %XX, and a name in its xn-- form."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "It cannot be read as an address; write one such as https://callbacks.example.com/reviews."
    if parts.scheme != "https":
        return "It is not https; write one such as https://callbacks.example.com/reviews."
    if port == 0:
        return "It has the port 0, which no server can have."
    return _objection_to_host(parts)


def doubt(url: str) -> str:
    """Return a doubt about this address, a sentence.

    Empty where there is none, or an objection.
    """
    if objection(url):
        return ""
    parts = urlsplit(url)
    if parts.port not in (None, 443):
        return f"It has the port {parts.port}; the API may reach 443 only."
    if any(_SECRET.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return "Its query looks as if it held a secret; proxies log addresses, so use a long random path instead."
    return ""


def _objection_to_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if "@" in parts.netloc:  # never echoed: it may be a password
        return "It holds a user name; credentials have no place in it."
    if "#" in parts.geturl():
        return "It holds a #, and what follows that is never sent."
    if parts.netloc.startswith("[") or re.fullmatch(r"[0-9.]+|.*\.?0x[0-9a-f]*", host):
        return "It names a machine by its number; give its public name."
    if host in _NOT_PUBLIC or host.endswith(tuple(f".{name}" for name in _NOT_PUBLIC)):
        return f"{host} is no public name, so the API cannot reach it."
    if len(host) > _LONGEST_HOST or not _NAME.fullmatch(host):
        return "It names no public host; write one such as https://callbacks.example.com/reviews."
    return ""
