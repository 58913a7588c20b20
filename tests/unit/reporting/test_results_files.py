"""The results as csv and JSON lines."""

import csv
import io
import json

import pytest

from bulk_onboard.reporting.results_files import FIELDS, write_csv, write_jsonl
from bulk_onboard.reporting.target import is_ours
from tests.unit.reporting.samples import decision, ledger_state, record, tables


def written(write, made):
    """What a writer puts into a file."""
    file = io.BytesIO()
    write(file, made)
    return file.getvalue()


def rows_in(content):
    """The lines of a csv as objects."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_names_of_the_fields_stay():
    """Programs read them; another order or name would break these."""
    assert (
        "row", "key", "business_name", "state", "review", "part", "reason", "what_to_do", "numbers", "problems",
        "submitted_at", "number_type", "attempts", "compliance_id",
    ) == FIELDS  # fmt: skip


def test_a_row_reads_alike_in_both():
    """Its outcome, the instant in UTC, and null or nothing for what there is not."""
    made = tables([decision(2, key="K-2"), decision(3)], ledger_state(record(2, review="approved")))

    objects = [json.loads(line) for line in written(write_jsonl, made).splitlines()]
    lines = rows_in(written(write_csv, made))

    assert {"key": "K-2", "state": "submitted", "review": "approved", "part": "done"}.items() <= objects[0].items()
    assert ("2026-01-02T10:00:00Z", None) == tuple(each["submitted_at"] for each in objects)
    assert [(2, None), (3, None)] == [(each["row"], each["problems"]) for each in objects]
    assert [{name: str("" if value is None else value) for name, value in each.items()} for each in objects] == lines


def test_example_has_no_line():
    """It is nobody's row, in whatever file."""
    made = tables([decision(2, is_example=True), decision(3)], ledger_state())

    assert ["3"] == [line["row"] for line in rows_in(written(write_csv, made))]


@pytest.mark.parametrize("name", ["=1+1", "+91", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_of_a_csv_is_a_formula(name):
    """An apostrophe keeps it a text; JSON lines have it as it is."""
    made = tables([decision(2, key="K", cells={"business_name": name})], ledger_state())

    (line,) = rows_in(written(write_csv, made))
    (line_of_json,) = written(write_jsonl, made).splitlines()

    assert line["business_name"] == f"'{name}" if name[0] != "\t" else line["business_name"].startswith("'")
    assert name.strip() == json.loads(line_of_json)["business_name"].strip()


def test_texts_with_breaks_quotes_and_no_characters_survive():
    """A csv has them quoted; a lone surrogate is left out, since no file could hold it."""
    made = tables([decision(2, cells={"business_name": 'A "B"\nC, दिल्ली\ud800'})], ledger_state())

    assert 'A "B"\nC, दिल्ली' == rows_in(written(write_csv, made))[0]["business_name"]
    assert 'A "B"\nC, दिल्ली' == json.loads(written(write_jsonl, made))["business_name"]


@pytest.mark.parametrize(("form", "write"), [("csv", write_csv), ("jsonl", write_jsonl)])
def test_file_is_known_again_as_ours(tmp_path, form, write):
    """So that it is written over, and no other is."""
    ours, other = tmp_path / "ours", tmp_path / "other"
    ours.write_bytes(written(write, tables([decision(2)], ledger_state())))
    other.write_text('row,key\n1,2\n{"row": 1}\n')

    assert (True, False) == (is_ours(ours, form), is_ours(other, form))
