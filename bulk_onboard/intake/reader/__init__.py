"""Read a spreadsheet or csv file in a confined child: bytes in, the columns of one sheet as text out.

    answer         the child from its request to its answer: opens the file, picks the sheet, sends its columns
    container      what kind of file the bytes are; the zip archive that most workbooks are
    xml            a look over every part before anything parses it; elements of the parts
    grid           pandas and calamine: the values of the cells
    xlsx           what calamine does not tell of an .xlsx: errors, formulas without a result, what is hidden
    number_format  what a number format shows of a number
    opendocument   what calamine does not tell of an .ods
    sheet_rows     values and what the XML told put together, as columns of text without blank rows

The parent's half is `intake.workbook`; `intake.transport` has what goes between the two.
"""
