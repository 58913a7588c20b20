"""Cells written into a csv file: these and no other bytes."""

import codecs
from pathlib import Path

import pytest

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.writer.text import edited
from bulk_onboard.model.sheet import Edit

PATH = Path("list.csv")


def written(text: str, *edits: Edit, encoding: str | None = None, header_row: int = 1, width: int = 3) -> str:
    """The file once the edits are made; none of them is refused."""
    content, refused = edited(
        PATH, text.encode(encoding or "utf-8"), edits, encoding=encoding, header_row=header_row, width=width
    )
    assert {} == refused
    return content.decode(encoding or "utf-8")


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ("a,b,c", Edit(2, 1, "x"), "a,x,c"),
        ("a,b,c", Edit(2, 1, ""), "a,,c"),
        ('a,"b",c', Edit(2, 1, "x"), 'a,"x",c'),
        ('a,"b, ""b""",c', Edit(2, 2, "x"), 'a,"b, ""b""",x'),
        ("a,b,c", Edit(2, 1, 'x,"y"'), 'a,"x,""y""",c'),
        ("a,b,c", Edit(2, 1, "two\nlines"), 'a,"two\nlines",c'),
        ('a,="0012",c', Edit(2, 1, "0013"), 'a,="0013",c'),
        ('a,="0012",c', Edit(2, 1, "x,y"), 'a,"x,y",c'),
        ('"two\r\nlines",b,c', Edit(2, 2, "x"), '"two\r\nlines",b,x'),
        ("a,b,c", Edit(2, 0, " x"), '" x",b,c'),
    ],
)
def test_cell_is_written_as_the_file_writes_cells(before: str, edit: Edit, after: str) -> None:
    """In quotation marks where it had them or needs them; all other cells as they were."""
    head, tail = "H1, h2 ,H3\r\n", "\r\n x ,y,\r\n"

    assert head + after + tail == written(head + before + tail, edit)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_new_row_goes_below_and_a_new_column_behind(end: str) -> None:
    """The file ends with a line end where it did; blank lines stay blank; a line `sep=;` is no row."""
    edits = (Edit(1, 2, "C"), Edit(4, 2, "x"), Edit(5, 0, "5"), Edit(5, 2, "y"))

    assert f"sep=;\nA;B;C\n1;2;\n\n3;4;x{end or chr(10)}5;;y{end}" == written(
        f"sep=;\nA;B\n1;2;\n\n3;4{end}", *edits, width=2
    )


def test_header_row_may_be_below_others() -> None:
    """What stands above it is left alone."""
    assert "A title\nH1,H2,New\na,b,x\n" == written(
        "A title\nH1,H2\na,b\n", Edit(2, 2, "New"), Edit(3, 2, "x"), header_row=2, width=2
    )


def test_mark_and_byte_order_stay() -> None:
    """UTF-16 may be written either way round."""
    for mark, codec in (
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF8, "utf-8"),
    ):
        content, _ = edited(
            PATH, mark + "H1,H2\né,b\n".encode(codec), [Edit(2, 1, "ü")], encoding=None, header_row=1, width=2
        )
        assert mark + "H1,H2\né,ü\n".encode(codec) == content


def test_row_that_the_encoding_cannot_hold_is_left_alone() -> None:
    """All of it, and told; other rows are written."""
    content, refused = edited(
        PATH,
        "H1,H2\na,b\nc,d\n".encode("cp1252"),
        [Edit(2, 0, "x"), Edit(2, 1, "नमस्ते"), Edit(3, 1, "ü")],
        encoding="cp1252",
        header_row=1,
        width=2,
    )

    assert ("H1,H2\na,b\nc,ü\n", [2]) == (content.decode("cp1252"), [*refused])
    assert "UTF-8" in refused[2]


def test_what_could_not_be_written_back_is_not_written() -> None:
    """A file whose own bytes would change."""
    with pytest.raises(WorkbookError):
        edited(PATH, b"H1,H2\na,+AGE-\n", [Edit(2, 0, "x")], encoding="utf-7", header_row=1, width=2)
