"""A scan becomes a PDF that shows what a viewer shows of it, with the least change that fits."""

import io
import re

import pypdfium2_raw as pdfium
import pytest
from PIL import Image, ImageOps

from bulk_onboard.intake.documents.content import jpeg_findings
from bulk_onboard.intake.documents.conversion import pictures, rendering
from bulk_onboard.intake.documents.conversion.answer import converted
from bulk_onboard.intake.documents.conversion.pages import Kind, Page, pdf_of
from bulk_onboard.intake.documents.conversion.pictures import CannotError, paper_dpi
from bulk_onboard.intake.documents.conversion.rendering import look
from bulk_onboard.model.documents import BMP, GIF, HEIC, JPEG, PDF, PNG, TIFF, WEBP
from tests.support import papers
from tests.support.pictures import A4_AT_100_DPI, jpeg, packed, page


@pytest.fixture(autouse=True, scope="module")
def _begun() -> None:
    pdfium.FPDF_InitLibrary()
    pictures.begin()


def seen(pdf: bytes) -> Image.Image:
    """The first page as pdfium draws it."""
    return look(pdf, 200).image.convert("L")


def corners(image: Image.Image) -> list[bool]:
    """Which corners are dark: top left, top right, bottom left, bottom right."""
    width, height = image.size
    return [
        image.getpixel((round(x * (width - 1)), round(y * (height - 1)))) < 128 for y in (0.1, 0.9) for x in (0.1, 0.9)
    ]


def jpegs_in(pdf: bytes) -> list[bytes]:
    """The JPEGs of a PDF of ours."""
    return re.findall(rb"/DCTDecode/Length \d+>>\nstream\n(.*?)\nendstream", pdf, re.DOTALL)


def page_size(pdf: bytes) -> tuple[float, float]:
    """Width and height of the first page in points."""
    found = re.search(rb"/MediaBox\[0 0 (\S+) (\S+)\]", pdf)
    assert found
    return float(found[1]), float(found[2])


@pytest.mark.parametrize(
    ("form", "media", "how"),
    [
        ("JPEG", JPEG, "put into a PDF unchanged"),
        ("PNG", PNG, "put into a PDF in full size, as a JPEG of quality 90"),
        ("TIFF", TIFF, "put into a PDF in full size, as a JPEG of quality 90"),
        ("WEBP", WEBP, "put into a PDF in full size, as a JPEG of quality 90"),
        ("BMP", BMP, "put into a PDF in full size, as a JPEG of quality 90"),
        ("GIF", GIF, "put into a PDF in full size, as a JPEG of quality 90"),
    ],
)
def test_every_format_becomes_a_page(form, media, how):
    """Of one page that shows the picture upright, in full size, and says what was done."""
    made = converted(packed(page(), form), media)

    assert (1, how) == (made.pages, made.done)
    assert [True, False, False, False] == corners(seen(made.pdf))
    assert f"/Width {A4_AT_100_DPI[0]}/Height {A4_AT_100_DPI[1]}".encode() in made.pdf


def test_photo_of_an_iphone_becomes_a_page():
    """Where the extra package is installed."""
    heif = pytest.importorskip("pillow_heif")
    content = packed(page(), "HEIF")
    heif.register_heif_opener(decode_threads=0)

    made = converted(content, HEIC)

    assert [True, False, False, False] == corners(seen(made.pdf))


