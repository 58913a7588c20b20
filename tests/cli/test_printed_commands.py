"""Every command that is printed works when it is pasted: same folder, same environment, whatever the names are."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.settings import BY_NAME
from tests.support.businesses import aged, business, write_documents, write_workbook
from tests.support.office import Office, Told, flags_of, heard, start, typed

pytestmark = pytest.mark.slow

VERBS = "init|template|check|plan|run|resume|refresh|status|report|resolve|merge|undo|delete|ledger|purge"
COMMAND = re.compile(rf"(?:bulk-onboard (?:{VERBS})\b.*)$", re.MULTILINE)
KEYS = ("-K1", "it's $5 `x`", "मुंबई ~", 'a "b" \\c', "K-5")
OF_ONE_RUN = ("--limit", "--retry-refused", "--proxy", "--quiet", "--json")


def as_printed(flag: str) -> list[str]:
    """A flag with its value as commands have it: behind a blank, unless the value looks like a flag itself."""
    name, _, value = flag.partition("=")
    return [flag] if value.startswith("-") else [name, value]


class Rig(Office):
    """An office whose file names are as awkward as its Keys, typed as seen from its folder."""

    @property
    def workbook(self) -> Path:
        return self.folder / "-June's $5.xlsx"

    @property
    def ledger(self) -> Path:
        return self.folder / "-June's $5.ledger.jsonl"

    @property
    def report(self) -> Path:
        return self.folder / "-June's $5.report.xlsx"

    @property
    def documents(self) -> Path:
        return self.folder / "-scans of June"

    @property
    def flags(self) -> dict[str, str]:
        """What the bare workbook needs to be told."""
        return {"base_url": self.sandbox.url, "quota": "none", "documents": self.documents.name, "settle": "0.7s"}

    def keyed(self, *broken: int) -> None:
        """A row for each Key; a city is missing in some."""
        self.fill([business(n, Key=key) | ({"City": ""} if n in broken else {}) for n, key in enumerate(KEYS)])

    async def say(self, verb: str, *words: str, flags: bool = True) -> Told:
        """Type a verb about the workbook, with the flags unless they are left out."""
        options = [*words, *(flags_of(verb, self.flags) if flags else ())]
        return await typed(*verb.split(), *options, "--", self.workbook.name, cwd=self.folder)

    def reported(self) -> str:
        """What the report says in the cells that have commands."""
        book = openpyxl.load_workbook(self.report, read_only=True)
        return "\n".join(
            str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell
        )

    async def paste(self, command: str) -> Told:
        """Paste a command into a shell, which asks back for what `bulk-onboard` comes to."""
        words, (asked, asking), (answered, answering) = self.folder.parent / "words", os.pipe(), os.pipe()
        ask = f'printf "%s\\0" "$PWD" "$@" > {shlex.quote(str(words))}; echo >&{asking}'
        script = f'bulk-onboard() {{ {ask}; read -r status <&{answered}; return "$status"; }}\n{command}'
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", script.encode("utf-8", "surrogateescape")),
            cwd=self.folder,
            pass_fds=(asking, answered),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        os.close(asking)
        os.close(answered)
        told = []
        with os.fdopen(asked, "rb") as questions, os.fdopen(answering, "wb", buffering=0) as answers:
            while await asyncio.to_thread(questions.readline):
                folder, *typed_words = os.fsdecode(words.read_bytes()).split("\0")[:-1]
                if typed_words[0] == "run" and "--settle" not in typed_words:  # `check` and `plan` have no such flag
                    typed_words[1:1] = ["--settle", self.flags["settle"]]
                told.append(await typed(*typed_words, cwd=Path(folder)))
                answers.write(b"%d\n" % told[-1].status)
        told.append(await heard(process))
        return Told(told[-1].status, "".join(each.out for each in told), "".join(each.err for each in told))

    async def paste_all(self, told: Iterable[Told | str], pasted: list[str] | None = None) -> list[str]:
        """Paste each command that was printed, in the folder as it is now, and then what that prints; all of them.

        Those that run the job come last, since they change what the API has, which is not put back.
        """
        pasted = [] if pasted is None else pasted
        was = Path(tempfile.mkdtemp(dir=self.folder.parent)) / "was"
        shutil.copytree(self.folder, was, symlinks=True)
        for command in sorted((each for text in told for each in printed(text)), key=lambda each: " run " in each):
            if command in pasted:
                continue
            pasted.append(command)
            assert not any(f" {flag} " in f"{command} " for flag in OF_ONE_RUN), command
            shutil.rmtree(self.folder)
            shutil.copytree(was, self.folder, symlinks=True)
            answer = await self.paste(command)
            assert answer.status not in (1, 2, 6), (command, answer)
            await self.paste_all([answer], pasted)
        return pasted


def printed(told: Told | str) -> list[str]:
    """The commands in what was said; each ends its line."""
    return COMMAND.findall(told if isinstance(told, str) else f"{told.out}\n{told.err}")


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Rig]:
    """A desk in a folder of its own, so that the folder can be put back as it was."""
    (tmp_path / "folder").mkdir()
    async with Sandbox() as sandbox:
        yield Rig(tmp_path / "folder", sandbox)


async def test_before_anything_is_sent(context: Rig) -> None:
    """`check`, `plan`, `init`, `template`, and what a verb says that finds no ledger or no job file."""
    context.keyed(1)
    fresh = [await context.say("check"), await context.say("plan"), await context.say("resume")]
    fresh += [await typed(*words, cwd=context.folder) for words in (["init", "a b"], ["run", "no such/job.toml"])]
    fresh.append(await typed("template", "--output", "-t.xlsx", "--offline", cwd=context.folder))

    pasted = await context.paste_all(fresh)

    assert {"run", "check", "init"} <= {command.split()[1] for command in pasted}


async def test_after_a_pilot(context: Rig) -> None:
    """The run, `status` and `report` in new processes, of the workbook and of the ledger: the run without its limit."""
    context.keyed(1)
    first = await context.say("run", "--limit", "1", "--retry-refused", "--max-refused", "9")
    later = [await context.say(verb, flags=False) for verb in ("status", "report")]
    of_ledger = await typed("status", "--", context.ledger.name, cwd=context.folder)

    pasted = await context.paste_all([first, *later, context.reported(), of_ledger])

    ordered = {name: context.flags[name] for name in BY_NAME if name in context.flags}
    flags = [each for flag in flags_of("run", ordered) for each in as_printed(flag)]
    run = shlex.join(["bulk-onboard", "run", *flags, "--", context.workbook.name])
    assert [run] == printed(later[0]) == printed(of_ledger)
    assert run in pasted
    assert "There is no such file" not in context.reported()


async def test_held_rows(context: Rig) -> None:
    """`resolve`, each answer that the API does not contradict, and what comes next."""
    context.keyed()
    await context.say("run")
    context.ledger.unlink()
    for n, record in enumerate(context.sandbox.state.records[:-1]):
        context.sandbox.state.keep(replace(record, compliance_id=f"ffffffff-0000-4000-8000-{n:012d}"))
    ran = await context.say("run")
    later = await context.say("status", flags=False)

    pasted = await context.paste_all([ran, context.reported(), later])

    assert 3 == ran.status
    assert "bulk-onboard resolve" in ran.out.splitlines()[-1]
    assert "bulk-onboard resolve" in later.out.splitlines()[-1]
    answers = [word for command in pasted for word in command.split() if word in ("--found", "--abandon", "--absent")]
    assert Counter({"--found": 8, "--abandon": 4}) == Counter(answers)


async def test_absent_record(context: Rig) -> None:
    """A held row of which the API has nothing may be said to be absent, and is sent by the command that follows."""
    context.keyed()
    await context.say("run")
    context.ledger.unlink()
    first = context.sandbox.state.records[0]
    context.sandbox.state.keep(replace(first, compliance_id="ffffffff-0000-4000-8000-000000000000"))
    ran = await context.say("run")
    for record in context.sandbox.state.named(first.alias):
        context.sandbox.state.forget(record)

    asked = await context.paste(printed(ran)[-1])
    (absent,) = [command for command in printed(asked) if "--absent" in command]
    resolved = await context.paste(absent)
    sent = await context.paste(printed(resolved)[-1])

    assert (3, 0, 0) == (asked.status, resolved.status, sent.status)
    assert 1 == len(context.sandbox.state.named(first.alias))


async def test_rejected_rows(context: Rig) -> None:
    """The advice of each row, and the marked copy."""
    context.keyed()
    await context.say("run")
    for record in context.sandbox.state.records:
        context.sandbox.state.review(record, "rejected", "Blurred.")
    told = [
        await context.say("run", "--annotate"),
        await context.say("refresh"),
        await context.say("status", flags=False),
    ]
    aged(context.folder / "-June's $5.annotated.xlsx")

    pasted = await context.paste_all([*told, context.reported()])

    assert any(command.startswith("bulk-onboard merge ") for command in pasted)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_run_that_was_stopped(context: Rig, number: signal.Signals) -> None:
    """It goes on with what was typed, limit and all, where it could say so; else the ledger has the rest."""
    context.keyed()
    context.sandbox.latency_s = 0.05
    flags = flags_of("run", context.flags)
    words = ("run", "--limit", "4", *flags, "--concurrency", "1", "--", context.workbook.name)
    process = await start(*words, cwd=context.folder)
    while not context.sandbox.state.records:
        await asyncio.sleep(0.01)
    process.send_signal(number)
    told = await heard(process)
    context.sandbox.latency_s = 0.0
    later = await context.say("status", flags=False)

    if number is signal.SIGTERM:
        assert " --limit 4 " in printed(told)[-1]
        told.out = told.out.replace(" --limit 4 ", " ")
    pasted = await context.paste_all([told, later])

    assert any("--base-url" in command for command in pasted)


async def test_damaged_ledger(context: Rig) -> None:
    """The command that salvages it."""
    context.keyed()
    await context.say("run")
    lines = context.ledger.read_bytes().splitlines(keepends=True)
    lines[-2] = lines[-2].replace(b'"crc":"', b'"crc":"0')
    context.ledger.write_bytes(b"".join(lines))
    told = await context.say("run")

    pasted = await context.paste_all([told])

    assert 6 == told.status
    assert ["ledger repair"] == [" ".join(command.split()[1:3]) for command in pasted[:1]]


async def test_flags_over_a_job_file(context: Rig) -> None:
    """Typed from elsewhere, and from yet another place later: paths are told as seen from there."""
    (context.folder / "a b" / "papers").mkdir(parents=True)
    rows = [business(1), business(2, City="")]
    write_documents(context.folder / "a b" / "papers", rows)
    write_workbook(context.folder / "a b" / "june.xlsx", rows)
    aged(context.folder / "a b" / "june.xlsx")
    (context.folder / "a b" / "job.toml").write_text(
        f'workbook = "june.xlsx"\ndocuments = "nowhere"\nbase_url = "{context.sandbox.url}"\nquota = "none"\n'
    )
    flags = ["--documents", "a b/papers", "--settle", "0.7s"]
    ran = await typed("run", "a b/job.toml", "--quota", "none", *flags, cwd=context.folder)
    later = await typed("status", "a b/job.toml", cwd=context.folder)
    inside = await typed("status", "job.toml", "--json", cwd=context.folder / "a b")

    await context.paste_all([ran, later])

    assert ["bulk-onboard run 'a b/job.toml' --documents 'a b/papers' --settle 0.7s"] == printed(later)
    assert "bulk-onboard run job.toml --documents papers --settle 0.7s" == inside.json["next"]


async def test_bare_workbook_beside_its_job_file(context: Rig) -> None:
    """Whoever runs it begins a second ledger, and is told what to type instead."""
    context.keyed()
    job = f'workbook = "{context.workbook.name}"\ndocuments = "{context.documents.name}"\n'
    job += f'base_url = "{context.sandbox.url}"\n'
    (context.folder / "job.toml").write_text(f'{job}quota = "none"\n')

    told = await context.say("run")

    (warning,) = [line for line in told.err.splitlines() if "job.toml names this workbook, too" in line]
    assert printed(warning) == ["bulk-onboard run job.toml --settle 0.7s"]
    await context.paste_all([warning])


async def test_bare_workbook_beside_the_job_that_sent_it(context: Rig) -> None:
    """No second ledger is begun for rows that the job's own has, unless it is named; nothing is sent."""
    context.keyed()
    job = f'workbook = "{context.workbook.name}"\ndocuments = "{context.documents.name}"\n'
    job += f'base_url = "{context.sandbox.url}"\n'
    (context.folder / "job.toml").write_text(f'{job}quota = "none"\n')
    await typed("run", "job.toml", "--settle", "0.7s", cwd=context.folder)
    records = len(context.sandbox.state.records)

    told = await context.say("run")
    named = await context.say("run", "--ledger", "second.jsonl")

    assert (2, False) == (told.status, context.ledger.exists())
    assert "job.toml names this workbook, too" in told.err
    assert ["bulk-onboard run job.toml --settle 0.7s"] == printed(told.err)
    assert (0, records) == (named.status, len(context.sandbox.state.records))


async def test_proxy_is_not_repeated(context: Rig) -> None:
    """Nor kept in the ledger; a sentence says that it has to be added."""
    context.keyed()
    async with Sandbox() as proxy:
        told = await context.say("run", "--proxy", proxy.url, "--limit", "1")
    later = await context.say("status", flags=False)

    assert 1 == len(proxy.state.records)
    assert "leaves out --proxy" in told.err
    assert "--proxy" not in "".join(printed(told) + printed(later))
    assert proxy.url.encode() not in context.ledger.read_bytes()
