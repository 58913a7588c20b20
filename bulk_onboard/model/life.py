"""A record's life: the one table of legal steps, and what each changes.

See docs/design/ledger.md, A record's life.

Everything that moves a record from one state to another stands in `TRANSITIONS`. `step` looks it up; a step that is not
in the table raises and changes nothing.

A write is journaled as intent, then outcome. In between the record is *sending*; a *sending* record that a new run
finds becomes *uncertain*, since its process died before the outcome was written. From *uncertain* no step leads to
another intent except through settling: `adopted` (it was found), `absent` (it was proved not to have happened) or
`held`. So two creates of one record would need a wrong line in this table.

An intent to create starts from *pending* or *deferred* only. Rows that were invalid or refused come back through
`admitted`, when a run takes them in again. A refusal that had to be settled first, or that every attempt met, is
written once the write is known not to have happened: `refused` then starts from *uncertain*, *deferred* or *submitted*.

Update and delete start from *submitted* and lead back to it: a record stays submitted when its update is refused, which
may be without a call.

A link is about one number of a record, and moves that number alone, by the table `LINKAGES`: several of them may be
under way at a time, and the record stays where it is. So the record's table says only where a record is while a link
begins, or ends: a call that waited for its turn begins though its record was found *gone* meanwhile, and one that is
under way ends whatever has become of the record. A number may be found linked, or be held, without a call.

A submitted record that the API does not have any more is *gone*. It is submitted again when the API shows it again, or
another one with its token, which a run with a copy of the ledger filed; otherwise a person decides whether to file it
anew.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import STATE_ERRORS, AnyEntry, Entry, Op, OpEntry, Resolved, WriteEntry
from bulk_onboard.model.record import (
    UNDER_REVIEW,
    UNDER_WAY,
    Draft,
    Linkage,
    Linking,
    Record,
    Review,
    State,
    draft_of,
    finish,
    replaced_by,
)

D = TypeVar("D", bound=Draft)

_COME_IN = {"admitted": State.NOT_SENT, "row_invalid": State.INVALID}
_FOUND_AT_THE_API = {"adopted create": State.SUBMITTED, "held create": State.HELD}


def _outcomes(op: Op, *, done: State, refused: State, unsent: State) -> dict[str, State]:
    """Return where the outcomes of one write lead from *sending*."""
    return {
        f"done {op}": done,
        f"refused {op}": refused,
        f"unavailable {op}": unsent,
        f"throttled {op}": unsent,
        f"denied {op}": unsent,
        f"unresolved {op}": State.UNCERTAIN,
    }


def _settling(op: Op, *, stay: State, adopted: State, absent: State, held: State = State.HELD) -> dict[str, State]:
    """Return where settling one write leads.

    `stay` is the state while nothing is known yet.
    """
    return {f"probed {op}": stay, f"adopted {op}": adopted, f"absent {op}": absent, f"held {op}": held}


def _settling_any(stay: State) -> dict[str, State]:
    """Return where settling a create, an update or a delete leads."""
    return {
        **_settling(Op.CREATE, stay=stay, adopted=State.SUBMITTED, absent=State.DEFERRED),
        **_settling(Op.UPDATE, stay=stay, adopted=State.SUBMITTED, absent=State.SUBMITTED),
        **_settling(Op.DELETE, stay=stay, adopted=State.DELETED, absent=State.SUBMITTED),
    }


_BEFORE_SENDING = {**_COME_IN, **_FOUND_AT_THE_API}

_REFUSED_AFTER_ALL = {f"refused {op}": State.SUBMITTED for op in (Op.UPDATE, Op.DELETE)}
_RESOLVED = {
    "resolved found create": State.SUBMITTED,
    "resolved absent create": State.DEFERRED,
    **{f"resolved abandon {op}": State.ABANDONED for op in (Op.CREATE, Op.UPDATE, Op.DELETE)},
    **{f"resolved {how} {op}": State.SUBMITTED for how in ("found", "absent") for op in (Op.UPDATE, Op.DELETE)},
}


LINKAGES: Mapping[Linkage | None, Mapping[str, Linkage | None]] = {
    None: {
        "intent": Linkage.SENDING,
        "adopted": Linkage.LINKED,
        "held": Linkage.HELD,
        "refused": Linkage.REFUSED,
    },
    Linkage.SENDING: {
        "done": Linkage.LINKED,
        "refused": Linkage.REFUSED,
        "unresolved": Linkage.UNCERTAIN,
        "run_started": Linkage.UNCERTAIN,
        "unavailable": None,
        "throttled": None,
        "denied": None,
        "absent": None,
    },
    Linkage.UNCERTAIN: {
        "adopted": Linkage.LINKED,
        "refused": Linkage.REFUSED,
        "absent": None,
    },
    Linkage.LINKED: {},
    Linkage.REFUSED: {"intent": Linkage.SENDING, "adopted": Linkage.LINKED, "held": Linkage.HELD},
    Linkage.HELD: {"intent": Linkage.SENDING, "adopted": Linkage.LINKED, "held": Linkage.HELD},
}
"""Where the entries about a link lead a number; None is a number of which nothing is known, so that it is due.

