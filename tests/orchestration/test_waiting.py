"""R4.4, R4.8: flows that are called again later, after a time or a call from outside; and as whom they run."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from orchestration import callbacks, clock, conf, engine, operating, timeline
from orchestration.models import Instance, Milestone
from tests import flows, stories
from tests.cast import Cast
from tests.stories import active, background, drain, later


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()
    flows.failing.clear()


def started(flow: str, record: Any = None, **columns: Any) -> Instance:
    active([background("step", flow, **columns)])
    instance = engine.start("trial", record=record)
    drain()
    instance.refresh_from_db()
    return instance


def test_try_later_uses_up_no_attempt(cast: Cast) -> None:  # R4.4 R4.5
    instance = started("tests.try_later")
    for minutes in (5, 11, 22, 33, 44, 55, 66):
        with later(minutes=minutes):
            drain()
    step = instance.step_instances.get()
    assert len(flows.calls) == 6 > conf.MAX_ATTEMPTS
    assert (step.status, step.attempt, step.outputs) == ("completed", 6, {"after": 6})


def test_a_wait_of_three_days_goes_on_within_a_tick(cast: Cast) -> None:  # R4.4, capability 43
    at = clock.now() + timedelta(days=3)
    instance = started("tests.sleep_until", inputs={"at": {"value": at.isoformat()}})
    assert Milestone.objects.get(kind="attempt_deferred").data == {"until": at.isoformat()}
    with later(days=2, hours=23):
        drain()
    assert len(flows.calls) == 1
    with later(days=3, seconds=1):
        drain()
    instance.refresh_from_db()
    assert (instance.status, instance.step_instances.get().outputs) == ("completed", {"woken": True})


def test_a_call_from_outside_lets_the_flow_go_on_and_a_second_one_changes_nothing(
    cast: Cast, client: Client, mailoutbox: list[Any]
) -> None:  # R4.4
    instance = started("tests.await_callback")
    drain()
    [mail] = mailoutbox  # what was sent before the wait has left
    url = mail.body
    assert timeline.of(instance).waiting == ["“Step” waits for a call from outside."]
    with later(days=30):
        drain()
    assert instance.step_instances.get().status == "in_progress"
    path = url.removeprefix(conf.SITE_URL)
    for name in ("Dana", "Eve"):
        answer = client.post(path, json.dumps({"name": name}), content_type="application/json")
        assert (answer.status_code, answer.json()) == (200, {"detail": "Thank you."})
    drain()
    instance.refresh_from_db()
    assert (instance.status, instance.step_instances.get().outputs) == ("completed", {"signed_by": "Dana"})
    assert Milestone.objects.filter(kind="callback_received").count() == 1
    assert client.post(path, "{}", content_type="application/json").status_code == 200
    assert len(mailoutbox) == 1


def test_a_callback_address_cannot_be_guessed_altered_or_read_with_get(cast: Cast, client: Client) -> None:  # R5.11
    instance = started("tests.await_callback")
    step = instance.step_instances.get()
    path = callbacks.url_of(step).removeprefix(conf.SITE_URL)
    assert client.get(path).status_code == 405
    for wrong in (path[:-2] + "x/", "/callbacks/nonsense/", f"/callbacks/{step.pk}/"):
        assert client.post(wrong).status_code == 404
    assert client.post(path, "{", content_type="application/json").status_code == 400
    assert client.post(path, "[" * 100_000, content_type="application/json").status_code == 413
    assert client.post(path, "[" * 5_000, content_type="application/json").status_code == 400
    step.callback_key = "another"
    step.save()
    assert client.post(path, "{}", content_type="application/json").status_code == 409
    assert not Milestone.objects.filter(kind="callback_received").exists()
    operating.cancel(instance, by=cast.admin, reason="Enough.")


def test_a_callback_after_the_end_changes_nothing(cast: Cast, client: Client) -> None:
    instance = started("tests.await_callback")
    path = callbacks.url_of(instance.step_instances.get()).removeprefix(conf.SITE_URL)
    operating.cancel(instance, by=cast.admin, reason="Enough.")
    assert client.post(path, "{}", content_type="application/json").status_code == 200
    assert instance.step_instances.get().status == "canceled"


def test_without_a_service_user_a_background_step_runs_as_nobody(cast: Cast) -> None:  # R4.8
    instance = started("tests.rename_with_rights", stories.hired(cast), inputs={"name": {"value": "New"}})
    assert instance.step_instances.get().outputs == {"by": None}


def test_the_service_user_has_no_more_rights_than_it_is_given(cast: Cast, settings: Any) -> None:  # R4.8
    settings.ORCHESTRATION_SERVICE_USER = "chen"
    employee = stories.hired(cast)
    instance = started("tests.rename_with_rights", employee, inputs={"name": {"value": "New"}})
    step = instance.step_instances.get()
    assert step.error == {"type": "permission", "message": "It runs as Chen Wei, who may not change “Sam Lee”."}
    cast.chen.user_permissions.add(Permission.objects.get(codename="change_employee"))
    operating.retry_step(step, by=cast.admin, reason="Rights given.")
    drain()
    assert instance.step_instances.get().outputs == {"by": "chen"}


def test_it_can_run_as_the_latest_completer_or_as_a_named_user(cast: Cast) -> None:  # R4.8, capability 49
    employee = stories.hired(cast)
    for columns, kind, by in (
        ({"run_as": "user", "run_as_user": "hanna"}, "", "hanna"),
        ({"run_as": "user", "run_as_user": "marta"}, "permission", None),
        ({"run_as": "user", "run_as_user": "sven"}, "run_as", None),
        ({"run_as": "completer"}, "run_as", None),  # nobody has completed anything yet
    ):
        step = started("tests.rename_with_rights", employee, inputs={"name": {"value": "New"}}, **columns).step_instances.get()
        assert (step.error.get("type", ""), step.outputs.get("by")) == (kind, by)
        if step.status == "error":
            operating.cancel(step.instance, by=cast.admin, reason="Enough.")


def test_a_step_can_have_its_own_number_of_attempts(cast: Cast) -> None:  # R4.5
    flows.failing.add("shaky")
    instance = started("tests.note", inputs={"text": {"value": "shaky"}}, max_attempts=5)
    for minutes in range(10, 100, 10):
        with later(minutes=minutes):
            drain()
    assert (instance.step_instances.get().attempt, instance.step_instances.get().status) == (5, "error")
