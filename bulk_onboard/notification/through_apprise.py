"""The child that hands one notification to apprise: `python -P through_apprise.py`, one JSON object on stdin.

Its exit status is the answer (`Ending`); it prints nothing. It knows no other module of ours, so that it starts fast.
"""

import json
import sys
from enum import IntEnum


class Ending(IntEnum):
    """What became of the notification; any other exit status is a breakdown."""

    DELIVERED = 0
    MISSING = 3
    NOT_TAKEN = 4
    NOT_DELIVERED = 5


def deliver(address: str, title: str, text: str, level: str) -> Ending:
    """Hand it over.

    Pictures and links of apprise's own project are left out, since fetching them would tell a third party; text is not
    taken for Markdown, since paths hold its signs.
    """
    try:
        import apprise  # noqa: PLC0415 - an extra; who has it not is told so
    except ImportError:
        return Ending.MISSING
    asset = apprise.AppriseAsset(
        app_id="bulk-onboard",
        app_desc="bulk-onboard",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
    )
    service = apprise.Apprise(asset=asset)
    if not service.add(address):
        return Ending.NOT_TAKEN
    arrived = service.notify(title=title, body=text, notify_type=level, body_format=apprise.NotifyFormat.TEXT.value)
    return Ending.DELIVERED if arrived else Ending.NOT_DELIVERED


if __name__ == "__main__":
    sys.exit(deliver(**json.load(sys.stdin)))
