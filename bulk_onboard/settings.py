"""The one table of settings: behind the job file's keys, the flags, their help, and the documentation's list."""

import difflib
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_onboard.model.callback_url import objection
from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.model.documents import check_pattern
from bulk_onboard.model.finding import ANY_CODE, OFF
from bulk_onboard.units import Quota, parse_duration, parse_quota

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RULINGS = (OFF, Severity.WARNING.value, Severity.ERROR.value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text is wanted")
    return value


def _code(value: Any) -> str:
    """A code of the API; it never has a dot or a slash, so that a file's name is none."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("the code of a refusal is wanted, such as missing_required_field")
    return value


def _whole(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise ValueError(f"a whole number of at least {least} is wanted")
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
        raise ValueError("true or false is wanted")
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
            raise ValueError(f"one of {', '.join(words)} is wanted")
        return str(value)

    return read


def _callback_url(value: Any) -> str:
    address = _text(value)
    if trouble := objection(address):
        raise ValueError(trouble.removesuffix("."))
    return address


def _zone(value: Any) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(_text(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is no time zone; write one such as Asia/Kolkata") from None


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('a table of texts is wanted, such as "Firm" = "Business Name"')
    return value


def _rulings(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError('a table is wanted, such as "state-unknown" = "off"')
    if troubles := [trouble for code, word in value.items() for trouble in _ruling_troubles(code, word)]:
        raise ValueError("; ".join(troubles))
    return dict(value)


def _ruling_troubles(code: str, word: Any) -> Iterator[str]:
    """Why the job cannot say this word of this code."""
    if code not in CATALOGUE:
        nearest = difflib.get_close_matches(code, CATALOGUE, n=1)
        yield f"there is no finding {code!r}" + (f" (did you mean {nearest[0]!r}?)" if nearest else "")
    elif not CATALOGUE[code].may_be_ruled:
        yield f"{code!r} stays an error, whatever the job says"
    if word not in _RULINGS:
        yield f"{code!r} may be {', '.join(_RULINGS)}, not {word!r}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the job file, or a flag alone.

    Attributes:
        read: from the TOML value (or the flag's text) to ours; ValueError with a sentence.
        default: ours; None where there is none or it depends on the job: `shown` then says it for people.
        flag: whether the command line has it.
        in_file: whether the job file may say it; not what must be meant anew each time.
        bare: what the flag means that is given without a value; empty where it needs one.
    """

    name: str
    read: Callable[[Any], Any]
    default: Any
    help: str
    shown: str = ""
    flag: bool = True
    in_file: bool = True
    bare: str = ""

    @property
    def switch(self) -> bool:
        """Whether the flag takes no value."""
        return self.read is _switch

    @property
    def several(self) -> bool:
        """Whether the flag may be given several times."""
        return self.read is _paths

    @property
    def path(self) -> bool:
        """Whether it is a path, or several, hence relative to the file it stands in."""
        return self.read in (_path, _paths)

    def read_in(self, folder: Path, value: Any) -> Any:
        """From the TOML value to ours, paths below the folder unless they are absolute."""
        ours = self.read(value)
        if self.several:
            return tuple(folder / each for each in ours)
        return folder / ours if self.path else ours


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "workbook",
        _path,
        None,
        "The workbook: .xlsx, .xlsm, .xls, .xlsb, .ods, .csv or .tsv; of inbox/*.xlsx the newest.",
        "JOB, where that is a workbook",
    ),
    Setting(
        "missing_workbook",
        _one_of("error", "ok"),
        "error",
        "What a run makes of a workbook that is not there: error, or ok.",
        flag=False,
    ),
    Setting("documents", _path, None, "Folder of the documents.", "documents/ beside the workbook, else beside it"),
    Setting(
        "documents_pattern",
        _pattern,
        "",
        "Where documents are that no cell names: {registration_number}/{type}.* or the like.",
        "none",
        flag=False,
    ),
    Setting("sheet", _text, None, "The sheet to read.", "the only visible one with content"),
    Setting("header_row", _whole(1), 1, "Row number of the headers."),
    Setting("encoding", _text, None, "Encoding of a csv file, such as cp1252.", "UTF-8, or UTF-16 with its mark"),
    Setting("ledger", _path, None, "The ledger.", "<name of the job>.ledger.jsonl beside it"),
    Setting("report", _path, None, "The report.", "<name of the job>.report.xlsx beside it"),
    Setting("annotate", _switch, False, "Let a run, too, mark the errors in a copy of the workbook."),
    Setting("against", _paths, (), "Ledgers of other jobs, whose businesses are not sent again.", "none"),
    Setting("base_url", _text, "https://api.plivo.com", "Address of the API: scheme, host and port, no path."),
    Setting("trust_host", _switch, False, "Send credentials and documents to the host of base_url, whatever it is."),
    Setting("quota", _quota, Quota(60, 60.0), "Requests allowed: 60/min, 600/60s, or none for no pacing at all."),
    Setting("concurrency", _whole(1), 8, "How many rows are sent at the same time."),
    Setting("settle", _duration, 90.0, "How long an unknown outcome may still show: the settle window.", "90s"),
    Setting("limit", _whole(1), None, "Send at most so many new rows in this run: a pilot.", "no limit"),
    Setting(
        "retry_refused",
        _code,
        "",
        "Send again, unchanged, what the API refused with this code; alone: with any.",
        "none",
        bare=ANY_CODE,
    ),
    Setting(
        "allow_older",
        _switch,
        False,
        "Send content, too, that was sent earlier and replaced by newer content since.",
        in_file=False,
    ),
    Setting("max_refused", _whole(0), None, "Stop the run when more rows than this are refused.", "no limit"),
    Setting("relink", _switch, False, "Move numbers that are linked to another record.", flag=False),
    Setting(
        "wait",
        _duration,
        None,
        "Follow the reviews until none is pending, at most so long; alone: 2d.",
        "no waiting",
        bare="2d",
    ),
    Setting("new_only", _switch, False, "End with 3 only for what is new since the last run."),
    Setting("stop_after", _duration, None, "Begin nothing new so long after the start of a run, such as 5h.", "never"),
    Setting("ca_bundle", _path, None, "Certificates to trust instead of the system's (PEM).", "the system's"),
    Setting("proxy", _text, None, "Proxy to go through.", "none; the environment is not asked"),
    Setting("country_iso", _text, "IN", "Country of the number, for rows that do not say.", flag=False),
    Setting("number_type", _text, "", "Type of the number, for rows that do not say.", "none", flag=False),
    Setting("user_type", _text, "business", "Type of the end user, for rows that do not say.", flag=False),
    Setting(
        "callback_url",
        _callback_url,
        "",
        "Where the API reports reviews, for rows that do not say.",
        "none",
        flag=False,
    ),
    Setting("admit_new_rows", _switch, True, "Take in rows that no run has taken in before.", flag=False),
    Setting(
        "share",
        _one_of("private", "group"),
        "private",
        "Who may carry on: private, or group.",
        flag=False,
    ),
    Setting(
        "audit",
        _one_of("auto", "always", "never"),
        "auto",
        "Look for records that the API has twice, at a run's end; auto: in a run that sent any.",
        flag=False,
    ),
    Setting(
        "notify",
        _one_of("person", "end", "never"),
        "person",
        "When the addresses in BULK_ONBOARD_NOTIFY are told of a run's end: where a person is needed, each end, never.",
    ),
    Setting("timezone", _zone, None, "Time zone of the report, such as Asia/Kolkata.", "the machine's", flag=False),
    Setting("columns", _texts, {}, "Table: your header = the name it stands for.", "none", flag=False),
    Setting(
        "findings",
        _rulings,
        {},
        "Table: code of a finding = off, warning or error.",
        "as docs/findings.md says",
        flag=False,
    ),
    Setting("extends", _path, None, "Another job file, whose keys hold unless set here.", "none", flag=False),
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
