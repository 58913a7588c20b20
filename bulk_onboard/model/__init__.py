"""The words of the design as frozen types; pure: no file, socket, clock, loop or dice."""
