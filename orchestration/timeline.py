"""One read model of an instance: its stages and steps, planned ones too, who has them, since when, and why it waits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model, Prefetch
from django.utils.translation import gettext as _

from orchestration import clock
from orchestration.models import Instance, Stage, StageInstance, Step, StepInstance, WorkItem
from orchestration.models.definitions import StepKind
from orchestration.models.instances import InstanceQuerySet, name_of
from orchestration.runner import limits
from orchestration.states import InstanceStatus, StageStatus, StepStatus

PLANNED = "planned"
"""The status of a stage or step that an instance has not come to yet."""


@dataclass
class StepView:
    """A step of an instance. `status` is one of StepStatus, or PLANNED; `waiting_for` is a sentence, or empty.

    `used` is what its latest attempt has used, in words: “87 of 200 queries”.
    """

    label: str
    kind: str
    status: str
    status_label: str
    since: datetime | None = None
    ended_at: datetime | None = None
    who: str = ""
    waiting_for: str = ""
    error: dict[str, str] = field(default_factory=dict)
    attempt: int = 0
    item: WorkItem | None = None
    step_instance: StepInstance | None = None
    used: Sequence[str] = ()

    @property
    def is_interactive(self) -> bool:
        """Whether a person does it."""
        return self.kind == StepKind.INTERACTIVE


@dataclass
class StageView:
    """A stage of an instance with its steps. `status` is one of StageStatus, or PLANNED."""

    label: str
    status: str
    status_label: str
    steps: list[StepView]
    iteration: int = 1
    started_at: datetime | None = None
    ended_at: datetime | None = None
    waiting_for: str = ""


@dataclass
class InstanceView:
    """An instance as people see it."""

    instance: Instance
    stages: list[StageView]

    @property
    def waiting(self) -> list[str]:
        """Why it does not go on by itself, one sentence for each reason."""
        if self.instance.status == InstanceStatus.SUSPENDED:
            return [_("An operator suspended it.")]
        steps = [step.waiting_for for stage in self.stages for step in stage.steps if step.waiting_for]
        return steps + [stage.waiting_for for stage in self.stages if stage.waiting_for]

    @property
    def current(self) -> StageView | None:
        """The stage that it is in."""
        active = (StageStatus.IN_PROGRESS, StageStatus.ERROR)
        return next((stage for stage in self.stages if stage.status in active), None)

    @property
    def done(self) -> int:
        """How many stages are behind it."""
        return sum(stage.ended_at is not None for stage in self.stages)


def of(instance: Instance) -> InstanceView:
    """The view of one instance."""
    return _view(_loaded(Instance.objects.filter(pk=instance.pk)).get())


def for_record(record: Model, instances: InstanceQuerySet | None = None) -> list[InstanceView]:
    """The views of a record's instances (of those in `instances`, when given), live ones first, newest first."""
    known = Instance.objects.all() if instances is None else instances
    views = [_view(instance) for instance in _loaded(known.for_record(record))]
    return sorted(views, key=lambda view: not view.instance.is_live)


def _loaded(instances: InstanceQuerySet) -> InstanceQuerySet:
    """With everything that a view needs, in a number of queries that does not grow with the rows."""
    items = WorkItem.objects.select_related("claimed_by", "user", "group", "queue").order_by("pk")
    steps = StepInstance.objects.select_related("step").order_by("step__order", "pk")
    stages = StageInstance.objects.select_related("stage").order_by("pk")
    return instances.select_related("orchestration", "version", "starter").prefetch_related(
        Prefetch("work_items", items),
        Prefetch("stage_instances", stages),
        Prefetch("stage_instances__step_instances", steps),
        Prefetch("version__stages", Stage.objects.order_by("order", "pk")),
        Prefetch("version__stages__steps", Step.objects.order_by("order", "pk")),
    )


def _view(instance: Instance) -> InstanceView:
    items = {item.step_instance_id: item for item in instance.work_items.all()}  # the newest of each step
    reached = list(instance.stage_instances.all())
    stages = [_stage_view(instance, stage, items) for stage in reached]
    if instance.is_live:
        last = reached[-1].stage_id if reached else None
        stages += [_planned(stage) for stage in _after(last, instance.version.stages.all())]
    return InstanceView(instance, stages)


def _after(stage_id: int | None, stages: Iterable[Stage]) -> Sequence[Stage]:
    ordered = list(stages)
    place = next((index for index, stage in enumerate(ordered) if stage.pk == stage_id), -1)
    return ordered[place + 1 :]


