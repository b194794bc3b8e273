"""What an open page asks every two seconds: has anything changed?"""

import re

import pytest
from django.test import Client

from orchestration import engine
from tests.cast import Cast
from tests.stories import hired, item_of
from tests.workguide.conftest import Browse
from workguide.live import live_attributes


def asked(attributes: str) -> tuple[str, str]:
    found = re.search(r'data-orc-live="([^"]+)" data-orc-version="([^"]+)"', attributes)
    assert found
    return found[1], found[2]


def test_nothing_has_changed_costs_no_query_and_no_session(wiped_queue_server: object, client: Client) -> None:
    address, version = asked(live_attributes(["user:1", "queue:2"]))
    answer = client.get(address, {"v": version})  # no database mark on this test: a query would raise
    assert (answer.status_code, answer.content, answer.cookies) == (204, b"", {})


def test_a_forged_address_is_not_found(wiped_queue_server: object, client: Client) -> None:
    address, _ = asked(live_attributes(["user:1"]))
    assert client.get(address[:-3] + "xx/").status_code == 404
    assert client.get("/live/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_news_for_the_queue_and_for_the_record_but_not_for_others(
    wiped_queue_server: object, client: Client, browse: Browse
) -> None:
    cast = Cast()
    item = item_of(hired(cast))
    pages = {
        "queue": asked(live_attributes([f"queue:{item.queue_id}"])),
        "record": asked(live_attributes([f"record:{item.record_model}:{item.record_id}"])),
        "others": asked(live_attributes([f"user:{cast.diego.pk}"])),
    }
    engine.claim_work_item(item, by=cast.hanna)
    answers = {name: client.get(address, {"v": version}).status_code for name, (address, version) in pages.items()}
    assert answers == {"queue": 200, "record": 200, "others": 204}


def test_without_a_queue_server_the_newest_milestone_is_the_version(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OSError("away")

    monkeypatch.setattr("orchestration.dispatch._connection", away)
    address, version = asked(live_attributes(["user:1"]))
    assert client.get(address, {"v": version}).status_code == 204
    hired(cast)
    assert client.get(address, {"v": version}).status_code == 200
