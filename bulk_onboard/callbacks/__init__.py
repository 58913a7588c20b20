"""What the API sends when a review changes: taken in, verified, and kept as a hint until somebody reads the record.

Rule: an event is only a hint. Whatever it says, the review in the ledger is what a get of the record answered
(reliability.md 5.7). The files, each knowing only those above it:

    callback   a request that arrived, and the parameters it carries; pure
    signature  whether the account signed it (V3, and its main-account variant); pure
    hint       which record it is about; pure
    nonces     which signed requests came before
    reception  what a request is answered, and whether it is a hint; pure but for the nonces
    spool      the door to the file in which hints wait
    keeping    hints reach that file in groups
    listener   the door to aiohttp: a socket, requests in, a word out
"""
