"""How an instance moves by itself: `settle` asks what the facts permit now, and does it.

Level-triggered: it looks at rows, never at what has just happened, so a lost or doubled signal is repaired by settling again. Everything
in here works on an instance whose row is locked (`lock`), and moves rows of that instance only.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from orchestration import assignment, clock, conf, dispatch, drawing, expressions, flows, runner
from orchestration.drawing import StageDrawing, StepDrawing
from orchestration.errors import Busy, ExpressionError, Fault, describe
from orchestration.expressions import Condition, Verdict
from orchestration.facts import Facts, few_queries
from orchestration.models import Effect, Instance, Milestone, Signal, StageInstance, StepInstance, WorkItem, rows
from orchestration.models.definitions import ExitRule
from orchestration.models.outbox import EffectKind
from orchestration.models.people import Person
from orchestration.states import FINISHED, EffectStatus, InstanceStatus, StageStatus, StepStatus, WorkItemStatus

MOST_RECOVERIES = 10
"""How often a step may be handed to a handler; one that always says “retry” must come to an end."""

MOST_TURNS = 50
"""Stages that one transaction may pass through; then it lets others have a turn and goes on by a signal."""

UNCLAIMED: dict[str, Any] = {"token": "", "lease_until": None, "ready_at": None, "lane": None}
"""The columns of a step that no worker has, and none is to take up."""


@contextmanager
def lock(instance_id: int, *, quietly: bool = False) -> Iterator[Instance]:
    """Lock the instance, last and once; when the transaction is committed, tell workers and pages what came of it.

    `quietly`: tell nobody but those whom `tell_about` names. Raises Busy when somebody else does not let go of the row in time.
    """
    with in_time():
        instance = Instance.objects.locked(instance_id)
    instance.untold = []
    yield instance
    conclude(instance, quietly=quietly)


@contextmanager
def in_time() -> Iterator[None]:
    """Turn a lock that could not be had in time into a word for people."""
    try:
        yield
    except OperationalError as error:
        raise Busy(_("Somebody else is at work on this right now. Wait a moment, then try again.")) from error


def conclude(instance: Instance, *, quietly: bool = False) -> None:
    """All has been done to the locked instance: write what is still to be written, and tell after the commit."""
    write(instance)
    Milestone.write(instance.untold or [])
    instance.untold = None
    changed = instance.news if quietly else instance.news | dispatch.keys_of(instance)
    dispatch.after_commit(drains=instance.ready_steps, changed=changed)


def write(instance: Instance) -> None:
    """Insert the steps that are not written yet: before anybody asks the database about them, and at the end."""
    unwritten, instance.unwritten = instance.unwritten, []
    rows.insert(StepInstance, unwritten)


def settle(instance: Instance) -> None:
    """Do whatever the facts permit now. Safe at any time, any number of times (R3.1)."""
    instance.looks_by_itself = False
    for _turn in range(MOST_TURNS):
        if instance.status != InstanceStatus.IN_PROGRESS or not _one_turn(instance):
            break
    else:
        Signal.objects.create(instance=instance, created_at=clock.now())
        instance.ready_steps += 1
    _plan_next_look(instance)


def _one_turn(instance: Instance) -> bool:
    """Move on within the current stage, and out of it if it may end. Returns whether another turn may find more to do."""
    instance.left_stage = False
    stage, steps = _present(instance)
    if stage is None:
        enter(instance, drawing.of(instance.version).after(None))
        return True
    drawn = drawing.of(instance.version).stages[stage.stage_id]
    has_recovered = _finish_forms(instance, steps)
    if not has_recovered:
        _begin_steps(instance, drawn, steps)
    if instance.status != InstanceStatus.IN_PROGRESS or instance.left_stage or has_recovered:
        return instance.status == InstanceStatus.IN_PROGRESS
    try:
        if not _may_exit(instance, stage, drawn, steps):
            return False
        target, chosen = _route(instance, drawn)
    except Fault as fault:
        fault_stage(instance, stage, describe(fault))
        return False
    reason = _("The stage “%(stage)s” ended as soon as its condition held.") % {"stage": drawn.label}
    for step in steps:
        discontinue(instance, step, reason)
    stage.move(StageStatus.COMPLETED, ended_at=clock.now(), data={"facts": chosen} if chosen else {})
    enter(instance, target)
    return True


def _present(instance: Instance) -> tuple[StageInstance | None, list[StepInstance]]:
    """The stage that the instance is in, and its steps: as read just now by whoever knows it, else from the database."""
    if instance.present is not None:
        known, instance.present = instance.present, None
        return known
    stage = instance.stage_instances.filter(status=StageStatus.IN_PROGRESS).first()
    return stage, list(steps_of(instance).filter(stage_instance=stage)) if stage else []


# Stages --------------------------------------------------------------------------------------------------------------


def enter(instance: Instance, drawn: StageDrawing | None) -> None:
    """Come to a stage: begin it, or skip it and try the next (R3.3); None ends the instance (R3.10)."""
    if drawn is None:
        instance.move(InstanceStatus.COMPLETED, ended_at=clock.now())
        return
    now = clock.now()
    stage = StageInstance(instance=instance, stage_id=drawn.id, started_at=now)
    stage.begin()
    try:
        if stage.iteration > conf.MAX_ITERATIONS:
            message = _("“%(stage)s” was come to %(count)d times. Is there a way out of the loop?")
            raise Fault(message % {"stage": drawn.label, "count": stage.iteration}, kind="loop_limit")
        verdict = look(instance, drawn.entry)
    except Fault as fault:
        fault_stage(instance, stage, describe(fault))
        return
    if not verdict.met:
        stage.move(StageStatus.SKIPPED, ended_at=now, looked=_as_looked("entry", drawn.entry, verdict), data=_as_data(verdict))
        enter(instance, drawing.of(instance.version).after(drawn.id))
        return
    steps = [StepInstance(instance=instance, stage_instance=stage, step_id=step.id) for step in drawn.steps.values() if not step.handles]
    Milestone.record("stage_started", **stage.milestone_place(), after=stage.status)
    instance.unwritten, instance.present, instance.fresh_stage = list(steps), (stage, steps), stage.pk


def _may_exit(instance: Instance, stage: StageInstance, drawn: StageDrawing, steps: list[StepInstance]) -> bool:
    """Whether the stage may end (R3.6). Its condition is first looked at when a step has finished or a fact has changed."""
    finished = [step.status in FINISHED for step in steps if not step.handles_id]
    if drawn.exit_rule == ExitRule.ALL_STEPS:
        return all(finished)
    if drawn.exit_rule == ExitRule.ALL_AND_CONDITION and not all(finished):
        return False
    if stage.pk == instance.fresh_stage and not any(finished):
        return False
    verdict = look(instance, drawn.exit)
    _keep_look(stage, _as_looked("exit", drawn.exit, verdict))
    return verdict.met


def _route(instance: Instance, drawn: StageDrawing) -> tuple[StageDrawing | None, list[Any]]:
    """Where to go after a stage: the first route whose condition holds, else the next in order (R3.7); and what decided it (R3.11)."""
    whole = drawing.of(instance.version)
    looked: list[Any] = []
    for route in drawn.routes:
        verdict = look(instance, route.condition)
        looked += verdict.facts
        if verdict.met:
            return (whole.stages[route.target] if route.target else None), looked
    return whole.after(drawn.id), looked


def fault_stage(instance: Instance, stage: StageInstance, error: dict[str, Any]) -> None:
    """A condition of the stage cannot be looked at: the stage is in error, and so is the instance until somebody helps (R3.9)."""
    stage.move(StageStatus.ERROR, reason=error["message"], error=error, data={"error": error})
    fault_instance(instance, _("The stage “%(stage)s” failed.") % {"stage": stage.stage})


def fault_instance(instance: Instance, reason: str) -> None:
    """The instance is in error, unless it already is."""
    if instance.status in (InstanceStatus.IN_PROGRESS, InstanceStatus.SUSPENDED):
        instance.move(InstanceStatus.ERROR, reason=reason)


def cancel_instance(instance: Instance, reason: str, *, by: Person | None = None) -> None:
    """End a live instance: what is open is canceled, what was not sent yet is dropped (R8.2, R9.1)."""
    for step in steps_of(instance):
        cancel(instance, step, reason, by=by)
    for stage in instance.stage_instances.filter(status__in=[StageStatus.IN_PROGRESS, StageStatus.ERROR]):
        stage.move(StageStatus.CANCELED, by=by, reason=reason, ended_at=clock.now())
    Effect.objects.filter(step_instance__instance=instance, status=EffectStatus.PENDING).update(status=EffectStatus.DROPPED)
    instance.move(InstanceStatus.CANCELED, by=by, reason=reason, ended_at=clock.now(), look_again_at=None)


# Steps ---------------------------------------------------------------------------------------------------------------


def steps_of(instance: Instance) -> Any:
    """The instance's step rows; each knows the locked instance, so that all of us move the same object."""
    write(instance)
    return instance.step_instances.select_related("step", "stage_instance", "handles__step")


