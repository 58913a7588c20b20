"""What the API sends when a review changes: verified, and kept as a hint until somebody has read the record.

Rule: an event is only a hint. Whatever it says, the review in the ledger is what a get of the record answered. The
files, each knowing only those above it:

    callback   a request that arrived: what it says, who signed it, what it is answered, which record it is about; pure
    hints      the folder in which hints wait, beside the ledger
    listener   the door to aiohttp: a socket, requests in, a word out
"""
