"""Where the list cannot be walked to its end, each row is asked for by its alias, if such aliases are found at all."""

from pathlib import Path

import pytest

from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business
from tests.support.office import Office


@pytest.mark.parametrize(("key", "exit_status", "filed"), [("A+B", 4, 0), ("Record 7", 0, 1), ("A&B", 0, 1)])
async def test_a_new_ledger_asks_only_for_aliases_like_those_that_were_found(
    tmp_path: Path, key: str, exit_status: int, filed: int
) -> None:
    """An API that escapes or drops a sign finds all aliases without it: what it says of a `+` proves nothing."""
    async with Sandbox(behaviours=("ignore-offset",), others={"present": 130}) as sandbox:
        strangers = {record.compliance_id for record in sandbox.state.records}
        office = Office(tmp_path, sandbox)
        office.fill([business(1, Key=key)])

        result = await office.run()

        assert exit_status == result.exit_status
        assert filed == len({record.compliance_id for record in sandbox.state.records} - strangers)
