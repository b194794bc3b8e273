"""What operators do to instances: each verb with its permission, its reason, its history, and its refusals (§8)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from orchestration import access, clock, drawing, moving, values
from orchestration.assignment import Assignee
from orchestration.errors import Conflict, Invalid, NotAllowed, Refused
from orchestration.models import Instance, Milestone, StageInstance, StepInstance, WorkItem
from orchestration.models.people import Person
from orchestration.states import FINISHED, InstanceStatus, StageStatus, StepStatus

_I = InstanceStatus

MAY: Mapping[str, tuple[InstanceStatus, ...]] = {
    "suspend": (_I.IN_PROGRESS,),
    "resume": (_I.SUSPENDED,),
    "cancel": (_I.IN_PROGRESS, _I.SUSPENDED, _I.ERROR),
    "wake": (_I.IN_PROGRESS,),
    "retry_step": (_I.ERROR,),
    "skip_step": (_I.IN_PROGRESS, _I.SUSPENDED, _I.ERROR),
    "complete_step": (_I.IN_PROGRESS, _I.SUSPENDED, _I.ERROR),
    "look_again": (_I.ERROR,),
    "go_to_stage": (_I.IN_PROGRESS, _I.ERROR),
    "set_variable": (_I.IN_PROGRESS, _I.SUSPENDED, _I.ERROR),
    "reassign": (_I.IN_PROGRESS, _I.SUSPENDED, _I.ERROR),
}
"""In which status of the instance each action is done; in any other it is refused with a sentence (R8.4)."""


def suspend(instance: Instance, *, by: Person, reason: str) -> None:
    """Let nothing new begin; what runs finishes, and its outputs are kept (R8.1)."""
    with _operated("suspend", instance, by, reason) as instance:
        instance.move(InstanceStatus.SUSPENDED, by=by, reason=reason)


def resume(instance: Instance, *, by: Person, reason: str) -> None:
    """Go on with what the facts permit now (R8.1)."""
    with _operated("resume", instance, by, reason) as instance:
        instance.move(InstanceStatus.IN_PROGRESS, by=by, reason=reason)
        moving.settle(instance)


def cancel(instance: Instance, *, by: Person, reason: str) -> None:
    """End it: what is open is canceled with the reason, and no running attempt may commit (R8.2)."""
    with _operated("cancel", instance, by, reason) as instance:
        moving.cancel_instance(instance, reason, by=by)


def wake(instance: Instance, *, by: Person) -> None:
    """Look at all conditions again, now. Doing it again changes nothing (R3.8)."""
    with _operated("wake", instance, by, _("woken")) as instance:
        moving.settle(instance)


def retry_step(step: StepInstance, *, by: Person, reason: str) -> None:
    """Take a failed step up again, with fresh attempts (R7.4)."""
    with _operated("retry_step", step.instance, by, reason) as instance:
        step = _one_of(instance, step, StepStatus.ERROR, _("Only a step in error can be taken up again."))
        step.move(StepStatus.NOT_STARTED, by=by, reason=reason, ended_at=None, looked={})
        _recover(instance, step.stage_instance, by, reason)


def skip_step(step: StepInstance, *, by: Person, reason: str) -> None:
    """Go on without it: its open work items are canceled, a running attempt may not commit (R7.4)."""
    with _operated("skip_step", step.instance, by, reason) as instance:
        step = _unfinished(instance, step)
        moving.close_items(instance, step, reason, by=by)
        moving.end_recoveries(instance, step, reason, by=by)
        step.move(StepStatus.SKIPPED, by=by, reason=reason, **moving.UNCLAIMED, ended_at=clock.now())
        _recover(instance, step.stage_instance, by, reason)


def complete_step(step: StepInstance, *, by: Person, reason: str, outputs: Mapping[str, Any] | None = None) -> None:
    """Take `outputs` as what the step did, as if its flow had returned them (R7.4)."""
    with _operated("complete_step", step.instance, by, reason) as instance:
        step = _unfinished(instance, step)
        moving.close_items(instance, step, reason, by=by)
        moving.end_recoveries(instance, step, reason, by=by)
        if step.status == StepStatus.NOT_STARTED:
            step.move(StepStatus.IN_PROGRESS, by=by, reason=reason, started_at=clock.now())
        moving.keep_outputs(step, dict(outputs or {}))
        moving.complete_step(step, by=by, reason=reason)
        _recover(instance, step.stage_instance, by, reason)


def look_again(stage: StageInstance, *, by: Person, reason: str) -> None:
    """Look once more at the condition of a stage that could not be looked at (R3.9)."""
    with _operated("look_again", stage.instance, by, reason) as instance:
        stage = instance.stage_instances.select_related("stage").get(pk=stage.pk)
        if stage.status != StageStatus.ERROR or not stage.error:
            raise Conflict(_("“%(stage)s” has no condition that failed.") % {"stage": stage})
        if stage.step_instances.exists():
            _recover(instance, stage, by, reason)
            return
        stage.move(StageStatus.DISCONTINUED, by=by, reason=reason, ended_at=clock.now())
        instance.move(InstanceStatus.IN_PROGRESS, by=by, reason=reason)
        moving.enter(instance, drawing.of(instance.version).stages[stage.stage_id])
        moving.settle(instance)


def go_to_stage(instance: Instance, api_name: str | None, *, by: Person, reason: str) -> None:
    """Leave the current stage, which is discontinued, for the one with this API name; None is the end (R8.3)."""
    with _operated("go_to_stage", instance, by, reason) as instance:
        stages = {stage.api_name: stage for stage in drawing.of(instance.version).stages.values()}
        if api_name is not None and api_name not in stages:
            raise Invalid(_("There is no stage “%(name)s”. Known: %(known)s.") % {"name": api_name, "known": ", ".join(stages)})
        moving.leave_stage(instance, reason, by=by)
        if instance.status == InstanceStatus.ERROR:
            instance.move(InstanceStatus.IN_PROGRESS, by=by, reason=reason)
        moving.enter(instance, stages[api_name] if api_name is not None else None)
        moving.settle(instance)


def set_variable(instance: Instance, name: str, value: Any, *, by: Person, reason: str) -> None:
    """Give a declared variable another value (R8.3). Raises Invalid when there is none of that name, or the type is another."""
    with _operated("set_variable", instance, by, reason) as instance:
        declared = instance.version.variables
        if name not in declared:
            raise Invalid(_("There is no variable “%(name)s”.") % {"name": name}, errors={name: [_("There is no such variable.")]})
        before = instance.variables.get(name)
        instance.variables |= values.accepted({name: declared[name]}, {name: value})
        instance.save(update_fields=["variables"])
        data = {"vars": {name: value}, "before": {name: before}}
        Milestone.record(
            "variable_changed", instance=instance, before=instance.status, after=instance.status, by=by, reason=reason, data=data
        )
        moving.settle(instance)


def reassign(item: WorkItem, to: Assignee, *, by: Person, reason: str) -> None:
    """Give an open item to somebody else; a claim on it ends, its draft stays (R5.3, R8.3).

    Raises Conflict when it is no longer open, or when the new assignee could not do it.
    """
    with _operated("reassign", item.instance, by, reason, may=access.may_reassign) as instance:
        item = instance.work_items.select_related("step_instance__stage_instance").get(pk=item.pk)
        if not item.is_open:
            raise Conflict(_("“%(item)s” is %(status)s already.") % {"item": item, "status": item.get_status_display().lower()})
        if to.user and not to.user.is_active:
            raise Conflict(_("%(name)s no longer has an active account.") % {"name": to.label})
        if to.user and (lack := access.why_not_able(to.user, item.flow, item.get_record(), item.flow_version)):
            raise Conflict(_("%(name)s could not do it: %(lack)s") % {"name": to.label, "lack": lack})
        moving.tell_about(instance, item)
        before = {"before": {"assignee": item.assignee_label}, "assignee": to.label}
        item.change("work_item_reassigned", by=by, reason=reason, data=before, claimed_by=None, claimed_at=None, **to.columns)
        moving.tell_about(instance, item)


def in_bulk(verb: Callable[..., None], rows: Iterable[models.Model], **arguments: Any) -> list[tuple[models.Model, str]]:
    """Do one verb to many rows, each in its own transaction. Returns each row with why it was refused; empty when it was done."""
    results = []
    for row in rows:
        try:
            verb(row, **arguments)
        except Refused as refused:
            results.append((row, str(refused)))
        else:
            results.append((row, ""))
    return results


@contextmanager
def _operated(
    action: str, instance: Instance, by: Person, reason: str, may: Callable[[Any, Any], bool] = access.may_operate
) -> Iterator[Instance]:
    """The locked instance, once it is sure that this person may do this to it, in its status, and says why."""
    with transaction.atomic(), moving.lock(instance.pk) as locked:
        if not may(by, locked.orchestration):
            raise NotAllowed(_("You may not operate “%(name)s”.") % {"name": locked.orchestration})
        if not reason.strip():
            raise Invalid(_("Say why: the reason is kept in the history."), errors={"reason": [_("Say why")]})
        if locked.status not in MAY[action]:
            wanted = " / ".join(str(status.label) for status in MAY[action])
            raise Conflict(
                _("This instance is %(status)s; that can be done only to one that is %(wanted)s.")
                % {"status": locked.get_status_display().lower(), "wanted": wanted.lower()}
            )
        yield locked


def _one_of(instance: Instance, step: StepInstance, wanted: StepStatus, sentence: str) -> StepInstance:
    found: StepInstance = moving.steps_of(instance).get(pk=step.pk)
    if found.status != wanted:
        status = found.get_status_display().lower()
        raise Conflict(_("“%(step)s” is %(status)s.") % {"step": found, "status": status} + " " + sentence)
    return found


def _unfinished(instance: Instance, step: StepInstance) -> StepInstance:
    found: StepInstance = moving.steps_of(instance).get(pk=step.pk)
    if found.status in FINISHED or StepStatus.SKIPPED not in found.MOVES[found.status]:
        status = found.get_status_display().lower()
        raise Conflict(_("“%(step)s” is %(status)s already.") % {"step": found, "status": status})
    return found


def _recover(instance: Instance, stage: StageInstance, by: Person, reason: str) -> None:
    """Once no step of the stage is in error any more, stage and instance are in progress again; then go on."""
    stage.instance = instance
    if stage.status == StageStatus.ERROR and not stage.step_instances.filter(status=StepStatus.ERROR).exists():
        stage.move(StageStatus.IN_PROGRESS, by=by, reason=reason, error={})
        instance.move(InstanceStatus.IN_PROGRESS, by=by, reason=reason)
    moving.settle(instance)
