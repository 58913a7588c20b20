"""List: filters, pages whose links keep the filters, expansion, and lag."""

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


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "limit=x", "offset=-1", "status=accepted", "number_type=x"])
async def test_query_beyond_the_document_is_refused(client: Any, query: str) -> None:
    """A limit above 100, a bad offset and an unknown word get 400."""
    async with Sandbox() as sandbox:
        seen = await client.send(sandbox, "GET", f"PhoneNumber/Compliance/?{query}")

        assert (400, "invalid_parameter", query.partition("=")[0]) == seen.error


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


@pytest.mark.parametrize(
    ("behaviour", "query", "expected"),
    [
        ("ignore-alias", "alias=B-1", ["A-1", "A-2", "B-1"]),
        ("substring-alias", "alias=-1", ["A-1", "B-1"]),
        ("substring-alias", "alias=C", []),
        ("newest-first", "", ["B-1", "A-2", "A-1"]),
        ("newest-first", "limit=1&offset=1", ["A-2"]),
        ("no-total", "alias=A-2", ["A-2"]),
        ("any-case-alias", "alias=a-2", ["A-2"]),
        ("ignore-offset", "limit=2&offset=2", ["A-1", "A-2"]),
        ("offset-in-pages", "limit=2&offset=1", ["B-1"]),
    ],
)
async def test_list_behaves_as_switched(client: Any, behaviour: str, query: str, expected: list[str]) -> None:
    """Each switch changes what the list finds, or the order in which it finds it, and nothing else."""
    async with Sandbox(behaviours=[behaviour]) as sandbox:
        for alias in ("A-1", "A-2", "B-1"):
            await client.created(sandbox, alias=alias)

        page = await client.listed(sandbox, query)

        assert expected == [record["alias"] for record in page["compliances"]]
        assert (behaviour == "no-total") == ("total_count" not in page["meta"])


async def test_list_without_meta(client: Any) -> None:
    """There are records, and nothing that says which page they are."""
    async with Sandbox(behaviours=["no-meta"]) as sandbox:
        await client.created(sandbox)

        assert {"api_id", "compliances"} == set(await client.listed(sandbox))


async def test_limit_above_twenty_is_refused(client: Any) -> None:
    """21 gets 400, 20 is granted."""
    async with Sandbox(behaviours=["refuse-over-20"]) as sandbox:
        refused = await client.send(sandbox, "GET", "PhoneNumber/Compliance/?limit=21")
        granted = await client.send(sandbox, "GET", "PhoneNumber/Compliance/?limit=20")

        assert (400, "invalid_parameter", "limit") == refused.error
        assert 200 == granted.http_status


async def test_links_count_pages_where_the_offset_does(client: Any) -> None:
    """Whoever follows `next` sees every record once."""
    async with Sandbox(behaviours=["offset-in-pages"]) as sandbox:
        for number in range(5):
            await client.created(sandbox, alias=f"K-{number}")

        found: list[str] = []
        path = "PhoneNumber/Compliance/?limit=2"
        while path is not None:
            page = (await client.send(sandbox, "GET", path)).json
            found += [record["alias"] for record in page["compliances"]]
            path = page["meta"]["next"]

        assert [f"K-{number}" for number in range(5)] == found
        assert 2 == page["meta"]["offset"]


@pytest.mark.parametrize(("behaviour", "limit", "is_over"), [("padded", 100, True), ("padded", 50, False)])
async def test_padded_page_is_over_a_mebibyte_only_when_it_is_long(
    client: Any, behaviour: str, limit: int, is_over: bool
) -> None:
    """A page of 100 records is over 1 MiB, one of 50 is not; how much is padded may be said."""
    async with Sandbox(behaviours=[behaviour], others={"present": 100}) as sandbox:
        page = await client.send(sandbox, "GET", f"PhoneNumber/Compliance/?limit={limit}&expand=end_user")
        await client.control(sandbox, "POST", "list", behaviours=["padded=10"])
        short = await client.send(sandbox, "GET", f"PhoneNumber/Compliance/?limit={limit}&expand=end_user")

        assert is_over == (len(page.content) > 1024 * 1024)
        assert limit * (12_000 - 10) == len(page.content) - len(short.content)


