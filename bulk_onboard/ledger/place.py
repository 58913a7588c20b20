"""Where a ledger may lie, and who may go on with it (docs/design/ledger.md, Locks).

Over a network, and in file systems that a program serves (FUSE, 9p), locks may be emulated, local or lost, and fsync
may promise what nobody keeps. There two runs could both believe that they are alone, so such a place is refused.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from bulk_onboard.errors import UsageError
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.model.command import command_line

MODES: Mapping[str, int] = {"private": 0o600, "group": 0o660}

_REFUSED = {
    *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "coda", "davfs", "lustre", "beegfs"),
    *("gfs2", "gpfs", "ocfs2", "glusterfs", "pvfs2", "9p", "virtiofs", "drvfs", "vboxsf", "vmhgfs", "prl_fs"),
}


def check_place(disk: Disk, ledger: Path) -> tuple[str, ...]:
    """Sentences for people about the ledger's folder; UsageError where no ledger may lie there.

    A folder that cannot be opened is left to whoever opens the ledger in it.
    """
    try:
        kind = disk.file_system(ledger.parent)
    except OSError:
        return ()
    if kind in _REFUSED or kind.startswith("fuse"):
        raise UsageError(
            f"{ledger.parent} is on a {kind} file system, where two runs could both believe that they are alone. "
            "Put the ledger on a disk of this machine (--ledger), and copy it elsewhere afterwards if you like."
        )
    if kind == "overlay":
        return (f"{ledger.parent} belongs to a container: when that goes, the ledger goes. Keep it on a volume.",)
    return ()


def share_file(fd: int, mode: int) -> None:
    """Give an open file this mode where it is ours: what a colleague made keeps the mode that they gave it."""
    facts = os.fstat(fd)
    if facts.st_uid == os.geteuid() and stat.S_IMODE(facts.st_mode) != mode:
        os.fchmod(fd, mode)


def open_to_others(path: Path, fd: int, mode: int) -> tuple[str, ...]:
    """A sentence where more people may read the ledger than are meant to."""
    if not os.fstat(fd).st_mode & 0o077 & ~mode:
        return ()
    chmod = command_line("chmod", f"{mode:o}", str(path))
    return (f"Others on this machine can read {path}, and with it the keys of your rows; type: {chmod}",)
