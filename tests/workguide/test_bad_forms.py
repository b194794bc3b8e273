"""What forms are sent by mistake or on purpose: each case is refused with a word for the person, or taken as it is and harmless.

Nothing is an error of ours, and what is refused leaves no trace in outputs or submissions.
"""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from demo.models import ITTicket
from orchestration import clock
from orchestration.models import Attachment, StepInstance, Submission, WorkItem
from tests.built import asked, field, flow, is_set, screen
from tests.cast import Cast
from tests.stories import hire
from tests.workguide.conftest import Browse

FORM = {
    "screens": [
        screen(
            field("name", required=True, max_length=20),
            field("story", "long_text"),
            field("pieces", "number", places=0, min=0, max=1000),
            field("weight", "number"),
            field("day", "date"),
            field("size", "choice", choices=[{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}]),
            field("ticket", "record", model="demo.itticket"),
            field("offer", "file"),
            field("custom", "checkbox"),
            field("clause", required=True, show_when=is_set("answers.custom")),
        )
    ]
}


@pytest.fixture
def item(cast: Cast) -> WorkItem:
    return asked(FORM, cast.hanna, hire(cast))


def form(item: WorkItem, **answers: Any) -> dict[str, Any]:
    """What Hanna's page would send."""
    return {"orc-screen": "0", "orc-version": str(item.get_flow().version), "orc-key": "key", "name": "Sam", **answers}


def send(client: Client, item: WorkItem, data: Any, **options: Any) -> Any:
    return client.post(f"/work-items/{item.pk}/completion", data, **options)


def submitted() -> dict[str, Any]:
    """The outputs of the item that was completed."""
    outputs: dict[str, Any] = StepInstance.objects.get().outputs
    return outputs


def test_without_the_token_against_forged_requests(cast: Cast, item: WorkItem) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.hanna)
    assert send(client, item, form(item)).status_code == 403
    assert not Submission.objects.exists()


def test_without_saying_which_version_of_the_form(cast: Cast, browse: Browse, item: WorkItem) -> None:
    data = form(item)
    del data["orc-version"]
    answer = send(browse(cast.hanna), item, data)
    assert answer.status_code == 422
    assert "did not send its form whole" in answer.content.decode()


def test_from_an_old_version_of_the_form(cast: Cast, browse: Browse, item: WorkItem) -> None:
    answer = send(browse(cast.hanna), item, form(item, **{"orc-version": "999999"}))
    assert answer.status_code == 409
    assert "has been changed since you opened it" in answer.content.decode()
    assert "Sam" in answer.content.decode()


def test_the_same_submission_twice(cast: Cast, browse: Browse, item: WorkItem) -> None:
    data, hanna = form(item), browse(cast.hanna)
    first, second = send(hanna, item, data), send(hanna, item, data)
    assert (first.status_code, first.url) == (second.status_code, second.url) == (302, f"/work-items/{item.pk}/?done=1")
    assert Submission.objects.count() == 1


def test_somebody_elses_item(cast: Cast, browse: Browse, item: WorkItem) -> None:
    assert send(browse(cast.diego), item, form(item)).status_code == 404


