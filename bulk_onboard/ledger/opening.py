"""Open a ledger: make it new, or check whose it is, fold it and repair its tail.

This happens under the lock. New and repaired content is written to a file beside, which then takes the ledger's name in
one step. So after a crash there is the old ledger or the new one, and no tail is cut off before the new ledger says
which record is in doubt.

A *torn* tail was never acknowledged, so nothing was sent because of it: it is cut off (docs/design/ledger.md, Torn
tail). A *rotten* last line may have been acknowledged, so what it announced may have happened. In this order:

    too short for the intent of a create (damage changes bytes, not their number)    nothing is in doubt
    does not state its own number, so that more than one line may be lost            the ledger is refused
    else as `named_tokens` says; where that cannot say                               the ledger is refused

The record in doubt is held for a person, not settled by the tool: the line's other words cannot be trusted, least of
all its alias. Asked for a wrong alias, the API would seem not to have the record (docs/design/ledger.md, Damage).
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from bulk_onboard.clock import Clock
from bulk_onboard.errors import LedgerError
from bulk_onboard.ledger import codec
from bulk_onboard.ledger.codec import ENTRY_NAMES, encode, stamp
from bulk_onboard.ledger.disk import Disk, make_file, read_blocks, read_whole, replace_file, sync_folder
from bulk_onboard.ledger.fold import Folded, advice, fold_blocks
from bulk_onboard.ledger.lock import open_to_others, share_file
from bulk_onboard.model.entry import Entry, Held, Intent, LedgerOpened, Op, TailRepaired
from bulk_onboard.model.record import NOT_FILED, Record

WHY_HELD = "the ledger's last line was damaged, so it is not known whether this row was sent"

_TOKEN_LENGTH = 16
_SHORTEST_INTENT = Intent(token="a" * _TOKEN_LENGTH, op=Op.CREATE, attempt=1, alias="", fingerprint="")
SHORTEST = len(encode(stamp(_SHORTEST_INTENT, seq=1, now=datetime.fromtimestamp(0, UTC))))

_NUMBER = re.compile(rb'"seq":(\d+),')
_HARMLESS = tuple(f'"entry":"{name}"'.encode() for name in sorted(ENTRY_NAMES - {Intent.name()}))


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger that may be appended to; `warnings` are sentences for people."""

    fd: int
    folded: Folded
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """What it takes to open the ledger at `path`.

    Attributes:
        header: the first line of a new ledger; an old one must have its account and address.
        mode: 0600, or 0660 where a group may continue the job.
    """

    path: Path
    header: LedgerOpened
    clock: Clock
    disk: Disk
    mode: int = 0o600

    def open(self) -> OpenLedger:
        """Open the ledger: make it new, or repair its tail where that is bad.

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
            if folded.ledger_state.opened is not None:
                check_bound(str(self.path), folded.ledger_state.opened, self.header)
                if not folded.tail:
                    return OpenLedger(fd, folded, self._shared(fd))
            warnings = self._repair_tail(read_whole(fd)[: folded.good_bytes], folded)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        reopened = self.open()
        return replace(reopened, warnings=warnings + reopened.warnings)

    def _create(self) -> None:
        make_file(self.disk, aside(self.path), self._lines([self.header], 0), mode=self.mode)
        self.disk.link(aside(self.path), self.path)
        aside(self.path).unlink()
        sync_folder(self.disk, self.path.parent)

    def _shared(self, fd: int) -> tuple[str, ...]:
        """Open the ledger to a group if it is to be shared.

        Return a sentence where more people can read it.
        """
        if self.mode != 0o600:
            share_file(fd, self.mode)
        return open_to_others(self.path, fd, self.mode)

    def _repair_tail(self, good: bytes, folded: Folded) -> tuple[str, ...]:
        """Keep the tail in a file, replace it in the ledger, and return what was done."""
        kept = first_free(self.path)
        entries: list[Entry] = [] if folded.ledger_state.opened else [self.header]
        if folded.tail:
            entries += entries_for_tail(folded, kept.name, str(self.path))
            make_file(self.disk, kept, folded.tail, mode=self.mode)
        replace_file(self.disk, self.path, aside(self.path), good + self._lines(entries, folded.ledger_state.seq))
        return (tail_warning(folded, kept.name),) if folded.tail else ()

    def _lines(self, entries: list[Entry], seq: int) -> bytes:
        """Return the entries as the lines that follow line `seq`."""
        now = self.clock.now()
        return b"".join(
            codec.encode(codec.stamp(entry, seq=number, now=now)) for number, entry in enumerate(entries, start=seq + 1)
        )


def open_file(disk: Disk, path: Path) -> int:
    """Open an existing ledger in append mode.

    Raise LedgerError where it is not a plain file with this one name.
    """
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
    """Return where a new ledger is made before it takes the ledger's name."""
    return path.with_name(f".{path.name}.new")


