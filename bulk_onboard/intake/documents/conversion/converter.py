"""The parent's half of conversion: which files it is for, and the child that does it."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec

from bulk_onboard.confined.call import ConfinedError, Failure
from bulk_onboard.confined.dialogue import Dialogue
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import StoppedError
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.documents import ACCEPTED_TYPES, BMP, GIF, HEIC, JPEG, PDF, PNG, TIFF, WEBP, file_type
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import Contract

LARGEST = 128 * 1024 * 1024
"""Bytes of a file that is converted: A4 in colours at 600 dpi has 100 MiB where nothing is packed."""

PICTURES = frozenset({JPEG, PNG, TIFF, WEBP, BMP, GIF, HEIC})

_CHILD = "bulk_onboard.intake.documents.conversion.answer"
_HEIC_CHILD = "bulk_onboard.intake.documents.conversion.heic"
_LIMITS = Limits(memory=3 << 29, cpu_s=3600, wall_s=120.0, answer=16 << 20)
"""`cpu_s` is of all files together; one takes half a second, and one of fifty pages some twenty."""

NOT_CONVERTED = "document-not-converted"
"""The finding of a file of which no copy can be made, though it was refused for its form alone."""

_OF_FORM = frozenset({"document-too-large", "document-misnamed"})
"""What may be wrong with a file that a copy puts right."""


class Converted(msgspec.Struct, frozen=True):
    """What came of a file.

    Attributes:
        pdf: the PDF.
        thumbnail: its first page as a small JPEG, to be looked at.
        pages: how many it has.
        done: what was done to the file, as the end of a sentence.
        why: why there is no PDF, to be put behind a colon; else empty.
        is_final: whether there can be none while the file stays as it is.
    """

    pdf: bytes = b""
    thumbnail: bytes = b""
    pages: int = 0
    done: str = ""
    why: str = ""
    is_final: bool = False


_converted_of = msgspec.json.Decoder(Converted).decode


class Converter:
    """Makes PDFs of files, one at a time; its child processes start with the first file and live to the end."""

    def __init__(self) -> None:
        self._child = Dialogue(_CHILD, _LIMITS, _converted_of)
        self._heic_child = Dialogue(_HEIC_CHILD, _LIMITS, _converted_of)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, traceback)
        self._heic_child.__exit__(kind, error, traceback)

    def convert(self, content: bytes, media: str) -> Converted:
        """Make a PDF of a file; StoppedError where none can be made on this machine."""
        try:
            child = self._heic_child if media == HEIC else self._child
            return child.ask(f"{media}\n".encode(), content)
        except OSError as error:
            raise StoppedError(f"The process that converts scans cannot be started ({error.strerror}).") from error
        except ConfinedError as error:
            if error.failure is Failure.START:
                raise StoppedError(
                    f"The process that converts scans does not start ({error}). Install bulk-onboard again."
                ) from error
            is_told = error.failure is not Failure.UNFORESEEN
            return Converted(why=str(error) if is_told else f"it makes its reader break down ({error})")


def is_refused(facts: FileFacts, contract: Contract) -> bool:
    """Return whether a file that is there is not taken, for whatever is wrong with it."""
    return bool(facts.size) and (facts.media_type not in ACCEPTED_TYPES[contract] or any(_errors(facts)))


def is_convertible(facts: FileFacts, contract: Contract) -> bool:
    """Return whether a file is refused for its form alone, so that a copy can be made of it that is taken."""
    is_known_not_to = any(found.code == NOT_CONVERTED for found in facts.findings)
    return is_refused(facts, contract) and not is_known_not_to and not why_not(facts)


def why_not(facts: FileFacts) -> str:
    """Return why a file that is refused cannot be converted, in a sentence; empty where it can be tried."""
    words = file_type(facts.media_type)
    if facts.media_type not in PICTURES | {PDF}:
        return f"It is {words.found}. {words.how}".rstrip()
    if facts.size > LARGEST:
        return f"It has {facts.size:,} bytes, and at most {LARGEST:,} are converted. Scan it again at 200 dpi."
    return next((found.problem for found in _errors(facts) if found.code not in _OF_FORM), "")


def _errors(facts: FileFacts) -> Iterator[Finding]:
    return (found for found in facts.findings if found.severity is Severity.ERROR)
