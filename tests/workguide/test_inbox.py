"""The inbox and the home page: who sees what, what a press of a button answers, and what it costs."""

from collections.abc import Callable
from typing import Any

import pytest

from orchestration import engine
from tests.cast import Cast
from tests.stories import hired, item_of
from tests.workguide.conftest import Browse

HTMX = {"HX-Request": "true"}


def test_an_empty_inbox_says_so(cast: Cast, browse: Browse) -> None:
    assert "You’re all caught up" in browse(cast.chen).get("/inbox/").content.decode()


def test_the_first_look_goes_where_there_is_something_to_do(cast: Cast, browse: Browse) -> None:
    employee = hired(cast)
    assert browse(cast.hanna).get("/inbox/").context["tab"] == "queues"
    engine.claim_work_item(item_of(employee), by=cast.hanna)
    assert browse(cast.hanna).get("/inbox/").context["tab"] == "mine"


def test_a_claim_answers_with_the_row(cast: Cast, browse: Browse) -> None:
    item = item_of(hired(cast))
    row = browse(cast.hanna).post(f"/work-items/{item.pk}/claim", headers=HTMX).content.decode()
    assert row.strip().startswith("<li")
    assert "You claimed this" in row


def test_a_lost_race_answers_with_the_row_and_says_who_won(cast: Cast, browse: Browse) -> None:
    item = item_of(hired(cast))
    engine.claim_work_item(item, by=cast.omar)
    answer = browse(cast.hanna).post(f"/work-items/{item.pk}/claim", headers=HTMX)
    assert answer.status_code == 409
    assert "Omar Haddad claimed" in answer.content.decode()


def test_search_finds_by_record_and_says_when_it_finds_nothing(cast: Cast, browse: Browse) -> None:
    hired(cast, "Astrid Berg")
    hired(cast, "Tariq Aziz")
    hanna = browse(cast.hanna)
    assert [item.record_label for item in hanna.get("/inbox/?tab=queues&q=astrid").context["page"]] == ["Astrid Berg"]
    assert "Nothing here matches" in hanna.get("/inbox/?tab=queues&q=nobody").content.decode()


@pytest.mark.parametrize("address", ["/", "/inbox/?tab=queues", "/inbox/?tab=started"])
def test_the_queries_do_not_grow_with_the_rows(
    cast: Cast, browse: Browse, address: str, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    counted = []
    hanna = browse(cast.hanna)
    for more in (2, 8):
        for number in range(more):
            hired(cast, f"Newcomer {more}-{number}")
        with django_assert_max_num_queries(12) as queries:
            hanna.get(address)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_fragment_is_the_list_alone(cast: Cast, browse: Browse) -> None:
    hired(cast)
    part = browse(cast.hanna).get("/inbox/?tab=queues", headers=HTMX)
    assert part.content.decode().strip().startswith('<div class="orc-stack" id="orc-inbox"')
    assert "HX-Request" in part["Vary"]


def test_the_figure_in_the_header_names_the_newest(cast: Cast, browse: Browse) -> None:
    hired(cast)
    assert "New work for you: Collect preferences" in browse(cast.hanna).get("/inbox/count/").content.decode()
