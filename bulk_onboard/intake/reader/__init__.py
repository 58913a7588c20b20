"""The child that reads a spreadsheet: bytes in, one sheet as text out (reliability.md 4.1, 4.2).

`answer` is its door. `file_type` tells what the bytes are, `container` that they may be unpacked, `grid` has calamine
read them, `second_look` and `opendocument` find in the XML what calamine does not tell (errors, formulas without a
result, what is hidden), `page` puts both together as rows of text, `choice` picks the one sheet that is meant.
`extent` is asked when all that failed for want of memory: how far the cells `reach`, and how far the data.
"""
