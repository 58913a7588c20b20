"""The table of settings: job file keys, flags, their help and the table in docs/job_file.md are made from it.

The table is at the end; the functions before it read a value, from TOML or from the command line.
"""

import difflib
import re
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bulk_onboard import log
from bulk_onboard.model.callback_url import objection
from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.model.documents import check_pattern
from bulk_onboard.model.finding import ANY_CODE, OFF
from bulk_onboard.model.requirements import Contract
from bulk_onboard.units import Quota, parse_duration, parse_quota

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RULINGS = (OFF, Severity.WARNING.value, Severity.ERROR.value)

_EXAMPLE = "postgresql://db.example.com/onboarding"
_PASSWORDS = {"password", "sslpassword"}
_HOST = re.compile(r"(\[[^]]*\]|[^:]*)(:([1-9][0-9]{0,4})?)?")

SAFE_SETTLE_S = 30.0  # a shorter settle window is warned of, unless the API is on this machine


@dataclass(frozen=True, slots=True)
class Kind:
    """What the value of a setting is.

    Attributes:
        parse: turns a TOML value, or a flag's text, into the value; ValueError with a sentence that says what to write.
        metavar: stands for the value in the help.
        words: what one writes, in words, where the metavar does not say it.
        choices: the words there are, where there is no other value; a shell completes them.
        many: whether the flag may be given several times.
        is_path: whether it is a path, or several.
    """

    parse: Callable[[Any], Any]
    metavar: str = "TEXT"
    words: str = ""
    choices: tuple[str, ...] = ()
    many: bool = False
    is_path: bool = False

    def __call__(self, value: Any) -> Any:
        """Return what the value means; ValueError with a sentence where it means nothing."""
        return self.parse(value)


def _read_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("it must be a text, in quotation marks")
    if not isinstance(value, str):
        raise ValueError(f'it must be a text, so write it in quotation marks: "{value}"')
    if not value.strip():
        raise ValueError("it must be a text, and this one is empty")
    return value


def _read_store(value: Any) -> str | None:
    """Read where ledgers are kept: None for files, else the address of a database, without a password."""
    text = _read_text(value)
    if text == "file":
        return None
    scheme, colon, rest = text.partition("://")
    if not colon or scheme not in ("postgresql", "postgres"):
        raise ValueError(f"it must be file, or the address of a PostgreSQL database, such as {_EXAMPLE}")
    if any(char.isspace() or not char.isprintable() or char == "#" for char in text):
        raise ValueError("the address of a database has no blanks, and no #; write them as %20 and %23")
    try:
        parts = urlsplit(f"//{rest}")
        names = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ValueError(f"that is no address of a database; write one such as {_EXAMPLE}") from None
    user, at, hosts = parts.netloc.rpartition("@")
    if "@" in parts.path or not all(map(_HOST.fullmatch, hosts.split(","))):  # as where there is a / in a password
        raise ValueError(
            f"what stands before the database's name is no host, or no port; write an address such as {_EXAMPLE}"
        )
    if (at and ":" in user) or _PASSWORDS & names.keys():
        raise ValueError(
            "a password does not belong here, since this is shown in messages; leave it out of the address, and put it "
            "into the file that PGPASSFILE names (by default ~/.pgpass), or into the service that PGSERVICE names"
        )
    if not parts.path.strip("/") and not {"dbname", "service"} & names.keys():
        raise ValueError(f"the address names no database; write it behind the host, such as {_EXAMPLE}")
    return f"postgresql://{rest}"


