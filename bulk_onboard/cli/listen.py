"""`listen`: receive what the API sends when a review changes."""

import os
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard.cli.output import Output, awaited, tell
from bulk_onboard.cli.process import signals_to_heed
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from bulk_onboard.maintenance.listen import Listening, ListenResult

MORE_TOKENS = "PLIVO_CALLBACK_TOKENS"

_PUBLIC_URL = Annotated[str, typer.Option(help="The address that the API calls: the job's callback URL.")]
_HOST = Annotated[str, typer.Option(help="Address to listen at; right for a reverse proxy on this machine.")]
_PORT = Annotated[int, typer.Option(help="Port to listen at; 0 for a free one.", min=0, max=65535)]
_UNSIGNED = Annotated[bool, typer.Option("--allow-unsigned", help="Accept callbacks without a signature, too.")]


def listen(
    invocation: Invocation,
    public_url: _PUBLIC_URL,
    host: _HOST = "127.0.0.1",
    port: _PORT = 8080,
    allow_unsigned: _UNSIGNED = False,
) -> Output:
    """Receive callbacks until Ctrl-C.

    A callback is a hint only: the record is then read from the API. It may run beside any other command on the same
    job; reviews are written whenever nothing else uses the ledger.
    """
    from bulk_onboard.api.address import is_loopback
    from bulk_onboard.api.credentials import Secret
    from bulk_onboard.maintenance.listen import Listening

    if not is_loopback(host):
        tell(
            f"{host} can be reached from other machines, and without encryption. Better put a proxy with TLS before it."
        )
    tokens = os.environ.get(MORE_TOKENS, "").replace(",", " ").split()
    listening = Listening(
        public_url=public_url, host=host, port=port, tokens=[Secret(t) for t in tokens], allow_unsigned=allow_unsigned
    )
    result = awaited(_listen(invocation, listening))

    def show(stream: TextIO) -> None:
        print(_summary(result), file=stream)

    counts = {name: getattr(result, name) for name in result.__slots__ if name != "error"}
    error = {"error": str(result.error)} if result.error else {}
    status = result.error.exit_status if result.error else ExitStatus.DONE
    return Output(status, {**counts, **error}, show, (str(result.error),) if result.error else ())


async def _listen(invocation: Invocation, listening: "Listening") -> "ListenResult":
    import asyncio

    from bulk_onboard.maintenance.listen import listen as listen_to_callbacks
    from bulk_onboard.pipeline.stop import Stop

    stop = Stop()
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, stop.request, number)

    def announce(url: str) -> None:
        tell(f"Listening at {url}; let a proxy forward to it what arrives at {listening.public_url}.")
        tell(f"Set this as the Callback URL at the API: {listening.public_url}")

    return await listen_to_callbacks(
        invocation.job,
        listening,
        credentials=invocation.credentials(),
        clock=invocation.clock(),
        stop=stop,
        announce=announce,
    )


def _summary(result: "ListenResult") -> str:
    """Return one line about what was received and read."""
    waiting = f", {result.waiting:,} left for the next listen" if result.waiting else ""
    return (
        f"Callbacks: {result.received:,} received, {result.refused:,} refused, "
        f"{result.unknown:,} about no record of this job. "
        f"Records: {result.read:,} read, {result.changed:,} with a new review{waiting}."
    )
