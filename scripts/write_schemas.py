"""Write the JSON Schemas of what the verbs print with `--json`: bulk_onboard/schemas/."""

import json
from pathlib import Path

from bulk_onboard.cli.answers import schemas

FOLDER = Path(__file__).parents[1] / "bulk_onboard/schemas"


def texts() -> dict[str, str]:
    """Return the content of each file by its name."""
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas().items()}


if __name__ == "__main__":
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
