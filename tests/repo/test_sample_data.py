"""The sample data is what its generator writes, and shows what its README says."""

import re
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import load_job
from bulk_onboard.model.catalogue import CATALOGUE, RECORDS, RENUMBERED, Severity
from bulk_onboard.model.requirements import Combination, Contract, RequirementsBook
from bulk_onboard.pipeline.judge import Judgement, judge
from bulk_onboard.pipeline.sheets import read_job_sheet
from bulk_onboard.sandbox.records import robot_review as review_of
from tests.support.tables import table

SAMPLES = Path(__file__).parents[2] / "sample_data"
README = (SAMPLES / "README.md").read_text(encoding="utf-8")
RELEASED = "businesses_released.xlsx"
WORKBOOKS = ["businesses.xlsx", "businesses_clean.xlsx", RELEASED, "nightly.csv"]
NOT_IN_A_FOLDER = {"document-unreadable", "document-changed"}
AFTER_CONVERT = {"document-converted", "document-not-converted"}
AFTER_ANOTHER_RUN = {
    "record-of-another-row",
    "business-under-another-key",
    "business-again",
    "key-of-another-business",
    "older-content",
    *RENUMBERED,
}
AT_THE_API = {kind.code for kind in RECORDS}
OF_ANOTHER_JOB = {"document-ambiguous", "document-fits-twice", "in-other-ledger", "format-tells-less", "some-rows-only"}
OF_SEVERAL_ACCOUNTS = {
    "account-missing",
    "account-unknown",
    "account-of-others",
    "account-ledger-damaged",
    "in-other-account",
}
SPOILING_THE_SAMPLES = {"external-links", "unwrapped-text", "byte-order-marks", "key-too-long"}
OF_OTHER_REQUIREMENTS = {"word-not-accepted", "date-otherwise", "date-impossible", "odd-requirement"}
NOT_SHOWN = (
    NOT_IN_A_FOLDER
    | AFTER_CONVERT
    | AFTER_ANOTHER_RUN
    | AT_THE_API
    | OF_ANOTHER_JOB
    | OF_SEVERAL_ACCOUNTS
    | SPOILING_THE_SAMPLES
    | OF_OTHER_REQUIREMENTS
)


JUDGED: dict[str, Judgement] = {}  # each workbook takes a second


async def judged(name: str) -> Judgement:
    """What `check --offline` finds out about a sample workbook, under the contract that it is for."""
    if name not in JUDGED:
        JUDGED[name] = await _judged(name)
    return JUDGED[name]


async def _judged(name: str) -> Judgement:
    async def ask(_: Iterable[Combination]) -> RequirementsBook:
        return bundled_requirements(Contract.RELEASED if name == RELEASED else Contract.BETA)

    job = load_job(SAMPLES / name)
    return await judge(job, await read_job_sheet(job), ask)


def counts(judgement: Judgement) -> list[int]:
    """The numbers of a judgement, in the order of the README's columns."""
    rows, severities = judgement.rows, Counter(finding.severity for finding in judgement.findings)
    return [
        len(rows),
        sum(row.application is not None for row in rows),
        sum(row.has_errors for row in rows),
        sum(row.duplicate_of is not None for row in rows),
        severities[Severity.ERROR],
        severities[Severity.WARNING],
        ExitStatus.ROWS_NEED_ATTENTION if judgement.has_errors else ExitStatus.DONE,
    ]


