"""Scans that are none, or that a person should look at: one for each finding about a file."""

from collections.abc import Iterator

from scans import assembled, jpeg, page_of, pdf, picture, png

LIMIT = 5 * 1024 * 1024  # what the API takes, inclusive
STRICT_LIMIT = 5_000_000  # what it takes if its 5 MB are meant like this

_PAGE = b"BT /F1 16 Tf 72 760 Td (SPECIMEN) Tj ET"
_PASSWORD = b"<28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A>"  # none, as PDF spells it
_LETTER = (
    "certificate of registration",
    "This is to certify that Velvet Pangolin Lanterns Limited,",
    "whose office is at 12, Potters Lane, has been entered this day",
    "in a register that nobody keeps, of businesses that are none.",
)


def spoilt_scans() -> Iterator[tuple[str, bytes]]:
    """Path and content of each; git makes next to nothing of the zeros in the large ones."""
    whole, sound = pdf(("half",)), png(("damaged",))
    yield "spoilt/empty.pdf", b""
    yield "spoilt/photo.pdf", jpeg()
    yield "spoilt/half.jpg", jpeg()[:-2]
    yield "spoilt/photo.gif", b"GIF89a" + bytes(20)
    yield "spoilt/picture.pdf", png(("picture",))
    yield "spoilt/too_large.png", png(("too large",)).ljust(LIMIT + 1, b"\0")
    yield "spoilt/nearly_too_large.png", _padded(STRICT_LIMIT + 1)
    yield "spoilt/half.pdf", whole[: len(whole) // 2]
    yield "spoilt/damaged.png", sound[:60] + bytes([sound[60] ^ 1]) + sound[61:]
    yield "spoilt/locked.pdf", _locked()
    yield "spoilt/pageless.pdf", _pageless()
    yield "spoilt/appended.pdf", pdf(("appended",)) + b"What is this doing here?\n" * 60
    yield "spoilt/active.pdf", _active()
    yield "spoilt/huge.png", picture(50_000, 50_000, b"\0" * 64)
    yield "spoilt/both.pdf", pdf(("in two columns",))
    yield "spoilt/twice.pdf", pdf(("as two documents",))
    yield "spoilt/shared.pdf", pdf(("of two businesses",))
    yield "spoilt/other_number.pdf", pdf(("certificate of incorporation", "U00000KA2019PTC000099"))
    yield "spoilt/other_name.pdf", pdf(_LETTER)


def _padded(size: int) -> bytes:
    """A picture of so many bytes, most of them for nothing."""
    pixels = b"\0" + b"\xff" + b"\0" + b"\0"  # two lines of eight points
    plain = len(picture(8, 2, pixels, padding=1)) - 1
    return picture(8, 2, pixels, padding=size - plain)


def _locked() -> bytes:
    """A page that says it is encrypted."""
    lock = b"<< /Filter /Standard /V 1 /R 2 /O %s /U %s /P -4 >>" % (_PASSWORD, _PASSWORD)
    bodies = (*page_of(_PAGE), lock)
    return assembled(bodies, in_trailer=b" /Encrypt %d 0 R /ID [<00> <00>]" % len(bodies))


def _pageless() -> bytes:
    """A PDF with nothing to see."""
    catalogue, *_ = page_of(_PAGE)
    return assembled((catalogue, b"<< /Type /Pages /Kids [] /Count 0 >>"))


def _active() -> bytes:
    """A page that runs a program when it is opened; the program does nothing."""
    catalogue, *others = page_of(_PAGE)
    action = b" /OpenAction << /S /JavaScript /JS (;) >> >>"
    return assembled((catalogue.removesuffix(b" >>") + action, *others))
