"""Scans that are refused for their form alone are converted, looked at by a person, and sent."""

import csv
import hashlib
import json
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.intake.documents import known as known_module
from bulk_onboard.intake.documents.conversion.converter import Converted
from bulk_onboard.intake.documents.copies import INDEX, content_of_index, read_index
from bulk_onboard.maintenance import convert as convert_module
from bulk_onboard.maintenance.convert import Conversion, convert_scans, find_scans, remove_copies
from bulk_onboard.maintenance.retention import CONVERTED, plan_purge, purge_job
from bulk_onboard.model.application import DOCUMENT_LIMIT
from bulk_onboard.pipeline import judge as judge_module
from bulk_onboard.pipeline.places import check_places
from tests.support.businesses import business
from tests.support.clocks import FakeClock
from tests.support.office import CREDENTIALS, Office
from tests.support.pictures import jpeg, packed, page

pytestmark = pytest.mark.slow

SCAN, OTHER = jpeg(), packed(page(noise=20), "WEBP")


@pytest.fixture
async def scans(office: Office) -> Office:
    """Three rows: the first has a JPEG, the second a WebP, the third nothing amiss."""
    office.fill(
        [business(0, Key="K-0", Identity_Proof="a.jpg"), business(1, Key="K-1", Address_Proof="b.webp"), business(2)]
    )
    (office.documents / "a.jpg").write_bytes(SCAN)
    (office.documents / "b.webp").write_bytes(OTHER)
    return office


async def convert(office: Office, **flags: str) -> Conversion:
    """Convert what there is to convert."""
    job = office.job(**flags)
    found = await find_scans(job, credentials=CREDENTIALS, clock=FakeClock())
    return convert_scans(job, found, lambda done, due: None)


