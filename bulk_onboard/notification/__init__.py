"""Tell people who do not sit beside a run how it ended.

Rule: a notification tells numbers of rows, files and commands, and nothing that stands in a row. It is sent once, and
whatever goes wrong with it is a sentence: it stops nothing and changes no exit status. The files:

    message   when a notification goes out, what it says, what addresses are called; pure
    sending   a plain webhook, and the services that apprise knows; the door to both libraries
"""
