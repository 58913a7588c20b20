"""Which document a reason of the API's people speaks of.

Rule: a document is spoken of by its title or by its type, as whole words; upper and lower case make no difference, nor
do dashes, underscores, blanks and brackets between the words. A longer name hides a shorter one within it. Where none
is spoken of, or several are, nobody can tell which cell is meant.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from bulk_onboard.model.requirements import DocumentRequirement

_GAP = r"[\s_()/\u2010-\u2015-]+"
_WORDS = re.compile(r"[^\W_]+")


def document_spoken_of(reason: str, documents: Iterable[DocumentRequirement]) -> DocumentRequirement | None:
    """The one document that the reason speaks of; None for none or several."""
    named: defaultdict[tuple[str, ...], list[DocumentRequirement]] = defaultdict(list)
    for document in documents:
        for words in {tuple(_WORDS.findall(name)) for name in (document.title.casefold(), document.type.casefold())}:
            named[words].append(document)
    left, spoken_of = reason.casefold(), dict[str, DocumentRequirement]()
    for words in sorted(filter(None, named), key=lambda words: -len(" ".join(words))):
        left, times = re.subn(rf"(?<![^\W_]){_GAP.join(map(re.escape, words))}(?![^\W_])", "|", left)
        if times:
            spoken_of |= {document.type: document for document in named[words]}
    return next(iter(spoken_of.values())) if len(spoken_of) == 1 else None
