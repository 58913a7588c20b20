"""The table of settings: what each key takes, from a job file or as the text of a flag."""

import re
from pathlib import Path

import pytest

from bulk_onboard.settings import BY_NAME, SETTINGS
from bulk_onboard.units import Quota


@pytest.mark.parametrize(
    ("name", "value", "ours"),
    [
        ("header_row", 3, 3),
        ("header_row", "3", 3),
        ("concurrency", 1, 1),
        ("sheet", "June 2026", "June 2026"),
        ("documents", "scans", Path("scans")),
        ("trust_host", True, True),
        ("quota", "600/60s", Quota(600, 60.0)),
        ("quota", "none", None),
        ("columns", {"Firm": "Business Name"}, {"Firm": "Business Name"}),
        ("findings", {"state-unknown": "off", "duplicate": "error"}, {"state-unknown": "off", "duplicate": "error"}),
        ("documents_pattern", "{registration_number}/{type}.*", "{registration_number}/{type}.*"),
        ("callback_url", "https://callbacks.example.com/r/1", "https://callbacks.example.com/r/1"),
        ("callback_url", "https://callbacks.example.com:8443/r/1", "https://callbacks.example.com:8443/r/1"),
        ("formats", "json", ("json",)),
        ("formats", ["json,csv", "xlsx"], ("xlsx", "json", "csv")),
        ("against", "other.ledger.jsonl", (Path("other.ledger.jsonl"),)),
        ("against", ["a.jsonl", "b.jsonl"], (Path("a.jsonl"), Path("b.jsonl"))),
        ("key", ["K-1", "K 2"], ("K-1", "K 2")),
        ("store", "file", None),
        ("store", "postgres://me@h:5433/x", "postgresql://me@h:5433/x"),
        ("store", "postgresql://h1:5432,h2:5433/x", "postgresql://h1:5432,h2:5433/x"),
        ("store", "postgresql://[::1]/x?sslmode=verify-ca", "postgresql://[::1]/x?sslmode=verify-ca"),
        ("store", "postgresql:///x?host=/var/run/postgresql", "postgresql:///x?host=/var/run/postgresql"),
        ("store", "postgresql://h/a%20b", "postgresql://h/a%20b"),
        ("store", "postgresql:///?service=onboarding", "postgresql:///?service=onboarding"),
        ("rows", "5-7, 33", (range(5, 8), range(33, 34))),
        ("rows", ["5-7", "33"], (range(5, 8), range(33, 34))),
    ],
)
def test_values_are_read(name, value, ours):
    """What is said becomes what we work with."""
    assert ours == BY_NAME[name].read(value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("header_row", 0, "it must be a whole number of at least 1"),
        ("concurrency", 1.5, "a whole number"),
        ("limit", True, "a whole number"),
        ("limit", "-1", "a whole number"),
        ("sheet", " ", "it must be a text"),
        ("documents", 3, "it must be a text"),
        ("trust_host", "yes", "it must be true or false"),
        ("quota", 60, 'it says how many, and not in what time; write "60/min"'),
        ("quota", "60", "'60' is not a quota; write 60/min"),
        ("sheet", 2026, 'it must be a text, so write it in quotation marks: "2026"'),
        ("annotate", "true", "write true without quotation marks"),
        ("report", "r.pdf", "the report is an Excel workbook, so its name ends in .xlsx; write r.xlsx"),
        ("contract", "betta", "it must be one of auto, beta, released (did you mean beta?)"),
        ("store", "files", "it must be file, or the address of a PostgreSQL database, such as postgresql://"),
        ("store", "mysql://h/x", "it must be file, or the address of a PostgreSQL database"),
        ("store", "postgresql:h/x", "it must be file, or the address of a PostgreSQL database"),
        ("store", "postgresql://[::1/x", "that is no address of a database"),
        ("store", "postgresql://h/x?sslmode", "that is no address of a database"),
        ("store", "postgresql://h", "the address names no database; write it behind the host"),
        ("store", "postgresql://h/a b", "no blanks"),
        ("store", "postgresql://h/x#y", "no #"),
        (
            "store",
            "postgresql://me:hush@h/x",
            "PGPASSFILE names (by default ~/.pgpass), or into the service that PGSERVICE",
        ),
        ("store", "postgresql://me:hu/sh@h/x", "no host, or no port"),
        ("store", "postgresql://me:12/sh@h/x", "no host, or no port"),
        ("store", "postgresql://h,g:hu/x", "no host, or no port"),
        ("store", "postgresql://me:@h/x", "a password does not belong here"),
        ("store", "postgresql://h/x?password=hush", "a password does not belong here"),
        ("store", "postgresql://h/x?user=me&sslpassword=hush", "a password does not belong here"),
        ("rows", "20-5", "'20-5' names no rows; write their numbers as the sheet shows them, such as 5-20,33"),
        ("rows", "5-20,", "'' names no rows"),
        ("rows", "0", "'0' names no rows"),
        ("quota", "fast", "'fast' is not a quota; write 60/min"),
        ("timezone", "Kolkata", "'Kolkata' is not a time zone; write one such as Asia/Kolkata"),
        ("timezone", "../etc/passwd", "is not a time zone"),
        ("columns", "Firm", "it must be a table of texts"),
        ("columns", {"Firm": 1}, "it must be a table of texts"),
        ("findings", "off", 'it must be a table, such as "state-unknown" = "off"'),
        ("findings", {"state-unknwon": "off"}, "there is no finding 'state-unknwon' (did you mean 'state-unknown'?)"),
        ("findings", {"zzz": "off"}, "there is no finding 'zzz'"),
        ("findings", {"field-missing": "off"}, "'field-missing' stays an error, whatever the job says"),
        ("findings", {"state-unknown": "no"}, "'state-unknown' may be off, warning, error, not 'no'"),
        ("findings", {"state-unknown": ["off"]}, "'state-unknown' may be off, warning, error, not ['off']"),
        ("callback_url", "http://callbacks.example.com/r/1", "It is not https; write one such as"),
        ("callback_url", "https://localhost/r/1", "localhost is no public name, so the API cannot reach it"),
        ("callback_url", "", "it must be a text"),
        ("missing_workbook", "never", "it must be one of error, ok"),
        ("stop_after", "soon", "'soon' is not a duration"),
        ("documents_pattern", "../{type}.pdf", "below the documents folder"),
        ("formats", "pdf", "there is no format 'pdf'; choose from xlsx, html, json, csv, jsonl"),
        ("formats", [], "it must name at least one of xlsx"),
        ("formats", 3, "it must be a text"),
        ("against", [""], "it must be a text"),
        ("against", 3, "it must be a text"),
    ],
)
def test_other_values_are_refused_with_what_is_wanted(name, value, told):
    """The message says what to write instead."""
    with pytest.raises(ValueError, match=re.escape(told)):
        BY_NAME[name].read(value)


