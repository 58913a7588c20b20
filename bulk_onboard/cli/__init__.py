"""The command line: one file per verb. Verbs import what they need inside, so `--help` stays quick."""
