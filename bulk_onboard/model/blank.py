"""What looks like nothing in a cell: blanks of every kind, and characters that take no room (reliability.md 4.2)."""

ORDINARY_BLANKS = " \t\r\n"
_WITHOUT_WIDTH = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")  # marks of direction among them


def looks_like_nothing(char: str) -> bool:
    """Whether nobody sees the character where it stands at the end of a text."""
    return char.isspace() or char in _WITHOUT_WIDTH
