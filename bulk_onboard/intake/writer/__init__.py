"""Write cells into the user's own workbook, with every other byte of it left as it is, in a confined child.

`worksheet` does it to the XML of an .xlsx or .xlsm, so that macros, drop-downs, pictures and whatever else a library
would lose stay what they are; `delimited` to a csv. `answer` is the child.
"""
