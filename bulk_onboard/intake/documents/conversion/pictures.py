"""The door to Pillow: the pages of a picture file as a viewer shows them, and JPEGs of pages.

A page is neither enlarged nor turned. An orientation mark is heeded, since every viewer does; what is transparent lies
on white; colour profiles, notes and places where a photo was taken are left out. The file may be hostile: only the one
format that its signature tells is tried, its size is looked at before anything is unpacked, and a file that is cut off
is an error, not half a picture.
"""

import importlib
import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from bulk_onboard.intake.documents.content import bare_jpeg
from bulk_onboard.intake.documents.conversion.pages import Kind, Page
from bulk_onboard.model import documents as types

MOST_POINTS = 120_000_000
"""Of one page: A4 at 1,000 dpi, or a photo of the largest camera in a phone."""

MOST_PAGES = 50
SMALL_DPI = 200

_FORMATS: Mapping[str, str] = {
    types.JPEG: "JPEG",
    types.PNG: "PNG",
    types.TIFF: "TIFF",
    types.WEBP: "WEBP",
    types.BMP: "BMP",
    types.GIF: "GIF",
    types.HEIC: "HEIF",
}
_PLUGINS = ("Bmp", "Gif", "Jpeg", "Mpo", "Png", "Tiff", "WebP")  # MPO is what Pillow makes of some phones' JPEGs
_ORIENTATION, _CAMERA, _EXPOSURE = 0x0112, 0x8769, 0x829A  # marks in EXIF
_SUBFILE, _IS_THUMBNAIL = 0x00FE, 1
_NO_PICTURES = ("F", "LAB")  # how light or which colour their points are meant to be, Pillow does not know
_PLAIN_FRAMES = range(0xC0, 0xC3)  # of JPEGs that every reader of PDFs knows: none is lossless or arithmetic

_A4 = (8.27, 11.69)
_LONGEST = 17.0  # inches: A3, and a little more
_LEAST_MARKED = 100  # 72 and 96 dpi are written by programs that know no size
_LEAST = 72.0
_MOST_UNEVEN = 2.5  # faxes have twice as many points across as down


class CannotError(Exception):
    """The file cannot be converted; its text says why, to be put behind a colon."""


class MissingPackageError(CannotError):
    """It could be converted if a package were installed."""


class Picture(NamedTuple):
    """One page, upright: its points, and how many of them make an inch across and down."""

    image: Image.Image
    dpi: tuple[float, float]


def begin() -> None:
    """Load all that is needed later, while files can still be opened."""
    Image.MAX_IMAGE_PIXELS = MOST_POINTS // 2  # twice of which is an error
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    Image.preinit()
    for plugin in _PLUGINS:
        importlib.import_module(f"PIL.{plugin}ImagePlugin")


def whole_pages(content: bytes, media: str, quality: int) -> Iterator[Page]:
    """Yield the pages of a picture file in full size and colour, as JPEGs; a JPEG's points as they are.

    Raises:
        CannotError: it is no such picture, is cut off, or is too large to be unpacked.
    """
    if media == types.JPEG and (page := _as_it_is(content)):
        yield page
        return
    for picture in _pictures(content, media):
        yield encoded(picture, quality)


def small_pictures(content: bytes, media: str) -> Iterator[Picture]:
    """Yield the pages of a picture file in grey, with `SMALL_DPI` at most; CannotError as above."""
    for picture in _pictures(content, media, small=True):
        image = _in_mode(picture.image, "L")
        size = small_size(image.size, picture.dpi)
        if size != image.size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        shrunk = (picture.dpi[0] * size[0] / picture.image.width, picture.dpi[1] * size[1] / picture.image.height)
        yield Picture(image, shrunk)


def small_size(size: tuple[int, int], dpi: tuple[float, float]) -> tuple[int, int]:
    """Return how many points a picture has with `SMALL_DPI` at most, across and down."""
    across, down = (max(1, round(n * min(1.0, SMALL_DPI / each))) for n, each in zip(size, dpi, strict=True))
    return across, down


