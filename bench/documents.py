"""What it takes to look into PDFs of 200 KB: opened by pdfium in its child, hashed, and the text of half of them read.

Beside a bare loop that reads and hashes the same files, in turns and in processes of their own. Starting the processes
is in both. Thirty thousand are not laid on the disk: what so many would take is told from these, by the rate.
"""

import os
import sys
from collections.abc import Iterator

from bench.figure import Figure
from bench.turns import ROOT, in_turns
from tests.support.papers import assembled, objects

FOLDER = ROOT / ".bench/documents"
FILES, SIZE, TIMES, MANY = 1_000, 200_000, 3, 30_000
LETTER = "This is to certify that the business named below has been entered in the register of the year 2020. "

_BARE = f"""
import hashlib, pathlib
for path in pathlib.Path({str(FOLDER)!r}).iterdir():
    hashlib.sha256(path.read_bytes()).hexdigest()
"""
_LOOKED = f"""
import pathlib
from bulk_onboard.intake.documents.folder import DocumentFolder
names = [path.name for path in pathlib.Path({str(FOLDER)!r}).iterdir()]
facts = DocumentFolder(pathlib.Path({str(FOLDER)!r})).look_all(names, legible=names)
assert all(one.sha256 and not one.findings for one in facts.values())
"""


def figures() -> Iterator[Figure]:
    """CPU of each document, and what so many would take."""
    build()
    took = in_turns({"bare": [sys.executable, "-c", _BARE], "looked": [sys.executable, "-c", _LOOKED]}, TIMES)
    looked, bare = took["looked"], took["bare"]
    what, note = f"a look into a PDF of {SIZE // 1000} KB", f"CPU, {FILES:,} of them, medians of {TIMES} in turns"
    yield Figure(
        what=what,
        ours=looked.cpu_s / FILES * 1000,
        unit="ms",
        beside="reading and hashing it",
        theirs=bare.cpu_s / FILES * 1000,
        note=note,
    )
    minute = f"by the rate of {FILES:,}, {os.cpu_count()} cores"
    yield Figure(what=f"{MANY:,} of them", ours=looked.wall_s / FILES * MANY, unit="s", target="<= 60", note=minute)


def build() -> None:
    """The files, once: half of them with text, all filled up with what no reader looks at."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        path = FOLDER / f"{number:04d}.pdf"
        if not path.exists():
            bodies = objects(*[LETTER, f"number {number}"] * (number % 2))
            path.write_bytes(assembled([*bodies, b"<</Length %d>>\nstream\n%s\nendstream" % (SIZE, os.urandom(SIZE))]))