def first_free(path: Path, kept: str = "broken") -> Path:
    """Return the first free of `<ledger>.broken-1`, `-2` …, to keep a part of it, or all of it."""
    names = (path.with_name(f"{path.name}.{kept}-{n}") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))


def check_bound(name: str, found: LedgerOpened, wanted: LedgerOpened) -> None:
    """Raise LedgerError unless the ledger belongs to this account and address."""
    for what, mine, yours, flag in (
        ("account", found.auth_id, wanted.auth_id, ""),
        ("address", normalised(found.base_url), normalised(wanted.base_url), f" (--base-url {found.base_url})"),
    ):
        if mine != yours:
            raise LedgerError(
                f"{name} belongs to the {what} {mine}, and this run is for {yours}. Nothing was sent; "
                f"use that {what}{flag}, or give this job another ledger (--ledger)."
            )


def normalised(base_url: str) -> str:
    """Return an address to compare: lower case, no usual port, no final slash."""
    parts = urlsplit(base_url.strip())
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in {None, usual} else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


# The tail.


def in_doubt(folded: Folded, name: str = "the ledger") -> list[Record]:
    """Return the records of which a rotten line may have announced a create.

    Raise LedgerError where that is not clear.
    """
    if not folded.rotten or len(folded.tail) < SHORTEST:
        return []
    records = folded.ledger_state.records
    touched = named_tokens(folded.rotten, records)
    if stated_numbers(folded.rotten) != [folded.ledger_state.seq + 1] or touched is None:
        raise _unclear(folded, name)
    return [records[token] for token in sorted(touched) if records[token].state in NOT_FILED]


def entries_for_tail(folded: Folded, kept: str, name: str = "the ledger") -> list[Entry]:
    """Return the entries that replace a tail kept in the file `kept`.

    Raise LedgerError as for `in_doubt`.
    """
    return [
        TailRepaired(kept=kept, size=len(folded.tail)),
        *(Held(token=r.token, key=r.key, op=Op.CREATE, why=WHY_HELD) for r in in_doubt(folded, name)),
    ]


def tail_warning(folded: Folded, kept: str) -> str:
    """Return what was done to the tail, for people."""
    if not folded.rotten:
        return (
            f"The ledger ended in {len(folded.tail)} bytes of an unfinished line, as after a crash. "
            f"Nothing was lost; they are kept in {kept}."
        )
    return (
        f"The ledger's last line was damaged after it had been written, so the disk may be failing. It is kept in "
        f"{kept}; a row that it may have been about is held."
    )


def _unclear(folded: Folded, name: str) -> LedgerError:
    return LedgerError(
        f"{name}: line {folded.ledger_state.seq + 1} at byte {folded.good_bytes}, the last one, is damaged, and it "
        f"no longer says which row it is about, so that row may have been sent; {advice(name)}"
    )


# What a damaged line may have announced; `repair` asks this of every lost line.


def stated_numbers(line: bytes) -> list[int]:
    """Return the line numbers in a damaged line: one, unless more than it is lost."""
    return [int(digits) for digits in _NUMBER.findall(line)]


def named_tokens(line: bytes, records: Mapping[str, Record]) -> set[str] | None:
    """Return the records whose create a damaged line may have announced, by token.

    None where that is not clear.

    A whole line may have been acknowledged, so what it announced may have happened. Its loss harms only where it was
    the intent of a create: the record would count as never sent. After any other lost step nothing is created before
    the API or a person was asked, or a write is repeated that may be repeated (docs/design/settling.md, Repeats).

        names another entry than `intent`             nothing is in doubt
        holds the token of a known record             that record is in doubt
        holds no token of a known record              not clear: every record is in doubt

    An intent holds its token twice, and no accident turns one token into another known one. Only a record that may be
    sent anew can be in doubt; others are at the API, are settled before anything else, or wait for a person.
    """
    if any(entry in line for entry in _HARMLESS):
        return set()
    text = line.decode("latin-1")
    windows = {text[start : start + _TOKEN_LENGTH] for start in range(len(text))}
    return windows & records.keys() or None
