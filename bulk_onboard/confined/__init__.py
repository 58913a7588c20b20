"""Work that a hostile file could blow up is done by a child process within limits (reliability.md 4).

The parent half is `call.py`: it starts the child, hands it the request and the open file, and gives back the answer's
pieces as they come, or one typed error. The child half is `__main__.py`: it puts the limits on itself, imports the one
module that does the work, and lets nothing but an answer or one line of failure out. `limits.py` are the limits.
`dialogue.py` is for work that comes in many small pieces: one child answers question after question.

A module that is run so has one function, `answer(request: bytes, source: BinaryIO) -> Iterable[bytes]`. It calls
`shut_doors()` as soon as everything it needs is imported: from then on no file and no socket can be opened.
"""
