"""Where requirements come from: the API when credentials are at hand, else the bundled example (design.md 7)."""

from collections import Counter
from collections.abc import Iterable

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.intake.bundled import bundled_requirements
from bulk_onboard.job import Job
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import FetchRequirements, ListPage
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.requirements import Combination, Requirements, RequirementsBook
from bulk_onboard.pipeline.stopping import why_stopped
from bulk_onboard.submission.stop import Stop

NUMBER_TYPES = ("local", "mobile", "tollfree")  # compliance-api.txt, "The Requirements Object"


async def live_requirements(
    gateway: Gateway, combinations: Iterable[Combination], *, base_url: str, stop: Stop
) -> RequirementsBook:
    """What the API requires for each combination; one that it answers with 404 is not offered.

    When nothing at all is offered, the list of records tells a wrong address from a wrong workbook.

    Raises:
        CredentialsError, AddressError, StoppedError: the API cannot be asked.
    """
    offered: dict[Combination, Requirements] = {}
    asked = [c for c in dict.fromkeys(combinations) if all(c)]
    for combination in asked:
        if combination in offered:
            continue
        outcome = await gateway.send(FetchRequirements(combination=combination))
        if isinstance(outcome, outcomes.Done):
            offered |= {requirements.combination: requirements for requirements in outcome.value}
        elif not (isinstance(outcome, outcomes.Refused) and outcome.http_status in (400, 404, 422)):
            raise _trouble(outcome.name, base_url, stop)
    if not offered:
        outcome_of_list = await gateway.send(ListPage(query={"limit": "1"}))
        if not isinstance(outcome_of_list, outcomes.Done):
            raise _trouble(outcome_of_list.name, base_url, stop)
    return RequirementsBook(f"live from {base_url}", True, offered)


def _trouble(what: str, base_url: str, stop: Stop) -> errors.BulkOnboardError:
    told = why_stopped(stop.cause, base_url=base_url, sent_before=False)
    return told or errors.StoppedError(
        f"The requirements could not be read from {base_url} ({what}). Check the network and the address; run again."
    )


async def requirements_for(
    job: Job,
    combinations: Iterable[Combination],
    *,
    credentials: Credentials | None,
    clock: Clock,
    stop: Stop | None = None,
    requests: Counter[str] | None = None,
) -> RequirementsBook:
    """The live requirements with credentials, the bundled example without; errors as for `live_requirements`."""
    if credentials is None:
        return bundled_requirements()
    from bulk_onboard.pipeline.connection import connect  # noqa: PLC0415 - aiohttp is slow to load, `check` often offline

    stop = stop or Stop()
    async with connect(job, credentials, clock=clock, stop=stop, requests=requests) as connection:
        return await live_requirements(connection.gateway, combinations, base_url=job.base_url, stop=stop)


def combinations_of(job: Job) -> list[Combination]:
    """What a job without rows asks about: its own number type, else all that the API's document names."""
    country, number_type, user_type = job.defaults
    return [Combination(country, kind, user_type) for kind in ((number_type,) if number_type else NUMBER_TYPES)]
