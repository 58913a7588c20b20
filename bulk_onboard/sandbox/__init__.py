"""The API on this machine, in both of its contracts: an independent second implementation (docs/sandbox.md).

Nothing here is shared with the client, so that a misreading there cannot cancel out here.

    server          a socket of 127.0.0.1: bytes in, bytes out
    accounts        whose a request is, and who may call
    account         a request of one account becomes an answer: quota, fault, operation, log
    control         what is under /_sandbox/
    call, answers   a request as the operations see it, and what the API answers
    operations      what is done to records: requirements, create, list, get, update, delete, download
    numbers         what is done to numbers: shown, listed, linked one by one and in bulk
    contract        what differs between the two contracts, an interface; the rest is common to both
    beta            the contract of the API's document
    released        the released contract, and what it asks for (released_requirements)
    checks          checks that both make of what is sent
    openapi         the OpenAPI documents, made from the tables of all these, with beta_schemas, released_schemas
    records         records, documents, numbers, reviews
    state           what an account has, and the clock it shows
    quota           fixed window, sliding window, token bucket
    faults          what goes wrong now and then, by rate or by script
    behaviours      how the API differs from what one hopes for, all the time
    others          what other users of the account do
    callbacks       what is sent when a review changes
    witness         looks for the intents of creates and links in the ledger
"""