def encoded(picture: Picture, quality: int) -> Page:
    """Return the page with its picture as a JPEG; one of black and white points alone as these."""
    image = picture.image
    if image.mode == "1":
        return Page(image.tobytes(), Kind.BLACK_AND_WHITE, image.size, picture.dpi)
    kind = Kind.GREY if image.mode == "L" else Kind.COLOUR
    return Page(_jpeg(image, quality), kind, image.size, picture.dpi)


def from_points(points: bytes, size: tuple[int, int], stride: int, *, grey: bool) -> Image.Image:
    """Return a picture of the points that pdfium has drawn: grey, or blue, green and red with a byte to spare."""
    mode, raw = ("L", "L") if grey else ("RGB", "BGRX")
    return Image.frombytes(mode, size, points, "raw", raw, stride)


def thumbnail(image: Image.Image, quality: int) -> bytes:
    """Return a picture as a JPEG to be looked at."""
    return _jpeg(_in_mode(image, "RGB"), quality)


def paper_dpi(size: tuple[int, int], marked: tuple[float, ...]) -> tuple[float, float]:
    """Return how many points of a picture make an inch: as it is marked, where that makes a sheet of paper.

    Else the picture is taken to fit on a page of A4, lying or standing.
    """
    across, down = marked or (0.0, 0.0)
    is_likely = max(across, down) >= _LEAST_MARKED and max(across, down) <= _MOST_UNEVEN * min(across, down)
    if is_likely and max(size[0] / across, size[1] / down) <= _LONGEST:
        return across, down
    fitting = max(max(size) / max(_A4), min(size) / min(_A4), _LEAST)
    return fitting, fitting


def size_on_paper(width: float, height: float) -> tuple[float, float]:
    """Return the size of a PDF's page in inches; one larger than A3, as apps for phones make them, is taken for A4."""
    if max(width, height) <= _LONGEST:
        return width, height
    times = min(max(_A4) / max(width, height), min(_A4) / min(width, height))
    return width * times, height * times


