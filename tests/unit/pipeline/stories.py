"""A sheet, the ledger of its job and the account, through the lives of many processes."""

import asyncio
import math
from collections import Counter
from dataclasses import dataclass

from bulk_onboard.model import entry as entries
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Create
from bulk_onboard.model.entry import Op
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.plan import Plan, Scope
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.planning import make_plan
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.processes import Process, run_through
from tests.unit.pipeline.samples import LOCAL
from tests.unit.pipeline.stacks import AtOnce

LATE_S, LAG_S, SLOW_S = 4.0, 3.0, 5.0
W = 8.0
ROWS = 4


@dataclass(frozen=True)
class Line:
    """A row of the sheet: its edition tells what it says; its key stays, all else may be mended."""

    number: int
    edition: int = 0
    registered_as: int = 0
    named: int = 0
    is_valid: bool = True

    @property
    def fields(self) -> dict[str, str]:
        """What is sent."""
        return {
            "business_name": f"Invented Traders {self.number}, edition {self.edition}",
            "registration_number": f"U7220{self.registered_as}KA2020PTC{self.number:06d}",
        }

    def judged(self, row: int, duplicate_of: int | None) -> JudgedRow:
        """What validation makes of it."""
        cells = {
            "key": f"K-{self.number}",
            "alias": f"Name {self.named} of {self.number}",
            "registration_number": self.fields["registration_number"],
        }
        return JudgedRow(
            Row("Businesses", row, LOCAL, cells),
            Application(LOCAL, self.fields, documents=()) if self.is_valid else None,
            f"{self.number}/{self.edition}/{self.registered_as}/{self.is_valid}",
            () if self.is_valid else (Finding("field-missing", "Businesses", row),),
            duplicate_of,
        )


class Story:
    """A sheet, the ledger of its job, and the account; processes come and go."""

    def __init__(self, settle_s: float = W) -> None:
        self.settle_s = settle_s
        self.clock = FakeClock()
        self.account = FakeAccount(self.clock)
        self.account.late_s, self.account.lag_s, self.account.slow_s = LATE_S, LAG_S, SLOW_S
        self.journal = MemoryJournal(clock=self.clock)
        self.sheet = [Line(number) for number in range(ROWS)]
        self._loop = asyncio.Runner()
        self._loop.get_loop().set_default_executor(AtOnce())

    def plan(self, *, resume: bool = False, limit: int | None = None) -> Plan:
        """What is due by the sheet and the ledger."""
        return make_plan(
            self._judged(),
            ledger_state=self.journal.ledger_state,
            auth_id="MA",
            quota=None,
            scope=Scope(admit_new_rows=not resume, limit=limit),
        )

    def _judged(self) -> list[JudgedRow]:
        first: dict[Line, int] = {}
        judged = []
        for row, line in enumerate(self.sheet, 2):
            judged.append(line.judged(row, first.get(line)))
            first.setdefault(line, row)
        return judged

    def run(
        self,
        *,
        concurrency: int = 2,
        resume: bool = False,
        limit: int | None = None,
        room: int | None = None,
        **ends: int,
    ) -> None:
        """One process on the ledger, from taking the lock to its end."""
        self.journal.room = room
        process = Process(self.account, self.journal, **ends)
        run = run_through(
            process,
            lambda: self.plan(resume=resume, limit=limit),
            clock=self.clock,
            settle_s=self.settle_s,
            concurrency=concurrency,
        )
        self._loop.run(run)
        self.journal.room = None

    def file_by_hand(self, line: Line) -> None:
        """Somebody else makes a record on the same account."""
        application = Application(LOCAL, line.fields, documents=())
        call = Create(token="", alias=f"filed by hand {line.number}", application=application, fingerprint="")
        self._loop.run(self.account.send(call))

    def resolve(self) -> None:
        """A person looks at the account, when nothing can be under way any more, and settles what no run could."""
        self.clock.pass_time(LATE_S + LAG_S)
        for record in self.held():
            found = [made_id for made_id, made in self.account.records.items() if made.alias == record.alias]
            answer = {"how": "found", "compliance_id": found[0]} if found else {"how": "absent"}
            entry = entries.Resolved(token=record.token, key=record.key, op=Op.CREATE, **answer)
            self._loop.run(self.journal.append(entry))

    def held(self) -> list[Record]:
        """The records that a person can settle: those held, and those whose absence no run could show yet."""
        waiting = (State.HELD, State.UNCERTAIN)
        return [record for record in self.journal.ledger_state.records.values() if record.state in waiting]

    def be_fair(self) -> None:
        """From now on all goes well."""
        self.account.weather.clear()
        self.account.matching, self.account.reaches_back_s = "exact", math.inf

    def close(self) -> None:
        """Leave nothing behind."""
        self._loop.close()

    def twice(self) -> list[str]:
        """Tokens for which the API has, or will have, more than one record."""
        made = Counter(token_in(create.alias) for create in self.account.records.values())
        return [token for token, times in made.items() if token and times > 1]
