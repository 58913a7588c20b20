"""The child that reads a spreadsheet: bytes in, one sheet as text out (reliability.md 4.1, 4.2).

`answer` is its door, `transport` what goes through it. `container_kind` tells what the bytes are, `archive/` that they
may be unpacked. `spreadsheet` has `grid` load them with pandas, whose engine is calamine, and `xlsx/` and
`opendocument` `look` into the XML for what neither tells: errors, formulas without a result, codes that a format
shows of a number, what is hidden. `page` puts both together as columns of text, `choice` picks the one sheet that is
meant. `xlsx/extent` is asked when all that failed for want of memory: how far the cells `reach`, and how far the data.
"""
