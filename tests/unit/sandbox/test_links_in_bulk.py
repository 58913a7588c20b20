"""Links in bulk, which only the released contract has: what fits is linked, and the report says so, truly or not."""

from typing import Any

import pytest

from bulk_onboard.sandbox.behaviours import BEHAVIOURS
from bulk_onboard.sandbox.server import Sandbox

LINK = "PhoneNumber/Compliance/Link/"
LINKED = "Number linked to compliance application."
FIRST, SECOND = "+912248885512", "912248885513"


def linked(sandbox: Sandbox) -> dict[str, tuple[str | None, int]]:
    """Each number with the record it is under, and how often it was linked."""
    return {number.number: (number.compliance_id, number.times_linked) for number in sandbox.state.numbers}


async def test_each_number_is_linked_or_not_on_its_own_and_the_report_says_why(client: Any, applicant: Any) -> None:
    """HTTP 200 with partial failure inside; numbers with a plus or without; rows as the request has them."""
    async with Sandbox(contract="released") as sandbox:
        good = await applicant.accepted(sandbox)
        under_review = await applicant.created(sandbox, alias="Other")
        seen = await applicant.link(
            sandbox,
            (FIRST, good),
            (SECOND, good),
            ("+912248885514", under_review),
            ("+15550001111", good),
            ("+919840221000", good),
            ("+493040221000", good),
            ("+912248885515", "no-such-id"),
        )
        state = (await client.control(sandbox, "GET", "state")).json["numbers"]

    report = seen.json["report"]
    assert (200, 7, 2) == (seen.http_status, seen.json["total_count"], seen.json["updated_count"])
    assert {"api_id", "total_count", "updated_count", "report"} == set(seen.json)
    assert [
        (FIRST, "success", LINKED),
        (SECOND, "success", LINKED),
        (
            "+912248885514",
            "failed",
            "Compliance application must be in 'accepted' status. Current status: 'submitted'.",
        ),
        ("+15550001111", "failed", "Number not found on your account. Only rented numbers can be linked."),
        ("+919840221000", "failed", "Number type mobile does not match compliance application type local."),
        ("+493040221000", "failed", "Number country DE does not match compliance application country IN."),
        ("+912248885515", "failed", "Compliance application not found."),
    ] == [(row["number"], row["status"], row["remarks"]) for row in report]
    assert [("912248885512", good, 1), ("912248885513", good, 1)] == [
        (number["number"], number["compliance_id"], number["times_linked"]) for number in state
    ]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "numbers must be an array of 1 to 2 objects."),
        ({"numbers": []}, "numbers must be an array of 1 to 2 objects."),
        ({"numbers": [{}] * 3}, "numbers must be an array of 1 to 2 objects."),
        ({"numbers": ["+911140221000"]}, "numbers[0] must be an object."),
        ({"numbers": [{"number": "+911140221000"}]}, "compliance_application_id is required."),
        ({"numbers": [{"number": 911140221000, "compliance_application_id": "a"}]}, "number must be a string."),
        ([], "the body is not a JSON object."),
    ],
)
async def test_call_that_cannot_be_read_or_is_too_long_is_refused_as_a_whole(
    client: Any, body: Any, sentence: str
) -> None:
    """HTTP 400 with a sentence; how many numbers a call may have is a setting."""
    async with Sandbox(contract="released", link_limit=2) as sandbox:
        assert (400, sentence) == (await client.send(sandbox, "POST", LINK, json=body)).sentence


@pytest.mark.parametrize("review", ["approved", "suspended", "rejected", "pending_review", "expired"])
async def test_number_leaves_its_record_only_where_that_is_not_accepted(
    client: Any, applicant: Any, review: str
) -> None:
    """A number whose record is accepted or suspended keeps it, unless switched; the same link may come again."""
    async with Sandbox(contract="released") as sandbox:
        first = await applicant.accepted(sandbox, alias="A")
        second = await applicant.accepted(sandbox, alias="B")
        await applicant.link(sandbox, (FIRST, first))
        again = await applicant.link(sandbox, (FIRST, first))
        await client.review(sandbox, first, review)
        moved = (await applicant.link(sandbox, (FIRST, second))).json["report"][0]
        await client.control(sandbox, "POST", "link", behaviours=["moves-any-time"])
        late = (await applicant.link(sandbox, (FIRST, second))).json["report"][0]

        keeps = review in ("approved", "suspended")
        assert 1 == again.json["updated_count"]
        assert ("failed" if keeps else "success", "success") == (moved["status"], late["status"])
        assert not keeps or "can be changed only while its status is pending or rejected" in moved["remarks"]
        assert {"912248885512": (second, 3 if keeps else 4)} == linked(sandbox)


