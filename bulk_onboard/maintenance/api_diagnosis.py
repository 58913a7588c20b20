"""What the answers of the API mean to the doctor: from facts to lines. Pure, as `diagnosis` is, which has the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bulk_onboard.maintenance.diagnosis import Line, Sign, Trouble, as_trouble, line
from bulk_onboard.model.outcome import (
    Denied,
    Done,
    Halt,
    Outcome,
    QuotaHeaders,
    Refused,
    Throttled,
    Unavailable,
    Unresolved,
)
from bulk_onboard.model.requirements import Combination, Contract, RequirementsAnswer
from bulk_onboard.pipeline.stop import why_stopped
from bulk_onboard.units import Quota, format_duration

CLOCK_MAY_BE_OFF_S = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One read of the API.

    Attributes:
        began, ended: by this machine's clock, in seconds since 1970.
        date: what the answer's own `Date` says, likewise; None where there is none.
    """

    outcome: Outcome[Any]
    began: float
    ended: float
    date: float | None = None

    @property
    def is_judged(self) -> bool:
        """Return whether the API took the credentials and judged the call."""
        return isinstance(self.outcome, Done | Refused)


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """What the API said, and who asked.

    Attributes:
        listed, required: one read of the list, one of requirements; None where it was not asked.
        combination: what the requirements were asked for.
        why_not: why nothing was asked, as the end of "not asked: …".
        address_trouble: why nothing may go to this address.
    """

    base_url: str
    has_proxy: bool
    combination: Combination
    listed: Asked | None = None
    required: Asked | None = None
    why_not: str = ""
    address_trouble: Trouble | None = None
    account: str = ""


def _not_asked(about: str, why_not: str) -> Line:
    return Line(about, Sign.NOT_LOOKED_AT, f"Not asked: {why_not}.")


def of_address(facts: ApiFacts) -> Line:
    """Judge whether the API can be reached at its address."""
    if facts.address_trouble:
        return line("address", "", [facts.address_trouble])
    if facts.listed is None:
        return Line("address", Sign.NOT_LOOKED_AT, f"{facts.base_url} may be used. Not asked: {facts.why_not}.")
    trouble = _trouble_on_the_way(facts, facts.listed.outcome)
    took = format_duration(max(1.0, facts.listed.ended - facts.listed.began))
    trusted = ", and its certificate is trusted" if facts.base_url.startswith("https:") else ""
    return line("address", "" if trouble else f"{facts.base_url} answers within {took}{trusted}.", trouble)


def _trouble_on_the_way(facts: ApiFacts, outcome: Outcome[Any]) -> list[Trouble]:
    if outcome.halt not in (None, Halt.CREDENTIALS):
        return [_why(outcome.halt, facts)]
    if isinstance(outcome, Unavailable):
        through = " through the proxy" if facts.has_proxy else ""
        return [
            Trouble(
                f"{facts.base_url} could not be reached{through} ({outcome.why}).",
                "Check the network, base_url, and whether there is a firewall or a proxy (--proxy) in between.",
            )
        ]
    if isinstance(outcome, Unresolved):
        return [
            Trouble(
                f"{facts.base_url} did not answer as the API does ({outcome.seen}).",
                "Try again later; if that goes on, check base_url and ask the API's vendor.",
            )
        ]
    return []


def _why(halt: Halt | None, facts: ApiFacts) -> Trouble:
    return as_trouble(str(why_stopped(halt, base_url=facts.base_url, sent_before=False, account=facts.account)))


def clock_is_ahead_s(asked: Asked) -> float | None:
    """Return by how many seconds this machine's clock is ahead of the API's at least; negative where it is behind.

    None without a `Date`. That is in whole seconds, rounded down, and from some instant while the call lasted; within
    that there is nothing to be said.
    """
    if asked.date is None:
        return None
    least, most = asked.began - (asked.date + 1), asked.ended - asked.date
    return least if least > 0 else min(most, 0.0)


def of_clock(facts: ApiFacts) -> Line:
    """Judge this machine's clock by that of the API."""
    if facts.listed is None:
        return _not_asked("clock", facts.why_not)
    ahead_s = clock_is_ahead_s(facts.listed)
    if ahead_s is None:
        return Line("clock", Sign.NOT_LOOKED_AT, "No answer of the API came with a Date.")
    if abs(ahead_s) <= CLOCK_MAY_BE_OFF_S:
        return Line("clock", Sign.OK, f"It is within {CLOCK_MAY_BE_OFF_S:g} s of the API's.")
    wrong = f"{format_duration(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} the API's"
    return line(
        "clock",
        "",
        [
            Trouble(
                f"It is {wrong}: times in ledger and report are wrong by as much, a workbook may seem to be still "
                "changing, and hours make certificates fail.",
                "Set the clock while no run is active, such as by: timedatectl set-ntp true",
            )
        ],
    )


class CredentialFacts(NamedTuple):
    """The credentials.

    Attributes:
        places: where each is kept, by its variable.
        is_sub_account: None where the auth id has the form of neither.
        troubles: what is wrong with them here.
    """

    places: Mapping[str, str]
    is_sub_account: bool | None
    troubles: Sequence[Trouble] = ()