def _read_code(value: Any) -> str:
    """Read an error code of the API; no dot or slash, so that `--retry-refused JOB` does not take JOB for one."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("it must be the code of a refusal, such as missing_required_field")
    return value


def _whole(least: int) -> Kind:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise ValueError(f"it must be a whole number of at least {least}, such as {max(least, 5)}")
        return number

    return Kind(read, "NUMBER")


def _read_path(value: Any) -> Path:
    return Path(_read_text(value)).expanduser()


def _read_report(value: Any) -> Path:
    path = _read_path(value)
    if path.suffix.lower() != ".xlsx":
        raise ValueError(
            f"the report is an Excel workbook, so its name ends in .xlsx; write {path.with_suffix('.xlsx')}"
        )
    return path


def _read_paths(value: Any) -> tuple[Path, ...]:
    if isinstance(value, list | tuple):
        return tuple(map(_read_path, value))
    return (_read_path(value),)


def _read_pattern(value: Any) -> str:
    pattern = _read_text(value)
    check_pattern(pattern)
    return pattern


def _read_switch(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        raise ValueError(f"write {value.lower()} without quotation marks")
    if not isinstance(value, bool):
        raise ValueError("it must be true or false, without quotation marks")
    return value


def _read_quota(value: Any) -> Quota | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'it says how many, and not in what time; write "{value}/min"')
    return parse_quota(_read_text(value))


def _read_duration(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not value >= 0:  # NaN is not
            raise ValueError(f"{value} s is no duration; it must be at least 0")
        return float(value)
    return parse_duration(_read_text(value))


def _one_of(*words: str) -> Kind:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"it must be one of {', '.join(words)}{_meant(value, words)}")
        return str(value)

    return Kind(read, "WORD", choices=words)


FORMATS = ("xlsx", "html", "json", "csv", "jsonl")


def _read_formats(value: Any) -> tuple[str, ...]:
    """Read formats of the report, each once and in their own order: a list, or a text with commas between them."""
    texts = value if isinstance(value, list | tuple) else [value]
    words = [word.strip() for text in texts for word in _read_text(text).split(",")]
    if not words:
        raise ValueError(f"it must name at least one of {', '.join(FORMATS)}")
    if unknown := [word for word in words if word not in FORMATS]:
        raise ValueError(f"there is no format {unknown[0]!r}; choose from {', '.join(FORMATS)}")
    return tuple(word for word in FORMATS if word in words)


def _meant(word: Any, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(word), list(words), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _read_contract(value: Any) -> Contract | None:
    word = _CONTRACTS(value)
    return None if word == "auto" else Contract(word)


def _read_callback_url(value: Any) -> str:
    address = _read_text(value)
    if trouble := objection(address):
        raise ValueError(trouble.removesuffix("."))
    return address


def _read_zone(value: Any) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(_read_text(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is not a time zone; write one such as Asia/Kolkata") from None


def _read_texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('it must be a table of texts, such as "Firm" = "Business Name"')
    return value


def _read_keys(value: Any) -> tuple[str, ...]:
    return tuple(map(_read_text, value if isinstance(value, list | tuple) else [value]))


def _read_tables(value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError("each account is a table of its own, so write [[accounts]], and below it its name and keys")
    if not value:
        raise ValueError("there is none; leave it out, or write [[accounts]] and below it a name for each")
    return tuple(value)


def _read_rows(value: Any) -> tuple[range, ...]:
    """Read row numbers as the sheet shows them: `5-20,33`."""
    parts = [part.strip() for text in _read_keys(value) for part in text.split(",")]
    return tuple(map(_rows_in, parts))


def _rows_in(part: str) -> range:
    first, dash, last = (piece.strip() for piece in part.partition("-"))
    numbers = (first, last) if dash else (first, first)
    if not all(number.isdecimal() and int(number) for number in numbers) or int(numbers[0]) > int(numbers[1]):
        raise ValueError(f"{part!r} names no rows; write their numbers as the sheet shows them, such as 5-20,33")
    return range(int(numbers[0]), int(numbers[1]) + 1)


def _read_rulings(value: Any) -> dict[str, str]:
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


_CONTRACTS = _one_of("auto", *Contract)
_text = Kind(_read_text)
_name = Kind(_read_text, "NAME")
_address = Kind(_read_text, "URL")
_store = Kind(_read_store, "STORE", "the word file, or the address of a PostgreSQL database")
_code = Kind(_read_code, "CODE")
_path = Kind(_read_path, "PATH", is_path=True)
_report = Kind(_read_report, "PATH", is_path=True)
_paths = Kind(_read_paths, "PATH", is_path=True, many=True)
_formats = Kind(_read_formats, "WORD", choices=FORMATS, many=True)
_pattern = Kind(_read_pattern, "PATTERN")
_switch = Kind(_read_switch, "")
_quota = Kind(_read_quota, "QUOTA")
_duration = Kind(_read_duration, "DURATION", "a duration such as 90s, 5h or 2d")
_contract = Kind(_read_contract, "WORD", choices=_CONTRACTS.choices)
_callback_url = Kind(_read_callback_url, "URL")
_zone = Kind(_read_zone, "ZONE")
_texts = Kind(_read_texts, "TABLE")
_keys = Kind(_read_keys, "KEY", many=True)
_names = Kind(_read_keys, "NAME", many=True)
_tables = Kind(_read_tables, "TABLES")
_rows = Kind(_read_rows, "ROWS", "numbers as the sheet shows them, such as 5-20,33", many=True)
_rulings = Kind(_read_rulings, "TABLE")


class Panel(StrEnum):
    """What a flag is about; the help of a verb has its flags under these headings, in this order."""

    OWN = "Options"
    ROWS = "Which rows"
    READ = "What is read"
    API = "The API"
    PACE = "How fast, how long"
    OUTPUT = "Output"


# Which verbs have a flag, by what they do. A flag that would change nothing for a verb is not among its flags, unless
# the verb prints commands that need it, as `merge` does.

SENDS = frozenset({"run", "resume"})
JUDGES = SENDS | {"check", "plan"}
_REPORTS = SENDS | {"refresh", "report", "resolve", "undo", "delete", "merge"}
_READS = JUDGES | _REPORTS | {"status", "doctor", "convert", "serve", "ledger show", "ledger rebuild"}
_LOOKS_INTO_DOCUMENTS = JUDGES | _REPORTS | {"doctor", "convert", "ledger show"}
_HAS_LEDGER = _READS | {
    *("listen", "purge", "stop"),
    *(f"ledger {verb}" for verb in ("verify", "repair", "export", "import")),
}
_ASKS = JUDGES | {
    *("template", "requirements", "convert", "doctor", "refresh", "status", "resolve"),
    *("undo", "delete", "merge", "listen", "ledger verify", "ledger show", "ledger rebuild"),
}
_SETTLES = (_REPORTS - {"report"}) | {"listen", "doctor", "ledger repair", "ledger rebuild"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the job file, or a flag.

    Attributes:
        read: turns a TOML value, or a flag's text, into the value; ValueError with a sentence.
        default: the value; None where there is none, or where it depends on the job: `shown` then describes it.
        verbs: those that have a flag for it; none where it stands in the job file alone.
        panel: what the flag is about.
        in_file: whether it may stand in the job file; not what must be decided for each run.
        whole_job: whether it is about the whole job, and cannot stand among the keys of one account.
        bare: the flag's value where it is given without one; empty where it needs one.
        option: the flag without its dashes, where it is not the name.
    """

    name: str
    read: Kind
    default: Any
    help: str
    shown: str = ""
    verbs: frozenset[str] = frozenset()
    panel: Panel = Panel.OWN
    in_file: bool = True
    whole_job: bool = False
    bare: str = ""
    option: str = ""

    @property
    def flag(self) -> bool:
        """Return whether there is a flag for it."""
        return bool(self.verbs)

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
        return self.read.many

    @property
    def path(self) -> bool:
        """Return whether it is a path, or several: relative ones start at the file they stand in."""
        return self.read.is_path

    @property
    def described(self) -> str:
        """Return the flag's help: what it is for, what one writes, and what holds without it."""
        if self.switch:
            return self.help
        words = self.read.words and f" {self.read.words[0].upper()}{self.read.words[1:]}."
        return f"{self.help}{words} Default: {self.shown or self.default}."

    def read_in(self, folder: Path, value: Any) -> Any:
        """Read a TOML value; relative paths start at the folder."""
        read = self.read(value)
        if not self.path:
            return read
        return tuple(folder / each for each in read) if self.several else folder / read


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "account",
        _names,
        (),
        "Only this one of the job's accounts, by its name; may be repeated.",
        "all accounts",
        verbs=_HAS_LEDGER | _ASKS,
        panel=Panel.ROWS,
        in_file=False,
        whole_job=True,
    ),
    Setting(
        "workbook",
        _path,
        None,
        "The workbook: .xlsx, .xlsm, .xls, .xlsb, .ods, .csv or .tsv; inbox/*.xlsx means the newest of them.",
        "JOB, where that is a workbook",
        verbs=_READS | {"purge"},
        panel=Panel.READ,
    ),
    Setting(
        "missing_workbook",
        _one_of("error", "ok"),
        "error",
        "What a missing workbook means to a run: error, or ok.",
    ),
    Setting(
        "documents",
        _path,
        None,
        "Folder of the documents.",
        "documents/ beside the workbook, else beside it",
        verbs=_LOOKS_INTO_DOCUMENTS | {"purge"},
        panel=Panel.READ,
    ),
    Setting(
        "documents_pattern",
        _pattern,
        "",
        "Where documents are that no cell names, such as {registration_number}/{type}.* below the folder.",
        "none",
    ),
    Setting(
        "sheet", _name, None, "The sheet to read.", "the only visible one with content", verbs=_READS, panel=Panel.READ
    ),
    Setting("header_row", _whole(1), 1, "Number of the row with the headers.", verbs=_READS, panel=Panel.READ),
    Setting(
        "encoding",
        _name,
        None,
        "Encoding of a csv file, such as cp1252.",
        "UTF-8, or UTF-16 with its mark",
        verbs=_READS,
        panel=Panel.READ,
    ),
    Setting(
        "ledger",
        _path,
        None,
        "The ledger file.",
        "<name of the job>.ledger.jsonl beside it",
        verbs=_HAS_LEDGER,
        panel=Panel.READ,
    ),
    Setting(
        "store",
        _store,
        None,
        "Where ledgers are kept.",
        "file",
        verbs=_HAS_LEDGER,
        panel=Panel.READ,
        whole_job=True,
    ),
    Setting(
        "report",
        _report,
        None,
        "The report file.",
        "<name of the job>.report.xlsx beside it",
        verbs=_REPORTS | {"doctor", "purge"},
        panel=Panel.OUTPUT,
    ),
    Setting(
        "formats",
        _formats,
        ("xlsx", "html", "json"),
        f"Formats of the report: {', '.join(FORMATS)}; the flag may be repeated.",
        "xlsx, html and json",
        verbs=_REPORTS | {"doctor", "purge"},
        panel=Panel.OUTPUT,
        option="format",
        whole_job=True,
    ),
    Setting(
        "annotate",
        _switch,
        False,
        "Mark the errors in a copy of the workbook after a run, too.",
        verbs=SENDS,
        panel=Panel.OUTPUT,
    ),
    Setting(
        "against",
        _paths,
        (),
        "Ledger file of another job (exported, if in a database), whose businesses are not sent; may be repeated.",
        "none",
        verbs=_LOOKS_INTO_DOCUMENTS - {"convert", "ledger show"},
        panel=Panel.READ,
    ),
    Setting(
        "base_url",
        _address,
        "https://api.plivo.com",
        "Address of the API: scheme, host and port, no path.",
        verbs=_ASKS,
        panel=Panel.API,
    ),
    Setting(
        "trust_host",
        _switch,
        False,
        "Send credentials and documents to the host of base_url, even if unknown.",
        verbs=_ASKS,
        panel=Panel.API,
    ),
    Setting(
        "contract",
        _contract,
        None,
        "How the API speaks: auto (as its requirements show), beta or released.",
        "auto",
        verbs=_ASKS,
        panel=Panel.API,
    ),
    Setting(
        "quota",
        _quota,
        Quota(60, 60.0),
        "Requests allowed: 60/min, 600/60s, or none for no limit.",
        verbs=_ASKS,
        panel=Panel.PACE,
    ),
    Setting("concurrency", _whole(1), 8, "How many rows to send at the same time.", verbs=SENDS, panel=Panel.PACE),
    Setting(
        "uploads",
        _whole(1),
        128,
        "How many requests may be under way at the same time, over all accounts.",
        verbs=SENDS,
        panel=Panel.PACE,
        whole_job=True,
    ),
    Setting(
        "settle",
        _duration,
        90.0,
        "How long what was sent may take to show at the API (settle window).",
        "90s",
        verbs=_SETTLES,
        panel=Panel.PACE,
    ),
    Setting(
        "key",
        _keys,
        (),
        "Only this row, by its Key; may be repeated. All others stay as they are.",
        "all rows",
        verbs=JUDGES,
        panel=Panel.ROWS,
        in_file=False,
    ),
    Setting(
        "rows",
        _rows,
        (),
        "Only these rows. All others stay as they are.",
        "all rows",
        verbs=JUDGES,
        panel=Panel.ROWS,
        in_file=False,
    ),
    Setting(
        "limit",
        _whole(1),
        None,
        "Send at most this many new rows in this run, as a pilot.",
        "no limit",
        verbs=JUDGES | {"doctor"},
        panel=Panel.ROWS,
    ),
    Setting(
        "retry_refused",
        _code,
        "",
        "Send again, unchanged, what the API refused with this code; without a code: all of it.",
        "none",
        bare=ANY_CODE,
        verbs=SENDS | {"plan"},
        panel=Panel.ROWS,
    ),
    Setting(
        "allow_older",
        _switch,
        False,
        "Also send content that is older than what was sent since.",
        in_file=False,
        verbs=JUDGES,
        panel=Panel.ROWS,
    ),
    Setting(
        "max_refused",
        _whole(0),
        None,
        "Stop the run when more rows than this were refused.",
        "no limit",
        verbs=SENDS,
        panel=Panel.PACE,
    ),
    Setting("relink", _switch, False, "Link numbers even if they are linked to another record."),
    Setting(
        "links_per_call",
        _whole(1),
        50,
        "How many numbers to link with one request where the API takes several (released contract).",
    ),
    Setting(
        "wait",
        _duration,
        None,
        "Wait for reviews until none is pending, at most this long; without a value: 2d.",
        "no waiting",
        bare="2d",
        verbs=SENDS | {"doctor"},
        panel=Panel.PACE,
    ),
    Setting(
        "new_only",
        _switch,
        False,
        "Return exit status 3 only for what is new since the last run.",
        verbs=SENDS | {"refresh"},
        panel=Panel.OUTPUT,
    ),
    Setting(
        "stop_after",
        _duration,
        None,
        "Begin nothing new this long after the run's start.",
        "never",
        verbs=SENDS | {"doctor"},
        panel=Panel.PACE,
        whole_job=True,
    ),
    Setting(
        "ca_bundle",
        _path,
        None,
        "Certificates to trust instead of the system's, a PEM file.",
        "the system's",
        verbs=_ASKS,
        panel=Panel.API,
    ),
    Setting(
        "proxy",
        _address,
        None,
        "Proxy to connect through.",
        "none; the environment is not used",
        verbs=_ASKS,
        panel=Panel.API,
    ),
    Setting("country_iso", _text, "IN", "Number Country of rows that do not say."),
    Setting("number_type", _text, "", "Number Type of rows that do not say.", "none"),
    Setting("user_type", _text, "business", "User Type of rows that do not say."),
    Setting(
        "callback_url",
        _callback_url,
        "",
        "Callback URL of rows that do not say: where the API reports reviews.",
        "none",
    ),
    Setting("admit_new_rows", _switch, True, "Take in rows that no run has seen before."),
    Setting(
        "share",
        _one_of("private", "group"),
        "private",
        "Who may continue the job: private for you alone, or group.",
    ),
    Setting(
        "audit",
        _one_of("auto", "always", "never"),
        "auto",
        "Look for records that the API has twice, at the end of a run: auto (if it sent any), always or never.",
    ),
    Setting(
        "notify",
        _one_of("attention", "end", "never"),
        "attention",
        "When to notify of a run's end (BULK_ONBOARD_NOTIFY): attention (if it needs somebody's), end (always), never.",
        verbs=SENDS | {"doctor"},
        panel=Panel.OUTPUT,
        whole_job=True,
    ),
    Setting(
        "log_format",
        _one_of(*log.FORMATS),
        log.TEXT,
        "Form of what goes to stderr: text, for people, or json, one object for each event.",
        verbs=_HAS_LEDGER | _ASKS,
        panel=Panel.OUTPUT,
        whole_job=True,
    ),
    Setting("timezone", _zone, None, "Time zone of the report, such as Asia/Kolkata.", "the machine's", whole_job=True),
    Setting("columns", _texts, {}, "Table: your header = the column it stands for.", "none"),
    Setting(
        "findings",
        _rulings,
        {},
        "Table: code of a finding = off, warning or error.",
        "as docs/findings.md says",
    ),
    Setting(
        "extends",
        _path,
        None,
        "Another job file; its keys hold unless set here.",
        "none",
        whole_job=True,
    ),
    Setting(
        "accounts",
        _tables,
        (),
        "Tables, each below [[accounts]]: the name of an account and the keys that hold for it alone.",
        "none",
        whole_job=True,
    ),
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
