"""Check that a job overwrites nothing but its own files.

No path that it writes may be a file that it reads, under whatever name (a link, `..`, another case), nor lie inside the
documents folder; no two of them may be one file; and a file that is there already must be one that this tool wrote in
that role, which shows in the file itself. Nor may one of the job's accounts write what another one reads or writes.
Else the job ends with 2, and nothing was touched.

Where documents and workbook share a folder, as they do by default, what is written lies beside the documents, and only
the files that are there are protected. Annotated copies, templates and what is put aside of a ledger only take names
that are free. See docs/design/ledger.md, Order of writes.
"""

import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.errors import UsageError
from bulk_onboard.intake.documents.copies import is_copies_folder
from bulk_onboard.intake.newest import matches
from bulk_onboard.job import Job, are_all
from bulk_onboard.ledger.fold import may_be_a_ledgers
from bulk_onboard.ledger.hints import hints_folder, is_hints_folder
from bulk_onboard.ledger.lock import lock_path
from bulk_onboard.ledger.opening import aside
from bulk_onboard.reporting.target import is_ours, report_files

_HEAD = 64 * 1024
_FACTS = re.compile(rb"[0-9a-f]{64}\n\{")
_LOCK_MEMBERS = {"pid", "host", "seq"}


class Written(NamedTuple):
    """A path that is written to, and the flag that names another one.

    Attributes:
        is_ours: return whether the file that is there may be overwritten.
    """

    role: str
    path: Path
    flag: str
    is_ours: Callable[[Path], bool] = lambda path: False
    is_folder: bool = False


def check_places(job: Job, *others: Written) -> None:
    """Check that the job overwrites nothing but its own files, nor the ledgers of its other accounts.

    Args:
        others: what is written besides, to names that are free.

    Raises:
        UsageError: it would; the sentence says what, and how to name another path.
    """
    own = written_by(job)
    written = (*others, *own)
    for troubles in (_collisions(job, written), _inside(job, written), _foreign(own), _between((job,))):
        _refuse(troubles)


def check_places_of_all(jobs: Sequence[Job]) -> None:
    """Check for each of a job's accounts that it overwrites nothing but its own files.

    Raises:
        UsageError: as for `check_places`; where there are several accounts, it names the one.
    """
    if len(jobs) == 1:
        check_places(jobs[0])
        return
    for job in jobs:
        own = written_by(job)
        for troubles in (_collisions(job, own), _inside(job, own), _foreign(own)):
            _refuse(troubles, f"Account {job.account}: ")
    _refuse(_between(jobs))
    _refuse(_foreign(_written_over_all(jobs)))


def _refuse(troubles: Iterator[str], whose: str = "") -> None:
    for trouble in troubles:
        raise UsageError(f"{whose}{trouble}. Nothing was sent or written.")


def read_by(job: Job) -> Iterator[tuple[str, Path]]:
    """Yield the files that a job reads, each with its role.

    Where JOB is the ledger itself it is none of them.
    """
    if job.file.suffix.lower() != ".jsonl":
        yield "the workbook", job.workbook
        yield "the job file", job.file
    if job.extends:
        yield "the job file that JOB extends", job.extends
    if job.ca_bundle:
        yield "the file of certificates", job.ca_bundle
    for ledger in job.against:
        yield "the ledger of another job (--against)", ledger


_ROLES: Mapping[str, str] = {
    "xlsx": "the report",
    "html": "the report as a page",
    "json": "the summary",
    "csv": "the results as csv",
    "jsonl": "the results as JSON lines",
}


def written_by(job: Job) -> tuple[Written, ...]:
    """Return the files that a job writes, or may write."""
    reports = report_files(job.report)
    return (
        *(Written(_ROLES[form], reports[form], "--report", partial(is_ours, form=form)) for form in job.formats),
        *(_of_ledger(job.ledger) if job.database is None else ()),
        Written("the file of known documents", job.facts, "--ledger", _begins(_FACTS.match)),
        Written("the folder of converted copies", job.converted, "--ledger", is_copies_folder, is_folder=True),
    )


def _of_ledger(ledger: Path) -> Iterator[Written]:
    """Yield the files that a ledger has which is not in a database."""
    yield Written("the ledger", ledger, "--ledger", _is_ledger)
    yield Written("the lock of the ledger", lock_path(ledger), "--ledger", _begins(_is_lock))
    yield Written("the unfinished ledger", aside(ledger), "--ledger", _is_ledger)
    yield Written("the folder of hints", hints_folder(ledger), "--ledger", is_hints_folder, is_folder=True)


