"""Switches: what is kept of what was sent (`--record`), and what a list makes of it (`--list`)."""

from typing import Any

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.behaviours import Behaviours
from bulk_onboard.sandbox.server import Sandbox

ALIAS = "Café  & Sons 株 Private Limited K-17 ~abcdefgh23456777"


@pytest.mark.parametrize(
    ("behaviours", "kept"),
    [
        ((), ALIAS),
        (("cut-alias=40",), ALIAS[:40]),
        (("cut-alias=54",), ALIAS),
        (("lower-alias",), ALIAS.lower()),
        (("upper-alias",), ALIAS.upper()),
        (("ascii-alias",), "Cafe  & Sons ? Private Limited K-17 ~abcdefgh23456777"),
        (("squeezed-alias",), "Café & Sons 株 Private Limited K-17 ~abcdefgh23456777"),
        (("no-blanks-alias",), "Café&Sons株PrivateLimitedK-17~abcdefgh23456777"),
        (("ascii-alias", "upper-alias", "squeezed-alias", "cut-alias=13"), "CAFE & SONS ?"),
    ],
)
async def test_alias_is_kept_as_switched_and_the_filter_looks_at_what_is_kept(
    client: Any, behaviours: tuple[str, ...], kept: str
) -> None:
    """The record shows it so, and the list finds it by exactly that."""
    async with Sandbox(behaviours=behaviours) as sandbox:
        compliance_id = await client.created(sandbox, alias=ALIAS)

        shown = (await client.get(sandbox, compliance_id))["alias"]
        by_kept = await found(client, sandbox, kept)
        by_sent = await found(client, sandbox, ALIAS)

        assert kept == shown
        assert [compliance_id] == by_kept
        assert ([compliance_id] if kept == ALIAS else []) == by_sent


async def test_update_is_kept_as_switched(client: Any) -> None:
    """An update goes through the same steps as a create."""
    async with Sandbox(behaviours=["cut-alias=3", "capital-names"]) as sandbox:
        compliance_id = await client.created(sandbox)
        await client.review(sandbox, compliance_id, "rejected")

        await client.update(sandbox, compliance_id, {"alias": "Other", "end_user": {"name": "Other Ltd"}})

        record = await client.get(sandbox, compliance_id)
        assert ("Oth", "OTHER LTD") == (record["alias"], record["end_user"]["name"])


@pytest.mark.parametrize(
    ("behaviour", "member", "expected"),
    [
        ("capital-names", "name", "INVENTED  PVT LTD"),
        ("squeezed-content", "name", "Invented Pvt Ltd"),
        ("upper-numbers", "registration_number", "U72200KA2020PTC123456"),
        ("null-state", "address", {"line1": "1 Nowhere Road", "state": None}),
    ],
)
async def test_content_is_kept_as_switched(client: Any, behaviour: str, member: str, expected: Any) -> None:
    """Each switch changes one member of `end_user`, in the record and in the list."""
    async with Sandbox() as sandbox:
        await client.control(sandbox, "POST", "record", behaviours=[behaviour])
        compliance_id = await client.created(
            sandbox, end_user__name="Invented  Pvt Ltd", end_user__registration_number="u72200ka2020ptc123456"
        )

        record = await client.get(sandbox, compliance_id)
        listed = (await client.listed(sandbox, "expand=end_user"))["compliances"][0]

        for shown in (record["end_user"][member], listed["end_user"][member]):
            assert expected == ({n: shown[n] for n in expected} if isinstance(expected, dict) else shown)


@pytest.mark.parametrize("member", ["name", "registration_number"])
async def test_body_with_the_word_is_too_large_in_every_attempt(client: Any, member: str) -> None:
    """A gateway answers 413 in HTML and nothing is kept; the neighbours pass."""
    async with Sandbox(behaviours=["too-large=HUGE"]) as sandbox:
        seen = [await client.create(sandbox, **{f"end_user__{member}": "A HUGE ONE"}) for _ in range(2)]
        neighbour = await client.create(sandbox)

        assert [(413, "text/html")] * 2 == [(each.http_status, each.headers["Content-Type"]) for each in seen]
        assert 201 == neighbour.http_status
        assert 1 == len(sandbox.state.records)


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (["cut-alias"], "cut-alias=40"),
        (["cut-alias=long"], "cut-alias=40"),
        (["too-large="], "too-large=HUGE"),
        (["null-state=yes"], "write null-state"),
        (["lower-alias", "upper-alias"], "contradict"),
        (["newest-firts"], "newest-first"),
    ],
)
def test_switch_that_is_written_wrongly_is_refused_with_what_to_write(names: list[str], named: str) -> None:
    """A missing value, a needless one, a contradiction, an unknown name."""
    with pytest.raises(UsageError, match=named):
        Behaviours(names, seed=0)


async def test_switches_about_one_thing_leave_the_others_on(client: Any) -> None:
    """What a request switches replaces what was on about that thing; a switch about another thing is refused."""
    async with Sandbox(behaviours=["no-meta", "null-state"]) as sandbox:
        answer = (await client.control(sandbox, "POST", "record", behaviours=["lower-alias"])).json
        refused = await client.control(sandbox, "POST", "record", behaviours=["no-total"])

        assert {"behaviours": ["lower-alias"]} == answer
        assert {"no-meta", "lower-alias"} == set(sandbox.behaviours.names)
        assert 400 == refused.http_status


async def found(client: Any, sandbox: Sandbox, alias: str) -> list[str]:
    """The ids that the filter `alias` finds."""
    path = "PhoneNumber/Compliance/"
    page = (await client.send(sandbox, "GET", path, params={"alias": alias})).json
    return [record["compliance_id"] for record in page["compliances"]]


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
    """A limit of 21 gets 400, one of 20 is served."""
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
