"""What the live page shows of a moment, in words."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bulk_onboard.model.command import Commands
from bulk_onboard.model.entry import Planned, SentDocument
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.reporting.page import render
from bulk_onboard.reporting.page.view import (
    MATCHES_SHOWN,
    ROWS_SHOWN,
    Moment,
    RowName,
    business_view,
    find,
    page_view,
)
from tests.unit.reporting.samples import ledger_state, record, run_story, token

NOW = datetime(2026, 1, 2, 11, 30, tzinfo=UTC)
HOSTILE = '<img src=x onerror="alert(1)">'


def moment(*records, runs=(), **changes) -> Moment:
    """The job at half past eleven, of these records and runs."""
    facts = {"job": "migration", "ledger": "migration.ledger.jsonl", "ledger_state": ledger_state(*records, runs=runs)}
    return Moment(**{**facts, "now": NOW, "zone": UTC, "commands": Commands(job="job.toml"), **changes})


def going(**changes) -> Moment:
    """A run that is under way, with 300 of 400 rows left to send."""
    records = [
        record(2, review="approved"),
        *(record(n) for n in range(3, 102)),
        *(record(n, State.NOT_SENT) for n in range(102, 402)),
    ]
    made = moment(*records, runs=[run_story(exit_status=None)], in_use=True, **changes)
    made.ledger_state.planned = Planned(rows=400, creates=400)
    return made


def test_run_under_way_is_told_with_its_finish_hour():
    """How far it is, how long it takes, until when; the tab has the share, and no command distracts."""
    view = page_view(going(left_s=5_400.0))

    assert "A run is under way" == view.headline.words
    assert "About 1 h 30 min left, until about 13:00." == view.headline.sentences[0]
    assert (100, 400, 25) == (view.progress.done, view.progress.total, view.progress.percent)
    assert "25 % · A run is under way · migration" == view.title
    assert "" == view.command


def test_run_that_has_been_silent_is_not_said_to_be_done_soon():
    """As while the API does not answer: what is left by the quota would stay as it is, and its hour move on."""
    silent, busy = (page_view(going(left_s=60.0, newest_at=f"2026-01-02T11:{at}.000Z")) for at in ("25:00", "29:30"))

    assert "It has recorded nothing for 5 min, so it waits for the API" in silent.headline.sentences[0]
    assert busy.headline.sentences[0].startswith("About 1 min left")


def test_finish_on_another_day_names_it():
    """In the readers' zone."""
    view = page_view(going(left_s=36_000.0, zone=ZoneInfo("Asia/Kolkata")))

    assert "About 10 h left, until about Sat 3 Jan, 03:00." == view.headline.sentences[0]


def test_run_that_has_sent_everything_is_told_otherwise():
    """It may wait for reviews for days, which no forecast has."""
    made = moment(record(2), runs=[run_story(exit_status=None)], in_use=True, left_s=1.0)
    made.ledger_state.planned = Planned(rows=1, creates=1)

    assert "Nothing is left to send" in page_view(made).headline.sentences[0]


@pytest.mark.parametrize(
    ("changes", "words", "sentence"),
    [
        ({"ledger_state": LedgerState(), "is_there": False}, "There is no ledger yet", "The first run makes it"),
        ({}, "No run has begun", "nothing was sent yet"),
        ({"runs": [run_story()]}, "No run is under way", "ended at 11:00, 30 min ago: all done."),
        ({"runs": [run_story(exit_status=None)]}, "No run is under way", "has not recorded its end"),
        ({"runs": [run_story(exit_status=None)], "in_use": True}, "A run is under way", "not known yet"),
    ],
)
def test_headline_says_what_the_job_is_doing(changes, words, sentence):
    """Before, beside and after a run, and on a copy of a ledger."""
    headline = page_view(moment(**changes)).headline

    assert words == headline.words
    assert sentence in " ".join(headline.sentences)


