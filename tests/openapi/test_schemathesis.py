"""schemathesis finds no answer of the sandbox that is outside its OpenAPI document (`make test-openapi`).

It looks for errors of the server, for statuses, content types, headers and bodies that the document does not have, for
valid requests that are refused and invalid ones that are taken, for methods that are not refused with 405 and `Allow`,
for requests that are carried out without credentials, and for records that are there after they were deleted.
"""

import asyncio
import json
import os
import sys
import time
import tomllib
from pathlib import Path

import pytest

from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import Quota

ROOT = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("schemathesis.toml")
LONGEST_S = 60
LEAST = {"create": 0.7, "list": 0.9, "link": 0.9}  # a tenth of any other


@pytest.mark.timeout(5 * LONGEST_S)
@pytest.mark.parametrize("contract", ["beta", "released"])
async def test_no_answer_is_outside_the_document(contract, tmp_path, tell_shares):
    """All operations are tested, within a minute, and of each enough calls are accepted for that to mean something."""
    settings = {
        "credentials": tuple(tomllib.loads(SETTINGS.read_text())["auth"]["basic"].values()),
        "quota": Quota(100_000, 60),  # for its headers
        "requirements_quota": Quota(100_000, 60),
        "review_after_s": 0,
    }
    begun = time.monotonic()
    async with Sandbox(contract=contract, **settings) as sandbox:
        status, told = await schemathesis(f"{sandbox.url}/_sandbox/openapi.json", tmp_path)
    took_s = time.monotonic() - begun

    assert 0 == status, told
    shares = tell_shares[contract] = json.loads((tmp_path / "shares.json").read_text())
    operations = {request.operation for request in sandbox.log} - {"unknown"}
    assert operations == {"link" if name == "link_number" else name for name in shares}
    lacking = {
        operation: f"{done} of {sent}"
        for operation, (done, sent) in shares.items()
        if not done or done / sent < LEAST.get(operation, 0.1)
    }
    assert {} == lacking
    assert any(number.compliance_id for number in sandbox.state.numbers)
    assert took_s < LONGEST_S


async def schemathesis(address: str, folder: Path) -> tuple[int, str]:
    """Runs schemathesis against a document; its exit status, and what it has said."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", SETTINGS, "run", address]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SHARES": str(folder / "shares.json")}
    child = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await child.communicate()
    return await child.wait(), told.decode()