def listed(office: Office) -> list[dict[str, str]]:
    """The lines of the list."""
    with (office.job().converted / "converted.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def digests_sent(office: Office) -> set[str]:
    """Of the documents that went out, as the ledger has them."""
    lines = map(json.loads, office.ledger.read_text().splitlines())
    return {sent["sha256"] for line in lines for sent in line.get("documents") or ()}


def copies(office: Office) -> dict[str, bytes]:
    """The copies that are there, by the beginning of their names."""
    return {path.name.partition("-")[0]: path.read_bytes() for path in office.job().converted.glob("*.pdf")}


async def test_converted_scans_are_sent(scans):
    """Refused before, submitted after: what the API gets are the copies, and the files are as they were."""
    before = await scans.run()
    done = await convert(scans)
    after = await scans.run()

    assert (2, 3) == (before.counts["invalid"], after.counts["submitted"])
    assert ExitStatus.DONE == done.exit_status == after.exit_status
    sent = digests_sent(scans)
    assert {result.copy.sha256 for result in done.results if result.copy} <= sent
    assert [SCAN, OTHER] == [(scans.documents / name).read_bytes() for name in ("a.jpg", "b.webp")]


async def test_warning_says_that_the_copy_is_sent(scans):
    """In Problems, for the two rows; they are not kept out."""
    await convert(scans)
    await scans.run()

    found = [line for line in scans.sheet("Problems") if line["Code"] == "document-converted"]
    assert {2, 3} == {line["Row"] for line in found}
    assert all("contact sheet" in line["How to fix"] for line in found)


async def test_list_says_what_was_done_to_each(scans):
    """A line for each place in the sheet, also for what could not be converted, and why."""
    (scans.documents / "a.jpg").write_bytes(SCAN[:-2])

    done = await convert(scans)

    first, second = listed(scans)
    assert ExitStatus.ROWS_NEED_ATTENTION == done.exit_status
    name = scans.rows[0]["Business Name"]
    assert ("2", "K-0", name, "Identity Proof", "a.jpg") == tuple(first.values())[:5]
    assert "not converted: The file ends in the middle" in first["What was done"]
    assert ("put into a PDF in full size, as a JPEG of quality 90", "1") == (second["What was done"], second["Pages"])


async def test_contact_sheet_shows_each(scans):
    """With row, Key, business, column and what was done; the picture is in it and leads to the copy."""
    await convert(scans)

    sheet = (scans.job().converted / "contact_sheet.html").read_text()
    business_names = [cells["Business Name"] for cells in scans.rows[:2]]
    for text in (
        *business_names,
        "Row 2 · K-0",
        "Row 3 · K-1",
        "Identity Proof",
        "Address Proof",
        "put into a PDF unchanged",
    ):
        assert text in sheet
    assert 2 == sheet.count("data:image/jpeg;base64,")
    assert all(path.name in sheet for path in scans.job().converted.glob("*.pdf"))


async def test_contact_sheet_begins_with_what_is_new(scans):
    """What was converted on another day was looked at then."""
    await convert(scans)
    scans.rows[2]["Identity Proof"] = "c.jpg"
    (scans.documents / "c.jpg").write_bytes(jpeg(orientation=3))
    scans.save()

    tomorrow = FakeClock()
    tomorrow.pass_time(86_400)
    convert_scans(
        scans.job(), await find_scans(scans.job(), credentials=CREDENTIALS, clock=tomorrow), lambda done, due: None
    )

    days = re.split("<h2>", (scans.job().converted / "contact_sheet.html").read_text())[1:]
    assert [1, 2] == [text.count("<figure>") for text in days]
    assert "Row 4" in days[0]


async def test_text_of_the_sheet_is_no_markup(scans):
    """A Key may be anything, and so may a file's name."""
    scans.rows[0] |= {"Key": "<script>alert(1)</script>", "Identity Proof": "=1+a&b.jpg"}
    (scans.documents / "=1+a&b.jpg").write_bytes(SCAN)
    scans.save()

    await convert(scans)

    assert "<script>" not in (scans.job().converted / "contact_sheet.html").read_text()
    assert "'=1+a&b.jpg" == listed(scans)[0]["Document"]


async def test_again_only_what_is_new_is_converted(scans):
    """The copies that are there are the same files as before."""
    await convert(scans)
    before = {path: path.stat().st_ino for path in scans.job().converted.glob("*.pdf")}
    scans.rows[2]["Identity Proof"] = "c.jpg"
    (scans.documents / "c.jpg").write_bytes(jpeg(orientation=3))
    scans.save()

    done = await convert(scans)

    assert ["c.jpg"] == [result.scan.uses[0].text for result in done.made]
    assert before.items() <= {path: path.stat().st_ino for path in scans.job().converted.glob("*.pdf")}.items()


async def test_lost_copy_is_made_again_alike(scans):
    """Byte for byte, so that nothing has changed."""
    await convert(scans)
    before = copies(scans)
    for path in scans.job().converted.glob("*.pdf"):
        path.unlink()

    done = await convert(scans)

    assert 2 == len(done.made)
    assert before == copies(scans)


async def test_edited_copy_is_made_again(scans):
    """Nobody but this command says what a copy shows."""
    await convert(scans)
    before = copies(scans)
    next(scans.job().converted.glob("a-*.pdf")).write_bytes(b"%PDF-1.4 edited")

    done = await convert(scans)

    assert 1 == len(done.made)
    assert before == copies(scans)


async def test_copy_of_a_changed_or_lost_file_is_removed(scans):
    """And told; the row has its own file's trouble again until it is converted anew."""
    await convert(scans)
    (scans.documents / "a.jpg").write_bytes(jpeg(orientation=3))
    (scans.documents / "b.webp").unlink()

    done = await convert(scans)

    assert ["a.jpg"] == [result.scan.uses[0].text for result in done.made]
    assert 2 == len(done.removed)
    assert {"a"} == set(copies(scans))


async def test_folder_goes_with_its_last_copy(scans):
    """Once the sheet names nothing that must be converted there is nothing to keep."""
    await convert(scans)
    scans.fill(3)

    done = await convert(scans)

    assert 2 == len(done.removed)
    assert not scans.job().converted.exists()


async def test_nothing_is_written_where_nothing_is_refused(office):
    """No folder, no list."""
    office.fill(2)

    done = await convert(office)

    assert (ExitStatus.DONE, []) == (done.exit_status, done.results)
    assert not office.job().converted.exists()


async def test_one_file_for_several_rows_is_converted_once(scans):
    """Also under two names; each place has its line and its picture."""
    scans.rows[2] |= {"Identity Proof": "a.jpg", "Address Proof": "copy of a.jpg"}
    (scans.documents / "copy of a.jpg").write_bytes(SCAN)
    scans.save()

    await convert(scans)

    assert 2 == len(copies(scans))
    assert 4 == len(listed(scans))


async def test_files_are_private(scans):
    """The folder 0700, every file in it 0600, whatever the umask."""
    before = os.umask(0)
    try:
        await convert(scans)
    finally:
        os.umask(before)

    folder = scans.job().converted
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert {0o700} == {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_dir()}


async def test_interrupted_conversion_goes_on(scans):
    """What was done stays; what was not is said to be open, and is done next time."""
    job, found = scans.job(), await find_scans(scans.job(), credentials=CREDENTIALS, clock=FakeClock())

    def watch(done: int, due: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(Exception, match="What was converted stays"):
        convert_scans(job, found, watch)

    assert 1 == sum(line["What was done"] == "not converted yet" for line in listed(scans))
    assert 1 == len((await convert(scans)).made)
    assert 2 == len(copies(scans))


async def test_kill_costs_a_few_copies_at_most(scans, monkeypatch):
    """What the index has by then is not made again."""
    monkeypatch.setattr(convert_module, "_BETWEEN_SAVES", 1)
    known: list[int] = []
    found = await find_scans(scans.job(), credentials=CREDENTIALS, clock=FakeClock())

    convert_scans(scans.job(), found, lambda done, due: known.append(len(read_index(scans.job().converted).copies)))

    assert [0, 1, 2] == known


async def test_folder_is_known_from_the_first_moment(scans):
    """Beside a first conversion, and after it was killed, `check` and `run` go on, and `convert` too."""
    seen = []
    job, found = scans.job(), await find_scans(scans.job(), credentials=CREDENTIALS, clock=FakeClock())

    def watch(done: int, due: int) -> None:
        check_places(job)
        seen.append(done)

    convert_scans(job, found, watch)

    assert [0, 1, 2] == seen


@pytest.mark.parametrize("name", [INDEX, "converted.csv", "a-0123456789ab.pdf"])
async def test_what_a_kill_left_half_written_is_removed(scans, name):
    """It is personal data, and keeps nobody from converting; nothing else that lies there is touched."""
    left = scans.job().converted / f".{name}.k1ll_ed0"
    left.mkdir(parents=True)
    (left / name).write_text("half of it")

    check_places(scans.job())
    await convert(scans)

    assert not left.exists()
    assert 2 == len(copies(scans))


async def test_purge_removes_what_a_kill_left_half_written(scans):
    """As it removes the copies."""
    await convert(scans)
    await scans.run()
    (scans.job().converted / ".a-0123456789ab.pdf.k1ll_ed0").mkdir()
    (scans.job().converted / "thumbnails" / ".0123456789ab.jpg.k1ll_ed0").mkdir()

    await purge_job(scans.job(), await plan_purge(scans.job(), FakeClock(), with_ledger=False), FakeClock())

    assert not scans.job().converted.exists()


async def test_what_cannot_be_converted_is_tried_once(scans):
    """Then `check` says why, and no more that it could be; the command says it each time. A changed file is tried."""
    (scans.documents / "a.jpg").write_bytes(packed(page(size=(400, 400)), "GIF", [page(noise=9, size=(400, 400))]))
    (scans.documents / "b.webp").write_bytes(b"%PDF-1.4\n" + bytes(6_000_000))
    assert 2 == (await scans.type("check", "--json")).json["convertible"]
    first = await convert(scans)
    tried: list[int] = []
    found = await find_scans(scans.job(), credentials=CREDENTIALS, clock=FakeClock())
    again = convert_scans(scans.job(), found, lambda done, due: tried.append(due))
    told = (await scans.type("check", "--json")).json
    (scans.documents / "a.jpg").write_bytes(SCAN)

    assert ([], 0) == (tried, told["convertible"])
    assert [result.why for result in first.results] == [result.why for result in again.results]
    why = {line["row"]: line["problem"] for line in told["findings"] if line["code"] == "document-not-converted"}
    assert {2, 3} == set(why)
    assert all(result.why in why[result.scan.uses[0].row] for result in first.results)
    assert 1 == (await scans.type("check", "--json")).json["convertible"]
    assert 1 == len((await convert(scans)).made)


async def test_what_a_package_is_missing_for_is_tried_again(scans, monkeypatch):
    """As is what could not be done for want of memory or time: that is not the file's fault."""
    with monkeypatch.context() as patched:
        patched.setattr(convert_module.Converter, "convert", lambda *_: Converted(why="it needed more memory"))
        assert 2 == len((await convert(scans)).failed)

    assert 2 == len((await convert(scans)).made)


async def test_sheet_of_some_rows_removes_no_copies_of_others(scans):
    """A copy with the rows to fix alone does not say that all other files are gone."""
    await convert(scans)
    found = await find_scans(scans.job(), credentials=CREDENTIALS, clock=FakeClock())

    done = convert_scans(scans.job(), replace(found, found=(), digests=frozenset(), is_whole=False), lambda *_: None)

    assert [] == done.removed
    assert 2 == len(copies(scans))


async def test_documents_found_by_a_pattern_are_converted(office):
    """As those are that cells name."""
    office.fill([business(0, Key="K-0")])
    for column in ("Identity Proof", "Address Proof", "Business Registration"):
        del office.rows[0][column]
    office.save()
    for name in ("identity_proof", "address_proof", "business_registration"):
        (office.documents / f"K-0-{name}.jpg").write_bytes(jpeg(orientation=1 + len(name) % 8))

    done = await convert(office, documents_pattern="{key}-{type}.*")
    after = await office.run(documents_pattern="{key}-{type}.*")

    assert 3 == len(done.made)
    assert 1 == after.counts["submitted"]


async def test_copies_stand_for_files_in_a_large_sheet(scans, monkeypatch):
    """There whole columns are looked at first; only rows with copies are judged one by one."""
    await convert(scans)
    monkeypatch.setattr(judge_module, "SCREENED_FROM", 1)

    after = await scans.run()

    assert 3 == after.counts["submitted"]
    assert {result.copy.sha256 for result in (await convert(scans)).results if result.copy} <= digests_sent(scans)


async def test_copies_are_remembered_where_documents_are_very_many(scans, monkeypatch):
    """They are not all read again each night; what is sent is looked at once more."""
    monkeypatch.setattr(known_module, "PAYS_FROM", 1)
    monkeypatch.setattr(known_module, "_TICK_NS", -(10**12))
    await convert(scans)
    await scans.run()
    for path in scans.job().converted.glob("*.pdf"):
        before = path.stat()
        path.write_bytes(bytes(before.st_size))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    told = await scans.type("check")

    assert scans.job().facts.exists()
    assert "document-wrong-type" in told.out  # its ctime has told


# A record and its copy.


async def test_record_has_not_changed_because_its_copy_was_made_otherwise(scans):
    """Another version may pack a picture otherwise; the row is what it was, and nothing is sent."""
    await convert(scans)
    await scans.run()
    folder = scans.job().converted
    known = read_index(folder)
    for digest, copy in known.copies.items():
        other = (folder / copy.name).read_bytes() + b"\n"
        (folder / copy.name).write_bytes(other)
        known.copies[digest] = msgspec.structs.replace(copy, sha256=hashlib.sha256(other).hexdigest())
    (folder / INDEX).write_bytes(content_of_index(known))

    again = await scans.run()

    assert (ExitStatus.DONE, 3, 0) == (again.exit_status, again.counts["submitted"], sum(again.drift))
    assert 3 == len(scans.sandbox.state.records)


async def test_row_whose_copy_is_gone_has_not_changed(scans):
    """Its own file is refused again; the record stays as it is."""
    await convert(scans)
    await scans.run()
    for path in scans.job().converted.glob("*.pdf"):
        path.unlink()

    again = await scans.run()

    assert (3, 0) == (again.counts["submitted"], sum(again.drift))
    assert 3 == len(scans.sandbox.state.records)


async def test_row_whose_copies_are_all_gone_has_not_changed(scans):
    """After `purge`, for instance; also one whose file is too large to be looked into."""
    (scans.documents / "b.webp").write_bytes(packed(page((1500, 2000), noise=40), "BMP"))
    assert (scans.documents / "b.webp").stat().st_size > DOCUMENT_LIMIT
    await convert(scans)
    await scans.run()
    remove_copies(scans.job().converted)

    again = await scans.run()

    assert (3, 0) == (again.counts["submitted"], sum(again.drift))


async def test_copy_that_is_swapped_before_it_is_sent_is_not_sent(scans):
    """What is sent is what was checked."""
    await convert(scans)

    def swap(_: object) -> None:
        for path in scans.job().converted.glob("*.pdf"):
            path.write_bytes(b"%PDF-1.4 swapped")

    result = await scans.run(watch=swap)

    assert 1 == result.counts["submitted"]
    assert 2 == sum(line["Code"] == "document-changed" for line in scans.sheet("Problems"))


# The folder.


async def test_purge_removes_the_copies(scans):
    """They are personal data; what somebody else put there stays, and the folder with it."""
    await convert(scans)
    await scans.run()
    folder = scans.job().converted
    (folder / "notes.txt").write_text("mine")
    planned = await plan_purge(scans.job(), FakeClock(), with_ledger=False)

    await purge_job(scans.job(), planned, FakeClock())

    assert [folder] == [piece.path for piece in planned.going if piece.kind is CONVERTED]
    assert ["notes.txt"] == [path.name for path in folder.iterdir()]


async def test_folder_of_somebody_else_is_left_alone(scans):
    """One of this name that is not ours ends the command before anything is written."""
    folder = scans.job().converted
    folder.mkdir()
    (folder / "mine.pdf").write_text("mine")

    with pytest.raises(UsageError, match="folder that bulk-onboard did not write"):
        check_places(scans.job())


# The command.


async def test_check_says_what_can_be_converted(scans):
    """With the command that does it."""
    told = await scans.type("check")

    assert "2 documents are refused for their form alone, and can be converted: bulk-onboard convert " in told.out
    assert 2 == (await scans.type("check", "--json")).json["convertible"]


async def test_check_says_where_the_copies_can_be_looked_at(scans):
    """By the path of the contact sheet, once there are any."""
    sheet = str(scans.job().converted / "contact_sheet.html")
    before = await scans.type("check")
    await convert(scans)
    after = await scans.type("check")

    assert sheet not in before.out
    assert f"\n\nLook at the converted copies before they are sent: {sheet}\n" in after.out


async def test_command_says_where_to_look(scans):
    """The list and the contact sheet, which a person should look at, and what to type next."""
    told = await scans.type("convert")

    assert 0 == told.status
    assert "2 documents converted." in told.out
    assert "A person should look at the copies before they are sent: " in told.out
    assert told.out.rstrip().splitlines()[-1].startswith("Next: bulk-onboard check ")
    assert "Nothing converted; 2 had a copy already." in (await scans.type("convert")).out


async def test_command_tells_what_could_not_be_converted(scans):
    """By row and column, with why; exit status 3."""
    (scans.documents / "a.jpg").write_bytes(SCAN[:-2])

    told = await scans.type("convert", "--json")

    assert 3 == told.status
    assert (1, 1) == (told.json["converted"], told.json["not_converted"])
    assert "row 2, Identity Proof: The file ends in the middle" in (await scans.type("convert")).out


async def test_names_of_documents_are_in_no_ledger(scans):
    """Nor in what is known of documents; only in the folder of the copies."""
    await convert(scans)
    await scans.run()

    for path in scans.folder.iterdir():
        if path.is_file() and path.suffix in (".jsonl", ".facts"):
            assert b"a.jpg" not in path.read_bytes(), Path(path).name
