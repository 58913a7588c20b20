"""What happened, as ledger lines (docs/design/ledger.md, Entries).

An entry about a record has its token, and the user's Key where given, but nothing of the row's content. The journal
stamps `v`, `seq` and `at`.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from bulk_onboard.model.requirements import Requirements

VERSION = 1
CLOCKS_APART_S = 300.0  # an entry that seems to lie at most so far ahead was stamped just now, by another clock


class Op(StrEnum):
    """The writes."""

    CREATE = "create"
    UPDATE = "update"
    LINK = "link"
    DELETE = "delete"

    __hash__ = str.__hash__  # an Enum's own is written in Python, and each line of a ledger looks its operation up


def _entry_name(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Entry(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entry", tag=_entry_name, gc=False
):
    """One ledger line: something that happened.

    `at` is UTC, ISO 8601 with milliseconds and Z.
    """

    v: int = 0
    seq: int = 0
    at: str = ""

    @classmethod
    def name(cls) -> str:
        """Return the entry's name in the ledger, such as `run_started`."""
        return str(cls.__struct_config__.tag)


def age_s(at: str, now: datetime) -> float:
    """Return how many seconds ago an entry was stamped; less than 0 where the clock was another, or was set back.

    Raises:
        ValueError: `at` is no instant.
    """
    return (now - datetime.fromisoformat(at)).total_seconds()


class LedgerOpened(Entry, frozen=True, kw_only=True):
    """The first line: which tool, job, account and address the ledger belongs to."""

    tool: str
    job: str
    auth_id: str
    base_url: str
    created: str


class RunStarted(Entry, frozen=True, kw_only=True):
    """A run began.

    Every record that is `sending` then becomes uncertain (docs/design/ledger.md, Legal steps).

    `contract` is in which the API speaks; empty where the run did not ask for requirements. `typed` is JOB and `flags`
    are the flags that later commands need, each the setting's name and the words behind it as they were typed, paths
    from the ledger's folder; never a proxy, nor the path of a document.
    """

    run_id: str
    user: str
    host: str
    version: str
    workbook: str
    job: str
    requirements: str
    quota: str
    settle: float
    contract: str = ""
    typed: str = ""
    flags: tuple[tuple[str, ...], ...] = ()


class Required(Entry, frozen=True, kw_only=True):
    """What the API requires, as the run was told; written where that has changed.

    By it a report is made without the API. `source` is where it comes from, for people.
    """

    contract: str
    source: str
    offered: tuple[Requirements, ...]


class Admitted(Entry, frozen=True, kw_only=True):
    """The run took these rows in: they are due.

    So `status` and `resume` know of them before anything is sent.
    """

    tokens: tuple[str, ...]


class Planned(Entry, frozen=True, kw_only=True):
    """What is due in this run, and the requests that it takes as far as they can be foreseen.

    Written when the run begins, and again where that has changed; each is about the whole run. `rows` are
    due, the others are requests: creates, updates, links of numbers, and whatever is read before and after these.
    """

    rows: int
    creates: int = 0
    updates: int = 0
    links: int = 0
    reads: int = 0

    @property
    def requests(self) -> int:
        """All requests that are foreseen."""
        return self.creates + self.updates + self.links + self.reads

    @property
    def figures(self) -> tuple[int, ...]:
        """What is planned, without when that was written."""
        return self.rows, self.creates, self.updates, self.links, self.reads


class Used(Entry, frozen=True, kw_only=True):
    """The requests that this run made since its last such line, or its start.

    Written once a minute while the run goes on, unless it made none, and at its end. `writes` and `throttled` are
    among `requests`.
    """

    requests: int
    writes: int = 0
    throttled: int = 0


class Swept(Entry, frozen=True, kw_only=True):
    """The account's records were walked completely.

    `audit` is set where that was to find records that are there twice.

    An audit begins a settle window after the newest create.
    """

    records: int
    audit: bool = False


class ReadBack(Entry, frozen=True, kw_only=True):
    """The record of this id was read back; the API's `alias` has its token.

    So the account keeps aliases of that length, whatever became of the record since.
    """

    compliance_id: str
    alias: str


class TailRepaired(Entry, frozen=True, kw_only=True):
    """Bytes that were no sound line were kept in a file and left out here."""

    kept: str
    size: int


class RunEnded(Entry, frozen=True, kw_only=True):
    """A run ended; counts are rows by state, requests by outcome."""

    run_id: str
    exit_status: int
    counts: dict[str, int]
    requests: dict[str, int]


class RecordEntry(Entry, frozen=True, kw_only=True):
    """An entry about one record."""

    token: str
    key: str = ""


class RowInvalid(RecordEntry, frozen=True, kw_only=True):
    """Findings keep the row out."""

    codes: tuple[str, ...]


