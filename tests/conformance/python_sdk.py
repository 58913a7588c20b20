"""The vendor's Python SDK, told what to call; a process of its own, since the SDK never closes the files it sends.

Arguments: the address of an API on this machine, auth id, token. Each line of stdin is a JSON object with a `verb` and
its arguments; it is answered by one on stdout: `returned`, what the SDK's object shows, or `raised` and `said`.
"""

import json
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import plivo
from plivo.rest import client as plivo_client

_TIMEOUT_S = 60  # the SDK's own 5 s are too few for a busy machine


class ElsewhereError(Exception):
    """The SDK reached for another machine."""


def stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections to other machines, should the SDK not use the address it was given."""
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] != "127.0.0.1":
        raise ElsewhereError(f"the SDK reached for {arguments[1][0]}")


def connect(url: str, auth_id: str, auth_token: str) -> plivo.RestClient:
    """Return the SDK's client of that API.

    The address is set in the module, since most calls take it from there anew.
    """
    plivo_client.PLIVO_API_BASE_URI = f"{url}/v1/Account"
    return plivo.RestClient(auth_id, auth_token, timeout=_TIMEOUT_S)


class Verbs:
    """The verbs of a conversation by the SDK's own calls, and by its general `request` where it has none."""

    def __init__(self, client: plivo.RestClient) -> None:
        self._client = client

    def requirements(self, **query: str) -> Any:
        return self._client.phone_number_compliance_requirements.get(**query)

    def create(self, data: dict[str, Any], files: Sequence[str | None] = ()) -> Any:
        if has_gaps(files):
            return self._with_gaps("POST", (), data, files)
        return self._client.phone_number_compliance.create(data, [file for file in files if file])

    def update(self, compliance_id: str, data: dict[str, Any], files: Sequence[str | None] = ()) -> Any:
        if has_gaps(files):
            return self._with_gaps("PATCH", (compliance_id,), data, files)
        return self._client.phone_number_compliance.update(compliance_id, data, [file for file in files if file])

    def get(self, compliance_id: str, expand: str | None = None) -> Any:
        return self._client.phone_number_compliance.get(compliance_id, expand)

    def list_records(self, **query: Any) -> Any:
        return self._client.phone_number_compliance.list(**query)

    def delete(self, compliance_id: str) -> Any:
        return self._client.phone_number_compliance.delete(compliance_id)

    def link(self, numbers: list[dict[str, str]]) -> Any:
        return self._client.phone_number_compliance_link.link(numbers)

    def update_number(self, number: str, **members: str) -> Any:
        # numbers.update() takes neither name of a record's id
        return self._client.request("POST", ("Number", number), members)

    def rename_number(self, number: str, alias: str) -> Any:
        return self._client.numbers.update(number, alias=alias)

    def number(self, number: str) -> Any:
        return self._client.numbers.get(number)

    def list_numbers(self, **query: int) -> Any:
        return self._client.numbers.list(**query)

    def _with_gaps(self, method: str, path: tuple[str, ...], data: dict[str, Any], files: Sequence[str | None]) -> Any:
        # create() and update() number a plain list of paths, and so can leave out documents at its end only
        opened = {f"documents[{i}].file": (file, Path(file).read_bytes()) for i, file in enumerate(files) if file}
        place = ("PhoneNumber", "Compliance", *path)
        return self._client.request(method, place, {"data": json.dumps(data)}, files=opened)


def has_gaps(files: Sequence[str | None]) -> bool:
    """Return whether a document without a file stands before one that has a file."""
    return any(one is None and after is not None for one, after in pairwise(files))


def shown(value: Any) -> Any:
    """Return what an object of the SDK shows, as JSON has it."""
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    if hasattr(value, "__dict__"):
        value = {name: one for name, one in vars(value).items() if name not in ("client", "_name")}
    return {name: shown(one) for name, one in value.items()} if isinstance(value, dict) else value


def answer(verbs: Verbs, line: str) -> dict[str, Any]:
    """Carry out a line of stdin."""
    asked = json.loads(line)
    try:
        return {"returned": shown(getattr(verbs, asked.pop("verb"))(**asked))}
    except Exception as error:
        traceback.print_exc()
        return {"raised": type(error).__name__, "said": shown(error.args[0]) if error.args else None}


if __name__ == "__main__":
    sys.addaudithook(stay_on_this_machine)
    VERBS = Verbs(connect(*sys.argv[1:]))
    for LINE in sys.stdin:
        print(json.dumps(answer(VERBS, LINE)), flush=True)
