"""What a run may take on."""

from dataclasses import dataclass

ANY_CODE = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a run may take on.

    Attributes:
        admit_new_rows: rows that no run has taken in before.
        limit: how many creates there may be; None for no limit.
        allow_older: content that was sent earlier and replaced since may be sent again.
        retry_refused: what the API refused with this code, or with `ANY_CODE`, is sent again as it was; empty for none.
    """

    admit_new_rows: bool = True
    limit: int | None = None
    allow_older: bool = False
    retry_refused: str = ""

    def retries(self, code: str) -> bool:
        """Whether what was refused with this code is sent again unchanged."""
        return bool(code) and self.retry_refused in (ANY_CODE, code)
