"""§2: what starts an instance, and what does not."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from demo.models import Employee
from orchestration import builder, dispatch, engine
from orchestration.errors import Conflict
from orchestration.models import Instance, Orchestration, StartRequest, Version
from tests import flows, stories  # noqa: F401  the flows register themselves
from tests.cast import Cast
from tests.stories import active, background, drain, hire, instance_of


def test_a_rolled_back_save_leaves_nothing(cast: Cast) -> None:  # R2.2
    with transaction.atomic():
        hire(cast)
        transaction.set_rollback(True)
    drain()
    assert not StartRequest.objects.exists()
    assert not Instance.objects.exists()


def test_a_queue_server_that_is_down_delays_and_never_loses(
    cast: Cast, settings: object, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:  # R2.2
    def unreachable() -> None:
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr(dispatch, "_connection", unreachable)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        employee = hire(cast)
    drain()  # the ticker's hint, once the server is back
    assert instance_of(employee).status == "in_progress"


def test_the_hint_is_sent_after_the_commit_and_not_before(cast: Cast, django_capture_on_commit_callbacks: object) -> None:  # R2.2
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        hire(cast)
    assert len(callbacks) == 1


def test_a_start_request_is_handled_once(cast: Cast) -> None:  # R2.2
    hire(cast)
    request = StartRequest.objects.get()
    assert engine.take_up_start(request.pk) is True
    assert engine.take_up_start(request.pk) is False
    assert Instance.objects.count() == 1


def test_an_update_does_not_start_what_watches_creation(cast: Cast) -> None:  # R2.1
    employee = hire(cast)
    employee.job_title = "Architect"
    employee.save()
    assert StartRequest.objects.count() == 1


@pytest.mark.parametrize(("starts_on", "expected"), [("created", 1), ("updated", 1), ("saved", 2)])
def test_on_create_on_update_or_on_both(cast: Cast, starts_on: str, expected: int) -> None:  # R2.1
    document = stories.document([background("note", "tests.note")], start_type="record", record_model="demo.building")
    builder.activate(builder.load({**document, "starts_on": starts_on}))
    cast.headquarters.save()
    type(cast.headquarters).objects.create(name="Harbour")
    assert StartRequest.objects.count() == expected


def test_fixtures_start_nothing(cast: Cast) -> None:
    hire(cast).save_base(raw=True)
    assert StartRequest.objects.count() == 1


def test_one_live_instance_per_record(cast: Cast) -> None:  # R2.5
    employee = hire(cast)
    drain()
    with pytest.raises(Conflict, match="already has a live instance for “Sam Lee”"):
        engine.start("new_hire_onboarding", record=employee)
    assert Instance.objects.count() == 1
    skipped = StartRequest.objects.get(outcome="skipped")
    assert "already has a live instance" in skipped.reason


def test_the_guard_can_be_switched_off(cast: Cast) -> None:  # R2.5
    Orchestration.objects.update(one_live_per_record=False)
    employee = hire(cast)
    drain()
    engine.start("new_hire_onboarding", record=employee)
    assert Instance.objects.count() == 2


def test_a_finished_instance_does_not_keep_the_next_one_away(cast: Cast) -> None:  # R2.5
    employee = stories.provisioned(cast)
    stories.complete(stories.item_of(employee), cast.marta, stories.READINESS)
    drain()
    assert engine.start("new_hire_onboarding", record=employee).is_live


def test_starts_without_a_record_are_not_guarded(cast: Cast) -> None:  # R2.4 R2.5
    active([background("note", "tests.note")])
    assert engine.start("trial").pk != engine.start("trial", by=cast.hanna).pk
    assert Instance.objects.latest("pk").starter == cast.hanna
    drain()


def test_nothing_starts_without_an_active_version(cast: Cast) -> None:  # R1.5
    builder.deactivate(Version.objects.get())
    hire(cast)
    drain()
    assert not StartRequest.objects.exists()
    with pytest.raises(Conflict, match="has no active version"):
        engine.start("new_hire_onboarding")


def test_running_instances_keep_their_version(cast: Cast) -> None:  # R1.3
    employee = stories.hired(cast)
    version = Version.objects.get()
    draft = builder.new_version(version)
    draft.stages.last().delete()
    builder.activate(draft)
    stories.complete(stories.item_of(employee), cast.hanna, stories.preferences(employee))
    drain()
    stories.complete(stories.item_of(employee), cast.marta, stories.READINESS)
    drain()
    assert instance_of(employee).version == version
    assert employee.review_tasks.count() == 3  # the stage that the new version no longer has
    newcomer = stories.hired(cast, "Newcomer")
    assert instance_of(newcomer).version == draft


def test_a_record_that_an_instance_saves_itself_starts_no_other_of_its_kind(cast: Cast) -> None:  # R2.6
    steps = [background("rename", "tests.rename_record", inputs={"name": {"value": "Renamed"}})]
    document = stories.document(steps, start_type="record", record_model="demo.building", one_live_per_record=False)
    builder.activate(builder.load({**document, "starts_on": "saved"}))
    cast.headquarters.save()
    drain()
    cast.headquarters.refresh_from_db()
    assert cast.headquarters.name == "Renamed"
    assert Instance.objects.get().status == "completed"


def test_orchestrations_that_start_each_other_are_cut(cast: Cast) -> None:  # R2.6
    for number in (1, 2):
        steps = [background("rename", "tests.rename_record", inputs={"name": {"value": f"Named {number}"}})]
        document = stories.document(
            steps,
            api_name=f"ping_{number}",
            label=f"Ping {number}",
            start_type="record",
            record_model="demo.building",
            one_live_per_record=False,
        )
        builder.activate(builder.load({**document, "starts_on": "updated"}))
    cast.headquarters.save()
    drain()
    assert max(Instance.objects.values_list("depth", flat=True)) == engine.MAX_DEPTH
    assert StartRequest.objects.filter(outcome="skipped", reason__contains="longer than 16").exists()
    assert not StartRequest.objects.filter(outcome="pending").exists()


def test_a_flow_starts_another_orchestration_and_is_named_as_its_cause(cast: Cast) -> None:  # R2.4 R2.6
    active([background("note", "tests.note")], api_name="second", inputs={"note": {"type": "text"}})
    active([background("start", "tests.start_another", inputs={"api_name": {"value": "second"}})])
    first = engine.start("trial")
    drain()
    second = Instance.objects.get(orchestration__api_name="second")
    assert (second.caused_by, second.depth, second.inputs) == (first, 1, {"note": "from a flow"})
    assert first.step_instances.get().outputs == {"instance": second.pk}


def test_an_orchestration_that_calls_itself_is_cut(cast: Cast) -> None:  # R2.6
    active(
        [background("again", "tests.start_another", inputs={"api_name": {"value": "trial"}}, max_attempts=1)],
        inputs={"note": {"type": "text"}},
    )
    engine.start("trial")
    drain()
    assert max(Instance.objects.values_list("depth", flat=True)) == engine.MAX_DEPTH
    last = Instance.objects.latest("depth")
    assert (last.status, "is longer than 16" in last.step_instances.get().error["message"]) == ("error", True)


def test_a_request_that_cannot_be_handled_is_put_aside_with_the_reason(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(request: StartRequest) -> None:
        raise DatabaseError("this row is broken")

    hire(cast)
    monkeypatch.setattr(engine, "_make_instance", broken)
    drain()
    request = StartRequest.objects.get()
    assert (request.outcome, request.reason) == ("refused", "this row is broken")


def test_the_starter_is_who_is_signed_in_to_the_saving_request(cast: Cast, client: Client) -> None:  # R2.4
    client.force_login(cast.admin)
    answer = client.post(
        "/admin/demo/employee/add/",
        {"name": "By admin", "email": "a@b.example", "job_title": "x", "department": "y", "manager": cast.marta.pk}
        | {"building": cast.headquarters.pk, "start_date": "2027-01-04"},
    )
    assert answer.status_code == 302
    assert StartRequest.objects.get().starter == cast.admin


def test_a_save_of_an_unwatched_model_asks_the_database_nothing(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:  # performance: W3
    group = Group.objects.create(name="Somebody")  # by now this process knows what is watched
    with django_assert_num_queries(1):
        group.save()


def test_a_save_of_a_watched_model_that_starts_nothing_costs_one_statement_more(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:  # performance: W3
    employee = hire(cast)
    Employee.objects.filter(pk=employee.pk).update(job_title="Known")
    User.objects.get(pk=cast.hanna.pk).save()
    with django_assert_num_queries(2):
        employee.save()
