"""Whom TLS believes: the system's trust store or the user's own bundle, and never the environment.

See docs/security.md, What is sent where.

`ssl.create_default_context` would also read SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE.
"""

import os
import ssl
from pathlib import Path

from bulk_onboard.errors import UsageError


def trust_context(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """A context that verifies certificate and name, TLS 1.2 or newer; a bundle replaces the system's store.

    Raises:
        UsageError: the bundle cannot be read or holds no certificate, or the system has no trust store.
    """
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
