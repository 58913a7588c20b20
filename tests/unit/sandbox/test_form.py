"""The multipart reader, fed bytes directly."""

import pytest

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.call import Part, read_form

BODY = (
    b"--b\r\n"
    b'Content-Disposition: form-data; name="data"\r\n\r\n'
    b'{"alias": "K"}\r\n'
    b"--b\r\n"
    b"Content-Type: application/pdf\r\n"
    b'content-disposition: form-data; name="documents[2].file"; filename="a;b.pdf"\r\n\r\n'
    b"%PDF-\r\n\r\n--\r\n"
    b"\r\n"
    b"--b--\r\n"
)


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=b", 'Multipart/Form-Data;x=1; boundary="b"'])
def test_parts_are_read_as_they_were_sent(content_type: str) -> None:
    """Names, file names with odd characters, and every byte of the contents; a gap in the numbering is legal."""
    form = read_form(content_type, BODY)

    assert {"alias": "K"} == form.data
    assert {2: Part("documents[2].file", "a;b.pdf", b"%PDF-\r\n\r\n--\r\n")} == form.files


@pytest.mark.parametrize("end", [len(BODY) - 4, len(BODY) - 9, 60])
def test_body_that_is_cut_off_is_refused(end: int) -> None:
    """Without its closing boundary a body may lack anything, so nothing of it is taken."""
    with pytest.raises(RefusedError, match="not complete"):
        read_form("multipart/form-data; boundary=b", BODY[:end])


@pytest.mark.parametrize("data", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_data_that_is_no_json_object_is_refused(data: bytes) -> None:
    """The part `data` must be a JSON object."""
    with pytest.raises(RefusedError, match="part 'data' is not"):
        read_form("multipart/form-data; boundary=b", BODY.replace(b'{"alias": "K"}', data))
