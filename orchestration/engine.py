"""How an instance moves. The heart: read it from the top.

Every public function is one verb. It runs in one transaction: business rows are written first, then the instance's row is
locked, once; what the person or the attempt was allowed to do is checked again under that lock; then rows of the
instance move, and `_settle` does whatever the facts now permit. Workers and pages are told after the commit.
"""

import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from orchestration import access, assignment, clock, conf, dispatch, expressions, flows, origin, runner
from orchestration.errors import Conflict, Fault, NotAllowed, Stale, describe
from orchestration.models import (
    Draft,
    Effect,
    Instance,
    Milestone,
    Orchestration,
    Stage,
    StageInstance,
    StartRequest,
    Step,
    StepInstance,
    Submission,
    WorkItem,
)
from orchestration.models.instances import name_of
from orchestration.models.outbox import EffectKind
from orchestration.models.people import Person
from orchestration.models.records import reference, snapshot
from orchestration.states import FINISHED, InstanceStatus, StageStatus, StartOutcome, StepStatus, WorkItemStatus

MAX_DEPTH = 16
"""How long a chain of orchestrations that start each other may get (R2.6)."""

Answers = Mapping[str, Sequence[str]]


# Starting ------------------------------------------------------------------------------------------------------------


def request_start(
    orchestration: Orchestration,
    *,
    record: Model | None = None,
    by: Person | None = None,
    caused_by: Instance | None = None,
) -> StartRequest:
    """Ask for an instance, in the caller's transaction, by inserting one row; a worker makes it after the commit (R2.2)."""
    request = StartRequest.objects.create(
        orchestration=orchestration,
        **reference(record),
        start_values=snapshot(record),
        starter=by,
        caused_by=caused_by,
        requested_at=clock.now(),
    )
    dispatch.after_commit(drains=1)
    return request


def start(api_name: str, *, record: Model | None = None, by: Person | None = None) -> Instance:
    """Start an instance now and return it.

    Raises:
        Orchestration.DoesNotExist: there is none with this API name.
        Conflict: the start was skipped or refused; the message says why, and so does the start request that stays.
    """
    orchestration = Orchestration.objects.get(api_name=api_name)
    with transaction.atomic():
        request = request_start(orchestration, record=record, by=by)
        take_up_start(request.pk)
    request.refresh_from_db()
    if request.instance is None:
        raise Conflict(request.reason)
    return request.instance


def take_up_start(request_id: int) -> bool:
    """Handle one start request, once: make its instance, or note why not. Returns whether there was one to handle."""
    with transaction.atomic():
        request = (
            StartRequest.objects.pending()
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("orchestration", "starter", "caused_by")
            .filter(pk=request_id)
            .first()
        )
        if request is None:
            return False
        instance, reason = _make_instance(request)
        request.instance, request.reason = instance, reason
        request.outcome = StartOutcome.STARTED if instance else StartOutcome.SKIPPED
        request.save(update_fields=["instance", "reason", "outcome"])
    return True


def refuse_start(request_id: int, error: BaseException) -> None:
    """A start request that could not be handled at all is put aside with the reason, so that others get their turn."""
    StartRequest.objects.pending().filter(pk=request_id).update(outcome=StartOutcome.REFUSED, reason=describe(error)["message"])