async def test_new_record_is_got_after_the_lag_but_listed_at_once(client: Any, clock: Any) -> None:
    """With a lag of GET a record is in the list before it can be asked for, as it may still be judged."""
    async with Sandbox(get_lag_s=30, clock=clock) as sandbox:
        compliance_id = await client.created(sandbox)
        path = f"PhoneNumber/Compliance/{compliance_id}/"

        listed = await client.listed(sandbox)
        early = await client.send(sandbox, "GET", path)
        clock.at += 30
        late = await client.send(sandbox, "GET", path)

        assert 1 == listed["meta"]["total_count"]
        assert (404, 200) == (early.http_status, late.http_status)


async def test_capped_page_says_so_and_its_links_still_walk_everything(client: Any) -> None:
    """Asked for 100 the list gives 20, says 20, and `next` begins at the 21st."""
    async with Sandbox(behaviours=["cap-20"]) as sandbox:
        for number in range(21):
            await client.created(sandbox, alias=f"K-{number}")

        first = await client.listed(sandbox, "limit=100")
        second = (await client.send(sandbox, "GET", first["meta"]["next"])).json

        assert (20, 20, 21) == (len(first["compliances"]), first["meta"]["limit"], first["meta"]["total_count"])
        assert ["K-20"] == [record["alias"] for record in second["compliances"]]
        assert second["meta"]["next"] is None


async def test_random_order_differs_by_request_and_repeats_with_its_seed(client: Any) -> None:
    """Two pages of one sandbox are cut from two orders; a second sandbox of that seed has the same two."""

    async def orders(seed: int) -> list[list[str]]:
        async with Sandbox(behaviours=["random-order"], seed=seed) as sandbox:
            for number in range(9):
                await client.created(sandbox, alias=f"K-{number}")
            pages = [await client.listed(sandbox) for _ in range(2)]
            return [[record["alias"] for record in page["compliances"]] for page in pages]

    first, second = await orders(seed=1)

    assert first != second
    assert sorted(first) == sorted(second) == [f"K-{number}" for number in range(9)]
    assert [first, second] == await orders(seed=1)


async def test_pages_shift_while_records_are_created_newest_first(client: Any) -> None:
    """A create between two pages pushes the last record of the first page onto the second."""
    async with Sandbox(behaviours=["newest-first"]) as sandbox:
        for number in range(4):
            await client.created(sandbox, alias=f"K-{number}")

        first = await client.listed(sandbox, "limit=2")
        await client.created(sandbox, alias="K-4")
        second = (await client.send(sandbox, "GET", first["meta"]["next"])).json

        assert ["K-3", "K-2"] == [record["alias"] for record in first["compliances"]]
        assert ["K-2", "K-1"] == [record["alias"] for record in second["compliances"]]


async def test_behaviours_are_set_by_request_all_at_once_and_gone_after_reset(client: Any) -> None:
    """A request replaces what is switched on, several together; reset brings back the first ones."""
    async with Sandbox(behaviours=["no-total"]) as sandbox:

        async def switch(*names: str) -> Any:
            return (await client.control(sandbox, "POST", "list", behaviours=names)).json

        for alias in ("A-1", "A-2", "B-1"):
            await client.created(sandbox, alias=alias)

        answer = await switch("substring-alias", "newest-first")
        page = await client.listed(sandbox, "alias=A")
        await client.control(sandbox, "POST", "reset")

        assert {"behaviours": ["substring-alias", "newest-first"]} == answer
        assert ["A-2", "A-1"] == [record["alias"] for record in page["compliances"]]
        assert 2 == page["meta"]["total_count"]
        assert ("no-total",) == sandbox.behaviours.names


@pytest.mark.parametrize("names", [["upside-down"], ["newest-first", "random-order"]])
async def test_behaviours_unknown_or_in_contradiction_are_refused(client: Any, names: list[str]) -> None:
    """The request gets a sentence, and what was switched on stays."""
    async with Sandbox(behaviours=["cap-20"]) as sandbox:
        seen = await client.control(sandbox, "POST", "list", behaviours=names)

        assert 400 == seen.http_status
        assert names[0] in seen.json["error"]
        assert ("cap-20",) == sandbox.behaviours.names
