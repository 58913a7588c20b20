"""PDFs made by hand, in the ways that programs write them, and with text on their pages."""

import hashlib
import zlib
from collections.abc import Sequence

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
"""What fills up a password of the standard security handler."""

_ID = b"\x11" * 16
_PERMISSIONS = -44  # print, but do not change


def objects(*lines: str, count: int = 1, extra: bytes = b"") -> list[bytes]:
    """The bodies of a PDF with a page of these lines: catalogue, page tree, page, its content, a font."""
    return [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % extra,
        b"<</Type/Pages/Kids[3 0 R]/Count %d>>" % count,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        stream(shown(*lines)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]


def shown(*lines: str) -> bytes:
    """What a page's content says to show these lines."""
    return b"BT /F1 11 Tf 14 TL 50 780 Td\n%sET" % b"".join(b"(%s) Tj T*\n" % line.encode() for line in lines)


def stream(data: bytes, entries: bytes = b"", *, keyword: bytes = b"stream\n") -> bytes:
    """The body of an object with a stream."""
    return b"<<%s/Length %d>>\n%s%s\nendstream" % (entries, len(data), keyword, data)


def assembled(bodies: Sequence[bytes], *, in_trailer: bytes = b"", shift: int = 0) -> bytes:
    """A PDF of these objects; `shift` is by how much its table of places is wrong."""
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(content) + shift)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1) + b"".join(
        b"%010d 00000 n \n" % at for at in places
    )
    trailer = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
    return content + table + trailer % (len(bodies) + 1, in_trailer, len(content))


def paper(*lines: str) -> bytes:
    """A PDF of one page with these lines of text."""
    return assembled(objects(*lines))


def packed(bodies: Sequence[bytes]) -> bytes:
    """A PDF as modern programs write it: what is no stream stands in one that is deflated, and so does the table."""
    inside = {number: body for number, body in enumerate(bodies, 1) if not body.endswith(b"endstream")}
    texts, index, at = b"", [], 0
    for number, body in inside.items():
        index.append(b"%d %d" % (number, at))
        texts += body + b" "
        at = len(texts)
    head = b" ".join(index) + b" "
    store = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(inside), len(head))
    outside = {number: body for number, body in enumerate(bodies, 1) if number not in inside}
    box = len(bodies) + 1
    outside[box] = stream(zlib.compress(head + texts), store)
    content, rows = b"%PDF-1.5\n", {0: bytes(6)}
    rows |= {number: b"\2%s%c" % (box.to_bytes(4), place) for place, number in enumerate(inside)}
    for number, body in outside.items():
        rows[number] = b"\1%s\0" % len(content).to_bytes(4)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows[box + 1] = b"\1%s\0" % len(content).to_bytes(4)
    table = zlib.compress(b"".join(rows[number] for number in sorted(rows)))
    entries = b"/Type/XRef/Size %d/W[1 4 1]/Root 1 0 R/Filter/FlateDecode" % len(rows)
    return content + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (box + 1, stream(table, entries), len(content))


def locked(*lines: str, user: bytes = b"", owner: bytes = b"secret") -> bytes:
    """A PDF encrypted with RC4 of 128 bits (ISO 32000-1, 7.6.3); without a user's password every reader opens it."""
    owned = _ownership(user, owner)
    seed = _padded(user) + owned + _PERMISSIONS.to_bytes(4, "little", signed=True) + _ID
    key = _hashed(hashlib.md5(seed).digest(), 50)
    check = _enciphered_often(key, hashlib.md5(PADDING + _ID).digest()) + bytes(16)
    bodies = objects()
    own_key = hashlib.md5(key + (4).to_bytes(3, "little") + bytes(2)).digest()  # the page's content is object 4
    bodies[3] = stream(_rc4(own_key, shown(*lines)))
    lock = b"<</Filter/Standard/V 2/R 3/Length 128/O<%s>/U<%s>/P %d>>"
    bodies.append(lock % (owned.hex().encode(), check.hex().encode(), _PERMISSIONS))
    named = _ID.hex().encode()
    return assembled(bodies, in_trailer=b"/Encrypt %d 0 R/ID[<%s><%s>]" % (len(bodies), named, named))


def _ownership(user: bytes, owner: bytes) -> bytes:
    return _enciphered_often(_hashed(hashlib.md5(_padded(owner)).digest(), 50), _padded(user))


def _padded(password: bytes) -> bytes:
    return (password + PADDING)[:32]


def _hashed(digest: bytes, times: int) -> bytes:
    for _ in range(times):
        digest = hashlib.md5(digest).digest()
    return digest


def _enciphered_often(key: bytes, data: bytes) -> bytes:
    for turn in range(20):
        data = _rc4(bytes(byte ^ turn for byte in key), data)
    return data


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