def test_all_is_sent_only_when_nothing_is_left():
    """99.9 % are 99 %."""
    records = [*(record(n) for n in range(2, 1_001)), record(1_001, State.NOT_SENT)]

    assert 99 == page_view(moment(*records)).progress.percent
    assert 100 == page_view(moment(record(2))).progress.percent


def test_what_needs_attention_is_told_with_what_to_do():
    """Invalid rows, too; those that are held with the command that answers."""
    view = page_view(
        moment(
            record(2),
            record(3, State.INVALID, code="field-missing", key="K-3"),
            record(4, State.HELD, reason="two records have its token"),
            record(5, review="rejected", review_reason="not legible"),
            names={token(3): RowName(7, "Invented Traders")},
        )
    )

    assert {"invalid", "held", "rejected"} == {each.state for each in view.attention_rows}
    assert 3 == sum(each.rows for each in view.attention)
    invalid, held, rejected = view.attention_rows
    assert ("K-3", 7, "Invented Traders") == (invalid.key, invalid.row, invalid.name)
    assert f"bulk-onboard resolve job.toml {token(4)}" == held.command
    assert "Not legible." == rejected.reason
    assert "Fix the row as the report says, then run again." == invalid.todo
    assert not any("sheet" in each.todo for each in view.attention_rows)


def test_number_that_was_not_linked_is_told_with_the_reason_and_what_to_do():
    """An approved record that needs attention for its numbers alone is never told to need nothing."""
    refused = {f"91114000000{n}": Linking(Linkage.REFUSED, "not rented", "not_found") for n in range(5)}
    held = Linking(Linkage.HELD, "linked to another record")
    view = page_view(
        moment(
            record(2, review="approved", numbers=refused | {"911140000009": Linking(Linkage.LINKED)}),
            record(3, review="approved", numbers={"911140000010": held}),
        )
    )
    first, second = view.attention_rows

    assert ("approved", "Correct the numbers that the API refused.") == (first.state, first.todo)
    assert "911140000000 refused: not_found: not rented." in first.reason
    assert "And 2 more." in first.reason
    assert "911140000009" not in first.reason
    assert "911140000010 held: linked to another record." in second.reason
    assert "Look at the numbers that are held. Each run looks at them again." == second.todo


def test_very_many_rows_are_counted_and_not_all_shown():
    """The report has them."""
    view = page_view(moment(*(record(n, State.REFUSED, code="x") for n in range(2, 102))))

    assert (ROWS_SHOWN, 100 - ROWS_SHOWN) == (len(view.attention_rows), view.more)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("K-3", [3]),
        (" k-3 ", [3]),
        (token(4), [4]),
        ("00000000-0000-4000-8000-000000000005", [5]),
        ("8", [3]),
        ("eight", [3]),
        ("K-", [3, 4, 5]),
        ("nobody", []),
        ("  ", []),
    ],
)
def test_business_is_found_by_whatever_it_is_called(query, found):
    """Key, token, id and row number lead to one, a part of Key or name to all that have it in them."""
    made = moment(*(record(n, key=f"K-{n}") for n in (3, 4, 5)), names={token(3): RowName(8, "Number Eight Traders")})

    assert [token(number) for number in found] == [match.token for match in find(query, made)]


def test_one_more_than_is_shown_tells_that_there_are_more():
    """And no search goes through all of a large job for the page."""
    made = moment(*(record(n, key=f"K-{n}") for n in range(2, 102)))

    assert MATCHES_SHOWN + 1 == len(find("K-", made))


def test_business_without_the_workbook_has_no_name():
    """It is shown by its Key, else by its token."""
    (match,) = find(token(2), moment(record(2)))

    assert (f"~{token(2)}", None, "") == (match.key, match.row, match.name)


