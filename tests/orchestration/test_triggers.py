"""§2 in full: entry conditions, changed-into, times, rollout, inputs and keys."""

import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from demo.models import Building, Employee
from orchestration import builder, clock, engine, jobs, triggers
from orchestration.bulk import TellingQuerySet
from orchestration.checks import check_bulk_changes_are_told
from orchestration.errors import Conflict, Invalid
from orchestration.models import Instance, Orchestration, StartRequest, Version
from tests import flows, stories
from tests.cast import Cast
from tests.stories import background, drain, hire, later

WATCHING = {"start_type": "record", "record_model": "demo.employee", "one_live_per_record": False}


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()


@pytest.fixture
def people(cast: Cast) -> Cast:
    """The cast, with nothing active that would start by itself."""
    builder.deactivate(Version.objects.get())
    return cast


def watching(**columns: Any) -> Version:
    """An active version that watches employees."""
    return stories.active([background("note", "tests.note")], **(WATCHING | columns))


def starts() -> int:
    drain()
    return Instance.objects.count()


# By a save


def test_only_a_save_for_which_the_entry_condition_holds_starts(people: Cast) -> None:  # R2.1, capability 18
    watching(starts_on="saved", entry_condition={"rows": [{"path": "record.department", "operator": "equals", "value": "Sales"}]})
    employee = hire(people, department="Engineering")
    assert (starts(), StartRequest.objects.count()) == (0, 0)  # R2.2: a false condition leaves no entry
    employee.department = "Sales"
    employee.save()
    assert starts() == 1


def test_an_entry_condition_that_cannot_be_evaluated_leaves_an_entry_and_lets_the_save_pass(people: Cast) -> None:  # R2.2
    watching(entry_condition={"formula": "record.department > 3"})
    employee = hire(people, department="Sales")
    assert Employee.objects.filter(pk=employee.pk).exists()
    request = StartRequest.objects.get()
    assert (request.outcome, "“Sales” (text) cannot be compared with 3 (number)" in request.reason) == ("refused", True)
    assert starts() == 0


def test_changed_into_starts_once_when_the_save_changes_the_record_into_it(people: Cast) -> None:  # R2.1, capability 17
    watching(starts_on="updated", changed_into=True, entry_condition={"formula": "record.department == 'Sales'"})
    employee = hire(people, department="Engineering")
    for department in ("Sales", "Sales", "Engineering", "Sales"):
        employee.department = department
        employee.save()
    assert starts() == 2


def test_every_time_starts_at_each_save_for_which_it_holds(people: Cast) -> None:  # R2.1
    watching(starts_on="updated", entry_condition={"formula": "record.department == 'Sales'"})
    employee = hire(people, department="Sales")
    for _ in range(3):
        employee.save()
    assert starts() == 3


def test_prior_values_are_compared(people: Cast) -> None:  # R2.1 R6.1
    watching(starts_on="updated", entry_condition={"formula": "record.job_title != prior.job_title"})
    employee = hire(people, job_title="Engineer")
    employee.save()
    assert starts() == 0
    employee.job_title = "Architect"
    employee.save()
    assert starts() == 1


