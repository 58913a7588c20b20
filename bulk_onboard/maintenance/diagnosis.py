"""What the doctor's findings mean: from facts to lines, each with a sign, what was found, and what to do. Pure.

`doctor` gathers the facts. A line has no personal data, no credentials, and no address that may hold a password, since
people send such lines to others: no cell of the workbook, no account's id, no proxy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import Job
from bulk_onboard.ledger.verify import Verification
from bulk_onboard.model.callback_url import doubt
from bulk_onboard.model.command import command_line
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
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import Combination, Contract, RequirementsAnswer
from bulk_onboard.run.stop import why_stopped
from bulk_onboard.settings import SAFE_SETTLE_S
from bulk_onboard.units import Quota, format_count, format_duration, format_size

CLOCK_MAY_BE_OFF_S = 5.0


class Sign(StrEnum):
    """What a line says at a glance."""

    OK = "ok"
    PROBLEM = "problem"
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True, slots=True)
class Line:
    """What was found about one thing; sentences.

    Attributes:
        to_do: what somebody should do; empty where there is nothing to do.
    """

    about: str
    sign: Sign
    found: str
    to_do: str = ""


class Trouble(NamedTuple):
    """Something that somebody should see to, and how; sentences."""

    found: str
    to_do: str = ""


def as_trouble(error: BaseException | str) -> Trouble:
    """Return an error's text as trouble: its first sentence says what is wrong, the others what to do."""
    found, _, to_do = str(error).partition(". ")
    return Trouble(found if found.endswith(".") else f"{found}.", to_do)


def _line(about: str, found: str, troubles: Sequence[Trouble], *, otherwise: Sign = Sign.OK) -> Line:
    """Return the line about something: a problem where there are troubles, else with the sign `otherwise`."""
    sentences = " ".join(filter(None, (found, *(trouble.found for trouble in troubles))))
    to_do = " ".join(dict.fromkeys(trouble.to_do for trouble in troubles if trouble.to_do))
    return Line(about, Sign.PROBLEM if troubles else otherwise, sentences, to_do)


# This machine.


class Package(NamedTuple):
    """A package that is needed: its version at least, and the one that is there; empty for none."""

    name: str
    least: str
    version: str

    @property
    def is_new_enough(self) -> bool:
        """Return whether its version is there and not too old."""
        return bool(self.version) and numbers_of(self.version) >= numbers_of(self.least)


