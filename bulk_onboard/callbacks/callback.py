"""A request that arrived, and the parameters it carries: query, form or JSON (wire.md 9 and 11, point 23).

Nothing in a request can make this raise: what cannot be read carries no parameters.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

_FORM = "application/x-www-form-urlencoded"

Parameters = Sequence[tuple[str, Any]]
"""Names with their values in the order they came; a form's and a query's values are texts, and a name may be twice."""


@dataclass(frozen=True)
class Callback:
    """One request, its body still as it came.

    Attributes:
        query: of the address it came to, encoded, without `?`.
        signature, main_signature, nonce: what its headers say; empty where they say nothing.
    """

    method: str
    query: str = ""
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    signature: str = ""
    main_signature: str = ""
    nonce: str = ""

    @cached_property
    def query_parameters(self) -> Parameters:
        """What the address says."""
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    @cached_property
    def form(self) -> Parameters:
        """What the body says as a form; empty where it is none."""
        if self.method != "POST" or not self.body or self.is_json:
            return ()
        try:
            # Strict: a field without its `=` would have the same signature as one with it.
            return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True, errors="replace")
        except ValueError:
            return ()

    @cached_property
    def members(self) -> Mapping[str, Any]:
        """What the body says as a JSON object; empty where it is none."""
        if self.method != "POST" or not self.is_json:
            return {}
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def is_json(self) -> bool:
        """Whether the body claims to be JSON, or looks like it and does not claim to be a form."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind.endswith(("/json", "+json")) or (kind != _FORM and self.body.lstrip()[:1] == b"{")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """All that it says, by name; the body before the address, and of a name that is there twice the first."""
        said = (*self.members.items(), *self.form, *self.query_parameters)
        return dict(reversed(said))
