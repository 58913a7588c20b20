"""The child for HEIC, as iPhones take photos: `answer` with the extra package pillow-heif.

Its library decodes in a thread of its own, so that this child may start threads; otherwise it is confined as the other
one is, through which all other files go.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from bulk_onboard.intake.documents.conversion.answer import answers


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:  # noqa: ARG001 - there is nothing to ask at first
    """Return a line for each question, as the other child does."""
    with suppress(ImportError):  # what then comes of a question says what to install
        import pillow_heif  # noqa: PLC0415 - an extra

        pillow_heif.register_heif_opener(decode_threads=0, thumbnails=False, depth_images=False, aux_images=False)
    return answers(source, may_start_threads=True)
