"""§7: a step that fails is handed to a handler, which is an ordinary step whose output is the resolution."""

from typing import Any

import pytest

from orchestration import engine, operating
from orchestration.errors import Stale
from orchestration.models import Instance, Milestone, WorkItem
from tests import flows, stories
from tests.cast import Cast
from tests.stories import active, background, complete, drain, interactive


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()
    flows.failing.clear()


def noting(name: str, **columns: Any) -> dict[str, Any]:
    return background(name, "tests.note", inputs={"text": {"value": name}}, max_attempts=1, **columns)


def handler(name: str, resolution: str, handles: str = "stage", stage: str = "", **columns: Any) -> dict[str, Any]:
    inputs = {"resolution": {"value": resolution}, "stage": {"value": stage}}
    return background(name, "tests.recover", inputs=inputs, handles=handles, max_attempts=1, **columns)


def statuses(instance: Instance) -> dict[str, str]:
    return dict(instance.step_instances.order_by("pk").values_list("step__api_name", "status"))


def failed(*stages: Any) -> Instance:
    """An instance in which the step “shaky” has failed, and everything has been done that could be."""
    flows.failing.add("shaky")
    active(*stages)
    instance = engine.start("trial")
    drain()
    instance.refresh_from_db()
    return instance


def test_a_handler_sees_what_failed_and_why(cast: Cast) -> None:  # R7.2
    failed([noting("shaky"), handler("mend", "skip")])
    assert ("recover", "shaky", "Failure", "shaky does not work today.", 1) in flows.calls


def test_a_handler_sees_the_inputs_of_what_failed(cast: Cast) -> None:  # R7.2
    read = {"resolution": {"value": "skip"}, "stage": {"path": "fault.inputs.text"}}
    instance = failed([noting("shaky"), {**handler("mend", "skip"), "inputs": read}])
    assert instance.step_instances.get(step__api_name="mend").outputs["stage"] == "shaky"


@pytest.mark.parametrize(
    ("resolution", "instance_status", "step_status"),
    [
        ("retry", "completed", "completed"),
        ("outputs", "completed", "completed"),
        ("skip", "completed", "skipped"),
        ("fail", "error", "error"),
        ("nonsense", "error", "error"),
    ],
)
def test_the_resolution_is_carried_out(cast: Cast, resolution: str, instance_status: str, step_status: str) -> None:  # R7.2
    instance = failed([noting("shaky"), handler("mend", resolution)], [noting("next")])
    assert (instance.status, statuses(instance)["shaky"]) == (instance_status, step_status)
    if resolution == "outputs":
        assert instance.step_instances.get(step__api_name="shaky").outputs == {"text": "from the handler"}


def test_a_handler_can_go_to_a_stage_or_end_the_instance(cast: Cast) -> None:  # R7.2
    instance = failed([noting("shaky"), noting("slow"), handler("mend", "go_to", stage="stage_3")], [noting("b")], [noting("c")])
    assert instance.status == "completed"
    assert statuses(instance) == {"shaky": "discontinued", "slow": "completed", "mend": "completed", "c": "completed"}
    instance = failed([noting("shaky"), handler("mend", "end")], [noting("b")])
    assert (instance.status, "b" in statuses(instance)) == ("completed", False)


def test_a_stage_that_a_handler_names_wrongly_lets_the_fault_stand(cast: Cast) -> None:
    assert failed([noting("shaky"), handler("mend", "go_to", stage="nowhere")]).status == "error"


def test_the_steps_own_fault_path_comes_before_the_stages_and_that_before_the_orchestrations(cast: Cast) -> None:  # R7.1
    own, stage, whole = handler("own", "skip", "named"), handler("stage_wide", "skip"), handler("everywhere", "skip", "orchestration")
    for steps, taken_by in (
        ([noting("shaky", fault_path="own"), noting("other"), own, stage], "own"),
        ([noting("shaky"), noting("other", fault_path="own"), own, stage], "stage_wide"),
        ([noting("shaky"), noting("other", fault_path="own"), own], "everywhere"),
    ):
        instance = failed(steps, [noting("next"), whole])
        assert statuses(instance).keys() - {"other", "next"} == {"shaky", taken_by}


def test_an_orchestrations_handler_takes_faults_of_other_stages(cast: Cast) -> None:  # R7.1
    instance = failed([noting("a"), handler("everywhere", "skip", "orchestration")], [noting("shaky")])
    assert (instance.status, statuses(instance)) == ("completed", {"a": "completed", "shaky": "skipped", "everywhere": "completed"})


def test_a_named_handler_takes_only_the_types_that_it_names(cast: Cast) -> None:  # R7.1
    assert failed([noting("shaky"), handler("mend", "skip", handles_types=["flow_missing"])]).status == "error"
    assert failed([noting("shaky"), handler("mend", "skip", handles_types=["Failure"])]).status == "completed"


