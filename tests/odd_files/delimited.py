"""Odd csv files."""

import csv
import io
from collections.abc import Sequence

from tests.odd_files.odd import HEADERS, Make, Odd, good

LINE = ",".join(HEADERS)


def table(*rows: Sequence[object], delimiter: str = ",", end: str = "\r\n") -> str:
    """The headers and rows as csv."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator=end).writerows([HEADERS, *rows])
    return written.getvalue()


def kept(content: str | bytes, encoding: str = "utf-8") -> Make:
    """The text in an encoding."""
    return lambda: content.encode(encoding) if isinstance(content, str) else content


PLAIN = table(good())
ROOM = PLAIN.replace("1 Sample Road", '"1 Sample Road\r\nSecond floor"')

DELIMITED = (
    # -- encodings
    Odd("utf8.csv", "UTF-8 with names of India", kept(table(good(Business_Name="ಕಾಲ್ಪನಿಕ"))),
        reads={"2 Business Name": "ಕಾಲ್ಪನಿಕ"}),
    Odd("utf8_mark.csv", "UTF-8 with its mark", kept(PLAIN, "utf-8-sig")),
    Odd("utf16_le.csv", "UTF-16 as Excel's Unicode Text",
        kept(b"\xff\xfe" + table(good(), delimiter="\t").encode("utf-16-le"))),
    Odd("utf16_be.csv", "UTF-16 the other way round", kept(b"\xfe\xff" + PLAIN.encode("utf-16-be"))),
    Odd("utf16_unmarked.csv", "UTF-16 without a mark", kept(PLAIN, "utf-16-le"), refused="utf-16-le"),
    Odd("cp1252.csv", "the encoding of Windows, not said", kept(table(good(Business_Name="Café")), "cp1252"),
        refused="--encoding"),
    Odd("cp1252_said.csv", "the same, and the user says so", kept(table(good(Business_Name="Café")), "cp1252"),
        flags={"encoding": "cp1252"}, reads={"2 Business Name": "Café"}),
    Odd("unknown_encoding.csv", "an encoding that there is not", kept(PLAIN), flags={"encoding": "utf-9"},
        refused="utf-9"),
    Odd("torn_utf8.csv", "cut in the middle of a character", kept(table(good(Business_Name="Cafés")).encode()
        .replace("é".encode(), b"\xc3")), refused="--encoding"),
    # -- delimiters
    Odd("semicolons.csv", "semicolons, as Excel writes in much of Europe", kept(table(good(), delimiter=";"))),
    Odd("tabs.tsv", "tabs", kept(table(good(), delimiter="\t"))),
    Odd("pipes.csv", "pipes", kept(table(good(), delimiter="|"))),
    Odd("one_column.csv", "one column, in which csv.Sniffer finds the delimiter e", kept("Reference\r\nfreelance\r\n"),
        refused="missing"),
    Odd("sep.csv", "a first line that names the delimiter, which Excel takes for itself and does not count",
        kept("sep=;\r\n" + table(good(), delimiter=";"))),
    Odd("commas_in_cells.csv", "more semicolons than commas in a cell",
        kept(table(good(Address_Line_1="a;b;c;d, e;f;g;h;i;j;k;l;m;n;o;p"))),
        reads={"2 Address Line 1": "a;b;c;d, e;f;g;h;i;j;k;l;m;n;o;p"}),
    # -- quotation marks
    Odd("open_quote.csv", "a quotation mark that is never closed",
        kept(table(good(1), good(2)).replace("1 Sample Road", '"1 Sample Road', 1)), refused="Line 2"),
    Odd("swallowing_quote.csv", "a quotation mark that is closed rows later",
        kept(table(*map(good, range(1, 6))).replace("1 Sample Road", '"1 Sample Road', 1)
             .replace("3 Sample Road", '3 Sample Road"', 1)), refused="Line 2"),
    Odd("address_of_two_lines.csv", "an address over two lines, properly quoted", kept(ROOM),
        finds=["line-break 2 Address Line 1"]),
    Odd("quotes_in_cells.csv", "quotation marks within a name",
        kept(table(good(Business_Name='The "Invented" Traders'))),
        reads={"2 Business Name": 'The "Invented" Traders'}),
    Odd("text_after_quote.csv", "text after the closing quotation mark",
        kept(PLAIN.replace("Bengaluru", '"Benga"luru')), refused="Line 2"),
    # -- shapes
    Odd("too_many_cells.csv", "a comma in an address that nobody quoted",
        kept(PLAIN.replace("1 Sample Road", "1 Sample Road, Block 2")), refused="line 2"),
    Odd("too_few_cells.csv", "a row that ends early", kept(f"{LINE}\r\n" + ",".join(map(str, good()[:-1])) + "\r\n"),
        refused="line 2"),
    Odd("trailing_commas.csv", "every row ends in a comma too many", kept(PLAIN.replace("\r\n", ",\r\n"))),
    Odd("old_mac.csv", "lines that end in CR alone", kept(table(good(1), good(2), end="\r")), rows=(2, 3)),
    Odd("mixed_ends.csv", "lines that end each in another way",
        kept(table(good(1), good(2), good(3)).replace("\r\n", "\n", 2)), rows=(2, 3, 4)),
    Odd("no_last_end.csv", "no line end after the last row", kept(PLAIN.removesuffix("\r\n"))),
    Odd("blank_lines.csv", "blank lines, and lines of commas, between rows",
        kept(table(good(1)) + "\r\n" + "," * 13 + "\r\n" + table(good(2)).partition("\r\n")[2]), rows=(2, 5)),
    Odd("only_headers.csv", "headers and nothing below", kept(LINE), rows=()),
    Odd("only_mark.csv", "nothing but the mark of UTF-8", kept(b"\xef\xbb\xbf"), refused="anything"),
    Odd("only_blanks.csv", "nothing but blank lines", kept("\r\n \r\n,,,\r\n"), refused="anything"),
    Odd("nothing.csv", "0 bytes", kept(b""), refused="empty (0 bytes)"),
    Odd("nul.csv", "NUL within a cell", kept(PLAIN.replace("Bengaluru", "Benga\0luru")), refused="NUL"),
    Odd("long_cell.csv", "a cell of 200,000 characters", kept(table(good(Business_Name="x" * 200_000))),
        finds=["field-too-long 2 Business Name"]),
    Odd("many_rows.csv", "200,001 rows", kept(LINE + "\r\n" + "x\r\n" * 200_001), refused="200,000"),
    Odd("wrapped.csv", "a text wrapped so that Excel keeps its zeros", kept(table(good(Key='="00123"'))),
        finds=["unwrapped-text 1"], reads={"2 Key": "00123"}),
    Odd("page.csv", "a web page called csv", kept("<!DOCTYPE html><html><body>Sign in</body></html>"),
        refused="web page"),
    Odd("power.csv", "what Excel made of a long number when it wrote the csv",
        kept(table(good(Registration_Number="1.23457E+11"))), finds=["digits-lost 2 Registration Number"]),
    Odd("error.csv", "#N/A, as Excel writes it into csv", kept(table(good(City="#N/A"))), finds=["cell-error 2 City"]),
)  # fmt: skip
