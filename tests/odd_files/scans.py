"""Odd documents: what the cell says, what lies in the documents folder, what must come of it."""

import os
import socket
import struct
import unicodedata
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.odd_files.handwritten import zipped
from tests.support import papers
from tests.support.businesses import jpeg, pdf, png

LIMIT = 5 * 1024 * 1024
Lay = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Scan:
    """One odd document.

    Attributes:
        cell: what the cell of the identity proof says.
        how: how it is odd.
        lay: puts it into the documents folder.
        finds: the codes of all findings that must come.
    """

    cell: str
    how: str
    lay: Lay
    finds: Sequence[str] = ()


def file(name: str, content: bytes) -> Lay:
    """A plain file."""

    def lay(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return lay


def nothing(_: Path) -> None:
    """Nothing."""


def link(name: str, to: str) -> Lay:
    """A symbolic link."""
    return lambda folder: (folder / name).symlink_to(to)


def locked(folder: Path) -> None:
    """A file that nobody may read; root reads everything."""
    file("secret.pdf", PDF)(folder)
    (folder / "secret.pdf").chmod(0)


def listening(folder: Path) -> None:
    """A socket that somebody listens at."""
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket has 108 bytes at most
        try:
            server.bind("socket.pdf")
        finally:
            os.chdir(here)


def chunk(name: bytes, body: bytes) -> bytes:
    """A piece of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def picture(width: int, height: int) -> bytes:
    """A PNG that claims to be so large."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 4))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", body) + pixels + chunk(b"IEND", b"")


PDF, PNG = pdf("an invented passport"), png("an invented passport")
PAPER = papers.paper("an invented passport")
JPEG = jpeg("a photo")
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100
DOCX = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})


def sized(size: int) -> bytes:
    """A PDF of so many bytes."""
    return PDF.replace(b"\n% ", b"\n% " + b" " * (size - len(PDF)))


def trailer(entry: bytes) -> bytes:
    """A PDF with an entry more in its trailer."""
    return PDF.replace(b"trailer<<", b"trailer<<" + entry)


def catalog(entry: bytes) -> bytes:
    """A PDF with an entry more in its catalog."""
    return PDF.replace(b"/Type/Catalog", b"/Type/Catalog" + entry)


