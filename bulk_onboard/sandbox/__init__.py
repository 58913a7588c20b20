"""The API on this machine: an independent second implementation of its document (compliance-api.txt, wire.md).

Nothing here is shared with the client, so that a misreading there cannot cancel out here. The files:

    server        the door to aiohttp: a socket on 127.0.0.1, bytes in, bytes out
    service       a request that arrived becomes an answer: quota, fault, credentials, operation, log
    routes        which path and method mean which operation
    operations    what each operation does: requirements, create, list, get, update, delete, download, number, link
    form          the multipart body of create and update
    validation    what the API demands of a create or an update
    requirements  what India offers and asks for
    paging        the filters and pages of a list
    behaviours    how the API may behave other than hoped, all the time
    keeping       what is kept of what was sent
    others        records of strangers, and what other people do between the pages of a list
    record        a compliance record and its documents, and how the API shows them
    number        the numbers the account rents, and what may be linked to them
    state         what the API remembers
    duplicates    records that should have been one
    reviews       the robot that reviews by magic words
    callbacks     what is sent when a review changes, and what may go wrong with it
    sender        the door to aiohttp's client: callbacks go out
    quota         fixed window, sliding window, token bucket
    faults        what may go wrong, by rate or by script
    credentials   who may call
    answers       what the API says, and its error codes
    call          a request as the operations see it
    witness       looks for the intent of each create in the ledger
    log           the requests that came, for tests to assert on
    control       what stands under /_sandbox/
    instants      the sandbox's own time, and the clock that it shows
"""
