"""`sandbox`: run the API on this machine."""

import contextlib
import os
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bulk_onboard.cli.output import Output, awaited, finish
from bulk_onboard.cli.process import signals_to_heed
from bulk_onboard.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from bulk_onboard.sandbox.state import ClockStep

_PORT = Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for a free one.", min=0, max=65535)]
_QUOTA = Annotated[str, typer.Option(help="Requests allowed: 60/min, 600/60s, or none.")]
_WINDOW = Annotated[str, typer.Option(help="How it counts them: fixed, sliding or bucket.")]
_AFTER = Annotated[str, typer.Option(help="Review records after this time: 30s, 5m. Without it they stay pending.")]
_FAULT = Annotated[
    list[str], typer.Option(help="NAME=RATE or OPERATION:NAME=RATE, such as drop-after=0.1; may be repeated.")
]
_LATE = Annotated[str, typer.Option(help="How late the fault late-apply takes effect, at most.")]
_LIST = Annotated[
    list[str], typer.Option("--list", help="How lists behave: ignore-alias, newest-first, …; may be repeated.")
]
_RECORD = Annotated[
    list[str], typer.Option("--record", help="How records are kept: cut-alias=40, null-state, …; may be repeated.")
]
_REQUIREMENTS = Annotated[
    list[str],
    typer.Option("--requirements", help="How requirements are told: both-forms, no-ids, …; may be repeated."),
]
_CREATE = Annotated[
    list[str], typer.Option("--create", help="How creates are answered: no-id, says-error, …; may be repeated.")
]
_LINK = Annotated[
    list[str], typer.Option("--link", help="How links in bulk are answered: report-empty, …; may be repeated.")
]
_CONNECTION = Annotated[
    list[str],
    typer.Option("--connection", help="What connections do: close-idle=2, second-answer, …; may be repeated."),
]
_CONTRACT = Annotated[str, typer.Option(help="Form of the API it speaks: beta or released.")]
_LINK_LIMIT = Annotated[int, typer.Option(help="How many numbers one call may link.", min=1)]
_OTHERS = Annotated[
    list[str],
    typer.Option("--others", help="What other clients do: present=150, delete-oldest=0.5 a page, …; may be repeated."),
]
_CLOCK = Annotated[
    list[str],
    typer.Option("--clock", help="The clock it shows is wrong: -2h, or set back later: -1h@30s; may be repeated."),
]
_GET_LAG = Annotated[str, typer.Option(help="How long a GET of a new record is answered with 404.")]
_LAG = Annotated[str, typer.Option(help="How long new records stay out of the list.")]
_SEED = Annotated[int, typer.Option(help="Seed of the dice of faults and lists.")]
_VIA = Annotated[str, typer.Option(help="Send callbacks to this base URL; else to this machine only.")]
_BODY = Annotated[str, typer.Option(help="Body of callbacks: json or form.")]
_CALLBACK = Annotated[
    list[str], typer.Option("--callback", help="What goes wrong with callbacks: twice, forged, …; may be repeated.")
]
_LEDGER = Annotated[Path | None, typer.Option(help="Check that this ledger has the intent of each create and link.")]


