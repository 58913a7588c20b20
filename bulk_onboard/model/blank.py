"""What looks like nothing in a cell: blanks of every kind, and characters that take no room."""

ORDINARY_BLANKS = " \t\r\n"
_MARKS_OF_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WITHOUT_WIDTH = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff") | _MARKS_OF_DIRECTION


def looks_like_nothing(char: str) -> bool:
    """Whether nobody sees the character where it stands at the end of a text."""
    return char.isspace() or char in _WITHOUT_WIDTH
