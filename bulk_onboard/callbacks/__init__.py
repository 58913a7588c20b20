"""Receive what the API sends when a review changes, and keep it as a hint until the record was read.

A callback is only a hint: whatever it says, the review in the ledger is what a GET of the record answered. Each file
knows only those above it:

    callback   one request: what it says, who signed it, how it is answered, which record it is about; pure
    hints      the folder beside the ledger in which hints wait
    listener   the HTTP server (aiohttp) that receives requests and answers them
"""
