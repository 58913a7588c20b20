"""The documents folder and what is in its files: facts, never a guess (reliability.md 4.4)."""
