"""What a file really is, by its first bytes; its name does not matter (reliability.md 4.4)."""

PDF = "application/pdf"
PNG = "image/png"
ZIP = "application/zip"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", PDF),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"\xd0\xcf\x11\xe0", "application/msword"),
)
"""Offset, bytes there, and the type they tell."""


def media_type(content: bytes) -> str:
    """The type that the content's signature tells; empty where it is none of those people send."""
    for offset, signature, told in SIGNATURES:
        if content.startswith(signature, offset):
            return DOCX if told == ZIP and b"word/" in content else told
    return ""
