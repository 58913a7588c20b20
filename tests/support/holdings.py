"""What the account in memory holds, and what its people do to it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

from bulk_onboard.model.call import (
    Create,
    Delete,
    Get,
    GetNumber,
    Link,
    LinkAnswer,
    LinkTarget,
    ListNumbers,
    NumberPage,
    NumberRecord,
    ServerRecord,
    Update,
    Write,
)
from bulk_onboard.model.outcome import Done, Outcome, Refused
from bulk_onboard.model.record import EDITABLE
from bulk_onboard.model.sheet import BUSINESS_NAME, REGISTRATION_NUMBER
from tests.support.clocks import STARTED, FakeClock

WORDS: Mapping[str, str] = {"pending": "pending_review", "more info": "more_info_required"}
"""The API's words for reviews, where they are not ours."""

NOT_FOUND = Refused(code="not_found", http_status=404)
NOT_EDITABLE = Refused(code="compliance_not_editable", message="Compliance cannot be modified", http_status=409)
NOT_APPROVED = Refused(code="compliance_not_approved", message="Only approved records can be linked", http_status=409)
MISMATCH = Refused(code="number_type_mismatch", message="Number type does not match", http_status=422)

NUMBERS_A_PAGE = 20


@dataclass(frozen=True)
class Resubmission:
    """An update that took effect: of which record, with which content, after how many judgements of people."""

    compliance_id: str
    fingerprint: str
    judgements: int


