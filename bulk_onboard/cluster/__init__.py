"""Accounts on several machines: tasks in the database, workers that work them off, and who hands over and follows.

The ledger keeps its promises without any of this. A task may be run again at any time, by anybody, and a worker that
was only asleep may go on: what is sent twice, or not at all, is decided by ledger and lease alone. Here it is only said
who runs which account when (`rules`), kept where it outlives every process (`tasks`), done (`worker`), and shown
(`client`). `engine` is the one door to Procrastinate.
"""
