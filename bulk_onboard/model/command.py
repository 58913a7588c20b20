"""The commands that messages give people to type about a job.

No other module spells one.

A printed command works when it is pasted into a shell in the same folder, with the same environment. So it repeats the
flags that were given, as far as its verb uses them. It never repeats a proxy, whose address may hold a password, nor
flags meant for one run only (`--limit`, `--key`, `--rows`, `--wait`, `--stop-after`, `--retry-refused`,
`--allow-older`); but the command that continues a stopped run keeps all of these but the last two.
"""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bulk_onboard.model.identity import normal_user_key, token_in
from bulk_onboard.model.ledger_state import LedgerState

_LEDGER = frozenset({"account", "ledger", "store"})
_NETWORK = frozenset({"base_url", "trust_host", "ca_bundle", "contract", "quota"})
_ROWS = frozenset({"workbook", "documents", "sheet", "header_row", "encoding", "against"})
_OPTIONS = {"formats": "format"}  # what a flag is called where not as its setting
_NEVER = frozenset({"proxy", "retry_refused", "allow_older"})
_ONE_RUN = frozenset({"limit", "key", "rows", "wait", "stop_after"})

_SETTLING = _LEDGER | _NETWORK | _ROWS | {"settle", "report", "formats"}
_USED: Mapping[str, frozenset[str]] = {  # by a verb; `run` and `resume`, which use all, are not here
    "check": _LEDGER | _NETWORK | _ROWS,
    "convert": (_LEDGER | _NETWORK | _ROWS) - {"against"},
    "status": _LEDGER,
    "stop": _LEDGER,
    "report": _LEDGER | _ROWS | {"report", "formats"},
    "resolve": _SETTLING,
    "merge": _SETTLING,  # for the run that comes next
    "ledger show": _LEDGER,
    "ledger verify": _LEDGER | _NETWORK,
    "ledger repair": _LEDGER | {"settle"},
    "ledger export": _LEDGER,
    "ledger import": _LEDGER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The commands about one job.

    Attributes:
        job: JOB as it was typed.
        flags: the flags of the settings that were given, by the setting's name: the words behind each as they were
            typed, several where it was given several times, none behind a switch.
        verb: what continues a run that was stopped: `run` or `resume`.
        in_cluster: whether runs are handed over to workers.
    """

    job: str
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    verb: str = "run"
    in_cluster: bool = False

    def of_workbook(self, workbook: str) -> "Commands":
        """Return the commands about the same job with another workbook."""
        return replace(self, flags={**self.flags, "workbook": (workbook,)})

    def run(self) -> str:
        """Do what is due."""
        return self._line("run", options=self._where, leaving_out=_ONE_RUN)

    def again(self) -> str:
        """Continue a run that was stopped, as it was typed; or follow on what was handed over to workers."""
        return self._line(self.verb, options=self._where)

    @property
    def _where(self) -> tuple[str, ...]:
        return ("--cluster",) if self.in_cluster else ()

    def stop(self) -> str:
        """Stop what was handed over to workers."""
        return self._line("stop")

    def check(self) -> str:
        """Judge every row."""
        return self._line("check")

    def status(self) -> str:
        """Show where the job stands."""
        return self._line("status")

    def held(self) -> str:
        """List the records that are held."""
        return self._line("status", options=("--state", "held"))

    def report(self) -> str:
        """Write the report again."""
        return self._line("report")

    def convert(self) -> str:
        """Make accepted copies of scans that are refused for their form alone."""
        return self._line("convert")

    def merge(self, copy: str = "") -> str:
        """Take the cells of a marked copy, else the newest, into the job's workbook."""
        return self._line("merge", options=(f"--copy={copy}",) if copy else ())

    def merge_and_run(self) -> str:
        """Merge the copy that was saved last, then do what is due."""
        return self.run_after(self.merge())

    def run_after(self, first: str) -> str:
        """Do what is due, after another command."""
        return f"{first} && {self.run()}"

    def resolve(self, name: str, *answer: str) -> str:
        """Show which answers there are for a held record; or give one.

        An answer is `--absent`, `--abandon`, or `--found` and an id.
        """
        return self._line("resolve", name, options=answer)

    def show(self, name: str) -> str:
        """Show what happened to one record."""
        return self._line("ledger show", name)

    def verify(self) -> str:
        """Verify that the account holds what the ledger says."""
        return self._line("ledger verify", options=("--server",))

    def repair(self) -> str:
        """Salvage a damaged ledger."""
        return self._line("ledger repair")

    def export_ledger(self) -> str:
        """Write the ledger of a database into a file."""
        return self._line("ledger export")

    def import_ledger(self) -> str:
        """Write the ledger of a file into the database."""
        return self._line("ledger import")

    def _line(
        self, verb: str, *names: str, options: tuple[str, ...] = (), leaving_out: frozenset[str] = frozenset()
    ) -> str:
        used = _USED.get(verb)
        flags = {
            name: words
            for name, words in self.flags.items()
            if name not in _NEVER | leaving_out and (used is None or name in used)
        }
        places, typed = [self.job, *names], [*options, *_as_typed(flags)]
        if any(place.startswith("-") for place in places):
            return command_line("bulk-onboard", *verb.split(), *typed, "--", *places)
        return command_line("bulk-onboard", *verb.split(), *places, *typed)


def names_in(ledger_state: LedgerState) -> dict[str, str]:
    """Return the name of each record in a command: its Key if unique, else its token.

    Of a row that was filed anew, the newest record has the Key.
    """
    newest = ledger_state.newest_generations()
    times = Counter(normal_user_key(record.key) for record in newest if record.key)
    keys = {
        record.token: record.key
        for record in newest
        if record.key.isprintable() and times[normal_user_key(record.key)] == 1 and not token_in(record.key)
    }
    return {token: keys.get(token, token) for token in ledger_state.records}


def init(folder: str) -> str:
    """Make a folder to begin with."""
    return command_line("bulk-onboard", "init", *(("--",) if folder.startswith("-") else ()), folder)


def set_up_store(where: str) -> str:
    """Make the tables of a database: that of a job, or at an address."""
    return command_line("bulk-onboard", "store", "setup", where)


def start_worker(where: str) -> str:
    """Start a worker for what was handed over in a database."""
    return command_line("bulk-onboard", "worker", "--store", where)


def help_of(verb: str) -> str:
    """Show what a verb does, and its flags; of no verb, all verbs."""
    return command_line("bulk-onboard", *verb.split(), "--help")


def command_line(*words: str) -> str:
    """Return the words quoted for bash, on one line whatever they hold."""
    return " ".join(map(_quoted, words))


def _as_typed(flags: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    for name, words in flags.items():
        option = f"--{_OPTIONS.get(name, name).replace('_', '-')}"
        if not words:
            yield option
        for word in words:
            yield from (f"{option}={word}",) if word.startswith("-") else (option, word)


def _quoted(word: str) -> str:
    """Return one word quoted; in the form `$'…'` where it has invisible characters."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