def of_credentials(kept: CredentialFacts, facts: ApiFacts) -> Line:
    """Judge where the credentials are kept, their form, and whether the API accepts them."""
    by_place = {place: [name for name in kept.places if kept.places[name] == place] for place in kept.places.values()}
    places = ", ".join(f"{' and '.join(names)} in {place}" for place, names in by_place.items())
    whose = {None: "", True: " A sub-account's (SA); records are usually filed by the main account.",
             False: " A main account's (MA)."}[kept.is_sub_account]  # fmt: skip
    found, outcome = f"{places}.{whose}" if places else "", facts.listed.outcome if facts.listed else None
    if isinstance(outcome, Denied) and outcome.halt is Halt.CREDENTIALS:
        return line("credentials", found, [*kept.troubles, _why(Halt.CREDENTIALS, facts)])
    if facts.listed and facts.listed.is_judged:
        return line("credentials", f"{found} The API accepts them.", kept.troubles)
    if kept.troubles:
        return line("credentials", found, kept.troubles)
    why = "it did not say" if facts.listed else facts.why_not
    return Line("credentials", Sign.NOT_LOOKED_AT, f"{found} It is not known whether the API accepts them: {why}.")


class ContractFacts(NamedTuple):
    """The contracts that the job names and that its ledger is of; None for `auto`, and for a ledger without one."""

    of_job: Contract | None
    of_ledger: Contract | None


_ASK_THE_VENDOR = "Check base_url, and ask the API's vendor which form of the Compliance API the account has."
_OTHER_LEDGER = (
    "Records of the one contract cannot be followed in the other: leave contract out of the job; if the API itself has "
    "changed, ask its vendor what became of the records."
)


def of_contract(named: ContractFacts, facts: ApiFacts) -> Line:
    """Judge which contract answers, and whether it is that of the job and the ledger."""
    if facts.required is None:
        troubles = _clash(named.of_job, named.of_ledger)
        said = f"The job says {named.of_job or 'auto'}."
        return line("contract", f"{said} Not asked: {facts.why_not}.", troubles, otherwise=Sign.NOT_LOOKED_AT)
    outcome = facts.required.outcome
    if not isinstance(outcome, Done):
        return line("contract", "", [_no_requirements(facts.combination, outcome)])
    answer: RequirementsAnswer = outcome.value
    about = f"the answer about {facts.combination}"
    if answer.amiss or answer.contract is None:
        return line("contract", "", [Trouble(f"Not known: {about} {answer.amiss}.", _ASK_THE_VENDOR)])
    troubles = []
    if named.of_job not in (None, answer.contract):
        troubles.append(
            Trouble(
                f"The job names {named.of_job}.",
                f"If this is the API you mean, use --contract {answer.contract}, or leave the contract out.",
            )
        )
    troubles += _clash(answer.contract, named.of_ledger)
    agree = " The ledger is of it, too." if named.of_ledger is answer.contract else ""
    return line("contract", f"{answer.contract}: {about} has {', '.join(answer.seen)}.{agree}", troubles)


def _clash(contract: Contract | None, of_ledger: Contract | None) -> list[Trouble]:
    if contract is None or of_ledger in (None, contract):
        return []
    return [Trouble(f"The ledger is of the {of_ledger} contract.", _OTHER_LEDGER)]


def _no_requirements(combination: Combination, outcome: Outcome[Any]) -> Trouble:
    if isinstance(outcome, Refused):
        return Trouble(
            f"Not known: the API has no requirements for {combination} (HTTP {outcome.http_status}).",
            "Check Number Country, Number Type and User Type in the workbook, and country_iso, number_type and "
            "user_type in the job file.",
        )
    said = getattr(outcome, "seen", "") or getattr(outcome, "why", "") or outcome.name
    todo = _ASK_THE_VENDOR if said.startswith("HTTP 2") else "Try again later."  # a success that is none
    return Trouble(f"Not known: the requirements could not be read ({said}).", todo)


def of_quota(quota: Quota | None, facts: ApiFacts) -> Line:
    """Judge the job's quota by what the API's answer says of its own."""
    ours = f"The job's quota is {quota or 'none'}"
    if facts.listed is None:
        return Line("quota", Sign.NOT_LOOKED_AT, f"{ours}. Not asked: {facts.why_not}.")
    stated = facts.listed.outcome.quota or QuotaHeaders()
    if isinstance(facts.listed.outcome, Throttled):
        used_up = Trouble(
            "The API turned the read away (429), so others use the account's quota, too.",
            "Wait a minute; if that goes on, give this job a smaller quota.",
        )
        return line("quota", f"{ours}.", [used_up])
    if stated.limit is None:
        sign = Sign.OK if facts.listed.is_judged else Sign.NOT_LOOKED_AT
        return Line("quota", sign, f"{ours}; no answer of the API states one.")
    left = "" if stated.remaining is None else f", of which {stated.remaining} are left"
    found = f"{ours}; the API states {stated.limit} a window{left}."
    if quota is None or (quota.window_s == 60 and quota.limit > stated.limit):
        return line("quota", found, [Trouble("", f'Set quota = "{stated.limit}/min".')])
    return line("quota", found, ())
