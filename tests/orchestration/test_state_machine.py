"""Orders of events that nobody thought of: whatever happens in whatever order, the rows contradict nothing after any step."""

import contextlib
import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from demo.models import Building, Employee
from orchestration import builder, clock, engine, jobs, operating
from orchestration.assignment import Assignee
from orchestration.errors import Refused
from orchestration.invariants import broken
from orchestration.models import Instance, Queue, StepInstance, Version, WorkItem
from orchestration.states import LIVE, InstanceStatus, StepStatus
from tests import flows, stories
from tests.cast import Cast
from tests.stories import background, interactive

STAGES = [
    stories.stage(
        [
            interactive("ask", "tests.ask", {"queue": "hr"}),
            background("work", "tests.note", inputs={"text": {"value": "work"}}, max_attempts=2),
            background("then", "tests.note", after=["work"], only_if={"formula": "record.is_ready"}),
            background("mend", "tests.recover", inputs={"resolution": {"value": "retry"}}, handles="stage", max_attempts=1),
        ],
        routes=[{"condition": {"formula": "record.department == 'again'"}, "to": "stage_1"}],
    ),
    stories.stage([background("early", "tests.note")], entry_condition={"formula": "not record.is_ready"}),
    stories.stage(
        [
            interactive("confirm", "tests.ask", {"path": "record.manager"}),
            background("late", "tests.note", wait_until={"formula": "record.is_ready"}),
        ],
        exit_rule="condition",
        exit_condition={"formula": "record.department == 'enough'"},
    ),
]

FEW = 8
"""Lives that the everyday tests try, always the same ones."""

EXAMPLES = 25
"""Lives that the long proofs try, always the same ones too; SEGUE_EXAMPLES asks for more, and others."""

REASON = "The machine says so."