def test_all_troubles_with_findings_are_told_at_once():
    """A stranger, a code that is no matter of taste and a wrong word come in one message."""
    with pytest.raises(ValueError, match="zzz") as refused:
        BY_NAME["findings"].read({"zzz": "off", "field-missing": "warning", "duplicate": "on"})

    assert 3 == len(str(refused.value).split("; "))


def test_switches_and_paths_are_known():
    """A switch is a flag without a value; a path starts at the file it stands in."""
    switches = ["annotate", "trust_host", "allow_older", "relink", "new_only", "admit_new_rows"]
    assert switches == [setting.name for setting in SETTINGS if setting.switch]
    assert {"workbook", "documents", "ledger", "report", "against", "ca_bundle", "extends"} == {
        setting.name for setting in SETTINGS if setting.path
    }
    assert ["account", "formats", "against", "key", "rows"] == [setting.name for setting in SETTINGS if setting.several]


def test_every_setting_says_what_it_is():
    """Each name once, with a sentence, and a default in words where there is none to show."""
    assert len(SETTINGS) == len(BY_NAME)
    assert [] == [setting.name for setting in SETTINGS if not setting.help.endswith(".")]
    assert [] == [setting.name for setting in SETTINGS if setting.default in (None, "", {}, ()) and not setting.shown]
