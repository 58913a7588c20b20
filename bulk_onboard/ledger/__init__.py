"""What was done, on disk: one file of lines for all runs of a job.

See docs/design/ledger.md.

The files, each importing only those above it:

    codec      an entry as a line, and a line as an entry
    fold       the file's bytes as ledger state, and where a torn tail begins
    disk       the door to the system calls that a ledger needs
    lock       where a ledger may lie, and the lock that lets one run at a time write
    opening    a path becomes an open ledger: made new, or checked and its tail repaired
    journal    appends in groups, in a thread of its own; the ledger as the stages see it
    verify     whether a ledger is sound
    story      what happened to one record
    repair     a sound ledger made of a damaged one, in its place
    follow     a ledger that somebody else writes, as it grows
    hints      records that changed at the API, until they were read
    file_store a ledger in a file as the rest of the tool sees it
"""
