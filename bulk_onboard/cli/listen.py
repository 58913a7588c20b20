"""`listen`: receive what the API sends when a review changes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import Output, awaited, tell
from bulk_onboard.cli.process import signals_to_heed
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.api.credentials import Secret
    from bulk_onboard.errors import BulkOnboardError
    from bulk_onboard.job import Job
    from bulk_onboard.maintenance.listen import Heard, Listening, ListenResult

MORE_TOKENS = "PLIVO_CALLBACK_TOKENS"

_PUBLIC_URL = Annotated[
    str,
    typer.Option(
        help="The address that the API calls: the job's callback URL. Of a job with accounts each has its name behind "
        "that: …/acme."
    ),
]
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
    job; reviews are written whenever nothing else uses the ledger. All accounts of a job are listened to at one port.
    """
    from bulk_onboard.api.address import is_loopback
    from bulk_onboard.maintenance.listen import Listening

    if not is_loopback(host):
        tell(
            f"{host} can be reached from other machines, and without encryption. Better put a proxy with TLS before it."
        )
    _warn_of_nobodys_tokens(invocation.jobs)
    listening = Listening(
        public_url=public_url,
        host=host,
        port=port,
        tokens={job.account: _more_tokens(job) for job in invocation.jobs},
        allow_unsigned=allow_unsigned,
    )
    heard = awaited(_listen(invocation, listening))
    results = list(heard.accounts.items())
    data: dict[str, Any] = heard.sums
    if len(results) > 1:
        data |= {"accounts": [{"account": account, **_as_data(result)} for account, result in results]}
    elif error := results[0][1].error:
        data |= {"error": str(error)}

    def show(stream: TextIO) -> None:
        for sentence in _summary(heard):
            print(sentence, file=stream)

    errors = () if len(results) > 1 else (result.error for _, result in results)  # of several they were told by then
    return Output(heard.exit_status, data, show, tuple(str(error) for error in errors if error))


def _more_tokens(job: "Job") -> "list[Secret]":
    """Return the tokens in the environment that may have signed for this account, besides its own."""
    from bulk_onboard.api.credentials import Secret
    from bulk_onboard.model.account import variable_of

    return [
        Secret(token) for token in os.environ.get(variable_of(MORE_TOKENS, job.account), "").replace(",", " ").split()
    ]


def _warn_of_nobodys_tokens(jobs: "Sequence[Job]") -> None:
    """Warn where tokens are given that are no account's: they might be any account's, so they count for none."""
    from bulk_onboard.model.account import variable_of

    if jobs[0].account and os.environ.get(MORE_TOKENS):
        own = variable_of(MORE_TOKENS, jobs[0].account)
        tell(f"{MORE_TOKENS} counts for no account. Export further tokens for each account by itself, such as {own}.")


async def _listen(invocation: Invocation, listening: "Listening") -> "Heard":
    import asyncio

    from bulk_onboard.maintenance.listen import check_public_url, public_url_of
    from bulk_onboard.maintenance.listen import listen as listen_to_callbacks
    from bulk_onboard.pipeline.stop import Stop

    stop, jobs = Stop(), invocation.jobs
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, stop.request, number)

    def announce(address: str) -> None:
        base = check_public_url(listening.public_url)
        for sentence in _where(address, [(job, public_url_of(base, job)) for job in jobs]):
            tell(sentence)

    return await listen_to_callbacks(
        jobs,
        listening,
        credentials=invocation.credentials_of_all(),
        clock=invocation.clock(),
        stop=stop,
        announce=announce,
        warn=_warn,
    )


def _where(address: str, urls: "Sequence[tuple[Job, str]]") -> Iterator[str]:
    """Yield what people must set up: where the proxy hands on to, and what the API is to call for which account."""
    from urllib.parse import urlsplit

    if len(urls) == 1:
        url = urls[0][1]
        yield f"Listening at {address}{urlsplit(url).path}; let a proxy forward to it what arrives at {url}."
        yield f"Set this as the Callback URL at the API: {url}"
    else:
        below, number = urls[0][1].rpartition("/")[0], format_count(len(urls), "account")
        yield (
            f"Listening at {address}{urlsplit(below).path}/ for {number}; let a proxy forward to it what arrives "
            f"below {below}/."
        )
        yield "Set these as the Callback URL, of each account its own:"
        yield from (f"  {job.account}: {url}" for job, url in urls)
    for job, url in urls:
        if job.account and job.callback_url and job.callback_url.partition("?")[0] != url:
            yield (
                f"Account {job.account} has another callback_url in the job file, {job.callback_url}, so its callbacks "
                "do not come here."
            )


def _warn(account: str, error: "BulkOnboardError") -> None:
    tell(f"Account {account}: {error} Its callbacks are kept until the next listen.")


def _as_data(result: "ListenResult") -> dict[str, Any]:
    return result.counts | ({"error": str(result.error)} if result.error else {})


def _summary(heard: "Heard") -> Iterator[str]:
    """Yield a line about what was received and read; of several accounts one for each that had any, then the sums."""
    if len(heard.accounts) > 1:
        for account, result in heard.accounts.items():
            if any(result.counts.values()):
                yield f"{account}: {_sentence(result.counts)}"
    yield _sentence(heard.sums)


def _sentence(counts: Mapping[str, int]) -> str:
    waiting = f", {counts['waiting']:,} left for the next listen" if counts["waiting"] else ""
    return (
        f"Callbacks: {counts['received']:,} received, {counts['refused']:,} refused, "
        f"{counts['unknown']:,} about no record of this job. "
        f"Records: {counts['read']:,} read, {counts['changed']:,} with a new review{waiting}."
    )
