"""A ledger to read, a disk that fails, and a clock that stands still."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.model.entry import (
    Admitted,
    Adopted,
    Done,
    Entry,
    Intent,
    LedgerOpened,
    Op,
    Probed,
    Refused,
    Reviewed,
    RunEnded,
    RunStarted,
    SentDocument,
    Unresolved,
)

ACCOUNT = {"job": "migration", "auth_id": "MAXXXXXXXXXXXXXXXXXX", "base_url": "https://api.plivo.com"}


class StillClock:
    """Always the same instant; the monotonic clock goes on by a second whenever it is read."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=UTC)

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds

    def boottime(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FailingDisk(Disk):
    """The machine's disk, of which the n-th call fails, once or from then on; `calls` names those that were made.

    `write` may take `part` of its bytes before it fails, or report them without an error (`short`).
    """

    def __init__(
        self,
        nth: int = 0,
        *,
        only: str = "",
        sticky: bool = False,
        number: int = errno.EIO,
        part: int = 0,
        short: bool = False,
    ) -> None:
        self.calls: list[str] = []
        self.failed = False
        self._nth, self._only, self._sticky, self._number = nth, only, sticky, number
        self._part, self._short = part, short

    def _next(self, call: str) -> bool:
        """Note the call; whether it is to fail."""
        self.calls.append(call)
        count = self.calls.count(self._only) if self._only else len(self.calls)
        fails = self._only in {"", call} and self._nth > 0 and (count == self._nth or (self._sticky and self.failed))
        self.failed = self.failed or fails
        return fails

    def _check(self, call: str) -> None:
        if self._next(call):
            raise OSError(self._number, os.strerror(self._number))

    def open(self, path: Path, flags: int) -> int:
        self._check("open")
        return super().open(path, flags)

    def write(self, fd: int, data: bytes) -> int:
        if self._next("write"):
            written = super().write(fd, data[: self._part])
            if self._short:
                return written
            raise OSError(self._number, os.strerror(self._number))
        return super().write(fd, data)

    def fsync(self, fd: int) -> None:
        self._check("fsync")
        super().fsync(fd)

    def truncate(self, fd: int, size: int) -> None:
        self._check("truncate")
        super().truncate(fd, size)

    def link(self, source: Path, target: Path) -> None:
        self._check("link")
        super().link(source, target)

    def replace(self, source: Path, target: Path) -> None:
        self._check("replace")
        super().replace(source, target)


def token(number: int) -> str:
    """The token of the n-th record."""
    return f"abcdefgh2345{number:04d}".translate(str.maketrans("0189", "wxyz"))


def admitted(*numbers: int) -> Admitted:
    return Admitted(tokens=tuple(token(number) for number in numbers))


def intent(number: int, attempt: int = 1) -> Intent:
    return Intent(
        token=token(number),
        key=f"K-{number:04d}",
        op=Op.CREATE,
        attempt=attempt,
        alias=f"K-{number:04d} ~{token(number)}",
        fingerprint="5e" * 32,
        documents=(SentDocument(type="identity_proof", sha256="0a" * 32, size=20_480),),
    )


def compliance_id(number: int) -> str:
    return f"5f0f6c5e-0000-4000-8000-{number:012d}"


def done(number: int, of: int | None = None) -> Done:
    return Done(
        token=token(number),
        key=f"K-{number:04d}",
        op=Op.CREATE,
        compliance_id=compliance_id(of or number),
        api_id=f"api-{number}",
    )


def run_started(number: int = 1) -> RunStarted:
    return RunStarted(
        run_id=f"run-{number}",
        user="asha",
        host="ops-1",
        version="0.1.0",
        workbook="aa" * 32,
        job="bb" * 32,
        requirements="cc" * 32,
        quota="60/min",
        settle=90.0,
    )


def story() -> list[Entry]:
    """Two runs: 1 done and approved, 2 settled, 3 refused, 4 not sent."""
    both = {"token": token(2), "key": "K-0002", "op": Op.CREATE}
    return [
        LedgerOpened(tool="bulk-onboard 0.1.0", created="2026-01-05T10:00:00Z", **ACCOUNT),
        run_started(),
        admitted(1, 2, 3, 4),
        intent(1),
        intent(2),
        done(1),
        Unresolved(seen="HTTP 502", **both),
        RunEnded(run_id="run-1", exit_status=130, counts={"submitted": 1, "uncertain": 1}, requests={"create": 2}),
        run_started(2),
        Probed(matches=1, **both),
        Adopted(compliance_id=compliance_id(2), review="pending", **both),
        Reviewed(token=token(1), key="K-0001", review="approved"),
        intent(3),
        Refused(token=token(3), key="K-0003", op=Op.CREATE, code="invalid_pin", message="postal code is not valid"),
    ]


def ledger_of(entries: list[Entry]) -> bytes:
    """The content of a ledger that holds these entries."""
    now = StillClock().now()
    return b"".join(encode(stamp(entry, seq=seq, now=now)) for seq, entry in enumerate(entries, start=1))