class Life(RuleBasedStateMachine):
    """People, workers, the ticker, operators and accidents, each doing one thing at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        flows.calls.clear()
        flows.failing.clear()
        self.cast = Cast()
        for person in ("hanna", "omar", "marta"):
            stories.access_to_run(getattr(self.cast, person))
        builder.deactivate(Version.objects.get())
        self.time = timedelta(0)
        self.claims: list[engine.Claim] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    @initialize()
    def activate(self) -> None:
        stories.active(*STAGES, one_live_per_record=True)

    def later(self) -> Any:
        return clock.moved(self.time)

    # Starting

    @rule()
    def start(self) -> None:
        with self.later(), contextlib.suppress(Refused):
            engine.start("trial", record=self.record() or self.hire())

    @rule()
    def edit_and_activate(self) -> None:
        with self.later():
            builder.activate(builder.new_version(Version.objects.filter(orchestration__api_name="trial").latest("pk")))

    def hire(self) -> Employee:
        return stories.hire(self.cast)

    def record(self) -> Employee | None:
        return Employee.objects.order_by("-pk").first()

    # Workers

    @rule()
    def claim(self) -> None:
        with self.later():
            claim = engine.claim_step()
        if claim is not None:
            self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(which=some.integers(0, 99), again=some.booleans())
    def finish(self, which: int, again: bool) -> None:
        claim = self.claims[which % len(self.claims)]
        with self.later():
            stories.attempt(claim)
        if not again:  # else it is delivered once more, later
            self.claims.remove(claim)

    @precondition(lambda self: self.claims)
    @rule(which=some.integers(0, 99))
    def worker_dies(self, which: int) -> None:
        del self.claims[which % len(self.claims)]

    @rule()
    def drain(self) -> None:
        with self.later():
            jobs.drain()

    @rule(minutes=some.sampled_from([1, 5, 60]))
    def tick(self, minutes: int) -> None:
        self.time += timedelta(minutes=minutes)
        with self.later():
            jobs.tick()

    @rule(fails=some.booleans())
    def weather(self, fails: bool) -> None:
        flows.failing.clear()
        if fails:
            flows.failing.add("work")

    # People

    @rule(who=some.sampled_from(["hanna", "omar", "marta"]), what=some.sampled_from(["claim", "release", "draft", "complete", "fail"]))
    def person(self, who: str, what: str) -> None:
        item = WorkItem.objects.order_by("-pk").first()
        if item is None:
            return
        by = getattr(self.cast, who)
        with self.later(), contextlib.suppress(Refused):
            if what == "claim":
                engine.claim_work_item(item, by=by)
            elif what == "release":
                engine.release_work_item(item, by=by)
            elif what == "draft":
                engine.save_draft(item, by=by, answers={"answer": ["half"]})
            else:
                engine.complete_work_item(item, by=by, answers={"answer": [what]}, submission_key=f"{who}-{item.pk}")

    @rule(ready=some.booleans(), department=some.sampled_from(["Engineering", "again", "enough"]))
    def save_record(self, ready: bool, department: str) -> None:
        record = self.record()
        if record is not None:
            record.is_ready, record.department = ready, department
            with self.later():
                record.save()

    @rule()
    def delete_record(self) -> None:
        record = self.record()
        if record is not None:
            with self.later():
                record.delete()

    @rule()
    def building_changes(self) -> None:
        with self.later():
            Building.objects.get(pk=self.cast.headquarters.pk).save()

    # Operators

    @rule(action=some.sampled_from(["suspend", "resume", "cancel", "wake", "stage_1", "stage_3", "end", "look_again"]))
    def operate(self, action: str) -> None:
        instance = Instance.objects.order_by("-pk").first()
        if instance is None:
            return
        with self.later(), contextlib.suppress(Refused):
            if action in ("suspend", "resume", "cancel"):
                getattr(operating, action)(instance, by=self.cast.admin, reason=REASON)
            elif action == "wake":
                operating.wake(instance, by=self.cast.admin)
            elif action == "look_again":
                operating.look_again(instance.stage_instances.latest("pk"), by=self.cast.admin, reason=REASON)
            else:
                operating.go_to_stage(instance, None if action == "end" else action, by=self.cast.admin, reason=REASON)

    @rule(which=some.integers(0, 99), action=some.sampled_from(["retry_step", "skip_step", "complete_step"]))
    def operate_step(self, which: int, action: str) -> None:
        steps = list(StepInstance.objects.order_by("-pk")[:5])
        if steps:
            with self.later(), contextlib.suppress(Refused):
                getattr(operating, action)(steps[which % len(steps)], by=self.cast.admin, reason=REASON)

    @rule()
    def reassign(self) -> None:
        item = WorkItem.objects.order_by("-pk").first()
        if item is not None:
            to = Assignee(queue=Queue.objects.get(api_name="hr"))
            with self.later(), contextlib.suppress(Refused):
                operating.reassign(item, to, by=self.cast.admin, reason=REASON)

    # What must hold

    @invariant()
    def nothing_contradicts(self) -> None:
        assert broken() == []

    @invariant()
    def no_fault_is_our_own(self) -> None:
        """Steps fail because the flow said so, the worker died or the record is gone; never because the engine stumbled."""
        types = {error.get("type") for error in StepInstance.objects.exclude(error={}).values_list("error", flat=True)}
        assert types <= {"Failure", "worker_lost", "record_gone"}

    @invariant()
    def whoever_is_asked_again_says_the_same(self) -> None:
        """Settling is idempotent: what the facts permit has been done already (but for signals and looks still to come)."""
        for instance in Instance.objects.filter(status=InstanceStatus.IN_PROGRESS, signals=None):
            ready = instance.step_instances.filter(status=StepStatus.NOT_STARTED, handles=None, looked={})
            assert not [step for step in ready if not step.step.after.exists()], "a step that may begin has not"

    @invariant()
    def the_ended_stay_ended(self) -> None:
        assert not StepInstance.objects.exclude(instance__status__in=LIVE).filter(ready_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lives", [FEW, pytest.param(EXAMPLES, marks=pytest.mark.proof)])
def test_whatever_happens_in_whatever_order_the_rows_contradict_nothing(lives: int) -> None:  # R3.1 R4.2 R5.4 R7.3 R8.4
    examples = int(os.environ.get("SEGUE_EXAMPLES", lives))
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=examples == lives,
        ),
    )
