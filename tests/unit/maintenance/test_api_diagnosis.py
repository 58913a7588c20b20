"""The doctor's judgement of what the API said: facts in, a line out."""

import pytest

from bulk_onboard.maintenance import api_diagnosis
from bulk_onboard.maintenance.api_diagnosis import ApiFacts, Asked, ContractFacts, CredentialFacts
from bulk_onboard.maintenance.diagnosis import Sign, Trouble
from bulk_onboard.model.outcome import (
    Denied,
    Done,
    Halt,
    QuotaHeaders,
    Refused,
    Throttled,
    Unavailable,
    Unresolved,
)
from bulk_onboard.model.requirements import Combination, Contract, RequirementsAnswer
from bulk_onboard.units import Quota

BUSINESS = Combination("IN", "local", "business")
NOON = 1_800_000_000.0
KEPT = CredentialFacts({"PLIVO_AUTH_ID": "the environment", "PLIVO_AUTH_TOKEN": "the environment"}, False)
A_MINUTE = Quota(60, 60.0)


def asked(outcome, *, date=NOON, began=NOON + 0.2, ended=NOON + 0.4):
    """A read with this outcome."""
    return Asked(outcome, began, ended, date)


def facts(listed=None, required=None, **others):
    """What the API said to a read of the list, and to one of the requirements."""
    given = {"base_url": "https://api.example.com", "has_proxy": False, "combination": BUSINESS, **others}
    return ApiFacts(**given, listed=listed and asked(listed), required=required and asked(required))


DONE = Done(value=None)
DENIED = Denied(http_status=401, halt=Halt.CREDENTIALS)
NOT_ASKED = facts(why_not="--offline")
LINES = (
    api_diagnosis.of_address,
    api_diagnosis.of_clock,
    lambda said: api_diagnosis.of_credentials(KEPT, said),
    lambda said: api_diagnosis.of_contract(ContractFacts(None, None), said),
    lambda said: api_diagnosis.of_quota(A_MINUTE, said),
)


@pytest.mark.parametrize("judged", LINES)
def test_what_was_not_asked_is_not_looked_at_and_says_why(judged):
    """Never taken for well."""
    line = judged(NOT_ASKED)

    assert (Sign.NOT_LOOKED_AT, True) == (line.sign, "--offline" in line.found)


@pytest.mark.parametrize(
    ("outcome", "sign", "found"),
    [
        (DONE, Sign.OK, "answers within 1 s, and its certificate is trusted"),
        (DENIED, Sign.OK, "answers"),
        (Throttled(), Sign.OK, "answers"),
        (Refused(code="http-400", http_status=400), Sign.OK, "answers"),
        (Denied(http_status=404, halt=Halt.ADDRESS), Sign.PROBLEM, "is not the Compliance API"),
        (Unresolved(seen="HTTP 301", halt=Halt.REDIRECT), Sign.PROBLEM, "redirect"),
        (Unavailable(why="ClientConnectorCertificateError", halt=Halt.TLS), Sign.PROBLEM, "certificate"),
        (Unavailable(why="ClientConnectorDNSError"), Sign.PROBLEM, "could not be reached (ClientConnectorDNSError)"),
        (Unresolved(seen="HTTP 502"), Sign.PROBLEM, "HTTP 502"),
    ],
)
def test_address_is_judged_by_whether_the_api_answers_there(outcome, sign, found):
    """A refusal is an answer, too; a problem says what to do."""
    line = api_diagnosis.of_address(facts(outcome))

    assert (sign, True) == (line.sign, found in line.found)
    assert bool(line.to_do) is (sign is Sign.PROBLEM)


def test_proxy_is_mentioned_without_its_address():
    """That may hold a password."""
    line = api_diagnosis.of_address(facts(Unavailable(why="ClientProxyConnectionError"), has_proxy=True))

    assert "through the proxy (" in line.found


@pytest.mark.parametrize(
    ("began", "ended", "date", "ahead_s"),
    [
        (100.2, 100.4, 100.0, 0.0),  # 100.0 stands for all up to 101
        (100.9, 101.2, 100.0, 0.0),
        (100.0, 101.5, 101.0, 0.0),
        (107.5, 107.9, 100.0, 6.5),
        (90.0, 91.0, 100.0, -9.0),
        (90.0, 120.0, 100.0, 0.0),  # a slow answer proves nothing
        (100.0, 101.0, None, None),
    ],
)
def test_clock_is_wrong_by_as_much_as_the_answer_proves(began, ended, date, ahead_s):
    """The API's clock is told in whole seconds, at some instant of the call."""
    assert ahead_s == api_diagnosis.clock_is_ahead_s(Asked(DONE, began, ended, date))


@pytest.mark.parametrize(
    ("off_s", "sign", "found"),
    [
        (0, Sign.OK, "within 5 s"),
        (4, Sign.OK, "within 5 s"),
        (120, Sign.PROBLEM, "2 min ahead of the API's"),
        (-7200, Sign.PROBLEM, "2 h behind the API's"),
    ],
)
def test_clock_may_be_off_by_seconds(off_s, sign, found):
    """What more of it spoils is told."""
    listed = asked(DONE, began=NOON + off_s, ended=NOON + off_s + 0.5)
    line = api_diagnosis.of_clock(ApiFacts("https://api.example.com", False, BUSINESS, listed))

    assert (sign, True) == (line.sign, found in line.found)


def test_answer_without_a_date_says_nothing_of_the_clock():
    """Nor does a read that was not answered."""
    listed = asked(Unavailable(why="TimeoutError"), date=None)

    assert Sign.NOT_LOOKED_AT is api_diagnosis.of_clock(ApiFacts("", False, BUSINESS, listed)).sign


