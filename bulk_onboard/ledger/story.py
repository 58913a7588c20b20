"""What happened to one record, entry by entry."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.ledger.codec import decode
from bulk_onboard.ledger.fold import fold, sound_lines
from bulk_onboard.model import entry as said
from bulk_onboard.model.entry import Entry, SentDocument
from bulk_onboard.model.identity import normal_user_key, token_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Record, State


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One thing that happened to the record.

    What its entry does not say is empty, attempt 0.

    Attributes:
        at: instant, as in the ledger.
        entry: the entry's name.
        op: create, update, link or delete.
        words: the result in a few words.
        state: of the record from then on.
    """

    at: str
    entry: str
    op: str
    attempt: int
    words: str
    api_id: str
    compliance_id: str
    documents: tuple[SentDocument, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Story:
    """A record as it is now, and what happened to it, oldest first."""

    record: Record
    lines: tuple[StoryLine, ...]


def story(blocks: Iterable[bytes], ledger: str, name: str, remedy: str = "") -> tuple[Story, ...]:
    """Return the stories of the records with this token, alias, Key or compliance id.

    Args:
        blocks: the ledger's bytes, some at a time.
        ledger: what messages call it.
        remedy: what to do about damage of a ledger that is in no file.

    Raises:
        UsageError: there is no such record.
        LedgerError: the ledger is damaged.
    """
    content = b"".join(blocks)
    records = [r for r in fold(content, ledger, remedy).ledger_state.records.values() if is_called(r, name)]
    if not records:
        raise UsageError(f"{ledger} has no record {name!r}; give a token, the Key of a row, or a compliance id.")
    lines_of: dict[str, list[StoryLine]] = {record.token: [] for record in records}
    ledger_state = LedgerState()
    for entry in map(decode, _lines_about(lines_of, sound_lines(content))):
        before = [ledger_state.records.get(token) for token in lines_of]
        ledger_state.take(entry)
        for (token, lines), was in zip(lines_of.items(), before, strict=True):
            now = ledger_state.records.get(token)
            if now is not None and now is not was:  # each step makes a new record
                lines.append(_line(entry, now.state))
    return tuple(Story(record, tuple(lines_of[record.token])) for record in records)


def _lines_about(tokens: Iterable[str], lines: Sequence[bytes]) -> Iterator[bytes]:
    """Return the lines that may change these records: their own, starts of runs, and links of numbers that they have.

    A number that is linked to another record leaves the one that had it.
    """
    named = [token.encode() for token in tokens]
    own = [line for line in lines if any(name in line for name in named)]
    numbers = {found[0] for line in own if (found := _NUMBER.search(line))}
    wanted = (*named, *numbers, f'"entry":"{said.RunStarted.name()}"'.encode())
    return (line for line in lines if any(each in line for each in wanted))


_NUMBER = re.compile(rb'"number":"[^"]*"')


def is_called(record: Record, name: str) -> bool:
    """Return whether the record goes by this token, alias, Key or compliance id."""
    key = normal_user_key(name)
    return (
        record.token in {name.strip(), token_in(name.strip())}
        or (bool(key) and key == normal_user_key(record.key))
        or (bool(record.compliance_id) and record.compliance_id == name.strip())
    )


def records_called(ledger_state: LedgerState, name: str) -> list[Record]:
    """Return the records that go by this name; of a row that was filed anew, the newest alone has its Key."""
    called = [record for record in ledger_state.records.values() if is_called(record, name)]
    successors = ledger_state.successors() if len(called) > 1 else {}
    return [record for record in called if record.token not in successors]


def _line(entry: Entry, state: State) -> StoryLine:
    return StoryLine(
        at=entry.at,
        entry=entry.name(),
        op=str(getattr(entry, "op", "")),
        attempt=getattr(entry, "attempt", 0),
        words=words(entry),
        api_id=getattr(entry, "api_id", ""),
        compliance_id=getattr(entry, "compliance_id", ""),
        documents=getattr(entry, "documents", ()),
        state=state,
    )


def words(entry: Entry) -> str:
    """Return the result that an entry reports, in a few words.

    Empty where its name says it all.
    """
    words_of = _WORDS.get(type(entry))
    said_of_number = getattr(entry, "number", "")
    return ": ".join(filter(None, (said_of_number, words_of(entry) if words_of else "")))


_WORDS: Mapping[type[Entry], Callable[[Any], str]] = {
    said.RunStarted: lambda e: "found unfinished",
    said.RowInvalid: lambda e: ", ".join(e.codes),
    said.Refused: lambda e: ": ".join(filter(None, (e.code, e.message))),
    said.Unavailable: lambda e: e.why,
    said.Throttled: lambda e: f"wait {e.wait_s:g} s",
    said.Denied: lambda e: f"HTTP {e.http_status}",
    said.Unresolved: lambda e: e.seen,
    said.Absent: lambda e: e.seen,
    said.Probed: lambda e: f"{e.matches} found{e.why and ', '}{e.why}",
    said.Adopted: lambda e: e.review,
    said.Held: lambda e: e.why,
    said.Resolved: lambda e: e.how,
    said.Gone: lambda e: "the API has no such record any more",
    said.Reviewed: lambda e: ": ".join(filter(None, (e.review, e.reason))),
}
