"""Flags that may stand without a value: `--wait` for `--wait 2d`.

The word behind such a flag is its value where it reads like one, and else a word of its own, such as JOB.
"""

from collections import deque
from collections.abc import Iterator, Sequence

from bulk_onboard.settings import SETTINGS, Setting

_BARE = {f"--{setting.name.replace('_', '-')}": setting for setting in SETTINGS if setting.bare}


def filled_in(words: Sequence[str]) -> list[str]:
    """The words of a command line, each of these flags with its value: `--wait=2d`."""
    return list(_filled_in(deque(words)))


def _filled_in(words: deque[str]) -> Iterator[str]:
    while words:
        word = words.popleft()
        if word == "--":  # what follows is JOB and a Key, whatever it looks like
            yield from (word, *words)
            return
        setting = _BARE.get(word)
        if setting is None:
            yield word
        elif words and _reads(setting, words[0]):
            yield f"{word}={words.popleft()}"
        else:
            yield f"{word}={setting.bare}"


def _reads(setting: Setting, word: str) -> bool:
    try:
        setting.read(word)
    except ValueError:
        return False
    return True
