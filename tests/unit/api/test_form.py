"""A multipart form as bytes: what stands between the parts, and that no document is copied."""

import email.parser
import email.policy

from bulk_onboard.api.exchange import Part
from bulk_onboard.api.form import form_of

PARTS = (
    Part(name="data", body=b'{"alias":"A ~abc"}'),
    Part(name="documents[0].file", body=b"%PDF" + bytes(600_000), file_name="id.pdf", media_type="application/pdf"),
    Part(name="documents[1].file", body=b"", file_name="empty.png", media_type="image/png"),
)


def test_a_form_is_read_back_as_it_was_written():
    """Another reader finds the same parts, with their names, types and bytes."""
    form = form_of(PARTS, "b0undary")
    head = f"Content-Type: {form.content_type}\r\n\r\n".encode()

    read = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + b"".join(form.slices()))

    told = [
        (part["Content-Disposition"].params, part.get_content_type(), part.get_payload(decode=True))
        for part in read.iter_parts()
    ]
    assert [
        ({"name": "data"}, "text/plain", PARTS[0].body),
        ({"name": "documents[0].file", "filename": "id.pdf"}, "application/pdf", PARTS[1].body),
        ({"name": "documents[1].file", "filename": "empty.png"}, "image/png", b""),
    ] == told


def test_its_size_is_that_of_all_slices():
    """It is announced before the first byte goes."""
    form = form_of(PARTS, "b0undary")

    assert sum(map(len, form.slices())) == form.size


def test_a_name_cannot_break_out_of_its_quotes():
    """Quotes and line breaks are written as browsers write them."""
    form = form_of((Part(name='a"; x="\r\n', body=b""),), "b0undary")

    assert b'form-data; name="a%22; x=%22%0D%0A"\r\n\r\n' in form.pieces[0]


def test_documents_go_out_in_slices_that_are_not_copied():
    """None is longer than other calls can wait for, and each lies in the document's own memory."""
    form = form_of(PARTS, "b0undary")

    of_document = [piece for piece in form.slices() if piece.obj is PARTS[1].body]

    assert 3 == len(of_document)
    assert all(len(piece) <= 256 * 1024 for piece in form.slices())
