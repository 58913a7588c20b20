"""The main job on the sample businesses, against the API on this machine: check, plan, run, kill half-way, run again.

`make demo` runs it, `CONTRACT=released make demo` with an API that speaks the released contract, and the workbook for
that. Everything it writes lies in .demo/ and is made anew each time; nothing leaves this machine.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".demo"
COMMAND = [sys.executable, "-m", "bulk_onboard"]
QUOTA = "6/s"


class Sample(NamedTuple):
    """The workbook for a contract; the run is killed when so many of its records are there."""

    workbook: str
    half: int


SAMPLES = {"beta": Sample("businesses.xlsx", 20), "released": Sample("businesses_released.xlsx", 5)}


def main() -> None:
    """Run the demonstration; ends with an error if the sandbox does not hold one record for each valid row."""
    contract = os.environ.get("CONTRACT") or "beta"
    if contract not in SAMPLES:
        sys.exit(f"There is no contract {contract!r}; set CONTRACT to one of {', '.join(SAMPLES)}.")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700)
    sandbox, url = start_sandbox(contract)
    try:
        demonstrate(url, SAMPLES[contract])
    finally:
        sandbox.terminate()
        sandbox.wait()


def demonstrate(url: str, sample: Sample) -> None:
    """The job, from the first look at the workbook to the count of records at the API."""
    shutil.copy2(ROOT / "sample_data" / sample.workbook, FOLDER)  # or the run would wait: it was changed just now
    job = [
        f".demo/{sample.workbook}", "--documents", "sample_data/documents",
        "--base-url", url, "--quota", QUOTA, "--settle", "3s",
    ]  # fmt: skip
    if not sys.stderr.isatty():
        job.append("--quiet")  # log lines are for machines

    tell("Every row is judged first; nothing is sent.")
    finished(type_command("check", *job), 3)
    tell("What a run would do, and when it would be done.")
    finished(type_command("plan", *job), 0)

    tell("The run, killed half-way on purpose with SIGKILL: no time to tidy up.")
    run = type_command("run", *job)
    while records(url) < sample.half:
        time.sleep(0.05)
    run.kill()
    finished(run, -signal.SIGKILL)
    print(f"\nThe sandbox holds {records(url)} records now.", flush=True)

    tell("The same command continues from the ledger. It looks for what was in flight; nothing is sent twice.")
    finished(type_command("run", *job), 3)

    valid = valid_rows(job)
    tell("What came of it.")
    print(f"Report: {FOLDER / sample.workbook.replace('.xlsx', '.report.xlsx')}")
    print(f"The sandbox counts {records(url)} records, for {valid} valid rows.")
    if records(url) != valid or duplicates(url):
        sys.exit("The demonstration failed: the sandbox does not hold one record for each valid row.")


def type_command(*words: str) -> subprocess.Popen[bytes]:
    """Start a command as a person would type it, and show it."""
    print(f"\n$ {shlex.join(['bulk-onboard', *words])}", flush=True)
    return subprocess.Popen([*COMMAND, *words], cwd=ROOT, env=environment())


def finished(process: subprocess.Popen[bytes], status: int) -> None:
    """Wait for a command, which is to end with this status."""
    if process.wait() != status:
        sys.exit(f"The demonstration failed: exit status {process.returncode}, where {status} was due.")
    print(f"(exit status {status})" if status >= 0 else f"(killed by signal {-status})", flush=True)


def valid_rows(job: list[str]) -> int:
    """How many rows `check` finds nothing wrong with."""
    told = subprocess.run(
        [*COMMAND, "check", *job, "--json"], cwd=ROOT, env=environment(), capture_output=True, check=False
    )
    counts = json.loads(told.stdout)["counts"]
    return int(counts["rows"] - counts["invalid"] - counts["duplicate"])


def start_sandbox(contract: str) -> tuple[subprocess.Popen[str], str]:
    """The API on this machine, on a free port, and its address."""
    words = [*COMMAND, "sandbox", "--port", "0", "--contract", contract, "--quota", QUOTA]
    process = subprocess.Popen(words, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline() if process.stdout else ""
    return process, line.split()[-1]


def environment() -> dict[str, str]:
    """Invented credentials in place of those that may be exported, for the sandbox too; nobody is notified."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PLIVO_", "BULK_ONBOARD_"))}
    ours.pop("CREDENTIALS_DIRECTORY", None)
    return ours | {"PLIVO_AUTH_ID": "MADEMONSTRATION00001", "PLIVO_AUTH_TOKEN": "invented"}


def state(url: str) -> dict[str, list[object]]:
    """What the sandbox holds."""
    with urllib.request.urlopen(f"{url}/_sandbox/state") as answer:
        return dict(json.load(answer))


def records(url: str) -> int:
    """The sandbox's own count."""
    return len(state(url)["records"])


def duplicates(url: str) -> int:
    """What the sandbox's duplicate detector found."""
    return len(state(url)["duplicates"])


def tell(sentence: str) -> None:
    """A heading."""
    print(f"\n--- {sentence}", flush=True)


if __name__ == "__main__":
    main()
