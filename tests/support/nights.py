"""Nights and days: an office whose runs do not really wait, people who review, and answers that say no."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.sandbox.answers import Answer, RefusedError, refusal
from bulk_onboard.sandbox.faults import Fault, Strikes
from bulk_onboard.sandbox.records import Record
from tests.support.businesses import Cells, business, document
from tests.support.clocks import Calendar
from tests.support.office import Office


class Hurried(Calendar):
    """A calendar of which all but a moment of every pause is torn off."""

    _LONGEST_S = 0.02


def saying(name: str, code: str, message: str = "no", *, strikes: Strikes = Strikes.BEFORE) -> Fault:
    """A final no in the API's own words."""

    def spoiled(answer: Answer) -> Answer:
        return replace(refusal(RefusedError(code, message)), headers=answer.headers)

    return Fault(name, strikes, message, spoiled)


def aside(name: str, act: Callable[[], Any]) -> Fault:
    """No fault at all: somebody does something just after the answer was made."""

    def spoiled(answer: Answer) -> Answer:
        act()
        return answer

    return Fault(name, Strikes.AFTER, "", spoiled)


def numbered(row: int) -> str:
    """A number of the row's own, as people write it."""
    return f"+91 11 4000 {row:04d}"


def keyed(row: int, **other: str) -> Cells:
    """A good row with a Key."""
    return business(row, Key=f"K-{row}", **other)


@dataclass(slots=True)
class Nights(Office):
    """An office on a calendar that its sandbox shares; pauses of its runs take no time."""

    calendar: Hurried = field(default_factory=Hurried)

    async def night(self, **flags: Any) -> RunResult:
        """A run in this process."""
        return await self.run(clock=self.calendar, **flags)

    async def filed(self, *rows: Cells) -> str:
        """These rows are at the API; the run's id."""
        self.fill(rows)
        result = await self.night()
        assert 0 == result.exit_status
        return result.run_id

    def made(self, row: int) -> Record:
        """A row's record at the API."""
        name = self.rows[row]["Business Name"]
        (record,) = [record for record in self.sandbox.state.records if record.end_user["name"] == name]
        return record

    def judge(self, review: str, *rows: int, reason: str | None = None) -> None:
        """What the API's people say of these rows' records."""
        for row in rows:
            self.sandbox.state.review(self.made(row), review, reason)

    def replace_document(self, row: int) -> None:
        """Another scan under the same name."""
        path = self.documents / self.rows[row]["Address Proof"]
        path.write_bytes(document(f"{path.name} scanned anew.png"))

    def number_of(self, row: int) -> str | None:
        """The id of the record that a row's own number is used under."""
        number = self.sandbox.state.number(numbered(row).replace(" ", ""))
        return number.compliance_id if number else None

    def asked(self, since: int = 0) -> Counter[str]:
        """The requests by operation."""
        return Counter(request.operation for request in self.sandbox.log[since:])

    def problems(self) -> list[str]:
        """The codes in the report's sheet Problems."""
        return [row["Code"] for row in self.sheet("Problems")]
