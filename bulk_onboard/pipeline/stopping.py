"""What each cause of a stop means to the person at the keyboard, and the status the process returns for it."""

import signal

from bulk_onboard import errors
from bulk_onboard.errors import BulkOnboardError
from bulk_onboard.model.outcome import Halt

_ADDRESS = (
    "What answers at {base_url} is not the Compliance API, or it is not enabled for this account (404 or 405). "
    "Check base_url, and ask your contact at the API's vendor for access."
)

_HALTS: dict[Halt, tuple[type[BulkOnboardError], str]] = {
    Halt.CREDENTIALS: (
        errors.CredentialsError,
        (
            "The API refused the credentials. Check PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN, and that the account may use "
            "the Compliance API; then run again."
        ),
    ),
    Halt.ADDRESS: (errors.StoppedError, _ADDRESS),
    Halt.REDIRECT: (
        errors.StoppedError,
        "{base_url} answered with a redirect, which is never followed. Set base_url to the address itself.",
    ),
    Halt.TLS: (
        errors.StoppedError,
        (
            "The certificate of {base_url} is not trusted, or no secure connection could be made. Check base_url and "
            "the machine's clock; behind a company proxy name its certificate with --ca-bundle."
        ),
    ),
    Halt.KNOWN_ID: (
        errors.StoppedError,
        (
            "The API answered with an id that belongs to another record, so its answers cannot be relied on. "
            "Compare the ledger with the account before running again: {compare}"
        ),
    ),
}

_SIGNALS = {
    signal.SIGHUP: errors.ExitStatus.HUNGUP,
    signal.SIGINT: errors.ExitStatus.INTERRUPTED,
    signal.SIGTERM: errors.ExitStatus.TERMINATED,
}


def why_stopped(
    cause: object, *, base_url: str, sent_before: bool, compare: str = "ledger verify --server"
) -> BulkOnboardError | None:
    """The error that tells a person why the run stopped; None for a signal, or when nothing stopped it.

    `compare` is the command that compares the job's ledger with the account.

    A wrong address is the user's to mend when nothing was sent yet (exit 2), else a stop (exit 4)
    (docs/design/settling.md, Stops at once).
    """
    if isinstance(cause, BulkOnboardError):
        return cause
    if not isinstance(cause, Halt):
        return None
    kind, sentence = _HALTS[cause]
    if cause is Halt.ADDRESS and not sent_before:
        kind = errors.AddressError
    return kind(sentence.format(base_url=base_url, compare=compare))


def left_over(rows: int) -> BulkOnboardError | None:
    """What to say of rows that a run could not finish though nothing stopped it; None where there are none."""
    if not rows:
        return None
    return errors.StoppedError(f"{rows:,} row{'' if rows == 1 else 's'} could not be finished; run again to continue.")


def status_of(cause: object) -> errors.ExitStatus:
    """What a stop's cause adds to the exit status."""
    if isinstance(cause, BulkOnboardError):
        return cause.exit_status
    if isinstance(cause, signal.Signals):
        return _SIGNALS.get(cause, errors.ExitStatus.TERMINATED)
    return errors.ExitStatus.DONE