def _planned(stage: Stage) -> StageView:
    steps = [StepView(step.label, step.kind, PLANNED, _("Planned")) for step in stage.steps.all()]
    return StageView(stage.label, PLANNED, _("Planned"), steps)


def _stage_view(instance: Instance, stage: StageInstance, items: dict[int, WorkItem]) -> StageView:
    return StageView(
        label=stage.stage.label,
        status=stage.status,
        status_label=stage.get_status_display(),
        steps=[_step_view(instance, step, items.get(step.pk)) for step in stage.step_instances.all()],
        iteration=stage.iteration,
        started_at=stage.started_at,
        ended_at=stage.ended_at,
        waiting_for=_stage_waits_for(stage),
    )


def _stage_waits_for(stage: StageInstance) -> str:
    """Why the stage itself does not end, in words; empty when it has, or when only its steps keep it."""
    names = {"stage": stage.stage.label, **_looked(stage.looked)}
    if stage.status == StageStatus.ERROR and stage.error:
        return _("“%(stage)s” failed: %(message)s") % {**names, "message": stage.error["message"]}
    if stage.status == StageStatus.IN_PROGRESS and stage.looked:
        return _("“%(stage)s” ends when %(text)s (%(values)s).") % names
    return ""


def _looked(looked: dict[str, Any]) -> dict[str, str]:
    """A condition that was looked at: its text, and the values that it found."""
    found = {name: value for fact in looked.get("facts", []) for name, value in fact["found"].items()}
    values = "; ".join(_("%(name)s is %(value)s") % {"name": name, "value": value} for name, value in found.items())
    return {"text": looked.get("text", ""), "values": values}


def _step_view(instance: Instance, step: StepInstance, item: WorkItem | None) -> StepView:
    return StepView(
        label=step.step.label,
        kind=step.step.kind,
        status=step.status,
        status_label=step.get_status_display(),
        since=step.started_at,
        ended_at=step.ended_at,
        who=_who(item),
        waiting_for=_waiting_for(instance, step, item),
        error=step.error,
        attempt=step.attempt,
        item=item,
        step_instance=step,
        used=limits.said(step.usage),
    )


def _who(item: WorkItem | None) -> str:
    if item is None:
        return ""
    return item.completed_label or name_of(item.claimed_by) or item.assignee_label


def _waiting_for(instance: Instance, step: StepInstance, item: WorkItem | None) -> str:
    """Why the step is not finished, in words; empty when it is, or when it is not its turn."""
    names = {"step": step.step.label, **_looked(step.looked)}
    if step.status == StepStatus.ERROR and instance.status == InstanceStatus.IN_PROGRESS:
        return ""  # a handler has it, and says itself what it waits for
    if step.status == StepStatus.ERROR:
        return _("“%(step)s” failed: %(message)s") % {**names, "message": step.error.get("message", "")}
    if step.status == StepStatus.NOT_STARTED and step.looked:
        return _("“%(step)s” waits until %(text)s (%(values)s).") % names
    if step.status == StepStatus.NOT_STARTED:
        return _("“%(step)s” has not begun: the steps that it comes after are not finished.") % names
    if step.status != StepStatus.IN_PROGRESS:
        return ""
    if item is not None and item.is_open:
        return _waiting_for_person(item, names)
    if step.looked:
        return _("“%(step)s” is filled in, and waits until %(text)s (%(values)s).") % names
    if step.callback_key and not step.token and step.ready_at is None:
        return _("“%(step)s” waits for a call from outside.") % names
    if step.token:
        return _("A worker is doing “%(step)s” now.") % names
    if step.error and step.ready_at and step.ready_at > clock.now():
        return _("“%(step)s” failed (%(message)s) and will be tried again.") % {**names, "message": step.error["message"]}
    if instance.status == InstanceStatus.ERROR:
        return _("“%(step)s” waits until the failed step beside it is mended.") % names
    return _("“%(step)s” waits for a free worker.") % names


def _waiting_for_person(item: WorkItem, names: dict[str, str]) -> str:
    if item.claimed_by:
        return _("%(name)s has claimed “%(step)s”.") % {**names, "name": name_of(item.claimed_by)}
    if item.user:
        return _("%(name)s has not done “%(step)s” yet.") % {**names, "name": name_of(item.user)}
    if item.is_shared:
        return _("Nobody in %(name)s has claimed “%(step)s” yet.") % {**names, "name": item.assignee_label}
    return _("“%(step)s” is assigned to nobody. An operator can assign it.") % names
