"""The tables of the README and of the pages beside it, and the picture of a record's life, are those of the code."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import openpyxl
import pytest

from bulk_onboard.errors import PRECEDENCE
from bulk_onboard.intake.header import PLAIN
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import Contract
from bulk_onboard.reporting import sheets as problems
from bulk_onboard.reporting import sheets as results
from bulk_onboard.sandbox.behaviours import ABOUT, BEHAVIOURS
from bulk_onboard.sandbox.callbacks import CALLBACK_FAULTS
from bulk_onboard.sandbox.control import ACTS, ACTS_OF_ALL
from bulk_onboard.sandbox.faults import FAULTS
from bulk_onboard.sandbox.others import ODDITIES, SHARES
from bulk_onboard.sandbox.records import MAGIC_WORDS
from tests.support.tables import table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORKBOOK = (ROOT / "docs/workbook.md").read_text(encoding="utf-8")
STOPS = (ROOT / "docs/when_a_run_stops.md").read_text(encoding="utf-8")
HANDING_OVER = (ROOT / "docs/handing_over.md").read_text(encoding="utf-8")
SANDBOX = (ROOT / "docs/sandbox.md").read_text(encoding="utf-8")
LEDGER = (ROOT / "docs/design/ledger.md").read_text(encoding="utf-8")


def told(header: str, text: str) -> list[list[str]]:
    """The cells of the table whose first header this is, without backticks."""
    return [[cell.replace("`", "") for cell in row] for row in table(text, header)]


def words(cells: list[str]) -> set[str]:
    """What a column of a table names, one or several to a cell."""
    return {word for cell in cells for word in cell.replace(" or ", ", ").split(", ")}


@pytest.fixture(scope="module")
def draw_states() -> ModuleType:
    """The script that draws the picture."""
    spec = importlib.util.spec_from_file_location("draw_states", ROOT / "scripts/draw_states.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_picture_is_drawn_from_the_table_of_steps(draw_states):
    """The state diagram is what the script draws from the table now."""
    assert draw_states.redrawn(LEDGER) == LEDGER, (
        "The diagram in docs/design/ledger.md is not that of TRANSITIONS; type: .venv/bin/python scripts/draw_states.py"
    )


def test_picture_follows_the_table(draw_states):
    """Steps that lead the same way are one arrow, shared ones leave the frame, and what stays is left out."""
    admitted = {"admitted": State.NOT_SENT, "held create": State.HELD}
    steps = {
        State.NOT_SENT: {**admitted, "intent create": State.SENDING},
        State.REFUSED: admitted,
        State.SENDING: {
            **{f"unresolved {op}": State.UNCERTAIN for op in ("create", "update", "link", "delete")},
            "done create": State.SUBMITTED,
            "done update": State.SUBMITTED,
            "run_started": State.UNCERTAIN,
        },
        State.SUBMITTED: {"reviewed": State.SUBMITTED, "intent update": State.SENDING},
    }

    drawn = [line.strip() for line in draw_states.diagram(steps).splitlines() if "-->" in line]

    assert [
        "[*] --> not_sent",
        "refused --> not_sent : admitted",
        "row_decides --> held : held (create)",
        "not_sent --> sending : intent (create)",
        "sending --> uncertain : unresolved, run_started",
        "sending --> submitted : done (create, update)",
        "submitted --> sending : intent (update)",
    ] == drawn


def test_every_state_is_told():
    """Each state of a record has its meaning."""
    assert {state.value for state in State} == words([row[0] for row in told("State", LEDGER)])


def test_readme_is_read_in_a_few_minutes():
    """At most 120 lines; what is longer has a page of its own in docs/."""
    assert len(README.splitlines()) <= 120


def test_readme_has_the_commands_for_a_workbook_of_ones_own():
    """Two to see it work, and five from the first check to the last row."""
    commands = re.findall(r"^    (make \w+|bulk-onboard (?!init)\w+)", README, re.MULTILINE)
    assert [
        "make setup",
        "make demo",
        *(f"bulk-onboard {v}" for v in ["check", "plan", "run", "run", "status"]),
    ] == commands


def test_every_page_is_in_the_index():
    """docs/README.md leads to each page of docs/."""
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert set() == pages - set(re.findall(r"\]\(([\w/]+\.md)", index))


def test_every_exit_status_is_told_in_the_order_of_precedence():
    """The higher one is returned when several hold."""
    assert [int(status) for status in PRECEDENCE] == [int(row[0]) for row in told("Exit status", STOPS)]


def test_every_column_is_told():
    """The headers that are understood whatever the requirements are, are all there."""
    known = {header for headers in PLAIN.values() for header in headers}

    assert set() == known - words([row[0] for row in told("Column", WORKBOOK)])


@pytest.mark.parametrize("contract", list(Contract))
def test_every_column_of_the_template_is_told(tmp_path, contract):
    """A workbook that `template` writes has no column that the page passes over; kinds stand for one another."""
    from bulk_onboard.api.bundled import bundled_requirements
    from bulk_onboard.intake.template import write_template

    write_template(tmp_path / "empty.xlsx", bundled_requirements(contract))
    header, *_ = openpyxl.load_workbook(tmp_path / "empty.xlsx").worksheets[0].iter_rows(values_only=True)

    assert [] == [
        name
        for name in header
        if not name.endswith(" Kind") and name not in words([r[0] for r in told("Column", WORKBOOK)])
    ]


@pytest.mark.parametrize(
    ("sheet", "headers"), [("Results", results.RESULT_HEADERS), ("Problems", problems.PROBLEM_HEADERS)]
)
def test_report_sheet_has_these_columns(sheet, headers):
    """The columns of Results and Problems are named in their order."""
    assert dict(told("Sheet", HANDING_OVER))[sheet].endswith(": " + ", ".join(headers))


def test_every_fault_of_the_sandbox_is_told():
    """Name, when it strikes and what the client sees are the sandbox's own."""
    assert [[fault.name, fault.strikes.value, fault.sentence] for fault in FAULTS.values()] == told("Fault", SANDBOX)


def test_every_magic_word_is_told():
    """Which words in a name lead to which review."""
    assert [[word or "anything else", review] for word, review, _ in MAGIC_WORDS] == told("The name contains", SANDBOX)


def test_every_fault_of_callbacks_is_told():
    """Name and what the receiver meets are the sandbox's own."""
    assert [[fault.name, fault.sentence] for fault in CALLBACK_FAULTS.values()] == told("Callback", SANDBOX)


def test_every_request_under_control_is_told():
    """The table has what the sandbox answers under `/_sandbox/`, and nothing else."""
    documented = [
        (method, name)
        for method, *names in (row[0].replace(",", "").split() for row in told("Request", SANDBOX))
        for name in names
    ]
    assert list(ACTS) == documented
    assert list(ACTS_OF_ALL) == [tuple(row[0].split()) for row in told("Request for all accounts", SANDBOX)]


@pytest.mark.parametrize("about", ABOUT)
def test_every_behaviour_is_told(about):
    """What a client meets is said in the sandbox's own words."""
    switches = [[b.name, b.sentence.replace("`", "")] for b in BEHAVIOURS.values() if b.about == about]
    assert switches == told(about.capitalize(), SANDBOX)


def test_what_others_do_is_told():
    """What happens between two pages, and how a stranger's record may be odd."""
    assert [[name, sentence] for name, sentence in SHARES.items()] == told("Others", SANDBOX)
    assert [[o.name, o.sentence.replace("`", "")] for o in ODDITIES.values()] == told("Odd record", SANDBOX)
