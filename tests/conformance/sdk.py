"""An SDK of the vendor's in a process of its own, and what it makes of the API's answers."""

import asyncio
import json
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.support.office import AUTH_ID, AUTH_TOKEN

_HERE = Path(__file__).parent
_LONGEST_LINE = 1 << 24
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Program:
    """How an SDK is started, and its ways.

    Attributes:
        errors: the class of error that it raises for an HTTP status.
        unwraps: whether it shows the record alone where the API's answer has it in a wrapper.
    """

    command: Sequence[str | Path]
    errors: Mapping[int, str]
    unwraps: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


PYTHON = Program(
    command=(sys.executable, _HERE / "python_sdk.py"),
    errors={
        400: "ValidationError",
        401: "AuthenticationError",
        404: "ResourceNotFoundError",
        409: "InvalidRequestError",
        422: "InvalidRequestError",
    },
)


def node(folder: str) -> Program:
    """The Node SDK that npm has installed below a folder; its calls with files know neither 409 nor 422."""
    return Program(
        command=("node", "--no-deprecation", _HERE / "node_sdk.js"),
        errors={
            400: "Error 400",
            401: "Error 401",
            404: "Error 404",
            409: "Error",
            422: "Error",
        },
        unwraps=True,
        environment={"NODE_SDK": folder},
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that the SDK raised: its class, and what it was given to say."""

    raised: str
    said: Any


class Sdk:
    """A running SDK, as an async context manager; made for one API on this machine.

    Args:
        url: scheme, host and port of the API.
    """

    def __init__(self, program: Program, url: str, *, auth_id: str = AUTH_ID, auth_token: str = AUTH_TOKEN) -> None:
        self.program, self._arguments = program, (url, auth_id, auth_token)

    async def __aenter__(self) -> Self:
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 closed with the process
        environment = {"PATH": os.environ["PATH"], "NO_PROXY": "*", **self.program.environment}
        self._process: Process = await asyncio.create_subprocess_exec(
            *self.program.command,
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=self._stderr,
            env=environment,
            limit=_LONGEST_LINE,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE_S if kind is None else 0):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        print(self._told())  # pytest shows it where a test has failed
        self._stderr.close()

    async def call(self, verb: str, **arguments: Any) -> Any:
        """What a call returns; it fails the test if the SDK raises an error."""
        answer = await self._exchange(verb, arguments)
        assert "returned" in answer, f"the SDK raised {answer['raised']}: {answer['said']}\n{self._told()}"
        return answer["returned"]

    async def refusal(self, verb: str, **arguments: Any) -> Refusal:
        """The error that a call raises; it fails the test if there is none."""
        answer = await self._exchange(verb, arguments)
        assert "raised" in answer, f"the SDK raised no error but returned {answer['returned']}\n{self._told()}"
        return Refusal(**answer)

    async def _exchange(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
        async with asyncio.timeout(_PATIENCE_S):
            line = await self._process.stdout.readline()
        assert line, f"the SDK's process ended\n{self._told()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _told(self) -> str:
        """What the process said on stderr."""
        self._stderr.seek(0)
        return f"stderr of the SDK's process:\n{self._stderr.read().decode(errors='replace')}"