def test_photo_of_an_iphone_without_its_package_says_what_to_install(monkeypatch):
    """In words that lead to the page of the documents."""
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)

    with pytest.raises(CannotError, match=r"pillow-heif.* extra heic"):
        converted(b"....ftypheic", HEIC)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_lies_as_its_mark_says(orientation):
    """As Pillow turns it, though its points are those of the file."""
    content = jpeg(orientation=orientation)
    right = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))

    made = converted(content, JPEG)

    assert "put into a PDF unchanged" == made.done
    assert corners(right.convert("L")) == corners(seen(made.pdf))
    assert (right.width > right.height) == (page_size(made.pdf)[0] > page_size(made.pdf)[1])


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_large_jpeg_lies_as_its_mark_says(orientation):
    """Also where its points are coded anew, in grey."""
    content = jpeg(orientation=orientation)
    right = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))

    made = converted(content, JPEG, limit=1000)

    assert "put into a PDF in grey at 200 dpi (JPEG quality 85)" == made.done
    assert corners(right.convert("L")) == corners(seen(made.pdf))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_other_pictures_lie_as_their_mark_says(form):
    """The mark is EXIF's in all of them."""
    notes = Image.Exif()
    notes[0x0112] = 6
    content = packed(page(), form, exif=notes)
    media = {"PNG": PNG, "WEBP": WEBP, "TIFF": TIFF}[form]

    for made in (converted(content, media), converted(content, media, limit=0, small_limit=200_000)):
        assert [False, True, False, False] == corners(seen(made.pdf))
        width, height = page_size(made.pdf)
        assert width > height


def test_points_of_a_jpeg_are_not_touched():
    """Coded anew they would lose a little; what decodes is the same to the last point."""
    content = packed(page(noise=60), "JPEG", quality=70)

    (inside,) = jpegs_in(converted(content, JPEG).pdf)

    assert Image.open(io.BytesIO(content)).tobytes() == Image.open(io.BytesIO(inside)).tobytes()


def test_what_a_camera_noted_stays_behind():
    """The place, the time, profiles, remarks, and a film behind the picture's end."""
    content = jpeg(comment=b"seen by nobody", icc_profile=b"profile of nobody" * 9) + b"film" * 1000

    pdf = converted(content, JPEG).pdf

    for trace in (b"Exif", b"2026:01:02", b"nobody", b"film", b"JFIF"):
        assert trace not in pdf


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_bytes_are_alike_each_time(form):
    """No time and no chance is in them."""
    media = {"JPEG": JPEG, "PNG": PNG, "TIFF": TIFF}[form]
    content = packed(page(noise=40), form)

    assert converted(content, media) == converted(content, media)


def test_pages_of_a_tiff_become_pages():
    """In their order, each with its own size; a preview that the scanner put beside them is none."""
    second = page(mode="L").rotate(90, expand=True)
    content = packed(page(mode="L"), "TIFF", [second], dpi=(100, 100))

    made = converted(content, TIFF)

    assert 2 == made.pages
    assert 2 == made.pdf.count(b"/Type/Page/")
    assert 2 == len({*re.findall(rb"/MediaBox\[[^\]]*\]", made.pdf)})


def test_preview_in_a_tiff_is_no_page():
    """It says of itself that it is a smaller version of another one."""
    from PIL import TiffImagePlugin

    small = page((80, 110))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x00FE] = 1
    small.encoderinfo = {"tiffinfo": tags}

    made = converted(packed(page(), "TIFF", [small]), TIFF)

    assert 1 == made.pages


def test_black_and_white_stays_so():
    """Faxes have sharp letters, which a JPEG would spoil."""
    made = converted(packed(page(mode="1"), "TIFF", compression="group4"), TIFF)

    assert "put into a PDF in black and white as it was" == made.done
    assert [True, False, False, False] == corners(seen(made.pdf))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_a_png(mode):
    """Grey, colours, palettes and 16 bits come out alike; transparent is white."""
    image = (
        page(mode="L").convert("I").point(lambda value: value * 257).convert(mode)
        if mode == "I;16"
        else page(mode=mode)
    )
    if mode in ("LA", "RGBA"):
        image.putalpha(image.convert("L").point(lambda value: 255 if value < 128 else 0))

    made = converted(packed(image, "PNG"), PNG)

    assert [True, False, False, False] == corners(seen(made.pdf))
    assert 255 == seen(made.pdf).getpixel((100, 150))


def test_colours_for_print_become_those_of_a_screen():
    """CMYK is coded anew, since readers of PDFs disagree about it."""
    made = converted(packed(page(mode="CMYK"), "JPEG"), JPEG)

    assert "put into a PDF in full size, as a JPEG of quality 90" == made.done
    assert [True, False, False, False] == corners(seen(made.pdf))


