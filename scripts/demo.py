"""A job on the sample businesses, against the API on this machine: check, plan, run, kill -9 in the middle, run again.

`make demo` runs it and ends with what the API itself counts; `make demo-page` runs the job slowly beside its live page,
until Ctrl-C. CONTRACT=released makes either speak the released contract, with the workbook for that. All files are in
.demo/ (or DEMO_FOLDER), made anew each time. Nothing leaves this machine.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SHOWN = os.environ.get("DEMO_FOLDER", ".demo")  # as the commands have it, which are typed in ROOT
FOLDER = ROOT / SHOWN
JOB = f"{SHOWN}/job.toml"
LEDGER = FOLDER / "job.ledger.jsonl"
COMMAND = [sys.executable, "-m", "bulk_onboard"]
WIDTH = 80
PATIENCE_S = 60.0
CONCURRENCY = 4
LOST, NEVER = 2, 1  # calls on their way at the kill: answers that are lost, requests that never arrive
FINISH = {"done", "adopted", "absent", "refused", "held"}  # entries that end an intent


class Sample(NamedTuple):
    """The workbook for a contract, and after how many creates some calls get no answer.

    As many rows as are sent at the same time wait for the first record to be read back, and go one by one then.
    """

    workbook: str
    half: int


SAMPLES = {
    "beta": Sample("businesses.xlsx", 30),
    "released": Sample("businesses_released.xlsx", CONCURRENCY),
}
QUOTA = "20/s"
PAGE_QUOTA = "6/6s"  # the pace of 60/min, in windows short enough to be watched


class DemoError(Exception):
    """The demonstration did not go as it must."""


def main() -> None:
    """Run the demonstration, or the page, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="run the job slowly, with its live page open")
    page = parser.parse_args().page
    contract = os.environ.get("CONTRACT") or "beta"
    if contract not in SAMPLES:
        sys.exit(f"There is no contract {contract!r}; set CONTRACT to one of {', '.join(SAMPLES)}.")
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that what was started is ended, too
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        (watch if page else demonstrate)(contract)
    except DemoError as error:
        sys.exit(f"\nThe demonstration failed: {error}")
    except KeyboardInterrupt:
        print(f"\nStopped. What it wrote is in {SHOWN}/.")


def demonstrate(contract: str) -> None:
    """Onboard the sample businesses with a kill in the middle, and hold the outcome against the API's own count."""
    began = time.monotonic()
    sample = SAMPLES[contract]
    lay_out()
    with serving("sandbox", *sandbox_flags(contract, QUOTA), "--ledger", str(LEDGER)) as url:
        write_job(sample.workbook, url, QUOTA)

        print(f"Sample businesses, sent to an API on this machine at {QUOTA} ({contract} contract).")
        told = step("1. Check every row. Nothing is sent.", "check", 3)
        rows, valid = told["counts"]["rows"], told["counts"]["not sent"]
        say(f"{rows} rows: {valid} can be sent, {told['counts']['invalid']} have errors. Every error is listed")
        say("with its cell and how to fix it, and marked in a copy of the workbook.")

        told = step("2. See what a run would do.", "plan", 0)
        say(f"{told['actions']['create']} records to create, {told['forecast']['requests']} requests,", end=" ")
        say(f"about {max(1, round(told['forecast']['duration_s']))} s at this quota.", indent="")

        heading("3. Run it, and kill it in the middle with kill -9: no time to tidy up.", "run")
        killed = run_and_kill(url, sample.half)
        under_way = len(killed.under_way)
        say(f"Killed. The API has {killed.records} records; {under_way} calls were on their way, and nobody")
        say("knows what became of them. Sending them again could file a business twice.")

        told = step("4. Type the same command again. It goes on from the ledger.", "run", 3)
        settled = settled_after(killed)
        say(f"Of the {under_way} calls {settled['adopted']} had arrived: found at the API and adopted.", end=" ")
        say(f"{settled['absent']} had not:", indent="")
        say("proved first, then sent again. The rest followed.")

        close(told, valid, killed, state(url), time.monotonic() - began)


class Killed(NamedTuple):
    """What a killed run left: records at the API, and the tokens of calls without an outcome."""

    records: int
    under_way: frozenset[str]


