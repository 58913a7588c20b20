"""Write cells into the user's own workbook, with every other byte of it left as it is, in a confined child.

`xlsx` does it to an .xlsx or .xlsm, so that macros, drop-downs, pictures and whatever else a library would lose stay as
they are; `text` to a csv. `answer` is the child; `intake.transport` has what goes between it and its parent.
"""