def _begin_steps(instance: Instance, drawn: StageDrawing, steps: list[StepInstance]) -> None:
    """Begin, or skip, every step that may; a skipped one can let others begin (R3.4, R3.5)."""
    again = True
    while again:
        again = False
        finished = {step.step_id for step in steps if step.status in FINISHED}
        for step in steps:
            if step.status != StepStatus.NOT_STARTED or step.handles_id:
                continue
            definition = drawn.steps[step.step_id]
            if definition.after <= finished:
                _begin_if_it_may(instance, step, definition)
                again = again or step.status == StepStatus.SKIPPED


def _begin_if_it_may(instance: Instance, step: StepInstance, drawn: StepDrawing) -> None:
    if instance.status != InstanceStatus.IN_PROGRESS:  # a step beside it has just failed: nothing new begins (R7.3)
        return
    try:
        held_back = look(instance, drawn.wait_until)
        if not held_back.met:
            _keep_look(step, _as_looked("wait_until", drawn.wait_until, held_back))
            return
        wanted = look(instance, drawn.only_if)
        if wanted.met:
            _begin(instance, step, drawn)
        else:
            looked = _as_looked("only_if", drawn.only_if, wanted)
            step.move(StepStatus.SKIPPED, ended_at=clock.now(), looked=looked, data=_as_data(wanted))
    except Fault as fault:
        fault_step(instance, step, describe(fault))


