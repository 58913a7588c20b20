"""The schedules that the project ships are what cron, systemd and Kubernetes understand, and what this tool takes."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from bulk_onboard.api.credentials import credentials_from, look_up
from bulk_onboard.cli.app import app
from bulk_onboard.errors import ExitStatus
from bulk_onboard.notification.message import VARIABLE

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "jobs"
README = (JOBS / "README.md").read_text(encoding="utf-8")
CRON = (JOBS / "bulk-onboard.cron").read_text(encoding="utf-8")
SCHEDULES = (ROOT / "docs/schedules.md").read_text(encoding="utf-8")
MANY = (ROOT / "docs/many.md").read_text(encoding="utf-8")
WORKER = "bulk-onboard-worker.service"
UNITS = ["bulk-onboard@.service", "bulk-onboard@.timer", WORKER]

AGAIN = {ExitStatus.STOPPED}  # what may go better in some minutes
QUIET = {ExitStatus.DONE, ExitStatus.LOCKED}
STOPPED_BY_SOMEBODY = {ExitStatus.HUNGUP, ExitStatus.INTERRUPTED, ExitStatus.TERMINATED}
KNOWN = {  # man 5 systemd.unit, systemd.service, systemd.exec, systemd.kill, systemd.timer
    "Unit": "Description Documentation Wants After StartLimitIntervalSec StartLimitBurst",
    "Install": "WantedBy",
    "Timer": "OnCalendar RandomizedDelaySec Persistent",
    "Service": "Type ExecStart User StateDirectory StateDirectoryMode WorkingDirectory ReadWritePaths UMask "
    "Environment LoadCredential "
    "SuccessExitStatus RestartPreventExitStatus Restart RestartSec KillMode TimeoutStopSec NoNewPrivileges "
    "CapabilityBoundingSet ProtectSystem ProtectHome PrivateTmp PrivateDevices ProtectProc ProtectClock "
    "ProtectHostname ProtectControlGroups ProtectKernelLogs ProtectKernelModules ProtectKernelTunables "
    "RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality "
    "MemoryDenyWriteExecute SystemCallArchitectures SystemCallFilter SystemCallErrorNumber",
}


def directives(unit: str) -> dict[str, dict[str, list[str]]]:
    """The sections of a unit, each directive with its values in their order."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in (JOBS / unit).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line[1:-1], {})
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return sections


SERVICE = directives("bulk-onboard@.service")["Service"]
WORKERS = directives(WORKER)["Service"]


def statuses(text: str) -> set[ExitStatus]:
    """The exit statuses that a text lists."""
    return {ExitStatus(int(number)) for number in re.findall(r"\d+", text)}


def parsed(words: list[str]) -> dict[str, object]:
    """What the command line makes of these words."""
    assert words[0].rsplit("/", 1)[-1] == "bulk-onboard"
    verb = typer.main.get_command(app).commands[words[1]]
    with verb.make_context(words[1], words[2:]) as context:
        return context.params


def cron_entry() -> tuple[list[str], str, str]:
    """The five fields, the user, and the command as a shell gets it."""
    (line,) = [line for line in CRON.splitlines() if re.match(r"[\d*]", line)]
    *fields, user, command = line.split(maxsplit=6)
    assert not re.search(r"(?<!\\)%", command), "cron makes a line break of it"
    return fields, user, command.replace(r"\%", "%")


def verified(folder: Path, **changes: str) -> str:
    """What systemd says of the units, with a program that is there on this machine."""
    for unit in UNITS:
        text = (JOBS / unit).read_text(encoding="utf-8")
        for old, new in {"/opt/bulk-onboard/.venv/bin/bulk-onboard": "/bin/true", **changes}.items():
            text = text.replace(old, new)
        (folder / unit).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", *(str(folder / unit) for unit in UNITS)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_readme_lists_every_schedule():
    """What lies beside the job files is told there."""
    listed = re.findall(r"^\| `(bulk-onboard\S*)` \|", README, re.MULTILINE)

    assert sorted(path.name for path in JOBS.glob("bulk-onboard*")) == sorted(listed)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine")
def test_systemd_understands_the_units(tmp_path):
    """It has nothing to say of them; of a misspelt directive it would."""
    assert "" == verified(tmp_path)
    assert "ProtectSistem" in verified(tmp_path, ProtectSystem="ProtectSistem")
    assert "01:77" in verified(tmp_path, **{"01:30": "01:77"})


@pytest.mark.parametrize("unit", UNITS)
def test_every_directive_is_spelt_right(unit):
    """Also where there is no systemd to ask: each stands in its section, and has a value unless that is to be empty."""
    found = directives(unit)

    assert [] == [(s, name) for s, section in found.items() for name in section if name not in KNOWN[s].split()]
    assert {"CapabilityBoundingSet"} >= {name for s in found.values() for name, values in s.items() if "" in values}


def test_unit_runs_a_job_in_the_folder_that_it_may_write_to():
    """The command line is one of ours, and job, working directory and state directory are one folder."""
    (line,) = SERVICE["ExecStart"]

    given = parsed(line.replace("%S", "/var/lib").replace("%i", "migration").split())

    assert "/var/lib/bulk-onboard/migration/job.toml" == str(given["job"])
    assert given["quiet"]
    assert ["bulk-onboard/%i"] == SERVICE["StateDirectory"]
    assert ["%S/bulk-onboard/%i"] == SERVICE["WorkingDirectory"]
    assert ["strict"] == SERVICE["ProtectSystem"]


