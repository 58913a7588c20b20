"""What was done, on disk: one file of lines for all runs of a job (reliability.md 2).

The files, each knowing only those above it:

    codec    an entry as a line, and a line as an entry
    fold     the file's bytes as books, and where a torn tail begins
    tail     what a bad end of the file means, and which lines take its place
    disk     the door to the system calls that change a ledger
    lock     one run at a time
    reading  a ledger's bytes, for those who only read
    opening  a path becomes an open ledger: made new, or checked, bound and mended
    writer   lines reach the disk in groups, in a thread
    journal  the ledger as the stages see it
    verify   whether a ledger is sound
    story    what happened to one record
"""
