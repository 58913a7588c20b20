"""The sandbox as a context: it serves in a thread of its own, so a test needs no event loop, and may have one.

with Sandbox() as sandbox:                  # or: async with
    job = bulk_onboard.load_job("job.toml", **sandbox.settings)
    bulk_onboard.run(job, credentials=sandbox.credentials)
    assert [record.review for record in sandbox.records] == ["pending_review"]

with Sandbox() as sandbox:                  # a job with [[accounts]]
    for job in bulk_onboard.load_jobs("job.toml", **sandbox.settings):
        bulk_onboard.run(job, credentials=sandbox.account(job.account).credentials)
    assert sandbox.account("acme").duplicates == 0
"""

import asyncio
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, TypeVar
from zlib import crc32

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.errors import UsageError
from bulk_onboard.model.account import variables_of
from bulk_onboard.sandbox import server
from bulk_onboard.sandbox.control import ACCOUNTS, PREFIX, control
from bulk_onboard.settings import BY_NAME

_T = TypeVar("_T")


class SandboxSettings(TypedDict):
    """Settings of a job, as `load_job` takes them."""

    base_url: str
    quota: str
    settle: float


@dataclass(frozen=True, slots=True)
class SandboxRecord:
    """What the API has of one business.

    Attributes:
        compliance_id: its id.
        alias: what it is called there; it ends in the token of the record in the ledger.
        review: such as `pending_review`, `approved` or `rejected`, whatever the contract's own word.
        reason: the reviewers' words; None without any.
        business_name, registration_number: of the business.
        numbers: the phone numbers that are linked to it, in digits.
        documents: type and file name of each document.
    """

    compliance_id: str
    alias: str
    review: str
    reason: str | None
    business_name: str
    registration_number: str
    numbers: tuple[str, ...]
    documents: tuple[tuple[str, str], ...]


class SandboxAccount:
    """What the API has of one account, and what it does for it."""

    def __init__(self, ask: Callable[..., Any], credentials: Credentials) -> None:
        """Make it; `Sandbox.account` does.

        Args:
            ask: controls the account, by method, name, and the members of what is asked.
            credentials: of the account.
        """
        self._ask, self._credentials = ask, credentials

    @property
    def credentials(self) -> Credentials:
        """Credentials of the account, invented; any token of it is taken."""
        return self._credentials

    @property
    def records(self) -> tuple[SandboxRecord, ...]:
        """What the account has now, oldest first."""
        return tuple(map(_record, self._ask("GET", "state")["records"]))

    @property
    def duplicates(self) -> int:
        """How many businesses it has more than once."""
        return len(self._ask("GET", "state")["duplicates"])

    def requests(self) -> dict[str, int]:
        """Return how many requests there were so far, by operation, such as `create`."""
        asked = self._ask("GET", "state")["requests"]
        return {operation: sum(by_status.values()) for operation, by_status in asked.items()}

    def review(self, record: SandboxRecord, review: str, reason: str | None = None) -> SandboxRecord:
        """Review a record as the API's people do.

        Args:
            record: as `records` has it.
            review: such as `approved` or `rejected` (docs/sandbox.md, Reviews).
            reason: the reviewers' words.

        Returns:
            The record as it is now.

        Raises:
            UsageError: there is no such review, or the record is not there any more.
        """
        return _record(self._ask("POST", "review", compliance_id=record.compliance_id, review=review, reason=reason))

    def fail(self, operation: str, fault: str, times: int = 1, *, after: int = 0) -> None:
        """Let the next calls of an operation fail.

        Args:
            operation: `create`, `update`, `link`, `list`, `get` or `any`.
            fault: such as `drop-after` or `error-500-before` (docs/sandbox.md, Faults).
            times: how many calls.
            after: how many calls go well before.

        Raises:
            UsageError: there is no such operation or fault.
        """
        self._ask("POST", "faults", script=[{"operation": operation, "fault": fault, "times": times, "after": after}])

    def rent(self, number: str, *, number_type: str = "local", country_iso: str = "IN") -> None:
        """Make a phone number the account's own, so that it can be linked."""
        self._ask("POST", "numbers", number=number, number_type=number_type, country_iso=country_iso)

    def reset(self) -> None:
        """Begin again: no records, no linked numbers, no faults but those from the start."""
        self._ask("POST", "reset")