def _make_instance(request: StartRequest) -> tuple[Instance | None, str]:
    orchestration, cause = request.orchestration, request.caused_by
    version = orchestration.active_version
    depth = cause.depth + 1 if cause else 0
    if version is None:
        return None, _("“%(name)s” has no active version.") % {"name": orchestration}
    if depth > MAX_DEPTH:
        return None, _("The chain of orchestrations that started each other is longer than %(most)d.") % {"most": MAX_DEPTH}
    try:
        with transaction.atomic():
            instance = Instance.objects.create(
                orchestration=orchestration,
                version=version,
                is_guarded=orchestration.one_live_per_record,
                record_model=request.record_model,
                record_id=request.record_id,
                record_label=request.record_label,
                start_values=request.start_values,
                starter=request.starter,
                starter_label=name_of(request.starter),
                caused_by=cause,
                depth=depth,
                started_at=clock.now(),
            )
    except IntegrityError:
        if not _has_live_instance(request):
            raise
        # The constraint “one live instance per record” (R2.5).
        return None, _("“%(name)s” already has a live instance for “%(record)s”.") % {
            "name": orchestration,
            "record": request.record_label,
        }
    data = {"start": instance.start_values}
    Milestone.record("instance_started", instance=instance, after=instance.status, by=request.starter, data=data)
    with _moving(instance.pk) as locked:
        _settle(locked)
    return instance, ""


def _has_live_instance(request: StartRequest) -> bool:
    same = {"orchestration": request.orchestration, "record_model": request.record_model, "record_id": request.record_id}
    return Instance.objects.live().filter(is_guarded=True, **same).exists()


# Background steps ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """One attempt of one background step, held by its token until its lease ends."""

    step_id: int
    instance_id: int
    token: str


def claim_step() -> Claim | None:
    """Take the oldest ready background step for one attempt; None when there is none.

    The attempt is counted here, so that a step which kills its worker runs out of attempts too (R4.6).
    """
    now = clock.now()
    with transaction.atomic():
        step = StepInstance.objects.ready().select_for_update(skip_locked=True, of=("self",)).first()
        if step is None:
            return None
        claim = Claim(step.pk, step.instance_id, secrets.token_hex(16))
        StepInstance.objects.filter(pk=step.pk, ready_at__isnull=False, status=StepStatus.IN_PROGRESS).update(
            token=claim.token,
            lease_until=now + timedelta(seconds=conf.LEASE_SECONDS),
            ready_at=None,
            attempt=F("attempt") + 1,
            tries_left=F("tries_left") - 1,
        )
    return claim


def run_step(claim: Claim) -> None:
    """Run the claimed step's flow; its writes and the step's completion are committed together, or neither (R4.1).

    Raises whatever the flow raises, and Stale when the attempt has been superseded.
    """
    with transaction.atomic():
        step = StepInstance.objects.select_related("step", "instance__starter").get(pk=claim.step_id)
        flow = flows.get(step.step.flow)
        scope = _scope(step.instance)
        if step.instance.record_id and scope["record"] is None:
            raise Fault(_("The record “%(record)s” is gone.") % {"record": step.instance.record_label}, kind="record_gone")
        context = flows.Context(
            record=scope["record"],
            inputs={name: expressions.value_of(source, scope) for name, source in step.step.inputs.items()},
            key=step.key,
            attempt=step.attempt,
        )
        with origin.caused_by(step.instance):
            result = runner.run_autolaunched(flow, context)
        finish_step(claim, result)


def finish_step(claim: Claim, result: runner.Result) -> None:
    """Complete the claimed step, inside the transaction of its flow. Raises Stale when the attempt was superseded."""
    with _moving(claim.instance_id) as instance:
        step = _claimed(instance, claim)
        _complete_step(instance, step, result)
        _settle(instance)


def fail_step(claim: Claim, error: BaseException) -> None:
    """The claimed attempt failed: try again later, or fault the step. A superseded attempt changes nothing."""
    with transaction.atomic(), _moving(claim.instance_id) as instance:
        try:
            step = _claimed(instance, claim)
        except Stale:
            return
        _attempt_failed(instance, step, "attempt_failed", describe(error), may_retry=not isinstance(error, Fault))


def rescue_step(step: StepInstance) -> None:
    """Take up the step of a worker that did not come back in time again (R4.6); changes nothing if it has after all.

    Does not wait for whoever is moving the instance right now, and may be frozen over it: the next tick looks again.
    """
    with transaction.atomic():
        if not Instance.objects.lock_if_free(step.instance_id):
            return
        with _moving(step.instance_id) as instance:
            lost = _steps(instance).filter(pk=step.pk, lease_until__lt=clock.now()).first()
            if lost is not None:
                error = {"type": "worker_lost", "message": _("The worker did not come back in time.")}
                _attempt_failed(instance, lost, "attempt_lost", error, may_retry=True)


