"""The command line: all verbs, in the order in which one needs them."""

import typer

from bulk_onboard.cli import check, convert, delete, doctor, fix, ledger, listen, prepare, run, sandbox, serve, status
from bulk_onboard.cli.verb import register_job_verb

app = typer.Typer(
    name="bulk-onboard",
    help="Onboard thousands of businesses for India phone numbers: send every row once, within the quota.\n\n"
    "JOB is a job file (.toml) or a bare workbook (.xlsx, .csv). To continue after an interruption, run again.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_ledger = typer.Typer(
    help="Look into the ledger, and repair it. JOB may be the ledger file itself.", no_args_is_help=True
)

app.command("init")(prepare.init_command)
register_job_verb(app, "template", prepare.template, job_optional=True, writes=False)
register_job_verb(app, "check", check.check, job_unless="explain")
register_job_verb(app, "convert", convert.convert)
register_job_verb(app, "merge", fix.merge)
register_job_verb(app, "plan", check.plan)
register_job_verb(app, "run", run.run, notifies=True)
register_job_verb(app, "resume", run.resume, notifies=True)
register_job_verb(app, "refresh", run.refresh)
register_job_verb(app, "status", status.status, or_ledger=True, writes=False)
register_job_verb(app, "report", status.report, or_ledger=True)
register_job_verb(app, "doctor", doctor.doctor, writes=False)
register_job_verb(app, "resolve", fix.resolve)
register_job_verb(app, "undo", delete.undo)
register_job_verb(app, "delete", delete.delete)
register_job_verb(app, "requirements", prepare.requirements, job_optional=True, writes=False)
app.add_typer(_ledger, name="ledger")
register_job_verb(_ledger, "verify", ledger.verify_ledger, or_ledger=True, writes=False)
register_job_verb(_ledger, "show", ledger.show_record, or_ledger=True, writes=False)
register_job_verb(_ledger, "repair", ledger.repair_ledger, or_ledger=True)
register_job_verb(_ledger, "rebuild", ledger.rebuild)
register_job_verb(app, "listen", listen.listen)
register_job_verb(app, "serve", serve.serve, or_ledger=True, writes=False)
register_job_verb(app, "purge", fix.purge)
app.command("sandbox")(sandbox.sandbox_command)
