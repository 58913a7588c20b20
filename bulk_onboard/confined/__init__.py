"""Work on a file that may be hostile is done by a child process with limits on memory and time.

    call      the parent's half: starts the child, gives it the request and the open file, returns the answer's pieces
              as they come, or raises one typed error
    __main__  the child's half: puts the limits on itself, imports the one module that does the work, and lets out
              nothing but an answer or one line of failure
    limits    the limits
    dialogue  for work in many small pieces: one child answers question after question

A module that is run so has one function, `answer(request: bytes, source: BinaryIO) -> Iterable[bytes]`. It calls
`shut_doors()` as soon as everything it needs is imported: from then on no file and no socket can be opened.
"""