def retry_step(step: StepInstance, *, by: Person, reason: str) -> None:
    """Take a failed step up again, with fresh attempts (R7.4).

    Raises NotAllowed when the person may not operate the orchestration, Conflict when the step is not in error.
    """
    with transaction.atomic(), _moving(step.instance_id) as instance:
        if not access.may_operate(by, instance.orchestration):
            raise NotAllowed(_("You may not operate “%(name)s”.") % {"name": instance.orchestration})
        step = _steps(instance).get(pk=step.pk)
        if step.status != StepStatus.ERROR:
            raise Conflict(
                _("“%(step)s” is %(status)s. Only a step in error can be taken up again.")
                % {"step": step, "status": step.get_status_display().lower()}
            )
        step.move(StepStatus.NOT_STARTED, by=by, reason=reason, ended_at=None)
        stage = step.stage_instance
        stage.instance = instance
        if not stage.step_instances.filter(status=StepStatus.ERROR).exists():
            stage.move(StageStatus.IN_PROGRESS, by=by, reason=reason)
            instance.move(InstanceStatus.IN_PROGRESS, by=by, reason=reason)
        _settle(instance)


def _claimed(instance: Instance, claim: Claim) -> StepInstance:
    step: StepInstance | None = _steps(instance).filter(pk=claim.step_id, token=claim.token, status=StepStatus.IN_PROGRESS).first()
    if step is None or not instance.is_live:
        raise Stale(f"step {claim.step_id}: this attempt was superseded")
    return step


def _attempt_failed(instance: Instance, step: StepInstance, kind: str, error: dict[str, Any], *, may_retry: bool) -> None:
    if not may_retry or step.tries_left == 0:
        _fault(instance, step, error)
        return
    again = clock.now() + _back_off(step.attempt)
    StepInstance.objects.filter(pk=step.pk).update(token="", lease_until=None, error=error, ready_at=again)
    Milestone.record(kind, **step.milestone_place(), before=step.status, after=step.status, reason=error["message"])


def _back_off(attempt: int) -> timedelta:
    """How long to wait after an attempt: exponential with full jitter, at most an hour (R4.5)."""
    longest = min(3600.0, conf.RETRY_SECONDS * 2 ** min(attempt, 16))
    return timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311


# Work items ----------------------------------------------------------------------------------------------------------


def claim_work_item(item: WorkItem, *, by: Person) -> WorkItem:
    """Take a shared item for oneself; claiming one's own claim again changes nothing.

    Raises Conflict when somebody else has it or it is done, NotAllowed when the person may not do it.
    """
    with transaction.atomic(), _moving(item.instance_id) as instance:
        item = _open_item(instance, item, by)
        if item.claimed_by_id is None:
            item.change("work_item_claimed", by=by, claimed_by=by, claimed_at=clock.now())
            _tell_about(instance, item)
    return item


def release_work_item(item: WorkItem, *, by: Person) -> WorkItem:
    """Give a claimed item back to those who share it; its draft stays.

    Raises Conflict when somebody else has it or it is done, NotAllowed when the person may not do it.
    """
    with transaction.atomic(), _moving(item.instance_id) as instance:
        item = _open_item(instance, item, by)
        if item.claimed_by_id is not None:
            item.change("work_item_released", by=by, claimed_by=None, claimed_at=None)
            _tell_about(instance, item)
    return item


