"""Others use the account: their records, odd ones among them, and what changes between the pages of a list."""

import json
from typing import Any

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.others import ODDITIES, Others
from bulk_onboard.sandbox.server import Sandbox

ODD = {  # what a list shows of each
    "number-alias": {"alias": 17},
    "null-alias": {"alias": None},
    "object-alias": {"alias": {"text": "Stranger 1"}},
    "no-alias": {"alias": "absent"},
    "no-id": {"compliance_id": "absent"},
    "null-id": {"compliance_id": None},
    "number-status": {"status": 3},
}


async def test_strangers_are_there_from_the_start_and_again_after_reset(client: Any) -> None:
    """So many records as are asked for; the state tells them from ours."""
    async with Sandbox(others={"present": 3}) as sandbox:
        await client.created(sandbox)
        state = (await client.control(sandbox, "GET", "state")).json
        await client.control(sandbox, "POST", "reset")
        afterwards = await client.listed(sandbox)

        assert (4, 3, [False]) == (
            state["count"],
            state["strangers"],
            [record["stranger"] for record in state["records"] if record["alias"].startswith("K-")],
        )
        assert [] == state["duplicates"]
        assert 3 == afterwards["meta"]["total_count"]


async def test_end_user_of_a_stranger_has_an_id(client: Any) -> None:
    """As each end user has, a different one for each."""
    async with Sandbox(others={"present": 2}) as sandbox:
        listed = await client.listed(sandbox, "expand=end_user")

        assert 2 == len({record["end_user"]["id"] for record in listed["compliances"]})


@pytest.mark.parametrize(
    ("others", "pages"),
    [
        ({"present": 5, "delete-oldest": 1}, [["Stranger 2", "Stranger 3"], ["Stranger 5", "K-1"]]),
        ({"present": 5, "delete-newest": 1}, [["Stranger 1", "Stranger 2"], ["Stranger 3", "K-1"]]),
        ({"present": 5, "delete-oldest": 2}, [["Stranger 3", "Stranger 4"], []]),
        ({"present": 1, "create": 1}, [["Stranger 1", "K-1"], ["Stranger 2", "Stranger 3"]]),
    ],
)
async def test_pages_shift_while_others_delete_and_create(
    client: Any, others: dict[str, float], pages: list[list[str]]
) -> None:
    """Before each page a stranger's record goes or comes, so the second page does not continue the first."""
    async with Sandbox(others=others) as sandbox:
        await client.created(sandbox, alias="K-1")

        seen = [await client.listed(sandbox, f"limit=2&offset={offset}") for offset in (0, 2)]

        assert pages == [[record["alias"] for record in page["compliances"]] for page in seen]


async def test_newest_first_a_stranger_comes_before_what_was_seen(client: Any) -> None:
    """On a busy account whose newest come first, the second page begins with what the first ended with."""
    async with Sandbox(behaviours=["newest-first"], others={"present": 4, "create": 1}) as sandbox:
        first, second = [await client.listed(sandbox, f"limit=2&offset={offset}") for offset in (0, 2)]

        assert first["compliances"][-1] == second["compliances"][0]


async def test_records_that_vanish_are_named_in_the_state(client: Any) -> None:
    """Before a page a record made through the API is deleted, its number is free again, and the state names it."""
    async with Sandbox(review_after_s=0) as sandbox:
        compliance_id = await client.created(sandbox, alias="K-1")
        await client.send(sandbox, "POST", "Number/911140000001/", json={"compliance_id": compliance_id})
        await client.control(sandbox, "POST", "others", vanish=1, present=1)

        page = await client.listed(sandbox)
        state = (await client.control(sandbox, "GET", "state")).json

        assert ["Stranger 1"] == [record["alias"] for record in page["compliances"]]
        assert [{"compliance_id": compliance_id, "alias": "K-1"}] == state["deleted_by_others"]
        assert [None] == [number["compliance_id"] for number in state["numbers"]]


async def test_record_is_deleted_at_the_console_whatever_its_review(client: Any) -> None:
    """A request names it by alias or id; a GET of it is 404 afterwards."""
    async with Sandbox(review_after_s=0) as sandbox:
        compliance_id = await client.created(sandbox, alias="K-1")

        deleted = (await client.control(sandbox, "POST", "delete", alias="K-1")).json
        got = await client.send(sandbox, "GET", f"PhoneNumber/Compliance/{compliance_id}/")
        again = await client.control(sandbox, "POST", "delete", compliance_id=compliance_id)

        assert {"deleted": compliance_id} == deleted
        assert (404, 400) == (got.http_status, again.http_status)


async def test_dice_repeat_by_their_seed(client: Any) -> None:
    """The same seed chooses the same half of the pages, another seed another half."""

    async def counts(seed: int) -> list[int]:
        async with Sandbox(others={"create": 0.5}, seed=seed) as sandbox:
            return [(await client.listed(sandbox))["meta"]["total_count"] for _ in range(12)]

    first = await counts(seed=1)

    assert 0 < first[-1] < 12
    assert first == await counts(seed=1) != await counts(seed=2)


@pytest.mark.parametrize("name", ODD)
async def test_odd_member_of_a_strangers_record(client: Any, name: str) -> None:
    """A list shows this member instead of the right one."""
    async with Sandbox(others={name: 1}) as sandbox:
        (row,) = (await client.listed(sandbox))["compliances"]

        assert ODD[name] == {member: row.get(member, "absent") for member in ODD[name]}


@pytest.mark.parametrize(("name", "row"), [("no-object", "Stranger 1"), ("null-row", None)])
async def test_odd_row(client: Any, name: str, row: object) -> None:
    """A list shows something else instead of an object."""
    async with Sandbox(others={name: 1}) as sandbox:
        assert [row] == (await client.listed(sandbox))["compliances"]


async def test_broken_text_goes_out_as_it_is(client: Any) -> None:
    """Half a surrogate pair is an escape in sound JSON; the invalid byte makes the answer no UTF-8."""
    async with Sandbox(others={"lone-surrogate": 1}) as sandbox:
        half = (await client.send(sandbox, "GET", "PhoneNumber/Compliance/")).content
        state = await client.control(sandbox, "GET", "state")
        await client.control(sandbox, "POST", "others", **{"invalid-utf8": 1})
        invalid = (await client.send(sandbox, "GET", "PhoneNumber/Compliance/")).content

    assert rb"Stranger 1 \ud83d" in half
    assert "Stranger 1 \ud83d" == json.loads(half)["compliances"][0]["alias"]
    assert 1 == state.json["strangers"]
    assert b"Stranger 2 \xff" in invalid


async def test_one_record_alone_is_over_a_mebibyte(client: Any) -> None:
    """No page that has it is smaller, whatever limit is asked for; the next page has the others."""
    async with Sandbox(others={"huge": 1}) as sandbox:
        await client.created(sandbox)

        seen = await client.send(sandbox, "GET", "PhoneNumber/Compliance/?limit=1")
        following = await client.send(sandbox, "GET", seen.json["meta"]["next"])

        assert len(seen.content) > 1024 * 1024 > len(following.content)


def test_every_oddity_has_its_test() -> None:
    """Each oddity of the table has a test above."""
    assert {*ODD, "no-object", "null-row", "lone-surrogate", "invalid-utf8", "huge"} == set(ODDITIES)


@pytest.mark.parametrize("asked", [{"rename": 1}, {"create": -1}, {"present": 0.5}])
def test_what_others_do_not_do_is_refused(asked: dict[str, float]) -> None:
    """An unknown name, a number below 0, half a record."""
    with pytest.raises(UsageError, match=next(iter(asked))):
        Others(asked, seed=0)