class Reviewed(RecordEntry, frozen=True, kw_only=True):
    """The API's reviewers judged the record; the reason is masked.

    `fingerprint` is the row's at that time, where the ledger does not know what was sent, so that later changes of the
    row can be noticed.
    """

    review: str
    reason: str = ""
    fingerprint: str = ""


class Gone(RecordEntry, frozen=True, kw_only=True):
    """The API answered, asked for the id, that it has no such record any more.

    `op` is set where that settles a write whose outcome was unknown.
    """

    compliance_id: str
    op: Op | None = None


class OpEntry(RecordEntry, frozen=True, kw_only=True):
    """An entry about one write."""

    op: Op


class WriteEntry(OpEntry, frozen=True, kw_only=True):
    """An entry about one write, which may be the link of a number.

    `number` is that phone number, in digits; one call may link many, and each has its own entries.
    """

    number: str = ""


class SentDocument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an intent says of a document: never its name."""

    type: str
    sha256: str
    size: int


class Intent(WriteEntry, frozen=True, kw_only=True):
    """About to send; on disk before the first byte leaves.

    `seen_at` is when the record was submitted last before an update, or changed where the API does not tell that; an
    unknown update is settled by it (docs/design/settling.md, Update). `registration_token` is what a create or an
    update registers, as for `identity.registration_token_of`. A create that takes the place of an expired record has
    that one's token in `follows`, and its own `generation`.
    """

    attempt: int
    alias: str
    fingerprint: str
    documents: tuple[SentDocument, ...] = ()
    compliance_id: str = ""
    seen_at: str = ""
    registration_token: str = ""
    follows: str = ""
    generation: int = 1


class Done(WriteEntry, frozen=True, kw_only=True):
    """The API did it."""

    compliance_id: str
    api_id: str = ""


STATE_ERRORS = frozenset({"compliance_not_editable", "compliance_not_approved"})
"""Refusals because of the record's state, not of what was sent (the API's document, Error Codes)."""


class Refused(WriteEntry, frozen=True, kw_only=True):
    """A final refusal of this content; the message is masked.

    `fingerprint` is there only where no call is under way: the content could not be sent, or an unknown outcome was
    settled and the refusal stands.
    """

    code: str
    message: str = ""
    fingerprint: str = ""


class Unavailable(WriteEntry, frozen=True, kw_only=True):
    """Proved unsent."""

    why: str


class Throttled(WriteEntry, frozen=True, kw_only=True):
    """Not applied: the quota is spent."""

    wait_s: float


class Denied(WriteEntry, frozen=True, kw_only=True):
    """Not applied: credentials, permission or address."""

    http_status: int


class Unresolved(WriteEntry, frozen=True, kw_only=True):
    """Sent, outcome unknown.

    `contested` is set where the API refused because it has such a record already.
    """

    seen: str
    contested: bool = False


class Probed(OpEntry, frozen=True, kw_only=True):
    """A look-up for an unknown outcome found so many records.

    `why` says why finding none proves nothing yet.
    """

    matches: int
    why: str = ""


class Adopted(WriteEntry, frozen=True, kw_only=True):
    """Something was found at the API that the ledger did not know to be there.

    What an unknown write made, a record from elsewhere, or a number that is linked already. `alias` is as the API
    shows it; `differs` names the content that is not what was sent. `registration_token`, `follows` and `generation`
    are as for an intent, for a record from elsewhere whose token proves its row's number.
    """

    compliance_id: str
    review: str = ""
    alias: str = ""
    differs: str = ""
    registration_token: str = ""
    follows: str = ""
    generation: int = 1


class Absent(WriteEntry, frozen=True, kw_only=True):
    """Proved not to have happened, by a look that began `waited_s` after the send.

    `control` is the token, or else the compliance id, of the record that the positive control found; empty where the
    operation needs none, since the record itself shows its state (docs/design/settling.md, Conclusions). `seen` is the
    answer that proves it at once: the refusal of a link as a whole, which judges none of its numbers.
    """

    waited_s: float
    control: str = ""
    seen: str = ""


class Held(WriteEntry, frozen=True, kw_only=True):
    """A person must look at the record, or at the number to be linked to it."""

    why: str
    compliance_ids: tuple[str, ...] = ()


class Resolved(OpEntry, frozen=True, kw_only=True):
    """A person decided about a record that is held, or gone."""

    how: Literal["found", "absent", "abandon"]
    compliance_id: str = ""


AnyEntry = (
    LedgerOpened
    | RunStarted
    | Required
    | Admitted
    | Planned
    | Used
    | Swept
    | ReadBack
    | TailRepaired
    | RunEnded
    | RowInvalid
    | Reviewed
    | Gone
    | Resolved
    | Intent
    | Done
    | Refused
    | Unavailable
    | Throttled
    | Denied
    | Unresolved
    | Probed
    | Adopted
    | Absent
    | Held
)
