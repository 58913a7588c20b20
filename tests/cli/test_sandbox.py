"""`sandbox`: what its flags do, in a process of its own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.office import AUTH_ID, AUTH_TOKEN, credentials_of, environ_of, typed


@asynccontextmanager
async def served(*words: str, **environ: str) -> AsyncIterator[str]:
    """The URL of a sandbox started with these words, until it is asked to end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bulk_onboard", "sandbox", "--port", "0", *words),
        env=os.environ | (environ or {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN": AUTH_TOKEN}),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield (await asyncio.wait_for(process.stdout.readline(), 20)).decode().split()[-1]
    finally:
        process.terminate()
        assert 0 == await process.wait()


async def asked(method: str, url: str, **options: Any) -> Any:
    """What an address answers, as JSON."""
    headers = {"Authorization": aiohttp.encode_basic_auth(AUTH_ID, AUTH_TOKEN)}
    async with aiohttp.ClientSession(headers=headers) as session, session.request(method, url, **options) as response:
        return json.loads(await response.read())


async def test_flags_reach_lists_faults_and_the_witness(tmp_path: Path) -> None:
    """`--list` may be repeated, `--late-apply` is a duration, and with `--ledger` the creates are watched."""
    words = ("--list", "no-total", "--list", "cap-20", "--late-apply", "1.5s", "--ledger", str(tmp_path / "ledger"))

    async with served(*words) as url:
        page = await asked("GET", f"{url}/v1/Account/{AUTH_ID}/PhoneNumber/Compliance/?limit=100")
        faults = await asked("POST", f"{url}/_sandbox/faults", json={})
        state = await asked("GET", f"{url}/_sandbox/state")

    assert {"limit": 20, "offset": 0, "next": None, "previous": None} == page["meta"]
    assert 1.5 == faults["late_apply_s"]
    assert [] == state["without_intent"]


async def test_flags_reach_what_is_kept_others_requirements_and_the_clock() -> None:
    """Each of them may be repeated, with a value behind its name."""
    words = ["--record", "cut-alias=40", "--record", "null-state", "--requirements", "both-forms"]
    words += ["--others", "present=2", "--others", "no-id=1", "--clock", "-2h", "--clock", "+1h@2d", "--get-lag", "3s"]

    async with served(*words) as url:
        query = "country_iso=IN&number_type=local&user_type=business"
        required = await asked("GET", f"{url}/v1/Account/{AUTH_ID}/PhoneNumber/Compliance/Requirements/?{query}")
        record = await asked("POST", f"{url}/_sandbox/record", json={"behaviours": []})
        faults = await asked("POST", f"{url}/_sandbox/faults", json={})
        clock = await asked("POST", f"{url}/_sandbox/clock", json={"by_s": 0})
        state = await asked("GET", f"{url}/_sandbox/state")

    assert {"document_types", "number_types"} <= set(required)
    assert {"behaviours": []} == record
    assert 3.0 == faults["get_lag_s"]
    assert timedelta(hours=1.9) < datetime.now(UTC) - datetime.fromisoformat(clock["now"]) < timedelta(hours=2.1)
    assert 3 == state["strangers"]


async def test_flags_reach_the_contract_creates_and_links() -> None:
    """With `--contract released` document types are asked for; `--link-limit` is how many numbers a call may link."""
    words = ("--contract", "released", "--create", "no-id", "--link", "multi-status", "--link-limit", "1")
    path = f"v1/Account/{AUTH_ID}/PhoneNumber/Compliance"

    async with served(*words) as url:
        required = await asked("GET", f"{url}/{path}/Requirements/?country_iso=IN&number_type=local&user_type=business")
        links = [{"number": "+911140221000", "compliance_application_id": "none"}] * 2
        one, two = [await asked("POST", f"{url}/{path}/Link/", json={"numbers": links[:count]}) for count in (1, 2)]

    assert "document_types" in required
    assert (1, 0) == (one["total_count"], one["updated_count"])
    assert "1 to 1" in two["error"]


async def test_it_takes_the_accounts_of_the_environment_alone() -> None:
    """Those with a name behind are there from the start; another one gets 401."""
    async with served(**environ_of(["acme", "bravo-ltd"])) as url:
        listed = await asked("GET", f"{url}/_sandbox/accounts")
        refused = await asked("GET", f"{url}/v1/Account/{AUTH_ID}/PhoneNumber/Compliance/")

    assert [credentials_of(name).auth_id for name in ("acme", "bravo-ltd")] == list(listed["accounts"])
    assert "invalid_credentials" == refused["error"]["code"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--list", "upside-down"), "ignore-alias"),
        (("--list", "newest-first", "--list", "random-order"), "contradict"),
        (("--record", "newest-first"), "cut-alias"),
        (("--record", "cut-alias"), "cut-alias=40"),
        (("--requirements", "old"), "both-forms"),
        (("--contract", "alpha"), "released"),
        (("--create", "no-meta"), "says-error"),
        (("--link", "no-id"), "report-empty"),
        (("--others", "rename=1"), "delete-oldest"),
        (("--clock", "late"), "late"),
        (("--late-apply", "soon"), "soon"),
        (("--fault", "late-apply"), "late-apply"),
        (("--window", "round"), "round"),
    ],
)
async def test_word_that_means_nothing_ends_with_2(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    """A mistake of use is told in a sentence that helps, and nothing is served."""
    told = await typed("sandbox", "--port", "0", *words, cwd=tmp_path)

    assert 2 == told.status
    assert named in told.err
    assert "" == told.out
