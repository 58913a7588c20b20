"""Hostile and odd files cost their own copy and no more: the work is a confined child's, within its limits."""

import pytest

from bulk_onboard.confined.limits import Limits
from bulk_onboard.intake.documents.conversion import converter as module
from bulk_onboard.intake.documents.conversion.converter import LARGEST, Converter, is_convertible, is_refused, why_not
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.documents import DOCX, HEIC, JPEG, PDF, PNG, TIFF
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import Contract
from tests.support.businesses import png
from tests.support.pictures import jpeg, packed, page


@pytest.fixture(scope="module")
def scan() -> bytes:
    """A photo."""
    return jpeg()


def test_pdf_and_thumbnail_come_back(scan):
    """The whole way through a child and back."""
    with Converter() as converter:
        made = converter.convert(scan, JPEG)

    assert made.pdf.startswith(b"%PDF-")
    assert made.thumbnail.startswith(b"\xff\xd8")
    assert (1, "put into a PDF unchanged", "") == (made.pages, made.done, made.why)


@pytest.mark.parametrize(
    ("form", "media"), [("JPEG", JPEG), ("PNG", PNG), ("TIFF", TIFF), ("WEBP", "image/webp"), ("BMP", "image/bmp")]
)
def test_nothing_must_be_opened_for_any_format(form, media):
    """All that Pillow loads late is loaded before the doors are shut."""
    with Converter() as converter:
        assert "" == converter.convert(packed(page(), form), media).why


def test_photo_of_an_iphone_has_a_child_that_may_start_threads():
    """Its library cannot do without."""
    pytest.importorskip("pillow_heif")
    content = packed(page(), "HEIF")

    with Converter() as converter:
        assert "" == converter.convert(content, HEIC).why


def test_bad_file_is_told_and_the_next_one_is_converted(scan):
    """The child goes on."""
    with Converter() as converter:
        bad = converter.convert(png("bomb", width=50_000, height=50_000), PNG)
        good = converter.convert(scan, JPEG)

    assert "points" in bad.why
    assert good.pdf


def test_memory_is_bounded(monkeypatch):
    """What needs more is told so, and costs nobody else anything."""
    monkeypatch.setattr(module, "_LIMITS", Limits(memory=9 << 25, cpu_s=60, wall_s=60.0, answer=1 << 24))
    large = packed(page((12_000, 9_900), mode="L"), "PNG", compress_level=1)

    with Converter() as converter:
        made = converter.convert(large, PNG)

    assert b"" == made.pdf
    assert "memory" in made.why


def facts(media: str, *codes: str, size: int = 1000) -> FileFacts:
    """What a look has found."""
    details = {
        "size": 1,
        "limit": 1,
        "ending": ".x",
        "found": "a",
        "right": ".y",
        "kind": "PDF",
        "why": "cut",
        "what": "",
    }
    return FileFacts(None, size, "digest", media, tuple(Finding(code, details=details) for code in codes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "contract", "can"),
    [
        (facts(JPEG), Contract.BETA, True),
        (facts(JPEG), Contract.RELEASED, False),  # is taken
        (facts(JPEG, "document-too-large"), Contract.RELEASED, True),
        (facts(JPEG, "document-truncated"), Contract.BETA, False),
        (facts(TIFF), Contract.RELEASED, True),
        (facts(PNG, "document-misnamed"), Contract.BETA, True),
        (facts(PDF), Contract.BETA, False),
        (facts(PDF, "document-too-large"), Contract.BETA, True),
        (facts(PDF, "document-encrypted"), Contract.BETA, False),
        (facts(PDF, "document-active-content"), Contract.BETA, False),  # a warning
        (facts(TIFF, "document-too-large", size=LARGEST + 1), Contract.BETA, False),
        (facts(DOCX), Contract.BETA, False),
        (facts("", size=0), Contract.BETA, False),
    ],
)
def test_what_is_refused_for_its_form_alone(file, contract, can):
    """What a contract takes needs no copy; what is broken, locked, no picture or enormous gets none, and why."""
    assert can == is_convertible(file, contract)
    assert can or not is_refused(file, contract) or why_not(file)
