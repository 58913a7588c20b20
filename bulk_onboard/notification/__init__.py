"""What a run came to, told to the people who do not sit beside it.

Rule: a notification tells numbers of rows, files and commands, and nothing that stands in a row. It is sent once, and
whatever goes wrong with it is a sentence: it stops nothing and changes no exit status. The files:

    address          what an address is called without being shown; pure
    message          when one goes out, and what it says; pure
    webhook          the door to aiohttp: one POST of one JSON object
    services         what apprise knows, asked in a child process
    through_apprise  that child, the door to apprise
"""
