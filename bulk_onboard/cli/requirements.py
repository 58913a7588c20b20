"""`requirements`: what the API requires, as a table."""

from typing import TYPE_CHECKING, TextIO

import typer

from bulk_onboard.cli.awaited import awaited
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from bulk_onboard.model.requirements import RequirementsBook


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "requirements", requirements, job_optional=True, writes=False)


def requirements(invocation: Invocation) -> Output:
    """Show which fields and documents the API requires: live with credentials, else the bundled example."""
    from bulk_onboard.report.requirements import print_requirements

    book = ask(invocation)

    def show(stream: TextIO) -> None:
        print_requirements(book, stream)

    return Output(
        ExitStatus.DONE,
        {
            "requirements": book.source,
            "offered": [
                {
                    "country_iso": offered.combination.country_iso,
                    "number_type": offered.combination.number_type,
                    "user_type": offered.combination.user_type,
                    "review_days": offered.review_days,
                    "fields": [
                        {
                            "name": field.name,
                            "label": field.label,
                            "required": field.required,
                            "min_length": field.min_length,
                            "max_length": field.max_length,
                        }
                        for field in offered.fields
                    ],
                    "documents": [
                        {"type": document.type, "title": document.title, "kinds": document.kinds}
                        for document in offered.documents
                    ],
                }
                for offered in book.offered.values()
            ],
        },
        show,
    )


def ask(invocation: Invocation) -> "RequirementsBook":
    """The requirements of all that the job may be about."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.requirements import combinations_of, requirements_for

    job = invocation.job
    return awaited(
        requirements_for(job, combinations_of(job), credentials=invocation.credentials_at_hand(), clock=SystemClock())
    )