def files_below(folder: Path) -> dict[str, bytes]:
    """Everything the generator writes, by path."""
    paths = [*map(folder.joinpath, WORKBOOKS), *(folder / "documents").rglob("*")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def test_generator_writes_what_is_committed(tmp_path):
    """Every sample is written anew byte for byte, and none lies there that is not written."""
    subprocess.run([sys.executable, SAMPLES / "generate.py", tmp_path], check=True, capture_output=True)

    written, committed = files_below(tmp_path), files_below(SAMPLES)

    assert sorted(written) == sorted(committed)
    assert [] == [path for path in written if written[path] != committed[path]]


@pytest.mark.parametrize("name", WORKBOOKS)
async def test_readme_counts_what_is_found(name):
    """Rows, valid ones, findings and exit status are those the README tells people to expect."""
    told = {file.strip("`"): [int(number) for number in numbers] for file, *numbers in table(README, "File", "Rows")}

    found = counts(await judged(name))

    assert told[name] == found


@pytest.mark.parametrize("name", ["businesses.xlsx", RELEASED])
async def test_readme_names_every_finding_and_its_row(name):
    """The table below the workbook's name is the list of findings: row, Key and code."""
    judgement = await judged(name)
    keys = {one.row.number: one.row.cell("key") for one in judgement.rows}
    chapter = README.partition(f"## The findings of {name}\n")[2]

    told = [(int(row), key, code) for row, key, _, codes in table(chapter, "Row", "Key") for code in codes.split(", ")]

    assert [(f.row, keys.get(f.row, ""), f.code) for f in judgement.findings] == told


async def test_every_finding_is_shown():
    """No code of the catalogue is without an example, save those of which the README says why."""
    found = {finding.code for name in ("businesses.xlsx", RELEASED) for finding in (await judged(name)).findings}

    assert set(CATALOGUE) - NOT_SHOWN == found
    assert all(code in README for code in NOT_SHOWN)


async def test_every_review_is_shown():
    """The sandbox gives each review to some good row, as the row's Key says."""
    reviews = {
        one.row.cell("key").removeprefix("demo-review-"): review_of(one.application.fields["business_name"])[0]
        for one in (await judged("businesses.xlsx")).rows
        if one.application and one.row.cell("key").startswith("demo-review-")
    }

    assert {"rejected": "rejected", "more-info": "more_info_required", "pending": "pending_review"} == reviews


async def test_no_business_is_in_two_workbooks():
    """All workbooks can go to one sandbox: Keys, registration numbers and documents are their own."""
    seen: Counter[str] = Counter()
    for name in WORKBOOKS:
        valid = [one for one in (await judged(name)).rows if one.application]
        numbers = [one.row.cell("registration_number") for one in valid]
        keys = [key for one in valid if (key := one.row.cell("key"))]
        documents = {document.sha256 for one in valid for document in one.application.documents}
        seen.update([*numbers, *keys, *documents])

    assert [] == [text for text, times in seen.items() if times > 1]


async def test_nobody_is_meant():
    """Every registration number, address of the net and phone number is of the kind the README calls nobody's.

    Of the numbers that are wrong on purpose, none has the shape and the digits of one that somebody may be given.
    """
    rows = [one for name in WORKBOOKS for one in (await judged(name)).rows]
    cells = [one.row.cells for one in rows if not any(f.code == "headers-again" for f in one.findings)]

    def strangers(pattern: str, column: str) -> list[str]:
        return [row[column] for row in cells if column in row and not re.fullmatch(pattern, row[column])]

    wrong = ["1.23456789012345E+17", "4711", "29AAAAA0000A1Z5", "AAAAA0000A", "UDYAM-KR-03-000", "REG/2016/0071"]
    wrong.append("AAAA00000A")
    assert wrong == strangers(r"U00000[A-Z]{2}20\d\dP[TL]C000\d{3}", "registration_number")
    assert ["compliance@otter..example"] == strangers(r"[\w-]+@[\w-]+\.example", "email")
    assert [] == strangers(r"https?://[\w-]+\.example\.com(:8443)?/\w+", "callback_url")
    assert ["to be ordered", "1100000377"] == strangers(r"(\+?91(11|22)0\d{7}[,\s]*)+", "numbers")


def is_whole_pdf(content: bytes) -> bool:
    """Whether the end leads to the table of places, and the table to every object."""
    table_at = int(content.split(b"startxref\n")[1].split()[0])
    places = [int(place) for place in re.findall(rb"^(\d{10}) 00000 n", content, re.MULTILINE)]
    return (
        content.startswith(b"%PDF-1.")
        and content.endswith(b"%%EOF\n")
        and content.startswith(b"xref\n", table_at)
        and len(places) == content.count(b" 0 obj\n")
        and all(content.startswith(b"%d 0 obj" % number, at) for number, at in enumerate(places, 1))
    )


def is_whole_png(content: bytes) -> bool:
    """Whether the chunks have their checksums, and hold as many pixels as the header says."""
    rest, chunks = content.removeprefix(b"\x89PNG\r\n\x1a\n"), {}
    while rest:
        end = 8 + int.from_bytes(rest[:4])
        if zlib.crc32(rest[4:end]) != int.from_bytes(rest[end : end + 4]):
            return False
        chunks[rest[4:8]], rest = rest[8:end], rest[end + 4 :]
    width, height = (int.from_bytes(chunks[b"IHDR"][at : at + 4]) for at in (0, 4))
    pixels = zlib.decompress(chunks[b"IDAT"])
    return [b"IHDR", b"IDAT", b"IEND"] == list(chunks) and len(pixels) == height * (1 + width // 8)


def is_whole_jpeg(content: bytes) -> bool:
    """Whether the segments lead to the points of a picture of eight by eight, and these to the end."""
    rest, sizes = content.removeprefix(b"\xff\xd8"), []
    while rest[:2] != b"\xff\xda":
        if rest[:1] != b"\xff":
            return False
        if rest[1:2] == b"\xc0":
            sizes.append((int.from_bytes(rest[5:7]), int.from_bytes(rest[7:9])))
        rest = rest[2 + int.from_bytes(rest[2:4]) :]
    return content[:2] == b"\xff\xd8" and sizes == [(8, 8)] and rest.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    ("ending", "is_whole"),
    [("pdf", is_whole_pdf), ("png", is_whole_png), ("jpg", is_whole_jpeg), ("jpeg", is_whole_jpeg)],
)
def test_documents_are_what_they_say(ending, is_whole):
    """Whoever opens a business's document sees a page or a picture."""
    paths = [path for path in SAMPLES.glob(f"documents/*/*.{ending}") if path.parent.name != "spoilt"]

    assert paths
    assert [] == [path for path in paths if not is_whole(path.read_bytes())]