def numbers_of(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: (3, 14) of `3.14rc1`."""
    numbers = []
    for part in version.split("."):
        digits = part[: next((place for place, char in enumerate(part) if not char.isdecimal()), len(part))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def of_python(python: Package, packages: Sequence[Package]) -> Line:
    """Judge Python and the packages; none are known where bulk-onboard itself is not installed as one."""
    troubles = []
    if not python.is_new_enough:
        troubles.append(Trouble(f"It is older than {python.least}.", f"Install Python {python.least} or newer."))
    unfit = [package for package in packages if not package.is_new_enough]
    for one in unfit:
        is_what = f"{one.version} is older than {one.least}" if one.version else "is not installed"
        troubles.append(Trouble(f"{one.name} {is_what}."))
    if unfit:
        wanted = [f"{one.name}>={one.least}" if one.least else one.name for one in unfit]
        troubles.append(Trouble("", f"Type: {command_line('pip', 'install', *wanted)}"))
    fit = "" if troubles else ", all new enough"
    found = f"Python {python.version} and {format_count(len(packages), 'package')}{fit}."
    if not packages:
        found = (
            f"Python {python.version}; bulk-onboard is not installed as a package, so it does not say what it needs."
        )
    return _line("python", found, troubles)


class JobFacts(NamedTuple):
    """The job, and what its settings are held against.

    Attributes:
        is_here: whether the API is on this machine.
        is_text: whether the workbook is a csv or tsv file.
        troubles: what was found by looking at other files and at the environment.
    """

    job: Job
    has_ledger: bool
    is_here: bool
    is_text: bool
    troubles: Sequence[Trouble] = ()

    @property
    def stop_after_s(self) -> float:
        """How long after its start a run begins nothing new; without end where the job does not say."""
        return inf if self.job.stop_after is None else self.job.stop_after


_Contradiction = tuple[Callable[[JobFacts], bool], Trouble]

_CONTRADICTIONS: tuple[_Contradiction, ...] = (
    (
        lambda facts: not facts.job.admit_new_rows and not facts.has_ledger,
        Trouble(
            "admit_new_rows is false and there is no ledger yet, so a run would file nothing.",
            "Run the job that files the rows first, with this ledger, or leave admit_new_rows out.",
        ),
    ),
    (
        lambda facts: not facts.job.admit_new_rows and facts.job.limit is not None,
        Trouble("limit is about new rows, and admit_new_rows is false.", "Leave one of the two out."),
    ),
    (
        lambda facts: facts.stop_after_s <= facts.job.settle and not facts.has_ledger,
        Trouble(
            "stop_after is not longer than settle, for which a first run waits, so it would send nothing.",
            "Make stop_after longer.",
        ),
    ),
    (
        lambda facts: facts.job.wait is not None and facts.job.wait > facts.stop_after_s,
        Trouble(
            "wait is longer than stop_after, which ends a run that still waits with 4.",
            "Make wait shorter, or leave stop_after out.",
        ),
    ),
    (
        lambda facts: facts.job.encoding is not None and not facts.is_text,
        Trouble("encoding is for csv files, and the workbook is none.", "Leave encoding out."),
    ),
    (
        lambda facts: facts.job.settle < SAFE_SETTLE_S and not facts.is_here,
        Trouble(
            "The settle window is short: a record that shows later than that is created again.",
            "Keep the default of 90 s unless the API's vendor says otherwise.",
        ),
    ),
    (
        lambda facts: facts.job.quota is None and not facts.is_here,
        Trouble(
            "The job has no quota, so requests go out as fast as they can until the API turns them away.",
            'Set the account\'s, such as quota = "60/min".',
        ),
    ),
)


def of_job(facts: JobFacts) -> Line:
    """Judge settings that contradict each other, as far as that is cheap to see."""
    troubles = [trouble for holds, trouble in _CONTRADICTIONS if holds(facts)]
    if facts.job.callback_url and (why := doubt(facts.job.callback_url)):
        troubles.append(Trouble(f"callback_url: {why}", "Correct callback_url."))
    troubles += facts.troubles
    found = "" if troubles else f"{facts.job.file}: no setting contradicts another."
    return _line("job", found, troubles)


class FolderFacts(NamedTuple):
    """The folder of the documents; `trouble` keeps it from being used, `pattern_trouble` the job's pattern."""

    folder: Path
    pattern: str
    troubles: Sequence[Trouble] = ()


def of_documents(facts: FolderFacts) -> Line:
    """Judge the documents folder, and the pattern by which files in it are found."""
    if facts.troubles:
        return _line("documents", "", facts.troubles)
    by_pattern = f"; blank cells are filled in by {facts.pattern}" if facts.pattern else ""
    return _line("documents", f"{facts.folder} can be read{by_pattern}.", ())


class DiskFacts(NamedTuple):
    """Where ledger and report go: each folder with the bytes that are free there, and sentences that are no trouble."""

    free: Mapping[Path, int]
    remarks: Sequence[str] = ()
    troubles: Sequence[Trouble] = ()


def of_disk(facts: DiskFacts) -> Line:
    """Judge the room for ledger and report, and whether their folders may be written to."""
    free = "; ".join(f"{folder} has {format_size(size)} free" for folder, size in facts.free.items())
    return _line("disk", " ".join(filter(None, (f"{free}." if free else "", *facts.remarks))), facts.troubles)


# The API.


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


def _not_asked(about: str, why_not: str) -> Line:
    return Line(about, Sign.NOT_LOOKED_AT, f"Not asked: {why_not}.")


def of_address(facts: ApiFacts) -> Line:
    """Judge whether the API can be reached at its address."""
    if facts.address_trouble:
        return _line("address", "", [facts.address_trouble])
    if facts.listed is None:
        return Line("address", Sign.NOT_LOOKED_AT, f"{facts.base_url} may be used. Not asked: {facts.why_not}.")
    trouble = _trouble_on_the_way(facts, facts.listed.outcome)
    took = format_duration(max(1.0, facts.listed.ended - facts.listed.began))
    trusted = ", and its certificate is trusted" if facts.base_url.startswith("https:") else ""
    return _line("address", "" if trouble else f"{facts.base_url} answers within {took}{trusted}.", trouble)


def _trouble_on_the_way(facts: ApiFacts, outcome: Outcome[Any]) -> list[Trouble]:
    if outcome.halt not in (None, Halt.CREDENTIALS):
        return [as_trouble(str(why_stopped(outcome.halt, base_url=facts.base_url, sent_before=False)))]
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
    return _line(
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
        refused = as_trouble(str(why_stopped(Halt.CREDENTIALS, base_url=facts.base_url, sent_before=False)))
        return _line("credentials", found, [*kept.troubles, refused])
    if facts.listed and facts.listed.is_judged:
        return _line("credentials", f"{found} The API accepts them.", kept.troubles)
    if kept.troubles:
        return _line("credentials", found, kept.troubles)
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
        return _line("contract", f"{said} Not asked: {facts.why_not}.", troubles, otherwise=Sign.NOT_LOOKED_AT)
    outcome = facts.required.outcome
    if not isinstance(outcome, Done):
        return _line("contract", "", [_no_requirements(facts.combination, outcome)])
    answer: RequirementsAnswer = outcome.value
    about = f"its answer about {facts.combination}"
    if answer.amiss or answer.contract is None:
        return _line("contract", "", [Trouble(f"Not known: {about} {answer.amiss}.", _ASK_THE_VENDOR)])
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
    return _line("contract", f"{answer.contract}: {about} has {', '.join(answer.seen)}.{agree}", troubles)


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
    return Trouble(f"Not known: the requirements could not be read ({said}).", "Try again later.")


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
        return _line("quota", f"{ours}.", [used_up])
    if stated.limit is None:
        sign = Sign.OK if facts.listed.is_judged else Sign.NOT_LOOKED_AT
        return Line("quota", sign, f"{ours}; no answer of the API states one.")
    left = "" if stated.remaining is None else f", of which {stated.remaining} are left"
    found = f"{ours}; the API states {stated.limit} a window{left}."
    if quota is None or (quota.window_s == 60 and quota.limit > stated.limit):
        return _line("quota", found, [Trouble("", f'Set quota = "{stated.limit}/min".')])
    return _line("quota", found, ())


# The job's files.


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The ledger, as far as it can be seen without opening it for writing.

    Attributes:
        verified: None where there is none, or it cannot be read.
        has_contract: whether any run has asked for requirements.
        is_same_account, is_same_address: whether it is this job's; None where not known.
        lost_lines: how many it had more, as its lock says; it is an older copy then.
        left_over: what lies beside it, and how many of each; of no harm.
        troubles: what keeps it from being read or written.
    """

    path: Path
    verified: Verification | None = None
    contract: Contract | None = None
    is_same_account: bool | None = None
    is_same_address: bool | None = None
    holder: str = ""
    lost_lines: int = 0
    left_over: Mapping[str, int] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()


def of_ledger(facts: LedgerFacts) -> Line:
    """Judge the ledger: sound, whose, locked, older than it was, and what its records wait for."""
    left_over = [format_count(number, what) for what, number in facts.left_over.items() if number]
    beside = f" Beside it: {', '.join(left_over)}." if left_over else ""
    if facts.verified is None:
        found = "" if facts.troubles else f"There is no {facts.path} yet; the first run makes it."
        return _line("ledger", (found + beside).strip(), facts.troubles)
    troubles = [*facts.troubles, *_not_this_jobs(facts), *_amiss(facts, facts.verified)]
    if not facts.verified.lines:  # nothing in it could be read
        return _line("ledger", beside.strip(), troubles)
    states = [f"{number:,} {state}" for state, number in facts.verified.counts.items() if number]
    lines = format_count(facts.verified.lines, "line")
    contract = f", of the {facts.contract} contract" if facts.contract else ""
    return _line("ledger", f"{facts.path}: {lines}{contract}; {', '.join(states) or 'no records'}.{beside}", troubles)


def _not_this_jobs(facts: LedgerFacts) -> list[Trouble]:
    if facts.holder:
        return [
            Trouble(
                f"{facts.holder} uses it.",
                "Wait until it has ended, or stop it with Ctrl-C there.",
            )
        ]
    whose = [
        (
            "account",
            facts.is_same_account,
            "Use that account's credentials, or give this job another ledger (--ledger).",
        ),
        ("address", facts.is_same_address, "Correct base_url, or give this job another ledger (--ledger)."),
    ]
    return [Trouble(f"It is of another {what}.", to_do) for what, is_same, to_do in whose if is_same is False]


def _amiss(facts: LedgerFacts, verified: Verification) -> list[Trouble]:
    """Return what is wrong in the ledger itself; a line that a run is writing is no trouble."""
    damaged = verified.exit_status is ExitStatus.LEDGER
    troubles = [as_trouble(sentence) for sentence in verified.sentences] if damaged else []
    if facts.lost_lines and not facts.holder:
        troubles.append(
            Trouble(
                f"It had {format_count(facts.lost_lines, 'line')} more before, so it is an older copy.",
                "Put the newer one back; without it, run the job: it looks through the account before it sends.",
            )
        )
    for_a_person = sum(verified.counts.get(state, 0) for state in (State.HELD, State.GONE))
    if for_a_person and not damaged:
        wait = "record waits" if for_a_person == 1 else "records wait"
        troubles.append(
            Trouble(f"{for_a_person:,} {wait} for somebody to decide.", "The report says which; resolve them.")
        )
    return troubles


class FileFacts(NamedTuple):
    """A file that a run writes, and what keeps it from being written."""

    path: Path
    troubles: Sequence[Trouble] = ()


def of_output(about: str, facts: FileFacts) -> Line:
    """Judge whether the report, or the annotated workbook, can be written."""
    return _line(about, "" if facts.troubles else f"{facts.path} can be written.", facts.troubles)


def is_open_in(path: Path, program: str, *, to_do: str) -> Trouble:
    """Return the trouble that a file seems to be open in a program."""
    return Trouble(f"{path} seems to be open in {program}.", to_do)


class WorkbookFacts(NamedTuple):
    """The workbook.

    Attributes:
        rows: None where it was not read.
        held_against: the requirements that its headers fit; empty where they do not, or it was not read.
        is_missing_allowed: whether a run may go without one.
    """

    path: Path
    rows: int | None = None
    held_against: str = ""
    is_missing_allowed: bool = False
    troubles: Sequence[Trouble] = ()


def of_workbook(facts: WorkbookFacts) -> Line:
    """Judge whether the workbook can be read, and its headers fit."""
    if facts.rows is None:
        found = f"There is no {facts.path}, which missing_workbook allows." if facts.is_missing_allowed else ""
        return _line("workbook", found, facts.troubles)
    fit = f"; its headers fit {facts.held_against}" if facts.held_against else ""
    return _line("workbook", f"{facts.path}: {format_count(facts.rows, 'row')}{fit}.", facts.troubles)
