"""A path becomes an open ledger: made new, or checked, replayed, bound and mended. Only under the lock.

New and mended content is written to a file beside, which then takes the ledger's name in one step. So after a crash
there is the old ledger or the new one, never half of either, and never one whose doubtful tail was cut off before it
was written down that it was doubtful.
"""

import os
import stat
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from bulk_onboard.clock import Clock
from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger import codec, tail
from bulk_onboard.ledger.disk import Disk, make_file, read_blocks, read_whole, replace_file, sync_folder
from bulk_onboard.ledger.fold import Folded, fold_blocks
from bulk_onboard.ledger.place import open_to_others, share_file
from bulk_onboard.model.entry import Entry, LedgerOpened


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger that may be appended to; `warnings` are sentences for people."""

    fd: int
    folded: Folded
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """What it takes to open the ledger at `path`, which belongs to `header`'s account and address.

    `mode` says who may go on with it: 0600, or 0660 for a group.
    """

    path: Path
    header: LedgerOpened
    clock: Clock
    disk: Disk
    mode: int = 0o600

    def open(self) -> OpenLedger:
        """The ledger, made new where there is none, mended where its tail is bad.

        Raises:
            LedgerError: damaged, newer, of another account or address, no ledger, a symbolic link, several hard links.
            OSError: the disk refused.
        """
        aside(self.path).unlink(missing_ok=True)
        if not os.path.lexists(self.path):
            self._create()
        fd = open_file(self.disk, self.path)
        try:
            folded = fold_blocks(read_blocks(fd), str(self.path))
            if folded.books.opened is not None:
                check_bound(self.path, folded.books.opened, self.header)
                if not folded.tail:
                    return OpenLedger(fd, folded, self._shared(fd))
            warnings = self._mend(read_whole(fd)[: folded.good_bytes], folded)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        mended = self.open()
        return replace(mended, warnings=warnings + mended.warnings)

    def _create(self) -> None:
        make_file(self.disk, aside(self.path), self._lines([self.header], 0), mode=self.mode)
        self.disk.link(aside(self.path), self.path)
        aside(self.path).unlink()
        sync_folder(self.disk, self.path.parent)

    def _shared(self, fd: int) -> tuple[str, ...]:
        """Open the ledger to a group if it is to be shared; a sentence where more people may read it."""
        if self.mode != 0o600:
            share_file(fd, self.mode)
        return open_to_others(self.path, fd, self.mode)

    def _mend(self, good: bytes, folded: Folded) -> tuple[str, ...]:
        """Put the tail aside, and a ledger that accounts for it in the old one's place; what was done, for people."""
        kept = first_free(self.path)
        entries: list[Entry] = [] if folded.books.opened else [self.header]
        if folded.tail:
            entries += tail.amends(folded, kept.name, str(self.path))
            make_file(self.disk, kept, folded.tail, mode=self.mode)
        replace_file(self.disk, self.path, aside(self.path), good + self._lines(entries, folded.books.seq))
        return (tail.told(folded, kept.name),) if folded.tail else ()

    def _lines(self, entries: list[Entry], seq: int) -> bytes:
        """The entries as the lines that follow line `seq`."""
        now = self.clock.now()
        return b"".join(
            codec.encode(codec.stamp(entry, seq=number, now=now)) for number, entry in enumerate(entries, start=seq + 1)
        )


def open_file(disk: Disk, path: Path) -> int:
    """A descriptor of an existing ledger, in append mode; LedgerError where it is not a plain file of its own."""
    if path.is_symlink():
        raise LedgerError(
            f"{path} is a symbolic link to {path.readlink()}, and nothing is written through a link. "
            "Put the ledger itself in its place, or give its own path with --ledger."
        )
    fd = disk.open(path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK)
    facts = os.fstat(fd)
    if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
        return fd
    os.close(fd)
    if not stat.S_ISREG(facts.st_mode):
        raise LedgerError(f"{path} is not a file; give the ledger another path.")
    raise LedgerError(
        f"{path} has {facts.st_nlink} hard links, so it could change unnoticed under another name; "
        "remove the other names, or give this job a copy."
    )


def aside(path: Path) -> Path:
    """Where a new ledger is made before it takes its name."""
    return path.with_name(f".{path.name}.new")


def first_free(path: Path) -> Path:
    """Where to keep what is taken out of the ledger."""
    names = (path.with_name(f"{path.name}.broken-{n}") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))


def check_bound(path: Path, found: LedgerOpened, wanted: LedgerOpened) -> None:
    """LedgerError unless the ledger belongs to this account and address."""
    for what, mine, yours, flag in (
        ("account", found.auth_id, wanted.auth_id, ""),
        ("address", normalised(found.base_url), normalised(wanted.base_url), f" (--base-url {found.base_url})"),
    ):
        if mine != yours:
            raise LedgerError(
                f"{path} belongs to the {what} {mine}, and this run is for {yours}. Nothing was sent; "
                f"use that {what}{flag}, or give this job another ledger (--ledger)."
            )


def normalised(base_url: str) -> str:
    """An address without what makes no difference: case of scheme and host, the usual port, a slash at the end."""
    parts = urlsplit(base_url.strip())
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in {None, usual} else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path.rstrip('/')}"
