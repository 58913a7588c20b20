"""`listen`: take in what the API sends when a review changes."""

import os
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard.cli.output import Output, awaited, tell
from bulk_onboard.cli.process import signals_to_heed
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from bulk_onboard.maintenance.listen import Heard, Listening

MORE_TOKENS = "PLIVO_CALLBACK_TOKENS"

_PUBLIC_URL = Annotated[str, typer.Option(help="The address that the API calls, as the job's callback URL says it.")]
_HOST = Annotated[str, typer.Option(help="Where to listen; a reverse proxy on this machine needs no other.")]
_PORT = Annotated[int, typer.Option(help="Port to listen at; 0 for a free one.", min=0, max=65535)]
_UNSIGNED = Annotated[bool, typer.Option("--allow-unsigned", help="Take callbacks that are not signed at all, too.")]


def listen(
    invocation: Invocation,
    public_url: _PUBLIC_URL,
    host: _HOST = "127.0.0.1",
    port: _PORT = 8080,
    allow_unsigned: _UNSIGNED = False,
) -> Output:
    """Receive callbacks, until Ctrl-C: each is a hint, upon which the record is read from the API.

    It may run beside anything else on the same job; reviews are written whenever nothing else uses the ledger.
    """
    from bulk_onboard.api.address import is_loopback
    from bulk_onboard.api.credentials import Secret
    from bulk_onboard.maintenance.listen import Listening

    if not is_loopback(host):
        tell(
            f"{host} is not this machine alone: what arrives there is not encrypted. Best is a proxy with TLS in front."
        )
    tokens = os.environ.get(MORE_TOKENS, "").replace(",", " ").split()
    listening = Listening(
        public_url=public_url, host=host, port=port, tokens=[Secret(t) for t in tokens], allow_unsigned=allow_unsigned
    )
    heard = awaited(_listen(invocation, listening))

    def show(stream: TextIO) -> None:
        print(summed_up(heard), file=stream)

    counts = {name: getattr(heard, name) for name in heard.__slots__ if name != "error"}
    told = {"error": str(heard.error)} if heard.error else {}
    status = heard.error.exit_status if heard.error else ExitStatus.DONE
    return Output(status, {**counts, **told}, show, (str(heard.error),) if heard.error else ())


async def _listen(invocation: Invocation, listening: "Listening") -> "Heard":
    import asyncio

    from bulk_onboard.clock import SystemClock
    from bulk_onboard.maintenance.listen import listen as listen_to_callbacks
    from bulk_onboard.run.stop import Stop

    stop = Stop()
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, stop.request, number)

    def announce(url: str) -> None:
        tell(f"Listening at {url}; have a proxy hand on to it what arrives at {listening.public_url}.")
        tell(f"The API must be told, as Callback URL: {listening.public_url}")

    return await listen_to_callbacks(
        invocation.job,
        listening,
        credentials=invocation.credentials(),
        clock=SystemClock(),
        stop=stop,
        announce=announce,
    )


def summed_up(heard: "Heard") -> str:
    """What listening came to, a line for people."""
    waiting = f", {heard.waiting:,} left for the next listen" if heard.waiting else ""
    return (
        f"Callbacks: {heard.received:,} received, {heard.refused:,} refused, "
        f"{heard.unknown:,} about no record of this job. "
        f"Records: {heard.read:,} read, {heard.believed:,} with a new review{waiting}."
    )
