"""When the pending reviews are expected: the day of submission and the API's own estimate in business days."""

from collections.abc import Iterator
from datetime import date, tzinfo

from bulk_onboard.model.books import Books
from bulk_onboard.model.record import Review
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.report.standing import Decisions, standing
from bulk_onboard.report.times import business_days_after, day_text, local


def expected_reviews(
    decisions: Decisions, books: Books, requirements: RequirementsBook | None, zone: tzinfo
) -> tuple[str, ...]:
    """A sentence, or none where no review is pending or nobody said how long one takes."""
    days = list(_expected_days(decisions, books, requirements, zone))
    if not days:
        return ()
    first, last = day_text(min(days)), day_text(max(days))
    reviews = "1 review is" if len(days) == 1 else f"{len(days):,} reviews are"
    when = f"on {first}" if first == last else f"between {first} and {last}"
    sentence = (
        f"{reviews} expected {when}, by the time the API says a review takes; "
        "weekends are left out, public holidays are not known."
    )
    return (sentence,)


def _expected_days(
    decisions: Decisions, books: Books, requirements: RequirementsBook | None, zone: tzinfo
) -> Iterator[date]:
    offered = requirements.offered if requirements else {}
    for decision in decisions or ():
        now = standing(decision, books)
        if decision.judged.aside or now.record is None or now.review != Review.PENDING:
            continue
        submitted_at = local(now.record.submitted_at, zone)
        required = offered.get(decision.judged.row.combination)
        if submitted_at and required and required.review_days is not None:
            yield business_days_after(submitted_at.date(), required.review_days)
