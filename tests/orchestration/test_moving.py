"""§3: stages in order, what holds a step back, what drops it, when a stage ends, and where it goes then."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from demo.models import Employee
from orchestration import clock, conf, engine, jobs, timeline
from orchestration.models import Effect, Instance, Milestone, Signal, WorkItem
from tests import flows, stories
from tests.cast import Cast
from tests.stories import active, background, complete, drain, interactive, later

NOTE = "tests.note"


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()
    flows.failing.clear()


def noting(name: str, **columns: Any) -> dict[str, Any]:
    """A step whose flow notes that it was called."""
    return background(name, NOTE, inputs={"text": {"value": name}}, **columns)


def done() -> list[str]:
    """The steps whose flows were called, in order."""
    return [text for text, *_ in flows.calls]


def formula(text: str) -> dict[str, str]:
    """A condition as a document."""
    return {"formula": text}


def asking(cast: Cast, name: str, **columns: Any) -> dict[str, Any]:
    """An interactive step for the HR queue, whose members may run its flow."""
    return {**interactive(name, "tests.ask", {"queue": "hr"}), **columns}


@pytest.fixture
def employee(cast: Cast) -> Employee:
    """A record to be about; its own onboarding waits."""
    for person in (cast.hanna, cast.omar):
        stories.access_to_run(person)
    return stories.hired(cast)


def started(employee: Employee, *stages: Any) -> Instance:
    active(*stages)
    instance = engine.start("trial", record=employee)
    drain()
    instance.refresh_from_db()
    return instance


def stage_statuses(instance: Instance) -> list[tuple[str, int, str]]:
    return [(s.stage.api_name, s.iteration, s.status) for s in instance.stage_instances.select_related("stage").order_by("pk")]


def step_statuses(instance: Instance) -> dict[str, str]:
    return dict(instance.step_instances.order_by("pk").values_list("step__api_name", "status"))


# Entry


def test_a_stage_whose_entry_condition_does_not_hold_is_skipped_with_the_values(employee: Employee) -> None:  # R3.3 R3.11
    skipped = stories.stage([noting("legal")], entry_condition=formula("record.department == 'Legal'"))
    instance = started(employee, [noting("a")], skipped, [noting("b")])
    assert stage_statuses(instance) == [("stage_1", 1, "completed"), ("stage_2", 1, "skipped"), ("stage_3", 1, "completed")]
    assert done() == ["a", "b"]
    milestone = Milestone.objects.get(kind="stage_skipped")
    assert milestone.data["facts"] == [
        {"test": "record.department == “Legal”", "met": False, "found": {"record.department": "“Engineering”"}}
    ]


def test_an_entry_condition_that_holds_lets_the_stage_begin(employee: Employee) -> None:  # R3.3
    instance = started(employee, stories.stage([noting("a")], entry_condition=formula("record.department == 'Engineering'")))
    assert (done(), instance.status) == (["a"], "completed")


def test_all_stages_skipped_complete_the_instance(employee: Employee) -> None:  # R3.10
    never = formula("record.name == 'nobody'")
    instance = started(employee, stories.stage([noting("a")], entry_condition=never), stories.stage([noting("b")], entry_condition=never))
    assert (done(), instance.status) == ([], "completed")


# Wait until, only if


def test_wait_until_holds_a_step_back_until_the_record_is_saved_so(employee: Employee) -> None:  # R3.4 R3.8
    instance = started(employee, [noting("go", wait_until=formula("record.is_ready"))])
    assert (step_statuses(instance), done()) == ({"go": "not_started"}, [])
    employee.job_title = "Architect"
    employee.save()
    drain()
    assert done() == []
    employee.is_ready = True
    employee.save()
    assert Signal.objects.exists()  # durable, in the transaction of the save
    drain()
    assert (done(), Signal.objects.exists()) == (["go"], False)


def test_only_if_drops_a_step_once_and_for_good(employee: Employee) -> None:  # R3.5
    instance = started(employee, [noting("extra", only_if=formula("record.is_ready")), noting("after", after=["extra"])])
    assert step_statuses(instance) == {"extra": "skipped", "after": "completed"}
    assert Milestone.objects.get(kind="step_skipped").data["facts"][0]["found"] == {"record.is_ready": "no"}


def test_only_if_is_looked_at_when_the_step_would_begin_and_not_before(employee: Employee) -> None:  # R3.5
    step = noting("late", wait_until=formula("record.equipment != ''"), only_if=formula("record.is_ready"))
    instance = started(employee, [step])
    employee.is_ready, employee.equipment = True, "standard"
    employee.save()
    drain()
    assert step_statuses(instance) == {"late": "completed"}


def test_a_chain_of_skipped_steps_lets_the_last_begin(employee: Employee) -> None:  # R3.4
    never = formula("record.is_ready")
    instance = started(employee, [noting("a", only_if=never), noting("b", after=["a"], only_if=never), noting("c", after=["b"])])
    assert step_statuses(instance) == {"a": "skipped", "b": "skipped", "c": "completed"}


def test_what_it_waits_for_is_said_in_words_with_the_values(employee: Employee) -> None:  # R3.11
    instance = started(employee, [noting("go", wait_until=formula("record.is_ready and record.equipment == 'standard'"))])
    [reason] = timeline.of(instance).waiting
    assert reason == "“Go” waits until record.is_ready and record.equipment == “standard” (record.is_ready is no; record.equipment is “”)."


# Exit


def exiting(rule: str, steps: list[dict[str, Any]], text: str) -> Any:
    return stories.stage(steps, exit_rule=rule, exit_condition=formula(text))


def test_as_soon_as_the_condition_holds_the_rest_is_discontinued(cast: Cast, employee: Employee) -> None:  # R3.6
    stage = exiting("condition", [asking(cast, "ask"), noting("slow")], "record.is_ready")
    active(stage, [noting("next")])
    instance = engine.start("trial", record=employee)
    running = engine.claim_step()
    assert running is not None
    employee.is_ready = True
    employee.save()
    drain()
    assert step_statuses(instance) == {"ask": "discontinued", "slow": "discontinued", "next": "completed"}
    item = instance.work_items.get()
    assert (item.status, item.reason) == ("canceled", "The stage “Stage 1” ended as soon as its condition held.")
    with pytest.raises(engine.Stale):  # the running attempt may not commit
        engine.run_step(running)
    assert done()[0] == "next"
    with pytest.raises(engine.Conflict, match="was canceled: The stage “Stage 1” ended"):
        complete(item, cast.hanna, {"answer": ["too late"]})


def test_an_exit_condition_that_held_all_along_is_looked_at_when_a_step_has_finished(employee: Employee) -> None:  # R3.6
    stage = exiting("condition", [noting("first"), noting("second", after=["first"])], "not record.is_ready")
    instance = started(employee, stage)
    assert step_statuses(instance) == {"first": "completed", "second": "discontinued"}
    assert instance.status == "completed"


def test_all_steps_and_the_condition(employee: Employee) -> None:  # R3.6
    instance = started(employee, exiting("all_and_condition", [noting("a")], "record.is_ready"), [noting("b")])
    assert (done(), stage_statuses(instance)) == (["a"], [("stage_1", 1, "in_progress")])
    assert timeline.of(instance).waiting == ["“Stage 1” ends when record.is_ready (record.is_ready is no)."]
    employee.is_ready = True
    employee.save()
    drain()
    assert done() == ["a", "b"]


def test_the_condition_alone_does_not_end_a_stage_that_also_wants_its_steps(cast: Cast, employee: Employee) -> None:  # R3.6
    instance = started(employee, exiting("all_and_condition", [asking(cast, "ask")], "true"))
    assert instance.status == "in_progress"
    complete(instance.work_items.get(), cast.hanna, {"answer": ["yes"]})
    instance.refresh_from_db()
    assert instance.status == "completed"


# Routes


def routed(name: str, *routes: tuple[str, str | None]) -> Any:
    return stories.stage([noting(name)], routes=[{"condition": formula(text), "to": to} for text, to in routes])


def test_the_first_route_whose_condition_holds_is_taken(employee: Employee) -> None:  # R3.7
    first = routed("a", ("record.is_ready", "stage_2"), ("not record.is_ready", "stage_3"), ("true", None))
    instance = started(employee, first, [noting("b")], [noting("c")])
    assert done() == ["a", "c"]
    assert not instance.stage_instances.filter(stage__api_name="stage_2").exists()  # the untaken stage has no row


def test_without_a_route_that_holds_the_next_stage_comes(employee: Employee) -> None:  # R3.7
    started(employee, routed("a", ("record.is_ready", None)), [noting("b")])
    assert done() == ["a", "b"]


def test_a_route_can_lead_to_the_end(employee: Employee) -> None:  # R3.7
    instance = started(employee, routed("a", ("true", None)), [noting("b")])
    assert (done(), instance.status) == (["a"], "completed")


def test_a_skipped_stage_takes_no_routes(employee: Employee) -> None:  # R3.7
    skipped = stories.stage([noting("a")], entry_condition=formula("false"), routes=[{"condition": {}, "to": None}])
    started(employee, skipped, [noting("b")])
    assert done() == ["b"]


def test_what_a_discontinued_step_wanted_sent_is_not_sent(employee: Employee, mailoutbox: list[Any]) -> None:  # R3.6
    active(exiting("condition", [background("waiting", "tests.await_callback")], "record.is_ready"))
    instance = engine.start("trial", record=employee)
    claim = engine.claim_step()
    assert claim is not None
    engine.run_step(claim)  # asks for a mail, and waits for the answer
    assert Effect.objects.get().status == "pending"
    employee.is_ready = True
    employee.save()
    engine.settle(instance.pk)
    drain()
    assert (instance.step_instances.get().status, Effect.objects.get().status, mailoutbox) == ("discontinued", "dropped", [])


def test_going_back_makes_a_second_stage_instance_and_conditions_mean_the_newest(cast: Cast, employee: Employee) -> None:  # R3.7
    back = [{"condition": formula("steps.ask.outputs.answer == 'again'"), "to": "stage_1"}]
    instance = started(employee, stories.stage([asking(cast, "ask")], routes=back))
    complete(instance.work_items.open().get(), cast.hanna, {"answer": ["again"]})
    complete(instance.work_items.open().get(), cast.hanna, {"answer": ["done"]})
    instance.refresh_from_db()
    assert stage_statuses(instance) == [("stage_1", 1, "completed"), ("stage_1", 2, "completed")]
    assert instance.status == "completed"


def test_iteration_51_is_a_fault_named_loop_limit(employee: Employee) -> None:  # R3.7
    instance = started(employee, routed("round", ("true", "stage_1")))
    assert len(done()) == conf.MAX_ITERATIONS == 50
    last = instance.stage_instances.order_by("-pk")[0]
    assert (instance.status, last.iteration, last.error["type"]) == ("error", 51, "loop_limit")
    assert timeline.of(instance).waiting == ["“Stage 1” failed: “Stage 1” was come to 51 times. Is there a way out of the loop?"]


def test_a_loop_of_skipped_steps_yields_and_is_cut_too(employee: Employee) -> None:  # R3.7, RELIABILITY 29
    loop = stories.stage([noting("a", only_if=formula("false"))], routes=[{"condition": formula("true"), "to": "stage_1"}])
    instance = started(employee, loop)
    assert (instance.status, instance.stage_instances.count()) == ("error", 51)


# Looking again


@pytest.mark.parametrize("text", ["now > record.created", "today > date('2020-01-01')"])
def test_what_names_the_time_is_looked_at_by_the_ticker(employee: Employee, text: str) -> None:  # R3.8
    text = f"today > date('{(clock.now() + timedelta(days=2)).date()}')" if "today" in text else "now > instance.started_at + hours(50)"
    instance = started(employee, [noting("go", wait_until=formula(text))])
    with later(days=1):
        jobs.tick()
        drain()
    assert done() == []
    with later(days=4):
        jobs.tick()
        drain()
    assert done() == ["go"]
    instance.refresh_from_db()
    assert (instance.status, instance.look_again_at) == ("completed", None)


def test_what_names_a_related_record_is_looked_at_within_a_minute(cast: Cast, employee: Employee) -> None:  # R3.8
    instance = started(employee, [noting("go", wait_until=formula("record.building.has_badge_system == false"))])
    assert instance.look_again_at is not None
    assert instance.look_again_at <= clock.now() + timedelta(seconds=60)
    cast.headquarters.has_badge_system = False
    cast.headquarters.save()
    with later(seconds=60):
        jobs.tick()
        drain()
    assert done() == ["go"]


def test_what_names_only_the_record_costs_the_ticker_nothing(employee: Employee) -> None:  # R3.8
    instance = started(employee, [noting("go", wait_until=formula("record.is_ready"))])
    assert instance.look_again_at is None
    with CaptureQueriesContext(connection) as queries, later(days=100):
        jobs.tick()
    assert len(queries) == 7


def test_settling_again_changes_nothing(cast: Cast, employee: Employee) -> None:  # R3.1 R3.9
    instance = started(employee, [noting("go", wait_until=formula("record.is_ready")), asking(cast, "ask")], [noting("next")])
    before = (Milestone.objects.count(), WorkItem.objects.count(), step_statuses(instance))
    for _ in range(3):
        engine.settle(instance.pk)
    assert (Milestone.objects.count(), WorkItem.objects.count(), step_statuses(instance)) == before


def test_a_save_by_the_instances_own_flow_needs_no_signal(employee: Employee) -> None:  # R3.8
    steps = [
        background("rename", "tests.rename_record", inputs={"name": {"value": "Renamed"}}),
        noting("go", wait_until=formula("record.name == 'Renamed'")),
    ]
    started(employee, steps)
    assert done() == ["go"]


# Faults outside flows


@pytest.mark.parametrize("place", ["wait_until", "only_if"])
def test_a_condition_of_a_step_that_cannot_be_evaluated_faults_the_step(employee: Employee, place: str) -> None:  # R3.9 R7.5
    instance = started(employee, [noting("go", **{place: formula("record.salary > 3")})])
    step = instance.step_instances.get()
    assert (instance.status, step.status) == ("error", "error")
    assert step.error == {"type": "expression", "message": "“record.salary”: there is no field “salary”."}


@pytest.mark.parametrize(
    "columns",
    [
        {"entry_condition": {"formula": "record.name > 3"}},
        {"exit_rule": "condition", "exit_condition": {"formula": "record.name > 3"}},
        {"routes": [{"condition": {"formula": "record.name > 3"}, "to": None}]},
    ],
    ids=["entry", "exit", "route"],
)
def test_a_condition_of_a_stage_that_cannot_be_evaluated_faults_the_stage(employee: Employee, columns: dict[str, Any]) -> None:  # R3.9
    instance = started(employee, stories.stage([noting("go")], **columns))
    stage = instance.stage_instances.get()
    assert (instance.status, stage.status, stage.error["type"]) == ("error", "error", "expression")
    assert "“Sam Lee” (text) cannot be compared with 3 (number)" in stage.error["message"]


def test_a_condition_may_not_cost_more_than_twenty_queries(employee: Employee, monkeypatch: pytest.MonkeyPatch) -> None:  # R3.1
    monkeypatch.setattr("orchestration.facts.MOST_QUERIES", 1)
    instance = started(employee, [noting("go", wait_until=formula("record.manager.email == 'x' and record.building.name == 'y'"))])
    assert "more than 1 queries" in instance.step_instances.get().error["message"]


# Interactive


def test_complete_when_holds_the_step_after_the_form_is_finished(cast: Cast, employee: Employee) -> None:  # R5.10
    instance = started(employee, [asking(cast, "ask", complete_when=formula("record.is_ready"))], [noting("next")])
    complete(instance.work_items.get(), cast.hanna, {"answer": ["yes"]})
    drain()
    assert (step_statuses(instance), done()) == ({"ask": "in_progress"}, [("ask")])
    assert timeline.of(instance).waiting == ["“Ask” is filled in, and waits until record.is_ready (record.is_ready is no)."]
    employee.is_ready = True
    employee.save()
    drain()
    instance.refresh_from_db()
    assert (instance.status, instance.step_instances.first().outputs) == ("completed", {"answer": "yes"})  # type: ignore[union-attr]
