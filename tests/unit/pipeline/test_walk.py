"""The list is walked to its end, whatever the server thinks of filters, order and pages, and whoever works on it."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulk_onboard.model.call import Priority, RecordPage
from bulk_onboard.model.outcome import Done, Refused
from bulk_onboard.pipeline.walk import LIMITS, PASSES_AT_MOST, Walk, agreed, first_page, missed, walk
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.unit.pipeline.lists import SIZE_OF_A_PAGE, RecordList, listed
from tests.unit.pipeline.samples import OUTCOMES, alias, compliance_id, create, server_record

REQUESTS_AT_MOST = 500


def numbers(walked: Walk) -> list[int]:
    """Which records a walk found, in the order of their making."""
    return sorted(int(record.compliance_id[-12:]) for record in walked.records)


def offsets(one: RecordList) -> list[int]:
    return [int(query.get("offset", 0)) for query in one.queries]


def others(*work: list[str | int]) -> Callable[[RecordList], None]:
    """What others do before the first page, before the second, and so on: create, or delete the n-th."""
    hours = iter(work)

    def before(one: RecordList) -> None:
        for deed in next(hours, ()):
            if isinstance(deed, int):
                one.delete(deed)
            else:
                one.create()

    return before


def a_list(records: int, *work: list[str | int], **ways: Any) -> RecordList:
    """So many records, with these ways."""
    one = RecordList(range(records), before=others(*work))
    for name, way in ways.items():
        setattr(one, name, way)
    return one


async def test_each_page_begins_with_the_last_record_of_the_page_before():
    """So that a shift shows; the first page is asked for without an offset."""
    one = a_list(7, page_size=3)

    walked = await walk(one)

    assert (list(range(7)), True) == (numbers(walked), walked.whole)
    assert [0, 2, 4] == offsets(one)
    assert "offset" not in one.queries[0]


async def test_walk_steps_back_where_records_slipped_through():
    """Three of the first page are deleted before the second: the records after them moved to where nobody looks."""
    one = a_list(12, [], [0, 0, 0], page_size=4)

    walked = await walk(one)

    assert set(range(3, 12)) <= set(numbers(walked))
    assert walked.whole
    assert [0, 3, 2, 0] == offsets(one)[:4]


@pytest.mark.parametrize("tells_total", [True, False])
async def test_newest_first_list_on_a_busy_account_is_walked_to_its_end(tells_total):
    """What is filed meanwhile pushes the others on; none of those that were there is lost, none counted twice."""
    one = a_list(9, *[["create"]] * 4, newest_first=True, page_size=3, tells_total=tells_total)

    walked = await walk(one)

    assert set(range(9)) <= set(numbers(walked))
    assert walked.whole
    assert len(walked.records) == len(set(numbers(walked)))


async def test_page_of_known_records_is_not_the_last_where_the_list_tells_no_total():
    """One record was filed while pages are two long: the page shows nothing new, and more comes after it."""
    one = a_list(7, [], [], ["create"], newest_first=True, page_size=2, tells_total=False)

    walked = await walk(one)

    assert set(range(7)) <= set(numbers(walked))


async def test_list_that_shows_the_same_page_by_chance_is_walked_on():
    """As many were filed as a page moves on, so it looks the same; asked far away, the list shows that it listens."""
    one = a_list(3, [], ["create"], newest_first=True, page_size=2, tells_total=False)

    walked = await walk(one)

    assert [0, 1, 2] == numbers(walked)[:3]


@pytest.mark.parametrize(
    ("records", "ways", "whole"),
    [
        (15, {"tells_total": True}, True),
        (15, {"tells_total": False}, True),
        (20, {"tells_total": False, "page_size": 20}, False),
        (150, {"tells_total": True}, False),
        (150, {"tells_total": False}, False),
        (1, {"tells_total": False}, True),
    ],
    ids=["all on its page", "no total, a short page", "no total, a full page", "more promised", "more", "one record"],
)
async def test_list_that_ignores_the_offset_has_one_page_and_is_not_walked_without_end(records, ways, whole):
    """Whole only where its one page is all there is."""
    one = a_list(records, ignores_offset=True, **ways)

    walked = await walk(one)

    assert whole is walked.whole
    assert min(records, 100) == len(walked.records)
    assert len(one.queries) <= 4


@pytest.mark.parametrize(
    "ways", [{"shuffled": Random(1)}, {"shuffled": Random(2), "no_meta": True}, {"sizes": {0: SIZE_OF_A_PAGE + 1}}]
)
async def test_list_that_answers_as_it_likes_is_not_walked_without_end(ways):
    """It ignores the offset, and shows its records in any order, or one that is too long for an answer."""
    one = a_list(130, ignores_offset=True, **ways)

    walked = await walk(one)

    assert len(one.queries) < 60
    assert not walked.whole or len(walked.records) == 130


@pytest.mark.parametrize("page_size", [1, 2, 3, 20, 100])
@pytest.mark.parametrize("newest_first", [True, False])
async def test_list_without_meta_is_walked_until_a_page_brings_nothing(newest_first, page_size):
    """Short pages are not the end of such a list."""
    one = a_list(41, no_meta=True, newest_first=newest_first, page_size=page_size)

    assert list(range(41)) == numbers(await walk(one))


async def test_list_that_promises_more_than_it_shows_is_not_whole_and_not_walked_without_end():
    """A total that counts what nobody is shown."""
    page = RecordPage(records=(listed(0), listed(1)), total=5, next_query={"offset": "2"})
    last = RecordPage(records=(listed(1),), total=5, next_query={"offset": "2"})
    empty = RecordPage(records=(), total=5)
    gateway = ScriptedGateway(*[Done(value=each) for each in (page, last, empty)] * PASSES_AT_MOST)

    walked = await walk(gateway)

    assert ([0, 1], False) == (numbers(walked), walked.whole)


async def test_too_long_pages_are_asked_for_in_smaller_ones():
    """Fat records: a hundred of them are too much for one answer, twenty are not."""
    one = a_list(60, sizes=dict.fromkeys(range(60), SIZE_OF_A_PAGE // 25))

    walked = await walk(one)

    assert (list(range(60)), True) == (numbers(walked), walked.whole)
    assert ["100", "50", "20", "20"] == [query["limit"] for query in one.queries][:4]


@pytest.mark.parametrize("place", [0, 1, 7, 29])
async def test_one_record_that_is_too_long_for_any_answer_is_passed_over_and_counted(place):
    """It hides none of its neighbours."""
    one = a_list(30, sizes={place: SIZE_OF_A_PAGE + 1}, page_size=10)

    walked = await walk(one)

    assert ([n for n in range(30) if n != place], 1) == (numbers(walked), walked.unreadable)
    assert walked.whole


async def test_nothing_is_proved_after_a_record_of_which_the_next_page_cannot_be_joined():
    """Without a total nobody sees what slipped through beside the one that cannot be read."""
    one = a_list(12, sizes={5: SIZE_OF_A_PAGE + 1}, page_size=4, tells_total=False)

    walked = await walk(one)

    assert (11, False) == (len(walked.records), walked.whole)


@pytest.mark.parametrize("http_status", [400, 413, 422])
@pytest.mark.parametrize("limit_at_most", LIMITS[:-1])
async def test_limit_that_is_refused_is_lowered(limit_at_most, http_status):
    """Until the API takes it; the walk is whole all the same."""
    one = a_list(25, limit_at_most=limit_at_most, refusal=Refused(code="no", http_status=http_status))

    walked = await walk(one)

    assert (list(range(25)), True) == (numbers(walked), walked.whole)


async def test_list_that_refuses_every_limit_cannot_be_read():
    """So nothing is known, and after as many requests as there are limits."""
    one = a_list(3, limit_at_most=0)

    assert await walk(one) is None
    assert len(LIMITS) == len(one.queries)


async def test_records_that_cannot_be_read_are_counted():
    """They are on the list, but no content of them is known."""
    one = a_list(10, unreadable={0, 4, 5}, page_size=4)

    walked = await walk(one)

    assert ([1, 2, 3, 6, 7, 8, 9], 3, True) == (numbers(walked), walked.unreadable, walked.whole)


@pytest.mark.parametrize("tells_total", [True, False])
async def test_page_without_a_readable_record_is_not_taken_for_the_end(tells_total):
    """Broken texts in a row fill a whole page, so that the next one cannot be joined: it is not the whole list."""
    one = a_list(12, unreadable={4, 5, 6, 7}, page_size=4, tells_total=tells_total)

    walked = await walk(one)

    assert not walked.whole or [0, 1, 2, 3, 8, 9, 10, 11] == numbers(walked)
    assert len(one.queries) < REQUESTS_AT_MOST


@pytest.mark.parametrize("seed", range(8))
async def test_list_without_an_order_is_whole_once_as_many_were_seen_as_there_are(seed):
    """Each page is cut from another order of the records."""
    one = a_list(8, shuffled=Random(seed), page_size=4)

    walked = await walk(one)

    assert walked.whole is (list(range(8)) == numbers(walked))
    assert len(one.queries) < REQUESTS_AT_MOST


async def test_list_without_an_order_is_never_whole_where_not_all_was_seen():
    """Two pages of the same three records, and two more are promised."""
    pages = [
        RecordPage(records=tuple(map(listed, shown)), total=5, next_query={"offset": "3"}) for shown in [(0, 1, 2)]
    ]
    gateway = ScriptedGateway(*[Done(value=page) for page in pages * 2 * PASSES_AT_MOST])

    assert not (await walk(gateway)).whole


@pytest.mark.parametrize("tells_total", [True, False])
async def test_cursors_are_followed(tells_total):
    """A cursor says where the page before ended, so nothing is overlapped; it is asked for as the API named it."""
    one = a_list(7, links="cursor", page_size=3, tells_total=tells_total)

    walked = await walk(one)

    assert (list(range(7)), True) == (numbers(walked), walked.whole)
    assert [None, "3", "6"] == [query.get("cursor") for query in one.queries]


@pytest.mark.parametrize(("tells_total", "whole"), [(True, True), (False, False)])
async def test_links_that_are_not_counted_in_records_are_followed(tells_total, whole):
    """Pages by number cannot be made to overlap: only the total can say that all was seen."""
    one = a_list(7, links="page", page_size=3, tells_total=tells_total)

    walked = await walk(one)

    assert (list(range(7)), whole) == (numbers(walked), walked.whole)
    assert [None, "1", "2"] == [query.get("page") for query in one.queries][:3]


@pytest.mark.parametrize("total", [None, 9])
async def test_links_that_lead_in_circles_are_no_walk(total):
    """From a server that leads in circles nothing may be concluded, and it is left soon."""
    circle = [
        RecordPage(records=(listed(2 * n), listed(2 * n + 1)), total=total, next_query={"cursor": str(n % 2)})
        for n in range(2)
    ]
    gateway = ScriptedGateway(*[Done(value=page) for page in circle * 4])

    walked = await walk(gateway)

    assert not walked.whole
    assert len(gateway.calls) <= 4


async def test_empty_page_is_the_last():
    """A server that always names a next page does not send us on for ever."""
    pages = [
        RecordPage(records=(listed(1), listed(2)), next_query={"cursor": "2"}),
        RecordPage(records=(), next_query={"cursor": "3"}),
    ]

    assert [1, 2] == numbers(await walk(ScriptedGateway(*[Done(value=page) for page in pages])))


async def test_empty_account_was_walked_completely():
    """No record is an answer, and not the same as no answer."""
    assert Walk((), whole=True) == await walk(a_list(0))


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"done"}))
async def test_walk_that_breaks_off_is_no_walk(outcome):
    """The pages seen before the trouble are not taken for all of them, however often a smaller page was tried."""
    first = Done(value=RecordPage(records=(listed(1), listed(2)), total=3, next_query={"offset": "2"}))

    assert await walk(ScriptedGateway(first, *[OUTCOMES[outcome]] * len(LIMITS))) is None


async def test_first_page_that_somebody_has_already_is_not_asked_for_again():
    """The look at the account begins with it."""
    one = a_list(7, page_size=3)
    first = await first_page(one)

    walked = await walk(one, first=first)

    assert list(range(7)) == numbers(walked)
    assert [0, 2, 4] == offsets(one)


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"done"}))
async def test_first_page_that_cannot_be_read_is_none(outcome):
    """Not an empty one."""
    assert await first_page(ScriptedGateway(*[OUTCOMES[outcome]] * len(LIMITS))) is None


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("matching", ["exact", "substring", "folded", "deaf"])
async def test_record_is_in_the_answer_whatever_the_list_is_like(matching, newest_first, page_size):
    """Capped pages, either order, a filter that is kept or not: what was asked for is among what came."""
    account = FakeAccount()
    for number in range(5):
        await account.send(create(number))
    account.matching, account.newest_first, account.page_size = matching, newest_first, page_size

    walked = await walk(account, alias=alias(3))

    assert alias(3) in [record.alias for record in walked.records]
    assert (5 if matching == "deaf" else 1) == len(walked.records)


async def test_every_page_is_asked_for_the_alias_with_the_priority_of_the_walk():
    """A look-up for an unknown create goes before fresh rows on each of its pages."""
    pages = [
        RecordPage(records=(listed(1), listed(2)), total=3, next_query={"offset": "2"}),
        RecordPage(records=(listed(2), listed(3)), total=3),
    ]
    gateway = ScriptedGateway(*[Done(value=page) for page in pages])

    await walk(gateway, alias=alias(1), priority=Priority.SETTLE)

    assert [(alias(1), Priority.SETTLE)] * 2 == [(call.query["alias"], call.priority) for call in gateway.calls]


# Two walks that agree.


@pytest.mark.parametrize(
    ("work", "walks"),
    [
        ([], 2),
        ([[], ["create"]], 2),
        ([[], [0]], 2),
        ([[], [0, "create"], ["create"]], 2),
    ],
    ids=["quiet", "one created meanwhile", "one deleted meanwhile", "both"],
)
async def test_what_others_create_and_delete_meanwhile_does_not_keep_two_walks_from_agreeing(work, walks):
    """A record that is newer than all of the first walk could not be in it; one that is gone may have been deleted."""
    one = a_list(5, *work)

    walked = await agreed(one)

    assert walked.whole
    assert walks == len(one.queries)
    assert set(range(5)) <= set(numbers(walked))


def _walk(*shown: int, whole: bool = True) -> Walk:
    return Walk(tuple(map(listed, shown)), whole=whole)


async def test_walk_that_missed_an_older_record_is_not_agreed_with():
    """The second walk shows what the first should have shown: a third must agree."""
    one = a_list(5)

    walked = await agreed(one, _walk(0, 1, 4))

    assert (list(range(5)), True, 2) == (numbers(walked), walked.whole, len(one.queries))


async def test_walks_that_never_agree_prove_nothing():
    """Each shows another old record that the ones before it did not."""
    pages = [Done(value=RecordPage(records=(listed(n), listed(99)), total=2)) for n in range(PASSES_AT_MOST + 1)]

    walked = await agreed(ScriptedGateway(*pages))

    assert not walked.whole
    assert set(range(PASSES_AT_MOST + 1)) <= set(numbers(walked))


async def test_walk_that_is_not_whole_agrees_with_nothing():
    """No second one is made, since it could not prove anything with the first."""
    assert _walk(1, whole=False) == await agreed(ScriptedGateway(), _walk(1, whole=False))


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"done"}))
async def test_second_walk_that_cannot_be_read_is_no_answer(outcome):
    """The first one alone proves nothing."""
    assert await agreed(ScriptedGateway(*[OUTCOMES[outcome]] * len(LIMITS)), _walk(1)) is None


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (listed(1), []),
        (listed(2), [2]),
        (listed(4), []),
        (listed(4, created_at=""), [4]),
        (listed(2, created_at=listed(3).created_at), []),
    ],
    ids=["shown", "older than the newest", "newer", "of no known time", "as old as the newest"],
)
def test_missed(later, expected):
    """What is not newer than the newest of the earlier walk was there, and should have been shown."""
    found = missed([listed(1), listed(3)], [later])

    assert expected == [int(record.compliance_id[-12:]) for record in found]


# By dice.

_WORK = st.lists(st.lists(st.one_of(st.just("create"), st.integers(0, 30)), max_size=5), max_size=14)
_WAYS = st.fixed_dictionaries(
    {"page_size": st.sampled_from([2, 3, 5, 100]), "newest_first": st.booleans(), "tells_total": st.booleans()}
)
_TWO_A_PAGE = {"page_size": 2, "newest_first": True, "tells_total": False}


@pytest.mark.parametrize("walking", [walk, agreed])
@settings(max_examples=300, deadline=None)
@given(records=st.integers(0, 30), ways=_WAYS, work=_WORK)
@example(records=3, ways=_TWO_A_PAGE, work=[[], ["create"], [], ["create"]])
@example(records=7, ways=_TWO_A_PAGE, work=[[], [], ["create"]])
@example(records=9, ways={"page_size": 3}, work=[[], [0, 0, 0], [0], [0, 1]])
def test_whole_walk_has_every_record_that_was_there_all_the_time(walking, records, ways, work):
    """Whatever others create and delete between the pages, and whatever the list's ways."""
    one = a_list(records, *work, **ways)
    before = set(one.numbers)

    walked = asyncio.run(walking(one))

    stayed = before & set(one.numbers)
    assert not walked.whole or stayed <= set(numbers(walked))
    assert len(one.queries) < REQUESTS_AT_MOST


@settings(max_examples=100, deadline=None)
@given(records=st.integers(0, 12), page_size=st.integers(1, 4), newest_first=st.booleans(), tells_total=st.booleans())
def test_quiet_list_is_found_to_its_last_record(records, page_size, newest_first, tells_total):
    """Whatever its ways, and though pages of one record cannot be joined."""
    one = a_list(records, page_size=page_size, newest_first=newest_first, tells_total=tells_total)

    walked = asyncio.run(walk(one))

    assert list(range(records)) == numbers(walked)
    assert walked.whole or (page_size == 1 and not tells_total and records > 1)


def test_the_simulated_list_names_its_records_as_the_samples_do():
    """Else the property would compare nothing."""
    assert compliance_id(7) == listed(7).compliance_id == server_record(7).compliance_id
