"""The names in the folders below the documents folder, each listed once, and what a wrong name may have meant."""

import difflib
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from bulk_onboard.intake.documents.below import FaultError, opened
from bulk_onboard.model.file_type import may_be_a_document
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.path import readable

_MOST_COMPARISONS = 1000  # names for which look-alikes are searched: when more are wrong, they are for one reason
_MOST_COMPARED = 500  # names in a folder that is searched for look-alikes; spelling variants are found in any
_LEFT_BEHIND = re.compile(r"[.~]|thumbs\.db$|desktop\.ini$", re.IGNORECASE)


class Listing(NamedTuple):
    """One folder, without what systems and programs leave behind: hidden files, `~$…`, `Thumbs.db`.

    Attributes:
        files: names of everything that is no folder, links included.
        folders: names of the folders.
        documents: those of the files that may be meant where a document's name is wrong.
        variants: names of documents and folders without regard to case and to the form of accents, and stems of
            names, to the name itself.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    documents: tuple[str, ...]
    variants: dict[str, str]


class Listings:
    """The folders below one root, as they were when they were first asked for; for one thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._comparisons_left = _MOST_COMPARISONS
        self._known: dict[tuple[str, ...], Listing | FaultError] = {}

    def of(self, parts: tuple[str, ...]) -> Listing:
        """What is in a folder; FaultError where there is no such folder below the root."""
        if parts not in self._known:
            try:
                self._known[parts] = _list(self._root, parts)
            except FaultError as error:
                self._known[parts] = error
        listing = self._known[parts]
        if isinstance(listing, FaultError):
            raise listing.with_traceback(None)
        return listing

    def hint(self, parts: Sequence[str]) -> str:
        """What follows "There is no such file.":` Did you mean "Identity.PDF"?`, or nothing where no name is near.

        Asked of the folder where the way to `parts` breaks off; a folder's name ends in `/`.
        """
        near = self._nearest(tuple(parts))
        return f' Did you mean "{masked_path(readable(near))}"?' if near else ""

    def _nearest(self, parts: tuple[str, ...]) -> str:
        try:
            for depth, part in enumerate(parts[:-1]):
                listing = self.of(parts[:depth])
                if not self._is_there(parts[: depth + 1]):
                    near = self._near(part, listing.folders, listing)
                    return f"{near}/" if near else ""
            listing = self.of(parts[:-1])
        except FaultError:
            return ""
        return self._near(parts[-1], listing.documents, listing) if parts else ""

    def _is_there(self, parts: tuple[str, ...]) -> bool:
        try:
            self.of(parts)
        except FaultError:
            return False
        return True

    def _near(self, part: str, names: Sequence[str], listing: Listing) -> str:
        """The spelling variant among the names, else the same stem with another ending, else what looks most alike."""
        wanted = folded(part)
        for variant in (wanted, folded(PurePath(part).stem)):
            if (name := listing.variants.get(variant, "")) in names:
                return name
        if not self._comparisons_left or len(names) > _MOST_COMPARED:
            return ""
        self._comparisons_left -= 1
        by_fold = {folded(name): name for name in names}
        return next((by_fold[near] for near in difflib.get_close_matches(wanted, by_fold, n=1, cutoff=0.75)), "")


def folded(name: str) -> str:
    """A name without regard to case and to how its accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _list(root: Path, parts: Sequence[str]) -> Listing:
    with opened(root, parts) as descriptor, os.scandir(descriptor) as entries:
        kinds = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
    names = sorted(name for name in kinds if not _LEFT_BEHIND.match(name))
    files = tuple(name for name in names if not kinds[name])
    folders = tuple(name for name in names if kinds[name])
    documents = tuple(filter(may_be_a_document, files))
    meant = sorted((*documents, *folders), reverse=True)
    variants = {folded(PurePath(name).stem): name for name in meant} | {folded(name): name for name in meant}
    return Listing(files, folders, documents, variants)
