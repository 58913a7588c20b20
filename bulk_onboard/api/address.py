"""Where calls may go and whose certificates are trusted.

See docs/security.md, What is sent where.

https only, except to this machine; api.plivo.com only, except to this machine or where `--trust-host` was given.
"""

import ipaddress
import os
import re
import ssl
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bulk_onboard.errors import UsageError

OFFICIAL = "https://api.plivo.com"

_OFFICIAL_HOST = "api.plivo.com"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_SHAPE = "A base URL is scheme, host and port and nothing else, such as https://api.plivo.com."


def check_address(base_url: str, *, trust_host: bool = False) -> str:
    """Return the base URL in lower case, without default port and final slash.

    Args:
        base_url: scheme, host and port.
        trust_host: the user says (`--trust-host`) that this host may get the credentials.

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
        raise UsageError(f"{host} is not the API's host. Correct --base-url, or add --trust-host if you mean it.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else "")


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine, by name or number.

    Nothing is looked up.
    """
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
        raise UsageError("The base URL holds a user name. Leave it out; credentials come from the environment alone.")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0:
        raise UsageError(f"{base_url} is not a base URL. {_SHAPE}")
    if parts.path not in ("", "/") or "?" in base_url or "#" in base_url:
        raise UsageError(f"{base_url} has more than a host in it. {_SHAPE}")
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


def trust_context(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name, TLS 1.2 or newer.

    A bundle replaces the system's trust store, and no variable of the environment has a say:
    `ssl.create_default_context` would also read SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE.

    A process makes one for each bundle, since it takes 37 ms and 0.8 MiB; one that has changed on disk is read anew.

    Raises:
        UsageError: the bundle cannot be read or holds no certificate, or the system has no trust store.
    """
    file = ca_bundle or ssl.get_default_verify_paths().openssl_cafile
    try:
        facts = os.stat(file)  # noqa: PTH116 - a system may name none
    except (OSError, ValueError):
        return _trust_context(ca_bundle, ())
    return _trust_context(ca_bundle, (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns))


@lru_cache(maxsize=8)
def _trust_context(ca_bundle: Path | None, _seen: tuple[int, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_bundle is None:
        _trust_the_system(context)
    else:
        _trust_bundle(context, ca_bundle)
    return context


def _trust_the_system(context: ssl.SSLContext) -> None:
    compiled_in = ssl.get_default_verify_paths()  # openssl_*: the built-in places, whatever the environment says
    file = compiled_in.openssl_cafile if os.path.isfile(compiled_in.openssl_cafile) else None  # noqa: PTH113
    folder = compiled_in.openssl_capath if os.path.isdir(compiled_in.openssl_capath) else None  # noqa: PTH112
    if file is None and folder is None:
        raise UsageError("This machine has no certificates to check the API by. Name a file of them with --ca-bundle.")
    context.load_verify_locations(cafile=file, capath=folder)


def _trust_bundle(context: ssl.SSLContext, ca_bundle: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_bundle)
    except OSError as error:  # an ssl.SSLError, too, when there is no certificate in it
        raise UsageError(
            f"The certificates in {ca_bundle} cannot be used ({type(error).__name__}). Give --ca-bundle a PEM file."
        ) from None
