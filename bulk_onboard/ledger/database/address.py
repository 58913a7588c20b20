"""What the address of a database may be, and what libpq is told besides.

Nothing that is secret stands in an address: it is shown in messages and lists of processes. The connection to another
machine is encrypted, and its certificate checked; on this machine neither is needed.
"""

import ipaddress
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bulk_onboard.errors import UsageError

HOW_TO_AUTHENTICATE = (
    "Put it into the file that PGPASSFILE names (by default ~/.pgpass, mode 0600), or name a service with PGSERVICE."
)
_CHECKED = ("verify-full", "verify-ca")
_REFUSED = "target_session_attrs"
_PLACES = ("host", "hostaddr", "port", "dbname", "service")
_LOCAL_NAMES = ("", "localhost")

_FIXED: Mapping[str, str] = {
    "application_name": "bulk-onboard",
    "client_encoding": "UTF8",
    "gssencmode": "disable",
}
_USUAL: Mapping[str, str] = {  # seconds, but for the last, in milliseconds
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "60000",
}


def shown(address: str) -> str:
    """Return the address for messages, without user, and of its parameters only those that say where it is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.partition("?")[0].rpartition("@")[2]
    where = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name in _PLACES], safe="/,:")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{where and '?'}{where}"


def parameters(address: str) -> dict[str, str]:
    """Return what libpq is to be told.

    Raises:
        UsageError: it is no address of a database, there is a password in it, or the connection would not be safe.
    """
    given = _given(address)
    effective = _effective(given)
    told = {**_USUAL, **given, **_FIXED}
    hosts = (effective.get("hostaddr") or effective.get("host") or "").split(",")
    if not all(map(is_here, hosts)):
        told |= _safety(given, effective, shown(address))
    return told


def is_here(host: str) -> bool:
    """Return whether a host is this machine: a unix socket, or a loopback address."""
    if host in _LOCAL_NAMES or host.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _given(address: str) -> dict[str, str]:
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(address).items()}
    except psycopg.Error as error:
        raise UsageError(f"{shown(address)} is no address of a database: {str(error).strip()}.") from None
    if "password" in given or "sslpassword" in given:
        raise UsageError(f"There is a password in the address of {shown(address)}. {HOW_TO_AUTHENTICATE}")
    return given


def _effective(given: Mapping[str, str]) -> dict[str, str]:
    """Return what libpq makes of it, with what the environment and a service add.

    It tells that of a connection only, so one is begun with a word that it refuses before it looks for any host.
    """
    begun = pq.PGconn.connect_start(make_conninfo(**{**given, _REFUSED: "nothing"}).encode())
    try:
        options = {option.keyword.decode(): option.val.decode() for option in begun.info if option.val}
        if _REFUSED not in options:
            raise UsageError(f"The address of the database cannot be used: {begun.get_error_message().strip()}.")
        return options
    finally:
        begun.finish()


def _safety(given: Mapping[str, str], effective: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the parameters by which the server's certificate is checked."""
    mode = effective.get("sslmode", "")
    if mode not in _CHECKED and ("sslmode" in given or mode not in {"", "prefer"}):
        raise UsageError(
            f"{where} is on another machine, and with sslmode={mode} nobody would know who answers there. "
            "Use sslmode=verify-full, or leave it out."
        )
    safe = {"sslmode": mode if mode in _CHECKED else "verify-full"}
    if not effective.get("sslrootcert") and not Path("~/.postgresql/root.crt").expanduser().exists():
        safe["sslrootcert"] = _bundle_of_the_system(where)
    return safe


def _bundle_of_the_system(where: str) -> str:
    """Return the file with the certificates that this machine trusts.

    libpq's own word for it, `system`, is of no use: the OpenSSL that comes with psycopg looks in a folder of its own.
    """
    built_in = ssl.get_default_verify_paths()
    files = (built_in.openssl_cafile, os.path.join(built_in.openssl_capath, "ca-certificates.crt"))  # noqa: PTH118
    found = next((file for file in files if os.path.isfile(file)), "")  # noqa: PTH113
    if not found:
        raise UsageError(
            f"This machine has no file of certificates to check {where} by. Name one in the address: "
            "?sslrootcert=/path/to/ca.pem"
        )
    return found
