"""The bugs that the crash tests must catch: each a small change of the package's text, and who notices it.

| mutant | the bug |
|---|---|
| fsync | an intent is called written before the disk has it; a power failure takes it, and the row is sent again |
| intent | the bytes leave first; a crash between them leaves a record that nobody knows of |
| intent-torn | the caller goes on before the line is written: the same, in a shorter while |
| window | absence is believed at the first look, while the record is still on its way, or not listed yet |
| orphans | W is not waited out for what an earlier process left behind |
| control | a list that does not show what exists is believed all the same |
| lock | two runs work on one ledger, and each sends every row |
| alias | whatever the list answers is taken for the record that was asked for |
| abort | an attempt that was given up goes on sending, beyond W |
| header-flag | a call that was on its way is taken for unsent, and sent again |
| blind-retry | a create whose outcome is unknown is sent again at once |
| replay | a row found *sending* at start-up counts as not sent |
"""

from dataclasses import dataclass

RULES = "tests/crash/test_rules.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: in which file, what stands there, what is put in its place, and the tests that must fail then."""

    name: str
    file: str
    text: str
    instead: str
    caught_by: str


MUTANTS = (
    Mutant(
        "fsync",
        "ledger/writer.py",
        "        self._disk.fsync(self._fd)\n        self._size += len(lines)",
        "        self._size += len(lines)",
        f"{RULES}::test_what_was_sent_is_known_after_a_power_failure",
    ),
    Mutant(
        "intent",
        "submission/journaled.py",
        "        await self._journal.append(intent(loaded))\n        outcome = await self._inner.send(loaded)",
        "        outcome = await self._inner.send(loaded)\n        await self._journal.append(intent(loaded))",
        f"{RULES}::test_an_intent_is_in_the_ledger_when_its_create_arrives",
    ),
    Mutant(
        "intent-torn",
        "ledger/journal.py",
        "        await durable\n",
        "        await asyncio.sleep(0)\n        durable.cancel()\n",
        f"{RULES}::test_an_intent_is_in_the_ledger_when_its_create_arrives",
    ),
    Mutant(
        "window",
        "submission/settle.py",
        "waited_s >= self._settle_s:",
        "waited_s >= 0:",
        f"{RULES}::test_what_a_crash_left_behind_is_found_when_it_shows_late",
    ),
    Mutant(
        "orphans",
        "submission/runner.py",
        "self._aborted_at.get(token, self.orphans_since)",
        "self._aborted_at.get(token, self.orphans_since - self.settle_s)",
        f"{RULES}::test_what_a_crash_left_behind_is_found_when_it_shows_late",
    ),
    Mutant(
        "control",
        "submission/control.py",
        'return Controlled(why_not="the list does not show a record that is known to exist")',
        "return Controlled(found=known.name, made_at=known.made_at)",
        f"{RULES}::test_a_list_that_never_shows_what_exists_is_not_believed",
    ),
    Mutant(
        "lock",
        "ledger/lock.py",
        "            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
        f"{RULES}::test_of_two_runs_at_a_time_one_is_turned_away",
    ),
    Mutant(
        "alias",
        "submission/lookup.py",
        "        if record.alias in wanted:\n            wanted[record.alias]",
        "        for alias in wanted:\n            wanted[alias]",
        f"{RULES}::test_with_the_filter_ignored_only_its_own_record_is_adopted",
    ),
    Mutant(
        "abort",
        "api/sockets.py",
        "            _abort(sock)\n",
        "            pass\n",
        "tests/http/test_giving_up.py",
    ),
    Mutant(
        "header-flag",
        "api/client.py",
        "context.trace_request_ctx.headers_sent = True",
        "context.trace_request_ctx.headers_sent = False",
        f"{RULES}::test_a_lost_answer_makes_no_second_record",
    ),
    Mutant(
        "blind-retry",
        "submission/retrying.py",
        "isinstance(outcome, outcomes.Unresolved) and not isinstance(call, Write)",
        "isinstance(outcome, outcomes.Unresolved)",
        f"{RULES}::test_a_lost_answer_makes_no_second_record",
    ),
    Mutant(
        "replay",
        "model/life.py",
        '"run_started": State.UNCERTAIN,',
        '"run_started": State.DEFERRED,',
        f"{RULES}::test_what_a_crash_left_behind_is_found_when_it_shows_late",
    ),
)

UNTOUCHED = Mutant(
    "none",
    "__init__.py",
    "__version__",
    "__version__",
    f"{RULES}::test_an_intent_is_in_the_ledger_when_its_create_arrives",
)
