"""The files below the documents folder: opened safely, listed, and the name that a wrong one may have meant.

Each name is opened beneath the one before, one at a time and never through a link, so that nothing that is swapped on
the way can lead out of the folder. A name is tried as it is written, then in the composed and the decomposed form of
its accents: macOS writes the latter, Excel the former. Paths that lead elsewhere are refused before anything is
touched: opening a share of another machine would hand it this user's credentials.
"""

import difflib
import errno
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import NamedTuple

from bulk_onboard.errors import StoppedError
from bulk_onboard.model.documents import begins_elsewhere, may_be_a_document, readable, with_slashes
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.text import looks_like_nothing

NOT_FOUND = "document-not-found"
OUTSIDE = Finding("document-outside")

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OF_THE_MACHINE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # they say nothing about the file

_MOST_COMPARISONS = 1000  # names for which look-alikes are searched: when more are wrong, they are for one reason
_MOST_COMPARED = 500  # names in a folder that is searched for look-alikes; spelling variants are found in any
_LEFT_BEHIND = re.compile(r"[.~]|thumbs\.db$|desktop\.ini$", re.IGNORECASE)


def not_found(why: str = "") -> Finding:
    """Return the fault that there is no such file; `why` is a sentence that follows, with a blank before it."""
    return Finding(NOT_FOUND, details={"nearest": why})


def not_a_file(what: str) -> Finding:
    """Return the fault that there is something, but no file."""
    return Finding("document-not-a-file", details={"what": what})


_FINDINGS = {
    errno.ENOENT: not_found(),
    errno.ENOTDIR: not_found(),
    errno.ENAMETOOLONG: not_found(" Its name is longer than that of any file."),
    errno.ELOOP: OUTSIDE,
    errno.ENXIO: not_a_file("a socket"),
    errno.ENODEV: not_a_file("a device"),
    errno.EISDIR: not_a_file("a folder"),
}


class NoFileError(Exception):
    """A path leads to nothing that can be opened; carries the fault that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def parts_below(relative: str) -> tuple[str, ...]:
    """Split a path into its names, `\\` taken as `/`; NoFileError where it leads out of the folder."""
    slashed = with_slashes(relative)
    if begins_elsewhere(slashed):
        raise NoFileError(OUTSIDE)
    parts: list[str] = []
    for part in slashed.split("/"):
        if part == ".." and not parts:
            raise NoFileError(OUTSIDE)
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


@contextmanager
def opened(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """Open what the parts lead to as a descriptor; NoFileError where that cannot be opened."""
    with _translated():
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                above, descriptor = descriptor, _open_beneath(descriptor, part)
                os.close(above)
            yield descriptor
        finally:
            os.close(descriptor)


def _open_beneath(above: int, part: str) -> int:
    """Open the first of the name's forms that is there."""
    for form in (part, unicodedata.normalize("NFC", part)):
        try:
            return os.open(form, _OPEN, dir_fd=above)
        except FileNotFoundError:
            if part.isascii():
                raise
    return os.open(unicodedata.normalize("NFD", part), _OPEN, dir_fd=above)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the system says into a fault; no file's name can hold a NUL or half a character."""
    try:
        yield
    except OSError as error:
        if error.errno in _OF_THE_MACHINE:
            raise StoppedError(
                f"The documents cannot be read: {error.strerror}. That is this machine's trouble, not a file's; "
                "fix it, or lower concurrency, then run again."
            ) from error
        raise NoFileError(_FINDINGS.get(error.errno or 0, Finding("document-unreadable"))) from None
    except ValueError:
        raise NoFileError(not_found(" Its name holds a character that no file's name can hold.")) from None


# -- listing


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
    """The folders below one root, each listed when it is first asked for; to be used from one thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._comparisons_left = _MOST_COMPARISONS
        self._known: dict[tuple[str, ...], Listing | NoFileError] = {}
        self._by_blanks: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def of(self, parts: tuple[str, ...]) -> Listing:
        """Return what is in a folder; NoFileError where there is no such folder below the root."""
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
        """Return the path whose names differ from these in blanks alone; empty where there is none.

        A name counts where it is the only one in its folder that differs so, and none has exactly the name asked for.
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
        """Return what follows "There is no such file.":` Did you mean "Identity.PDF"?`, or nothing.

        The name is looked for in the folder where the way to `parts` breaks off; a folder's name ends in `/`. Where the
        two names may look the same, the character by which they differ is named.
        """
        part, near, end = self._nearest(tuple(parts))
        return f' Did you mean "{masked_path(readable(near + end))}"?{_difference(part, near)}' if near else ""

    def _alike(self, parts: tuple[str, ...], listing: Listing) -> Mapping[str, Sequence[str]]:
        """Return the names in a folder by what they are with even blanks."""
        if parts not in self._by_blanks:
            alike = self._by_blanks[parts] = {}
            for name in (*listing.files, *listing.folders):
                alike.setdefault(with_even_blanks(name), []).append(name)
        return self._by_blanks[parts]

    def _nearest(self, parts: tuple[str, ...]) -> tuple[str, str, str]:
        """Return the part that is wrong, the name that may be meant, and what a folder's name ends in."""
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
        """Return the name that differs in spelling, else in its ending, else the one that looks most alike."""
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
    """Return a name without regard to case and to how its accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def with_even_blanks(name: str) -> str:
    """Return a name with single ordinary blanks, none at its ends, and without characters that are not seen."""
    text = "".join(char for char in name if char.isspace() or not looks_like_nothing(char))
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _difference(part: str, near: str) -> str:
    """Return a sentence on the first character that differs, where one cannot see that the names do."""
    part, near = unicodedata.normalize("NFC", part), unicodedata.normalize("NFC", near)
    place = next((n for n, pair in enumerate(zip(part, near, strict=False)) if len(set(pair)) > 1), len(part))
    there, written = near[place : place + 1], part[place : place + 1]
    if _is_recognisable(there) and _is_recognisable(written) and with_even_blanks(part) != with_even_blanks(near):
        return ""
    return f" In that name character {place + 1} is {_called(there)}, in the cell {_called(written)}."


def _is_recognisable(char: str) -> bool:
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
