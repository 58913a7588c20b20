"""Records that should have been one: of one token, of one alias, or of one business.

A token is the last 16 characters of an alias after a `~`, whatever the API made of its case and of the blank before
it. A business is a country, number type, user type and registration number.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from bulk_onboard.sandbox.record import Record

_TOKEN = re.compile(r"~([a-z2-7]{16})$", re.IGNORECASE)


def duplicates(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Each set of records that share something, told once: `{"token" | "alias" | "business", "compliance_ids"}`."""
    kept = tuple(records)
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for word, shared in _SHARED:
        for value, ids in _groups(kept, shared):
            found.setdefault(ids, {word: value, "compliance_ids": list(ids)})
    return list(found.values())


def _groups(records: tuple[Record, ...], shared: Callable[[Record], str | None]) -> list[tuple[str, tuple[str, ...]]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for record in records:
        value = shared(record)
        if value is not None:
            ids[value].append(record.compliance_id)
    return [(value, tuple(group)) for value, group in ids.items() if len(group) > 1]


def _token(record: Record) -> str | None:
    match = _TOKEN.search(record.alias)
    return match[1].lower() if match else None


def _alias(record: Record) -> str:
    return record.alias


def _business(record: Record) -> str:
    registration_number = str(record.end_user["registration_number"]).strip().upper()
    return f"{record.country_iso} {record.number_type} {record.user_type} {registration_number}"


_SHARED: tuple[tuple[str, Callable[[Record], str | None]], ...] = (
    ("token", _token),
    ("alias", _alias),
    ("business", _business),
)
