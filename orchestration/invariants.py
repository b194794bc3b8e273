"""What must be true of the rows at any moment between two transactions, whatever happened before.

`broken()` returns one sentence for each row that contradicts this; an empty list means that nothing does.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db import connections, transaction

from orchestration.models import Draft, Instance, Milestone, StageInstance, StepInstance, Submission, WorkItem
from orchestration.states import LIVE, InstanceStatus, StageStatus, StepStatus, WorkItemStatus

UNFINISHED = (StepStatus.NOT_STARTED, StepStatus.IN_PROGRESS, StepStatus.ERROR)


def broken(using: str = "default") -> list[str]:
    """All that is wrong with the instances in this database."""
    connection = connections[using]
    alone = not connection.in_atomic_block
    with transaction.atomic(using):
        if alone and connection.vendor == "postgresql":  # while others write, all questions must be about one moment
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return list(chain(_steps(using), _items(using), _instances(using), _history(using)))


def _steps(using: str) -> Iterator[str]:
    items: dict[int, list[str]] = defaultdict(list)
    for item in WorkItem.objects.using(using):
        items[item.step_instance_id].append(item.status)
    for step in StepInstance.objects.using(using).select_related("step"):
        claimed, leased, ready = bool(step.token), step.lease_until is not None, step.ready_at is not None
        running = step.status == StepStatus.IN_PROGRESS
        if claimed != leased:
            yield f"{_name(step)} has a token without a lease, or a lease without a token"
        if (claimed or ready) and not running:
            yield f"{_name(step)} is {step.status}, and yet ready or claimed"
        if running and not step.step.is_interactive and claimed == ready and (claimed or not step.callback_key):
            yield f"{_name(step)} is in progress and nobody can take it up, or two ways lead to it"
        if running and step.step.is_interactive and WorkItemStatus.ASSIGNED not in items[step.pk] and not step.looked:
            yield f"{_name(step)} waits for a person without an open item"
        if not running and WorkItemStatus.ASSIGNED in items[step.pk]:
            yield f"{_name(step)} is {step.status} and still has an open item"
        if step.status == StepStatus.COMPLETED and step.ended_at is None:
            yield f"{_name(step)} is completed and has no end"


def _items(using: str) -> Iterator[str]:
    submitted = set(Submission.objects.using(using).values_list("work_item", flat=True))
    drafted = set(Draft.objects.using(using).values_list("work_item", flat=True))
    for item in WorkItem.objects.using(using):
        done = item.status == WorkItemStatus.COMPLETED
        if done != (item.pk in submitted):
            yield f"item {item.pk} is {item.status} with{'out' if done else ''} a submission"
        if done and (not item.completed_label or item.completed_at is None):
            yield f"item {item.pk} is completed by nobody or never"
        if done and item.pk in drafted:
            yield f"item {item.pk} is completed and keeps a draft"


def _instances(using: str) -> Iterator[str]:
    stages: dict[int, list[str]] = defaultdict(list)
    steps: dict[int, list[StepInstance]] = defaultdict(list)
    waiting: set[int] = set()
    for stage in StageInstance.objects.using(using).order_by("pk"):
        stages[stage.instance_id].append(stage.status)
        if stage.looked and stage.status == StageStatus.IN_PROGRESS:
            waiting.add(stage.instance_id)
    for step in StepInstance.objects.using(using):
        steps[step.instance_id].append(step)
    for instance in Instance.objects.using(using):
        own = steps[instance.pk]
        if (instance.ended_at is None) != (instance.status in LIVE):
            yield f"instance {instance.pk} is {instance.status} and ended at {instance.ended_at}"
        if instance.status == InstanceStatus.COMPLETED:
            if unfinished := [_name(step) for step in own if step.status in UNFINISHED]:
                yield f"instance {instance.pk} is completed without {unfinished}"
            if any(status in (StageStatus.IN_PROGRESS, StageStatus.ERROR) for status in stages[instance.pk]):
                yield f"instance {instance.pk} is completed with stages {stages[instance.pk]}"
        if instance.status == InstanceStatus.IN_PROGRESS:
            if not any(step.status == StepStatus.IN_PROGRESS or step.looked for step in own) and instance.pk not in waiting:
                yield f"instance {instance.pk} is in progress and has no reason to move"
            if stages[instance.pk].count(StageStatus.IN_PROGRESS) != 1:
                yield f"instance {instance.pk} is in {stages[instance.pk].count(StageStatus.IN_PROGRESS)} stages at a time"
        for step in own:
            if step.lane != (instance.lane if step.ready_at is not None else None):
                yield f"step {step.pk} of instance {instance.pk} ({instance.status}), ready at {step.ready_at}, stands in lane {step.lane}"
        faulty = any(step.status == StepStatus.ERROR for step in own) or StageStatus.ERROR in stages[instance.pk]
        if instance.status == InstanceStatus.ERROR and not faulty:
            yield f"instance {instance.pk} is in error, and none of its stages and steps is"


def _history(using: str) -> Iterator[str]:
    """Rows and milestones tell the same story: the last move is the status, each end is told once, no output is lost."""
    last: dict[tuple[str, Any], str] = {}
    told: dict[tuple[str, str, Any], int] = defaultdict(int)
    outputs: dict[int | None, dict[str, Any]] = defaultdict(dict)
    for mark in Milestone.objects.using(using).order_by("pk"):
        what, _space, move = mark.kind.rpartition("_")
        pk = {
            "instance": mark.instance_id,
            "stage": mark.stage_instance_id,
            "step": mark.step_instance_id,
        }.get(what, mark.work_item_id)
        told[what, move, pk] += 1
        if mark.after:
            last["work_item" if what not in ("instance", "stage", "step") else what, pk] = mark.after
        if what == "step":
            outputs[pk].update(mark.data.get("outputs", {}))
    kinds: tuple[tuple[Any, str], ...] = (
        (Instance, "instance"),
        (StageInstance, "stage"),
        (StepInstance, "step"),
        (WorkItem, "work_item"),
    )
    for model, what in kinds:
        for pk, status in model.objects.using(using).values_list("pk", "status"):
            never_moved = what == "step" and status == StepStatus.NOT_STARTED
            if last.get((what, pk)) != status and not never_moved:
                yield f"{what} {pk} is {status}, but its last milestone says {last.get((what, pk))}"
            completed = told[what, "completed", pk]
            if completed != (status == "completed"):
                yield f"{what} {pk} is {status} and has {completed} milestones that complete it"
    for step in StepInstance.objects.using(using).select_related("step"):
        if step.status == StepStatus.COMPLETED and outputs[step.pk] != {step.step.api_name: step.outputs}:
            yield f"{_name(step)}: its milestone and its row disagree about its outputs"


def _name(step: StepInstance) -> str:
    return f"step {step.pk} ({step.step.api_name}) of instance {step.instance_id}"
