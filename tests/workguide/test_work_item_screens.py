"""A work item in the browser: screens, review, draft, refusals. Without a script: each page is a form that works by itself."""

import pytest
from django.test import Client

from orchestration import engine
from orchestration.models import Draft, Submission, WorkItem
from tests.cast import Cast
from tests.stories import complete, hired, item_of, preferences, provisioned
from tests.workguide.conftest import Browse


@pytest.fixture
def item(cast: Cast) -> WorkItem:
    """HR's item about Sam Lee."""
    return item_of(hired(cast))


def page(item: WorkItem, noun: str = "") -> str:
    return f"/work-items/{item.pk}/{noun}"


def answers(item: WorkItem, **changed: object) -> dict[str, object]:
    return {**preferences(item.get_record()), "orc-key": "first", **changed}


def test_a_missing_answer_is_said_where_it_is_missing_and_the_rest_is_kept(cast: Cast, browse: Browse, item: WorkItem) -> None:
    answer = browse(cast.hanna).post(page(item), {"orc-screen": "0", "notes": "left-handed"})
    assert answer.status_code == 422
    words = answer.content.decode()
    assert "<title>Error: Equipment" in words
    assert "There is a problem" in words
    assert "left-handed" in words
    assert Draft.objects.get().answers["notes"] == ["left-handed"]


def test_two_screens_a_review_and_the_end(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna, given = browse(cast.hanna), answers(item)
    first = hanna.post(page(item), {"orc-screen": "0", **{name: given[name] for name in ("equipment", "extras", "notes")}})
    assert (first.status_code, first.url) == (302, f"{page(item)}?screen=1")
    last = hanna.post(page(item), {"orc-screen": "1", "start_date": given["start_date"], "confirmed": "on"})
    assert last.url == f"{page(item)}?review=1"
    review = hanna.get(last.url).content.decode()
    for words in ("Check your answers", "Developer laptop, 32 GB", "Headset, Phone", "left-handed", "After this:"):
        assert words in review
    done = hanna.post(page(item, "completion"), given)
    assert done.url == f"{page(item)}?done=1"
    assert "Done: Collect preferences" in hanna.get(done.url).content.decode()
    assert "You completed this" in hanna.get(page(item)).content.decode()


def test_the_same_submission_twice_is_one_and_looks_the_same(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna = browse(cast.hanna)
    first, second = (hanna.post(page(item, "completion"), answers(item)) for _ in range(2))
    assert first.url == second.url
    assert Submission.objects.count() == 1


def test_a_second_person_is_refused_and_still_sees_what_they_typed(cast: Cast, browse: Browse, item: WorkItem) -> None:
    complete(item, cast.omar, preferences(item.get_record()))
    answer = browse(cast.hanna).post(page(item, "completion"), answers(item, notes="my own words"))
    words = answer.content.decode()
    assert answer.status_code == 409
    assert "was completed by Omar Haddad" in words
    assert "Nothing you typed was sent." in words
    assert "my own words" in words
    assert Submission.objects.get().user == cast.omar


def test_an_answer_that_the_engine_refuses_leads_back_to_its_screen(cast: Cast, browse: Browse, item: WorkItem) -> None:
    answer = browse(cast.hanna).post(page(item, "completion"), answers(item, start_date="2001-01-01"))
    words = answer.content.decode()
    assert answer.status_code == 422
    assert "Screen 2 of 2" in words
    assert "Enter a first day that is not in the past" in words


def test_a_claimed_item_is_read_only_for_the_others(cast: Cast, browse: Browse, item: WorkItem) -> None:
    engine.claim_work_item(item, by=cast.omar)
    words = browse(cast.hanna).get(page(item)).content.decode()
    assert "Omar Haddad claimed this" in words
    assert "data-orc-draft" not in words
    assert browse(cast.hanna).post(page(item, "draft"), {"notes": "x"}).status_code == 409


@pytest.mark.parametrize("noun", ["", "claim", "release", "draft", "completion"])
def test_somebody_elses_item_is_not_found(cast: Cast, browse: Browse, item: WorkItem, noun: str) -> None:
    diego = browse(cast.diego)
    assert (diego.post(page(item, noun)) if noun else diego.get(page(item))).status_code == 404


@pytest.mark.parametrize("noun", ["claim", "release", "draft", "completion"])
def test_looking_never_acts(cast: Cast, browse: Browse, item: WorkItem, noun: str) -> None:  # R5.11
    assert browse(cast.hanna).get(page(item, noun)).status_code == 405


def test_nobody_gets_in_without_signing_in(item: WorkItem, client: Client) -> None:
    assert client.get(page(item)).url.startswith("/accounts/login/?next=")


def test_what_is_typed_is_saved_and_says_so(cast: Cast, browse: Browse, item: WorkItem) -> None:
    said = browse(cast.hanna).post(page(item, "draft"), {"orc-screen": "0", "notes": "half"}, headers={"HX-Request": "true"})
    assert said.content.decode().startswith("Saved ")
    item.refresh_from_db()
    assert item.claimed_by == cast.hanna
    assert "half" in browse(cast.hanna).get(page(item)).content.decode()


def test_the_banner_is_fetched_without_the_form(cast: Cast, browse: Browse, item: WorkItem) -> None:
    engine.claim_work_item(item, by=cast.omar)
    words = browse(cast.hanna).get(page(item), headers={"HX-Request": "true"}).content.decode()
    assert words.strip().startswith('<div class="orc-banner"')
    assert "<textarea" not in words
    assert "<html" not in words


def test_a_deleted_record_is_called_by_the_name_it_had(cast: Cast, browse: Browse, item: WorkItem) -> None:
    item.get_record().delete()
    words = browse(cast.hanna).get(page(item)).content.decode()
    assert "Sam Lee" in words
    assert "data-orc-draft" not in words


def test_a_form_of_one_screen_is_completed_at_once(cast: Cast, browse: Browse) -> None:
    item = item_of(provisioned(cast))
    answer = browse(cast.marta).post(page(item, "completion"), {"desk_ready": "on", "buddy": "Paul", "orc-key": "k"})
    assert answer.url == f"{page(item)}?done=1"


def test_an_item_names_its_record_and_links_to_it(cast: Cast, browse: Browse, item: WorkItem) -> None:  # R5.9
    words = browse(cast.hanna).get(page(item)).content.decode()
    assert f'href="/records/demo.employee/{item.record_id}/"' in words
    assert "Sam Lee" in words