def _as_it_is(content: bytes) -> Page | None:
    """Return the page of a JPEG that a PDF can hold; None where its points must be coded anew."""
    image = _opened(content, types.JPEG)
    kinds = {"RGB": Kind.COLOUR, "L": Kind.GREY}
    with _understood():
        bare, frame = bare_jpeg(content)
    if image.mode not in kinds or frame not in _PLAIN_FRAMES:
        return None
    size, kind, orientation = image.size, kinds[image.mode], _orientation(image)
    dpi = paper_dpi(size, _mark_of_size(image))
    image.draft("L", (max(1, size[0] // 8), max(1, size[1] // 8)))
    _load(image)  # or nobody knows whether it is whole
    return Page(bare, kind, size, dpi, orientation, is_as_it_was=True)


def _pictures(content: bytes, media: str, *, small: bool = False) -> Iterator[Picture]:
    """Yield the pages of a picture file, upright; those of a JPEG unpacked no larger than `small` pages need."""
    for frame in _frames(_opened(content, media), media):
        if frame.width * frame.height > MOST_POINTS:
            raise CannotError(_too_many_points(frame.width, frame.height))
        size, mark, is_lying = frame.size, _mark_of_size(frame), _orientation(frame) > 4
        if small and media == types.JPEG:
            frame.draft("L", small_size(size, paper_dpi(size, mark)))
        _load(frame)
        with _understood():
            image = _plain(ImageOps.exif_transpose(frame))
        if is_lying:
            mark = mark[::-1]
            size = size if media == types.TIFF else size[::-1]  # Pillow says of a TIFF how large it is when turned
        dpi = paper_dpi(size, mark)
        yield Picture(image, (dpi[0] * image.width / size[0], dpi[1] * image.height / size[1]))


def _opened(content: bytes, media: str) -> Image.Image:
    if _FORMATS[media] not in Image.OPEN:
        raise MissingPackageError(
            "photos of this kind are opened by the package pillow-heif, which is not installed; "
            "install bulk-onboard with its extra heic (docs/scans.md)"
        )
    with _understood():
        return Image.open(io.BytesIO(content), formats=[_FORMATS[media]])


def _frames(image: Image.Image, media: str) -> Iterator[Image.Image]:
    """Yield the one picture of a file, or each page of a TIFF; the small previews beside these are none."""
    with _understood():
        count = getattr(image, "n_frames", 1)
    if media == types.TIFF:
        if count > MOST_PAGES:
            raise CannotError(too_many_pages(count))
        for number in range(count):
            with _understood():
                image.seek(number)
                is_page = not getattr(image, "tag_v2", {}).get(_SUBFILE, 0) & _IS_THUMBNAIL
            if is_page:
                yield image
    elif count > 1 and media not in (types.JPEG, types.HEIC):  # these have a main picture
        raise CannotError("it is an animation, and a document is one picture. Export the right one as PDF or PNG")
    else:
        yield image


def _orientation(image: Image.Image) -> int:
    """Return how the picture is to be turned; as it is where its mark cannot be read."""
    try:
        mark = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # whatever a broken mark leads to: viewers show the picture all the same
        return 1
    return mark if mark in range(1, 9) else 1


def _mark_of_size(image: Image.Image) -> tuple[float, ...]:
    """Return the points an inch across and down that a picture is marked with; empty for none.

    A camera, which is known by an exposure time, knows nothing of the size of what it sees.
    """
    try:
        marks = () if _EXPOSURE in image.getexif().get_ifd(_CAMERA) else image.info.get("dpi", ())
        across, down = map(float, marks)
    except Exception:  # as above
        return ()
    return across, down


def _load(image: Image.Image) -> None:
    with _understood():
        image.load()


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in black and white, grey or colour, 8 bits each, what is transparent on white."""
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(seen, mask=seen.getchannel("A"))
    elif image.mode.startswith("I"):
        image = _in_8_bits(image)
    elif image.mode in _NO_PICTURES:
        raise CannotError("its colours are those of measuring or printing. Save it as PNG")
    return image if image.mode in ("1", "L", "RGB") else image.convert("RGB")


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Return a picture in grey of 16 bits, or of 8 that are kept in more, in 8."""
    whole = image.convert("I")
    _, brightest = whole.getextrema()
    return (whole if brightest in range(256) else whole.point(lambda value: value * (1 / 256))).convert("L")


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    into = io.BytesIO()
    try:
        image.save(into, "JPEG", quality=quality)
    except OSError:  # what the points are was seen to before
        raise MemoryError from None
    return into.getvalue()


@contextmanager
def _understood() -> Iterator[None]:
    """Turn whatever Pillow raises of a bad file into a CannotError; lack of memory stays what it is."""
    try:
        yield
    except (CannotError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise CannotError(f"it has more than {MOST_POINTS:,} points. Scan it again at 200 dpi") from None
    except UnidentifiedImageError:
        raise CannotError("no program for pictures can open it. Scan it again") from None
    except Exception as error:  # the library raises nearly everything
        if "memory" in str(error):
            raise MemoryError from None
        is_cut = "truncated" in str(error)
        raise CannotError(f"{'it is cut off' if is_cut else 'it is damaged'}. Copy or scan it again") from None


def too_many_pages(count: int) -> str:
    """Return why a file of so many pages cannot be converted."""
    return f"it has {count:,} pages, and at most {MOST_PAGES} are converted. Scan only the pages that count"


def _too_many_points(width: int, height: int) -> str:
    return (
        f"it is {width:,} × {height:,} points, and at most {MOST_POINTS:,} in all are converted. "
        "Scan it again at 200 dpi"
    )
