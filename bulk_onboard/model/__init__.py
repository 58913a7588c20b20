"""What the stages share, as frozen types and tables; pure: no file, socket, clock, loop or dice."""
