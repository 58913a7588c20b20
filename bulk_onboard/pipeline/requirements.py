"""Get the requirements from the API, or a bundled example without credentials, and learn the contract by them.

The contract is that of the answers: `number_types` and the like are the beta's, `document_types` and the like the
released one's (`api.wire.requirements`). It is known before anything is written, and nothing is guessed: where an
answer has members of both or of neither, contradicts the job, or is none, the run ends before it writes anything.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bulk_onboard import errors
from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import FetchRequirements, Gateway, ListPage
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.requirements import Combination, Contract, Requirements, RequirementsAnswer, RequirementsBook
from bulk_onboard.pipeline.stop import Stop, why_stopped

NUMBER_TYPES = ("local", "mobile", "tollfree")  # the API's document, The Requirements Object

_NOT_OFFERED = (400, 404, 422)
_NAMED_AT_MOST = 3
_UNUSABLE = re.compile(r"HTTP 2\d\d")  # an answer, and a success, without what was asked for
_CHECK_ADDRESS = "Check --base-url, and ask the API's vendor which form of the Compliance API the account has."


async def requirements_for(
    job: Job,
    combinations: Iterable[Combination],
    *,
    credentials: Credentials | None,
    clock: Clock,
    stop: Stop | None = None,
    requests: Counter[str] | None = None,
    ledger_state: LedgerState | None = None,
) -> RequirementsBook:
    """Return the live requirements, without credentials the bundled example.

    The example is that of the contract that the job names, else of its ledger's, else the beta's.

    Raises as `live_requirements`.
    """
    if credentials is None:
        return bundled_requirements(job.contract or (ledger_state.contract if ledger_state else None))
    from bulk_onboard.pipeline.connection import connect  # noqa: PLC0415 - aiohttp is slow to load, `check` often offline

    stop = stop or Stop()
    async with connect(job, credentials, clock=clock, stop=stop, requests=requests) as connection:
        return await live_requirements(connection.gateway, combinations, job=job, stop=stop)


async def live_requirements(
    gateway: Gateway, combinations: Iterable[Combination], *, job: Job, stop: Stop
) -> RequirementsBook:
    """Ask the API for the requirements of each combination.

    One that it answers with 400, 404 or 422 is not offered. Where no combination is complete, the job's own are asked
    about until one is offered, since the contract must be known and people must be told which columns there are.

    Raises:
        CredentialsError, AddressError: the API cannot be asked.
        StoppedError: it cannot be asked now, or its answers change their form.
        ContractError: no answer can be used, or one contradicts the contract that the job names.
    """
    asked = [combination for combination in dict.fromkeys(combinations) if all(combination)]
    answers = _Answers(job)
    for combination in asked or combinations_of(job):
        if combination in answers.offered or (answers.offered and not asked):
            continue
        outcome = await gateway.send(FetchRequirements(combination=combination))
        if isinstance(outcome, outcomes.Done):
            answers.take(combination, outcome.value)
        elif isinstance(outcome, outcomes.Refused) and outcome.http_status in _NOT_OFFERED:
            answers.refused[combination] = outcome.http_status
        elif not answers.offered and isinstance(outcome, outcomes.Unresolved) and _UNUSABLE.match(outcome.seen):
            raise errors.ContractError(
                f"{job.base_url} does not answer as either contract has it: asked about {combination}, it gave "
                f"{outcome.seen}. Nothing was sent. {_CHECK_ADDRESS}"
            )
        else:
            raise _trouble(outcome.name, job, stop)
    if answers.contract is None:  # a read of the list tells a wrong address from a wrong workbook
        listed = await gateway.send(ListPage(query={"limit": "1"}))
        raise _none_offered(answers) if isinstance(listed, outcomes.Done) else _trouble(listed.name, job, stop)
    source = f"the live requirements at {job.base_url}"
    return RequirementsBook(source, True, answers.contract, answers.offered)


@dataclass(slots=True)
class _Answers:
    """What the API answered so far, each answer held against the job and those before it."""

    job: Job
    contract: Contract | None = None
    offered: dict[Combination, Requirements] = field(default_factory=dict)
    refused: dict[Combination, int] = field(default_factory=dict)

    def take(self, combination: Combination, answer: RequirementsAnswer) -> None:
        """Take an answer in; raise ContractError or StoppedError where it does not fit."""
        if self.contract is not None and answer.contract not in (None, self.contract):
            raise errors.StoppedError(
                f"{self.job.base_url} changed its form between two calls: its answer about {combination} has "
                f"{_listed(answer.seen)}, of the {answer.contract} contract, and those before were of the "
                f"{self.contract} one. Nothing was sent; run again later, and ask the API's vendor if that goes on."
            )
        amiss = answer.amiss
        if answer.contract is not None and self.job.contract not in (None, answer.contract):
            amiss = f"has {_listed(answer.seen)}, as in the {answer.contract} contract"
        if amiss:
            named = f'contract = "{self.job.contract}"' if self.job.contract else "either contract"
            raise errors.ContractError(
                f"{self.job.base_url} does not answer as {named} has it: its answer about {combination} {amiss}. "
                f"Nothing was sent. {self._what_to_do(answer)}"
            )
        self.contract = answer.contract
        self.offered |= {requirements.combination: requirements for requirements in answer.offered}

    def _what_to_do(self, answer: RequirementsAnswer) -> str:
        if self.job.contract and answer.contract and not answer.amiss:
            return f"If that is the API you mean, use --contract {answer.contract}, or leave the contract out."
        return _CHECK_ADDRESS


def _none_offered(answers: _Answers) -> errors.ContractError:
    said = [f"{combination} with HTTP {status}" for combination, status in answers.refused.items()]
    more = f" and {len(said) - _NAMED_AT_MOST} more" if len(said) > _NAMED_AT_MOST else ""
    return errors.ContractError(
        f"{answers.job.base_url} has no requirements for what the rows ask for: it answers "
        f"{', '.join(said[:_NAMED_AT_MOST])}{more}. So it is not known in which form to send anything, and nothing was "
        "sent. Check Number Country, Number Type and User Type in the workbook, and country_iso, number_type and "
        "user_type in the job file."
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


_WHY = {"unavailable": "it cannot be reached", "unresolved": "the answer did not arrive whole", "throttled": "too busy"}


def _trouble(what: str, job: Job, stop: Stop) -> errors.BulkOnboardError:
    stopped = why_stopped(stop.cause, base_url=job.base_url, sent_before=False, account=job.account)
    return stopped or errors.StoppedError(
        f"The requirements could not be read from {job.base_url}: {_WHY.get(what, what)}. Check the network and the "
        "address, then try again. `check` and `plan` take --offline, and use the bundled example."
    )


def combinations_of(job: Job) -> list[Combination]:
    """Return what to ask about without rows.

    It is the job's number type, else all that the API's document names.
    """
    country, number_type, user_type = job.defaults
    return [Combination(country, kind, user_type) for kind in ((number_type,) if number_type else NUMBER_TYPES)]
