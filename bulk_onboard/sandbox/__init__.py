"""The API on this machine: an independent second implementation of its document (docs/sandbox.md).

Nothing here is shared with the client, so that a misreading there cannot cancel out here.

    server          a socket of 127.0.0.1: bytes in, bytes out
    service         a request becomes an answer: quota, fault, credentials, operation, log
    control         what is under /_sandbox/
    call, answers   a request as the operations see it, and what the API answers
    operations      requirements, create, list, get, update, delete, download, number, link
    requirements    what the API asks for, and whether a create or an update has it
    records         records, documents, numbers, reviews
    state           what the API remembers, and the clock it shows
    quota           fixed window, sliding window, token bucket
    faults          what goes wrong now and then, by rate or by script
    behaviours      how the API differs from what one hopes for, all the time, and what other users do
    callbacks       what is sent when a review changes
    witness         looks for the intent of each create in the ledger
"""
