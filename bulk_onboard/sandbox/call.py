"""A request as the operations see it: its target, its query and its body, and nothing of the socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.form import Form, read_form


@dataclass(frozen=True)
class Call:
    """One call of an operation; `target` holds the ids named in its path."""

    operation: str
    account: str
    target: Mapping[str, str]
    query: Mapping[str, str]
    content_type: str
    body: bytes = field(repr=False)
    at: datetime
    base_url: str

    @property
    def collection_path(self) -> str:
        """The path of all compliance records of the account."""
        return f"/v1/Account/{self.account}/PhoneNumber/Compliance/"

    @property
    def form(self) -> Form:
        """The multipart form of a create or an update; RefusedError when there is none."""
        if isinstance(self._form, RefusedError):
            raise self._form
        return self._form

    @cached_property
    def _form(self) -> Form | RefusedError:
        try:
            return read_form(self.content_type, self.body)
        except RefusedError as error:
            return error
