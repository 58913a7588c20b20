"""Lists as they should be: filters, pages whose links keep the filters, expansion, and lag."""

from typing import Any

import pytest

from bulk_onboard.sandbox.server import Sandbox


async def test_following_next_walks_every_record_that_fits_the_filters_once(client: Any) -> None:
    """`meta.next` is relative and keeps filters and limit; the walk ends with null."""
    async with Sandbox() as sandbox:
        wanted = [await client.created(sandbox, alias=f"K-{n}") for n in range(5)]
        await client.created(sandbox, alias="K-other", number_type="mobile")

        found: list[str] = []
        path = "PhoneNumber/Compliance/?limit=2&number_type=local&status=pending_review&expand=end_user"
        while path is not None:
            page = (await client.send(sandbox, "GET", path)).json
            found += [record["compliance_id"] for record in page["compliances"] if "end_user" in record]
            path = page["meta"]["next"]

        assert wanted == found
        assert 5 == page["meta"]["total_count"]
        assert page["meta"]["previous"].startswith("/v1/Account/")
        assert all("number_type=local" in request.query for request in sandbox.log if request.operation == "list")


async def test_alias_filter_is_exact(client: Any) -> None:
    """A record is found by its whole alias only, blanks and tilde included."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox, alias="K-1 ~abcdefgh23456777")

        found = await client.listed(sandbox, "alias=K-1%20~abcdefgh23456777")
        nothing = await client.listed(sandbox, "alias=K-1")

        assert [compliance_id] == [record["compliance_id"] for record in found["compliances"]]
        assert [] == nothing["compliances"]


async def test_default_limit_is_twenty(client: Any) -> None:
    """Without a limit a page has 20 places."""
    async with Sandbox() as sandbox:
        assert 20 == (await client.listed(sandbox))["meta"]["limit"]


@pytest.mark.parametrize(
    "query",
    ["limit=101", "limit=0", "limit=x", "offset=-1", "status=accepted", "number_type=x", "expand=documents,x"],
)
async def test_query_beyond_the_document_is_refused(client: Any, query: str) -> None:
    """A limit above 100, a bad offset and an unknown word get 400, also where there is no record to show."""
    async with Sandbox() as sandbox:
        seen = await client.send(sandbox, "GET", f"PhoneNumber/Compliance/?{query}")

        assert (400, "invalid_parameter", query.partition("=")[0]) == seen.error


async def test_greatest_offset_is_the_one_that_the_refusal_names(client: Any) -> None:
    """One more than it is refused, with the number that is still taken."""
    async with Sandbox() as sandbox:
        refused = await client.send(sandbox, "GET", "PhoneNumber/Compliance/?offset=1000000000")
        taken = await client.send(sandbox, "GET", "PhoneNumber/Compliance/?offset=999999999")

        assert "offset must be a whole number from 0 to 999999999" == refused.json["error"]["message"]
        assert 200 == taken.http_status


async def test_record_shows_its_parts_only_when_expanded(client: Any) -> None:
    """Without `expand` there is neither end_user nor documents nor linked_numbers; a reason is null."""
    async with Sandbox() as sandbox:
        compliance_id = await client.created(sandbox)

        plain = (await client.send(sandbox, "GET", f"PhoneNumber/Compliance/{compliance_id}/")).json
        expanded = await client.get(sandbox, compliance_id)

        parts = {"end_user", "documents", "linked_numbers"}
        assert parts == set(expanded) - set(plain)
        assert plain["rejection_reason"] is None
        assert "Invented Pvt Ltd" == expanded["end_user"]["name"]
        assert ["identity_proof", "address_proof", "business_registration"] == [
            document["type"] for document in expanded["documents"]
        ]


async def test_new_record_is_listed_after_the_lag_but_got_at_once(client: Any, clock: Any) -> None:
    """With a list lag a record can be fetched by id before any list shows it."""
    async with Sandbox(list_lag_s=30, clock=clock) as sandbox:
        compliance_id = await client.created(sandbox)
        clock.at += 29

        early = await client.listed(sandbox)
        got = await client.get(sandbox, compliance_id)
        clock.at += 1
        late = await client.listed(sandbox)

        assert 0 == early["meta"]["total_count"]
        assert compliance_id == got["compliance_id"]
        assert [compliance_id] == [record["compliance_id"] for record in late["compliances"]]


async def test_new_record_is_got_after_the_lag_but_listed_at_once(client: Any, clock: Any) -> None:
    """With a lag of GET a record is in the list before a GET finds it."""
    async with Sandbox(get_lag_s=30, clock=clock) as sandbox:
        compliance_id = await client.created(sandbox)
        path = f"PhoneNumber/Compliance/{compliance_id}/"

        listed = await client.listed(sandbox)
        early = await client.send(sandbox, "GET", path)
        clock.at += 30
        late = await client.send(sandbox, "GET", path)

        assert 1 == listed["meta"]["total_count"]
        assert (404, 200) == (early.http_status, late.http_status)
