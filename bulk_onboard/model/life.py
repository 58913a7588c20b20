"""A record's life: the one table of legal steps, and what each changes (design.md 5).

Rule: everything that moves a record from one state to another stands in `TRANSITIONS`. `step` looks up; a step that
is not in the table raises and changes nothing.

Theory. A write is journaled as intent, then outcome. Between the two the record is *sending*; a *sending* record that
a new run finds is *uncertain*, since its process died without telling. From *uncertain* no way leads to another
intent except through settling: `adopted` (it was found), `absent` (it was proved not to have happened) or `held`.
So two creates of one record need a wrong line in this table. An intent to create starts from *pending* or *deferred*
only; rows that were invalid or refused come back through `admitted`, when a run takes them in anew. A no that had to be
settled first, or that every attempt met, is written down once the write is known not to have happened: `refused` then
starts from *uncertain*, *deferred* or *submitted*.

Update, link and delete start from *submitted* and lead back to it: a refused update leaves a submitted record. A link
is about a number of the record. So what is held there is that number alone, and the record stays *submitted*; a number
may be found linked, or held, and a correction refused, without a call having been made.

A submitted record that the API says it has not any more is *gone*. It comes back by itself where the API shows it
again; to file it anew, or to leave it at that, is for a person to say.
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from msgspec.structs import replace

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import STATE_ERRORS, AnyEntry, Entry, Op, OpEntry, Resolved
from bulk_onboard.model.record import Linkage, Linking, Record, Review, State, replaced_by

_COME_IN = {"admitted": State.PENDING, "row_invalid": State.INVALID}
_FOUND_AT_THE_API = {"adopted create": State.SUBMITTED, "held create": State.HELD}


def _outcomes(op: Op, *, done: State, refused: State, unsent: State) -> dict[str, State]:
    """Where the outcomes of one write lead from *sending*."""
    return {
        f"done {op}": done,
        f"refused {op}": refused,
        f"unavailable {op}": unsent,
        f"throttled {op}": unsent,
        f"denied {op}": unsent,
        f"unresolved {op}": State.UNCERTAIN,
    }


def _settling(op: Op, *, stay: State, adopted: State, absent: State, held: State = State.HELD) -> dict[str, State]:
    """Where settling one write leads; `stay` while nothing is known yet."""
    return {f"probed {op}": stay, f"adopted {op}": adopted, f"absent {op}": absent, f"held {op}": held}


def _settling_any(stay: State) -> dict[str, State]:
    """All but links, of which none is ever held."""
    return {
        **_settling(Op.CREATE, stay=stay, adopted=State.SUBMITTED, absent=State.DEFERRED),
        **_settling(Op.UPDATE, stay=stay, adopted=State.SUBMITTED, absent=State.SUBMITTED),
        **_settling(Op.DELETE, stay=stay, adopted=State.DELETED, absent=State.SUBMITTED),
    }


_BEFORE_SENDING = {**_COME_IN, **_FOUND_AT_THE_API}

_REFUSED_AFTER_ALL = {f"refused {op}": State.SUBMITTED for op in (Op.UPDATE, Op.LINK, Op.DELETE)}
_RESOLVED = {
    "resolved found create": State.SUBMITTED,
    "resolved absent create": State.DEFERRED,
    **{f"resolved abandon {op}": State.ABANDONED for op in (Op.CREATE, Op.UPDATE, Op.DELETE)},
    **{f"resolved {how} {op}": State.SUBMITTED for how in ("found", "absent") for op in (Op.UPDATE, Op.DELETE)},
}

TRANSITIONS: Mapping[State, Mapping[str, State]] = {
    State.INVALID: _BEFORE_SENDING,
    State.PENDING: {**_BEFORE_SENDING, "intent create": State.SENDING},
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
        **_outcomes(Op.LINK, done=State.SUBMITTED, refused=State.SUBMITTED, unsent=State.SUBMITTED),
        **_outcomes(Op.DELETE, done=State.DELETED, refused=State.SUBMITTED, unsent=State.SUBMITTED),
        "run_started": State.UNCERTAIN,
    },
    State.UNCERTAIN: {
        **_settling_any(stay=State.UNCERTAIN),
        **_settling(
            Op.LINK, stay=State.UNCERTAIN, adopted=State.SUBMITTED, absent=State.SUBMITTED, held=State.SUBMITTED
        ),
        **_REFUSED_AFTER_ALL,
        **_RESOLVED,
        "gone update": State.GONE,
    },
    State.HELD: {**_settling_any(stay=State.HELD), **_RESOLVED},
    State.SUBMITTED: {
        "intent update": State.SENDING,
        "intent link": State.SENDING,
        "intent delete": State.SENDING,
        "adopted link": State.SUBMITTED,
        "held link": State.SUBMITTED,
        **_REFUSED_AFTER_ALL,
        "reviewed": State.SUBMITTED,
        "gone": State.GONE,
    },
    State.GONE: {
        "reviewed": State.SUBMITTED,
        "resolved found create": State.SUBMITTED,
        "resolved absent create": State.DEFERRED,
        "resolved abandon create": State.ABANDONED,
    },
    State.DELETED: {},
    State.ABANDONED: {},
}


class IllegalStepError(Exception):
    """A step that the table does not know: a bug here, or a ledger that was tampered with."""

    def __init__(self, token: str, state: State, trigger: str) -> None:
        super().__init__(f"record {token} is {state}; '{trigger}' is no step from there")


def trigger(entry: Entry) -> str:
    """The table's word for an entry: its name, with the operation or the person's answer where it has one."""
    op: Op | None = getattr(entry, "op", None)
    name = f"resolved {entry.how}" if isinstance(entry, Resolved) else entry.name()
    return name if op is None else f"{name} {op}"


def step(record: Record, entry: Entry) -> Record:
    """The record after what happened; IllegalStepError when the table knows no such step.

    What ends a write must speak of the write that is under way: a failed update never makes a create possible again.
    A fresh `Record(token=…)` stands for a token that the ledger does not know yet.
    """
    op: Op | None = getattr(entry, "op", None)
    word = _WORDS[type(entry)].get(op) or trigger(entry)
    known = _STEPS[record.state].get(word)
    of_another_write = op is not None and record.op is not None and op is not record.op
    if known is None or of_another_write:
        raise IllegalStepError(record.token, record.state, word)
    target, change = known
    return change(record, entry, target)


def _sent(record: Record, entry: entries.Intent, to: State) -> Record:
    """A create begins a record at the API: no update of an earlier one is the newest content any more."""
    return replace(
        record,
        state=to,
        key=entry.key,
        op=entry.op,
        alias=entry.alias or record.alias,
        attempts=record.attempts + 1,
        fingerprint=entry.fingerprint,
        replaced=replaced_by(record, entry.fingerprint),
        intended="",
        registration_token=entry.registration_token or record.registration_token,
        intended_registration="",
        sent_at=entry.at,
        tried=entry.seq,
        created=entry.seq,
    )


def _to_be_updated(record: Record, entry: entries.Intent, to: State) -> Record:
    """Content that the API refused before stays known as that, until it is judged anew."""
    again = entry.fingerprint == record.refused
    return replace(
        record,
        state=to,
        op=entry.op,
        sent_at=entry.at,
        seen_at=entry.seen_at,
        intended=entry.fingerprint,
        replaced=replaced_by(record, entry.fingerprint),
        intended_registration=entry.registration_token,
        refused=record.refused if again else "",
        reason="",
        code=record.code if again else "",
    )


def _updated(record: Record, entry: Any, to: State) -> Record:
    """The API has the new content; what its people said of the old one is past."""
    review = getattr(entry, "review", "") or Review.PENDING.value
    return _ended(
        record,
        to,
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


def _update_refused(record: Record, entry: entries.Refused, to: State) -> Record:
    """The API has what it had; the refused content is not sent again while the row stays as it is."""
    refused = entry.fingerprint or (record.intended if record.op is Op.UPDATE else "")  # neither: the row has errors
    return _ended(record, to, entry.message, code=entry.code, refused=refused, news=entry.seq)


def _reviewed(record: Record, entry: entries.Reviewed, to: State) -> Record:
    """Another review; a refusal is past that was for what the record was before."""
    fingerprint = record.fingerprint or entry.fingerprint
    is_known = (entry.review, entry.reason) == (record.review, record.review_reason)
    if is_known and record.state is not State.GONE:
        return replace(record, state=to, fingerprint=fingerprint)
    about_state = {n for n, linking in record.numbers.items() if linking.code in STATE_ERRORS}
    is_past = record.code in STATE_ERRORS
    return replace(
        record,
        state=to,
        review=entry.review,
        review_reason=entry.reason,
        reason="" if is_past else record.reason,
        code="" if is_past else record.code,
        refused="" if is_past else record.refused,
        numbers={n: linking for n, linking in record.numbers.items() if n not in about_state},
        fingerprint=fingerprint,
        news=entry.seq,
    )


def _linking(record: Record, entry: Any, to: State, linking: Linking) -> Record:
    """What became of the number that an entry names, else of that in the newest intent."""
    number = getattr(entry, "number", "") or record.number
    news = record.news if linking.linkage is Linkage.LINKED else entry.seq
    return _ended(record, to, numbers={**record.numbers, number: linking}, news=news)


def _news(record: Record, entry: Entry, review: str) -> int:
    """A record may be found judged already; then nobody was told of it yet."""
    return record.news if review in (Review.PENDING, Review.APPROVED) else entry.seq


def _submitted(record: Record, entry: Any, to: State, *, review: str = "", at: str) -> Record:
    """It keeps the alias that it was sent with, or else has the one that the API shows."""
    return replace(
        record,
        state=to,
        alias=record.alias or getattr(entry, "alias", ""),
        known=record.known or entry.seq,
        differs=getattr(entry, "differs", ""),
        key=entry.key or record.key,
        op=None,
        compliance_id=entry.compliance_id,
        registration_token=getattr(entry, "registration_token", "") or record.registration_token,
        submitted_at=at,
        review=review or Review.PENDING.value,
        review_reason="",
        reason="",
        code="",
        news=_news(record, entry, review or Review.PENDING.value),
    )


def _found_by_a_person(record: Record, entry: Resolved, to: State) -> Record:
    """A person says which record it is, not who made it. To another one than before nothing was linked."""
    found = _submitted(record, entry, to, at=entry.at)
    is_the_same = entry.compliance_id == record.compliance_id
    return found if is_the_same else replace(found, created=0, known=entry.seq, numbers={})


def _gone(record: Record, entry: entries.Gone, to: State) -> Record:
    """Whatever was refused for the record is past with it."""
    linked = {n: linking for n, linking in record.numbers.items() if linking.linkage is Linkage.LINKED}
    return _ended(record, to, code="", refused="", numbers=linked, news=entry.seq)


def _to_be_filed(record: Record, _: Resolved, to: State) -> Record:
    """Nothing is left of a record that may have been there before, but for what it is called."""
    return _ended(
        record,
        to,
        "not at the API, says a person, so it may be sent again",
        code="",
        refused="",
        compliance_id="",
        review="",
        review_reason="",
        numbers={},
        submitted_at="",
        created=0,
        known=0,
        differs="",
    )


def _unsent(record: Record, reason: str, to: State, **changes: Any) -> Record:
    """A create that has made nothing: who finds the record later finds what somebody else made."""
    return _ended(record, to, reason, created=0, **changes)


def _ended(record: Record, to: State, reason: str = "", **changes: Any) -> Record:
    return replace(record, state=to, op=None, reason=reason, **changes)


_Change = Callable[[Record, Any, State], Record]

_FOR_EVERY_OP: Mapping[str, _Change] = {
    "done": lambda r, e, to: _ended(r, to),
    "adopted": lambda r, e, to: _ended(r, to),
    "refused": lambda r, e, to: _ended(r, to, e.message, code=e.code, news=e.seq),
    "unavailable": lambda r, e, to: _ended(r, to, f"not sent: {e.why}"),
    "throttled": lambda r, e, to: _ended(r, to, "not sent: the quota was spent"),
    "denied": lambda r, e, to: _ended(r, to, f"not accepted: HTTP {e.http_status}"),
    "unresolved": lambda r, e, to: replace(r, state=to, reason=f"outcome unknown: {e.seen}"),
    "absent": lambda r, e, to: _ended(r, to, f"the {e.op} was not done at the API, so it may be sent again"),
    "held": lambda r, e, to: replace(r, state=to, op=e.op, key=e.key or r.key, reason=e.why, news=e.seq),
    "intent": lambda r, e, to: replace(r, state=to, op=e.op, sent_at=e.at, number=e.number, reason="", code=""),
    "resolved found": lambda r, e, to: _ended(r, to),
    "resolved absent": lambda r, e, to: _ended(r, to, "not done at the API, says a person"),
    "resolved abandon": lambda r, e, to: _ended(r, to, "given up by a person"),
}

_CHANGES: Mapping[str, _Change] = {
    **{f"{name} {op}": change for name, change in _FOR_EVERY_OP.items() for op in Op},
    "admitted": lambda r, e, to: (
        replace(r, state=to, reason="", code="") if r.state is not State.DEFERRED else replace(r, state=to)
    ),
    "row_invalid": lambda r, e, to: replace(r, state=to, key=e.key, code=", ".join(e.codes), reason="", news=e.seq),
    "run_started": lambda r, e, to: replace(
        r, state=to, reason="outcome unknown: the run ended in the middle of the call"
    ),
    "intent create": _sent,
    "refused create": lambda r, e, to: _unsent(r, e.message, to, code=e.code, news=e.seq),
    "unavailable create": lambda r, e, to: _unsent(r, f"not sent: {e.why}", to),
    "throttled create": lambda r, e, to: _unsent(r, "not sent: the quota was spent", to, attempts=r.attempts - 1),
    "unresolved create": lambda r, e, to: replace(
        r, state=to, reason=f"outcome unknown: {e.seen}", created=0 if e.contested else r.created
    ),
    "denied create": lambda r, e, to: _unsent(r, f"not accepted: HTTP {e.http_status}", to),
    "done create": lambda r, e, to: _submitted(r, e, to, at=e.at),
    "adopted create": lambda r, e, to: _submitted(r, e, to, review=e.review, at=r.sent_at or e.at),
    "intent update": _to_be_updated,
    "done update": _updated,
    "adopted update": _updated,
    "resolved found update": _updated,
    "refused update": _update_refused,
    "done link": lambda r, e, to: _linking(r, e, to, Linking(Linkage.LINKED)),
    "adopted link": lambda r, e, to: _linking(r, e, to, Linking(Linkage.LINKED)),
    "held link": lambda r, e, to: _linking(r, e, to, Linking(Linkage.HELD, e.why)),
    "refused link": lambda r, e, to: _linking(r, e, to, Linking(Linkage.REFUSED, e.message, e.code)),
    "probed create": lambda r, e, to: replace(r, state=to, reason=f"outcome unknown: {e.why}" if e.why else r.reason),
    "refused delete": lambda r, e, to: _ended(r, to, e.message, code=e.code, news=e.seq),
    "reviewed": _reviewed,
    "gone": _gone,
    "gone update": _gone,
    "resolved found create": _found_by_a_person,
    "absent create": lambda r, e, to: _unsent(r, "not at the API, so it may be sent again", to),
    "resolved absent create": _to_be_filed,
}


_MOVED: _Change = lambda r, e, to: replace(r, state=to)  # noqa: E731

# Made once, since each of a ledger's million lines is a step: where each leads, with what changes, and the words.
_STEPS: Mapping[State, Mapping[str, tuple[State, _Change]]] = {
    state: {word: (target, _CHANGES.get(word, _MOVED)) for word, target in steps.items()}
    for state, steps in TRANSITIONS.items()
}


def _words(kind: type[Entry]) -> dict[Op | None, str]:
    """The words of a kind of entry, by operation; none where they depend on more than that."""
    if issubclass(kind, Resolved):
        return {}
    ops: list[Op | None] = [*Op] if "op" in kind.__struct_fields__ else []
    none: list[Op | None] = [] if issubclass(kind, OpEntry) else [None]
    return {op: kind.name() if op is None else f"{kind.name()} {op}" for op in (*none, *ops)}


_WORDS: Mapping[type[Entry], Mapping[Op | None, str]] = {kind: _words(kind) for kind in (Entry, *get_args(AnyEntry))}
