"""The child that reads a spreadsheet: bytes in, one sheet as text out (reliability.md 4.1, 4.2).

`answer` is its door, `transport` what goes through it. `container_kind` tells what the bytes are, `archive/` that they
may be unpacked. `spreadsheet` has `grid` let calamine read them, and `xlsx/` and `opendocument` `look` into the XML for
what calamine does not tell: errors, formulas without a result, codes that a format shows of a number, what is hidden. `page` puts
both together as rows of text, `choice` picks the one sheet that is meant. `xlsx/extent` is asked when all that failed
for want of memory: how far the cells `reach`, and how far the data.
"""