There is no second intent for a number whose link is under way or unknown but through settling.
"""

_LINKAGE_STEPS = {name for steps in LINKAGES.values() for name in steps} - {"run_started"}


def _numbers_move(stay: State) -> dict[str, State]:
    """Return the steps of a record's numbers, which leave it where it is, but for those that begin a link."""
    return {**{f"{name} link": stay for name in _LINKAGE_STEPS - {"intent"}}, "run_started": stay}


TRANSITIONS: Mapping[State, Mapping[str, State]] = {
    State.INVALID: _BEFORE_SENDING,
    State.NOT_SENT: {**_BEFORE_SENDING, "intent create": State.SENDING},
    State.DEFERRED: {
        **_BEFORE_SENDING,
        "admitted": State.DEFERRED,
        "intent create": State.SENDING,
        "refused create": State.REFUSED,
    },
    State.REFUSED: _BEFORE_SENDING,
    State.SENDING: {
        **_outcomes(Op.CREATE, done=State.SUBMITTED, refused=State.REFUSED, unsent=State.DEFERRED),
        **_outcomes(Op.UPDATE, done=State.SUBMITTED, refused=State.SUBMITTED, unsent=State.SUBMITTED),
        **_outcomes(Op.DELETE, done=State.DELETED, refused=State.SUBMITTED, unsent=State.SUBMITTED),
        **_numbers_move(State.SENDING),
        "run_started": State.UNCERTAIN,
    },
    State.UNCERTAIN: {
        **_settling_any(stay=State.UNCERTAIN),
        **_numbers_move(State.UNCERTAIN),
        **_REFUSED_AFTER_ALL,
        **_RESOLVED,
        "gone update": State.GONE,
    },
    State.HELD: {**_settling_any(stay=State.HELD), **_numbers_move(State.HELD), **_RESOLVED},
    State.SUBMITTED: {
        "intent update": State.SENDING,
        "intent link": State.SUBMITTED,
        "intent delete": State.SENDING,
        **_numbers_move(State.SUBMITTED),
        **_REFUSED_AFTER_ALL,
        "reviewed": State.SUBMITTED,
        "gone": State.GONE,
    },
    State.GONE: {
        **_FOUND_AT_THE_API,
        "intent link": State.GONE,
        **_numbers_move(State.GONE),
        "reviewed": State.SUBMITTED,
        "resolved found create": State.SUBMITTED,
        "resolved absent create": State.DEFERRED,
        "resolved abandon create": State.ABANDONED,
    },
    State.DELETED: {},
    State.ABANDONED: {},
}


class IllegalStepError(Exception):
    """A step that is not in the table: a bug, or a ledger that was tampered with."""

    def __init__(self, token: str, state: str, trigger: str) -> None:
        super().__init__(f"record {token} is {state}; '{trigger}' is no step from there")


def trigger(entry: Entry) -> str:
    """Return the table's word for an entry: name, answer and operation."""
    op: Op | None = getattr(entry, "op", None)
    name = f"resolved {entry.how}" if isinstance(entry, Resolved) else entry.name()
    return name if op is None else f"{name} {op}"


def step(record: Record, entry: Entry) -> Record:
    """Return a new record: this one after what happened.

    An entry that ends a write must be about the write that is under way, so a failed update never makes a create
    possible again; a link moves its number alone. `Record(token=…)` stands for a token that the ledger does not have
    yet.

    Raises:
        IllegalStepError: the step is not in the table.
    """
    return finish(step_in_place(draft_of(record), entry))