def save_draft(item: WorkItem, *, by: Person, answers: Answers, screen: int = 0) -> Draft:
    """Keep what has been filled in so far, valid or not (R5.6). Whoever writes in a shared item has thereby claimed it.

    Raises Conflict when somebody else has it or it is done, NotAllowed when the person may not do it.
    """
    with transaction.atomic(), _moving(item.instance_id, quietly=True) as instance:
        item = _open_item(instance, item, by)
        if item.is_shared and item.claimed_by_id is None:
            item.change("work_item_claimed", by=by, claimed_by=by, claimed_at=clock.now())
            _tell_about(instance, item)
        draft, _created = Draft.objects.update_or_create(
            work_item=item,
            defaults={"answers": _kept(flows.get(item.flow), answers), "screen": screen, "saved_by": by, "saved_at": clock.now()},
        )
    return draft


def complete_work_item(item: WorkItem, *, by: Person, answers: Answers, submission_key: str) -> Submission:
    """Finish a work item with the answers of all its screens; the flow's writes are committed with it, or neither.

    The same submission again (same person, same key) returns the first one and changes nothing (R5.4).

    Raises:
        Invalid: an answer is missing or cannot be taken; `.screen` and `.errors` say where.
        Conflict: it was completed, canceled or claimed by somebody else meanwhile, or its instance is suspended.
        NotAllowed: the person may not do it.
    """
    try:
        with transaction.atomic():
            return _complete_work_item(item, by, answers, submission_key)
    except Exception:
        # Whatever stopped this attempt, it may have been that the very same submission got there first.
        same = Submission.objects.filter(work_item=item, key=submission_key, user=by).first()
        if same is None:
            raise
        return same


def _complete_work_item(item: WorkItem, by: Person, answers: Answers, submission_key: str) -> Submission:
    instance = Instance.objects.get(pk=item.instance_id)
    _open_item(instance, item, by, to_submit=True)  # a first look, so that a late form does not run its flow for nothing
    flow = flows.get(item.flow)
    with origin.caused_by(instance):
        result = runner.run_screens(flow, context_for(item, by), answers)
    with _moving(item.instance_id) as instance:
        item = _open_item(instance, item, by, to_submit=True)
        submission = Submission.objects.create(
            work_item=item, key=submission_key, user=by, answers=_kept(flow, answers), created_at=clock.now()
        )
        item.move(
            WorkItemStatus.COMPLETED,
            by=by,
            completed_by=by,
            completed_label=name_of(by),
            completed_at=clock.now(),
            revision=item.revision + 1,
        )
        Draft.objects.filter(work_item=item).delete()
        _tell_about(instance, item)
        step = _steps(instance).get(pk=item.step_instance_id)
        if not step.work_items.open().exists():
            _complete_step(instance, step, result, by=by)
        _settle(instance)
    return submission


def context_for(item: WorkItem, user: Person) -> flows.Context:
    """What the item's screen flow is given, for this person."""
    return flows.Context(record=item.get_record(), user=user, key=item.step_instance.key)


def _open_item(instance: Instance, item: WorkItem, by: Person, *, to_submit: bool = False) -> WorkItem:
    """The item as it is now, if `by` may work on it: the one place where that is decided, asked again under the lock."""
    item = WorkItem.objects.select_related("step_instance__stage_instance", "claimed_by").get(pk=item.pk)
    item.instance = instance
    if item.status == WorkItemStatus.COMPLETED:
        raise Conflict(
            _("Work item “%(item)s” was completed by %(name)s at %(time)s. Reload to see the next step.")
            % {"item": item, "name": item.completed_label, "time": _clock_time(item.completed_at)}
        )
    if item.status == WorkItemStatus.CANCELED:
        raise Conflict(_("Work item “%(item)s” was canceled: %(reason)s") % {"item": item, "reason": item.reason or _("no reason given")})
    if item.claimed_by_id not in (None, by.pk):
        raise Conflict(
            _("%(name)s claimed “%(item)s” at %(time)s. Ask them to release it, or take another one.")
            % {"item": item, "name": name_of(item.claimed_by), "time": _clock_time(item.claimed_at)}
        )
    if to_submit and instance.status == InstanceStatus.SUSPENDED:
        raise Conflict(_("This instance is suspended. Your draft is kept; submit it once an operator resumes it."))
    if not instance.is_live:
        raise Conflict(_("This instance has ended, so there is nothing left to do here."))
    if to_submit and item.record_id and item.get_record() is None:
        raise Conflict(_("The record that this is about, “%(record)s”, was deleted.") % {"record": item.record_label})
    if why := access.why_not(by, item):
        raise NotAllowed(why)
    return item


