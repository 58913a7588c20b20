"""All verbs, in the order people meet them."""

import typer

from bulk_onboard.cli import check, delete, ledger, listen, run, sandbox, status
from bulk_onboard.cli import check as plan
from bulk_onboard.cli import delete as undo
from bulk_onboard.cli import fix as merge
from bulk_onboard.cli import fix as purge
from bulk_onboard.cli import fix as resolve
from bulk_onboard.cli import prepare as init
from bulk_onboard.cli import prepare as requirements
from bulk_onboard.cli import prepare as template
from bulk_onboard.cli import run as refresh
from bulk_onboard.cli import run as resume
from bulk_onboard.cli import status as report

app = typer.Typer(
    name="bulk-onboard",
    help="Onboard thousands of businesses for India phone numbers: every row submitted once, within the quota.\n\n"
    "JOB is a job file (.toml) or a bare workbook (.xlsx, .csv). To continue whatever was interrupted, run again.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for verb in (
    *(init, template, check, merge, plan, run, resume, refresh, status, report, resolve, undo, delete),
    *(requirements, ledger, listen, purge, sandbox),
):
    verb.register(app)
