"""The documents folder: look at files, and read them again just before they are sent.

A file is opened once, without following links or waiting for another process, and everything said about it comes from
that one descriptor: its size, its digest, and what is wrong with its bytes. The bytes sent are the bytes hashed.
"""

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from bulk_onboard.errors import DocumentsError
from bulk_onboard.intake.documents.below import Listings, NoFileError, not_a_file, not_found, opened, parts_below
from bulk_onboard.intake.documents.content import jpeg_findings, media_type, png_findings
from bulk_onboard.intake.documents.known import KnownFacts
from bulk_onboard.intake.documents.pdf import Opened, PdfReader, pdf_findings
from bulk_onboard.model.application import DOCUMENT_LIMIT, STRICT_LIMIT, Document, FileFacts
from bulk_onboard.model.documents import JPEG, PDF, PNG, ending_of, file_type, type_told_by
from bulk_onboard.model.finding import Finding
from bulk_onboard.spelling import nearest_path

_HEAD = 4096  # of a file too large to be read: enough to tell its type
_MORE = 64 * 1024
_OF_PICTURES = {PNG: png_findings, JPEG: jpeg_findings}
_LOOKED_INTO = frozenset({PDF, *_OF_PICTURES})
_NAME_IT = "Name the folder that the documents are in: `documents` in the job, or --documents."
_THREADS = 8
_FILES_A_TASK = 32

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "a device"),
)


@dataclass(frozen=True, slots=True)
class DocumentFolder:
    """The folder that the paths in the cells start from, and what is to be known of the files below it."""

    root: Path

    def check(self) -> None:
        """Check that the folder is there, so that its absence is one error instead of one for each row.

        Raises:
            DocumentsError: there is none, it is a file, or it cannot be read; the sentence has its absolute path.
        """
        path = self.root.absolute()
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            (path / ".").stat()
        except FileNotFoundError:
            near = nearest_path(path)
            meant = f". Did you mean {near}?" if near and near.is_dir() else ""
            raise DocumentsError(f"There is no documents folder {path}{meant or '.'} {_NAME_IT}") from None
        except NotADirectoryError:
            why = f"{path} is a file, and the documents are looked for in a folder"
        except OSError as error:
            why = f"The documents folder {path} cannot be read: {error.strerror}"
        else:
            return
        raise DocumentsError(f"{why}. {_NAME_IT}")

    def look(self, relative: str) -> FileFacts:
        """Return the facts of a file, its findings included; `\\` between folder names is taken as `/`."""
        return self.look_all([relative])[relative]

    def look_all(
        self, relatives: Iterable[str], known: KnownFacts | None = None, *, legible: Collection[str] = ()
    ) -> dict[str, FileFacts]:
        """Return the facts of many files, each looked at once however often it is named.

        Args:
            relatives: the paths.
            known: recalls files that are as they were, so that they are not read again.
            legible: those of the paths whose text is wanted, where a PDF has any.
        """
        distinct = list(dict.fromkeys(relatives))
        tasks = [distinct[start : start + _FILES_A_TASK] for start in range(0, len(distinct), _FILES_A_TASK)]
        threads = ThreadPoolExecutor(min(_THREADS, len(tasks) or 1), thread_name_prefix="look")
        with PdfReader() as reader, threads:
            looks = _Looks(self.root, reader, known, legible)
            looked = threads.map(lambda task: [looks.facts(relative) for relative in task], tasks)
            facts = dict(zip(distinct, chain.from_iterable(looked), strict=True))
            return facts | looks.of_others_meant(facts)

    def read(self, document: Document) -> bytes | None:
        """Return the document's bytes; None when they are no longer those whose digest the document names.

        None as well where it is in another folder.
        """
        if document.path is None or not document.path.is_relative_to(self.root):
            return None
        try:
            with opened(self.root, parts_below(str(document.path.relative_to(self.root)))) as descriptor:
                content = _content(descriptor, _plain_file(descriptor))
        except (NoFileError, ValueError):
            return None
        return content if hashlib.sha256(content).hexdigest() == document.sha256 else None


