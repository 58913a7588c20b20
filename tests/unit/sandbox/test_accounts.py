"""Several accounts in one sandbox: what one of them has, is allowed or meets is nothing to the others."""

from typing import Any

import aiohttp
import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.accounts import credentials_in
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import Quota

ACME, BRAVO = "MAACME00000000000001", "MABRAVO0000000000002"
LIST = "PhoneNumber/Compliance/"


def operations(log: Any) -> list[tuple[str, int | None]]:
    return [(request.operation, request.http_status) for request in log]


async def test_records_and_logs_of_two_accounts_do_not_touch(client: Any) -> None:
    """Each lists its own record, and cannot get the other's; each log has its own requests."""
    acme, bravo = client.of(ACME), client.of(BRAVO)
    async with Sandbox() as sandbox:
        ours = await acme.created(sandbox, end_user__name="Acme")
        theirs = await bravo.created(sandbox, end_user__name="Bravo")
        foreign = await acme.send(sandbox, "GET", f"{LIST}{theirs}/")
        listed = await bravo.listed(sandbox)

        assert [[ours], [theirs]] == [
            [record.compliance_id for record in sandbox.account(auth_id).state.records] for auth_id in (ACME, BRAVO)
        ]
        assert 404 == foreign.http_status
        assert [theirs] == [row["compliance_id"] for row in listed["compliances"]]
        assert [("create", 201), ("get", 404)] == operations(sandbox.account(ACME).log)
        assert [("create", 201), ("list", 200)] == operations(sandbox.account(BRAVO).log)


async def test_duplicates_are_counted_within_an_account(client: Any) -> None:
    """One business at two accounts is none; twice at one of them it is."""
    acme, bravo = client.of(ACME), client.of(BRAVO)
    async with Sandbox() as sandbox:
        await acme.create(sandbox)
        await bravo.create(sandbox)
        apart = [sandbox.account(auth_id).state.duplicates for auth_id in (ACME, BRAVO)]
        await bravo.create(sandbox)

        listed = (await client.control(sandbox, "GET", "accounts")).json["accounts"]

        assert [[], []] == apart
        assert {ACME: 0, BRAVO: 1} == {auth_id: counts["duplicates"] for auth_id, counts in listed.items()}


async def test_quotas_of_two_accounts_do_not_touch(client: Any, clock: Any) -> None:
    """One that has used up its window is throttled, and the other goes on."""
    async with Sandbox(quota=Quota(2, 60), clock=clock) as sandbox:
        asked = [ACME, ACME, ACME, BRAVO]
        seen = [(await client.of(auth_id).send(sandbox, "GET", LIST)).http_status for auth_id in asked]

        assert [200, 200, 429, 200] == seen


async def test_faults_of_two_accounts_do_not_touch(client: Any) -> None:
    """A script of one account strikes its calls alone."""
    async with Sandbox() as sandbox:
        sandbox.account(ACME).faults.script("create", "error-500-before")

        seen = [(await client.of(auth_id).create(sandbox)).http_status for auth_id in (BRAVO, ACME, ACME)]

        assert [201, 500, 201] == seen


async def test_numbers_are_linked_within_an_account(client: Any) -> None:
    """Both accounts may rent and link a number of the same digits."""
    async with Sandbox(review_after_s=0) as sandbox:
        for auth_id in (ACME, BRAVO):
            compliance_id = await client.of(auth_id).created(sandbox)
            link = {"compliance_id": compliance_id}
            await client.of(auth_id).send(sandbox, "POST", "Number/911140000001/", json=link)

        linked = [sandbox.account(auth_id).state.numbers[0].times_linked for auth_id in (ACME, BRAVO)]

        assert [1, 1] == linked


async def test_account_may_have_settings_of_its_own(client: Any, clock: Any) -> None:
    """Quota, faults and behaviours of one differ, the others have those of all."""
    own = {BRAVO: {"quota": Quota(1, 60), "behaviours": ["no-meta"], "faults": {"error-500-after": 1.0}}}
    async with Sandbox(quota=Quota(9, 60), accounts=own, clock=clock) as sandbox:
        acme, bravo = client.of(ACME), client.of(BRAVO)

        assert "meta" in await acme.listed(sandbox)
        assert 201 == (await acme.create(sandbox)).http_status
        assert "meta" not in await bravo.listed(sandbox)
        assert 429 == (await bravo.create(sandbox)).http_status
        clock.at += 60
        assert 500 == (await bravo.create(sandbox)).http_status


def test_settings_of_an_account_without_credentials_are_refused() -> None:
    """A misspelt auth id is named."""
    with pytest.raises(UsageError, match=BRAVO):
        Sandbox(credentials=(ACME, "token"), accounts={BRAVO: {}})


async def test_only_account_need_not_be_named(client: Any) -> None:
    """What is set before the first call is for whoever calls first."""
    async with Sandbox() as sandbox:
        sandbox.faults.script("create", "error-500-before")

        seen = await client.of(BRAVO).create(sandbox)

        assert 500 == seen.http_status
        assert sandbox.account(BRAVO) is sandbox.only
        assert [("create", 500)] == operations(sandbox.log)


async def test_where_there_are_several_one_must_be_named(client: Any) -> None:
    """In Python and by request, the sentence names the choices."""
    async with Sandbox(credentials={ACME: "a", BRAVO: "b"}) as sandbox:
        with pytest.raises(UsageError, match=f"2 accounts: {ACME}, {BRAVO}"):
            _ = sandbox.state
        with pytest.raises(UsageError, match=f"no account 'MAOTHER'; choose one of {ACME}, {BRAVO}"):
            sandbox.account("MAOTHER")

        asked = [await client.control(sandbox, "GET", path) for path in ("state", "accounts/MAOTHER/state")]

        assert [400, 400] == [seen.http_status for seen in asked]
        assert all(BRAVO in seen.json["error"] for seen in asked)