GOOD = {"status": "success", "remarks": LINKED}
BAD = {"status": "failed", "remarks": "Number not found on your account. Only rented numbers can be linked."}
ROWS = [{"number": FIRST, **GOOD}, {"number": "+15550001111", **BAD}]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("report-empty", {"report": []}),
        (
            "report-too-long",
            {"report": [*ROWS, {"number": "+912200000001", **GOOD}, {"number": "+912200000002", **GOOD}]},
        ),
        ("report-reordered", {"report": ROWS[::-1]}),
        ("report-omits-one", {"report": ROWS[:1]}),
        ("report-doubles", {"report": [*ROWS, {"number": FIRST, "status": "failed", "remarks": "See above."}]}),
        (
            "message-for-remarks",
            {
                "report": [
                    {"number": FIRST, "status": "linked", "message": LINKED},
                    {"number": "+15550001111", "status": "failed", "message": BAD["remarks"]},
                ]
            },
        ),
        (
            "numbers-spaced",
            {"report": [{**ROWS[0], "number": "+91 22 4888 5512"}, {**ROWS[1], "number": "0015550001111"}]},
        ),
        ("counts-contradict", {"updated_count": 3}),
        ("counts-only", {"report": None}),
        ("multi-status", {}),
    ],
)
async def test_report_is_told_as_switched_and_the_number_is_linked(
    applicant: Any, behaviour: str, expected: dict[str, Any]
) -> None:
    """One of two numbers is linked, once, whatever the answer says."""
    async with Sandbox(contract="released", behaviours=[behaviour]) as sandbox:
        compliance_id = await applicant.accepted(sandbox)
        seen = await applicant.link(sandbox, (FIRST, compliance_id), ("+15550001111", compliance_id))

        true = {"total_count": 2, "updated_count": 1, "report": ROWS}
        assert (207 if behaviour == "multi-status" else 200) == seen.http_status
        assert {**true, **expected} == {name: seen.json.get(name) for name in true}
        assert {"912248885512": (compliance_id, 1)} == linked(sandbox)


async def test_one_number_that_does_not_fit_has_all_refused(client: Any, applicant: Any) -> None:
    """HTTP 400 with the sentence of that number, and none is linked; a call of good numbers passes."""
    async with Sandbox(contract="released", behaviours=["refuse-whole"]) as sandbox:
        good = await applicant.accepted(sandbox)
        bad = await applicant.created(sandbox, alias="Other")
        refused = await applicant.link(sandbox, (FIRST, good), (SECOND, bad))
        foreign = await applicant.link(sandbox, (FIRST, good), ("+15550001111", good))
        nothing = linked(sandbox)
        passed = await applicant.link(sandbox, (FIRST, good), (SECOND, good))

    assert (
        400,
        "Compliance application must be in 'accepted' status. Current status: 'submitted'.",
    ) == refused.sentence
    assert (400, BAD["remarks"]) == foreign.sentence
    assert {} == nothing
    assert (200, 2) == (passed.http_status, passed.json["updated_count"])


def test_every_switch_of_links_is_tried() -> None:
    """The tests of this page have them all."""
    (mark,) = test_report_is_told_as_switched_and_the_number_is_linked.pytestmark  # type: ignore[attr-defined]
    tried = {name for name, _ in mark.args[1]} | {"moves-any-time", "refuse-whole"}

    assert {behaviour.name for behaviour in BEHAVIOURS.values() if behaviour.about == "link"} == tried


@pytest.mark.parametrize(
    ("contract", "method", "path", "http_status", "allow"),
    [
        ("released", "GET", "Link/", 405, "POST"),
        ("released", "PATCH", "Link", 405, "POST"),
        ("released", "DELETE", "Link/", 405, "POST"),
        ("released", "POST", "Requirements/", 405, "GET"),
        ("released", "POST", "some-id/", 405, "GET, PATCH, DELETE"),
        ("beta", "GET", "Link/", 404, None),
        ("beta", "POST", "Link/", 405, "GET, PATCH, DELETE"),
        ("beta", "PUT", "", 405, "GET, POST"),
        ("beta", "DELETE", "Requirements/", 405, "GET"),
    ],
)
async def test_words_that_stand_where_ids_stand_are_no_ids(
    client: Any, contract: str, method: str, path: str, *, http_status: int, allow: str | None
) -> None:
    """`Requirements` never is one, `Link` is one in the beta; a 405 says what is allowed."""
    async with Sandbox(contract=contract) as sandbox:
        seen = await client.send(sandbox, method, f"PhoneNumber/Compliance/{path}")

    assert (http_status, allow) == (seen.http_status, seen.headers.get("Allow"))


async def test_bulk_and_single_links_are_one_operation_and_spend_one_budget(client: Any, applicant: Any) -> None:
    """The log calls both `link`, and a fault of links strikes both."""
    async with Sandbox(contract="released") as sandbox:
        await applicant.link(sandbox, (FIRST, "none"))
        await client.send(sandbox, "POST", "Number/912248885512/", json={"compliance_application_id": "none"})
        sandbox.faults.script("link", "error-500-before")
        struck = await applicant.link(sandbox, (FIRST, "none"))

    assert ["link"] * 3 == [request.operation for request in sandbox.log]
    assert 500 == struck.http_status