def test_unit_maps_every_exit_status():
    """Each is a success, final, or tried again: exactly one of the three."""
    success = statuses(*SERVICE["SuccessExitStatus"]) | {ExitStatus.DONE}
    final = statuses(*SERVICE["RestartPreventExitStatus"])

    assert QUIET | STOPPED_BY_SOMEBODY | {ExitStatus.ROWS_NEED_ATTENTION} == success
    assert set() == success & final
    assert AGAIN == set(ExitStatus) - success - final


def test_credentials_of_the_unit_are_those_that_are_looked_for(tmp_path):
    """The names after LoadCredential= are found below $CREDENTIALS_DIRECTORY, and nothing else is needed."""
    for name, _, source in (value.partition(":") for value in SERVICE["LoadCredential"]):
        (tmp_path / name).write_text(f"{name}\n")
        assert source == f"/etc/bulk-onboard/{name}"

    found = credentials_from({"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert ("plivo_auth_id", "plivo_auth_token") == (found.auth_id, found.auth_token.reveal())


def test_unit_proposes_the_place_for_addresses_to_notify(tmp_path):
    """Whoever uncomments the line has them where they are looked for."""
    text = (JOBS / "bulk-onboard@.service").read_text(encoding="utf-8")
    (name,) = re.findall(r"^# LoadCredential=(\w+):/etc/bulk-onboard/\1$", text, re.MULTILINE)
    (tmp_path / name).write_text("slack://one\nslack://two\n")

    found = look_up(VARIABLE, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, warn=print, several=True)

    assert ["slack://one", "slack://two"] == found.split()


def test_unit_of_a_worker_is_one_of_ours_and_comes_back_whatever_ended_it():
    """But where it would end so again; SIGTERM, by which calls finish, goes to the worker alone."""
    (line,) = WORKERS["ExecStart"]

    assert 50 == parsed(line.split())["accounts"]
    assert (["always"], ["mixed"], ["5min"]) == tuple(
        WORKERS[name] for name in ("Restart", "KillMode", "TimeoutStopSec")
    )
    assert {ExitStatus.USAGE} == statuses(*WORKERS["RestartPreventExitStatus"])
    assert STOPPED_BY_SOMEBODY == statuses(*WORKERS["SuccessExitStatus"])


def test_unit_of_a_worker_is_closed_as_that_of_a_run_is():
    """What a run does not need a worker does not need either."""
    closed = {name for name in SERVICE if re.match("Protect|Private|Restrict|SystemCall|NoNew|Cap|Lock|Memory", name)}

    assert {name: SERVICE[name] for name in closed} == {name: WORKERS[name] for name in closed}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine")
def test_systemd_understands_what_the_page_adds_to_a_worker(tmp_path):
    """The lines that a reader puts into the drop-in, as they stand there."""
    (block,) = re.findall(r"^    \[Service\]\n((?:    .*\n)*?    ReadWritePaths=.*\n)", MANY, re.MULTILINE)
    added = "".join(f"{line[4:]}\n" for line in block.splitlines())

    assert "BULK_ONBOARD_STORE=postgresql://" in added
    assert "" == verified(tmp_path, **{"[Service]\n": f"[Service]\n{added}"})


def test_cron_line_has_its_fields():
    """Minute, hour, every day; a user; a command of ours; variables and comments besides, a newline at the end."""
    fields, user, command = cron_entry()
    others = [line for line in CRON.splitlines() if line and not line.startswith("#")][:-1]

    assert all(re.fullmatch(r"\d+|\*", field) for field in fields)
    assert (5, "bulk-onboard") == (len(fields), user)
    assert int(fields[0]) < 60
    assert int(fields[1]) < 24
    assert parsed(re.search(r"\$\((bulk-onboard .*?) 2>&1\)", command)[1].split())["quiet"]
    assert all(re.fullmatch(r"[A-Z_]+=\S+", line) for line in others)
    assert {f"PLIVO_AUTH_{what}_FILE" for what in ("ID", "TOKEN")} <= {line.partition("=")[0] for line in others}
    assert CRON.endswith("\n")


@pytest.mark.parametrize("status", list(ExitStatus))
def test_cron_mails_only_what_is_to_be_told(tmp_path, status):
    """0 and 5 print nothing; anything else the exit status and what was printed on both streams."""
    program = tmp_path / "bulk-onboard"
    program.write_text(f"#!/bin/sh\necho 'a 100% result'\necho trouble >&2\nexit {int(status)}\n")
    program.chmod(0o755)

    told = subprocess.run(
        ["/bin/sh", "-c", cron_entry()[2]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    wanted = "" if status in QUIET else f"exit status {int(status)}\na 100% result\ntrouble\n"
    assert (wanted, "") == (told.stdout, told.stderr)


def test_kubernetes_runs_a_job_with_secrets_as_files():
    """The command is one of ours, no second pod begins beside it, and only what may go better is tried again."""
    (command,) = re.findall(r"command: (\[.*\])", SCHEDULES)
    (final,) = re.findall(r"values: (\[.*\])", SCHEDULES)

    assert "/job/job.toml" == str(parsed(json.loads(command))["job"])
    assert AGAIN | STOPPED_BY_SOMEBODY | {ExitStatus.DONE} == set(ExitStatus) - statuses(final)
    for line in ("concurrencyPolicy: Forbid", "restartPolicy: Never", 'accessModes: ["ReadWriteOncePod"]'):
        assert line in SCHEDULES
    assert ["PLIVO_AUTH_ID_FILE", "PLIVO_AUTH_TOKEN_FILE"] == re.findall(r"name: (PLIVO\w+)\n", SCHEDULES)


def test_page_of_schedules_has_every_exit_status():
    """Each stands once in the table of what to make of it."""
    body = SCHEDULES.partition("| Exit status |")[2].partition("\n|---")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in body.splitlines()[1:]]

    assert sorted(ExitStatus) == sorted(status for cell in cells for status in statuses(cell))