def sandbox_command(  # noqa: PLR0917 - typer names them
    port: _PORT = 8765,
    contract: _CONTRACT = "beta",
    quota: _QUOTA = "60/min",
    window: _WINDOW = "fixed",
    review_after: _AFTER = "",
    fault: _FAULT = [],  # noqa: B006 - typer copies it
    late_apply: _LATE = "3s",
    behaviour: _LIST = [],  # noqa: B006 - typer copies it
    list_lag: _LAG = "0s",
    get_lag: _GET_LAG = "0s",
    record: _RECORD = [],  # noqa: B006 - typer copies it
    requirements: _REQUIREMENTS = [],  # noqa: B006 - typer copies it
    create: _CREATE = [],  # noqa: B006 - typer copies it
    link: _LINK = [],  # noqa: B006 - typer copies it
    connection: _CONNECTION = [],  # noqa: B006 - typer copies it
    link_limit: _LINK_LIMIT = 100,
    others: _OTHERS = [],  # noqa: B006 - typer copies it
    clock: _CLOCK = [],  # noqa: B006 - typer copies it
    seed: _SEED = 0,
    ledger: _LEDGER = None,
    callback_via: _VIA = "",
    callback_body: _BODY = "json",
    callback: _CALLBACK = [],  # noqa: B006 - typer copies it
) -> None:
    """Run the API on this machine, until Ctrl-C.

    It accepts any credentials, or only those in the environment where there are any.
    """
    finish(
        lambda: _serve(
            port=port,
            quota=quota,
            window=window,
            review_after=review_after,
            fault=fault,
            late_apply=late_apply,
            behaviours={
                "list": behaviour,
                "record": record,
                "requirements": requirements,
                "create": create,
                "link": link,
                "connection": connection,
            },
            contract=contract,
            link_limit=link_limit,
            others=others,
            clock=clock,
            list_lag=list_lag,
            get_lag=get_lag,
            seed=seed,
            ledger=ledger,
            callbacks={"via": callback_via, "body": callback_body, "faults": tuple(callback)},
        ),
        as_json=False,
    )


def _serve(
    *,
    port: int,
    quota: str,
    review_after: str,
    fault: list[str],
    late_apply: str,
    behaviours: Mapping[str, list[str]],
    others: list[str],
    clock: list[str],
    list_lag: str,
    get_lag: str,
    callbacks: Mapping[str, Any],
    **settings: Any,
) -> Output:
    """Serve until a signal.

    Args:
        behaviours: names by what they are about: list, record, requirements, create, link, connection.
        settings: as `Sandbox` takes them.

    Raises:
        UsageError: a value cannot be read.
    """
    from bulk_onboard.sandbox.accounts import credentials_in
    from bulk_onboard.sandbox.behaviours import check_about
    from bulk_onboard.sandbox.callbacks import CallbackOptions
    from bulk_onboard.sandbox.server import Sandbox, serve
    from bulk_onboard.units import Quota, parse_duration, parse_quota

    try:
        allowed = parse_quota(quota)
        for about, names in behaviours.items():
            check_about(names, about)
        server = Sandbox(
            port,
            quota=allowed,
            requirements_quota=Quota(100, 60.0) if allowed else None,
            credentials=credentials_in(os.environ),
            review_after_s=parse_duration(review_after) if review_after else None,
            faults=dict(map(_rate, fault)),
            behaviours=[name for names in behaviours.values() for name in names],
            others=dict(map(_rate, others)),
            clock_steps=tuple(map(_clock_step, clock)),
            late_apply_s=parse_duration(late_apply),
            list_lag_s=parse_duration(list_lag),
            get_lag_s=parse_duration(get_lag),
            callbacks=CallbackOptions(**callbacks),
            **settings,
        )
    except ValueError as error:
        raise UsageError(f"{error}.") from None

    awaited(_until_signalled(serve(server, lambda url: print(f"The sandbox serves {url}", flush=True))))
    return Output(ExitStatus.DONE, {}, lambda stream: None)


async def _until_signalled(serving: Coroutine[Any, Any, None]) -> None:
    import asyncio

    task = asyncio.ensure_future(serving)
    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _rate(text: str) -> tuple[str, float]:
    name, _, rate = text.rpartition("=")
    try:
        return name, float(rate)
    except ValueError:
        raise ValueError(f"{text!r} is not a name with a number; write one such as drop-after=0.1") from None


def _clock_step(text: str) -> "ClockStep":
    """Return the step of `-2h`, wrong from the start, or of `-1h@30s`, set back half a minute later."""
    from bulk_onboard.sandbox.state import ClockStep
    from bulk_onboard.units import parse_duration

    by, _, after = text.partition("@")
    by_s = parse_duration(by.lstrip("+-")) * (-1 if by.startswith("-") else 1)
    return ClockStep(by_s, parse_duration(after) if after else None)