def _begin(instance: Instance, step: StepInstance, drawn: StepDrawing) -> None:
    now = clock.now()
    if drawn.is_interactive:
        _open_work_item(instance, step, drawn)
        return
    tries = drawn.max_attempts or conf.MAX_ATTEMPTS
    afresh: dict[str, Any] = {"tries_left": tries, "error": {}, "looked": {}, "callback_key": "", "callback": None, **_pin(step, drawn)}
    step.move(StepStatus.IN_PROGRESS, started_at=now, ready_at=now, lane=instance.lane, **afresh)
    instance.ready_steps += 1


def _pin(step: StepInstance, drawn: StepDrawing) -> dict[str, Any]:
    """A step stays with the version of a built flow that is active when it begins (R1.4). Begun again with the same one, it goes on from
    its checkpoint: what a call-out has answered is not asked again.
    """
    version = flows.pinned(drawn.flow)
    return {} if version == step.flow_version_id else {"flow_version_id": version, "checkpoint": {}}


def _open_work_item(instance: Instance, step: StepInstance, drawn: StepDrawing) -> None:
    """An interactive step begins: find who is to do it, and give it to them (R5.1, R5.2)."""
    flows.get(drawn.flow)
    write(instance)
    assignee = assignment.resolve(drawn.assignee, drawn.flow, facts_of(step))
    step.move(StepStatus.IN_PROGRESS, **_pin(step, drawn), started_at=clock.now(), error={}, looked={})
    item = WorkItem.objects.create(
        instance=instance,
        step_instance=step,
        label=drawn.label,
        flow=drawn.flow,
        record_model=instance.record_model,
        record_id=instance.record_id,
        record_label=instance.record_label,
        assigned_at=clock.now(),
        **assignee.columns,
    )
    data, why = {"assignee": assignee.label}, _("The step assigns it to %(source)s.") % {"source": assignment.worded(drawn.assignee)}
    Milestone.record("work_item_assigned", **item.milestone_place(), after=item.status, reason=assignee.warning or why, data=data)
    tell_about(instance, item)


