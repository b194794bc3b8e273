"""Screens that are built without code, in front of a browser without a script: each page is a form that works by itself."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from demo.models import Building, Employee, ITTicket
from orchestration import access, clock, engine
from orchestration.models import Draft, StepInstance, WorkItem
from tests.built import REQUEST, asked, field, flow, screen
from tests.cast import Cast
from tests.stories import active, hire, interactive
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


def shown_on(words: str) -> set[str]:
    """The questions that a page says it shows."""
    return set(re.findall(r'name="orc-shown" value="([^"]*)"', words)[0].split())


def test_without_a_script_update_shows_what_an_answer_brings_up(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna = browse(cast.hanna)
    assert "Update</button>" in hanna.get(page(item)).content.decode()
    answer = hanna.post(page(item, "screen"), sent(item, 0, "reason urgent", reason="replace", urgent="on"))
    assert answer.url.startswith(f"{page(item)}?screen=0")
    words = hanna.get(answer.url).content.decode()
    assert shown_on(words) == {"reason", "broken", "urgent", "needed_on"}
    assert f'value="{item.get_record().start_date}"' in words  # the default of what has just come up


def test_questions_that_were_not_on_the_page_are_asked_before_it_goes_on(cast: Cast, browse: Browse, item: WorkItem) -> None:
    """Somebody without a script ticks the box and goes on at once."""
    answer = browse(cast.hanna).post(page(item), sent(item, 0, "reason urgent", reason="new", urgent="on"))
    words = answer.content.decode()
    assert answer.status_code == 422
    assert "Your answers brought up more questions." in words
    assert "There is a problem" not in words
    assert "needed_on" in shown_on(words)


def test_what_is_no_longer_asked_is_dropped_and_comes_back_with_its_question(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna = browse(cast.hanna)
    both = "reason urgent broken"
    hanna.post(page(item), sent(item, 0, both, reason="replace", broken="The hinge"))
    hanna.post(page(item), sent(item, 0, "reason urgent", reason="new"))
    words = hanna.get(f"{page(item)}?review=1").content.decode()
    assert "The hinge" not in words
    hanna.post(page(item, "screen"), sent(item, 0, "reason urgent", reason="replace"))
    assert "The hinge" in hanna.get(page(item)).content.decode()


def test_rows_are_added_and_removed_by_plain_buttons_and_keep_what_is_typed(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna = browse(cast.hanna)
    first = {"lines__0__product": "Desk", "lines__0__quantity": "2"}
    answer = hanna.post(page(item, "screen"), sent(item, 1, "lines", lines="0", orc__add="lines", **first))
    assert answer.url == f"{page(item)}?screen=1#orc-part-lines"
    words = hanna.get(f"{page(item)}?screen=1").content.decode()
    assert {"lines-0-product", "lines-1-product"} <= shown_on(words)
    assert 'value="Desk"' in words
    rows = {"lines": ["0", "1"], "lines__1__product": "Chair", "lines__1__quantity": "4", **first}
    hanna.post(page(item, "screen"), sent(item, 1, "lines", orc__remove="lines-0", **rows))
    words = hanna.get(f"{page(item)}?screen=1").content.decode()
    assert "Desk" not in words
    assert "Chair" in words
    assert "Item 1" in words  # rows are counted anew, and keep their keys
    assert Draft.objects.get().answers["lines"] == ["1"]


def test_too_few_and_too_many_rows_are_said(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna = browse(cast.hanna)
    none = hanna.post(page(item), sent(item, 1, "lines building contact"))
    assert "Add at least 1 row" in none.content.decode()
    rows = " ".join(f"lines-{n}-{name}" for n in range(4) for name in ("product", "quantity"))
    many = hanna.post(page(item), sent(item, 1, f"building contact {rows}", lines=["0", "1", "2", "3"]))
    assert "Leave at most 3 rows" in many.content.decode()
    assert 'name="orc-add"' not in many.content.decode()


def test_a_lookup_finds_only_what_the_person_may_see(cast: Cast, browse: Browse, employee: Employee) -> None:
    document = {"screens": [screen(field("colleague", "record", model="demo.employee"), field("ticket", "record", model="demo.itticket"))]}
    item = asked(document, cast.hanna, employee)
    for number in range(9):
        hire(cast, f"Kim {number}")
    ITTicket.objects.create(employee=employee, summary="A secret plan", created_at=clock.now())
    hanna = browse(cast.hanna)
    words = hanna.get(page(item)).content.decode()
    assert "Kim" not in words  # too many to list them all
    assert "secret" not in words
    search = {"colleague-words": "kim 7", "ticket-words": "secret", "orc-find": "colleague"}
    words = hanna.get(hanna.post(page(item, "screen"), sent(item) | search).url).content.decode()
    assert "Kim 7" in words
    assert "Kim 6" not in words
    assert "A secret plan" not in words
    assert "Nothing found for “secret”" in words
    unchosen = hanna.post(page(item, "completion"), sent(item, 0, "colleague ticket", colleague="") | {"colleague-words": "kim"})
    assert "Choose one of those that were found, or empty the search" in unchosen.content.decode()
    assert "There are more." in unchosen.content.decode()


def test_a_screen_that_is_not_asked_is_stepped_over(cast: Cast, browse: Browse, employee: Employee) -> None:
    item = asked(REQUEST, cast.hanna, employee)  # nobody says how much is left, so nobody asks for the amount
    hanna = browse(cast.hanna)
    assert "Screen 1 of 2" in hanna.get(page(item)).content.decode()
    answers = {"lines__0__product": "Desk", "lines__0__quantity": "2", "building": cast.headquarters.pk}
    assert hanna.post(page(item), sent(item, 1, "contact", lines="0", **answers)).url == f"{page(item)}?review=1"
    assert hanna.get(f"{page(item)}?screen=2").content.decode().count("Check your answers")


def test_a_decision_on_a_single_screen(cast: Cast, browse: Browse, employee: Employee) -> None:
    document = {"screens": [screen(field("margin", "number"))], "outcomes": REQUEST["outcomes"], "outputs": {"said": {"path": "comment"}}}
    item = asked(document, cast.hanna, employee)
    hanna = browse(cast.hanna)
    words = hanna.get(page(item)).content.decode()
    assert "Complete item" not in words
    assert 'value="reject"' in words
    nothing = hanna.post(page(item, "completion"), sent(item, 0, "margin", margin="x"))
    assert "Enter a number" in nothing.content.decode()
    undecided = hanna.post(page(item, "completion"), sent(item, 0, "margin"))
    assert "Choose one of the buttons: Approve, Reject" in undecided.content.decode()
    why = hanna.post(page(item, "completion"), sent(item, 0, "margin", orc__outcome="reject"))
    assert "“Reject” needs a comment" in why.content.decode()
    hanna.post(page(item, "completion"), sent(item, 0, "margin", orc__outcome="reject", orc__comment="Too dear"))
    outputs = StepInstance.objects.get().outputs
    assert outputs == {"margin": None, "outcome": "reject", "comment": "Too dear", "said": "Too dear"}
    words = hanna.get(page(item)).content.decode()
    assert "Too dear" in words
    assert "Reject" in words


def test_writes_need_leave_of_the_site_and_of_the_person(cast: Cast, browse: Browse, employee: Employee, settings: Any) -> None:
    document = {
        "record_model": "demo.employee",
        "screens": [screen(field("title", required=True, max_length=200))],
        "writes": {"job_title": {"path": "answers.title"}},
    }
    item = asked(document, cast.hanna, employee)
    answers = sent(item, 0, "title", title="Director")
    settings.ORCHESTRATION_WRITABLE = {}
    refused = browse(cast.hanna).post(page(item, "completion"), answers)
    assert refused.status_code == 422
    assert "ORCHESTRATION_WRITABLE" in refused.content.decode()
    settings.ORCHESTRATION_WRITABLE = {"demo.employee": ["job_title"]}
    too_long = browse(cast.hanna).post(page(item, "completion"), answers | {"title": "x" * 150})
    assert too_long.status_code == 422
    assert "at most 100 characters" in too_long.content.decode()
    assert browse(cast.hanna).post(page(item, "completion"), answers).status_code == 302
    employee.refresh_from_db()
    assert employee.job_title == "Director"


def test_a_form_that_cannot_be_shown_says_so(cast: Cast, browse: Browse, employee: Employee) -> None:
    item = asked({"screens": [screen(field("a", show_when={"formula": "record.name > 3"}))]}, cast.hanna, employee)
    answer = browse(cast.hanna).get(page(item))
    assert answer.status_code == 409
    assert "This form cannot be shown" in answer.content.decode()


def test_a_formula_that_cannot_be_looked_at_is_said_and_not_taken_for_no(cast: Cast, browse: Browse, employee: Employee) -> None:
    item = asked({"screens": [screen(field("a", check={"formula": "answers.a > 3", "message": "Too small"}))]}, cast.hanna, employee)
    answer = browse(cast.hanna).post(page(item, "completion"), sent(item, 0, "a", a="x"))
    assert answer.status_code == 422
    assert "This cannot be checked" in answer.content.decode()


def test_a_person_chosen_on_a_form_gets_the_next_work_item(cast: Cast, browse: Browse, employee: Employee) -> None:
    flow({"screens": [screen(field("reviewer", "user", required=True))]})
    access.grant("orchestration.run_flow", cast.hanna)
    access.grant("orchestration.run_flow", cast.marta)
    ask, review = (interactive(name, "site.request", {"user": "hanna"}) for name in ("ask", "review"))
    review["assignee"] = {"path": "steps.ask.outputs.reviewer"}
    active([ask], [review])
    instance = engine.start("trial", record=employee)
    first = WorkItem.objects.get(instance=instance)
    browse(cast.hanna).post(page(first, "completion"), sent(first, 0, "reviewer", reviewer=cast.marta.pk))
    assert WorkItem.objects.open().get(instance=instance).user == cast.marta


def test_what_a_page_costs_does_not_grow_with_the_form(
    cast: Cast, browse: Browse, employee: Employee, django_assert_max_num_queries: Any
) -> None:
    lookups = [field(f"contact_{n}", "user") for n in range(10)] + [field(f"at_{n}", "record", model="demo.building") for n in range(10)]
    rows = {
        "kind": "group",
        "name": "rows",
        "label": "Row",
        "least": 20,
        "fields": [field("who", "user"), field("where", "record", model="demo.building")],
    }
    item = asked({"screens": [screen(*lookups, rows), screen(field("b"), name="second")]}, cast.hanna, employee)
    hanna = browse(cast.hanna)
    hanna.get(page(item))
    chosen = {f"contact_{n}": cast.marta.pk for n in range(10)} | {f"rows-{n}-who": cast.omar.pk for n in range(20)}
    chosen |= {f"rows-{n}-where": cast.annex.pk for n in range(20)} | {"rows": [str(n) for n in range(20)]}
    hanna.post(page(item, "draft"), sent(item, 0, "") | chosen)
    with CaptureQueriesContext(connection) as plain:
        browse(cast.hanna).get(f"{page(item)}?screen=1")
    with django_assert_max_num_queries(len(plain) + 6):
        browse(cast.hanna).get(f"{page(item)}?screen=0")


def test_a_preview_shows_the_form_and_keeps_nothing(cast: Cast, browse: Browse, employee: Employee) -> None:
    access.grant("orchestration.change_flow", cast.petra)
    petra = browse(cast.petra)
    data = {"document": json.dumps(REQUEST), "record": f"demo.employee:{employee.pk}", "inputs": '{"budget": 300}'}
    words = petra.post("/screens/preview", data, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in words
    assert "What is needed" in words
    words = petra.post("/screens/preview", data | {"reason": "replace", "orc-shown": "reason"}).content.decode()
    assert "What is broken?" in words
    bad = petra.post("/screens/preview", data | {"orc-go-on": "yes", "orc-shown": "reason"})
    assert bad.status_code == 422
    assert "Choose one" in bad.content.decode()
    words = petra.post("/screens/preview", data | {"orc-go-on": "yes", "reason": "new", "orc-shown": "reason"}).content.decode()
    assert "Items and delivery" in words
    assert '<input type="hidden" name="reason" value="new">' in words
    words = petra.post("/screens/preview", data | {"orc-screen": "1", "lines": "0", "orc-add": "lines"}).content.decode()
    assert "Item 2" in words
    words = petra.post("/screens/preview", data | {"orc-screen": "3", "reason": "new"}).content.decode()
    assert "Check your answers" in words
    for document in ("", "[]", "{", '{"screens": []}', '{"screens": 1}', "[" * 100_000):
        assert petra.post("/screens/preview", {"document": document}).status_code == 422
    assert not Draft.objects.exists()


def test_only_those_who_build_flows_see_previews(cast: Cast, browse: Browse) -> None:
    assert browse(cast.hanna).post("/screens/preview", {"document": json.dumps(REQUEST)}).status_code == 403
