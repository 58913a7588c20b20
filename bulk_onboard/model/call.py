"""The calls of the API as values, and the narrow interface that makes them.

`outcome` has what a call leads to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar

from bulk_onboard.model.application import Application
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.requirements import Combination, RequirementsAnswer

T = TypeVar("T")


class Operation(StrEnum):
    """The API's endpoints (docs/design/wire.md, Requests)."""

    REQUIREMENTS = "requirements"
    CREATE = "create"
    GET = "get"
    LIST = "list"
    UPDATE = "update"
    DELETE = "delete"
    LINK = "link"
    NUMBER = "number"
    NUMBERS = "numbers"


class Priority(IntEnum):
    """Who goes first where calls wait for the quota."""

    SETTLE = 0
    WRITE = 1
    POLL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """A compliance record as the API shows it.

    Attributes:
        review_word: the API's own word for the review.
        review: the review in our words; empty where the word is unknown.
        reason: of a rejection; None where the answer leaves it out, empty where it states that there is none.
        name, registration_number, documents: only when the answer was expanded, else None.
    """

    compliance_id: str
    alias: str
    review_word: str = ""
    review: str = ""
    country_iso: str = ""
    number_type: str = ""
    reason: str | None = ""
    name: str | None = None
    registration_number: str | None = None
    documents: int | None = None
    linked_numbers: tuple[str, ...] | None = None
    created_at: str = ""
    updated_at: str = ""
    submitted_at: str = ""

    @property
    def dated(self) -> str:
        """When it was submitted last or, where the API does not say, when it changed last; empty where unknown."""
        return self.submitted_at or self.updated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """One page of the list.

    Attributes:
        unreadable: how many more records are on the page that cannot be read.
        total: how many records the list has; None where it does not say.
        next_query: fetches the next page; None after the last one.
    """

    records: tuple[ServerRecord, ...]
    unreadable: int = 0
    total: int | None = None
    next_query: Mapping[str, str] | None = None

    @property
    def size(self) -> int:
        """How many records of the list are on the page, readable or not."""
        return len(self.records) + self.unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRecord:
    """A phone number of the account, in digits.

    `compliance_id` is empty where it is linked to none.
    """

    number: str
    country_iso: str = ""
    number_type: str = ""
    compliance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPage:
    """One page of the account's phone numbers.

    Attributes:
        size: how many numbers are on the page, readable or not.
        total: how many the account has; None where the page does not say.
        goes_on: whether the page names one after it.
    """

    numbers: tuple[NumberRecord, ...]
    size: int
    total: int | None = None
    goes_on: bool = False


class LinkAnswer(NamedTuple):
    """What the answer to a link says of one number.

    Attributes:
        is_linked: None where the answer leaves the number out, or contradicts itself.
        code, message: of a refusal; the message is the API's words, not masked yet. Where `is_linked` is None, of one
            that stands if the number turns out not to be linked.
    """

    is_linked: bool | None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """One request to the API."""

    operation: ClassVar[Operation]
    priority: Priority = Priority.POLL


@dataclass(frozen=True, kw_only=True)
class FetchRequirements(Call[RequirementsAnswer]):
    """Fetch the requirements of a combination."""

    operation = Operation.REQUIREMENTS
    combination: Combination


@dataclass(frozen=True, kw_only=True)
class Get(Call[ServerRecord]):
    """Read one record by its compliance id."""

    operation = Operation.GET
    compliance_id: str
    expand: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListPage(Call[RecordPage]):
    """Read a page of the account's records.

    `query` has `limit`, `offset` or `cursor`, and filters such as `alias`.
    """

    operation = Operation.LIST
    query: Mapping[str, str] = field(default_factory=lambda: {"limit": "100"})


@dataclass(frozen=True, kw_only=True)
class GetNumber(Call[NumberRecord]):
    """Read one phone number of the account, digits only."""

    operation = Operation.NUMBER
    number: str


@dataclass(frozen=True, kw_only=True)
class ListNumbers(Call[NumberPage]):
    """Read a page of the account's phone numbers, at most 20 of them, from this place on."""

    operation = Operation.NUMBERS
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class Write(Call[T]):
    """A call that changes something, hence journaled.

    Attributes:
        attempt: 1 for the first intent of this kind, and so on.
    """

    op: ClassVar[Op]
    priority: Priority = Priority.WRITE
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class RecordWrite(Write[T]):
    """A write about one record, by its token and Key in the ledger."""

    token: str
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Create(RecordWrite[str]):
    """File a new record; answers its compliance id.

    Attributes:
        alias: whole, with its token.
        fingerprint: of the application.
        registration_token: what it registers, as for `identity.registration_token_of`.
        follows, generation: as for `plan.Identity`.
        files: the documents' bytes in their order, None for one without a file; read just before the intent, empty
            until then.
    """

    operation = Operation.CREATE
    op = Op.CREATE
    alias: str
    application: Application
    fingerprint: str
    registration_token: str = ""
    follows: str = ""
    generation: int = 1
    files: tuple[bytes | None, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class Update(RecordWrite[str]):
    """Correct a rejected record, always with the complete end user and all documents.

    See docs/design/wire.md, Update.

    Attributes:
        seen_at: when the record was submitted or changed last, as read just before; an unknown update is settled by it.
    """

    operation = Operation.UPDATE
    op = Op.UPDATE
    compliance_id: str
    seen_at: str = ""
    alias: str
    application: Application
    fingerprint: str
    registration_token: str = ""
    files: tuple[bytes | None, ...] = field(default=(), repr=False)


class LinkTarget(NamedTuple):
    """A phone number, in digits, and the approved record that it is to be used under, with its names in the ledger."""

    number: str
    compliance_id: str
    token: str
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Link(Write[Mapping[str, LinkAnswer]]):
    """Link numbers to approved records: one in the beta, many of several records in the released contract.

    It answers what became of each number. No number is in a call twice.
    """

    operation = Operation.LINK
    op = Op.LINK
    targets: tuple[LinkTarget, ...]


@dataclass(frozen=True, kw_only=True)
class Delete(RecordWrite[str]):
    """Delete a record; answers the compliance id."""

    operation = Operation.DELETE
    op = Op.DELETE
    compliance_id: str


class Gateway(Protocol):
    """Somewhere calls can be sent."""

    async def send(self, call: Call[T]) -> Outcome[T]:
        """Make the call and return its outcome.

        Failures of the network and the API are outcomes, not exceptions.

        Raises:
            StoppedError: the ledger cannot be written any more, or the run was asked to stop before this call began.
            asyncio.CancelledError: the call was abandoned; a write then counts as unknown.
        """
        ...
