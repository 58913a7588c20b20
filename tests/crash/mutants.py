"""The bugs that the crash tests must catch: each a small change of the package's syntax, and who notices it.

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
| link-intents | of a call's numbers only the first has an intent |
| link-window | a number's absence is believed at once, while its link is still on its way |
| link-report-place | a report is read by place, not by number |
| link-report-gap | a number that the report leaves out is taken for linked |
| link-count | without lines of a report `updated_count` is believed |
| contract | a ledger goes on in the other contract |
| document-id | the id of a document's type is part of its word, so a new id is new content |
| expiry | a row that was filed anew is taken for the expired record still, and filed once more |
| fence | what waited in a buffer leaves when a process wakes that slept past its lease |
| fence-first-byte | a call that never began is taken for one that may have arrived |
| tenure | nobody asks whether the ledger is still ours before bytes leave |
| lease-abort | calls in flight go on when the lease is over |
| lease-clock | a lease holds until the database says otherwise, which a sleeper does not hear in time |
| lease-zero | somebody else gets the ledger while its owner is in the middle of a call |
| lease-owner | who owned the ledger before still writes into it |
| lease-until | lines are written after the lease |
| late | what an owner was told after its lease is forgotten |

A mutant says where it is by the name of a function and by the shape of what stands there, so that files may be moved
and lines laid out anew. In a shape `_` stands for any expression. A shape that is an expression is looked for anywhere
in the function, statements are looked for one behind the other, of a dictionary the one entry, and a text within texts.
"""

from dataclasses import dataclass