class Holdings:
    """Records, reviews and numbers.

    Attributes:
        records: what is kept or will be, by compliance id; `made_at` from when on.
        reviews, reasons, revisions, submissions, judgements: of records, by compliance id: what people said, how often
            it was changed, submitted again and judged.
        numbers: the record that a number is linked to; `kinds`: country and type of a number, local ones of IN else.
        rented: the account's numbers as its pages list them, each as it is written there; none by default.
        resubmitted: the updates that took effect, in order; `moved`: the links that took a number from another record,
            as it was when they arrived; `linked`: the links that took effect, in order.
        heeds_reviews: whether it refuses to update what waits for no correction.
        lists_reasons: whether its list shows reasons; a single record always does.
        tells_submitted: whether it tells when a record was submitted.
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.records: dict[str, Create] = {}
        self.made_at: dict[str, float] = {}
        self.reviews: defaultdict[str, str] = defaultdict(lambda: "pending")
        self.reasons: defaultdict[str, str] = defaultdict(str)
        self.revisions: defaultdict[str, int] = defaultdict(int)
        self.submissions: defaultdict[str, int] = defaultdict(int)
        self.judgements: defaultdict[str, int] = defaultdict(int)
        self.numbers: dict[str, str] = {}
        self.kinds: defaultdict[str, tuple[str, str]] = defaultdict(lambda: ("IN", "local"))
        self.resubmitted: list[Resubmission] = []
        self.rented: dict[str, str] = {}
        self.moved: list[LinkTarget] = []
        self.linked: list[LinkTarget] = []
        self.heeds_reviews = self.lists_reasons = self.tells_submitted = True
        self._numbers = count(1)
        self._coming: list[tuple[float, Write[Any]]] = []

    def judge(self, compliance_id: str, review: str, reason: str = "") -> None:
        """What the API's people say of a record."""
        self.catch_up()
        self.reviews[compliance_id], self.reasons[compliance_id] = review, reason
        self.revisions[compliance_id] += 1
        self.judgements[compliance_id] += 1

    def catch_up(self) -> None:
        """Let everything happen that is due by now."""
        now = self.clock.monotonic()
        due = [(at, call) for at, call in self._coming if at <= now]
        self._coming = [(at, call) for at, call in self._coming if at > now]
        for _, call in sorted(due, key=lambda each: each[0]):
            self._write(call)

    def do(self, call: Any, late_s: float = 0.0) -> Outcome[Any]:
        """Do what a call asks for, or let it happen so much later."""
        for target in call.targets if isinstance(call, Link) else ():
            if self.numbers.get(target.number, target.compliance_id) != target.compliance_id:
                self.moved.append(target)
        match call:
            case Create():
                return Done(value=self._keep(call, late_s))
            case Get() if not self.exists(call.compliance_id):
                return NOT_FOUND
            case Get():
                return Done(value=self.shown(call.compliance_id, expanded=bool(call.expand)))
            case GetNumber():
                return Done(value=self._number(call.number))
            case ListNumbers():
                rows = tuple(self.rented.items())[call.offset : call.offset + NUMBERS_A_PAGE]
                shown = tuple(replace(self._number(number), number=written) for number, written in rows)
                return Done(value=NumberPage(numbers=shown, size=len(rows), total=len(self.rented)))
        if late_s:
            self._coming.append((self.clock.monotonic() + late_s, call))
        return Done(value=getattr(call, "compliance_id", "")) if late_s else self._write(call)

    def _number(self, number: str) -> NumberRecord:
        country_iso, number_type = self.kinds[number]
        linked_to = self.numbers.get(number, "")
        return NumberRecord(number=number, country_iso=country_iso, number_type=number_type, compliance_id=linked_to)

    def _link(self, call: Link) -> Outcome[Any]:
        """Link each number that may be; a call with a single one is refused as a whole."""
        refusals = {target.number: no for target in call.targets if (no := self._objection(target))}
        if len(call.targets) == len(refusals) == 1:
            return refusals[call.targets[0].number]
        answers = {}
        for target in call.targets:
            if no := refusals.get(target.number):
                answers[target.number] = LinkAnswer(False, no.code, no.message)
                continue
            self.numbers[target.number] = target.compliance_id
            self.linked.append(target)
            answers[target.number] = LinkAnswer(True)
        return Done(value=answers)

    def _objection(self, target: LinkTarget) -> Refused | None:
        if not self.exists(target.compliance_id):
            return NOT_FOUND
        if self.reviews[target.compliance_id] != "approved":
            return NOT_APPROVED
        is_of_its_kind = self.kinds[target.number] == self.records[target.compliance_id].application.combination[:2]
        return None if is_of_its_kind else MISMATCH

    def _write(self, call: Write[Any]) -> Outcome[Any]:
        if isinstance(call, Link):
            return self._link(call)
        made: str = getattr(call, "compliance_id", "")
        if not self.exists(made):
            return NOT_FOUND
        match call:
            case Delete():
                del self.records[made]
            case Update() if self.heeds_reviews and self.reviews[made] not in EDITABLE:
                return NOT_EDITABLE
            case Update():
                self._resubmit(call)
        return Done(value=made)

    def _resubmit(self, call: Update) -> None:
        made = call.compliance_id
        self.resubmitted.append(Resubmission(made, call.fingerprint, self.judgements[made]))
        self.records[made] = replace(
            self.records[made], alias=call.alias, application=call.application, fingerprint=call.fingerprint
        )
        self.reviews[made], self.reasons[made] = "pending", ""
        self.revisions[made] += 1
        self.submissions[made] += 1

    def _keep(self, call: Create, late_s: float) -> str:
        compliance_id = f"{next(self._numbers):08d}-0000-4000-8000-000000000000"
        self.records[compliance_id] = call
        self.made_at[compliance_id] = self.clock.monotonic() + late_s
        return compliance_id

    def exists(self, compliance_id: str) -> bool:
        """Whether the record is there now."""
        return compliance_id in self.records and self.made_at[compliance_id] <= self.clock.monotonic()

    def shown(self, compliance_id: str, *, expanded: bool, listed: bool = False) -> ServerRecord:
        """A record as it is told, alone or in a list."""
        create, review = self.records[compliance_id], self.reviews[compliance_id]
        fields = create.application.fields
        return ServerRecord(
            compliance_id=compliance_id,
            alias=create.alias,
            review_word=WORDS.get(review, review),
            review=review,
            reason=None if listed and not self.lists_reasons else self.reasons[compliance_id],
            name=fields[BUSINESS_NAME] if expanded else None,
            registration_number=fields[REGISTRATION_NUMBER] if expanded else None,
            documents=len(create.application.documents) if expanded else None,
            created_at=(STARTED + timedelta(seconds=self.made_at[compliance_id])).isoformat(),
            updated_at=f"revision {self.revisions[compliance_id]}",
            submitted_at=f"submission {self.submissions[compliance_id]}" if self.tells_submitted else "",
        )