def test_story_is_told_in_words():
    """Instants in the readers' zone, the entry and its call, documents with the first digits of their digests."""
    made = moment(record(2, numbers={"911140000002": Linking(Linkage.LINKED)}), zone=ZoneInfo("Asia/Kolkata"))
    line = {
        "at": "2026-01-02T10:00:00.000Z", "entry": "run_started", "op": "create", "attempt": 2, "words": "found",
        "api_id": "a", "compliance_id": "c", "documents": (SentDocument(type="pan", sha256=64 * "a", size=204),),
        "state": State.UNCERTAIN,
    }  # fmt: skip

    view = business_view(made.ledger_state.records[token(2)], [line], made)

    (told,) = view.lines
    assert ("2 Jan 2026 15:30:00", "run started", "create 2", "c\na") == (told.at, told.entry, told.write, told.ids)
    assert (f"pan, 204 B, {12 * 'a'}…",) == told.documents
    assert ("Numbers", "911140000002 linked") in view.facts


def test_nothing_that_others_wrote_is_markup():
    """Keys, names, reasons, the job's name and what is searched for are texts, in parts as in whole pages."""
    made = moment(
        record(2, State.REFUSED, key=HOSTILE, reason=HOSTILE, code=HOSTILE),
        names={token(2): RowName(2, HOSTILE)},
        job=HOSTILE,
        ledger=HOSTILE,
        trouble=HOSTILE,
    )
    view = page_view(made)
    (match,) = find("<img", made)
    story = business_view(made.ledger_state.records[token(2)], [], made)
    pages = [
        render.live_page(view, downloads=(), downloads_note=""),
        "".join(render.live_parts(view).values()).encode(),
        *(
            render.business_page(
                job=HOSTILE, zone="UTC", query=HOSTILE, matches=[match], too_many=False, business=one, names_known=True
            )
            for one in (None, story)
        ),
        render.message_page(HOSTILE, HOSTILE),
    ]

    assert all(b"&lt;img" in page and b"<img" not in page for page in pages)


def test_half_characters_do_not_break_the_page():
    """A file's name may hold bytes that are no text."""
    page = render.live_page(page_view(moment(job="a\udc80b")), downloads=(), downloads_note="")

    assert b"a?b" in page


def test_parts_are_those_of_the_page():
    """What is sent later takes the place of what was there: each part has its place in the page."""
    view = page_view(going(left_s=10.0))
    page = render.live_page(view, downloads=(), downloads_note="").decode()

    assert all(f'data-live="{name}">{html}' in page for name, html in render.live_parts(view).items())


def test_ledger_that_cannot_be_read_is_told():
    """With the state that was known before."""
    view = page_view(moment(record(2), trouble="The ledger cannot be read.", restarted="It was replaced."))

    assert ("The ledger cannot be read.", "It was replaced.") == view.notices
    assert 1 == view.progress.total


def test_nothing_is_to_be_typed_where_the_ledger_is_gone():
    """A run would begin a ledger anew."""
    assert page_view(moment(record(2, State.NOT_SENT), runs=[run_story()])).command
    assert "" == page_view(moment(record(2, State.NOT_SENT), runs=[run_story()], is_there=False)).command


def test_very_many_kinds_of_problems_are_summed_up():
    """The biggest are named; one that is left would be no shorter to sum up than to name."""
    few, many = (
        render.live_parts(page_view(moment(*(record(n, State.REFUSED, code=f"code-{n}") for n in range(2, 2 + kinds)))))
        for kinds in (15, 40)
    )

    assert "other kinds" not in few["attention"]
    assert "<strong>26</strong><span>of 26 other kinds" in many["attention"]


def test_links_are_relative():
    """So that the page may lie below any path of a proxy."""
    view = page_view(moment(record(2, State.HELD, key="K-2")))
    story = business_view(record(2), [], moment(record(2)))
    pages = [
        render.live_page(view, downloads=[("report.html", "Report")], downloads_note=""),
        render.business_page(
            job="", zone="UTC", query="", matches=(), too_many=False, business=story, names_known=False
        ),
        render.message_page("", "", asks_for_token=True),
        render.file_content("page.js"),
    ]

    assert [] == [
        found for page in pages for found in re.findall(rb'(?:href|src|action)="/[^"]*"|EventSource\("/', page)
    ]
