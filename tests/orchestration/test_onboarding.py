"""The story of the demo, told to the engine: a new hire is onboarded from one save to the end."""

from django.core import mail

from demo.models import Employee
from orchestration import timeline
from orchestration.models import Instance, Milestone, StartRequest, WorkItem
from tests import stories
from tests.cast import Cast
from tests.stories import complete, drain, hire, hired, instance_of, item_of, provisioned, statuses


def test_a_saved_employee_is_onboarded_to_the_end(cast: Cast) -> None:  # R2.1 R3.2 R3.4 R3.10 R4.1 R5.1
    employee = hire(cast)
    assert not Instance.objects.exists()  # R2.2: the save only asks
    assert StartRequest.objects.get().starter == cast.hanna  # R2.4

    drain()
    item = item_of(employee)
    assert (item.label, item.queue.label, item.record_label) == ("Collect preferences", "HR", "Sam Lee")

    complete(item, cast.yuki, stories.preferences(employee))
    assert statuses(employee) == {
        "collect_preferences": "completed",
        "it_ticket": "in_progress",
        "chat_invitation": "in_progress",
        "building_access": "in_progress",
    }
    drain()
    assert employee.it_tickets.get().summary == "Sam Lee: Developer laptop, 32 GB, headset, phone, left-handed"
    assert employee.chat_invitations.get().channel == "engineering"
    assert employee.building_accesses.get().building == cast.headquarters

    item = item_of(employee)
    assert (item.label, item.user) == ("Confirm readiness", cast.marta)  # R5.2: record.manager
    complete(item, cast.marta, stories.READINESS)
    drain()

    [welcome] = mail.outbox
    assert welcome.to == ["sam.lee@segue.example"]
    assert "Paul Fischer will show you around" in welcome.body
    due = [(task.after_days, (task.due_on - employee.start_date).days) for task in employee.review_tasks.all()]
    assert due == [(30, 30), (60, 60), (90, 90)]
    assert Employee.objects.get().is_ready
    instance = instance_of(employee)
    assert instance.status == "completed"
    assert instance.ended_at is not None


def test_who_did_what_and_when_is_kept(cast: Cast) -> None:  # §12
    employee = provisioned(cast)
    complete(item_of(employee), cast.marta, stories.READINESS)
    drain()
    people = list(Milestone.objects.exclude(actor_label="").values_list("kind", "actor_label"))
    assert people == [
        ("instance_started", "Hanna Lindqvist"),
        ("work_item_completed", "Hanna Lindqvist"),
        ("step_completed", "Hanna Lindqvist"),
        ("work_item_completed", "Marta Kowalska"),
        ("step_completed", "Marta Kowalska"),
    ]
    times = list(Milestone.objects.values_list("at", flat=True))
    assert times == sorted(times)
    kinds = list(Milestone.objects.values_list("kind", flat=True))
    assert (kinds[0], kinds[-1]) == ("instance_started", "instance_completed")
    assert (kinds.count("stage_completed"), kinds.count("step_completed")) == (4, 7)


def test_every_variable_at_any_moment_can_be_read_from_the_milestones(cast: Cast) -> None:  # decision 0001
    employee = provisioned(cast)
    values: dict[str, object] = {}
    seen_when_provisioning_began: dict[str, object] = {}
    for milestone in instance_of(employee).milestones.all():
        values = {**values, **milestone.data.get("start", {}), **milestone.data.get("outputs", {})}
        if milestone.kind == "stage_started" and milestone.subject == "Provisioned":
            seen_when_provisioning_began = dict(values)
    assert seen_when_provisioning_began["name"] == "Sam Lee"
    assert seen_when_provisioning_began["collect_preferences"]["extras"] == ["headset", "phone"]  # type: ignore[index]
    assert "it_ticket" not in seen_when_provisioning_began
    assert values["it_ticket"] == {"ticket": employee.it_tickets.get().pk}


def test_the_timeline_shows_done_current_and_planned_stages_and_who_is_awaited(cast: Cast) -> None:  # R3.11
    view = timeline.of(instance_of(provisioned(cast)))
    assert [(stage.label, stage.status) for stage in view.stages] == [
        ("Preferences collected", "completed"),
        ("Provisioned", "completed"),
        ("Readiness confirmed", "in_progress"),
        ("Welcomed", "planned"),
    ]
    assert view.waiting == ["Marta Kowalska has not done “Confirm readiness” yet."]
    assert view.stages[0].steps[0].who == "Hanna Lindqvist"
    assert [step.label for step in view.stages[3].steps] == ["Send welcome mail", "Create review tasks"]


def test_the_timeline_names_the_queue_and_the_one_who_claimed(cast: Cast) -> None:
    employee = hired(cast)
    assert timeline.of(instance_of(employee)).waiting == ["Nobody in HR has claimed “Collect preferences” yet."]
    stories.engine.claim_work_item(item_of(employee), by=cast.omar)
    assert timeline.of(instance_of(employee)).waiting == ["Omar Haddad has claimed “Collect preferences”."]


def test_each_of_many_instances_goes_its_own_way(cast: Cast) -> None:
    one, two = hired(cast, "One"), hired(cast, "Two")
    complete(item_of(two), cast.omar, stories.preferences(two))
    drain()
    assert (statuses(one), len(statuses(two))) == ({"collect_preferences": "in_progress"}, 5)
    assert WorkItem.objects.open().count() == 2
