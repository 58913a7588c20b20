"""The table of settings: job file keys, flags, their help and the table in docs/job_file.md are made from it.

The table is at the end; the functions before it read a value, from TOML or from the command line.
"""

import difflib
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_onboard import log
from bulk_onboard.model.callback_url import objection
from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.model.documents import check_pattern
from bulk_onboard.model.finding import ANY_CODE, OFF
from bulk_onboard.model.requirements import Contract
from bulk_onboard.units import Quota, parse_duration, parse_quota

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RULINGS = (OFF, Severity.WARNING.value, Severity.ERROR.value)

SAFE_SETTLE_S = 30.0  # a shorter settle window is warned of, unless the API is on this machine


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("it must be a text")
    return value


def _code(value: Any) -> str:
    """Read an error code of the API; no dot or slash, so that `--retry-refused JOB` does not take JOB for one."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("it must be the code of a refusal, such as missing_required_field")
    return value


def _whole(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise ValueError(f"it must be a whole number of at least {least}")
        return number

    return read


def _path(value: Any) -> Path:
    return Path(_text(value)).expanduser()


def _paths(value: Any) -> tuple[Path, ...]:
    if isinstance(value, list | tuple):
        return tuple(map(_path, value))
    return (_path(value),)


def _pattern(value: Any) -> str:
    pattern = _text(value)
    check_pattern(pattern)
    return pattern


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it must be true or false")
    return value


def _quota(value: Any) -> Quota | None:
    return parse_quota(_text(value))


def _duration(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    return parse_duration(_text(value))


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"it must be one of {', '.join(words)}")
        return str(value)

    return read


FORMATS = ("xlsx", "html", "json", "csv", "jsonl")


def _formats(value: Any) -> tuple[str, ...]:
    """Read formats of the report, each once and in their own order: a list, or a text with commas between them."""
    texts = value if isinstance(value, list | tuple) else [value]
    words = [word.strip() for text in texts for word in _text(text).split(",")]
    if not words:
        raise ValueError(f"it must name at least one of {', '.join(FORMATS)}")
    if unknown := [word for word in words if word not in FORMATS]:
        raise ValueError(f"there is no format {unknown[0]!r}; choose from {', '.join(FORMATS)}")
    return tuple(word for word in FORMATS if word in words)


def _contract(value: Any) -> Contract | None:
    word = _one_of("auto", *Contract)(value)
    return None if word == "auto" else Contract(word)


def _callback_url(value: Any) -> str:
    address = _text(value)
    if trouble := objection(address):
        raise ValueError(trouble.removesuffix("."))
    return address


def _zone(value: Any) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(_text(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is not a time zone; write one such as Asia/Kolkata") from None


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('it must be a table of texts, such as "Firm" = "Business Name"')
    return value


def _rulings(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError('it must be a table, such as "state-unknown" = "off"')
    if troubles := [trouble for code, word in value.items() for trouble in _ruling_troubles(code, word)]:
        raise ValueError("; ".join(troubles))
    return dict(value)


def _ruling_troubles(code: str, word: Any) -> Iterator[str]:
    """Say why the job cannot rule this of this finding."""
    if code not in CATALOGUE:
        nearest = difflib.get_close_matches(code, CATALOGUE, n=1)
        yield f"there is no finding {code!r}" + (f" (did you mean {nearest[0]!r}?)" if nearest else "")
    elif not CATALOGUE[code].may_be_ruled:
        yield f"{code!r} stays an error, whatever the job says"
    if word not in _RULINGS:
        yield f"{code!r} may be {', '.join(_RULINGS)}, not {word!r}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the job file, or a flag.

    Attributes:
        read: turns a TOML value, or a flag's text, into the value; ValueError with a sentence.
        default: the value; None where there is none, or where it depends on the job: `shown` then describes it.
        flag: whether there is a flag for it.
        in_file: whether it may stand in the job file; not what must be decided for each run.
        bare: the flag's value where it is given without one; empty where it needs one.
        option: the flag without its dashes, where it is not the name.
    """

    name: str
    read: Callable[[Any], Any]
    default: Any
    help: str
    shown: str = ""
    flag: bool = True
    in_file: bool = True
    bare: str = ""
    option: str = ""

    @property
    def flag_name(self) -> str:
        """Return the flag as it is typed, such as `--base-url`."""
        return f"--{self.option or self.name.replace('_', '-')}"

    @property
    def switch(self) -> bool:
        """Return whether the flag takes no value."""
        return self.read is _switch

    @property
    def several(self) -> bool:
        """Return whether the flag may be given several times."""
        return self.read in (_paths, _formats)

    @property
    def path(self) -> bool:
        """Return whether it is a path, or several: relative ones start at the file they stand in."""
        return self.read in (_path, _paths)

    def read_in(self, folder: Path, value: Any) -> Any:
        """Read a TOML value; relative paths start at the folder."""
        read = self.read(value)
        if not self.path:
            return read
        return tuple(folder / each for each in read) if self.several else folder / read


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "workbook",
        _path,
        None,
        "The workbook: .xlsx, .xlsm, .xls, .xlsb, .ods, .csv or .tsv; inbox/*.xlsx means the newest of them.",
        "JOB, where that is a workbook",
    ),
    Setting(
        "missing_workbook",
        _one_of("error", "ok"),
        "error",
        "What a missing workbook means to a run: error, or ok.",
        flag=False,
    ),
    Setting("documents", _path, None, "Folder of the documents.", "documents/ beside the workbook, else beside it"),
    Setting(
        "documents_pattern",
        _pattern,
        "",
        "Where documents are that no cell names, such as {registration_number}/{type}.* below the folder.",
        "none",
        flag=False,
    ),
    Setting("sheet", _text, None, "The sheet to read.", "the only visible one with content"),
    Setting("header_row", _whole(1), 1, "Number of the row with the headers."),
    Setting("encoding", _text, None, "Encoding of a csv file, such as cp1252.", "UTF-8, or UTF-16 with its mark"),
    Setting("ledger", _path, None, "The ledger file.", "<name of the job>.ledger.jsonl beside it"),
    Setting("report", _path, None, "The report file.", "<name of the job>.report.xlsx beside it"),
    Setting(
        "formats",
        _formats,
        ("xlsx", "html", "json"),
        f"Formats of the report: {', '.join(FORMATS)}; the flag may be repeated.",
        "xlsx, html and json",
        option="format",
    ),
    Setting("annotate", _switch, False, "Mark the errors in a copy of the workbook after a run, too."),
    Setting("against", _paths, (), "Ledger of another job, whose businesses are not sent; may be repeated.", "none"),
    Setting("base_url", _text, "https://api.plivo.com", "Address of the API: scheme, host and port, no path."),
    Setting(
        "trust_host",
        _switch,
        False,
        "Send credentials and documents to the host of base_url, even if unknown.",
    ),
    Setting(
        "contract",
        _contract,
        None,
        "How the API speaks: auto (as its requirements show), beta or released.",
        "auto",
    ),
    Setting("quota", _quota, Quota(60, 60.0), "Requests allowed: 60/min, 600/60s, or none for no limit."),
    Setting("concurrency", _whole(1), 8, "How many rows to send at the same time."),
    Setting("settle", _duration, 90.0, "How long what was sent may take to show at the API (settle window).", "90s"),
    Setting("limit", _whole(1), None, "Send at most this many new rows in this run, as a pilot.", "no limit"),
    Setting(
        "retry_refused",
        _code,
        "",
        "Send again, unchanged, what the API refused with this code; without a code: all of it.",
        "none",
        bare=ANY_CODE,
    ),
    Setting(
        "allow_older",
        _switch,
        False,
        "Also send content that is older than what was sent since.",
        in_file=False,
    ),
    Setting("max_refused", _whole(0), None, "Stop the run when more rows than this were refused.", "no limit"),
    Setting("relink", _switch, False, "Link numbers even if they are linked to another record.", flag=False),
    Setting(
        "links_per_call",
        _whole(1),
        50,
        "How many numbers to link with one request where the API takes several (released contract).",
        flag=False,
    ),
    Setting(
        "wait",
        _duration,
        None,
        "Wait for reviews until none is pending, at most this long; without a value: 2d.",
        "no waiting",
        bare="2d",
    ),
    Setting("new_only", _switch, False, "Return exit status 3 only for what is new since the last run."),
    Setting("stop_after", _duration, None, "Begin nothing new this long after the run's start, such as 5h.", "never"),
    Setting("ca_bundle", _path, None, "Certificates to trust instead of the system's, a PEM file.", "the system's"),
    Setting("proxy", _text, None, "Proxy to connect through.", "none; the environment is not used"),
    Setting("country_iso", _text, "IN", "Number Country of rows that do not say.", flag=False),
    Setting("number_type", _text, "", "Number Type of rows that do not say.", "none", flag=False),
    Setting("user_type", _text, "business", "User Type of rows that do not say.", flag=False),
    Setting(
        "callback_url",
        _callback_url,
        "",
        "Callback URL of rows that do not say: where the API reports reviews.",
        "none",
        flag=False,
    ),
    Setting("admit_new_rows", _switch, True, "Take in rows that no run has seen before.", flag=False),
    Setting(
        "share",
        _one_of("private", "group"),
        "private",
        "Who may continue the job: private for you alone, or group.",
        flag=False,
    ),
    Setting(
        "audit",
        _one_of("auto", "always", "never"),
        "auto",
        "Look for records that the API has twice, at the end of a run: auto (if it sent any), always or never.",
        flag=False,
    ),
    Setting(
        "notify",
        _one_of("person", "end", "never"),
        "person",
        "When to notify of a run's end (BULK_ONBOARD_NOTIFY): person (if somebody is needed), end (always), never.",
    ),
    Setting(
        "log_format",
        _one_of(*log.FORMATS),
        log.TEXT,
        "Form of what goes to stderr: text, for people, or json, one object for each event.",
    ),
    Setting("timezone", _zone, None, "Time zone of the report, such as Asia/Kolkata.", "the machine's", flag=False),
    Setting("columns", _texts, {}, "Table: your header = the column it stands for.", "none", flag=False),
    Setting(
        "findings",
        _rulings,
        {},
        "Table: code of a finding = off, warning or error.",
        "as docs/findings.md says",
        flag=False,
    ),
    Setting(
        "extends",
        _path,
        None,
        "Another job file; its keys hold unless set here.",
        "none",
        flag=False,
    ),
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
