"""The command line: one file per verb (design.md 7). Verbs import what they need inside, so `--help` stays quick."""
