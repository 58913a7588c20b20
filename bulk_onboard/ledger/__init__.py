"""What was done, on disk: one file of lines for all runs of a job.

See docs/design/ledger.md.

The files, each knowing only those above it:

    codec    an entry as a line, and a line as an entry
    fold     the file's bytes as books, and where a torn tail begins
    doubt    what a line that was lost to damage may have announced
    tail     what a bad end of the file means, and which lines take its place
    disk     the door to the system calls that a ledger needs
    reading  a ledger's bytes, for those who only read
    place    where a ledger may lie, and who may go on with it
    lock     one run at a time
    opening  a path becomes an open ledger: made new, or checked, bound and mended
    writer   lines reach the disk in groups, in a thread
    journal  the ledger as the stages see it
    verify   whether a ledger is sound
    story    what happened to one record
    remains  what is left of a damaged ledger, sorted out
    salvage  a sound ledger made of that, and what is in doubt in it
    repair   the salvaged ledger takes the damaged one's place
"""
