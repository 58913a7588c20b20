"""The annotated workbook: the user's own file with its troubles marked, valid input for the next run.

See README.md, Fixing it.

`annotation` says what is to be marked and written, `copy` does it to the user's file in a child process, `plain` to a
plain copy of the one sheet where that cannot be done, and `place` says where it goes.
"""
