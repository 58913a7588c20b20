"""What differs between the two contracts that the API speaks, behind one interface: see `beta` and `released`.

The operations, what is kept, quota, faults and callbacks are common to both.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bulk_onboard.sandbox.answers import Answer, RefusedError
from bulk_onboard.sandbox.behaviours import Asking
from bulk_onboard.sandbox.call import Form
from bulk_onboard.sandbox.records import Document, Record

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What a create or an update makes of a record, in the form in which records are kept."""

    country_iso: str
    number_type: str
    alias: str
    end_user: Json = field(repr=False)
    documents: tuple[Document, ...]
    callback_url: str | None
    callback_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the API says; `{…}` is filled in, statuses in the contract's own words."""

    created: str
    updated: str
    deleted: str
    linked: str
    no_record: str
    not_editable: str
    not_deletable: str
    not_linkable: str
    number_in_use: str
    country_mismatch: str
    number_type_mismatch: str


class Contract(Protocol):
    """One form of the API.

    Attributes:
        name: `beta` or `released`.
        words: what it says.
        record_id: what the id of a record is called in a number and in a link.
        links_in_bulk: whether there is a call that links many numbers.
        editable, deletable: the reviews in which a record may be updated, and deleted.
        keeps_links: the reviews of its record in which a number cannot be put under another one.
    """

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> Words: ...
    @property
    def record_id(self) -> str: ...
    @property
    def links_in_bulk(self) -> bool: ...
    @property
    def editable(self) -> Collection[str]: ...
    @property
    def deletable(self) -> Collection[str]: ...
    @property
    def keeps_links(self) -> Collection[str]: ...

    def requirements(self, query: Mapping[str, str], asking: Asking) -> Json:
        """Return what is asked for; RefusedError where the query is not good, or nothing is offered for it."""

    def filed(self, form: Form, asking: Asking) -> Filing:
        """Return what a create files; RefusedError for the first thing that is wrong with it."""

    def changed(self, record: Record, form: Form, asking: Asking) -> Filing:
        """Return what an update makes of a record; RefusedError for the first thing that is wrong with it."""

    def status(self, review: str) -> str:
        """Return the word for a review."""

    def reviews(self, status: str) -> Collection[str]:
        """Return the reviews that a word of a filter means; RefusedError for an unknown one."""

    def members(self, record: Record, shown: Callable[[datetime], datetime], *, in_list: bool) -> Json:
        """Return a record as it is shown, nothing expanded; `shown` is the clock that answers show."""

    def end_user(self, record: Record) -> Json:
        """Return the end user of a record as it is shown."""

    def document(self, record: Record, document: Document, address: str, shown: Callable[[datetime], datetime]) -> Json:
        """Return a document of a record as it is shown; `address` is where its file is."""

    def got(self, shown: Json) -> Answer:
        """Return the answer to a GET of a record."""

    def updated(self, shown: Json) -> Json:
        """Return the members of the answer to an update, beside its message."""

    def refusal(self, error: RefusedError) -> Answer:
        """Return an error in the contract's envelope."""

    def event(self, record: Record) -> dict[str, str] | None:
        """Return what a callback tells of a review; None where none is sent."""