def run_and_kill(url: str, half: int) -> Killed:
    """Run the job, let some calls hang, and kill the run while it waits for them."""
    hang = [("hang-after", LOST, half), ("hang-before", NEVER, 0)]
    script = [{"operation": "create", "fault": fault, "times": n, "after": after} for fault, n, after in hang]
    control(url, "faults", {"script": script})
    with errors_to("killed_run") as stderr:
        run = subprocess.Popen([*COMMAND, "run", JOB], cwd=ROOT, env=environment(), stdout=stderr, stderr=stderr)
        try:
            wait_for_hanging_calls(run)
        finally:
            run.kill()
            run.wait()
    if sys.stderr.isatty():
        print("\r\033[K\033[?25h", end="", file=sys.stderr, flush=True)  # the line and the hidden cursor that it left
    return Killed(len(state(url)["records"]), frozenset(open_intents()))


def wait_for_hanging_calls(run: "subprocess.Popen[bytes]") -> None:
    """Return once as many calls as are to hang have had no answer for a while."""
    deadline = time.monotonic() + PATIENCE_S
    since: dict[str, float] = {}
    while sum(time.monotonic() - begun > 0.5 for begun in since.values()) < LOST + NEVER:
        if run.poll() is not None or time.monotonic() > deadline:
            raise DemoError(f"the run ended before it could be killed; see {SHOWN}/killed_run.log")
        time.sleep(0.05)
        since = {token: since.get(token, time.monotonic()) for token in open_intents()}


def settled_after(killed: Killed) -> Counter[str]:
    """Count what became of the calls that were on their way at the kill."""
    return Counter(entry for token, entry in outcomes() if token in killed.under_way)


def close(told: Any, valid: int, killed: Killed, api: Any, took_s: float) -> None:
    """Print the box, from the run's own answer and the API's own count; DemoError where they do not agree."""
    settled = settled_after(killed)
    records, duplicates, submitted = len(api["records"]), len(api["duplicates"]), told["counts"]["submitted"]
    announced = "in the ledger" if api["without_intent"] == [] else "NOT in the ledger"
    lines = [
        ("sent", f"{submitted} of {valid}: {killed.records} before the kill, {records - killed.records} after it"),
        ("settled", f"{settled['adopted']} adopted, {settled['absent']} proved absent and sent again"),
        ("duplicates", f"{duplicates}; the API itself counts {records} records"),
        ("before each was sent", f"it was {announced}, as the API saw when it arrived"),
        ("waiting for review", str(told["reviews"]["pending"])),
        ("need attention", f"{told['need_attention']} rows, by kind:"),
        *(("", text) for text in need_attention()),
        ("took", f"{took_s:.0f} s"),
    ]
    box("Every business once", lines)
    print(f"Open first: {first_to_open()}\nEverything else it wrote is beside it, in {SHOWN}/.")
    if (records, duplicates, submitted, api["without_intent"]) != (valid, 0, valid, []):
        raise DemoError("the API does not have one record for each valid row.")


def need_attention(most: int = 4) -> list[str]:
    """Return what needs attention by kind, most frequent first, as the job's summary has it."""
    summary = json.loads((FOLDER / "job.summary.json").read_text(encoding="utf-8"))
    kinds = [f"{each['rows']} {each['what']}: {each['why']}".removesuffix(": ") for each in summary["attention"]]
    left = len(kinds) - most
    return [*kinds[:most], *([f"and {left} other kind{'s' * (left > 1)}"] if left > 0 else [])]


def first_to_open() -> str:
    """Return the file to look at first."""
    names = ("job.report.html", "job.report.xlsx")
    return next(f"{SHOWN}/{name}" for name in names if (FOLDER / name).is_file())


def watch(contract: str) -> None:
    """Run the job slowly, with reviews, and serve its page until Ctrl-C."""
    sample = SAMPLES[contract]
    lay_out()
    with contextlib.ExitStack() as started:
        flags = (*sandbox_flags(contract, PAGE_QUOTA), "--review-after", "20s")
        url = started.enter_context(serving("sandbox", *flags))
        write_job(sample.workbook, url, PAGE_QUOTA)
        page = started.enter_context(serving("serve", JOB, "--port", "0"))
        print(f"The live page: {page}\n\nIt shows a run of the sample businesses that begins now. Ctrl-C ends both.")
        sys.stdout.flush()
        run = started.enter_context(running("run", JOB, "--wait", "10m"))
        run.wait()
        print(f"The run has ended, the page stays until Ctrl-C. Its report: {first_to_open()}", flush=True)
        signal.pause()


# The commands.


def step(title: str, verb: str, status: int) -> Any:
    """Show and carry out a command that is to end with this status; return what it answers."""
    heading(title, verb)
    with errors_to(verb) as stderr:
        words = [*COMMAND, verb, JOB, "--json"]
        done = subprocess.run(words, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=stderr, check=False)
    if done.returncode != status:
        log = f"see {SHOWN}/{verb}.log" if stderr is not None else "it says why above"
        raise DemoError(f"{verb} ended with {done.returncode}, where {status} was due; {log}.")
    return json.loads(done.stdout)


