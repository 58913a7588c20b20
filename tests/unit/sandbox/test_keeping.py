"""What is kept of what was sent: to the letter, or as the switches of `--record` say."""

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
    """What a correction brings goes the same way as what a create brought."""
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
