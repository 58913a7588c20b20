"""`bulk-onboard`, and `python -m bulk_onboard`."""

import gc
import os
import sys

from bulk_onboard.errors import ExitStatus

NEW_OBJECTS = 50_000
"""How many there may be before circles among them are looked for: rows come by the hundred thousand and have none."""


def main() -> None:
    """Run the command line."""
    if os.name == "nt":
        sys.exit(_refuse_windows())
    gc.set_threshold(NEW_OBJECTS)
    from bulk_onboard.cli.process import keep_standard_streams

    keep_standard_streams()
    from bulk_onboard.cli.app import app
    from bulk_onboard.cli.verb import filled_in

    app(args=filled_in(sys.argv[1:]))


def _refuse_windows() -> int:
    print("bulk-onboard runs on Linux. On Windows use it inside WSL (wsl --install).", file=sys.stderr)
    return ExitStatus.USAGE


if __name__ == "__main__":
    main()
