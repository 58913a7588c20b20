"""The command line: a file for each family of verbs. They import what they need inside, so `--help` stays quick."""
