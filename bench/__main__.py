"""Measure everything, or what is named, and tell it as one table and as JSON.

python -m bench [pacing requests connections submission check documents ledger report startup growth]
python -m bench many cluster     which take real minutes, and are measured only where they are named
"""

import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.figure import Figure, Measure

MODULES = (
    "pacing",
    "requests",
    "connections",
    "submission",
    "check",
    "documents",
    "ledger",
    "report",
    "startup",
    "growth",
)
BY_NAME_ALONE = ("many", "cluster")
RESULTS = Path(__file__).parents[1] / ".bench/figures.json"


def main(names: list[str]) -> int:
    """Measure, print, write; 1 where a target is missed."""
    known = (*MODULES, *BY_NAME_ALONE)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"There is no {', '.join(unknown)}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or MODULES:
        began = time.monotonic()
        measure: Measure = importlib.import_module(f"bench.{name}").figures
        print(f"{name} …", file=sys.stderr, flush=True)
        for figure in measure():
            figures.append(figure)
            print(line(figure), flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    RESULTS.parent.mkdir(exist_ok=True)
    told = [asdict(figure) | {"ratio": figure.ratio, "holds": figure.holds} for figure in figures]
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "at": time.strftime("%Y-%m-%dT%H:%M:%SZ")}
    RESULTS.write_text(json.dumps({"machine": machine, "figures": told}, indent=1, ensure_ascii=False) + "\n")
    missed = [figure for figure in figures if figure.holds is False]
    print(f"{len(figures)} figures, {len(missed)} targets missed; also in {RESULTS.relative_to(Path.cwd())}")
    return 1 if missed else 0


def line(figure: Figure) -> str:
    """A figure as one line of the table."""
    ours = f"{figure.ours:,.4g} {figure.unit}"
    beside = f"{figure.beside}: {figure.theirs:,.4g}" if figure.theirs is not None else figure.beside
    ratio = f"{figure.ratio:.2f} ×" if figure.ratio is not None else ""
    verdict = {True: "ok", False: "MISSED", None: ""}[figure.holds]
    return (
        f"{figure.what:<58} {ours:>16}  {beside:<42} {ratio:>9} {figure.target:>9} {verdict:<6} {figure.note}".rstrip()
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
