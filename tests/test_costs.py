"""What pages and saves cost in statements: how many, and that more rows do not mean more (performance: W2, W3)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from demo.models import Building, Employee
from orchestration import access, builder, engine, operating
from orchestration.models import Instance, StartRequest, Submission, Version, WorkItem
from tests import flows, stories  # noqa: F401  the flows register themselves
from tests.cast import Cast
from tests.stories import active, background, drain, hire, hired, instance_of, interactive, item_of

FORM, COMPLETION, INBOX, RECORD, INSTANCE = 13, 20, 9, 25, 25
"""How many statements each may cost at most. Raise one only for a reason that is worth it to everybody who waits for the page."""

pytestmark = pytest.mark.usefixtures("nothing_to_warm_up")


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def nothing_to_warm_up(cast: Cast) -> None:
    """What a process asks once and then knows: content types, and what is watched."""
    for person in (cast.hanna, cast.admin):
        signed_in(person).get(f"/records/demo.employee/{hire(cast).pk}/")
    Employee.objects.all().delete()
    StartRequest.objects.all().delete()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def statements(ask: Callable[[], Any], expected: int = 200) -> int:
    """How many statements it costs. Savepoints do not count: in production there is no transaction around the request."""
    with CaptureQueriesContext(connection) as asked:
        answer = ask()
    assert getattr(answer, "status_code", expected) == expected
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in asked)


def questions(cast: Cast, count: int) -> list[WorkItem]:
    """So many open items of Hanna's, each about an employee, with another one to come after it."""
    access.grant("orchestration.run_flow", cast.hanna)
    first, second = (interactive(name, "tests.ask", {"path": "starter"}) for name in ("first", "second"))
    if not Version.objects.filter(orchestration__api_name="trial").exists():
        active([first], [second], record_model="demo.employee")
    builder.deactivate(Version.objects.get(orchestration__api_name="new_hire_onboarding", status="active"))
    for number in range(count):
        engine.start("trial", record=hire(cast, f"Employee {number}"), by=cast.hanna)
    return list(WorkItem.objects.open().order_by("pk"))


def test_a_completion(cast: Cast) -> None:  # W2
    warm, item = questions(cast, 2)
    hanna = signed_in(cast.hanna)
    hanna.post(f"/work-items/{warm.pk}/completion", {"answer": "yes"})
    assert statements(lambda: hanna.get(f"/work-items/{item.pk}/")) <= FORM
    assert statements(lambda: hanna.post(f"/work-items/{item.pk}/completion", {"answer": "yes"}), 302) <= COMPLETION
    assert Submission.objects.count() == 2
    assert WorkItem.objects.open().filter(label="Second").count() == 2


@pytest.mark.parametrize("tab", ["mine", "started", "done"])
def test_an_inbox_of_fifty_rows_costs_what_one_of_five_costs(cast: Cast, tab: str) -> None:  # W2
    hanna = signed_in(cast.hanna)
    for item in questions(cast, 5):
        stories.complete(item, cast.hanna, {"answer": ["yes"]})
    few = statements(lambda: hanna.get(f"/inbox/?tab={tab}"))
    for number in range(20):
        engine.start("trial", record=hire(cast, f"More {number}"), by=cast.hanna)
    for item in WorkItem.objects.open().filter(label="First"):
        stories.complete(item, cast.hanna, {"answer": ["yes"]})
    assert (statements(lambda: hanna.get(f"/inbox/?tab={tab}")), few <= INBOX) == (few, True)


def test_a_record_page_costs_the_same_however_much_has_happened_to_it(cast: Cast) -> None:
    admin, employee = signed_in(cast.admin), hired(cast)
    pages = {f"/records/demo.employee/{employee.pk}/": RECORD, f"/instances/{instance_of(employee).pk}/": INSTANCE}
    few = {page: statements(lambda page=page: admin.get(page)) for page in pages}
    for _time in range(4):
        operating.cancel(Instance.objects.live().get(), by=cast.admin, reason="Once more.")
        engine.start("new_hire_onboarding", record=employee)
    item = item_of(employee)
    for _time in range(5):
        engine.claim_work_item(item, by=cast.hanna)
        engine.release_work_item(item, by=cast.hanna)
    pages[f"/instances/{item.instance_id}/"] = pages.popitem()[1]
    many = [statements(lambda page=page: admin.get(page)) for page in pages]
    assert many == list(few.values())
    assert all(count <= most for count, most in zip(many, pages.values(), strict=True))


def test_saves(cast: Cast) -> None:  # W3
    waited_for, building = hired(cast), Building.objects.get(name="Headquarters")
    builder.deactivate(Version.objects.get(orchestration__api_name="new_hire_onboarding"))
    employee = hire(cast)
    watching: dict[str, Any] = {"start_type": "record", "record_model": "demo.employee", "starts_on": "updated"}
    active([background("note", "tests.note")], entry_condition={"formula": "record.department == 'Sales'"}, **watching)
    building.save()  # by now this process knows what is watched
    assert statements(building.save) == 1
    assert statements(employee.save) == 2  # and the look for live instances, which are to look again
    assert statements(waited_for.save) == 3  # and the signal to the one that there is
    employee.department = "Sales"
    assert statements(employee.save) == 3  # and the start request
    drain()
