"""`serve`: the live page of a job."""

import os
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard.cli.output import Output, awaited, tell
from bulk_onboard.cli.process import signals_to_heed
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from bulk_onboard.maintenance.access import Access

TOKEN = "BULK_ONBOARD_PAGE_TOKEN"  # noqa: S105 - the name of a variable

_HOST = Annotated[str, typer.Option(help="Address to listen at; any but this machine's own needs a token.")]
_PORT = Annotated[int, typer.Option(help="Port to listen at; 0 for a free one.", min=0, max=65535)]
_PUBLIC_NAME = Annotated[
    list[str] | None,
    typer.Option(help="Name under which a proxy asks for the page, such as page.example.com; may be repeated."),
]


def serve(
    invocation: Invocation, host: _HOST = "127.0.0.1", port: _PORT = 8780, public_name: _PUBLIC_NAME = None
) -> Output:
    """Show the job in a browser, until Ctrl-C.

    The page is made from the ledger alone, so it works beside a run, after it, and on a copy of a ledger; JOB may be
    the ledger file itself. Names are shown where the workbook is at hand. Nothing is changed. Open the address that is
    printed: it holds a token that is new each time, unless BULK_ONBOARD_PAGE_TOKEN has one.
    """
    from bulk_onboard.api.address import is_loopback
    from bulk_onboard.api.credentials import look_up
    from bulk_onboard.maintenance.access import access_for

    job = invocation.job
    if not (job.file.exists() or job.store.exists()):
        raise UsageError(f"There is neither {job.file} nor a ledger of it. Check the path.")
    access = access_for(host, token=look_up(TOKEN, os.environ, warn=tell), names=public_name or [])
    if not is_loopback(host):
        tell(f"{host} can be reached from other machines, and without encryption. Put a proxy with TLS before it.")
    awaited(_serve(invocation, host, port, access))

    def show(stream: TextIO) -> None:
        print("The page was stopped.", file=stream)

    return Output(ExitStatus.DONE, {"ledger": job.store.name}, show)


async def _serve(invocation: Invocation, host: str, port: int, access: "Access") -> None:
    import asyncio

    from bulk_onboard.maintenance.serve import PageServer
    from bulk_onboard.pipeline.stop import Stop

    stop = Stop()
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, stop.request, number)

    def announce(url: str) -> None:
        tell(f"The page is open at {url} (stop it with Ctrl-C).")
        if access.is_chosen:
            tell(f"It asks for the token that {TOKEN} has.")

    server = PageServer(invocation.job, access=access, clock=invocation.clock(), stop=stop)
    await server.run(host, port, announce)