class Sandbox(SandboxAccount):
    """The API on this machine while the context lasts: accounts without records, on a free port of 127.0.0.1.

    It is itself the only account, whatever its credentials. Where a job has `[[accounts]]`, `account` gives each.
    """

    def __init__(
        self,
        *,
        contract: Literal["beta", "released"] = "beta",
        quota: str = "none",
        review_after_s: float | None = None,
        faults: dict[str, float] | None = None,
        **settings: Any,
    ) -> None:
        """Make a sandbox; it listens once its context is entered.

        Args:
            contract: the form in which it speaks.
            quota: how many requests it takes, such as `60/min`; `none` for any number.
            review_after_s: how long until each record is reviewed by a robot; None for never. Then `review` does it.
            faults: what goes wrong how often, such as `{"drop-after": 0.1}` (docs/sandbox.md, Faults).
            settings: others, as `bulk_onboard.sandbox.account.Settings` has them.

        Raises:
            UsageError: a setting has a value that does not exist.
        """
        try:
            allowed = BY_NAME["quota"].read(quota)
        except ValueError as error:
            raise UsageError(f"quota: {error}.") from None
        self._quota = quota
        self._server = server.Sandbox(
            contract=contract, quota=allowed, review_after_s=review_after_s, faults=faults or {}, **settings
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(partial(self._control, PREFIX), Credentials.of("MASANDBOX00000000000", "invented"))

    @property
    def base_url(self) -> str:
        """Scheme, host and port: the setting `base_url` of a job."""
        self._own_loop()
        return self._server.url

    @property
    def settings(self) -> SandboxSettings:
        """The settings with which a job runs against it, unpaced unless the sandbox has a quota, and without waits."""
        return {"base_url": self.base_url, "quota": self._quota, "settle": 0.5}

    def account(self, name: str) -> SandboxAccount:
        """Return the account of a job's `[[accounts]]` that has this name, with credentials of its own."""
        letters = re.sub("[^A-Z0-9]", "", name.upper())
        auth_id = f"MA{letters:0<12.12}{crc32(name.lower().encode()) % 10**6:06d}"
        ask = partial(self._control, f"{PREFIX}{ACCOUNTS}/{auth_id}/")
        return SandboxAccount(ask, Credentials.of(auth_id, f"invented-{name.lower()}"))

    def environ(self, *names: str) -> dict[str, str]:
        """Return the environment variables that hold the credentials of the accounts with these names."""
        variables: dict[str, str] = {}
        for name in names:
            credentials = self.account(name).credentials
            variables |= zip(variables_of(name), (credentials.auth_id, credentials.auth_token.reveal()), strict=True)
        return variables

    def __enter__(self) -> Self:
        """Listen."""
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self._do(self._server.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._do(self._server.__aexit__(None, None, None))
        loop, self._loop = self._own_loop(), None
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        loop.close()

    async def __aenter__(self) -> Self:
        """Listen."""
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _control(self, path: str, method: str, act: str, **asked: Any) -> Any:
        """Control the sandbox in its own thread (docs/sandbox.md, Control)."""
        self._own_loop()

        def ask() -> Any:
            return control(self._server, method, path + act, {}, json.dumps(asked).encode())

        answer = self._do(_called(ask))
        told = json.loads(answer.body)
        if answer.http_status != 200:
            raise UsageError(f"The sandbox: {told['error']}.")
        return told

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise UsageError("The sandbox listens inside its context alone: with Sandbox() as sandbox.")
        return self._loop

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._own_loop()).result()


async def _called(act: Callable[[], _T]) -> _T:
    return act()


def _record(shown: dict[str, Any]) -> SandboxRecord:
    return SandboxRecord(
        compliance_id=shown["compliance_id"],
        alias=shown["alias"] or "",
        review=shown["review"],
        reason=shown["reason"],
        business_name=str(shown["end_user"].get("name", "")),
        registration_number=str(shown["end_user"].get("registration_number", "")),
        numbers=tuple(shown["linked_numbers"]),
        documents=tuple((document["type"], document["file_name"]) for document in shown["documents"]),
    )