def test_prior_values_cost_nothing_where_nobody_compares(people: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    watching(starts_on="updated", entry_condition={"formula": "record.department == 'Legal'"})
    employee = hire(people)
    with django_assert_num_queries(2):  # the save, and the look for live instances of the record
        employee.save()


def test_a_bulk_change_is_seen_when_it_is_notified(people: Cast) -> None:  # R2, RELIABILITY 37
    watching(starts_on="updated", entry_condition={"formula": "record.department == 'Sales'"})
    for number in range(3):
        hire(people, f"Employee {number}", department="Engineering")
    Employee.objects.update(department="Sales")
    assert starts() == 0
    triggers.notify(Employee.objects.all())
    assert starts() == 3


# Many at once


def many(people: Cast, count: int, **columns: Any) -> list[Employee]:
    """Employees who are in no table yet."""
    about = {"email": "a@b.example", "job_title": "Engineer", "department": "Engineering", "manager": people.marta}
    about |= {"building": people.headquarters, "start_date": timezone.localdate()} | columns
    return [Employee(name=f"Employee {number}", **about) for number in range(count)]


def telling() -> TellingQuerySet:
    """What `Employee.objects` were, if the model told of bulk changes."""
    return TellingQuerySet(Employee)


def test_a_thousand_notified_rows_cost_at_most_five_statements_for_each_hundred(people: Cast) -> None:  # R2.2, RELIABILITY 37
    watching(starts_on="saved", entry_condition={"formula": "record.manager.username == 'marta' and record.building.name != ''"})
    Employee.objects.bulk_create(many(people, 1000))
    with CaptureQueriesContext(connection) as asked:
        triggers.notify(Employee.objects.all(), created=True)
    assert (StartRequest.objects.filter(outcome="pending").count(), len(asked) <= 50) == (1000, True)


def test_notified_instances_look_again(people: Cast) -> None:  # R2.2 R3.8
    watching(starts_on="created")
    employees = [hire(people, f"Employee {number}") for number in range(3)]
    waits = background("waits", "tests.note", wait_until={"formula": "record.is_ready"})
    stories.active([waits], api_name="waiting", record_model="demo.employee")
    instances = [engine.start("waiting", record=employee) for employee in employees]
    Employee.objects.filter(pk__in=[employee.pk for employee in employees[:2]]).update(is_ready=True)
    triggers.notify(Employee.objects.all())
    drain()
    assert [Instance.objects.get(pk=instance.pk).status for instance in instances] == ["completed", "completed", "in_progress"]


def test_a_queryset_that_tells_starts_what_its_bulk_changes_bring(people: Cast) -> None:  # R2.2, RELIABILITY 37
    watching(starts_on="saved", entry_condition={"formula": "record.department == 'Sales'"})
    made = telling().bulk_create([*many(people, 2, department="Sales"), *many(people, 2)])
    assert starts() == 2
    telling().filter(department="Engineering").update(department="Sales")
    assert starts() == 4
    for employee in made[:3]:
        employee.department = "Legal" if employee is made[0] else "Sales"
    telling().bulk_update(made[:3], ["department"])
    assert starts() == 6


def test_a_queryset_that_tells_knows_what_was_before(people: Cast) -> None:  # R2.1 R2.2
    watching(starts_on="updated", changed_into=True, entry_condition={"formula": "record.department == 'Sales'"})
    Employee.objects.bulk_create([*many(people, 2, department="Sales"), *many(people, 3)])
    telling().update(department="Sales")
    assert starts() == 3


def test_a_bulk_change_that_fails_starts_nothing(people: Cast) -> None:  # R2.2
    watching(starts_on="saved")
    Employee.objects.bulk_create(many(people, 1))
    with transaction.atomic():
        telling().update(department="Sales")
        assert StartRequest.objects.count() == 1
        transaction.set_rollback(True)
    assert StartRequest.objects.count() == 0


def test_a_bulk_change_of_what_nothing_watches_costs_nothing(people: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    Orchestration.objects.filter(record_model="demo.employee").update(record_model="demo.quote")
    people.headquarters.save()  # by now this process knows what is watched
    with django_assert_num_queries(2):
        telling().update(department="Sales")
        TellingQuerySet(Building).bulk_create([Building(name="Harbour")])


def test_the_check_names_models_whose_bulk_changes_nobody_hears_of(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:  # R2.2
    assert check_bulk_changes_are_told(databases=["default"]) == []
    watching()
    [warning] = check_bulk_changes_are_told(databases=["default"])
    assert (warning.id, warning.obj) == ("orchestration.W002", Employee)
    assert "TellingQuerySet" in warning.hint
    monkeypatch.setattr(Employee._default_manager, "_queryset_class", TellingQuerySet)
    assert check_bulk_changes_are_told(databases=["default"]) == []


# What a process knows of the watched models


def test_the_first_save_of_a_request_costs_nothing(
    people: Cast, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:  # W3
    people.headquarters.save()
    client.get("/accounts/login/")
    with django_assert_num_queries(1):
        people.headquarters.save()


def test_another_processs_activation_is_noticed_within_a_second_by_one_query(
    people: Cast, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:  # R2.2, W3
    now = time.monotonic()
    monkeypatch.setattr(triggers, "KNOWN_FOR", 1.0)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    version = watching(starts_on="updated")
    employee = hire(people)
    Version.objects.filter(pk=version.pk).update(status="inactive")  # as another process does it: no signal is sent here
    for seconds, asked in ((0, 2), (1.1, 4), (1.2, 2), (2.3, 3)):  # the save, the look for live instances, and what is asked anew
        monkeypatch.setattr(time, "monotonic", lambda: now + seconds)  # noqa: B023
        with django_assert_num_queries(asked + (seconds == 0)):  # at first it starts something
            employee.save()
    assert StartRequest.objects.count() == 1


# By a time


def test_a_time_that_the_record_names_starts_once_when_it_has_come(people: Cast) -> None:  # R2.3, capability 21
    watching(starts_on="due", start_field="start_date", start_offset=4 * 3600)
    hire(people, start_date=timezone.localdate() + timedelta(days=10))
    midnight = timezone.make_aware(timezone.datetime.combine(timezone.localdate(), timezone.datetime.min.time()))
    due_in = midnight + timedelta(days=10, hours=4) - clock.now()
    for moment, expected in ((due_in - timedelta(minutes=1), 0), (due_in + timedelta(minutes=1), 1), (due_in + timedelta(days=3), 1)):
        with clock.moved(moment):
            jobs.tick()
            assert starts() == expected
    assert StartRequest.objects.get().due_at == midnight + timedelta(days=10, hours=4)


def test_due_times_before_the_activation_do_not_count(people: Cast) -> None:  # R2.3
    hire(people, start_date=timezone.localdate() - timedelta(days=1))
    watching(starts_on="due", start_field="start_date")
    with later(days=30):
        jobs.tick()
        assert starts() == 0


def test_a_record_saved_with_a_time_that_has_just_passed_starts_at_once(people: Cast) -> None:  # R2.3
    watching(starts_on="due", start_field="start_date")
    with later(days=5):
        hire(people, start_date=timezone.localdate() + timedelta(days=2))
        assert starts() == 1
        jobs.tick()
        assert starts() == 1


def test_the_condition_is_looked_at_when_the_time_comes_and_a_refused_start_uses_it_up(people: Cast) -> None:  # R2.3
    watching(starts_on="due", start_field="start_date", entry_condition={"formula": "record.is_ready"})
    employee = hire(people, start_date=timezone.localdate() + timedelta(days=2))
    with later(days=3):
        jobs.tick()
        assert starts() == 0
        assert StartRequest.objects.get().reason == "Its condition did not hold when the time came."
        Employee.objects.update(is_ready=True)
        jobs.tick()
        assert starts() == 0
    employee.start_date += timedelta(days=10)  # another time
    employee.is_ready = True
    employee.save()
    with later(days=13):
        jobs.tick()
        assert starts() == 1


def test_after_three_hours_without_a_ticker_everything_due_starts_once(people: Cast) -> None:  # RELIABILITY 26
    watching(starts_on="due", start_field="start_date")
    for number in range(7):
        hire(people, f"Employee {number}", start_date=timezone.localdate() + timedelta(days=1 + number % 3))
    with later(days=4):
        jobs.tick()
        jobs.tick()
        assert starts() == 7


def test_a_time_field_that_is_none_is_a_problem(people: Cast) -> None:  # R1.6
    with pytest.raises(Invalid, match=r"“name” is no date or time field of the record\. Known: start_date"):
        watching(starts_on="due", start_field="name")


# Rollout


@pytest.mark.parametrize(
    ("rollout", "columns", "by", "opens"),
    [
        ("everyone", {}, None, True),
        ("off", {}, "admin", False),
        ("staff", {}, "petra", True),
        ("staff", {}, "hanna", False),
        ("staff", {}, None, False),
        ("permitted", {}, "admin", True),
        ("permitted", {}, "hanna", False),
        ("condition", {"rollout_condition": {"formula": "record.department == 'Engineering'"}}, None, True),
        ("condition", {"rollout_condition": {"formula": "record.department == 'Sales'"}}, None, False),
        ("percentage", {"rollout_percentage": 100}, None, True),
        ("percentage", {"rollout_percentage": 0}, None, False),
    ],
)
def test_the_rollout_gate(people: Cast, rollout: str, columns: dict[str, Any], by: str | None, opens: bool) -> None:  # R1.5, capability 14
    watching()
    Orchestration.objects.filter(api_name="trial").update(rollout=rollout, **columns)
    employee = stories.hire(people)
    StartRequest.objects.all().delete()
    if opens:
        assert engine.start("trial", record=employee, by=getattr(people, by) if by else None)
        drain()
        return
    with pytest.raises(Conflict, match="“Trial” starts only"):
        engine.start("trial", record=employee, by=getattr(people, by) if by else None)
    assert StartRequest.objects.filter(outcome="skipped", reason__contains="starts only").exists()


def test_a_share_of_the_records_is_always_the_same_and_grows(people: Cast) -> None:  # R1.5
    watching()
    employees = [hire(people, f"Employee {number}") for number in range(60)]
    drain()
    chosen = {}
    for share in (20, 60):
        Orchestration.objects.filter(api_name="trial").update(rollout="percentage", rollout_percentage=share)
        chosen[share] = {employee.pk for employee in employees if _starts(employee)}
        assert chosen[share] == {employee.pk for employee in employees if _starts(employee)}
    assert chosen[20] < chosen[60]
    assert 2 <= len(chosen[20]) <= 30 <= len(chosen[60]) + 15


def _starts(employee: Employee) -> bool:
    try:
        engine.start("trial", record=employee)
    except Conflict:
        return False
    return True


# By a call

TYPED = {
    "amount": {"type": "number", "required": True},
    "note": {"type": "text", "default": "–"},
    "day": {"type": "date"},
    "urgent": {"type": "yes_no"},
    "tags": {"type": "list"},
    "at": {"type": "datetime"},
}


def callable_(**columns: Any) -> Version:
    """An autolaunched orchestration with typed inputs."""
    steps = [
        background(
            "double", "tests.double", inputs={"number": {"value": 1}}, only_if={"formula": "inputs.amount > 3 and inputs.day > today"}
        )
    ]
    return stories.active(steps, inputs=TYPED, variables={"limit": {"type": "number", "default": 5}}, **columns)


def test_inputs_are_typed_and_read_by_conditions(people: Cast) -> None:  # R2.4 R6.1
    callable_()
    instance = engine.start("trial", inputs={"amount": 4, "day": "2999-01-01", "urgent": False, "tags": ["a"]})
    assert instance.inputs == {"amount": 4, "note": "–", "day": "2999-01-01", "urgent": False, "tags": ["a"], "at": None}
    assert instance.variables == {"limit": 5}
    drain()
    assert instance.step_instances.get().status == "completed"


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({}, "amount: A value is missing."),
        ({"amount": "4"}, "amount: This is no number."),
        ({"amount": True}, "amount: This is no number."),
        ({"amount": float("nan")}, "amount: This is no number."),
        ({"amount": 1, "colour": "red"}, "colour: There is no such input."),
        ({"amount": 1, "day": "31 Feb"}, "day: This is no date"),
        ({"amount": 1, "day": "2026-02-31"}, "day: This is no date"),
        ({"amount": 1, "urgent": "yes"}, "urgent: This is no yes or no."),
        ({"amount": 1, "at": "2026-01-01T00:00"}, "at: This is no date and time with zone"),
        ({"amount": 1, "tags": "a"}, "tags: This is no list."),
        ({"amount": 1, "note": 3}, "note: This is no text."),
    ],
)
def test_a_missing_unknown_or_wrong_input_is_refused_by_name_and_writes_nothing(
    people: Cast, inputs: dict[str, Any], named: str
) -> None:  # R2.4
    callable_()
    with pytest.raises(Invalid) as refused:
        engine.start("trial", inputs=inputs)
    assert named in str(refused.value)
    assert (StartRequest.objects.count(), Instance.objects.count()) == (0, 0)


def test_inputs_may_be_given_as_python_has_them(people: Cast) -> None:  # R2.4
    callable_()
    instance = engine.start("trial", inputs={"amount": Decimal("3.10"), "day": date(2999, 1, 1), "at": clock.now()})
    drain()
    assert instance.step_instances.get().status == "completed"


def test_a_repeated_call_with_its_key_returns_the_first_instance(people: Cast) -> None:  # R2.4
    callable_()
    first = engine.start("trial", inputs={"amount": 1}, key="order-77")
    assert engine.start("trial", inputs={"amount": 2}, key="order-77") == first
    assert engine.start("trial", inputs={"amount": 2}, key="order-78") != first
    assert Instance.objects.count() == 2


def test_a_record_of_another_model_is_refused(people: Cast) -> None:
    watching()
    with pytest.raises(Invalid, match=r"“Trial” is about demo\.employee"):
        engine.start("trial", record=people.headquarters)


def test_the_command_starts_an_instance(people: Cast, capsys: pytest.CaptureFixture[str]) -> None:  # R2.4
    callable_(record_model="demo.employee")
    employee = hire(people)
    call_command("start_instance", "trial", record=f"{employee.pk}", input=["amount=4", "note=from the shell"], by="hanna", key="k1")
    instance = Instance.objects.get()
    assert (instance.inputs["amount"], instance.inputs["note"], instance.starter) == (4, "from the shell", people.hanna)
    assert f"{instance.pk}" in capsys.readouterr().out
    for arguments, complaint in (
        ({"input": ["amount"]}, "name=value"),
        ({"input": ["amount=x"]}, "amount: This is no number"),
        ({"record": "99999", "input": ["amount=1"]}, "There is no demo.employee with the key 99999"),
        ({"by": "nobody", "input": ["amount=1"]}, "There is no user “nobody”"),
    ):
        with pytest.raises(CommandError, match=complaint):
            call_command("start_instance", "trial", **arguments)
    with pytest.raises(CommandError, match="There is no orchestration “unknown”"):
        call_command("start_instance", "unknown")


def test_a_record_page_of_another_model_knows_nothing_of_it(people: Cast) -> None:
    watching()
    Building.objects.create(name="Harbour")
    assert starts() == 0
