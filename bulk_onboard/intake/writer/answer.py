"""The child that writes into a workbook: its bytes and the edits in; its formulas, or its new bytes, out."""

import codecs
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bulk_onboard.confined.limits import shut_doors
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.delimited import load_encoding
from bulk_onboard.intake.transport import EditAnswer, EditRequest, edit_request_of, encode
from bulk_onboard.intake.writer import text, xlsx
from bulk_onboard.model.sheet import WorkbookType, type_by_name

_CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp437")


def answer(request: bytes, source: BinaryIO) -> Iterator[bytes]:
    """Return a line with what there is to say, then the new workbook where edits were asked for.

    Raises:
        WorkbookError: it is not the file that was read, or cannot be written.
    """
    asked = edit_request_of(request)
    with contextlib.suppress(LookupError):
        for encoding in _CODECS:
            codecs.lookup(encoding)
    if asked.encoding:
        load_encoding(asked.encoding)
    shut_doors()
    content = source.read()
    if hashlib.sha256(content).hexdigest() != asked.sha256:
        raise WorkbookError("it was changed after it was read")
    if asked.edits is None:
        formulas = xlsx.formulas_of(asked.path, content, asked.sheet)
        yield encode(EditAnswer(formulas=[(row, position, said) for (row, position), said in formulas.items()])) + b"\n"
        return
    new, refused = _edited(asked, content)
    yield encode(EditAnswer(refused=refused)) + b"\n"
    yield new


def _edited(asked: EditRequest, content: bytes) -> tuple[bytes, dict[int, str]]:
    edits, path = asked.edits or (), Path(asked.path)
    if type_by_name(path) is WorkbookType.XLSX:
        return xlsx.edited(asked.path, content, asked.sheet, edits), {}
    return text.edited(path, content, edits, encoding=asked.encoding, header_row=asked.header_row, width=asked.width)