@pytest.mark.parametrize(
    ("kept", "outcome", "sign", "found"),
    [
        (KEPT, DONE, Sign.OK, "PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN in the environment. A main account's (MA)."),
        (KEPT._replace(is_sub_account=True), DONE, Sign.OK, "A sub-account's (SA)"),
        (KEPT, DENIED, Sign.PROBLEM, "refused the credentials"),
        (KEPT, Unavailable(why="TimeoutError"), Sign.NOT_LOOKED_AT, "not known whether the API accepts them"),
        (KEPT, Throttled(), Sign.NOT_LOOKED_AT, "not known whether the API accepts them"),
        (KEPT._replace(troubles=[Trouble("Others can read them.")]), DONE, Sign.PROBLEM, "Others can read them."),
        (CredentialFacts({}, None, [Trouble("They are missing.")]), None, Sign.PROBLEM, "They are missing."),
    ],
)
def test_credentials_are_told_by_place_and_form_and_never_themselves(kept, outcome, sign, found):
    """Accepted only where the API has judged a call."""
    line = api_diagnosis.of_credentials(kept, facts(outcome, why_not="" if outcome else "there are no credentials"))

    assert (sign, True) == (line.sign, found in line.found)
    assert ("The API accepts them." in line.found) is (outcome is DONE)


def test_credentials_in_two_places_are_told_with_each():
    """As with an id in the environment and a token in a file."""
    kept = KEPT._replace(places={"PLIVO_AUTH_ID": "the environment", "PLIVO_AUTH_TOKEN": "a file"})

    assert (
        "PLIVO_AUTH_ID in the environment, PLIVO_AUTH_TOKEN in a file."
        in api_diagnosis.of_credentials(kept, facts(DONE)).found
    )


BETA = RequirementsAnswer(Contract.BETA, ("number_types",))
RELEASED = RequirementsAnswer(Contract.RELEASED, ("document_types",))


@pytest.mark.parametrize(
    ("of_job", "of_ledger", "answer", "sign", "found"),
    [
        (None, None, BETA, Sign.OK, "beta: the answer about IN / local / business has number_types."),
        (Contract.RELEASED, None, RELEASED, Sign.OK, "released"),
        (None, Contract.BETA, BETA, Sign.OK, "The ledger is of it, too."),
        (Contract.BETA, None, RELEASED, Sign.PROBLEM, "The job names beta."),
        (None, Contract.RELEASED, BETA, Sign.PROBLEM, "The ledger is of the released contract."),
        (None, None, RequirementsAnswer(None, (), amiss="has a, b, as in neither contract"), Sign.PROBLEM, "has a, b"),
        (None, None, RELEASED._replace(amiss="has no ids"), Sign.PROBLEM, "has no ids"),
    ],
)
def test_contract_is_told_with_what_shows_it_and_held_against_job_and_ledger(of_job, of_ledger, answer, sign, found):
    """Nothing is guessed of an answer that shows both or neither."""
    line = api_diagnosis.of_contract(ContractFacts(of_job, of_ledger), facts(DONE, Done(value=answer)))

    assert (sign, True) == (line.sign, found in line.found)
    assert bool(line.to_do) is (sign is Sign.PROBLEM)


def test_job_and_ledger_of_two_contracts_clash_even_where_the_api_was_not_asked():
    """No answer could suit both."""
    line = api_diagnosis.of_contract(ContractFacts(Contract.BETA, Contract.RELEASED), NOT_ASKED)

    assert Sign.PROBLEM is line.sign


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (Refused(code="http-404", http_status=404), "has no requirements for IN / local / business (HTTP 404)"),
        (Unresolved(seen="HTTP 500"), "could not be read (HTTP 500)"),
        (Throttled(), "could not be read (throttled)"),
    ],
)
def test_contract_is_not_known_without_requirements(outcome, found):
    """It says what came in their place."""
    line = api_diagnosis.of_contract(ContractFacts(None, None), facts(DONE, outcome))

    assert (Sign.PROBLEM, True) == (line.sign, found in line.found)


@pytest.mark.parametrize(
    ("quota", "headers", "sign", "found"),
    [
        (A_MINUTE, QuotaHeaders(limit=60, remaining=12), Sign.OK, "60/min; the API states 60 a window, of which 12"),
        (A_MINUTE, QuotaHeaders(limit=600), Sign.OK, "states 600 a window."),
        (A_MINUTE, QuotaHeaders(), Sign.OK, "no answer of the API states one"),
        (Quota(120, 60.0), QuotaHeaders(limit=60), Sign.PROBLEM, "120/min"),
        (None, QuotaHeaders(limit=60), Sign.PROBLEM, "The job's quota is none"),
        (Quota(90, 300.0), QuotaHeaders(limit=60), Sign.OK, "90/300s"),  # how long the API's window is, it does not say
    ],
)
def test_quota_of_the_job_must_not_be_above_the_apis(quota, headers, sign, found):
    """A larger one is told with what to set."""
    line = api_diagnosis.of_quota(quota, facts(Done(value=None, quota=headers)))

    assert (sign, True) == (line.sign, found in line.found)
    assert ('Set quota = "60/min".' == line.to_do) is (sign is Sign.PROBLEM)


def test_quota_that_others_have_used_up_is_a_problem():
    """The read itself was turned away."""
    assert "429" in api_diagnosis.of_quota(A_MINUTE, facts(Throttled())).found
