"""The annotated workbook: the user's own file with its errors marked, valid input for the next run.

See docs/fixing.md, The annotated copy.

`annotation` says what is to be marked and written. `styled` does it to the user's own file, in a child process, with
`book` reading and writing it; `plain` writes a plain copy of the one sheet where that cannot be done. `base` keeps what
a copy was made from and where it goes, and `merge` compares a fixed copy with that and says what goes back.
"""
