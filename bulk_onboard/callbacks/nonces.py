"""Which signed requests came before: a signature has no instant in it, so it is good for ever (reliability.md 5.7)."""

from collections import OrderedDict
from hashlib import sha256

MOST_NONCES = 100_000


class Nonces:
    """The nonces of requests whose hints were kept; the oldest are forgotten when there are too many.

    Only their digests are kept, so that long ones take no more room. They go with the process: after a restart a replay
    costs one reading of its record, and nothing else.
    """

    def __init__(self, most: int = MOST_NONCES) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, nonce: str) -> bool:
        return _digest(nonce) in self._seen

    def add(self, nonce: str) -> None:
        """Remember a nonce."""
        self._seen[_digest(nonce)] = None
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)


def _digest(nonce: str) -> bytes:
    return sha256(nonce.encode("utf-8", "surrogatepass")).digest()[:16]