RULES = "tests/crash/test_rules.py"
LINKS = "tests/crash/test_links.py::test_a_crash_at_any_step_of_links_leaves_each_number_linked_once"
REPORTS = (
    "tests/flows/test_links_in_bulk.py::test_whatever_the_report_looks_like_what_is_linked_is_known_and_linked_once"
)
CONTRACTS = "tests/flows/test_contracts.py"
STORES = "tests/unit/ledger/database"
TWO_OWNERS = "tests/cluster/test_two_owners.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: what is put in the place of what, and the tests that must fail then.

    Attributes:
        place: the function, or the table, by its qualified name within its module, whichever that is.
        shape: what stands there, once.
        instead: what is put there.
        caught_by: as pytest is told.
        needs_database: whether these tests need a PostgreSQL server.
    """

    name: str
    place: str
    shape: str
    instead: str
    caught_by: str
    needs_database: bool = False


MUTANTS = (
    Mutant(
        "fsync",
        "FileWriter._commit",
        "self._disk.fsync(_)",
        "None",
        f"{RULES}::test_what_was_sent_is_known_after_a_power_failure",
    ),
    Mutant(
        "intent",
        "Journaled.send",
        "await self._journal.append_all(intents(loaded))\noutcome = await self._inner.send(loaded)",
        "outcome = await self._inner.send(loaded)\nawait self._journal.append_all(intents(loaded))",
        f"{RULES}::test_an_intent_is_in_the_ledger_when_its_create_arrives",
    ),
    Mutant(
        "intent-torn",
        "QueuedJournal.append_all",
        "await durable",
        "(await asyncio.sleep(0), durable.cancel())",
        f"{RULES}::test_an_intent_is_in_the_ledger_when_its_create_arrives",
    ),
    Mutant(
        "window",
        "Settler._is_ripe",
        "_ - unknown.since >= self._settle_s",
        "True",
        f"{RULES}::test_what_a_crash_left_behind_is_found_when_it_shows_late",
    ),
    Mutant(
        "orphans",
        "Runner._settler",
        "self.orphans_since",
        "self.orphans_since - self.settle_s",
        f"{RULES}::test_what_a_crash_left_behind_is_found_when_it_shows_late",
    ),
    Mutant(
        "control",
        "Control.of_filter",
        "Controlled(why_not=NOT_SHOWN)",
        "Controlled(found=known.token)",
        f"{RULES}::test_a_list_that_never_shows_what_exists_is_not_believed",
    ),
    Mutant(
        "lock",
        "LedgerLock._is_taken",
        "fcntl.flock(_, _)",
        "None",
        f"{RULES}::test_of_two_runs_at_a_time_one_is_turned_away",
    ),
    Mutant(
        "alias",
        "Settler._look",
        "matches.get(_)",
        "next(iter(matches.values()), ())",
        f"{RULES}::test_with_the_filter_ignored_only_its_own_record_is_adopted",
    ),
    Mutant(
        "token",
        "token_in",
        "match[1].lower()",
        "match[1]",
        f"{RULES}::test_a_record_is_known_by_its_token_however_its_alias_is_kept",
    ),
    Mutant(
        "read-back",
        "Creator._keeps",
        "_ <= _.alias_kept",
        "True",
        f"{RULES}::test_a_first_record_that_loses_its_token_is_the_last",
    ),
    Mutant(
        "walk",
        "_Pass.to_the_end",
        "link is None and self.joint and _ and _",
        "False",
        "tests/unit/pipeline/test_walk.py",
    ),
    Mutant(
        "audit",
        "_audit",
        "left_s > 0",
        "False",
        f"{RULES}::test_the_audit_looks_when_the_youngest_create_is_as_old_as_the_window",
    ),
    Mutant(
        "older",
        "decide",
        "judged.fingerprint in record.replaced",
        "False",
        "tests/flows/test_older_content.py::test_older_sheet_sends_nothing_and_ends_with_3",
    ),
    Mutant(
        "number",
        "_OF_SOME_WRITES",
        "'registration_token'",
        "'alias'",
        "tests/flows/test_identity.py::test_key_reused_for_another_business",
    ),
    Mutant(
        "lost",
        "_adopt_what_is_there",
        "(blind or bool(found)) and _",
        "False",
        "tests/flows/test_unknown_outcomes.py"
        "::test_a_ledger_lost_right_after_a_kill_waits_out_the_window_before_it_creates",
    ),
    Mutant(
        "backup",
        "LedgerJournal.__init__",
        "not is_new and _ < _",
        "False",
        "tests/flows/test_odd_servers.py::test_a_backup_that_was_put_back_is_noticed_and_what_it_forgot_is_adopted",
    ),
    Mutant(
        "stranger",
        "HttpGateway._owner_by_ledger_or_list",
        "_ if owner is None else owner",
        "owner",
        "tests/flows/test_odd_servers.py::test_a_create_answered_with_a_strangers_id_links_no_number_to_it",
    ),
    Mutant(
        "abort",
        "Attempt.abort",
        "reset(_)",
        "None",
        "tests/http/test_giving_up.py",
    ),
    Mutant(
        "header-flag",
        "_tracing.raise_headers_sent",
        "_.headers_sent = True",
        "context.trace_request_ctx.headers_sent = False",
        f"{RULES}::test_a_lost_answer_makes_no_second_record",
    ),
    Mutant(
        "blind-retry",
        "may_be_repeated",
        "not isinstance(call, Write)",
        "True",
        f"{RULES}::test_a_lost_answer_makes_no_second_record",
    ),
    Mutant(
        "replay",
        "TRANSITIONS",
        '{"run_started": State.UNCERTAIN}',
        '{"run_started": State.DEFERRED}',
        f"{RULES}::test_what_a_crash_left_behind_is_found_when_it_shows_late",
    ),
    Mutant(
        "link-intents",
        "intents",
        "call.targets",
        "call.targets[:1]",
        f"{LINKS}[released-fair]",
    ),
    Mutant(
        "link-window",
        "Settler._is_ripe",
        "is_answered or _",
        "bool(unknown.subject.number)",
        f"{LINKS}[released-late-apply]",
    ),
    Mutant(
        "link-report-place",
        "Released.linked",
        "_number_in(_)",
        "dict(zip(map(id, rows), [target.number for target in call.targets])).get(id(row), '')",
        f"{REPORTS}[report-reordered]",
    ),
    Mutant(
        "link-report-gap",
        "_agreed",
        "LinkAnswer(None)",
        "LinkAnswer(True)",
        f"{REPORTS}[report-omits-one]",
    ),
    Mutant(
        "link-count",
        "Released.linked",
        "_agreed(_)",
        "_agreed(said.get(number, {LinkAnswer(True)} if body.get('updated_count') and not rows else set()))",
        f"{REPORTS}[counts-only]",
    ),
    Mutant(
        "contract",
        "check_contract",
        "_ not in (None, _)",
        "False",
        f"{CONTRACTS}::test_ledger_of_one_contract_is_not_taken_on_in_another",
    ),
    Mutant(
        "document-id",
        "_document",
        "_one_word(_)",
        "_one_word(f\"{title} {shown['document_type_id'][:8]}\")",
        f"{CONTRACTS}::test_new_ids_of_all_document_types_send_nothing_again",
    ),
    Mutant(
        "expiry",
        "LedgerState.successors",
        "{record.follows: record.token for record in _ if record.follows}",
        "{}",
        "tests/flows/test_expired.py::test_row_is_filed_anew_once_for_each_expiry",
    ),
    Mutant(
        "fence",
        "_FencedSocket.send",
        "not self.fence()",
        "False",
        "tests/http/test_fence.py::test_every_look_is_heeded",
    ),
    Mutant(
        "fence-first-byte",
        "Attempt._check_fitness",
        "is_unfit or self.is_fenced",
        "is_unfit",
        "tests/http/test_fence.py::test_no_call_begins_once_the_lease_is_over",
    ),
    Mutant(
        "tenure",
        "_Tenure.holds",
        "self._lease is None or self._lease.holds()",
        "True",
        f"{TWO_OWNERS}::test_who_sleeps_past_its_lease_in_mid_body_sends_not_a_byte_when_it_wakes",
        needs_database=True,
    ),
    Mutant(
        "lease-abort",
        "_Tenure._end",
        "client.abort()",
        "None",
        "tests/flows/test_lease.py::test_calls_in_flight_are_given_up_and_nothing_more_is_sent",
        needs_database=True,
    ),
    Mutant(
        "lease-clock",
        "DatabaseLease.holds",
        "_ >= self._until",
        "False",
        f"{STORES}/test_trouble.py::test_a_machine_that_slept_past_its_lease_has_lost_it",
        needs_database=True,
    ),
    Mutant(
        "lease-zero",
        "claim",
        "[account, owner, _, whose.ledger, whose.job, _]",
        "[account, owner, 0, whose.ledger, whose.job, 0]",
        f"{TWO_OWNERS}::test_while_its_owner_is_in_the_middle_of_a_call_nobody_else_gets_the_ledger",
        needs_database=True,
    ),
    Mutant(
        "lease-owner",
        "insert",
        "'account.owner = mine.owner and '",
        "''",
        f"{STORES}/test_store.py::test_nothing_is_written_once_somebody_else_owns_it",
        needs_database=True,
    ),
    Mutant(
        "lease-until",
        "insert",
        "'and account.until > clock_timestamp()'",
        "''",
        f"{STORES}/test_store.py::test_nothing_is_written_after_the_lease",
        needs_database=True,
    ),
    Mutant(
        "late",
        "Settler._absence",
        "self._journal.late.get(_, _)",
        "()",
        "tests/unit/pipeline/test_settle_late.py::test_what_the_api_created_and_does_not_show_is_held",
    ),
)
