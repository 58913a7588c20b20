"""The OpenAPI documents: all that there is stands in them, as the tables have it at the moment."""

from collections.abc import Iterator
from typing import Any

import pytest

from bulk_onboard.sandbox import beta, released_requirements
from bulk_onboard.sandbox.call import OPERATIONS, route_of
from bulk_onboard.sandbox.openapi import document
from bulk_onboard.sandbox.operations import CONTRACTS
from bulk_onboard.sandbox.server import Sandbox

METHODS = ("get", "post", "patch", "delete", "put", "head", "options", "trace")


def described(contract: str, **settings: Any) -> Any:
    """The document of a contract."""
    sandbox = Sandbox(contract=contract, **settings)
    return document(sandbox.state, sandbox.state.contract)


def references(node: Any) -> Iterator[str]:
    """All references in a document."""
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref")
        node = list(node.values())
    if isinstance(node, list):
        for member in node:
            yield from references(member)


def at(node: Any, reference: str) -> Any:
    """What a reference leads to."""
    for name in reference.removeprefix("#/").split("/"):
        node = node[name]
    return node


def field(told: Any, contract: str) -> Any:
    """The schema of the first member with lengths, in the form of a create."""
    data = told["components"]["schemas"]["Create"]
    if contract == "beta":
        return data["properties"]["data"]["properties"]["end_user"]["properties"]["name"]
    entry = data["anyOf"][0]["properties"]["data"]["properties"]["documents"]["items"]["anyOf"][0]
    return entry["properties"]["data_fields"]["properties"]["business_name"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_document_has_each_path_and_method_that_leads_somewhere(contract: str) -> None:
    """And no others: what it has is carried out as the operation that it names, what it lacks is refused."""
    told = described(contract)
    bulk = CONTRACTS[contract].links_in_bulk

    known = {(path, method) for path, methods in told["paths"].items() for method in METHODS if method in methods}
    routed = {
        (path, method): route_of(method.upper(), path, links_in_bulk=bulk).operation
        for path in told["paths"]
        for method in METHODS
    }

    assert known == {where for where, operation in routed.items() if operation != "unknown"}
    assert set(OPERATIONS) == {routed[where] for where in known}
    assert bulk == ("/v1/Account/{account}/PhoneNumber/Compliance/Link/" in told["paths"])


@pytest.mark.parametrize("contract", CONTRACTS)
def test_references_lead_somewhere(contract: str) -> None:
    """Each names something that the document has."""
    told = described(contract)

    assert all(at(told, reference) for reference in references(told))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_ids_of_operations_and_links_agree(contract: str) -> None:
    """Each operation has an id of its own, and a link leads to one of them."""
    operations = [
        methods[method] for methods in described(contract)["paths"].values() for method in METHODS & methods.keys()
    ]

    ids = [operation["operationId"] for operation in operations]
    answers = [answer for operation in operations for answer in operation["responses"].values()]
    links = [link["operationId"] for answer in answers for link in answer.get("links", {}).values()]

    assert len(set(ids)) == len(ids)
    assert set() == set(links) - set(ids)


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_document_asks_for_what_requirements_tell(client: Any, contract: str) -> None:
    """Lengths of a field, and the types of document, are those that Requirements answer."""
    async with Sandbox(contract=contract) as sandbox:
        query = "country_iso=IN&number_type=local&user_type=business"
        asked = (await client.send(sandbox, "GET", f"PhoneNumber/Compliance/Requirements/?{query}")).json
        told = (await client.control(sandbox, "GET", "openapi.json")).json

    if contract == "beta":
        needed = asked["number_types"][0]["user_types"][0]
        business_name, types = needed["required_fields"][0], needed["required_documents"]
        known = told["components"]["schemas"]["Create"]["properties"]["data"]["properties"]["documents"]
        assert [kind["type"] for kind in types] == known["items"]["properties"]["type"]["enum"]
    else:
        types = asked["document_types"]
        business_name = types[0]["required_fields"][0]
        known = told["components"]["schemas"]["Create"]["anyOf"][0]["properties"]["data"]["properties"]["documents"]
        assert [kind["document_type_id"] for kind in types] == [
            entry["properties"]["document_type_id"]["const"] for entry in known["items"]["anyOf"]
        ]
    schema = field(told, contract)
    assert (business_name["min_length"], business_name["max_length"]) == (schema["minLength"], schema["maxLength"])


def test_tables_are_what_the_document_is_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another length, another country and another combination stand in it at once."""
    monkeypatch.setitem(beta.FIELDS[0], "max_length", 7)
    monkeypatch.setitem(beta.OFFERED, "DE", ("local",))
    combination = ("DE", "tollfree", "individual")
    monkeypatch.setitem(released_requirements.OFFERED, combination, ())

    first, second = (described(contract)["components"]["schemas"]["Create"] for contract in ("beta", "released"))

    assert 7 == field(described("beta"), "beta")["maxLength"]
    assert ["IN", "DE"] == first["properties"]["data"]["properties"]["country_iso"]["enum"]
    last = second["anyOf"][-1]["properties"]["data"]["properties"]
    assert combination == (
        last["country_iso"]["const"],
        last["number_type"]["const"],
        last["end_user"]["properties"]["type"]["const"],
    )


def test_what_is_switched_stands_in_the_document() -> None:
    """New ids, more types of document, a smaller limit of lists and of links."""
    plain = described("released")
    other = described("released", behaviours=["new-ids", "refuse-over-20"], link_limit=7)
    fifty = described("released", behaviours=["fifty-types"])

    def limits(told: Any) -> tuple[int, int]:
        listed = told["paths"]["/v1/Account/{account}/PhoneNumber/Compliance/"]["get"]["parameters"]
        linked = told["paths"]["/v1/Account/{account}/PhoneNumber/Compliance/Link/"]["post"]["requestBody"]
        most = linked["content"]["application/json"]["schema"]["properties"]["numbers"]["maxItems"]
        return next(one["schema"]["maximum"] for one in listed if one["name"] == "limit"), most

    assert (100, 100) == limits(plain)
    assert (20, 7) == limits(other)
    assert field(plain, "released") == field(other, "released")
    assert plain["components"]["schemas"]["Create"] != other["components"]["schemas"]["Create"]
    assert "documents[49].file" in fifty["components"]["schemas"]["Create"]["properties"]


def test_each_refusal_is_there_with_the_status_of_its_contract() -> None:
    """Every code but those of faults and of wrong methods stands in beta's document, under its status."""
    found = {
        (code, int(status))
        for methods in described("beta")["paths"].values()
        for method in METHODS & methods.keys()
        for status, answer in methods[method]["responses"].items()
        if int(status) >= 400
        for code in answer["content"]["application/json"]["schema"]["properties"]["error"]["properties"]["code"]["enum"]
    }
    elsewhere = {"method_not_allowed", "compliance_exists", "account_not_enabled"}

    assert {(code, status) for code, (_, status) in beta.TYPE_AND_HTTP_STATUS.items() if code not in elsewhere} == found


async def test_document_of_either_contract_is_served(client: Any) -> None:
    """That of the contract that is spoken, or the one that is asked for; no other."""
    async with Sandbox(contract="released") as sandbox:
        spoken = await client.control(sandbox, "GET", "openapi.json")
        asked = await client.control(sandbox, "GET", "openapi.json?contract=beta")
        await client.control(sandbox, "POST", "contract", contract="beta")
        spoken_later = await client.control(sandbox, "GET", "openapi.json")
        unknown = await client.control(sandbox, "GET", "openapi.json?contract=gamma")

        assert ("3.1.0", "released") == (spoken.json["openapi"], spoken.json["info"]["version"])
        assert "application/json" == spoken.headers["Content-Type"]
        assert "beta" == asked.json["info"]["version"]
        assert asked.json == spoken_later.json
        assert 400 == unknown.http_status
        assert "gamma" in unknown.json["error"]
