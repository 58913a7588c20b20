"""Ledgers in PostgreSQL, which several machines see: the same lines as in a file, in tables.

See docs/design/ledger.md, In a database. This folder is the door to psycopg. Its files, each importing only those
above it:

    address     what an address may be, and what libpq is told
    lease       for how long an owner may write and send; all durations
    statements  the tables, and every statement
    trouble     what an error means, for people
    checks      whether a server is fit to keep ledgers
    link        the one connection of the process, in a thread of its own
    hints       what was heard of records and not read yet
    follow      a ledger while somebody else writes it
    store       a ledger as the rest of the tool sees it
"""
