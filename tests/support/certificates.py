"""A certificate authority for tests, made by the openssl command."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """A test authority and what it signed."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The file that `--ca-bundle` names."""
        return self.folder / "authority.pem"

    def server(self, name: str) -> ssl.SSLContext:
        """A server's context with the certificate `name`: good, wrong-host, expired or self-signed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


def make_certificates(folder: Path) -> Certificates:
    """The authority, and one certificate of each kind, for 127.0.0.1 unless its name says otherwise."""
    subject = "subjectAltName=IP:127.0.0.1"
    _openssl(folder, "req", *_key("authority"), "-x509", "-days", "2", "-subj", "/CN=Test authority")
    name = _openssl(folder, "x509", "-in", "authority.pem", "-noout", "-hash").strip()
    (folder / f"{name}.0").symlink_to("authority.pem")  # the name under which a folder of authorities is searched
    _openssl(folder, "req", *_key("self-signed"), "-x509", "-days", "2", "-subj", "/CN=t", "-addext", subject)
    _sign(folder, "good", subject, days=2)
    _sign(folder, "wrong-host", "subjectAltName=DNS:elsewhere.example", days=2)
    _sign(folder, "expired", subject, days=-1)
    return Certificates(folder)


def _key(name: str) -> list[str]:
    return [
        *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
    ]


def _sign(folder: Path, name: str, subject: str, days: int) -> None:
    (folder / "extensions").write_text(subject)
    request = [*_key(name)[:-1], f"{name}.csr"]
    _openssl(folder, "req", *request, "-subj", "/CN=t")
    _openssl(
        folder,
        *("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key"),
        *("-CAcreateserial", "-days", str(days), "-extfile", "extensions", "-out", f"{name}.pem"),
    )


def _openssl(folder: Path, *arguments: str) -> str:
    command = ["openssl", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
