"""§5: who gets a work item, who may do it, and that exactly one submission completes it."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import OperationalError
from django.db.models import Q
from guardian.models import GroupObjectPermission

from demo.models import Employee
from orchestration import access, engine, jobs, operating
from orchestration.errors import Conflict, Invalid, NotAllowed
from orchestration.invariants import broken
from orchestration.models import Draft, Flow, Instance, Milestone, Queue, QueueMember, Step, Submission, WorkItem
from orchestration.models.instances import InstanceQuerySet
from orchestration.states import InstanceStatus
from tests import flows, stories  # noqa: F401  the flows register themselves
from tests.cast import Cast
from tests.stories import active, complete, drain, hired, interactive, item_of, preferences, provisioned


def asked(cast: Cast, assignee: dict[str, str], record: Employee | None = None) -> WorkItem:
    """A work item of a one-question flow for this assignee."""
    active([interactive("question", "tests.ask", assignee)], label=f"Ask {assignee}")
    return engine.start("trial", record=record).work_items.get()


def test_a_queue_item_is_seen_by_its_members_and_by_nobody_else(cast: Cast) -> None:  # R5.3
    item = item_of(hired(cast))
    seen_by = [
        name
        for name in ("hanna", "omar", "yuki", "marta", "liam", "petra", "admin")
        if access.work_items_for(getattr(cast, name)).contains(item)
    ]
    assert seen_by == ["hanna", "omar", "yuki", "petra", "admin"]  # petra and admin operate it


def test_membership_is_read_live(cast: Cast) -> None:  # R5.3
    item = item_of(hired(cast))
    cast.liam.groups.add(Group.objects.get(name="HR"))
    cast.hanna.groups.clear()
    assert access.work_items_for(cast.liam).contains(item)
    assert not access.work_items_for(cast.ask_again(cast.hanna)).contains(item)


def test_a_path_a_user_a_group_and_a_queue_can_be_named(cast: Cast) -> None:  # R5.2
    for flow in Flow.objects.all():
        access.grant("orchestration.run_flow", Group.objects.get(name="Managers"), flow)
    assert asked(cast, {"user": "diego"}).user == cast.diego
    assert asked(cast, {"group": "IT"}).group == Group.objects.get(name="IT")
    assert asked(cast, {"queue": "hr"}).queue == Queue.objects.get(api_name="hr")


def test_a_path_leads_to_the_hiring_manager(cast: Cast) -> None:  # R5.2 R3.11
    item = item_of(provisioned(cast, manager=cast.diego))
    assert item.user == cast.diego
    assert item.milestones.get().reason == "The step assigns it to path “record.manager”."  # R3.11: why me?


@pytest.mark.parametrize(
    ("assignee", "warning"),
    [
        ({"user": "sven"}, "Sven Berg no longer has an active account."),
        ({"path": "starter"}, "The assignee path “starter” names nobody."),
        ({"user": "liam"}, "Liam O’Connor cannot do it: You have no permission to run this form."),
    ],
)
def test_work_falls_back_to_a_queue_with_a_warning(cast: Cast, assignee: dict[str, str], warning: str) -> None:  # R5.2
    item = asked(cast, assignee)
    assert item.queue == Queue.objects.get(is_fallback=True)
    assert Milestone.objects.get(kind="work_item_assigned").reason.startswith(warning)


def test_who_was_deleted_since_the_activation_is_missed_in_the_same_way(cast: Cast) -> None:  # R5.2
    active([interactive("question", "tests.ask", {"user": "diego"})], api_name="ask")
    type(cast.diego).objects.filter(username="diego").update(username="renamed")
    engine.start("ask")
    assert Milestone.objects.get(kind="work_item_assigned").reason == "The assignee user “diego” names nobody."


def test_without_a_fallback_queue_it_is_on_the_list_of_those_with_nobody(cast: Cast) -> None:  # R5.2
    Queue.objects.update(is_fallback=False)
    item = asked(cast, {"user": "sven"})
    assert list(WorkItem.objects.with_nobody()) == [item]


def test_a_group_or_queue_in_which_nobody_is_active_is_no_assignee(cast: Cast) -> None:  # R5.2
    type(cast.diego).objects.filter(groups__name="IT").update(is_active=False)
    Queue.objects.create(label="Empty", api_name="empty")
    for assignee in ({"group": "IT"}, {"queue": "empty"}):
        item = asked(cast, assignee)
        assert item.queue == Queue.objects.get(is_fallback=True)
        assert "Nobody in “" in item.milestones.get(kind="work_item_assigned").reason


def test_open_work_that_nobody_can_do_any_more_is_on_the_list(cast: Cast) -> None:  # R5.2
    access.grant("orchestration.run_flow", cast.diego)
    items = [asked(cast, assignee) for assignee in ({"user": "diego"}, {"group": "IT"}, {"queue": "hr"})]
    assert list(WorkItem.objects.with_nobody()) == []
    QueueMember.objects.filter(queue__api_name="hr").delete()
    cast.diego.groups.clear()
    type(cast.diego).objects.filter(Q(username="diego") | Q(groups__name="IT")).update(is_active=False)
    assert list(WorkItem.objects.with_nobody()) == items


def test_an_assignee_that_is_neither_user_group_nor_queue_is_a_fault(cast: Cast) -> None:  # R7.5
    employee = hired(cast)
    active([interactive("question", "tests.ask", {"path": "record.start_date"})])
    instance = engine.start("trial", record=employee)
    assert (instance.status, instance.step_instances.get().error["type"]) == ("error", "assignee")


def test_a_member_claims_it_and_the_others_see_who_has_it(cast: Cast) -> None:  # R5.3
    item = item_of(hired(cast))
    engine.claim_work_item(item, by=cast.hanna)
    engine.claim_work_item(item, by=cast.hanna)
    with pytest.raises(Conflict, match=r"Hanna Lindqvist claimed “Collect preferences” at \d\d:\d\d. Ask them to release it"):
        engine.claim_work_item(item, by=cast.omar)
    assert Milestone.objects.filter(kind="work_item_claimed").count() == 1
    engine.release_work_item(item, by=cast.hanna)
    engine.claim_work_item(item, by=cast.omar)
    item.refresh_from_db()
    assert item.claimed_by == cast.omar


def test_only_the_claimer_completes_a_claimed_item(cast: Cast) -> None:  # R5.5
    employee = hired(cast)
    item = item_of(employee)
    engine.claim_work_item(item, by=cast.hanna)
    with pytest.raises(Conflict, match="Hanna Lindqvist claimed"):
        complete(item, cast.omar, preferences(employee))
    complete(item, cast.hanna, preferences(employee))


def test_the_second_submission_is_refused_with_who_when_and_what_next(cast: Cast) -> None:  # R5.4
    employee = hired(cast)
    item = item_of(employee)
    complete(item, cast.hanna, preferences(employee))
    with pytest.raises(Conflict, match=r"“Collect preferences” was completed by Hanna Lindqvist at \d\d:\d\d. Reload to see"):
        complete(item, cast.omar, preferences(employee))
    assert Submission.objects.count() == 1


def test_the_same_submission_again_shows_the_same_success(cast: Cast) -> None:  # R5.4
    employee = hired(cast)
    item = item_of(employee)
    first = complete(item, cast.hanna, preferences(employee), key="one click")
    again = complete(item, cast.hanna, preferences(employee), key="one click")
    assert first == again
    assert Milestone.objects.filter(kind="work_item_completed").count() == 1


def test_the_same_key_of_somebody_else_is_not_the_same_submission(cast: Cast) -> None:  # R5.4
    employee = hired(cast)
    item = item_of(employee)
    complete(item, cast.hanna, preferences(employee), key="one click")
    with pytest.raises(Conflict):
        complete(item, cast.omar, preferences(employee), key="one click")


def test_missing_answers_are_named_and_change_nothing(cast: Cast) -> None:  # capability 26
    employee = hired(cast)
    item = item_of(employee)
    with pytest.raises(Invalid) as refused:
        complete(item, cast.hanna, preferences(employee) | {"confirmed": []})
    assert (refused.value.screen, list(refused.value.errors)) == (1, ["confirmed"])
    employee.refresh_from_db()
    item.refresh_from_db()
    assert (employee.equipment, item.is_open) == ("", True)


def test_a_choice_that_was_not_offered_and_a_field_that_is_not_there_are_not_taken(cast: Cast) -> None:  # RELIABILITY: form tampering
    employee = hired(cast)
    with pytest.raises(Invalid, match="missing or cannot be taken"):
        complete(item_of(employee), cast.hanna, preferences(employee) | {"equipment": ["mainframe"]})
    complete(item_of(employee), cast.hanna, preferences(employee) | {"is_ready": ["on"], "manager": ["1"]})
    employee.refresh_from_db()
    assert (employee.is_ready, employee.manager) == (False, cast.marta)


def test_what_the_flow_itself_refuses_is_shown_and_rolled_back(cast: Cast) -> None:
    access.grant("orchestration.run_flow", cast.diego)
    item = asked(cast, {"user": "diego"})
    with pytest.raises(Invalid) as refused:
        complete(item, cast.diego, {"answer": ["fail"]})
    assert refused.value.errors == {"__all__": ["This answer is refused by the flow."]}
    item.refresh_from_db()
    assert item.is_open


def test_a_draft_survives_release_and_is_gone_after_completion(cast: Cast) -> None:  # R5.6
    employee = hired(cast)
    item = item_of(employee)
    engine.save_draft(item, by=cast.hanna, answers={"notes": ["half a tho"], "start_date": ["31 Feb"]}, screen=1)
    item.refresh_from_db()
    assert item.claimed_by == cast.hanna  # who writes in it has it
    engine.release_work_item(item, by=cast.hanna)
    draft = Draft.objects.get(work_item=item)
    assert (draft.answers, draft.screen) == ({"notes": ["half a tho"], "start_date": ["31 Feb"]}, 1)
    engine.save_draft(item, by=cast.omar, answers={"notes": ["a whole thought"]}, screen=0)
    complete(item, cast.omar, preferences(employee))
    assert not Draft.objects.exists()
    with pytest.raises(Conflict):
        engine.save_draft(item, by=cast.omar, answers={}, screen=0)


def test_to_complete_it_one_needs_to_be_assigned_and_to_have_each_permission(cast: Cast) -> None:  # R5.5
    employee = hired(cast)
    item = item_of(employee)
    with pytest.raises(NotAllowed, match="assigned to HR"):
        complete(item, cast.marta, preferences(employee))
    hr = Group.objects.get(name="HR")
    for codename, message in (
        ("change_employee", "This form changes the record"),
        ("view_employee", "no permission to view the record"),
    ):
        permission = Permission.objects.get(codename=codename)
        hr.permissions.remove(permission)
        with pytest.raises(NotAllowed, match=message):
            complete(item, cast.ask_again(cast.hanna), preferences(employee))
        hr.permissions.add(permission)
    GroupObjectPermission.objects.all().delete()
    with pytest.raises(NotAllowed, match="no permission to run this form"):
        complete(item, cast.ask_again(cast.hanna), preferences(employee))
    assert not Submission.objects.exists()


def test_a_person_deactivated_between_form_and_submission_is_refused(cast: Cast) -> None:  # R5.5
    employee = hired(cast)
    cast.hanna.is_active = False
    cast.hanna.save()
    with pytest.raises(NotAllowed, match="no longer active"):
        complete(item_of(employee), cast.hanna, preferences(employee))


def test_a_form_that_runs_as_system_needs_no_permission_to_change_the_record(cast: Cast) -> None:  # R5.5
    employee = provisioned(cast)
    assert not access.may_change_record(cast.marta, employee)
    complete(item_of(employee), cast.marta, stories.READINESS)
    employee.refresh_from_db()
    assert employee.is_ready


def test_a_suspended_instance_takes_drafts_and_no_submission(cast: Cast) -> None:  # R8.1
    employee = hired(cast)
    item = item_of(employee)
    Instance.objects.get().move(InstanceStatus.SUSPENDED)
    engine.save_draft(item, by=cast.hanna, answers=preferences(employee), screen=1)
    with pytest.raises(Conflict, match=r"suspended\. Your draft is kept"):
        complete(item, cast.hanna, preferences(employee))
    Instance.objects.get().move(InstanceStatus.IN_PROGRESS)


def test_a_deleted_record_is_named_and_nothing_is_completed(cast: Cast) -> None:
    employee = hired(cast)
    item, answers = item_of(employee), preferences(employee)
    employee.delete()
    with pytest.raises(Conflict, match="“Sam Lee”, was deleted"):
        complete(item, cast.hanna, answers)


def test_only_who_operates_the_orchestration_takes_a_step_up_again(cast: Cast) -> None:  # R8.3
    employee = hired(cast, building=cast.annex)
    complete(item_of(employee), cast.hanna, preferences(employee))
    for minutes in (0, 5, 10, 15):
        with stories.later(minutes=minutes):
            drain()
    step = stories.step_of(employee, "building_access")
    with pytest.raises(NotAllowed, match="may not operate “New hire onboarding”"):
        operating.retry_step(step, by=cast.hanna, reason="please")
    cast.annex.has_badge_system = True
    cast.annex.save()
    operating.retry_step(step, by=cast.petra, reason="The Annex has one now.")
    drain()
    assert item_of(employee).label == "Confirm readiness"
    with pytest.raises(Conflict, match="This instance is in progress; that can be done only to one that is error"):
        operating.retry_step(step, by=cast.petra, reason="again")


def test_instances_are_seen_by_those_who_may_view_the_record(cast: Cast) -> None:  # capability 88
    employee = hired(cast)
    instance = stories.instance_of(employee)
    for name, sees in {"hanna": True, "marta": True, "chen": True, "petra": True, "admin": True}.items():
        assert access.instances_for(getattr(cast, name)).contains(instance) is sees, name
    Group.objects.get(name="IT").permissions.clear()
    assert not access.instances_for(cast.ask_again(cast.chen)).contains(instance)
    access.grant("demo.view_employee", cast.chen, employee)  # this one record
    assert access.instances_for(cast.ask_again(cast.chen)).contains(instance)
    cast.chen.is_active = False
    assert not access.instances_for(cast.chen).exists()


def test_the_seeded_demo_has_instances_in_every_state(transactional_db: None) -> None:
    call_command("flush", verbosity=0, interactive=False)
    call_command("seed_demo")
    assert set(Instance.objects.values_list("status", flat=True)) == {"in_progress", "completed", "error"}
    assert WorkItem.objects.open().filter(claimed_by=None).exists()
    assert WorkItem.objects.open().exclude(claimed_by=None).exists()
    assert Draft.objects.exists()
    assert broken() == []
    call_command("seed_demo")  # a second time does nothing
    assert Instance.objects.count() == 12 + 6 + 4
    assert jobs._due() == 0
    assert Step.objects.count() == 7 + 5 + 7


def test_a_draft_keeps_answers_to_the_forms_own_questions_and_nothing_else(cast: Cast) -> None:
    item = item_of(hired(cast))
    sent = {"notes": ["with a \0 in it"], "csrfmiddlewaretoken": ["x"], "is_ready": ["on"]}
    draft = engine.save_draft(item, by=cast.hanna, answers=sent)
    assert draft.answers == {"notes": ["with a  in it"]}


def test_whoever_meets_somebody_at_work_on_the_instance_is_told_to_try_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*args: object) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    employee = hired(cast)
    monkeypatch.setattr(InstanceQuerySet, "locked", taken)
    with pytest.raises(Conflict, match="Wait a moment, then try again"):
        complete(item_of(employee), cast.hanna, preferences(employee))
    with pytest.raises(Conflict, match="Wait a moment, then try again"):
        engine.claim_work_item(item_of(employee), by=cast.hanna)
