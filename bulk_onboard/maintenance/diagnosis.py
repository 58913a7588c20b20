"""What the doctor's findings mean: from facts to lines, each with a sign, what was found, and what to do. Pure.

`doctor` gathers the facts. A line has no personal data, no credentials, and no address that may hold a password, since
people send such lines to others: no cell of the workbook, no account's id, no proxy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import Job
from bulk_onboard.ledger.verify import Verification
from bulk_onboard.model.callback_url import doubt
from bulk_onboard.model.command import command_line
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import Contract
from bulk_onboard.settings import SAFE_SETTLE_S
from bulk_onboard.units import format_count, format_size

_COMMAND = "type: "


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
    """Return an error's text as trouble: its first sentence says what is wrong, the others what to do.

    So does a command behind a semicolon.
    """
    text = str(error)
    found, behind, command = text.partition(f"; {_COMMAND}")
    if behind and ". " not in found:
        return Trouble(f"{found}.", f"Type: {command}")
    found, _, to_do = text.partition(". ")
    return Trouble(found if found.endswith(".") else f"{found}.", to_do)


def line(about: str, found: str, troubles: Sequence[Trouble], *, otherwise: Sign = Sign.OK) -> Line:
    """Return the line about something: a problem where there are troubles, else with the sign `otherwise`."""
    sentences = " ".join(filter(None, (found, *(trouble.found for trouble in troubles))))
    to_do = dict.fromkeys(trouble.to_do for trouble in troubles if trouble.to_do)
    last = sorted(to_do, key=lambda sentence: _COMMAND in sentence.lower())  # a command has no full stop behind it
    return Line(about, Sign.PROBLEM if troubles else otherwise, sentences, " ".join(last))


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
    return line("python", found, troubles, otherwise=Sign.OK if packages else Sign.NOT_LOOKED_AT)


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
    return line("job", found, troubles)


class FolderFacts(NamedTuple):
    """The folder of the documents, what keeps it from being used, and how many converted copies stand for files."""

    folder: Path
    pattern: str
    troubles: Sequence[Trouble] = ()
    copies: int = 0


def of_documents(facts: FolderFacts) -> Line:
    """Judge the documents folder, and the pattern by which files in it are found."""
    if facts.troubles:
        return line("documents", "", facts.troubles)
    by_pattern = f"; blank cells are filled in by {facts.pattern}" if facts.pattern else ""
    converted = f"; {format_count(facts.copies, 'file')} in it may be sent as a converted copy" if facts.copies else ""
    return line("documents", f"{facts.folder} can be read{by_pattern}{converted}.", ())


class DiskFacts(NamedTuple):
    """Where ledger and report go: each folder with the bytes that are free there, and sentences that are no trouble."""

    free: Mapping[Path, int]
    remarks: Sequence[str] = ()
    troubles: Sequence[Trouble] = ()


def of_disk(facts: DiskFacts) -> Line:
    """Judge the room for ledger and report, and whether their folders may be written to."""
    free = "; ".join(f"{folder} has {format_size(size)} free" for folder, size in facts.free.items())
    return line("disk", " ".join(filter(None, (f"{free}." if free else "", *facts.remarks))), facts.troubles)


# The job's files.


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The ledger, as far as it can be seen without opening it for writing.

    Attributes:
        name: the path of its file, or its name and the address of the database.
        verified: None where there is none, or it cannot be read.
        has_contract: whether any run has asked for requirements.
        is_same_account, is_same_address: whether it is this job's; None where not known.
        lost_lines: how many it had more, as its lock says; it is an older copy then.
        is_elsewhere: whether it was last written in another database, or before a backup of this one was put back.
        late: how many of its records have an answer that came after the lease of the run which had asked.
        is_unknown: whether it was not looked at, since its database cannot be used.
        left_over: what lies beside it, and how many of each; of no harm.
        troubles: what keeps it from being read or written.
    """

    name: str = ""
    verified: Verification | None = None
    contract: Contract | None = None
    is_same_account: bool | None = None
    is_same_address: bool | None = None
    holder: str = ""
    lost_lines: int = 0
    is_elsewhere: bool = False
    late: int = 0
    is_unknown: bool = False
    left_over: Mapping[str, int] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()


def of_ledger(facts: LedgerFacts) -> Line:
    """Judge the ledger: sound, whose, locked, older than it was, and what its records wait for."""
    left_over = [format_count(number, what) for what, number in facts.left_over.items() if number]
    beside = f" Beside it: {', '.join(left_over)}." if left_over else ""
    if facts.is_unknown:
        return line("ledger", "Its database cannot be used as it is.", (), otherwise=Sign.NOT_LOOKED_AT)
    if facts.verified is None:
        found = "" if facts.troubles else f"There is no ledger {facts.name} yet; the first run makes it."
        return line("ledger", (found + beside).strip(), facts.troubles)
    troubles = [*facts.troubles, *_not_this_jobs(facts), *_amiss(facts, facts.verified)]
    if not facts.verified.lines:  # nothing in it could be read
        return line("ledger", beside.strip(), troubles)
    states = [f"{number:,} {state}" for state, number in facts.verified.counts.items() if number]
    lines = format_count(facts.verified.lines, "line")
    contract = f", of the {facts.contract} contract" if facts.contract else ""
    found = f"{facts.name}: {lines}{contract}; {', '.join(states) or 'no records'}.{beside}"
    if facts.late:
        found += f" Of {format_count(facts.late, 'record')} an answer came too late; the next run looks into it first."
    return line("ledger", found, troubles)


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
    if facts.is_elsewhere and not facts.holder:
        troubles.append(
            Trouble(
                "A backup of its database was put back, or a standby took over, so its newest lines may be lost.",
                "Run the job: it looks through the account before it sends.",
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
    return line(about, "" if facts.troubles else f"{facts.path} can be written.", facts.troubles)


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
        return line("workbook", found, facts.troubles)
    fit = f"; its headers fit {facts.held_against}" if facts.held_against else ""
    return line("workbook", f"{facts.path}: {format_count(facts.rows, 'row')}{fit}.", facts.troubles)