def keep_outputs(step: StepInstance, outputs: dict[str, Any], **columns: Any) -> None:
    """Keep what a step's flow returned on its row, and other columns with it."""
    step.outputs = outputs
    for name, value in columns.items():
        setattr(step, name, value)
    rows.update(step, ["outputs", *columns])


def keep_result(step: StepInstance, result: runner.Result) -> None:
    """Keep what a flow returned, what it has used, what it wants sent, and where it goes on if it has not ended."""
    keep_outputs(step, result.outputs, usage=dict(result.usage), checkpoint=dict(result.checkpoint or {}))
    keep_outbox(step, result)


def keep_usage(step: StepInstance, figures: Mapping[str, float]) -> None:
    """Keep what an attempt has used that came to nothing."""
    if figures:
        step.usage = dict(figures)
        rows.update(step, ["usage"])


def keep_outbox(step: StepInstance, result: runner.Result) -> None:
    """Keep what a flow wants sent; it leaves after the commit."""
    if not result.outbox:
        return
    sent_before = step.effects.count()  # by segments before, and by attempts that then waited
    Effect.objects.bulk_create(
        Effect(
            step_instance=step,
            kind=EffectKind.MAIL if isinstance(sent, flows.Mail) else EffectKind.SLACK,
            key=f"{step.key}-mail-{number}",
            payload=asdict(sent),
            due_at=clock.now(),
        )
        for number, sent in enumerate(result.outbox, start=sent_before + 1)
    )
    step.instance.ready_steps += len(result.outbox)


def submit_form(instance: Instance, item: WorkItem, result: runner.Result, *, by: Person) -> None:
    """The work item's form was submitted: keep what it gave; with the step's last one the step is completed, if it may be (R5.10)."""
    steps = list(steps_of(instance).filter(stage_instance=item.step_instance.stage_instance_id))
    step = next(each for each in steps if each.pk == item.step_instance_id)
    drawn = drawing.of(instance.version).steps[step.step_id]
    step.outputs, step.usage = result.outputs, dict(result.usage)
    if not item.is_last or drawn.complete_when.tree is not None:  # else they are written as the step is completed
        keep_outputs(step, step.outputs, usage=step.usage)
    if item.is_last:
        finish_form(instance, step, drawn, by=by)
    stage = step.stage_instance
    if step.status == StepStatus.COMPLETED and not step.handles_id and stage.status == StageStatus.IN_PROGRESS:
        stage.instance = instance
        instance.present = (stage, steps)


def complete_step(step: StepInstance, *, by: Person | None = None, reason: str = "") -> None:
    """The step has done its work."""
    step.move(
        StepStatus.COMPLETED,
        by=by,
        reason=reason,
        **UNCLAIMED,
        outputs=step.outputs,
        usage=step.usage,
        error={},
        looked={},
        ended_at=clock.now(),
        data={"outputs": {drawing.of(step.instance.version).steps[step.step_id].api_name: step.outputs}},
    )


def _finish_forms(instance: Instance, steps: list[StepInstance]) -> bool:
    """Complete the interactive steps whose forms are all finished, once what they wait for besides holds (R5.10).

    Returns whether one of them was a handler: then other steps have moved too.
    """
    drawn = drawing.of(instance.version).steps
    waiting = [step for step in steps if step.status == StepStatus.IN_PROGRESS and drawn[step.step_id].is_interactive]
    if not waiting:
        return False
    filled_in = set(WorkItem.objects.open().filter(step_instance__in=waiting).values_list("step_instance", flat=True))
    finished = [step for step in waiting if step.pk not in filled_in]
    for step in finished:
        finish_form(instance, step, drawn[step.step_id])
    return any(step.handles_id and step.status != StepStatus.IN_PROGRESS for step in finished)


def finish_form(instance: Instance, step: StepInstance, drawn: StepDrawing, *, by: Person | None = None) -> None:
    """The last form of an interactive step is finished: complete the step, if its further condition holds (R5.10)."""
    try:
        verdict = look(instance, drawn.complete_when)
    except Fault as fault:
        fault_step(instance, step, describe(fault))
        return
    if verdict.met:
        complete_step(step, by=by)
        after_recovery(instance, step)
    else:
        _keep_look(step, _as_looked("complete_when", drawn.complete_when, verdict))