async def test_each_account_has_its_own_token_and_a_wrong_one_spends_no_quota(client: Any) -> None:
    """Another account's token, or an unknown account, gets 401 and meets neither quota nor fault."""
    async with Sandbox(credentials={ACME: "a", BRAVO: "b"}, quota=Quota(1, 60)) as sandbox:
        sandbox.account(ACME).faults.script("any", "error-500-before")
        wrong = [client.of(ACME, "b"), client.of("MAOTHER", "a"), client.of(ACME, "")]

        refused = [await each.send(sandbox, "GET", LIST) for each in wrong]
        met = await client.of(ACME, "a").send(sandbox, "GET", LIST)

        assert [401] * 3 == [seen.http_status for seen in refused]
        assert {"invalid_credentials"} == {seen.json["error"]["code"] for seen in refused}
        assert "X-RateLimit-Limit" not in refused[0].headers
        assert 500 == met.http_status
        assert [("list", 401), ("list", 401), ("list", 500)] == operations(sandbox.account(ACME).log)
        assert [("list", 401)] == operations(sandbox.strays)
        assert {ACME, BRAVO} == set(sandbox.accounts)


async def test_refused_request_opens_no_account(client: Any) -> None:
    """Where any may call, one whose header names another account than its path does not."""
    async with Sandbox() as sandbox:
        headers = {"Authorization": aiohttp.encode_basic_auth(ACME, "token")}

        seen = await client.of(BRAVO).send(sandbox, "GET", LIST, headers=headers)

        assert 401 == seen.http_status
        assert {} == sandbox.accounts


async def test_control_reaches_an_account_by_its_id(client: Any) -> None:
    """State, faults, contract and review of one leave the other as it is."""
    acme, bravo = client.of(ACME), client.of(BRAVO)
    async with Sandbox() as sandbox:
        compliance_id = await acme.created(sandbox)
        await bravo.create(sandbox)
        script = [{"operation": "list", "fault": "error-500-before"}]
        await client.control(sandbox, "POST", f"accounts/{BRAVO}/faults", script=script)
        review = {"compliance_id": compliance_id, "review": "approved"}
        elsewhere = await client.control(sandbox, "POST", f"accounts/{BRAVO}/review", **review)
        await client.control(sandbox, "POST", f"accounts/{ACME}/review", **review)
        states = [(await client.control(sandbox, "GET", f"accounts/{each}/state")).json for each in (ACME, BRAVO)]

        assert 400 == elsewhere.http_status
        assert ["approved", "pending_review"] == [state["records"][0]["review"] for state in states]
        assert 200 == (await acme.send(sandbox, "GET", LIST)).http_status
        assert 500 == (await bravo.send(sandbox, "GET", LIST)).http_status


async def test_list_of_accounts_has_their_counts(client: Any, clock: Any) -> None:
    """Records, duplicates, requests, throttled ones, and what went to no account."""
    async with Sandbox(quota=Quota(2, 60), clock=clock) as sandbox:
        for auth_id in (ACME, ACME, ACME, BRAVO):
            await client.of(auth_id).create(sandbox)
        await client.send(sandbox, "GET", "/v2/")

        listed = (await client.control(sandbox, "GET", "accounts")).json

        assert {
            ACME: {"count": 2, "duplicates": 1, "requests": 3, "throttled": 1},
            BRAVO: {"count": 1, "duplicates": 0, "requests": 1, "throttled": 0},
        } == listed["accounts"]
        assert {"unknown": {"404": 1}} == listed["strays"]


async def test_reset_is_of_one_or_of_all(client: Any) -> None:
    """One that is named is as at the start; without a name all are, and those that came since are gone."""
    async with Sandbox(accounts={ACME: {}}) as sandbox:
        for auth_id in (ACME, BRAVO):
            await client.of(auth_id).create(sandbox)

        await client.control(sandbox, "POST", f"accounts/{ACME}/reset")
        one = {auth_id: len(account.state.records) for auth_id, account in sandbox.accounts.items()}
        await client.control(sandbox, "POST", "reset")

        assert {ACME: 0, BRAVO: 1} == one
        assert [ACME] == list(sandbox.accounts)
        assert () == sandbox.state.records


def test_credentials_come_from_the_environment_when_both_are_set() -> None:
    """One of the two alone is none; those with a name behind are taken, too, and files are not read."""
    assert {"MA1": "t"} == credentials_in({"PLIVO_AUTH_ID": "MA1", "PLIVO_AUTH_TOKEN": "t"})
    assert credentials_in({"PLIVO_AUTH_ID": "MA1"}) is None
    named = {"PLIVO_AUTH_ID_A": "MA1", "PLIVO_AUTH_TOKEN_A": "t", "PLIVO_AUTH_ID_B": "MA2", "PLIVO_AUTH_TOKEN_B": "u"}
    assert {"MA1": "t", "MA2": "u"} == credentials_in(named)
    assert credentials_in({"PLIVO_AUTH_ID_FILE": "/x", "PLIVO_AUTH_TOKEN_FILE": "/y"}) is None
    assert credentials_in({**named, "PLIVO_ACCOUNTS": "/run/accounts"}) is None
