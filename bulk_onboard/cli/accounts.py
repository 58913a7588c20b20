"""What the verbs about several accounts share: one answer of each, and those that could not answer."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bulk_onboard.errors import PRECEDENCE, BulkOnboardError, ExitStatus, LockedError, SignalledError, first_that_holds

if TYPE_CHECKING:
    from bulk_onboard.job import Job

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OfAccounts(Generic[T]):
    """The answers of several accounts.

    Attributes:
        jobs: by account, all that were asked.
        answers: by account, of those that answered.
        failed: by account, what kept the others from answering.
    """

    jobs: "Mapping[str, Job]"
    answers: Mapping[str, T]
    failed: Mapping[str, BulkOnboardError]

    def exit_status(self, *others: ExitStatus) -> ExitStatus:
        """Return the first that holds of these and of what kept accounts from answering."""
        return first_that_holds(*others, *(error.exit_status for error in self.failed.values()))

    def failures(self) -> list[dict[str, Any]]:
        """Return who did not answer and why, as `--json` has it."""
        return [
            {"account": account, "exit_status": int(error.exit_status), "error": str(error)}
            for account, error in self.failed.items()
        ]

    def notes(self) -> tuple[str, ...]:
        """Return who did not answer and why, as sentences; of ledgers in use `in_use` has them."""
        return self._in_words(are_in_use=False)

    def in_use(self) -> tuple[str, ...]:
        """Return whose ledger is in use, as sentences."""
        return self._in_words(are_in_use=True)

    def _in_words(self, *, are_in_use: bool) -> tuple[str, ...]:
        from bulk_onboard.reporting.console_accounts import in_words

        some = {name: error for name, error in self.failed.items() if isinstance(error, LockedError) is are_in_use}
        return tuple(in_words((account, str(error)) for account, error in some.items()))

    def of_each(self) -> "Iterator[tuple[str, Job, T]]":
        """Yield account, job and answer of those that answered."""
        return ((account, self.jobs[account], answer) for account, answer in self.answers.items())


def ask_each(jobs: "Sequence[Job]", ask: "Callable[[Job], T]") -> OfAccounts[T]:
    """Ask for each account, one after another; what keeps one from answering keeps no other.

    Raises:
        SignalledError: a signal stopped one of them, and so all.
        BulkOnboardError: no account answered; the first that holds.
    """

    def asked() -> "Iterator[tuple[Job, T | BulkOnboardError]]":
        for job in jobs:
            try:
                yield job, ask(job)
            except BulkOnboardError as error:
                yield job, error

    return _sorted_out(asked())


async def ask_together(
    jobs: "Sequence[Job]", ask: "Callable[[Job], Awaitable[T]]", *, at_a_time: int | None = None
) -> OfAccounts[T]:
    """Ask for some accounts at a time, as `ask_each` does one after another; without a number for a few."""
    from bulk_onboard.threads import AT_A_TIME, gathered

    async def asked(job: "Job") -> "tuple[Job, T | BulkOnboardError]":
        try:
            return job, await ask(job)
        except BulkOnboardError as error:
            return job, error

    return _sorted_out(await gathered(map(asked, jobs), at_a_time=at_a_time or AT_A_TIME))


def _sorted_out(asked: "Iterable[tuple[Job, T | BulkOnboardError]]") -> OfAccounts[T]:
    jobs: dict[str, Job] = {}
    answers: dict[str, T] = {}
    failed: dict[str, BulkOnboardError] = {}
    for job, answer in asked:
        jobs[job.account] = job
        if isinstance(answer, BulkOnboardError):
            failed[job.account] = answer
        else:
            answers[job.account] = answer
    if signalled := next((error for error in failed.values() if isinstance(error, SignalledError)), None):
        raise signalled
    if failed and not answers:
        raise min(failed.values(), key=lambda error: PRECEDENCE.index(error.exit_status))
    return OfAccounts(jobs, answers, failed)


_IN_FEW_WORDS = {
    ExitStatus.USAGE: "could not begin",
    ExitStatus.LOCKED: "ledger in use",
    ExitStatus.LEDGER: "ledger unusable",
    ExitStatus.CREDENTIALS: "credentials refused",
}


def in_few_words(exit_status: ExitStatus) -> str:
    """Return what ended an account, for a cell of a table; the sentence of its error says more."""
    return _IN_FEW_WORDS.get(exit_status, "stopped")
