"""Starting an orchestration on a record's page, without a script: who may, at one click, with a form, and refusals in words."""

import re
from typing import Any

import pytest
from django.test import Client

from demo.models import Employee
from orchestration import access
from orchestration.models import Instance, Orchestration, StartRequest
from tests import flows, stories  # noqa: F401  the flows register themselves
from tests.cast import Cast
from tests.stories import background, drain, hired, instance_of
from tests.workguide.conftest import Browse

TYPED = {
    "amount": {"type": "number", "required": True},
    "urgent": {"type": "yes_no", "required": True},
    "reason": {"type": "text", "default": "none given"},
    "day": {"type": "date"},
    "tags": {"type": "list"},
}


@pytest.fixture
def employee(cast: Cast) -> Employee:
    """Sam Lee, whose onboarding is live, and two orchestrations that HR may start about an employee."""
    employee = hired(cast)
    about: dict[str, Any] = {"record_model": "demo.employee", "one_live_per_record": False}
    stories.active([background("note", "tests.note")], api_name="plain", label="Plain review", **about)
    stories.active([background("note", "tests.note")], api_name="asking", label="Bonus", inputs=TYPED, **about)
    for orchestration in Orchestration.objects.all():
        access.grant("orchestration.start_orchestration", cast.hanna, orchestration)
    return employee


def page(employee: Employee, name: str = "") -> str:
    return f"/records/demo.employee/{employee.pk}/{f'starts/{name}/' if name else ''}"


def key_in(words: str) -> str:
    found = re.search(r'name="orc-key" value="(\w+)"', words)
    assert found
    return found[1]


def test_one_click_on_the_record_page_starts_it_and_leads_to_the_instance(cast: Cast, browse: Browse, employee: Employee) -> None:  # R2.4
    hanna = browse(cast.hanna)
    words = hanna.get(page(employee)).content.decode()
    assert "Start Plain review</button>" in words
    answer = hanna.post(page(employee, "plain"), {"orc-key": key_in(words)})
    instance = Instance.objects.get(orchestration__api_name="plain")
    assert (answer.status_code, answer.url) == (302, f"/instances/{instance.pk}/")
    assert (instance.starter, instance.get_record()) == (cast.hanna, employee)
    assert "started by Hanna Lindqvist" in hanna.get(answer.url).content.decode()
    drain()


def test_the_form_asks_for_the_inputs_in_their_types(cast: Cast, browse: Browse, employee: Employee) -> None:  # R2.4
    hanna = browse(cast.hanna)
    assert f'href="{page(employee, "asking")}">Start Bonus…</a>' in hanna.get(page(employee)).content.decode()
    words = hanna.get(page(employee, "asking")).content.decode()
    assert ('type="number"' in words, 'type="date"' in words, 'value="none given"' in words) == (True, True, True)
    given = {"orc-key": "k", "amount": "12.50", "urgent": "no", "reason": "", "day": "2027-01-04", "tags": "a\n b \n\n"}
    answer = hanna.post(page(employee, "asking"), given)
    assert answer.status_code == 302
    inputs = Instance.objects.get(orchestration__api_name="asking").inputs
    assert inputs == {"amount": "12.50", "urgent": False, "reason": "none given", "day": "2027-01-04", "tags": ["a", "b"]}
    drain()


def test_what_is_missing_or_wrong_is_said_where_and_nothing_starts(cast: Cast, browse: Browse, employee: Employee) -> None:  # R2.4
    answer = browse(cast.hanna).post(page(employee, "asking"), {"amount": "many", "day": "31 Feb", "reason": "kept"})
    words = answer.content.decode()
    assert answer.status_code == 422
    for said in (
        "<title>Error: ",
        "Amount: Enter a number.",
        "Urgent: This field is required.",
        "Day: Enter a valid date.",
        'value="kept"',
    ):
        assert said in words
    assert not StartRequest.objects.filter(orchestration__api_name="asking").exists()


def test_the_same_form_sent_twice_starts_one_instance(cast: Cast, browse: Browse, employee: Employee) -> None:  # R2.4
    hanna = browse(cast.hanna)
    first, second = (hanna.post(page(employee, "plain"), {"orc-key": "twice"}) for _ in range(2))
    assert first.url == second.url
    access.grant("orchestration.start_orchestration", cast.omar, Orchestration.objects.get(api_name="plain"))
    assert browse(cast.omar).post(page(employee, "plain"), {"orc-key": "twice"}).url != first.url  # somebody else's key is another one
    assert Instance.objects.filter(orchestration__api_name="plain").count() == 2
    drain()


def test_a_refusal_is_shown_in_words(cast: Cast, browse: Browse, employee: Employee) -> None:  # R2.5 R1.5
    hanna = browse(cast.hanna)
    assert "Start New hire onboarding" not in hanna.get(page(employee)).content.decode()  # it is live already, and may be so once
    answer = hanna.post(page(employee, "new_hire_onboarding"), {"orc-key": "k"})
    assert (answer.status_code, Instance.objects.count()) == (409, 1)
    assert "already has a live instance for “Sam Lee”" in answer.content.decode()
    for columns, said in (
        ({"rollout": "off"}, "“Plain review” starts only for nobody"),
        ({"rollout": "condition", "rollout_condition": {"formula": "record.salary > 1"}}, "Whether it may start cannot be said"),
    ):
        Orchestration.objects.filter(api_name="plain").update(**columns)
        answer = hanna.post(page(employee, "plain"))
        assert (answer.status_code, said in answer.content.decode()) == (409, True)


def test_who_may_not_start_it_does_not_find_it(cast: Cast, browse: Browse, employee: Employee) -> None:  # R2.4
    omar = browse(cast.omar)  # sees the record
    assert "You can start" not in omar.get(page(employee)).content.decode()
    for person in (omar, browse(cast.liam), Client()):
        for answer in (person.get(page(employee, "plain")), person.post(page(employee, "plain"))):
            assert (answer.status_code, answer.get("Location", "/accounts/login/")[:17]) in (
                (404, "/accounts/login/"),
                (302, "/accounts/login/?"),
            )
    access.grant("orchestration.start_orchestration", cast.liam)
    cast.liam.groups.clear()
    assert browse(cast.liam).get(page(employee, "plain")).status_code == 404  # may start it, may not see the record
    assert instance_of(employee).orchestration.api_name == "new_hire_onboarding"


def test_what_has_no_active_version_is_not_offered(cast: Cast, browse: Browse, employee: Employee) -> None:  # R1.5
    Orchestration.objects.get(api_name="plain").active_version.move("inactive")  # type: ignore[union-attr,arg-type]
    assert "Start Plain review" not in browse(cast.hanna).get(page(employee)).content.decode()
    assert browse(cast.hanna).post(page(employee, "plain")).status_code == 404
