"""`bulk-onboard`, and `python -m bulk_onboard`."""

import os
import sys

from bulk_onboard.errors import ExitStatus


def main() -> None:
    """Run the command line."""
    if os.name == "nt":
        sys.exit(_refuse_windows())
    from bulk_onboard.cli.app import app

    app()


def _refuse_windows() -> int:
    print("bulk-onboard runs on Linux. On Windows use it inside WSL (wsl --install).", file=sys.stderr)
    return ExitStatus.USAGE


if __name__ == "__main__":
    main()
