"""PNGs that no viewer shows: told chunk by chunk, without decoding."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.intake.documents.png import png_findings
from bulk_onboard.model.finding import Finding
from tests.support.businesses import png, png_chunk
from tests.unit.intake.documents.test_pdf import zipped

GOOD = png("invented")
SIGNATURE = GOOD[:8]
HEADER = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
PICTURE = png_chunk(b"IDAT", b"")
END = png_chunk(b"IEND", b"")


def codes(content: bytes) -> list[str]:
    """What is wrong, without `document-`."""
    return [finding.code.removeprefix("document-") for finding in png_findings(content)]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD + b"\0" * 1024,
        SIGNATURE + HEADER + PICTURE * 500 + END,
        SIGNATURE + HEADER + png_chunk(b"tEXt", zipped()) + PICTURE + END,
        SIGNATURE + HEADER + png_chunk(b"tEXt", b"invented").replace(b"invented", b"damaged!") + PICTURE + END,
        png("large", width=10_000, height=10_000),
    ],
)
def test_sound_pictures_have_no_findings(content):
    """Many parts, notes, a damaged note, a little rubbish at the end: all of that is shown by any viewer."""
    assert [] == codes(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (SIGNATURE + PICTURE + HEADER + END, "its first part is not the header of a picture"),
        (SIGNATURE + png_chunk(b"CgBI", b"\0\0\0\0") + HEADER + PICTURE + END,
         "its first part is not the header of a picture"),
        (SIGNATURE + png_chunk(b"IHDR", b"\0" * 12) + PICTURE + END, "its first part is not the header of a picture"),
        (SIGNATURE + END, "its first part is not the header of a picture"),
        (SIGNATURE + HEADER + END, "it holds no picture"),
        (png("flat", height=0), "its picture has no points"),
        (SIGNATURE + HEADER + b"\0\0\0\0I\0AT\0\0\0\0" + END, "what stands at byte 33 is no part of a picture"),
        (GOOD.replace(b"IDAT\x78", b"IDAT\x79"), "the checksum of its part IDAT is wrong"),
        (GOOD.replace(HEADER, HEADER[:-1] + b"!"), "the checksum of its part IHDR is wrong"),
        (GOOD.replace(b"\r\n", b"\n"), "its first bytes were changed, as by a transfer in text mode"),
        (SIGNATURE + HEADER + PICTURE + png_chunk(b"tEXt", zipped(comment=b"----" + END)[:-16]) + END,
         "it is a ZIP archive at the same time"),
    ],
)  # fmt: skip
def test_damaged(content, why):
    """Each way in which a picture is unsound has its words."""
    (finding,) = png_findings(content)

    assert Finding("document-damaged", details={"kind": "PNG", "why": why}) == finding


@given(st.integers(0, len(GOOD) - 1))
def test_cut_anywhere_is_told(length):
    """No beginning of a good picture passes for one."""
    assert ["truncated"] == codes(GOOD[:length])


def test_data_after_the_end():
    """More than 1 KB after IEND is one file too many, an archive however small; what only fills a file up is none."""
    (finding,) = png_findings(GOOD + b"x" * 1025)

    assert Finding("document-trailing-data", details={"kind": "PNG", "size": 1025}) == finding
    assert ["trailing-data"] == codes(GOOD + zipped())
    assert [] == codes(GOOD + b"\0" * 5000)


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (10_001, 1), (1, 2**32 - 1)])
def test_huge_picture_is_told_and_not_decoded(width, height):
    """Beyond 10,000 points on a side a warning says how large it claims to be."""
    (finding,) = png_findings(png("huge", width=width, height=height))

    assert Finding("document-huge-picture", details={"width": width, "height": height}) == finding


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=6)), min_size=1, max_size=5))
def test_no_bytes_raise(changes):
    """However a picture is mutilated, its findings are told, not raised."""
    content = GOOD
    for at, piece in changes:
        content = content[:at] + piece + content[at + len(piece) :]

    assert all(finding.code.startswith("document-") for finding in png_findings(content))


@given(st.binary())
def test_nothing_at_all_raises(content):
    """Bytes that are no PNG are told as that."""
    assert codes(content)
    assert codes(SIGNATURE + content)