SCANS = (
    # -- the path
    Scan("missing.pdf", "not there", nothing, ["document-not-found"]),
    Scan("Passport.PDF", "there in another case", file("passport.pdf", PDF), ["document-not-found"]),
    Scan(unicodedata.normalize("NFC", "café.pdf"), "named as a Mac names it (NFD)",
         file(unicodedata.normalize("NFD", "café.pdf"), PDF)),
    Scan("folder", "a folder", lambda folder: (folder / "folder").mkdir(), ["document-not-a-file"]),
    Scan("pipe.pdf", "a FIFO, which a plain open waits at for ever", lambda folder: os.mkfifo(folder / "pipe.pdf"),
         ["document-not-a-file"]),
    Scan("socket.pdf", "a socket", listening, ["document-not-a-file"]),
    Scan("link.pdf", "a link to a file outside", link("link.pdf", "/etc/hostname"), ["document-outside"]),
    Scan("inner_link.pdf", "a link to a file inside", link("inner_link.pdf", "0001/identity_proof.pdf"),
         ["document-outside"]),
    Scan("away/hostname", "a folder that is a link away", link("away", "/etc"), ["document-outside"]),
    Scan("loop.pdf", "a link to itself", link("loop.pdf", "loop.pdf"), ["document-outside"]),
    Scan("../businesses.xlsx", "a way up and out", nothing, ["document-outside"]),
    Scan("a/../../x.pdf", "a way down, up and out", nothing, ["document-outside"]),
    Scan("/etc/hostname", "an absolute path", nothing, ["document-outside"]),
    Scan("C:\\scans\\passport.pdf", "a drive of Windows", nothing, ["document-outside"]),
    Scan("\\\\server\\share\\passport.pdf", "a share of another machine", nothing, ["document-outside"]),
    Scan("file:///etc/hostname", "an address instead of a path", nothing, ["document-outside"]),
    Scan("~/passport.pdf", "a home folder", nothing, ["document-outside"]),
    Scan("$HOME/passport.pdf", "a variable, which nobody fills in", nothing, ["document-not-found"]),
    Scan("*.pdf", "a pattern, which nobody fills in", nothing, ["document-not-found"]),
    Scan("x" * 300 + ".pdf", "a name longer than any may be", nothing, ["document-not-found"]),
    Scan("2026\\passport.pdf", "folders written as on Windows", file("2026/passport.pdf", PDF)),
    Scan('odd "name";\u202efdp.pdf', "quotation marks and a turned direction in its name",
         file('odd "name";\u202efdp.pdf', PDF), ["invisible-character"]),
    Scan("secret.pdf", "no permission to read it", locked, [] if os.geteuid() == 0 else ["document-unreadable"]),
    Scan("linked.pdf", "a hard link, which is a file like any other",
         lambda folder: (file("kept.pdf", PDF)(folder), os.link(folder / "kept.pdf", folder / "linked.pdf"))),
    # -- the size
    Scan("empty.pdf", "0 bytes", file("empty.pdf", b""), ["document-empty"]),
    Scan("limit.pdf", "5 MiB, the limit exactly", file("limit.pdf", sized(LIMIT)),
         ["document-nearly-too-large"]),
    Scan("over.pdf", "a byte more than 5 MiB", file("over.pdf", sized(LIMIT + 1)),
         ["document-too-large"]),
    Scan("nearly.png", "5,000,001 bytes of PNG", file("nearly.png", PNG.replace(
        PNG[-12:], chunk(b"tEXt", b"x" * (5_000_001 - len(PNG) - 12)) + PNG[-12:])), ["document-nearly-too-large"]),
    # -- what it really is
    Scan("photo.jpg", "a JPEG", file("photo.jpg", JPEG), ["document-wrong-type"]),
    Scan("photo.png", "a JPEG called png", file("photo.png", JPEG), ["document-wrong-type"]),
    Scan("cut.jpg", "a JPEG cut off", file("cut.jpg", JPEG[:-2]), ["document-truncated", "document-wrong-type"]),
    Scan("photo.heic", "a photo of an iPhone", file("photo.heic", HEIC), ["document-wrong-type"]),
    Scan("letter.pdf", "a Word document called pdf", file("letter.pdf", DOCX), ["document-wrong-type"]),
    Scan("page.pdf", "a web page called pdf", file("page.pdf", b"<html>Sign in</html>"), ["document-wrong-type"]),
    Scan("scan.png", "a PDF called png", file("scan.png", PDF), ["document-misnamed"]),
    Scan("scan.pdf", "a PNG called pdf", file("scan.pdf", PNG), ["document-misnamed"]),
    # -- broken or unwelcome PDFs
    Scan("late.pdf", "100 bytes before %PDF-", file("late.pdf", b" " * 100 + PDF), ["document-damaged"]),
    Scan("half.pdf", "the copy was interrupted", file("half.pdf", PDF[:-20]), ["document-truncated"]),
    Scan("password.pdf", "locked by a password",
         file("password.pdf", trailer(b"/Encrypt<</Filter/Standard/V 9>>")), ["document-encrypted"]),
    Scan("owner.pdf", "a password for the owner alone", file("owner.pdf", papers.locked("an invented passport"))),
    Scan("user.pdf", "a password for every reader", file("user.pdf", papers.locked("text", user=b"1234")),
         ["document-encrypted"]),
    Scan("filled_up.pdf", "5 KB of NUL after its end", file("filled_up.pdf", PDF + bytes(5000))),
    Scan("filled_up.png", "5 KB of NUL after its end", file("filled_up.png", PNG + bytes(5000))),
    Scan("halved.pdf", "half of the mark of its end", file("halved.pdf", PAPER.removesuffix(b"EOF\n"))),
    Scan("carriage.pdf", "a carriage return after stream",
         file("carriage.pdf", PAPER.replace(b"stream\n", b"stream\r", 1))),
    Scan("pageless.pdf", "no pages", file("pageless.pdf", PDF.replace(b"/Kids[3 0 R]/Count 1", b"/Kids[]/Count 0")
         .replace(b"3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n", b"")), ["document-without-pages"]),
    Scan("script.pdf", "a program inside", file("script.pdf", catalog(b"/OpenAction<</S/JavaScript/JS(x)>>")),
         ["document-active-content"]),
    Scan("launch.pdf", "a command inside", file("launch.pdf", catalog(b"/OpenAction<</S/Launch/F(x)>>")),
         ["document-active-content"]),
    Scan("attached.pdf", "a file inside", file("attached.pdf", catalog(b"/Names<</EmbeddedFiles 9 0 R>>")),
         ["document-active-content"]),
    Scan("trailing.pdf", "2 KB after its end", file("trailing.pdf", PDF + b"x" * 2048), ["document-trailing-data"]),
    Scan("two_files.pdf", "a zip after its end: two files at once", file("two_files.pdf", PDF + DOCX + b"\0" * 1024),
         ["document-trailing-data"]),
    # -- broken PNGs
    Scan("half.png", "the copy was interrupted", file("half.png", PNG[:-8]), ["document-truncated"]),
    Scan("headless.png", "no IHDR", file("headless.png", PNG[:8] + PNG[33:]), ["document-damaged"]),
    Scan("checksum.png", "a byte of its header changed", file("checksum.png", PNG[:20] + b"\x07" + PNG[21:]),
         ["document-damaged"]),
    Scan("trailing.png", "2 KB after its end", file("trailing.png", PNG + b"x" * 2048), ["document-trailing-data"]),
    Scan("huge.png", "50,000 × 50,000 points in 100 bytes", file("huge.png", picture(50_000, 50_000)),
         ["document-huge-picture"]),
    # -- twice
    Scan("0001/address_proof.png", "the file of another column", nothing, ["document-in-two-slots"]),
)  # fmt: skip