def _written_over_all(jobs: Sequence[Job]) -> tuple[Written, ...]:
    """Return the files of the report over all accounts; none where some accounts were left out, or there is one."""
    if len(jobs) == 1 or not are_all(jobs):
        return ()
    files = report_files(jobs[0].report_over_all)
    return tuple(
        Written(f"{_ROLES[form]} over all accounts", files[form], "--report", partial(is_ours, form=form))
        for form in jobs[0].formats
    )


def _collisions(job: Job, written: Sequence[Written]) -> Iterator[str]:
    read = [(role, path, _identity(path)) for role, path in read_by(job)]
    identities = [_identity(one.path) for one in written]
    for one, its in zip(written, identities, strict=True):
        for role, path, identity in read:
            is_told_elsewhere = one.path == job.ledger and path in job.against
            if not is_told_elsewhere and its == identity:
                yield f"{one.path} cannot be {one.role}: it is {role}{_named(path, one.path)}. {_advice(one)}"
        pattern = job.workbook_pattern
        if pattern and matches(one.path, pattern) and is_same_file(one.path.parent, pattern.parent):
            yield f"{one.path} cannot be {one.role}: it would be taken for a workbook, of {pattern}. {_advice(one)}"
    for (one, its), (other, identity) in combinations(zip(written, identities, strict=True), 2):
        if its == identity:
            yield f"{one.path} cannot be {one.role} and {other.role} both. {_advice(one)}"


def _between(jobs: Sequence[Job]) -> Iterator[str]:
    """Say which files one of the job's accounts would write while another one has them for something else."""
    had: dict[object, tuple[str, str]] = {
        _identity(ledger): ("the ledger", name)
        for job in jobs[:1]
        if job.database is None
        for name, ledger in job.other_accounts.items()
    }
    for job in jobs:
        for role, path in read_by(job):
            if path not in job.against:  # that is told where the other ledgers are read
                had.setdefault(_identity(path), (role, job.account))
    over_all = [(one, "") for one in _written_over_all(jobs)]
    for one, account in (*((one, job.account) for job in jobs for one in written_by(job)), *over_all):
        role, whose = had.setdefault(_identity(one.path), (one.role, account))
        if whose != account:
            advice = "Give one of them another path in the job file"
            yield f"{one.path} cannot be {_of(one.role, account)}: it is {_of(role, whose)}. {advice}"


def _of(role: str, account: str) -> str:
    return f"{role} of account {account}" if account else role


def _inside(job: Job, written: Iterable[Written]) -> Iterator[str]:
    folder = _resolved(job.documents)
    if any(_resolved(path).is_relative_to(folder) for path in (job.file, job.workbook)):
        return
    for one in written:
        if _resolved(one.path).is_relative_to(folder):
            yield f"{one.path} cannot be {one.role}: it is inside the documents folder {folder}. {_advice(one)}"


def _foreign(written: Iterable[Written]) -> Iterator[str]:
    for one in written:
        if not os.path.lexists(one.path) or one.path.is_symlink():  # nothing is written through a link
            continue
        fits = stat.S_ISDIR if one.is_folder else stat.S_ISREG
        what = "folder" if one.is_folder else "file"
        if not fits(one.path.lstat().st_mode):
            yield f"{one.path} cannot be {one.role}: it is not a {what}. {_advice(one)}"
        elif not one.is_ours(one.path):
            yield (
                f"{one.path} cannot be {one.role}: a {what} that bulk-onboard did not write is there already. "
                f"{_advice(one)}"
            )


def _named(path: Path, other: Path) -> str:
    return "" if path == other else f", {path}, under another name"


def _advice(one: Written) -> str:
    return f"Give another path with {one.flag}"


def is_same_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, or would.

    They may through links, `..`, or names that differ in case alone.
    """
    return _identity(one) == _identity(other)


def _identity(path: Path) -> object:
    """Return what is equal for all paths that lead to one file, or would."""
    resolved = _resolved(path)
    try:
        facts = resolved.stat()
    except (OSError, ValueError):
        return str(resolved).casefold()
    return facts.st_dev, facts.st_ino


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or an impossible name
        return path.absolute()


# Whose file it is shows at its beginning. One that cannot be read is reported when it is opened; an empty one is ours.


def _begins(is_beginning: Callable[[bytes], object]) -> Callable[[Path], bool]:
    def is_ours(path: Path) -> bool:
        head = next(_blocks(path), b"")
        return not head or bool(is_beginning(head))

    return is_ours


def _is_ledger(path: Path) -> bool:
    empty = True
    for block in _blocks(path):  # the first one of a ledger suffices
        if may_be_a_ledgers(block):
            return True
        empty = False
    return empty


def _is_lock(head: bytes) -> bool:
    try:
        who = json.loads(head)
    except ValueError:
        return False
    return isinstance(who, Mapping) and bool(_LOCK_MEMBERS & who.keys())


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            while block := file.read(_HEAD):
                yield block
    except OSError:
        return