def _clock_time(at: datetime | None) -> str:
    if at is None:
        return ""
    local = timezone.localtime(at)
    today = timezone.localdate(clock.now())
    return date_format(local, "H:i" if local.date() == today else "j M, H:i")


def _kept(flow: flows.Flow, answers: Answers) -> dict[str, list[str]]:
    """Of what was sent, the answers to the flow's own questions, without the one character that PostgreSQL cannot store."""
    questions = {name for screen in flow.screens for name in screen.base_fields}
    return {name: [value.replace("\0", "") for value in answers[name]] for name in questions & answers.keys()}


# Moving --------------------------------------------------------------------------------------------------------------


def settle(instance_id: int) -> None:
    """Do whatever the facts permit now. Safe at any time, any number of times: it repairs a lost or doubled signal (R3.1)."""
    with transaction.atomic(), _moving(instance_id) as instance:
        _settle(instance)


def _settle(instance: Instance) -> None:
    while instance.status == InstanceStatus.IN_PROGRESS:
        stage = instance.stage_instances.filter(status=StageStatus.IN_PROGRESS).select_related("stage").first()
        if stage is None:
            _go_on(instance)
            continue
        steps = list(_steps(instance).filter(stage_instance=stage))
        for step in _may_begin(steps):
            _begin(instance, step)
        if any(step.status not in FINISHED for step in steps):
            return
        stage.move(StageStatus.COMPLETED, ended_at=clock.now())


def _go_on(instance: Instance) -> None:
    """No stage is in progress: start the next one, or complete the instance (R3.2, R3.10)."""
    stage = _next_stage(instance)
    if stage is None:
        instance.move(InstanceStatus.COMPLETED, ended_at=clock.now())
        return
    iteration = instance.stage_instances.filter(stage=stage).count() + 1
    now = clock.now()
    stage_instance = StageInstance.objects.create(instance=instance, stage=stage, iteration=iteration, started_at=now)
    StepInstance.objects.bulk_create(
        StepInstance(instance=instance, stage_instance=stage_instance, step=step) for step in stage.steps.all()
    )
    Milestone.record("stage_started", **stage_instance.milestone_place(), after=stage_instance.status)


def _next_stage(instance: Instance) -> Stage | None:
    done = instance.stage_instances.order_by("-pk").values_list("stage_id", flat=True).first()
    stages = list(instance.version.stages.all())
    place = next((index for index, stage in enumerate(stages) if stage.pk == done), -1)
    return stages[place + 1] if place + 1 < len(stages) else None


def _may_begin(steps: list[StepInstance]) -> Iterator[StepInstance]:
    """Those not started whose every step to come after is finished (R3.4)."""
    finished = {step.step_id for step in steps if step.status in FINISHED}
    for step in steps:
        if step.status == StepStatus.NOT_STARTED and {before.pk for before in step.step.after.all()} <= finished:
            yield step


def _begin(instance: Instance, step: StepInstance) -> None:
    if instance.status != InstanceStatus.IN_PROGRESS:  # a step beside it has just failed: nothing new begins (R7.3)
        return
    now = clock.now()
    if step.step.is_interactive:
        try:
            _open_work_item(instance, step)
        except Fault as fault:
            _fault(instance, step, describe(fault))
        return
    tries = conf.MAX_ATTEMPTS
    step.move(StepStatus.IN_PROGRESS, started_at=now, ready_at=now, tries_left=tries, error={})
    instance.ready_steps += 1


