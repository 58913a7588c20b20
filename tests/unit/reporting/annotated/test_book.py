"""What a copy cannot have."""

import io
import zipfile

import pytest

from bulk_onboard.reporting.annotated.book import unkept


def lost(**parts):
    """What is lost of a workbook with these parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with zipfile.ZipFile(stream) as archive:
        return unkept(archive)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("xl/vbaProject.bin", "", "macros"),
        ("xl/threadedComments/threadedComment1.xml", "", "the threads of comments (their text stays as notes)"),
        ("xl/ctrlProps/ctrlProp1.xml", "", "buttons and other form controls"),
        ("xl/slicers/slicer1.xml", "", "slicers"),
        ("xl/media/image1.emf", "", "pictures"),
        ("customXml/item1.xml", "", "custom XML data"),
        ("docMetadata/LabelInfo.xml", "", "the sensitivity label"),
        ("xl/drawings/drawing1.xml", '<xdr:sp macro="">', "text boxes and shapes"),
        ("xl/worksheets/sheet1.xml", "<x14:sparklineGroups>", "sparklines"),
        ("xl/worksheets/sheet1.xml", "<x14:conditionalFormattings>", "data bars and icon sets of Excel 2010 and later"),
        ("xl/worksheets/sheet1.xml", "<x14:dataValidations>", "drop-downs that take their words from another sheet"),
    ],
)
def test_it_is_named(name, content, expected):
    """Each by what people call it, once."""
    assert [expected] == lost(**{name: content, "xl/workbook.xml": ""})


def test_plain_workbook_loses_nothing():
    """Charts and pictures' frames are no shapes."""
    assert [] == lost(
        **{
            "xl/worksheets/sheet1.xml": "<worksheet><sheetData/></worksheet>",
            "xl/drawings/drawing1.xml": "<xdr:spPr><xdr:graphicFrame>",
            "xl/comments1.xml": "",
        }
    )
