"""Screens that are built without code, in front of a browser without a script: each page is a form that works by itself."""

from typing import Any

import pytest

from demo.models import Building, Employee
from orchestration.models import Draft, StepInstance, WorkItem
from tests.built import REQUEST, asked
from tests.cast import Cast
from tests.stories import hire
from tests.workguide.conftest import Browse


@pytest.fixture
def employee(cast: Cast) -> Employee:
    return hire(cast)


@pytest.fixture
def item(cast: Cast, employee: Employee) -> WorkItem:
    """Hanna is asked what Sam Lee needs; there are 500 left."""
    return asked(REQUEST, cast.hanna, employee, budget=500)


def page(item: WorkItem, noun: str = "") -> str:
    return f"/work-items/{item.pk}/{noun}"


def sent(item: WorkItem, place: int = 0, shown: str = "", **answers: Any) -> dict[str, Any]:
    """What a page sends: its answers, and what the form adds by itself."""
    version = item.get_flow().version
    return {"orc-screen": str(place), "orc-version": str(version), "orc-shown": shown, "orc-key": "first"} | {
        name.replace("__", "-"): value for name, value in answers.items()
    }


def test_from_the_first_screen_to_the_end(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna = browse(cast.hanna)
    words = hanna.get(page(item)).content.decode()
    assert "For Sam Lee, who begins soon." in words
    assert "Screen 1 of 3" in words
    assert "Budget left" in words
    assert "What is broken?" not in words
    answer = hanna.post(page(item), sent(item, 0, "reason urgent", reason="new"))
    assert answer.url == f"{page(item)}?screen=1"
    words = hanna.get(answer.url).content.decode()
    assert "Item 1" in words
    building = Building.objects.get(name="Headquarters")
    answer = hanna.post(
        page(item),
        sent(
            item,
            1,
            "lines lines-0-product lines-0-quantity building contact",
            lines="0",
            lines__0__product="Desk",
            lines__0__quantity="2",
            building=building.pk,
        ),
    )
    assert answer.url == f"{page(item)}?screen=2"
    answer = hanna.post(page(item), sent(item, 2, "amount offer", amount="499.50"))
    assert answer.url == f"{page(item)}?review=1"
    words = hanna.get(answer.url).content.decode()
    for said in ("Check your answers", "Item 1 · Product", "Desk", "Headquarters", "Approve", "Reject"):
        assert said in words
    whole = dict(Draft.objects.get().answers)
    refused = hanna.post(page(item, "completion"), whole | sent(item, 3) | {"orc-outcome": "reject"})
    assert refused.status_code == 422
    assert "needs a comment" in refused.content.decode()
    done = hanna.post(page(item, "completion"), whole | sent(item, 3) | {"orc-outcome": "reject", "orc-comment": "Too dear"})
    assert done.status_code == 302, done.content.decode()
    outputs = StepInstance.objects.get(pk=item.step_instance_id).outputs
    assert outputs == {
        "reason": "new",
        "urgent": False,
        "lines": [{"product": "Desk", "quantity": 2}],
        "building": {"model": "demo.building", "id": building.pk, "label": "Headquarters"},
        "contact": None,
        "amount": 499.5,
        "offer": None,
        "outcome": "reject",
        "comment": "Too dear",
        "count": 1,
    }
