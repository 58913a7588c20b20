"""Get the requirements from the API, or the bundled example without credentials."""

from collections import Counter
from collections.abc import Iterable

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.intake.bundled import bundled_requirements
from bulk_onboard.job import Job
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import FetchRequirements, Gateway, ListPage
from bulk_onboard.model.requirements import Combination, Form, OtherForm, Requirements, RequirementsBook
from bulk_onboard.run.stop import Stop, why_stopped

NUMBER_TYPES = ("local", "mobile", "tollfree")  # the API's document, The Requirements Object

_SEEN = {
    Form.RELEASED: "has {seen}, as the released API's has",
    Form.BOTH: "has members of both forms, {seen}",
    Form.NEITHER: "has {seen}, which is neither form",
}


async def requirements_for(
    job: Job,
    combinations: Iterable[Combination],
    *,
    credentials: Credentials | None,
    clock: Clock,
    stop: Stop | None = None,
    requests: Counter[str] | None = None,
) -> RequirementsBook:
    """Return the live requirements, without credentials the bundled example.

    Raises as `live_requirements`.
    """
    if credentials is None:
        return bundled_requirements()
    from bulk_onboard.run.connection import connect  # noqa: PLC0415 - aiohttp is slow to load, `check` often offline

    stop = stop or Stop()
    async with connect(job, credentials, clock=clock, stop=stop, requests=requests) as connection:
        return await live_requirements(connection.gateway, combinations, base_url=job.base_url, stop=stop)


async def live_requirements(
    gateway: Gateway, combinations: Iterable[Combination], *, base_url: str, stop: Stop
) -> RequirementsBook:
    """Ask the API for the requirements of each combination.

    One that it answers with 404 is not offered.

    When nothing at all is offered, a read of the list of records tells a wrong address from a wrong workbook. Where no
    combination is complete there is nothing to ask about, and the bundled example says which columns there may be.

    Raises:
        CredentialsError, AddressError, StoppedError: the API cannot be asked.
        ContractError: it answers in another form than the API's document has.
    """
    offered: dict[Combination, Requirements] = {}
    asked = [c for c in dict.fromkeys(combinations) if all(c)]
    for combination in asked:
        if combination in offered:
            continue
        outcome = await gateway.send(FetchRequirements(combination=combination))
        if isinstance(outcome, outcomes.Done):
            if isinstance(outcome.value, OtherForm):
                raise _other_form(outcome.value, combination, base_url)
            offered |= {requirements.combination: requirements for requirements in outcome.value}
        elif not (isinstance(outcome, outcomes.Refused) and outcome.http_status in (400, 404, 422)):
            raise _trouble(outcome.name, base_url, stop)
    if offered:
        return RequirementsBook(f"the live requirements at {base_url}", True, offered)
    outcome_of_list = await gateway.send(ListPage(query={"limit": "1"}))
    if not isinstance(outcome_of_list, outcomes.Done):
        raise _trouble(outcome_of_list.name, base_url, stop)
    if not asked:
        return bundled_requirements()
    return RequirementsBook(f"nothing, since {base_url} offers none of what the rows ask for", live=False)


def _other_form(found: OtherForm, combination: Combination, base_url: str) -> errors.ContractError:
    seen = _SEEN[found.form].format(seen=", ".join(found.seen) or "no members")
    return errors.ContractError(
        f"{base_url} answers with requirements in a form that bulk-onboard does not support: its answer about "
        f"{combination} {seen}; the private beta's has required_documents and required_fields. Nothing was sent. "
        "The released form is not supported yet; ask your contact at the API's vendor for access to the beta."
    )


def _trouble(what: str, base_url: str, stop: Stop) -> errors.BulkOnboardError:
    stopped = why_stopped(stop.cause, base_url=base_url, sent_before=False)
    return stopped or errors.StoppedError(
        f"The requirements could not be read from {base_url} ({what}). Check the network and the address; run again."
    )


def combinations_of(job: Job) -> list[Combination]:
    """Return what to ask about without rows.

    It is the job's number type, else all that the API's document names.
    """
    country, number_type, user_type = job.defaults
    return [Combination(country, kind, user_type) for kind in ((number_type,) if number_type else NUMBER_TYPES)]