def test_progressive_jpeg_goes_in_as_it_is():
    """Every reader of PDFs knows it."""
    assert "put into a PDF unchanged" == converted(packed(page(), "JPEG", progressive=True), JPEG).done


# How large it becomes.


def test_large_picture_becomes_grey_at_200_dpi():
    """By its own mark: a sheet at 400 dpi has half as many points across."""
    content = packed(page((3308, 4676), noise=30), "JPEG", quality=90, dpi=(400, 400))

    made = converted(content, JPEG, limit=1_000_000)

    (inside,) = map(Image.open, map(io.BytesIO, jpegs_in(made.pdf)))
    assert ("L", (1654, 2338)) == (inside.mode, inside.size)
    assert (595, 842) == tuple(map(round, page_size(made.pdf)))


def test_nothing_is_enlarged():
    """A page at 100 dpi keeps its points."""
    made = converted(packed(page(), "JPEG", dpi=(100, 100)), JPEG, limit=1000)

    assert b"/Width 827/Height 1169" in made.pdf


def test_quality_goes_down_until_it_fits():
    """To a floor; what is too large even then is not converted, and why is said."""
    content = packed(page((1654, 2339), noise=90), "JPEG", quality=95)
    best = converted(content, JPEG, limit=1000)

    worse = converted(content, JPEG, limit=1000, small_limit=len(best.pdf) - 1)

    assert ["(JPEG quality 85)", "(JPEG quality 70)"] == [made.done[-17:] for made in (best, worse)]
    with pytest.raises(CannotError, match=r"its 1 page would have .* even in grey at 200 dpi"):
        converted(content, JPEG, limit=1000, small_limit=len(worse.pdf) // 4)


def test_small_photo_keeps_its_colours():
    """A WebP that is larger as a JPEG gets a lower quality before it loses its colours."""
    content = packed(page((1200, 1600), noise=90), "WEBP", quality=40)
    full = converted(content, WEBP)

    made = converted(content, WEBP, limit=len(full.pdf), small_limit=len(full.pdf) - 1)

    assert "put into a PDF in full size, as a JPEG of quality 75" == made.done
    assert b"/DeviceRGB" in made.pdf


@pytest.mark.parametrize(
    ("size", "marked", "dpi"),
    [
        ((2480, 3508), (300, 300), (300, 300)),
        ((1728, 1143), (204, 98), (204, 98)),  # a fax
        ((4000, 3000), (72, 72), (363, 363)),  # a photo, whose mark says nothing
        ((4000, 3000), (), (363, 363)),
        ((9000, 12000), (300, 300), (1088, 1088)),  # larger than paper is
        ((640, 480), (), (72, 72)),
        ((2480, 3508), (300, 1), (300, 300)),
        ((2480, 3508), (0, 0), (300, 300)),
    ],
)
def test_size_on_paper(size, marked, dpi):
    """As it is marked where that is likely, else A4; small pictures stay small."""
    assert pytest.approx(dpi, rel=0.01) == paper_dpi(size, marked)


def test_mark_of_a_camera_is_not_believed():
    """Some write 600 dpi into every photo."""
    made = converted(jpeg(dpi=(600, 600)), JPEG, limit=1000)

    assert b"/Width 827/Height 1169" in made.pdf


@pytest.mark.parametrize("size", [(1, 1), (4000, 7), (7, 4000)])
def test_picture_of_a_few_points_becomes_a_page(size):
    """Though it is of no use: a person sees that, and no reader breaks down."""
    assert 1 == converted(packed(page(size), "JPEG"), JPEG).pages


# What cannot be converted.


@pytest.mark.parametrize(
    ("content", "media", "why"),
    [
        (packed(page(noise=40), "JPEG")[:5000], JPEG, r"cut off|damaged"),
        (packed(page(noise=40), "PNG")[:5000], PNG, "cut off"),
        (packed(page(noise=40), "TIFF")[:50000], TIFF, r"\w"),
        (packed(page(noise=40), "WEBP")[:5000], WEBP, r"\w"),
        (b"II*\0" + b"\xff" * 60, TIFF, r"\w"),
        (b"GIF89a", GIF, r"\w"),
        (b"BM" + bytes(60), BMP, r"\w"),
        (packed(page(), "GIF", [page().rotate(90)]), GIF, "animation"),
        (packed(page(), "WEBP", [page().rotate(90)]), WEBP, "animation"),
        (packed(page((8, 8)), "TIFF", [page((8, 8))] * 60), TIFF, "61 pages.* Scan only"),
        (packed(page((8, 8), mode="L").convert("F"), "TIFF"), TIFF, "colours"),
        (packed(page((8, 8)).convert("LAB"), "TIFF"), TIFF, "colours"),
    ],
)
def test_bad_files_are_told(content, media, why):
    """Cut off, damaged, moving or too many pages: a sentence, and no half picture."""
    with pytest.raises(CannotError, match=why):
        converted(content, media)


def test_jpeg_whose_points_cannot_be_decoded_is_told():
    """Its parts are all there; put into a PDF as it is it would be a blank page."""
    content = packed(page(noise=40), "JPEG")
    tables = content.index(b"\xff\xc4")
    spoilt = content[: tables + 5] + b"\xff" * 16 + content[tables + 21 :]

    assert () == jpeg_findings(spoilt)
    with pytest.raises(CannotError, match="damaged"):
        converted(spoilt, JPEG)


def test_bomb_is_not_unpacked():
    """A picture that claims 50,000 × 50,000 points is refused by its header."""
    from tests.support.businesses import png

    with pytest.raises(CannotError, match="points"):
        converted(png("bomb", width=50_000, height=50_000), PNG)


# PDFs.


def scan(count: int = 1, *, size: tuple[int, int] = (2480, 3508), dpi: int = 300) -> bytes:
    """A PDF of scanned pages."""
    image = page(size, noise=30)
    one = Page(packed(image, "JPEG", quality=90), Kind.COLOUR, size, (dpi, dpi))
    return pdf_of([one] * count)


def test_large_scan_is_drawn_in_grey():
    """Each of its pages, at 200 dpi."""
    made = converted(scan(2), PDF, limit=1000)

    assert 2 == made.pages
    assert made.done.startswith("each page made a picture in grey at 200 dpi")
    assert b"/Width 1653/Height 2339/ColorSpace/DeviceGray" in made.pdf
    assert [True, False, False, False] == corners(seen(made.pdf))


def test_scan_gets_no_more_points_than_it_has():
    """Drawn at 200 dpi a scan of 100 dpi would be larger and no clearer."""
    made = converted(scan(size=A4_AT_100_DPI, dpi=100), PDF, limit=1000)

    assert b"/Width 827/Height 1169" in made.pdf


def test_page_of_an_app_is_taken_for_a_sheet():
    """Apps that scan with a phone make pages of a metre and more."""
    made = converted(scan(size=(3000, 4000), dpi=72), PDF, limit=1000)

    assert b"/Width 1654" in made.pdf or b"/Width 1653" in made.pdf or b"/Width 1650" in made.pdf, made.pdf[:400]


def test_text_is_drawn():
    """In letters that pdfium has; a viewer shows the like."""
    made = converted(papers.paper("Invented Traders"), PDF, limit=100)

    assert 128 > look(made.pdf, 800).image.convert("L").getextrema()[0]


def test_text_in_letters_that_are_not_in_the_file_is_left_alone():
    """They would be drawn in others, or as boxes."""
    content = papers.paper("Invented Traders").replace(b"/Helvetica", b"/InventedXX")

    with pytest.raises(CannotError, match="a font that is not in it"):
        converted(content, PDF, limit=100)


def test_small_pdf_of_a_wrong_name_is_copied():
    """There is nothing else wrong with it."""
    content = papers.paper("Invented Traders")

    assert content == converted(content, PDF).pdf


def test_broken_pdf_is_told():
    """No page of it can be drawn."""
    with pytest.raises(CannotError, match="no program for PDFs"):
        list(rendering.small_pictures(b"%PDF-1.4 nothing"))