def discontinue(instance: Instance, step: StepInstance, reason: str, *, by: Person | None = None) -> None:
    """What is still open when its stage is left: no attempt of it may commit any more, its work items are canceled (R3.6)."""
    if StepStatus.DISCONTINUED in step.MOVES[step.status]:
        _close(instance, step, StepStatus.DISCONTINUED, reason, by)


def cancel(instance: Instance, step: StepInstance, reason: str, *, by: Person | None = None) -> None:
    """What is still open when its instance is canceled (R8.2)."""
    if StepStatus.CANCELED in step.MOVES[step.status]:
        _close(instance, step, StepStatus.CANCELED, reason, by)


def close_items(instance: Instance, step: StepInstance, reason: str, *, by: Person | None = None) -> None:
    """Cancel the step's open work items; their drafts are kept."""
    for item in step.work_items.open().select_related("step_instance__stage_instance"):
        item.instance = instance
        item.move(WorkItemStatus.CANCELED, by=by, reason=reason, revision=item.revision + 1)
        WorkItem.objects.filter(pk=item.pk).update(reason=reason)
        tell_about(instance, item)


def _close(instance: Instance, step: StepInstance, status: StepStatus, reason: str, by: Person | None) -> None:
    close_items(instance, step, reason, by=by)
    Effect.objects.filter(step_instance=step, status=EffectStatus.PENDING).update(status=EffectStatus.DROPPED)
    step.move(status, by=by, reason=reason, **UNCLAIMED, ended_at=clock.now())


# Faults --------------------------------------------------------------------------------------------------------------


def fault_step(instance: Instance, step: StepInstance, error: dict[str, Any]) -> None:
    """Nothing more will be tried: a handler takes the fault, or the step's stage and instance are in error too (R7.1)."""
    write(instance)
    step.move(StepStatus.ERROR, reason=error["message"], data={"error": error}, error=error, **UNCLAIMED, ended_at=clock.now())
    if step.handles is not None:  # a handler that fails itself is not handled: the fault that it was called for stands
        _stand(instance, step.handles)
        return
    handler = _handler_of(instance, step)
    if handler is None:
        _stand(instance, step)
        return
    recovery = StepInstance.objects.create(instance=instance, stage_instance=step.stage_instance, step_id=handler.id, handles=step)
    try:
        _begin(instance, recovery, handler)
    except Fault as fault:
        fault_step(instance, recovery, describe(fault))


def after_recovery(instance: Instance, handler: StepInstance) -> None:
    """A handler has ended: do what it resolved (R7.2). Changes nothing when the step is no handler."""
    step = handler.handles
    if step is None:
        return
    step = steps_of(instance).get(pk=step.pk)
    if step.status != StepStatus.ERROR:  # an operator was quicker
        return
    resolution, reason = handler.outputs.get("resolution"), _("“%(handler)s” handled it.") % {"handler": handler}
    match resolution:
        case "retry":
            step.move(StepStatus.NOT_STARTED, reason=reason, ended_at=None, looked={})
        case "outputs":
            step.outputs = dict(handler.outputs.get("outputs") or {})
            complete_step(step, reason=reason)
        case "skip":
            step.move(StepStatus.SKIPPED, reason=reason)
        case "go_to" | "end":
            stages = {stage.api_name: stage for stage in drawing.of(instance.version).stages.values()}
            target = stages.get(handler.outputs.get("stage", "")) if resolution == "go_to" else None
            if resolution == "go_to" and target is None:
                _stand(instance, step)
                return
            leave_stage(instance, reason)
            enter(instance, target)
        case _:  # "fail", or nothing that we know
            _stand(instance, step)


def end_recoveries(instance: Instance, step: StepInstance, reason: str, *, by: Person | None = None) -> None:
    """An operator has taken the failed step in hand: whoever was called to mend it need not any more."""
    for recovery in steps_of(instance).filter(handles=step, status=StepStatus.IN_PROGRESS):
        discontinue(instance, recovery, reason, by=by)


def leave_stage(instance: Instance, reason: str, *, by: Person | None = None) -> None:
    """Discontinue the stage that the instance is in, with all that is open in it (R3.6)."""
    instance.left_stage = True
    for stage in instance.stage_instances.filter(status__in=[StageStatus.IN_PROGRESS, StageStatus.ERROR]):
        for step in steps_of(instance).filter(stage_instance=stage):
            discontinue(instance, step, reason, by=by)
        stage.move(StageStatus.DISCONTINUED, by=by, reason=reason, ended_at=clock.now())


