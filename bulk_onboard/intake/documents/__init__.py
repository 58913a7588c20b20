"""The documents folder and what is in its files: facts, never a guess."""