@contextlib.contextmanager
def errors_to(name: str) -> Iterator[IO[str] | None]:
    """Yield where a command's progress goes: a run's to a terminal, shown as None, all else to a log in the folder."""
    if sys.stderr.isatty() and "run" in name:
        yield None
        return
    with (FOLDER / f"{name}.log").open("w", encoding="utf-8") as log:
        yield log


@contextlib.contextmanager
def running(verb: str, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a session of its own, which Ctrl-C does not reach, and end it after the block.

    What it prints is in the folder, in a log with the verb's name.
    """
    command = [*COMMAND, verb, *words]
    with (FOLDER / f"{verb}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def serving(verb: str, *words: str) -> Iterator[str]:
    """Run a server as `running` does; yield the address that it prints once it is ready."""
    with running(verb, *words) as process:
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            text = (FOLDER / f"{verb}.log").read_text(encoding="utf-8")
            if found := re.search(r"http://\S+(?=.*\n)", text):
                yield found[0].rstrip(".")
                return
            time.sleep(0.05)
        raise DemoError(f"{verb} did not start; see {SHOWN}/{verb}.log")


def sandbox_flags(contract: str, quota: str) -> tuple[str, ...]:
    """Return the flags of the API on this machine."""
    return ("--port", "0", "--contract", contract, "--quota", quota)


def environment() -> dict[str, str]:
    """Return the environment with invented credentials in place of exported ones, and nobody to be notified."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PLIVO_", "BULK_ONBOARD_"))}
    ours.pop("CREDENTIALS_DIRECTORY", None)
    return ours | {"PLIVO_AUTH_ID": "MADEMONSTRATION00001", "PLIVO_AUTH_TOKEN": "invented"}


# The job's files.


def lay_out() -> None:
    """Make the folder anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700)


def write_job(workbook: str, url: str, quota: str) -> None:
    """Write the job file, and copy the workbook beside it."""
    shutil.copy2(ROOT / "sample_data" / workbook, FOLDER)  # with its date, or the run waits: it might be half written
    documents = os.path.relpath(ROOT / "sample_data/documents", FOLDER)
    (FOLDER / "job.toml").write_text(
        f'workbook = "{workbook}"\ndocuments = "{documents}"\n'
        f'base_url = "{url}"\nquota = "{quota}"\nsettle = "1s"\nconcurrency = {CONCURRENCY}\n',
        encoding="utf-8",
    )


def entries() -> list[Any]:
    """Return the entries of the ledger that are about creates, without a line that is being written."""
    lines = LEDGER.read_bytes().split(b"\n")[:-1] if LEDGER.is_file() else []
    return [entry for entry in map(json.loads, lines) if entry.get("op") == "create"]


def open_intents() -> set[str]:
    """Return the tokens of creates that were begun and have no outcome yet."""
    found = set()
    for entry in entries():
        if entry["entry"] == "intent":
            found.add(entry["token"])
        elif entry["entry"] in FINISH:
            found.discard(entry["token"])
    return found


def outcomes() -> list[tuple[str, str]]:
    """Return token and outcome of each create that has one, in the ledger's order."""
    return [(entry["token"], entry["entry"]) for entry in entries() if entry["entry"] in FINISH]


# The sandbox, asked as anybody may ask it.

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the environment names


def control(url: str, what: str, asked: Any) -> None:
    """Steer the sandbox."""
    request = urllib.request.Request(f"{url}/_sandbox/{what}", json.dumps(asked).encode(), method="POST")
    _DIRECT.open(request).close()


def state(url: str) -> Any:
    """Return what the sandbox holds, and what it saw."""
    with _DIRECT.open(f"{url}/_sandbox/state") as answer:
        return json.load(answer)


# What is printed.


def heading(title: str, verb: str) -> None:
    """Print what comes now, and the command that does it."""
    print(f"\n{title}\n   $ bulk-onboard {verb} {JOB}", flush=True)


def say(text: str, end: str = "\n", indent: str = "   ") -> None:
    """Print a line below a heading, or a part of one."""
    print(f"{indent}{text}", end=end, flush=True)


def box(title: str, lines: Sequence[tuple[str, str]]) -> None:
    """Print lines of a name and a text in a frame."""
    inner = WIDTH - 4
    print(f"\n┌─ {title} {'─' * (inner - len(title) - 1)}┐")
    for name, text in lines:
        print(f"│ {f'{name:22}{text}'[:inner]:{inner}} │")
    print(f"└{'─' * (WIDTH - 2)}┘", flush=True)


if __name__ == "__main__":
    main()
