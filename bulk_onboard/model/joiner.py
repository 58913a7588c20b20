"""Where the two joiners, which nobody can see, belong to the spelling of a word.

Rule: ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER choose between forms of a letter in the scripts of India and in those
written like Arabic. There, and only there, one may follow a letter or a sign, also at a word's end (Malayalam).
"""

import re
import unicodedata

JOINERS = "\u200c\u200d"

_SCRIPTS = re.compile(
    "[\u0600-\u0dff"  # Arabic and its kin, then the scripts of India from Devanagari to Sinhala
    "\u1000-\u109f\u1780-\u18af\ua800-\uabff"  # Myanmar, Khmer, Mongolian, the smaller Indic ones
    "\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)


def may_be_joined(letter: str) -> bool:
    """Whether a joiner may follow this character."""
    return _SCRIPTS.match(letter) is not None and unicodedata.category(letter)[0] in "LM"
