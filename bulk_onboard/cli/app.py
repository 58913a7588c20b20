"""The command line: all verbs, in groups, in the order in which one needs them."""

from typing import Annotated

import typer

from bulk_onboard import __version__
from bulk_onboard.cli import (
    check,
    cluster,
    convert,
    delete,
    doctor,
    fix,
    ledger,
    listen,
    prepare,
    refresh,
    report,
    run,
    sandbox,
    serve,
    status,
    store,
)
from bulk_onboard.cli.command_line import PROGRAM, VerbCommand, VerbGroup
from bulk_onboard.cli.verb import register_job_verb

app = typer.Typer(
    name=PROGRAM,
    cls=VerbGroup,
    help="Onboard thousands of businesses for India phone numbers: send every row once, within the quota.\n\n"
    "JOB is a job file (.toml), a workbook (.xlsx, .csv), or a folder with a job.toml; it may be left out in such a "
    "folder. To continue after an interruption, run again.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_ledger = typer.Typer(
    name="ledger",
    cls=VerbGroup,
    help="Look into the ledger, and repair it. JOB may be the ledger file itself.",
    no_args_is_help=True,
)
_store = typer.Typer(name="store", cls=VerbGroup, help="Prepare a database that keeps ledgers.", no_args_is_help=True)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


_VERSION = Annotated[
    bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True, show_default=False)
]


@app.callback()
def _program(version: _VERSION = False) -> None:  # typer calls it before every verb
    pass


BEGIN, DAILY, ATTENTION, LOOK, SERVE = (
    *("To begin", "Every day", "When something needs you"),
    *("To look into it", "To serve"),
)

app.command("init", cls=VerbCommand, rich_help_panel=BEGIN)(prepare.init_command)
register_job_verb(app, "template", prepare.template, group=BEGIN, job_optional=True, writes=False, several=True)
register_job_verb(app, "requirements", prepare.requirements, group=BEGIN, job_optional=True, writes=False)

register_job_verb(app, "check", check.check, group=DAILY, job_unless="explain", several=True)
register_job_verb(app, "plan", check.plan, group=DAILY, several=True)
register_job_verb(app, "run", run.run, group=DAILY, notifies=True, several=True)
register_job_verb(app, "status", status.status, group=DAILY, or_ledger=True, writes=False, several=True)
register_job_verb(app, "report", report.report, group=DAILY, or_ledger=True, several=True)

register_job_verb(app, "merge", fix.merge, group=ATTENTION, several=True)
register_job_verb(app, "convert", convert.convert, group=ATTENTION, several=True)
register_job_verb(app, "resolve", fix.resolve, group=ATTENTION)
register_job_verb(app, "resume", run.resume, group=ATTENTION, notifies=True, several=True)
register_job_verb(app, "undo", delete.undo, group=ATTENTION)
register_job_verb(app, "delete", delete.delete, group=ATTENTION)

register_job_verb(app, "doctor", doctor.doctor, group=LOOK, writes=False, several=True)
register_job_verb(app, "refresh", refresh.refresh, group=LOOK, several=True)
app.add_typer(_ledger, name="ledger", rich_help_panel=LOOK)
register_job_verb(_ledger, "show", ledger.show_record, or_ledger=True, writes=False)
register_job_verb(_ledger, "verify", ledger.verify_ledger, or_ledger=True, writes=False)
register_job_verb(_ledger, "repair", ledger.repair_ledger, or_ledger=True)
register_job_verb(_ledger, "rebuild", ledger.rebuild)
register_job_verb(_ledger, "export", ledger.export_ledger, writes=False)
register_job_verb(_ledger, "import", ledger.import_ledger)
register_job_verb(app, "purge", fix.purge, group=LOOK)

app.add_typer(_store, name="store", rich_help_panel=SERVE)
_store.command("setup", cls=VerbCommand)(store.setup)

register_job_verb(app, "serve", serve.serve, group=SERVE, or_ledger=True, writes=False)
register_job_verb(app, "listen", listen.listen, group=SERVE, several=True)
app.command("worker", cls=VerbCommand, rich_help_panel=SERVE)(cluster.worker_command)
register_job_verb(app, "stop", cluster.stop, group=SERVE, writes=False, several=True)
app.command("sandbox", cls=VerbCommand, rich_help_panel=SERVE)(sandbox.sandbox_command)
