"""What files really are."""

import pytest

from bulk_onboard.intake.media_type import media_type


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"II*\x00", "image/tiff"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"PK\x03\x04 photos/", "application/zip"),
        (b"PK\x03\x04 word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b" %PDF-1.7\n", ""),
        (b"\x89PNG", ""),
        (b"", ""),
    ],
)
def test_content_decides(content, expected):
    """The type is told by the signature at its very place, and by nothing else."""
    assert expected == media_type(content)
