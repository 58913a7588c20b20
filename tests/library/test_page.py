"""The examples of docs/library.md run as they stand, against the sandbox."""

import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from aiohttp.test_utils import TestClient, TestServer

import bulk_onboard
from bulk_onboard.testing import Sandbox, invented_businesses

PAGE = "\n" + (Path(__file__).parents[2] / "docs/library.md").read_text(encoding="utf-8")


def examples(heading: str) -> list[str]:
    """The examples below a heading."""
    text = PAGE.partition(f"\n{heading}\n")[2]
    section = re.split(r"^#+ ", text, maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder with a job of three businesses, as the examples have it, and the API."""
    with Sandbox() as sandbox:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PLIVO_AUTH_ID", sandbox.credentials.auth_id)
        monkeypatch.setenv("PLIVO_AUTH_TOKEN", sandbox.credentials.auth_token.reveal())
        rows = invented_businesses(3, tmp_path / "migration/documents")
        rows.to_csv("migration/businesses.csv", index=False)
        invented_businesses(3, tmp_path / "documents").to_csv("crm_export.csv", index=False)
        Path("migration/job.toml").write_text(
            f'workbook = "businesses.csv"\nbase_url = "{sandbox.base_url}"\nquota = "none"\nsettle = 0.5\n'
        )
        yield sandbox


def carried_out(code: str, **names: Any) -> dict[str, Any]:
    """What the names of an example are once it has run."""
    code = code.replace("load_job(frame=businesses,", "load_job(**sandbox.settings, frame=businesses,")
    exec(compile(code, "docs/library.md", "exec"), names)
    return names


def test_every_example_is_tested() -> None:
    """The page has no example but those below."""
    headings = ("# From a program", *re.findall(r"^## .+$", PAGE, re.MULTILINE))

    assert {
        "# From a program": 1,
        "## A DataFrame in place of a workbook": 1,
        "## Several accounts": 1,
        "## A notebook": 1,
        "## An Airflow task": 1,
        "## A web service": 1,
        "## Tests": 2,
    } == {heading: len(examples(heading)) for heading in headings if examples(heading)}


def test_first_example(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Check, run, and what came of it; nothing is printed but what the example prints."""
    carried_out(*examples("# From a program"))

    said = capsys.readouterr()
    assert 3 == len(sandbox.records)
    assert said.out.startswith("3 rows, ready\n")
    assert "Of 3 businesses, 3 wait for their review." in said.out
    assert "" == said.err


def test_example_of_several_accounts(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each account has its rows; a row of none is told."""
    for name, value in sandbox.environ("acme", "bravo").items():
        monkeypatch.setenv(name, value)
    rows = invented_businesses(3, Path("agency/documents")).assign(Account=["acme", "bravo", "nobody"])
    rows.to_csv("agency/businesses.csv", index=False)
    settings = f'workbook = "businesses.csv"\nbase_url = "{sandbox.base_url}"\nquota = "none"\nsettle = 0.5\n'
    Path("agency/job.toml").write_text(f'{settings}[[accounts]]\nname = "acme"\n[[accounts]]\nname = "bravo"\n')

    result = carried_out(*examples("## Several accounts"))["result"]

    assert [1, 1] == [len(sandbox.account(name).records) for name in ("acme", "bravo")]
    assert ["nobody"] == result.findings.query("account == ''")["seen"].tolist()
    said = capsys.readouterr().out
    assert "acme 1 finished\nbravo 1 finished\n" in said


def test_example_of_a_frame(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows with errors are shown as the frame has them, the others are sent."""
    frame = pd.read_csv("crm_export.csv", dtype=str)
    frame.loc[1, "City"] = None
    frame.to_csv("crm_export.csv", index=False)

    done = carried_out(*examples("## A DataFrame in place of a workbook"), sandbox=sandbox)

    assert "K-2" in capsys.readouterr().out
    assert ["submitted", "invalid", "submitted"] == done["result"].results["state"].tolist()
    assert {"crm.ledger.jsonl", "crm.report.xlsx"} <= {path.name for path in Path().iterdir()}
    assert "bulk_onboard.run(job)" == done["result"].next


async def test_example_of_a_notebook(sandbox: Sandbox) -> None:
    """A notebook's thread has a running event loop, as this test's has."""
    done = carried_out(*examples("## A notebook"))

    assert 3 == len(sandbox.records)
    assert done["result"].ok


def test_example_of_an_airflow_task(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow itself is not installed for this: its decorator only has to be one."""
    airflow = types.ModuleType("airflow.sdk")
    monkeypatch.setattr(airflow, "task", lambda **options: lambda function: function, raising=False)
    monkeypatch.setitem(sys.modules, "airflow", types.ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", airflow)
    task = carried_out(*examples("## An Airflow task"))["onboard"]

    assert 3 == task("migration/businesses.csv")["submitted"]

    monkeypatch.setenv("PLIVO_AUTH_ID", "MAANOTHER00000000000")
    with pytest.raises(bulk_onboard.errors.LedgerError):
        task("migration/businesses.csv")


async def test_example_of_a_web_service(sandbox: Sandbox) -> None:
    """It answers at once, says how far the run is, and stops it when it is stopped itself."""
    done = carried_out(*examples("## A web service"))

    async with TestClient(TestServer(done["app"])) as client:
        started = await client.post("/runs")
        assert 202 == started.status
        (task,) = done["tasks"]
        await task
        shown = await (await client.get("/status")).json()

    assert 3 == len(sandbox.records)
    assert "Of 3 businesses, 3 wait for their review." == shown["sentence"]


def test_example_of_a_test(tmp_path: Path) -> None:
    """Somebody's own test, in a process of its own."""
    plugins, test = examples("## Tests")
    (tmp_path / "conftest.py").write_text(plugins)
    (tmp_path / "test_program.py").write_text(test)

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert 0 == ended.returncode, ended.stdout
    assert "1 passed" in ended.stdout