def step_in_place(draft: D, entry: Entry) -> D:
    """Change the draft itself as `step` would, and return it.

    An illegal step leaves it as it was.
    """
    op: Op | None = getattr(entry, "op", None)
    word = _WORDS[type(entry)].get(op) or trigger(entry)
    known = _STEPS[draft.state].get(word)
    if known is None or (op is not draft.op and draft.op is not None and op is not None and not _beside(draft, op)):
        raise IllegalStepError(draft.token, draft.state, word)
    target, change = known
    change(draft, entry)
    draft.state = target
    return draft


_LINK, _CREATE = Op.LINK, Op.CREATE


def _beside(draft: Draft, op: Op) -> bool:
    """Return whether such a write may be made, or end, while another one is under way.

    Only a link may, unless the record itself is being made.
    """
    return op is _LINK and draft.op is not _CREATE


# What each step changes beside the state, which is still the old one here. A ledger may have a million lines, so the
# changes that every record goes through assign their fields one by one, which is faster than `_set`.

_Change = Callable[[Draft, Any], None]

_PENDING = Review.PENDING.value
_NO_NEWS = UNDER_REVIEW | {Review.APPROVED.value}


def _set(record: Draft, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(record, name, value)


def _end(record: Draft, reason: str = "", **changes: Any) -> None:
    """End the write that is under way."""
    _set(record, op=None, reason=reason, **changes)


def _not_made(record: Draft, reason: str, **changes: Any) -> None:
    """End a create that made no record; one found later was made by somebody else."""
    _end(record, reason, created=0, **changes)


def _nothing(_: Draft, __: Entry) -> None:
    """Change nothing but the state."""


def _send(record: Draft, entry: entries.Intent) -> None:
    """Begin a create.

    An update of an earlier record at the API is not the newest content any more.
    """
    record.replaced = replaced_by(record, entry.fingerprint)
    record.key = entry.key
    record.op = entry.op
    record.alias = entry.alias or record.alias
    record.attempts += 1
    record.fingerprint = entry.fingerprint
    record.intended = ""
    record.registration_token = entry.registration_token or record.registration_token
    record.intended_registration = ""
    record.follows = entry.follows or record.follows
    record.generation = max(entry.generation, record.generation)
    record.sent_at = entry.at
    record.tried = record.created = entry.seq


def _send_update(record: Draft, entry: entries.Intent) -> None:
    """Begin an update; content that the API refused before stays marked as refused."""
    again = entry.fingerprint == record.refused
    _set(
        record,
        op=entry.op,
        sent_at=entry.at,
        seen_at=entry.seen_at,
        replaced=replaced_by(record, entry.fingerprint),
        intended=entry.fingerprint,
        intended_registration=entry.registration_token,
        refused=record.refused if again else "",
        reason="",
        code=record.code if again else "",
    )


def _update(record: Draft, entry: Any) -> None:
    """Note that the API has the new content.

    Reviews and refusals of the old one are void.
    """
    review = getattr(entry, "review", "") or _PENDING
    _end(
        record,
        review=review,
        review_reason="",
        code="",
        fingerprint=record.intended,
        registration_token=record.intended_registration or record.registration_token,
        intended_registration="",
        refused="",
        differs="",
        news=_news(record, entry, review),
    )


def _refuse_update(record: Draft, entry: entries.Refused) -> None:
    """End a refused update; its content is not sent again by itself."""
    refused = entry.fingerprint or (
        record.intended if record.op is Op.UPDATE else ""
    )  # neither where the row has errors
    _end(record, entry.message, code=entry.code, refused=refused, news=entry.seq)


def _review(record: Draft, entry: entries.Reviewed) -> None:
    """Note a review.

    A changed one ends a refusal that was for the record's former state.
    """
    record.fingerprint = record.fingerprint or entry.fingerprint
    is_known = entry.review == record.review and entry.reason == record.review_reason
    if is_known and record.state is not State.GONE:
        return
    if record.code in STATE_ERRORS:
        record.reason = record.code = record.refused = ""
    if record.numbers:
        record.numbers = {n: linking for n, linking in record.numbers.items() if linking.code not in STATE_ERRORS}
    record.review = entry.review
    record.review_reason = entry.reason
    record.news = entry.seq


_LINKINGS: Mapping[Linkage, Callable[[Any], Linking]] = {
    Linkage.SENDING: lambda e: Linking(Linkage.SENDING),
    Linkage.UNCERTAIN: lambda e: Linking(Linkage.UNCERTAIN, e.seen),
    Linkage.LINKED: lambda e: Linking(Linkage.LINKED),
    Linkage.REFUSED: lambda e: Linking(Linkage.REFUSED, e.message, e.code),
    Linkage.HELD: lambda e: Linking(Linkage.HELD, e.why),
}
_FOR_A_PERSON = (Linkage.REFUSED, Linkage.HELD)
_CUT_OFF = "the run ended in the middle of the call"


def _link(record: Draft, entry: WriteEntry) -> None:
    """Move the entry's number; raise IllegalStepError where `LINKAGES` has no such step."""
    known, name = record.numbers.get(entry.number), entry.name()
    steps = LINKAGES[known.linkage if known else None]
    if name not in steps:
        where = f"{record.state}, its number {known.linkage if known else 'not linked yet'}"
        raise IllegalStepError(record.token, where, f"{name} link")
    linkage, numbers = steps[name], dict(record.numbers)
    if linkage is None:
        numbers.pop(entry.number, None)
    else:
        numbers[entry.number] = _LINKINGS[linkage](entry)
    record.numbers = numbers
    if linkage in _FOR_A_PERSON:
        record.news = entry.seq


def _cut_off(record: Draft, _: entries.RunStarted) -> None:
    """Note that the process of a call ended before the outcome was written."""
    if record.state is State.SENDING:
        record.reason = f"outcome unknown: {_CUT_OFF}"
    if record.numbers:
        unknown = Linking(Linkage.UNCERTAIN, _CUT_OFF)
        record.numbers = {
            number: unknown if linking.linkage is Linkage.SENDING else linking
            for number, linking in record.numbers.items()
        }


def _news(record: Draft, entry: Entry, review: str) -> int:
    """Return the number of the newest line with news.

    A record may be found with a review that nobody knows yet.
    """
    return record.news if review in _NO_NEWS else entry.seq


def _submit(record: Draft, entry: Any) -> None:
    """Note that the API has the record, and that it is not reviewed yet."""
    record.known = record.known or entry.seq
    record.key = entry.key or record.key
    record.op = None
    record.compliance_id = entry.compliance_id
    record.submitted_at = entry.at
    record.review = _PENDING
    record.review_reason = record.reason = record.code = record.differs = ""


def _adopt(record: Draft, entry: entries.Adopted) -> None:
    """Adopt a record that was found.

    Its alias is the one it was sent with, else the one that the API shows. Nothing is linked to one that takes the
    place of another, which is gone.
    """
    is_another = record.compliance_id not in ("", entry.compliance_id)
    _submit(record, entry)
    if is_another:
        _set(record, created=0, known=entry.seq, numbers={})
    record.alias = record.alias or entry.alias
    record.registration_token = entry.registration_token or record.registration_token
    record.follows = entry.follows or record.follows
    record.generation = max(entry.generation, record.generation)
    record.submitted_at = record.sent_at or entry.at
    record.differs = entry.differs
    record.review = entry.review or _PENDING
    record.news = _news(record, entry, record.review)


def _find_by_a_person(record: Draft, entry: Resolved) -> None:
    """Note the record that a person found.

    If it is another one than before, nothing is linked to it yet.
    """
    is_the_same = entry.compliance_id == record.compliance_id
    _submit(record, entry)
    if not is_the_same:
        _set(record, created=0, known=entry.seq, numbers={})


def _lose(record: Draft, entry: entries.Gone) -> None:
    """Note that the record is gone; what was refused for it is void."""
    kept = {n: each for n, each in record.numbers.items() if each.linkage in (Linkage.LINKED, *UNDER_WAY)}
    _end(record, code="", refused="", numbers=kept, news=entry.seq)


def _file_anew(record: Draft, _: Resolved) -> None:
    """Forget a former record but for its names, so that the row can be filed anew."""
    _not_made(
        record,
        "not at the API, as somebody confirmed, so it may be sent again",
        code="",
        refused="",
        compliance_id="",
        review="",
        review_reason="",
        numbers={},
        submitted_at="",
        known=0,
        differs="",
    )


def _admit(record: Draft, _: entries.Admitted) -> None:
    """Take a row in again; a deferred record keeps its reason."""
    if record.state is not State.DEFERRED:
        record.reason = record.code = ""


_FOR_EVERY_OP: Mapping[str, _Change] = {
    "done": lambda r, e: _end(r),
    "adopted": lambda r, e: _end(r),
    "refused": lambda r, e: _end(r, e.message, code=e.code, news=e.seq),
    "unavailable": lambda r, e: _end(r, f"not sent: {e.why}"),
    "throttled": lambda r, e: _end(r, "not sent: the quota was spent"),
    "denied": lambda r, e: _end(r, f"not accepted: HTTP {e.http_status}"),
    "unresolved": lambda r, e: _set(r, reason=f"outcome unknown: {e.seen}"),
    "absent": lambda r, e: _end(r, f"the {e.op} was not done at the API, so it may be sent again"),
    "held": lambda r, e: _set(r, op=e.op, key=e.key or r.key, reason=e.why, news=e.seq),
    "intent": lambda r, e: _set(r, op=e.op, sent_at=e.at, reason="", code=""),
    "resolved found": lambda r, e: _end(r),
    "resolved absent": lambda r, e: _end(r, "not done at the API, as somebody confirmed"),
    "resolved abandon": lambda r, e: _end(r, "given up by a person"),
}

_CHANGES: Mapping[str, _Change] = {
    **{f"{name} {op}": change for name, change in _FOR_EVERY_OP.items() for op in Op},
    **{f"{name} link": _link for name in _LINKAGE_STEPS},
    "admitted": _admit,
    "row_invalid": lambda r, e: _set(r, key=e.key, code=", ".join(e.codes), reason="", news=e.seq),
    "run_started": _cut_off,
    "intent create": _send,
    "refused create": lambda r, e: _not_made(r, e.message, code=e.code, news=e.seq),
    "unavailable create": lambda r, e: _not_made(r, f"not sent: {e.why}"),
    "throttled create": lambda r, e: _not_made(r, "not sent: the quota was spent", attempts=r.attempts - 1),
    "unresolved create": lambda r, e: _set(
        r, reason=f"outcome unknown: {e.seen}", created=0 if e.contested else r.created
    ),
    "denied create": lambda r, e: _not_made(r, f"not accepted: HTTP {e.http_status}"),
    "done create": _submit,
    "adopted create": _adopt,
    "intent update": _send_update,
    "done update": _update,
    "adopted update": _update,
    "resolved found update": _update,
    "refused update": _refuse_update,
    "probed create": lambda r, e: _set(r, reason=f"outcome unknown: {e.why}" if e.why else r.reason),
    "refused delete": lambda r, e: _end(r, e.message, code=e.code, news=e.seq),
    "reviewed": _review,
    "gone": _lose,
    "gone update": _lose,
    "resolved found create": _find_by_a_person,
    "absent create": lambda r, e: _not_made(r, "not at the API, so it may be sent again"),
    "resolved absent create": _file_anew,
}

# Made once for speed, since each of a ledger's million lines is a step: target and change of each, and its word.
_STEPS: Mapping[State, Mapping[str, tuple[State, _Change]]] = {
    state: {word: (target, _CHANGES.get(word, _nothing)) for word, target in steps.items()}
    for state, steps in TRANSITIONS.items()
}


def _words(kind: type[Entry]) -> dict[Op | None, str]:
    """Return the words of a kind of entry, by operation.

    None where they depend on more than that.
    """
    if issubclass(kind, Resolved):
        return {}
    ops: list[Op | None] = [*Op] if "op" in kind.__struct_fields__ else []
    none: list[Op | None] = [] if issubclass(kind, OpEntry) else [None]
    return {op: kind.name() if op is None else f"{kind.name()} {op}" for op in (*none, *ops)}


_WORDS: Mapping[type[Entry], Mapping[Op | None, str]] = {kind: _words(kind) for kind in (Entry, *get_args(AnyEntry))}
