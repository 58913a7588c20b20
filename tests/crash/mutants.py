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
| token | an alias that the API folded is taken for another's, so its record counts as absent |
| read-back | row after row is sent though the API keeps no token, by which none of them can be found again |
| walk | a record that slipped from one page to another while others deleted some is never seen |
| audit | the final look comes before a late create can show |
| older | a sheet from before a correction overwrites what was corrected since |
| number | a business under another Key is taken for another business, and filed a second time |
| lost | a run that found no ledger files what another one still has on its way |
| backup | an older ledger that was put back is taken for the newest |
| stranger | a create that is answered with a listed stranger's id is believed |
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
        "began - unknown.since >= self._settle_s",
        "began - unknown.since >= 0",
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
        "                return Controlled(why_not=NOT_SHOWN)\n        return Controlled(why_not=NOT_SHOWN if tried",
        "                return Controlled(found=known.token)\n        return Controlled(why_not=NOT_SHOWN if tried",
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
        "submission/settle.py",
        "matches.get(record.token, ())",
        "next(iter(matches.values()), ())",
        f"{RULES}::test_with_the_filter_ignored_only_its_own_record_is_adopted",
    ),
    Mutant(
        "token",
        "model/identity.py",
        'return match[1].lower() if match else ""',
        'return match[1] if match else ""',
        f"{RULES}::test_a_record_is_known_by_its_token_however_its_alias_is_kept",
    ),
    Mutant(
        "read-back",
        "submission/create.py",
        "        if self._keeps(decision):\n            return await self._send(decision)\n        async with",
        "        if decision:\n            return await self._send(decision)\n        async with",
        f"{RULES}::test_a_first_record_that_loses_its_token_is_the_last",
    ),
    Mutant(
        "walk",
        "submission/walk.py",
        "if link is None and self.joint and not self.seen.intersection(ids) and page is not _TOO_LARGE:",
        "if False:",
        "tests/unit/submission/test_walk.py",
    ),
    Mutant(
        "audit",
        "pipeline/sending.py",
        "    if left_s > 0:\n        run.waiting",
        "    if False:\n        run.waiting",
        f"{RULES}::test_the_audit_looks_when_the_youngest_create_is_as_old_as_the_window",
    ),
    Mutant(
        "older",
        "planning/decide.py",
        "record is not None and judged.fingerprint in record.replaced",
        "record is not None and False",
        "tests/pipeline/test_older_content.py::test_older_sheet_sends_nothing_and_ends_with_3",
    ),
    Mutant(
        "number",
        "submission/journaled.py",
        '"number", "seen_at", "registration_token")',
        '"number", "seen_at")',
        "tests/pipeline/test_identity.py::test_key_reused_for_another_business",
    ),
    Mutant(
        "lost",
        "pipeline/knowing.py",
        "    looked_twice = (blind or bool(found)) and run.plan().has_due(Action.CREATE)",
        "    looked_twice = False",
        "tests/pipeline/test_unknown_outcomes.py"
        "::test_a_ledger_lost_right_after_a_kill_waits_out_the_window_before_it_creates",
    ),
    Mutant(
        "backup",
        "ledger/journal.py",
        "not is_new and ledger.folded.books.seq < lock.highest_seq",
        "False",
        "tests/pipeline/test_odd_servers.py::test_a_backup_that_was_put_back_is_noticed_and_what_it_forgot_is_adopted",
    ),
    Mutant(
        "stranger",
        "api/gateway.py",
        "return self._listed.get(compliance_id) if owner is None else owner",
        "return owner",
        "tests/pipeline/test_odd_servers.py::test_a_create_answered_with_a_strangers_id_links_no_number_to_it",
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