def _handler_of(instance: Instance, step: StepInstance) -> StepDrawing | None:
    whole = drawing.of(instance.version)
    stage = whole.stages[step.stage_instance.stage_id]
    if step.recoveries.count() >= MOST_RECOVERIES:
        return None
    return whole.handler_of(stage.steps[step.step_id], stage, step.error.get("type", ""))


def _stand(instance: Instance, step: StepInstance) -> None:
    """Nobody mends the step: its stage and instance are in error until somebody helps."""
    cause = _("“%(step)s” failed.") % {"step": step}
    stage = instance.stage_instances.get(pk=step.stage_instance_id)
    if stage.status == StageStatus.IN_PROGRESS:
        stage.move(StageStatus.ERROR, reason=cause)
    fault_instance(instance, cause)


def facts_of(step: StepInstance) -> Facts:
    """What expressions of the step can read; of a handler also `fault`, what it was called for (R7.2)."""
    facts = Facts(step.instance)
    if step.handles is not None:
        failed = step.handles
        about = {
            "step": failed.step.api_name,
            "label": failed.step.label,
            "attempt": failed.attempt,
            "inputs": _inputs_of(step.instance, failed, facts),
        }
        facts.add("fault", {**about, **failed.error})
    return facts


def _inputs_of(instance: Instance, step: StepInstance, facts: Facts) -> dict[str, Any]:
    """The inputs of a step that has failed, as they are now; null for one that cannot be evaluated, which may be why it failed."""
    inputs: dict[str, Any] = {}
    for name, source in drawing.of(instance.version).steps[step.step_id].inputs.items():
        try:
            inputs[name] = expressions.value_of(source, facts)
        except ExpressionError:
            inputs[name] = None
    return inputs


# Conditions ----------------------------------------------------------------------------------------------------------


def look(instance: Instance, condition: Condition) -> Verdict:
    """Look at a condition about the instance as it is now. Raises Fault when it cannot be evaluated (R3.9)."""
    if condition.tree is None:
        return Verdict(True)
    write(instance)
    with few_queries():
        verdict = condition.look(Facts(instance))
    if not verdict.met and condition.changes_by_itself:
        instance.looks_by_itself = True
    return verdict


def _as_looked(what: str, condition: Condition, verdict: Verdict) -> dict[str, Any]:
    """A look as a row keeps it: which condition, its text, and the tests that decided it (R3.11)."""
    return {"what": what, "text": str(condition), "facts": list(verdict.facts)}


def _as_data(verdict: Verdict) -> dict[str, Any]:
    return {"facts": list(verdict.facts)}


def _keep_look(row: StageInstance | StepInstance, looked: dict[str, Any]) -> None:
    if row.looked != looked:
        row.looked = looked
        rows.update(row, ["looked"])


def _plan_next_look(instance: Instance) -> None:
    """Conditions that can come true by themselves are looked at again by the ticker (R3.8)."""
    live = instance.status == InstanceStatus.IN_PROGRESS and instance.looks_by_itself
    at = clock.now() + timedelta(seconds=conf.LOOK_SECONDS) if live else None
    if at != instance.look_again_at:
        instance.look_again_at = at
        rows.update(instance, ["look_again_at"])


# Telling -------------------------------------------------------------------------------------------------------------


def tell_about(instance: Instance, item: WorkItem) -> None:
    """The pages of those who may do the item, and of its record, are to show the change."""
    instance.news |= dispatch.keys_of(instance) | dispatch.keys_of_item(item)


def settle_again(instance_id: int) -> bool:
    """Settle the instance in a transaction of its own, and take the signals about it off the pile.

    Returns False, and leaves the signals, when somebody else is moving the instance right now.
    """
    with transaction.atomic():
        if not Instance.objects.lock_if_free(instance_id):
            return False
        with lock(instance_id) as instance:
            Signal.objects.filter(instance=instance).delete()
            if instance.is_live and instance.record_id and instance.get_record() is None:
                cancel_instance(instance, _("The record was deleted."))
            settle(instance)
    return True
