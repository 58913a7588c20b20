"""`bulk-onboard`, and `python -m bulk_onboard`."""


def main() -> None:
    """Run the command line."""
    from bulk_onboard.cli.app import app

    app()


if __name__ == "__main__":
    main()
