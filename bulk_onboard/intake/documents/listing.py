"""The names in the folders below the documents folder, each listed once, and what a wrong name may have meant."""

import difflib
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from bulk_onboard.intake.documents.below import NoFileError, opened
from bulk_onboard.model.blank import looks_like_nothing
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
        self._known: dict[tuple[str, ...], Listing | NoFileError] = {}
        self._by_blanks: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def of(self, parts: tuple[str, ...]) -> Listing:
        """What is in a folder; NoFileError where there is no such folder below the root."""
        if parts not in self._known:
            try:
                self._known[parts] = _list(self._root, parts)
            except NoFileError as error:
                self._known[parts] = error
        listing = self._known[parts]
        if isinstance(listing, NoFileError):
            raise listing.with_traceback(None)
        return listing

    def with_other_blanks(self, parts: Sequence[str]) -> tuple[str, ...]:
        """The way that is meant where names differ from those that are there in blanks alone; empty where none is.

        A name counts where it is the only one in its folder that differs so, and none is there to the letter.
        """
        found: tuple[str, ...] = ()
        try:
            for depth, part in enumerate(parts):
                listing = self.of(found)
                names = listing.folders if depth < len(parts) - 1 else listing.files
                alike = [part] if part in names else self._alike(found, listing).get(with_even_blanks(part), ())
                if len(alike) != 1 or alike[0] not in names:
                    return ()
                found = (*found, alike[0])
        except NoFileError:
            return ()
        return found

    def hint(self, parts: Sequence[str]) -> str:
        """What follows "There is no such file.":` Did you mean "Identity.PDF"?`, or nothing where no name is near.

        Asked of the folder where the way to `parts` breaks off; a folder's name ends in `/`. Where the two names may
        look the same, the character by which they differ is named.
        """
        part, near, end = self._nearest(tuple(parts))
        return f' Did you mean "{masked_path(readable(near + end))}"?{_difference(part, near)}' if near else ""

    def _alike(self, parts: tuple[str, ...], listing: Listing) -> Mapping[str, Sequence[str]]:
        """The names in a folder, by what they are with even blanks."""
        if parts not in self._by_blanks:
            alike = self._by_blanks[parts] = {}
            for name in (*listing.files, *listing.folders):
                alike.setdefault(with_even_blanks(name), []).append(name)
        return self._by_blanks[parts]

    def _nearest(self, parts: tuple[str, ...]) -> tuple[str, str, str]:
        """The part that is wrong, the name that may be meant, and what a folder's name ends in."""
        try:
            for depth, part in enumerate(parts[:-1]):
                listing = self.of(parts[:depth])
                if not self._is_there(parts[: depth + 1]):
                    return part, self._near(part, listing.folders, listing), "/"
            listing = self.of(parts[:-1])
        except NoFileError:
            return "", "", ""
        return (parts[-1], self._near(parts[-1], listing.documents, listing), "") if parts else ("", "", "")

    def _is_there(self, parts: tuple[str, ...]) -> bool:
        try:
            self.of(parts)
        except NoFileError:
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


def with_even_blanks(name: str) -> str:
    """A name with ordinary blanks, one at a time and none at its ends, and without characters that take no room."""
    text = "".join(char for char in name if char.isspace() or not looks_like_nothing(char))
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _difference(part: str, near: str) -> str:
    """A sentence on the first character in which the name that is there differs, where one cannot see that it does."""
    part, near = unicodedata.normalize("NFC", part), unicodedata.normalize("NFC", near)
    place = next((n for n, pair in enumerate(zip(part, near, strict=False)) if len(set(pair)) > 1), len(part))
    there, written = near[place : place + 1], part[place : place + 1]
    if _can_be_told(there) and _can_be_told(written) and with_even_blanks(part) != with_even_blanks(near):
        return ""
    return f" In that name character {place + 1} is {_called(there)}, in the cell {_called(written)}."


def _can_be_told(char: str) -> bool:
    """Whether people see what it is: what is ordinary, and Latin letters."""
    return char.isascii() or unicodedata.name(char, "").startswith("LATIN")


def _called(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip() if char else "not there"


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
