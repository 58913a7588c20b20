"""What the stages share, as frozen types and tables.

Pure: no file, socket, clock, loop or dice.
"""
