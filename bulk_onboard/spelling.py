"""What somebody meant who misspelt a word or a path."""

import difflib
from collections.abc import Iterable
from pathlib import Path


def nearest(word: str, words: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the word that is most like this one, whatever the case; empty where none is like it."""
    by_fold = {each.casefold(): each for each in words}
    near = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=cutoff)
    return by_fold[near[0]] if near else ""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a question with a blank before it, to stand behind a sentence; empty where no word is like this one."""
    near = nearest(word, words)
    return f" Did you mean {near}?" if near else ""


def nearest_path(path: Path, *endings: str) -> Path | None:
    """Return the path that is there and was meant by one that is not; None where none is like it.

    Each part may be misspelt, and the last one may have the wrong ending.

    Args:
        endings: those that a file may have, each with its dot; none for any. A folder may be called as it likes.
    """
    parent = path.parent
    if not parent.exists():
        found = nearest_path(parent)
        if found is None:
            return None
        parent = found
    there = [each for each in _listed(parent) if not endings or each.suffix.lower() in endings or each.is_dir()]
    by_stem = {each.stem: each for each in reversed(there)}  # short names of one ending look alike
    near = nearest(path.stem, by_stem)
    return next((each for each in there if each.name == path.name), by_stem[near] if near else None)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if not each.name.startswith((".", "~")))
    except OSError:
        return []
