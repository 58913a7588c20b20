"""What the runs of a job's accounts came to together; console, `--json` and notification tell it.

Rows of a shared sheet that are no account's count as invalid ones, as they do in the report over all accounts.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bulk_onboard.reporting.figures import Overview
from bulk_onboard.reporting.over_all import counts_of_no_account
from bulk_onboard.reporting.row_status import Drift, Totals
from bulk_onboard.reporting.summary import summed

if TYPE_CHECKING:
    from bulk_onboard.pipeline.accounts import AllResults


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums(Totals):
    """What all accounts come to.

    Attributes:
        overview: figures, outcomes, and what needs attention.
        requests: by operation and outcome.
        sent, adopted, duplicates: as a run's result has them, added up.
        audited: whether every account was looked through for duplicates.
    """

    overview: Overview
    requests: dict[str, int]
    sent: int
    adopted: int
    duplicates: int
    audited: bool


def sums_of(made: "AllResults") -> Sums:
    """Return what the runs came to together, with the rows that are no account's."""
    results, of_none = made.results, counts_of_no_account(made.unassigned)
    return Sums(
        counts=summed((*(result.counts for result in results), of_none)),
        reviews=summed(result.reviews for result in results),
        need_attention=sum(result.need_attention for result in results) + of_none["rows"],
        new=sum(result.new for result in results) + of_none["rows"],
        older=sum(result.older for result in results),
        drift=Drift(*map(sum, zip(*(result.drift for result in results), strict=True))),
        overview=made.overview,
        requests=dict(sorted(summed(result.requests for result in results).items())),
        sent=sum(result.sent for result in results),
        adopted=sum(result.adopted for result in results),
        duplicates=sum(len(result.duplicates) for result in results),
        audited=all(result.audited for result in results),
    )


def data_of(made: "AllResults", sums: Sums) -> dict[str, Any]:
    """Return the object that `--json` prints of a run of several accounts, without the exit status."""
    return {
        "accounts": [
            {"account": result.account, "exit_status": int(result.exit_status), **result.data()}
            for result in made.results
        ],
        "counts": sums.counts,
        "reviews": sums.reviews,
        "need_attention": sums.need_attention,
        "new": sums.new,
        "older": sums.older,
        "drift": sums.drift._asdict(),
        "requests": sums.requests,
        "figures": sums.overview.figures._asdict(),
        "attention": [each._asdict() for each in sums.overview.attention],
        "unassigned": [finding.data() for finding in made.unassigned],
        "annotated": [str(path) for path in made.annotated],
        "report": str(next(iter(made.reports.values()))) if made.reports else None,
        "reports": {form: str(path) for form, path in made.reports.items()},
        "next": made.next,
        "sent": sums.sent,
        "adopted": sums.adopted,
        "audited": sums.audited,
        **({"error": str(made.error)} if made.error else {}),
        "duplicates": [each for result in made.results for each in result.data()["duplicates"]],
    }