@dataclass(frozen=True, slots=True)
class _Looks:
    """What the looks at all files share."""

    root: Path
    reader: PdfReader
    known: KnownFacts | None
    legible: Collection[str]

    def of_others_meant(self, facts: Mapping[str, FileFacts]) -> dict[str, FileFacts]:
        """Return for missing files the facts of one that differs in blanks alone, else a hint at a near name."""
        listings = Listings(self.root)
        others: dict[str, FileFacts] = {}
        for relative, one in facts.items():
            if one.findings == (not_found(),):
                parts = one.path.relative_to(self.root).parts
                if meant := listings.with_other_blanks(parts):
                    others[relative] = self.facts("/".join(meant), named=relative)
                else:
                    others[relative] = replace(one, findings=(not_found(listings.hint(parts)),))
        return others

    def facts(self, relative: str, *, named: str = "") -> FileFacts:
        """Return the facts of a file; `named` is how a cell has it, where that is different."""
        path, with_text = self.root / relative, (named or relative) in self.legible
        try:
            parts = parts_below(relative)
            path = self.root.joinpath(*parts)
            with opened(self.root, parts) as descriptor:
                file = _plain_file(descriptor)
                if self.known and (recalled := self.known.recall(path, parts, file, with_text=with_text)):
                    return recalled
                content = _content(descriptor, file)
        except NoFileError as error:
            return FileFacts(path, findings=(error.finding,))
        media, is_too_large = media_type(content), max(file.st_size, len(content)) > DOCUMENT_LIMIT
        pdf = self.reader.open(content, with_text=with_text) if media == PDF and not is_too_large else None
        facts = _facts_of(path, file.st_size, content, media, pdf)
        if self.known and not (pdf and pdf.broke):
            self.known.learn(parts, file, facts, with_text=with_text)
        return facts


def _facts_of(path: Path, size: int, content: bytes, media: str, pdf: Opened | None) -> FileFacts:
    """Return the facts of a file from its content, which has this media type and is the head of one over the limit."""
    if size > DOCUMENT_LIMIT or len(content) > DOCUMENT_LIMIT:
        size = max(size, len(content))
        return FileFacts(
            path, size, "", media, (Finding("document-too-large", details={"size": size, "limit": DOCUMENT_LIMIT}),)
        )
    if not content:
        return FileFacts(path, findings=(Finding("document-empty"),))
    findings = tuple(_content_findings(path.name, content, media, pdf))
    paper = pdf.paper if pdf else None
    return FileFacts(path, len(content), hashlib.sha256(content).hexdigest(), media, findings, paper)


def _content_findings(name: str, content: bytes, media: str, pdf: Opened | None) -> Iterator[Finding]:
    """Return what is wrong with a file of this name, content and media type, of which some contract takes it.

    That the type is not one the API takes is for validation to say.
    """
    if media not in _LOOKED_INTO:
        return
    ending = ending_of(name)
    if type_told_by(ending) not in ("", media):
        words = file_type(media)
        yield Finding("document-misnamed", details={"ending": ending, "found": words.found, "right": words.endings[0]})
    if len(content) > STRICT_LIMIT:
        yield Finding("document-nearly-too-large", details={"size": len(content)})
    yield from pdf_findings(content, pdf) if pdf else _OF_PICTURES[media](content)


def findings_in(path: Path, content: bytes, reader: PdfReader) -> tuple[Finding, ...]:
    """Return what is wrong with the content of a file of this name, whatever its size."""
    media = media_type(content)
    pdf = reader.open(content, with_text=False) if media == PDF else None
    return tuple(_content_findings(path.name, content, media, pdf))


def _plain_file(descriptor: int) -> os.stat_result:
    """Return what the system says of an open file; NoFileError where it is no plain file."""
    file = os.fstat(descriptor)
    if not stat.S_ISREG(file.st_mode):
        raise NoFileError(not_a_file(next((what for test, what in _KINDS if test(file.st_mode)), "no file")))
    return file


def _content(descriptor: int, facts: os.stat_result) -> bytes:
    """Return the content of a plain file; of one over the limit its head."""
    if facts.st_size > DOCUMENT_LIMIT:
        return os.read(descriptor, _HEAD)
    content = os.read(descriptor, facts.st_size + 1)  # not the limit: so much would be allocated for each file
    while (left := DOCUMENT_LIMIT + 1 - len(content)) and (more := os.read(descriptor, min(left, _MORE))):
        content += more  # it has grown since, or its disk is far away
    return content
