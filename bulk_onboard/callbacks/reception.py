"""What a request is answered, and whether it is a hint (reliability.md F31).

not signed, or wrongly      403: whoever sent it is told so, and nothing else
signed, seen before         200: nothing is done
signed, names no record     200: nothing is done
signed, names a record      200, once the hint is on disk
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from bulk_onboard.callbacks.callback import Callback
from bulk_onboard.callbacks.hint import Hint, hint_in
from bulk_onboard.callbacks.nonces import Nonces
from bulk_onboard.callbacks.signature import is_signed


class Reception(Enum):
    """What became of a request: the HTTP status and the word it is answered with."""

    TAKEN = 200, "taken"
    REPLAYED = 200, "seen before"
    NAMELESS = 200, "names no record"
    UNSIGNED = 403, "not signed"
    FORGED = 403, "wrongly signed"
    ELSEWHERE = 404, "nothing here"
    BY_ANOTHER_METHOD = 405, "GET or POST"
    SLOW = 408, "too slow"
    TOO_LARGE = 413, "too large"
    NOT_KEPT = 503, "try again later"

    @property
    def http_status(self) -> int:
        """What the sender gets."""
        return int(self.value[0])

    @property
    def word(self) -> str:
        """The whole body of the answer."""
        return str(self.value[1])

    @property
    def refused(self) -> bool:
        """Whether the sender is told no."""
        return self.http_status >= 400


@dataclass(frozen=True, slots=True)
class Gate:
    """By what requests are judged.

    Attributes:
        public_url: where the API sends them: scheme, host, port and path, no query.
        tokens: auth tokens, any of which may have signed.
        allow_unsigned: take what is not signed at all; what is signed wrongly is refused all the same.
    """

    public_url: str
    tokens: Sequence[str] = field(repr=False)
    nonces: Nonces
    allow_unsigned: bool = False

    def judge(self, callback: Callback) -> tuple[Reception, Hint | None]:
        """What becomes of a request, and the hint in it where it is to be kept."""
        signed = bool(callback.signature or callback.main_signature)
        if signed and not is_signed(callback, self.public_url, self.tokens):
            return Reception.FORGED, None
        if not signed and not self.allow_unsigned:
            return Reception.UNSIGNED, None
        if signed and callback.nonce in self.nonces:
            return Reception.REPLAYED, None
        hint = hint_in(callback)
        return (Reception.TAKEN, hint) if hint else (Reception.NAMELESS, None)