def test_an_item_that_is_done(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna, data = browse(cast.hanna), form(item)
    send(hanna, item, data)
    answer = send(hanna, item, data | {"orc-key": "another", "name": "Kim"})
    assert answer.status_code == 409
    assert "was completed by Hanna" in answer.content.decode()


def test_a_field_that_is_not_there(cast: Cast, browse: Browse, item: WorkItem) -> None:
    data = form(item, is_superuser="on", clause="smuggled", **{"name-words": "x", "lines-0-a": "x"})
    assert send(browse(cast.hanna), item, data).status_code == 302
    assert "is_superuser" not in submitted()
    assert "clause" not in submitted()  # it is asked only when the box is ticked
    assert Submission.objects.get().answers.keys() == {"name"}


def test_the_hidden_key_of_somebody_elses_file(cast: Cast, browse: Browse, item: WorkItem) -> None:
    file = Attachment.objects.keep(b"%PDF- %%EOF", name="secret.pdf", content_type="application/pdf")
    answer = send(browse(cast.hanna), item, form(item, offer=str(file.key)))
    assert answer.status_code == 422
    assert "Choose it again" in answer.content.decode()


def test_a_record_that_the_person_may_not_see(cast: Cast, browse: Browse, item: WorkItem) -> None:
    ticket = ITTicket.objects.create(employee=item.get_record(), summary="A secret plan", created_at=clock.now())
    answer = send(browse(cast.hanna), item, form(item, ticket=str(ticket.pk)))
    assert answer.status_code == 422
    assert "A secret plan" not in answer.content.decode()


REFUSED: dict[str, tuple[str, str, str]] = {
    "a choice that is none": ("size", "xxl", "Select a valid choice"),
    "a NUL": ("name", "a\0b", "Null characters are not allowed"),
    "one character too many": ("name", "x" * 21, "at most 20 characters"),
    "2^31": ("pieces", str(2**31), "less than or equal to 1000"),
    "2^63": ("weight", str(2**63), "smaller than"),
    "1e999999": ("weight", "1e999999", "smaller than"),
    "NaN": ("weight", "NaN", "Enter a number"),
    "Infinity": ("weight", "Infinity", "Enter a number"),
    "the year 0": ("day", "0000-01-01", "Enter a valid date"),
    "the year 10000": ("day", "10000-01-01", "Enter a valid date"),
    "31 February": ("day", "2026-02-31", "Enter a valid date"),
    "a key that is none": ("ticket", "1 OR 1=1", "Choose one of those"),
    "a key beyond all keys": ("ticket", str(2**200), "Choose one of those"),
    "an empty required field": ("name", "", "Enter an answer"),
    "a fraction of a piece": ("pieces", "1.5", "no more than 0 decimal places"),
    "ten thousand digits": ("weight", "9" * 10_000, "not longer than 50 digits"),
}


@pytest.mark.parametrize(("name", "value", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_word_at_the_field(cast: Cast, browse: Browse, item: WorkItem, name: str, value: str, words: str) -> None:
    answer = send(browse(cast.hanna), item, form(item, **{name: value}))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Submission.objects.exists()


def test_a_character_that_is_half_of_one(cast: Cast, browse: Browse, item: WorkItem) -> None:
    body = f"orc-version={item.get_flow().version}&orc-key=k&name=a%ED%A0%80b"
    answer = send(browse(cast.hanna), item, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert "could not be read" in answer.content.decode()


def test_a_megabyte_of_text(cast: Cast, browse: Browse, item: WorkItem) -> None:
    answer = send(
        browse(cast.hanna), item, urlencode(form(item, story="x" * 1024 * 1024)), content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 413


def test_a_thousand_and_one_fields(cast: Cast, browse: Browse, item: WorkItem) -> None:
    assert send(browse(cast.hanna), item, form(item) | {f"f{n}": "x" for n in range(1001)}).status_code == 400


TAKEN = {
    "emoji and combining": "👩‍🚀 e\u0301 नमस्ते",
    "from right to left": "مرحبا \u202egnp.exe",
    "a script": "<script>alert(1)</script>",
    "a formula": "=cmd|'/c calc'!A1",
    "a template": "{{ record.name }}{% debug %}",
    "quotes and lines": "\"'`\r\n; DROP TABLE x; --",
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_taken_as_it_is_and_harmless(cast: Cast, browse: Browse, item: WorkItem, text: str) -> None:
    hanna = browse(cast.hanna)
    assert send(hanna, item, form(item, story=text)).status_code == 302
    assert submitted()["story"] == text
    words = hanna.get(f"/work-items/{item.pk}/").content.decode()
    assert "<script>alert" not in words


def test_a_version_that_was_made_meanwhile_changes_nothing_for_a_form_that_somebody_has(cast: Cast, browse: Browse, item: WorkItem) -> None:
    data = form(item)
    flow({"screens": [screen(field("other", required=True))]})
    assert send(browse(cast.hanna), item, data).status_code == 302  # R1.4
    assert submitted()["name"] == "Sam"


@pytest.mark.parametrize("noun", ["", "screen", "draft", "completion"])
def test_no_nonsense_breaks_a_page(cast: Cast, browse: Browse, item: WorkItem, noun: str) -> None:
    hanna = browse(cast.hanna)
    nonsense: dict[str, Any] = {
        "orc-screen": "9" * 40,
        "orc-version": "\0",
        "orc-shown": "name " * 5000,
        "orc-add": "name",
        "orc-remove": "name-",
        "orc-unfile": "offer",
        "offer": "../../etc/passwd",
        "orc-outcome": "x",
        "ticket": ["1", "2"],
        "name": ["a", "b", ""],
        "ticket-words": "a\0b " * 100,
    }
    for name in ("", *nonsense):
        data = form(item) | {key: value for key, value in nonsense.items() if not name or key == name}
        assert hanna.post(f"/work-items/{item.pk}/{noun}", data).status_code < 500
