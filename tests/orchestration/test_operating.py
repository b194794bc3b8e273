"""§8: what operators do, each action in each status, with permission, reason and history; and §9: what disappears."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import ProtectedError

from orchestration import builder, clock, engine, jobs, operating
from orchestration.assignment import Assignee
from orchestration.errors import Conflict, Invalid, NotAllowed, Refused, Stale
from orchestration.models import Effect, Flow, Instance, Milestone, Queue, StepInstance
from orchestration.states import InstanceStatus
from tests import flows, stories
from tests.cast import Cast
from tests.stories import active, background, complete, drain, hired, interactive, item_of, later, preferences

WHY = "Because the vendor is on strike."


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()
    flows.failing.clear()


def noting(name: str, **columns: Any) -> dict[str, Any]:
    return background(name, "tests.note", inputs={"text": {"value": name}}, **columns)


@pytest.fixture
def instance(cast: Cast) -> Instance:
    """Stage 1 waits for a person beside a background step; then comes stage 2."""
    stories.access_to_run(cast.hanna)
    active(
        [interactive("ask", "tests.ask", {"queue": "hr"}), noting("work")],
        [noting("next")],
        variables={"limit": {"type": "number", "default": 5}},
    )
    return engine.start("trial")


def step(instance: Instance, name: str) -> StepInstance:
    return StepInstance.objects.filter(instance=instance, step__api_name=name).latest("pk")


def statuses(instance: Instance) -> dict[str, str]:
    return dict(instance.step_instances.order_by("pk").values_list("step__api_name", "status"))


def broken_down(instance: Instance) -> None:
    """The background step has used up its attempts."""
    flows.failing.add("work")
    for minutes in (0, 10, 20):
        with later(minutes=minutes):
            drain()
    flows.failing.clear()


# Every action in every status ----------------------------------------------------------------------------------------

ACTIONS: dict[str, Callable[[Instance, Cast], Any]] = {
    "suspend": lambda instance, cast: operating.suspend(instance, by=cast.admin, reason=WHY),
    "resume": lambda instance, cast: operating.resume(instance, by=cast.admin, reason=WHY),
    "cancel": lambda instance, cast: operating.cancel(instance, by=cast.admin, reason=WHY),
    "wake": lambda instance, cast: operating.wake(instance, by=cast.admin),
    "retry_step": lambda instance, cast: operating.retry_step(step(instance, "work"), by=cast.admin, reason=WHY),
    "skip_step": lambda instance, cast: operating.skip_step(step(instance, "work"), by=cast.admin, reason=WHY),
    "complete_step": lambda instance, cast: operating.complete_step(step(instance, "work"), by=cast.admin, reason=WHY),
    "look_again": lambda instance, cast: operating.look_again(instance.stage_instances.latest("pk"), by=cast.admin, reason=WHY),
    "go_to_stage": lambda instance, cast: operating.go_to_stage(instance, "stage_2", by=cast.admin, reason=WHY),
    "set_variable": lambda instance, cast: operating.set_variable(instance, "limit", 7, by=cast.admin, reason=WHY),
    "reassign": lambda instance, cast: operating.reassign(
        instance.work_items.latest("pk"), Assignee(user=cast.hanna), by=cast.admin, reason=WHY
    ),
}
NEVER = "look_again"  # its own case below: it needs a stage whose condition failed


def put_into(instance: Instance, status: str, cast: Cast) -> None:
    if status == InstanceStatus.SUSPENDED:
        operating.suspend(instance, by=cast.admin, reason=WHY)
    elif status == InstanceStatus.CANCELED:
        operating.cancel(instance, by=cast.admin, reason=WHY)
    elif status == InstanceStatus.ERROR:
        broken_down(instance)
    elif status == InstanceStatus.COMPLETED:
        complete(instance.work_items.get(), cast.hanna, {"answer": ["yes"]})
        drain()
    instance.refresh_from_db()
    assert instance.status == status


@pytest.mark.parametrize("status", list(InstanceStatus))
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_in_every_status_is_done_or_refused_with_a_sentence(
    cast: Cast, instance: Instance, action: str, status: str
) -> None:  # R8.4
    put_into(instance, status, cast)
    milestones = Milestone.objects.count()
    if status in operating.MAY[action] and action != NEVER:
        ACTIONS[action](instance, cast)
        return
    with pytest.raises(Conflict) as refused:
        ACTIONS[action](instance, cast)
    assert len(str(refused.value)) > 20
    assert str(refused.value).endswith(".")
    assert Milestone.objects.count() == milestones


def test_the_table_names_every_action() -> None:  # R8.4
    assert set(operating.MAY) == set(ACTIONS)


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"wake"}))
def test_every_action_needs_its_permission_and_a_reason(
    cast: Cast, instance: Instance, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # R8.3
    put_into(instance, operating.MAY[action][0], cast)
    monkeypatch.setattr("tests.orchestration.test_operating.WHY", "   ")
    with pytest.raises(Invalid, match="Say why"):
        ACTIONS[action](instance, cast)
    monkeypatch.setattr("tests.orchestration.test_operating.WHY", "x")
    cast.admin = cast.hanna  # type: ignore[misc]
    with pytest.raises(NotAllowed, match="may not operate “Trial”"):
        ACTIONS[action](instance, cast)


# One by one ----------------------------------------------------------------------------------------------------------


def test_suspended_means_that_running_attempts_finish_and_nothing_new_begins(cast: Cast, instance: Instance) -> None:  # R8.1
    running = engine.claim_step()
    assert running is not None
    operating.suspend(instance, by=cast.admin, reason=WHY)
    engine.run_step(running)
    assert step(instance, "work").outputs == {"text": "work", "attempt": 1}
    with pytest.raises(Conflict, match=r"suspended\. Your draft is kept"):
        complete(instance.work_items.get(), cast.hanna, {"answer": ["yes"]})
    engine.save_draft(instance.work_items.get(), by=cast.hanna, answers={"answer": ["yes"]})
    operating.resume(instance, by=cast.admin, reason=WHY)
    complete(instance.work_items.get(), cast.hanna, {"answer": ["yes"]})
    drain()
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_while_suspended_no_worker_takes_a_ready_step(cast: Cast, instance: Instance) -> None:  # R8.1
    operating.suspend(instance, by=cast.admin, reason=WHY)
    assert engine.claim_step() is None
    with later(days=3):
        jobs.tick()
        drain()
        assert flows.calls == []
        operating.resume(instance, by=cast.admin, reason=WHY)
        drain()
    assert len(flows.calls) == 1


def test_timers_that_ran_out_while_suspended_fire_once_in_order_on_resume(cast: Cast) -> None:  # R8.1
    moments = [clock.now() + timedelta(hours=hours) for hours in (3, 1, 2)]
    active([background(f"step_{n}", "tests.sleep_until", inputs={"at": {"value": at.isoformat()}}) for n, at in enumerate(moments)])
    instance = engine.start("trial")
    drain()
    waiting = list(instance.step_instances.order_by("pk"))
    woken = [waiting[n].pk for n in (1, 2, 0)]
    operating.suspend(instance, by=cast.admin, reason=WHY)
    flows.calls.clear()
    with later(hours=5):
        jobs.tick()
        drain()
        assert flows.calls == []
        operating.resume(instance, by=cast.admin, reason=WHY)
        order = []
        while claim := engine.claim_step():
            order.append(claim.step_id)
            engine.run_step(claim)
    assert (order, len(flows.calls)) == (woken, 3)


def test_cancel_closes_everything_and_lets_no_running_attempt_commit(cast: Cast, instance: Instance) -> None:  # R8.2
    running = engine.claim_step()
    assert running is not None
    operating.cancel(instance, by=cast.admin, reason=WHY)
    with pytest.raises(Stale):
        engine.run_step(running)
    assert set(statuses(instance).values()) == {"canceled"}
    assert instance.stage_instances.get().status == "canceled"
    item = instance.work_items.get()
    assert (item.status, item.reason) == ("canceled", WHY)
    with pytest.raises(Conflict, match=f"was canceled: {WHY}"):
        complete(item, cast.hanna, {"answer": ["yes"]})


def test_cancel_drops_what_was_not_sent_yet(cast: Cast, mailoutbox: list[object]) -> None:  # R8.2
    steps = [background("tell", "tests.mail_somebody", inputs={"to": {"value": "a@b.example"}}), noting("slow")]
    active(steps)
    instance = engine.start("trial")
    claim = engine.claim_step()
    assert claim is not None
    engine.run_step(claim)
    operating.cancel(instance, by=cast.admin, reason=WHY)
    drain()
    assert (mailoutbox, Effect.objects.get().status) == ([], "dropped")


def test_a_failed_step_is_skipped(cast: Cast, instance: Instance) -> None:  # R7.4
    broken_down(instance)
    operating.skip_step(step(instance, "work"), by=cast.admin, reason=WHY)
    instance.refresh_from_db()
    assert (instance.status, statuses(instance)) == ("in_progress", {"ask": "in_progress", "work": "skipped"})
    complete(instance.work_items.get(), cast.hanna, {"answer": ["yes"]})
    drain()
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_a_failed_step_is_completed_by_hand_with_outputs(cast: Cast, instance: Instance) -> None:  # R7.4
    broken_down(instance)
    operating.complete_step(step(instance, "work"), by=cast.admin, reason=WHY, outputs={"text": "done by hand"})
    done = step(instance, "work")
    assert (done.status, done.outputs) == ("completed", {"text": "done by hand"})
    milestone = Milestone.objects.filter(kind="step_completed").latest("pk")
    assert (milestone.actor, milestone.reason) == (cast.admin, WHY)


def test_a_step_that_runs_or_waits_is_skipped_and_its_item_canceled(cast: Cast, instance: Instance) -> None:  # R8.3
    claim = engine.claim_step()
    assert claim is not None
    operating.skip_step(step(instance, "ask"), by=cast.admin, reason=WHY)
    operating.skip_step(step(instance, "work"), by=cast.admin, reason=WHY)
    with pytest.raises(Stale):
        engine.run_step(claim)
    assert instance.work_items.get().status == "canceled"
    drain()
    assert statuses(instance) == {"ask": "skipped", "work": "skipped", "next": "completed"}
    with pytest.raises(Conflict, match="completed"):
        operating.skip_step(step(instance, "next"), by=cast.admin, reason=WHY)


def test_two_failed_steps_are_both_mended_before_the_instance_goes_on(cast: Cast) -> None:  # R7.3
    active([noting("one"), noting("two")])
    instance = engine.start("trial")
    claims = [engine.claim_step(), engine.claim_step()]
    StepInstance.objects.update(tries_left=0)
    for claim in claims:
        assert claim is not None
        engine.fail_step(claim, RuntimeError("no"))
    operating.skip_step(step(instance, "one"), by=cast.admin, reason=WHY)
    instance.refresh_from_db()
    assert instance.status == "error"
    operating.skip_step(step(instance, "two"), by=cast.admin, reason=WHY)
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_go_to_stage_discontinues_the_current_one(cast: Cast, instance: Instance) -> None:  # R8.3
    operating.go_to_stage(instance, "stage_2", by=cast.admin, reason=WHY)
    drain()
    assert statuses(instance) == {"ask": "discontinued", "work": "discontinued", "next": "completed"}
    assert list(instance.stage_instances.values_list("status", flat=True)) == ["discontinued", "completed"]
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_go_to_stage_leads_out_of_an_error_back_to_the_start_and_to_the_end(cast: Cast, instance: Instance) -> None:  # R8.3
    broken_down(instance)
    operating.go_to_stage(instance, "stage_1", by=cast.admin, reason=WHY)
    assert instance.stage_instances.latest("pk").iteration == 2
    operating.go_to_stage(instance, None, by=cast.admin, reason=WHY)
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_a_stage_that_does_not_exist_is_refused_by_name(cast: Cast, instance: Instance) -> None:
    with pytest.raises(Invalid, match=r"There is no stage “stage_9”\. Known: stage_1, stage_2"):
        operating.go_to_stage(instance, "stage_9", by=cast.admin, reason=WHY)


def test_a_condition_that_failed_is_looked_at_again(cast: Cast) -> None:  # R3.9
    employee = hired(cast)
    entry = stories.stage([noting("a")], entry_condition={"formula": "record.equipment == 3"})
    ends = stories.stage([noting("b")], exit_rule="condition", exit_condition={"formula": "record.equipment == 3"})
    active(entry, ends)
    instance = engine.start("trial", record=employee)
    assert instance.status == "error"
    employee.equipment = ""
    stage = instance.stage_instances.get()
    stage.stage.__class__.objects.filter(pk=stage.stage_id).update(entry_condition={})  # as a deploy of a mended version would
    operating.look_again(stage, by=cast.admin, reason=WHY)
    instance.refresh_from_db()
    assert instance.status in ("in_progress", "error")


def test_a_variable_is_changed_with_before_and_after_in_the_history(cast: Cast, instance: Instance) -> None:  # R8.3
    operating.set_variable(instance, "limit", 7, by=cast.admin, reason=WHY)
    instance.refresh_from_db()
    assert instance.variables == {"limit": 7}
    milestone = Milestone.objects.get(kind="variable_changed")
    assert milestone.data == {"vars": {"limit": 7}, "before": {"limit": 5}}
    for name, value, message in (("limit", "seven", "This is no number"), ("colour", "red", "There is no variable “colour”")):
        with pytest.raises(Invalid, match=message):
            operating.set_variable(instance, name, value, by=cast.admin, reason=WHY)


def test_an_item_is_reassigned_with_a_comment_and_its_draft_stays(cast: Cast, instance: Instance) -> None:  # R5.3 R5.6
    item = instance.work_items.get()
    engine.save_draft(item, by=cast.hanna, answers={"answer": ["half"]})
    stories.access_to_run(cast.diego)
    operating.reassign(item, Assignee(user=cast.diego), by=cast.admin, reason=WHY)
    item.refresh_from_db()
    assert (item.user, item.queue, item.claimed_by, item.draft.answers) == (cast.diego, None, None, {"answer": ["half"]})
    milestone = Milestone.objects.get(kind="work_item_reassigned")
    assert (milestone.reason, milestone.data) == (WHY, {"before": {"assignee": "HR"}, "assignee": "Diego Fuentes"})
    with pytest.raises(NotAllowed, match="assigned to Diego Fuentes"):
        complete(item, cast.hanna, {"answer": ["yes"]})
    complete(item, cast.diego, {"answer": ["yes"]})


def test_an_item_is_not_given_to_somebody_who_could_not_do_it(cast: Cast, instance: Instance) -> None:  # R5.3
    item = instance.work_items.get()
    with pytest.raises(Conflict, match="Liam O’Connor could not do it: You have no permission to run this form"):
        operating.reassign(item, Assignee(user=cast.liam), by=cast.admin, reason=WHY)
    with pytest.raises(Conflict, match="Sven Berg no longer has an active account"):
        operating.reassign(item, Assignee(user=cast.sven), by=cast.admin, reason=WHY)


def test_twenty_items_are_reassigned_at_once_with_a_result_for_each(cast: Cast) -> None:  # R8.3, capability 59
    employees = [hired(cast, f"Employee {number}") for number in range(20)]
    items = [item_of(employee) for employee in employees]
    complete(items[3], cast.hanna, preferences(employees[3]))
    unassigned = Assignee(queue=Queue.objects.get(api_name="unassigned"))
    results = operating.in_bulk(operating.reassign, items, to=unassigned, by=cast.petra, reason=WHY)
    assert [refusal for _item, refusal in results].count("") == 19
    assert results[3][1] == "“Collect preferences” is completed already."
    assert Milestone.objects.filter(kind="work_item_reassigned", actor=cast.petra).count() == 19


def test_a_refusal_inside_a_verb_leaves_nothing_behind(cast: Cast, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise Refused("in the middle")

    monkeypatch.setattr("orchestration.moving.settle", refuse)
    before = Milestone.objects.count()
    with pytest.raises(Refused):
        operating.skip_step(step(instance, "ask"), by=cast.admin, reason=WHY)
    assert (Milestone.objects.count(), instance.work_items.get().status) == (before, "assigned")


# What disappears -----------------------------------------------------------------------------------------------------


def test_a_deleted_record_cancels_its_live_instances_and_history_keeps_its_name(cast: Cast) -> None:  # R9.1
    employee = hired(cast)
    instance = stories.instance_of(employee)
    employee.delete()
    drain()
    instance.refresh_from_db()
    assert (instance.status, instance.record_label) == ("canceled", "Sam Lee")
    assert Milestone.objects.get(kind="instance_canceled").reason == "The record was deleted."
    assert instance.work_items.get().status == "canceled"


def test_users_groups_and_queues_with_open_work_cannot_be_deleted(cast: Cast) -> None:  # R9.2
    employee = stories.provisioned(cast)
    item = item_of(employee)
    with pytest.raises(ProtectedError):
        User.objects.get(pk=cast.marta.pk).delete()
    complete(item, cast.marta, stories.READINESS)
    drain()
    employee.delete()
    User.objects.get(pk=cast.marta.pk).delete()
    item.refresh_from_db()
    assert (item.user, item.assignee_label, item.completed_label) == (None, "Marta Kowalska", "Marta Kowalska")


def test_users_whom_live_definitions_name_cannot_be_deleted(cast: Cast) -> None:  # R9.2
    version = active([interactive("ask", "tests.ask", {"user": "diego"}), background("b", "tests.note", run_as="user", run_as_user="chen")])
    for user, used_by in ((cast.diego, "Ask"), (cast.chen, "B")):
        with pytest.raises(ProtectedError, match=f"is used by Trial v1 › {used_by}"), transaction.atomic():
            user.delete()
    builder.deactivate(version)
    cast.diego.delete()


def test_queues_and_flows_that_live_definitions_name_cannot_be_deleted(cast: Cast) -> None:  # R9.2
    with pytest.raises(ProtectedError, match="Collect preferences"), transaction.atomic():
        Queue.objects.get(api_name="hr").delete()
    with pytest.raises(ProtectedError, match="Collect preferences"), transaction.atomic():
        Flow.objects.get(key="demo.collect_preferences").delete()
    Flow.objects.get(key="tests.double").delete()
    active([interactive("ask", "tests.ask", {"group": "IT"})])
    with pytest.raises(ProtectedError, match="Ask"), transaction.atomic():
        Group.objects.get(name="IT").delete()