def _open_work_item(instance: Instance, step: StepInstance) -> None:
    """An interactive step begins: find who is to do it, and give it to them (R5.1, R5.2)."""
    definition: Step = step.step
    flows.get(definition.flow)
    scope = _scope(instance)
    assignee = assignment.resolve(definition, scope["record"], scope)
    step.move(StepStatus.IN_PROGRESS, started_at=clock.now(), error={})
    item = WorkItem.objects.create(
        instance=instance,
        step_instance=step,
        label=definition.label,
        flow=definition.flow,
        record_model=instance.record_model,
        record_id=instance.record_id,
        record_label=instance.record_label,
        assigned_at=clock.now(),
        **assignee.columns,
    )
    data = {"assignee": assignee.label}
    Milestone.record("work_item_assigned", **item.milestone_place(), after=item.status, reason=assignee.warning, data=data)
    _tell_about(instance, item)


def _complete_step(instance: Instance, step: StepInstance, result: runner.Result, *, by: Person | None = None) -> None:
    step.move(
        StepStatus.COMPLETED,
        by=by,
        token="",
        lease_until=None,
        outputs=result.outputs,
        error={},
        ended_at=clock.now(),
        data={"outputs": {step.step.api_name: result.outputs}},
    )
    Effect.objects.bulk_create(
        Effect(
            step_instance=step,
            kind=EffectKind.MAIL,
            key=f"{step.key}-mail-{number}",
            payload={"to": mail.to, "subject": mail.subject, "body": mail.body},
            due_at=clock.now(),
        )
        for number, mail in enumerate(result.mails, start=1)
    )
    instance.ready_steps += len(result.mails)


def _fault(instance: Instance, step: StepInstance, error: dict[str, Any]) -> None:
    """Nothing more will be tried: the step is in error, and so are its stage and instance until somebody helps (R7.1)."""
    reason = error["message"]
    step.move(StepStatus.ERROR, reason=reason, data={"error": error}, error=error, token="", lease_until=None, ended_at=clock.now())
    stage = step.stage_instance
    stage.instance = instance
    cause = _("“%(step)s” failed.") % {"step": step}
    if stage.status == StageStatus.IN_PROGRESS:
        stage.move(StageStatus.ERROR, reason=cause)
    if instance.status in (InstanceStatus.IN_PROGRESS, InstanceStatus.SUSPENDED):
        instance.move(InstanceStatus.ERROR, reason=cause)


def _steps(instance: Instance) -> Any:
    """The instance's step rows; each knows the locked instance, so that all helpers move the same object."""
    return instance.step_instances.select_related("step", "stage_instance").prefetch_related("step__after")


def _scope(instance: Instance) -> dict[str, Any]:
    """What expressions can read at this moment (R6.1)."""
    steps: dict[str, Any] = {}
    for step in instance.step_instances.select_related("step").order_by("pk"):  # the newest iteration wins
        steps[step.step.api_name] = {"outputs": step.outputs, "status": step.status}
    return {
        "record": instance.get_record(),
        "start": instance.start_values,
        "steps": steps,
        "instance": {"id": instance.pk, "started_at": instance.started_at},
        "starter": instance.starter,
        "now": clock.now(),
        "today": timezone.localdate(clock.now()),
    }


@contextmanager
def _moving(instance_id: int, *, quietly: bool = False) -> Iterator[Instance]:
    """Lock the instance, last and once; when the transaction is committed, tell workers and pages what came of it.

    `quietly`: tell nobody but those whom `_tell_about` names.
    """
    instance = Instance.objects.locked(instance_id)
    yield instance
    changed = instance.news if quietly else instance.news | dispatch.keys_of(instance)
    dispatch.after_commit(drains=instance.ready_steps, changed=changed)


def _tell_about(instance: Instance, item: WorkItem) -> None:
    instance.news |= dispatch.keys_of(instance) | dispatch.keys_of_item(item)
