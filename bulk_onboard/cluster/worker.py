"""A worker: one process that works tasks off, each a run of one account."""