def test_while_a_recovery_runs_independent_steps_go_on_and_the_stage_waits(cast: Cast) -> None:  # R7.3
    stories.access_to_run(cast.hanna)
    person = {**interactive("fix_by_hand", "tests.resolve", {"queue": "hr"}), "handles": "stage"}
    instance = failed([noting("shaky"), noting("other"), noting("then", after=["other"]), person], [noting("next")])
    assert instance.status == "in_progress"
    assert statuses(instance) == {"shaky": "error", "other": "completed", "then": "completed", "fix_by_hand": "in_progress"}
    complete(WorkItem.objects.open().get(), cast.hanna, {"resolution": ["skip"]})
    drain()
    instance.refresh_from_db()
    assert (instance.status, statuses(instance)["shaky"]) == ("completed", "skipped")


def test_a_handler_that_fails_itself_is_not_handled(cast: Cast) -> None:  # R7.2
    instance = failed([noting("shaky"), handler("mend", "break")])
    assert (instance.status, statuses(instance)) == ("error", {"shaky": "error", "mend": "error"})


def test_a_handler_that_always_says_retry_comes_to_an_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "failing", frozenset({"shaky"}))
    monkeypatch.setattr("tests.flows.failing", _Stubborn({"shaky"}))
    instance = failed([noting("shaky"), handler("mend", "retry")])
    assert instance.status == "error"
    assert instance.step_instances.filter(step__api_name="mend").count() == 10


def test_an_operator_takes_over_what_no_handler_could_mend(cast: Cast) -> None:  # R7.4
    instance = failed([noting("shaky"), handler("mend", "fail")])
    flows.failing.clear()
    operating.retry_step(instance.step_instances.get(step__api_name="shaky"), by=cast.admin, reason="The cable was loose.")
    drain()
    instance.refresh_from_db()
    assert instance.status == "completed"


@pytest.mark.parametrize("verb", [operating.skip_step, operating.complete_step])
def test_an_operator_who_is_quicker_than_the_handler_ends_its_work(cast: Cast, verb: Any) -> None:  # R7.4
    stories.access_to_run(cast.hanna)
    person = {**interactive("fix_by_hand", "tests.resolve", {"queue": "hr"}), "handles": "stage"}
    instance = failed([noting("shaky"), person], [noting("next")])
    verb(instance.step_instances.get(step__api_name="shaky"), by=cast.admin, reason="Done on the phone.")
    drain()
    instance.refresh_from_db()
    assert (instance.status, statuses(instance)["fix_by_hand"]) == ("completed", "discontinued")
    item = WorkItem.objects.get()
    assert (item.status, item.reason) == ("canceled", "Done on the phone.")


def test_what_a_handler_resolves_after_an_operator_has_acted_changes_nothing(cast: Cast) -> None:  # R7.4
    flows.failing.add("shaky")
    active([noting("shaky"), handler("mend", "fail"), noting("slow")])
    instance = engine.start("trial")
    claims = [engine.claim_step(), engine.claim_step()]
    for claim in claims:
        assert claim is not None
        stories.attempt(claim)
    late = engine.claim_step()
    assert late is not None
    operating.skip_step(instance.step_instances.get(step__api_name="shaky"), by=cast.admin, reason="Not needed.")
    with pytest.raises(Stale):
        engine.run_step(late)
    instance.refresh_from_db()
    assert (instance.status, statuses(instance)["shaky"]) == ("completed", "skipped")


def test_a_missing_flow_is_handled_like_any_fault(cast: Cast) -> None:  # R7.5 R9.3
    version = active([noting("gone"), handler("mend", "skip")])
    version.steps.filter(api_name="gone").update(flow="tests.removed")
    instance = engine.start("trial")
    drain()
    instance.refresh_from_db()
    assert instance.status == "completed"
    assert flows.calls[0][:3] == ("recover", "gone", "flow_missing")


def test_the_history_tells_what_failed_who_took_it_and_what_came_of_it(cast: Cast) -> None:  # R7.2
    instance = failed([noting("shaky"), handler("mend", "skip")])
    told = [(mark.kind, mark.subject) for mark in instance.milestones.all() if mark.step_instance_id]
    assert told == [
        ("step_started", "Shaky"),
        ("step_failed", "Shaky"),
        ("step_started", "Mend"),
        ("step_completed", "Mend"),
        ("step_skipped", "Shaky"),
    ]
    assert Milestone.objects.get(kind="step_skipped").reason == "“Mend” handled it."


class _Stubborn(set[str]):
    """A set that cannot be cleared."""

    def clear(self) -> None:
        pass
