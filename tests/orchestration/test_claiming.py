"""How workers come to their next step: whose turn it is, what is claimed in which commit, and what it costs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestration import builder, claiming, dispatch, engine, jobs, operating
from orchestration.invariants import broken
from orchestration.models import Instance, Milestone, StepInstance
from tests import flows
from tests.cast import Cast
from tests.stories import background, document, drain


@pytest.fixture(autouse=True)
def _no_calls_yet() -> None:
    flows.calls.clear()


def noting(name: str) -> dict[str, object]:
    return background(name, "tests.note", inputs={"text": {"value": name}})


def orchestration(name: str, *stages: list[dict[str, object]]) -> None:
    builder.activate(builder.load(document(*stages, api_name=name, label=name.capitalize())))


def owner_of(claim: engine.Claim | None) -> str:
    assert claim is not None
    return claim.step.instance.orchestration.api_name


def test_a_new_start_is_taken_up_in_turn_and_not_behind_anothers_backlog(cast: Cast) -> None:  # R4.2
    orchestration("crowded", [noting("one")])
    orchestration("quiet", [noting("one")])
    for _number in range(20):
        engine.start("crowded")
    engine.start("quiet")
    owners = [owner_of(engine.claim_step()) for _number in range(4)]
    assert owners.count("quiet") == 1
    assert sorted(owners[:2]) == ["crowded", "quiet"]


def test_one_that_becomes_ready_later_gets_its_turn_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:  # R4.2
    monkeypatch.setattr(claiming, "KNOWN_FOR", 0)
    orchestration("crowded", [noting("one")])
    orchestration("quiet", [noting("one")])
    for _number in range(6):
        engine.start("crowded")
    assert [owner_of(engine.claim_step()) for _number in range(3)] == ["crowded"] * 3
    engine.start("quiet")
    assert "quiet" in [owner_of(engine.claim_step()) for _number in range(2)]


def test_a_worker_goes_on_with_its_own_instance_first(cast: Cast) -> None:  # R4.2
    orchestration("two_stages", [noting("one"), noting("two")], [noting("three")])
    first, second = engine.start("two_stages"), engine.start("two_stages")
    claim = engine.claim_step()
    order = []
    while claim is not None:
        order.append(claim.instance_id)
        claim = engine.run_step(claim, go_on=True)
    assert order == [first.pk] * 3 + [second.pk] * 3
    assert set(Instance.objects.values_list("status", flat=True)) == {"completed"}


def test_what_a_worker_goes_on_with_is_claimed_before_its_flow_begins(cast: Cast) -> None:  # R4.2
    orchestration("two_stages", [noting("one")], [noting("two")])
    instance = engine.start("two_stages")
    following = engine.run_step(engine.claim_step(), go_on=True)
    assert following is not None
    step = StepInstance.objects.get(instance=instance, step__api_name="two")
    assert (step.token, step.attempt, step.tries_left) == (following.token, 1, 2)
    assert (step.ready_at, step.lane) == (None, None)
    assert step.lease_until is not None
    assert engine.claim_step() is None
    assert flows.calls == [("one", 1, f"step-{instance.step_instances.first().pk}")]


def test_one_that_is_not_told_to_go_on_leaves_the_next_step_to_anybody(cast: Cast) -> None:
    orchestration("two_stages", [noting("one")], [noting("two")])
    engine.start("two_stages")
    assert engine.run_step(engine.claim_step()) is None
    assert engine.claim_step() is not None


@pytest.mark.parametrize("verb", [operating.suspend, operating.cancel])
def test_ready_steps_stand_in_a_lane_only_while_their_instance_is_in_progress(cast: Cast, verb: object) -> None:  # R8.1
    orchestration("trial", [noting("one"), noting("two")])
    instance = engine.start("trial")
    lane = instance.orchestration_id
    assert set(instance.step_instances.values_list("lane", flat=True)) == {lane}
    verb(instance, by=cast.admin, reason="waiting for the vendor")  # type: ignore[operator]
    assert set(instance.step_instances.values_list("lane", flat=True)) == {None}
    assert engine.claim_step() is None
    instance.refresh_from_db()
    if instance.status == "suspended":
        operating.resume(instance, by=cast.admin, reason="the vendor has answered")
        assert set(instance.step_instances.values_list("lane", flat=True)) == {lane}
        drain()
        instance.refresh_from_db()
        assert instance.status == "completed"


def test_a_step_beside_one_that_failed_waits_outside_its_lane_until_the_operator_mends_it(cast: Cast) -> None:  # R7.3
    orchestration("trial", [background("one", "tests.return_nonsense"), noting("two")])
    instance = engine.start("trial")
    claim = engine.claim_step()
    assert claim is not None
    with pytest.raises(Exception, match="cannot be stored") as raised:
        engine.run_step(claim)
    engine.fail_step(claim, raised.value)
    two = instance.step_instances.get(step__api_name="two")
    assert (two.ready_at is not None, two.lane) == (True, None)
    assert engine.claim_step() is None
    failed = instance.step_instances.get(step__api_name="one")
    operating.skip_step(failed, by=cast.admin, reason="not needed")
    assert engine.claim_step() is not None
    assert broken() == []


def test_milestones_keep_the_order_in_which_things_happened(cast: Cast) -> None:
    orchestration("trial", [noting("one")], [noting("two")])
    engine.start("trial")
    drain()
    kinds = list(Milestone.objects.order_by("pk").values_list("kind", flat=True))
    stage = ["stage_started", "step_started", "step_completed", "stage_completed"]
    assert kinds == ["instance_started", *stage, *stage, "instance_completed"]


def test_a_step_costs_few_statements(cast: Cast) -> None:
    """W1's shape: 1 step, 3 side by side, 1 step. What the flow itself asks is none of it; beginning and committing are not counted."""
    orchestration("shape", [noting("a")], [noting("b"), noting("c"), noting("d")], [noting("e")])
    for _number in range(3):
        engine.start("shape")
    claim = engine.claim_step()
    done = 0
    with CaptureQueriesContext(connection) as queries:
        while claim is not None:
            claim, done = engine.run_step(claim, go_on=True), done + 1
    statements = [query["sql"] for query in queries if not query["sql"].startswith(("BEGIN", "SAVEPOINT", "RELEASE"))]
    assert done == 15
    most = 5 if connection.vendor == "postgresql" else 7
    assert len(statements) / done <= most, "\n".join(statements)


def test_a_tick_asks_as_much_with_many_steps_that_are_not_due_as_with_one(cast: Cast) -> None:  # R3.8
    orchestration("patient", [background("wait", "tests.sleep_until", inputs={"at": {"value": "2126-01-01T00:00:00+00:00"}})])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            jobs.tick()
        return len(queries)

    engine.start("patient")
    drain()
    with_one = asked()
    for _number in range(20):
        engine.start("patient")
    drain()
    assert StepInstance.objects.filter(ready_at__isnull=False).count() == 21
    assert asked() == with_one


@pytest.mark.django_db(transaction=True)
def test_a_draining_worker_tells_the_queue_server_together_what_happened_together(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, set[str]]] = []
    monkeypatch.setattr(dispatch, "_send", lambda drains, keys: told.append((drains, keys)))
    monkeypatch.setattr(dispatch, "GATHER_SECONDS", 60)
    orchestration("shape", [noting("a")], [noting("b"), noting("c"), noting("d")], [noting("e")])
    instance = engine.start("shape")
    told.clear()
    jobs.drain()
    instance.refresh_from_db()
    assert instance.status == "completed"
    assert [keys for _drains, keys in told] == [{f"instance:{instance.pk}"}]
