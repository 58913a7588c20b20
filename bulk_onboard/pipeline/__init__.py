"""The only place where the stages meet (design.md 3, rule 1): one file per thing a verb asks for."""
