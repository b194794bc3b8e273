"""The verbs: everything that can be asked of an instance. The heart; read it from the top, then `moving`.

Each verb runs in one transaction: business rows are written first, then the instance's row is locked, once; what the person
or the attempt may do is checked again under that lock; then rows of the instance move, and `moving.settle` does whatever
the facts now permit. Workers and pages are told after the commit.
"""

import contextvars
import logging
import random
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from orchestration import (
    access,
    assignment,
    callbacks,
    claiming,
    clock,
    conf,
    dispatch,
    drawing,
    expressions,
    failpoints,
    flows,
    moving,
    origin,
    runner,
    values,
)
from orchestration.claiming import Claim
from orchestration.errors import Conflict, Fault, Invalid, NotAllowed, Stale, describe
from orchestration.facts import Facts
from orchestration.models import (
    Attachment,
    Draft,
    Instance,
    Milestone,
    Orchestration,
    Signal,
    StartRequest,
    StepInstance,
    Submission,
    WorkItem,
)
from orchestration.models.definitions import Rollout, RunAs
from orchestration.models.instances import name_of
from orchestration.models.people import Person
from orchestration.models.records import model_label, reference
from orchestration.reach import Reach
from orchestration.states import InstanceStatus, StartOutcome, StepStatus, WorkItemStatus

log = logging.getLogger(__name__)

MAX_DEPTH = 16
"""How long a chain of orchestrations that start each other may get (R2.6)."""

Answers = Mapping[str, Sequence[str]]


# Starting ------------------------------------------------------------------------------------------------------------


def request_start(
    orchestration: Orchestration,
    *,
    record: Model | None = None,
    inputs: Mapping[str, Any] | None = None,
    by: Person | None = None,
    key: str | None = None,
) -> StartRequest:
    """Ask for an instance, in the caller's transaction, by inserting one row; a worker makes it after the commit (R2.2)."""
    request = new_request(orchestration, record, by=by, inputs=dict(inputs or {}), key=key)
    request.save(force_insert=True)
    dispatch.after_commit(drains=1)
    return request


def new_request(orchestration: Orchestration, record: Model | None, *, by: Person | None, **columns: Any) -> StartRequest:
    """A start request that nobody has heard of yet; `request_starts` inserts it."""
    return StartRequest.objects.about(orchestration, record, starter=by, caused_by=origin.cause(), **columns)


def refused_request(orchestration: Orchestration, record: Model, error: BaseException, *, by: Person | None) -> StartRequest:
    """An entry condition that cannot be evaluated: the save goes on, and an entry says why nothing starts (R2.2)."""
    return StartRequest(
        orchestration=orchestration,
        **reference(record),
        starter=by,
        requested_at=clock.now(),
        outcome=StartOutcome.REFUSED,
        reason=describe(error)["message"],
    )


def request_starts(requests: Sequence[StartRequest]) -> None:
    """Insert what `new_request` and `refused_request` made, with one statement however many they are (on SQLite one for each few dozen)."""
    if requests:
        # A due time that somebody else has used meanwhile is no reason for a save to fail (R2.3).
        StartRequest.objects.bulk_create(requests, ignore_conflicts=True)
    if pending := sum(request.outcome == StartOutcome.PENDING for request in requests):
        dispatch.after_commit(drains=pending)


def start(
    api_name: str,
    *,
    record: Model | None = None,
    inputs: Mapping[str, Any] | None = None,
    by: Person | None = None,
    key: str | None = None,
) -> Instance:
    """Start an instance now and return it. The same `key` again returns the instance of the first call (R2.4).

    Raises:
        Orchestration.DoesNotExist: there is none with this API name.
        Invalid: an input is missing, unknown or of the wrong type, or the record of another model; nothing was written.
        Conflict: the start was skipped or refused; the message says why, and so does the start request that stays.
    """
    orchestration = Orchestration.objects.get(api_name=api_name)
    if key is not None and (known := StartRequest.objects.filter(orchestration=orchestration, key=key).first()):
        return _instance_of(known)
    if orchestration.record_model and record is not None and model_label(record) != orchestration.record_model:
        raise Invalid(_("“%(name)s” is about %(model)s.") % {"name": orchestration, "model": orchestration.record_model})
    version = orchestration.active_version
    accepted = values.accepted(version.inputs, inputs or {}) if version else {}
    try:
        with transaction.atomic():
            request = request_start(orchestration, record=record, inputs=accepted, by=by, key=key)
            take_up_start(request.pk)
    except IntegrityError:
        # The same key, by a call that was a moment quicker.
        request = StartRequest.objects.get(orchestration=orchestration, key=key)
    return _instance_of(request)


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
        try:
            request.instance = _make_instance(request)
            request.outcome = StartOutcome.STARTED
        except Conflict as conflict:
            request.outcome, request.reason = StartOutcome.SKIPPED, str(conflict)
        request.save(update_fields=["instance", "reason", "outcome"])
        failpoints.reach("start.before_commit")
    failpoints.reach("start.committed")
    return True


def refuse_start(request_id: int, error: BaseException) -> None:
    """A start request that could not be handled at all is put aside with the reason, so that others get their turn."""
    StartRequest.objects.pending().filter(pk=request_id).update(outcome=StartOutcome.REFUSED, reason=describe(error)["message"])


def _instance_of(request: StartRequest) -> Instance:
    request.refresh_from_db()
    if request.instance is None:
        raise Conflict(request.reason or _("“%(name)s” is being started by somebody else.") % {"name": request.orchestration})
    return request.instance


def _make_instance(request: StartRequest) -> Instance:
    """The instance of a start request. Raises Conflict when there is to be none."""
    orchestration, cause = request.orchestration, request.caused_by
    version = orchestration.active_version
    depth = cause.depth + 1 if cause else 0
    if version is None:
        raise Conflict(_("“%(name)s” has no active version.") % {"name": orchestration})
    if depth > MAX_DEPTH:
        raise Conflict(_("The chain of orchestrations that started each other is longer than %(most)d.") % {"most": MAX_DEPTH})
    try:
        _pass_rollout(request)
    except Fault as fault:
        raise Conflict(_("Whether it may start cannot be said: %(reason)s") % {"reason": fault}) from fault
    instance = Instance(
        orchestration=orchestration,
        version=version,
        is_guarded=orchestration.one_live_per_record,
        record_model=request.record_model,
        record_id=request.record_id,
        record_label=request.record_label,
        start_values=request.start_values,
        inputs=request.inputs,
        variables={name: about.get("default") for name, about in version.variables.items()},
        starter=request.starter,
        starter_label=name_of(request.starter),
        caused_by=cause,
        depth=depth,
        started_at=clock.now(),
    )
    if request.due_at is not None and not _is_wanted_now(instance):
        raise Conflict(_("Its condition did not hold when the time came."))
    try:
        with transaction.atomic():
            instance.save()
    except IntegrityError:
        if not _has_live_instance(request):
            raise
        # The constraint “one live instance per record” (R2.5).
        names = {"name": orchestration, "record": request.record_label}
        raise Conflict(_("“%(name)s” already has a live instance for “%(record)s”.") % names) from None
    begin(instance)
    return instance


def begin(instance: Instance) -> None:
    """An instance that has just been inserted sets out."""
    data = {"start": instance.start_values, "inputs": instance.inputs, "vars": instance.variables}
    Milestone.record("instance_started", instance=instance, after=instance.status, by=instance.starter, data=data)
    with moving.lock(instance.pk) as locked:
        moving.settle(locked)


def _is_wanted_now(instance: Instance) -> bool:
    """Whether the entry condition of a start by time holds, now that the time has come (R2.3)."""
    return expressions.condition(instance.version.entry_condition).look(Facts(instance)).met


def _pass_rollout(request: StartRequest) -> None:
    """Raise Conflict when the orchestration's rollout gate keeps this start away (R1.5)."""
    orchestration, starter = request.orchestration, request.starter
    match orchestration.rollout:
        case Rollout.OFF:
            is_open = False
        case Rollout.STAFF:
            is_open = bool(starter and starter.is_active and starter.is_staff)
        case Rollout.PERMITTED:
            is_open = bool(starter and access.may_start(starter, orchestration))
        case Rollout.CONDITION:
            is_open = expressions.condition(orchestration.rollout_condition).look({"record": request.get_record()}).met
        case Rollout.PERCENTAGE:
            # The same record always falls on the same side, and a larger share keeps those that were in.
            is_open = zlib.crc32(f"{orchestration.api_name}:{request.record_id}".encode()) % 100 < orchestration.rollout_percentage
        case _:
            is_open = True
    if not is_open:
        names = {"name": orchestration, "rollout": orchestration.get_rollout_display()}
        raise Conflict(_("“%(name)s” starts only %(rollout)s.") % names)


def _has_live_instance(request: StartRequest) -> bool:
    same = {"orchestration": request.orchestration, "record_model": request.record_model, "record_id": request.record_id}
    return Instance.objects.live().filter(is_guarded=True, **same).exists()


# Background steps ----------------------------------------------------------------------------------------------------


def claim_step() -> Claim | None:
    """Take a ready background step for one attempt; None when there is none. Orchestrations take turns (R4.2)."""
    with transaction.atomic():
        claim = claiming.claim()
        failpoints.reach("claim.before_commit")
    failpoints.reach("claim.committed")
    return claim


def run_step(claim: Claim, *, go_on: bool = False) -> Claim | None:
    """Run the claimed step's flow; its writes and the step's completion are committed together, or neither (R4.1).

    With `go_on`, the worker's next step is claimed in the same commit and returned: of the same instance if one of it is ready (R4.2).
    A built flow with call-outs commits each of its segments with a checkpoint, and asks the network in between (R4.3).
    Raises whatever the flow raises, and Stale when the attempt has been superseded.
    """
    step = claim.step
    drawn = drawing.of(step.instance.version).steps[step.step_id]
    flow = flows.get(drawn.flow, step.flow_version_id)
    usage, reply = runner.Usage(str(flow.label)), None
    if flow.network is not None:
        reply = runner.ask_network(flow, _background_context(step, drawn, flow), usage)
    while True:
        call, following = _run_segment(claim, drawn, flow, usage, reply, go_on=go_on)
        if call is None:
            failpoints.reach("finish.committed")
            return following
        _keep_checkpoint(claim, runner.call_out(flow, call, step.checkpoint, usage))


def _run_segment(
    claim: Claim, drawn: drawing.StepDrawing, flow: flows.Flow, usage: runner.Usage, reply: Any, *, go_on: bool
) -> tuple[runner.CallOut | None, Claim | None]:
    """One transaction of a step's flow, which is the whole of it unless it calls out: the call-out that it has come to, or what follows."""
    step = claim.step
    with transaction.atomic():
        context = _background_context(step, drawn, flow)  # the record as it is now, after however long the network took
        context.reply = reply
        with origin.caused_by(step.instance):
            result = runner.run_autolaunched(flow, context, usage, step.checkpoint)
        failpoints.reach("flow.done")
        if result.call is None:
            return None, finish_step(claim, result, go_on=go_on)
        if result.checkpoint != step.checkpoint or result.outbox:
            with moving.lock(claim.instance_id) as instance:
                moving.keep_result(_claimed(instance, claim), result)
            step.checkpoint = dict(result.checkpoint or {})
    return result.call, None


def _keep_checkpoint(claim: Claim, checkpoint: dict[str, Any]) -> None:
    """What a call-out has answered is kept at once: no later attempt asks again. Raises Stale when the attempt was superseded."""
    if StepInstance.objects.filter(pk=claim.step_id, token=claim.token).update(checkpoint=checkpoint) != 1:
        raise Stale(f"step {claim.step_id}: this attempt was superseded")
    claim.step.checkpoint = checkpoint


def finish_step(claim: Claim, result: runner.Result, *, go_on: bool = False) -> Claim | None:
    """Complete the claimed step, or let it wait, inside the transaction of its flow. Raises Stale when the attempt was superseded."""
    if result.wait is not None or claim.step.handles_id:
        _finish_unusually(claim, result)
        return claiming.claim(claim.instance_id) if go_on else None
    with moving.in_time():
        instance = claiming.finish(claim, result.outputs, dict(result.usage))
    failpoints.reach("finish.locked")
    failpoints.reach("finish.step_done")
    moving.keep_outbox(claim.step, result)
    moving.settle(instance)
    following = claiming.claim_unwritten(instance) if go_on else None
    moving.conclude(instance)
    failpoints.reach("finish.settled")
    return following or (claiming.claim(instance.pk) if go_on else None)


def _finish_unusually(claim: Claim, result: runner.Result) -> None:
    """A flow that is to be called again, or that was a handler of faults."""
    with moving.lock(claim.instance_id) as instance:
        step = _claimed(instance, claim)
        failpoints.reach("finish.locked")
        moving.keep_result(step, result)
        if result.wait is not None:
            _wait(instance, step, result.wait)
            return
        moving.complete_step(step)
        failpoints.reach("finish.step_done")
        moving.after_recovery(instance, step)
        moving.settle(instance)


def call_back(step: StepInstance, key: str, payload: Any) -> bool:
    """The outside has called: let the step's flow go on with `payload` (R4.4). A second call changes nothing.

    Returns whether this call was the one that counts. Raises Conflict when the step has never waited for such a call.
    """
    with transaction.atomic(), moving.lock(step.instance_id) as instance:
        step = moving.steps_of(instance).get(pk=step.pk)
        if not key or step.callback_key != key:
            raise Conflict(_("This step waits for no such call."))
        if step.callback is not None or step.status != StepStatus.IN_PROGRESS:
            return False
        waiting = {} if step.token else {"ready_at": clock.now(), "lane": instance.lane}
        StepInstance.objects.filter(pk=step.pk).update(callback={"body": payload}, **waiting)
        Milestone.record("callback_received", **step.milestone_place(), before=step.status, after=step.status)
        instance.ready_steps += 1
    return True


class Heartbeat:
    """Extends the lease of the claim that a worker is at, so that a long step is not taken for lost; but never beyond its run time.

    Not on SQLite, where the flow's own transaction holds the only write lock: there nobody could take the step anyway.
    """

    def __init__(self) -> None:
        self._claim: Claim | None = None
        self._until = 0.0
        self._done = threading.Event()
        # In the context of whoever makes it: time may be moved there.
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._beat,), daemon=True)

    def __enter__(self) -> "Heartbeat":
        if connection.vendor != "sqlite":
            self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join(conf.LEASE_SECONDS / 3)

    def at(self, claim: Claim) -> None:
        """The worker is at this claim now."""
        self._claim, self._until = claim, time.monotonic() + conf.RUN_SECONDS

    def _beat(self) -> None:
        while not self._done.wait(conf.LEASE_SECONDS / 3):
            claim = self._claim
            if claim is not None and time.monotonic() < self._until:
                lease = clock.now() + timedelta(seconds=conf.LEASE_SECONDS)
                try:
                    StepInstance.objects.filter(pk=claim.step_id, token=claim.token).update(lease_until=lease)
                except DatabaseError as error:  # the next beat is still in time
                    log.warning("Step %d: its lease could not be extended: %s", claim.step_id, error)
                    connection.close()
        connection.close()


def _background_context(step: StepInstance, drawn: drawing.StepDrawing, flow: flows.Flow) -> flows.Context:
    """What the step's flow is given. Raises Fault when something of it cannot be had."""
    instance, facts = step.instance, moving.facts_of(step)

    def record() -> Model:
        if facts["record"] is None:
            raise Fault(_("The record “%(record)s” is gone.") % {"record": instance.record_label}, kind="record_gone")
        return facts["record"]  # type: ignore[no-any-return]

    user = _who_runs(drawn, facts)
    own_rights = flow.changes_record and not flow.as_system
    if own_rights and user is not None and instance.record_id and not access.may_change_record(user, record()):
        names = {"user": name_of(user), "record": record()}
        raise Fault(_("It runs as %(user)s, who may not change “%(record)s”.") % names, kind="permission")
    return flows.Context(
        record=SimpleLazyObject(record) if instance.record_id else None,
        record_id=instance.record_id,
        inputs={name: expressions.value_of(source, facts) for name, source in drawn.inputs.items()},
        user=user,
        key=step.key,
        attempt=step.attempt,
        fault=facts.get("fault"),
        address_of_callback=lambda: callbacks.url_of(step),
        callback=step.callback["body"] if step.callback is not None else None,
    )


def _who_runs(drawn: drawing.StepDrawing, facts: Facts) -> Any:
    """The person as whom a background step runs (R4.8); None is the system itself, where the site names no service user."""
    if drawn.run_as == RunAs.COMPLETER:
        completer = facts["completer"]
        if completer is None or not completer.is_active:  # nobody is not the system itself, which may do anything
            raise Fault(_("It runs as whoever completed the latest work item, and there is no such active account."), kind="run_as")
        return completer
    name = drawn.run_as_user if drawn.run_as == RunAs.USER else conf.SERVICE_USER
    if not name:
        return None
    user = assignment.user_named(name)
    if user is None or not user.is_active:
        raise Fault(_("It runs as “%(name)s”, who has no active account.") % {"name": name}, kind="run_as")
    return user


def _wait(instance: Instance, step: StepInstance, wait: flows.Wait) -> None:
    """The flow is to be called again: at a time, or after a callback. Uses up no attempt (R4.5)."""
    columns: dict[str, Any] = {**moving.UNCLAIMED, "error": {}, "tries_left": step.tries_left + 1}
    if wait.until is not None or step.callback is not None:
        columns |= {"ready_at": wait.until or clock.now(), "lane": instance.lane}
    StepInstance.objects.filter(pk=step.pk).update(**columns)
    data = {"until": wait.until.isoformat() if wait.until else "callback"}
    Milestone.record("attempt_deferred", **step.milestone_place(), before=step.status, after=step.status, data=data)


def fail_step(claim: Claim, error: BaseException) -> None:
    """The claimed attempt failed: try again later, or fault the step. A superseded attempt changes nothing."""
    with transaction.atomic(), moving.lock(claim.instance_id) as instance:
        try:
            step = _claimed(instance, claim)
        except Stale:
            return
        moving.keep_usage(step, getattr(error, "usage", {}))
        _attempt_failed(instance, step, "attempt_failed", describe(error), may_retry=not isinstance(error, Fault))


def rescue_step(step: StepInstance) -> None:
    """Take up the step of a worker that did not come back in time again (R4.6); changes nothing if it has after all.

    Does not wait for whoever is moving the instance right now, and may be frozen over it: the next tick looks again.
    """
    with transaction.atomic():
        if not Instance.objects.lock_if_free(step.instance_id):
            return
        with moving.lock(step.instance_id) as instance:
            lost = moving.steps_of(instance).filter(pk=step.pk, lease_until__lt=clock.now()).first()
            if lost is not None:
                error = {"type": "worker_lost", "message": _("The worker did not come back in time.")}
                _attempt_failed(instance, lost, "attempt_lost", error, may_retry=True)


def _claimed(instance: Instance, claim: Claim) -> StepInstance:
    step: StepInstance | None = moving.steps_of(instance).filter(pk=claim.step_id, token=claim.token, status=StepStatus.IN_PROGRESS).first()
    if step is None or not instance.is_live:
        raise Stale(f"step {claim.step_id}: this attempt was superseded")
    return step


def _attempt_failed(instance: Instance, step: StepInstance, kind: str, error: dict[str, Any], *, may_retry: bool) -> None:
    if not may_retry or step.tries_left == 0:
        moving.fault_step(instance, step, error)
        return
    again = clock.now() + max(_back_off(step.attempt), timedelta(seconds=error.get("after", 0)))
    StepInstance.objects.filter(pk=step.pk).update(token="", lease_until=None, error=error, ready_at=again, lane=instance.lane)
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
    with transaction.atomic(), moving.lock(item.instance_id) as instance:
        item = _open_item(item, by, instance)
        if item.claimed_by_id is None:
            item.change("work_item_claimed", by=by, claimed_by=by, claimed_at=clock.now())
            moving.tell_about(instance, item)
    return item


def release_work_item(item: WorkItem, *, by: Person) -> WorkItem:
    """Give a claimed item back to those who share it; its draft stays.

    Raises Conflict when somebody else has it or it is done, NotAllowed when the person may not do it.
    """
    with transaction.atomic(), moving.lock(item.instance_id) as instance:
        item = _open_item(item, by, instance)
        if item.claimed_by_id is not None:
            item.change("work_item_released", by=by, claimed_by=None, claimed_at=None)
            moving.tell_about(instance, item)
    return item


def save_draft(item: WorkItem, *, by: Person, answers: Answers, screen: int = 0) -> Draft:
    """Keep what has been filled in so far, valid or not (R5.6). Whoever writes in a shared item has thereby claimed it.

    Raises Conflict when somebody else has it or it is done, NotAllowed when the person may not do it.
    """
    with transaction.atomic(), moving.lock(item.instance_id, quietly=True) as instance:
        item = _open_item(item, by, instance)
        if item.is_shared and item.claimed_by_id is None:
            item.change("work_item_claimed", by=by, claimed_by=by, claimed_at=clock.now())
            moving.tell_about(instance, item)
        draft, _created = Draft.objects.update_or_create(
            work_item=item,
            defaults={"answers": _kept(item.get_flow(), answers), "screen": screen, "saved_by": by, "saved_at": clock.now()},
        )
    return draft


def keep_upload(item: WorkItem, *, by: Person, name: str, content: bytes, content_type: str) -> Attachment:
    """Keep a file that was handed in with the draft of an item; it counts once the item is completed.

    Raises Invalid when the item takes no more files, Conflict when somebody else has it or it is done, NotAllowed when the person may not.
    """
    with transaction.atomic(), moving.lock(item.instance_id, quietly=True) as instance:
        item = _open_item(item, by, instance)
        if Attachment.objects.filter(work_item=item).count() >= conf.UPLOADS_PER_ITEM:
            raise Invalid(_("At most %(most)d files can be handed in here. Remove one first") % {"most": conf.UPLOADS_PER_ITEM})
        place = {"record": item.get_record(), "work_item": item, "step_instance": item.step_instance}
        kept: Attachment = Attachment.objects.keep(content, name=name, content_type=content_type, by=by, is_draft=True, **place)
    return kept


def drop_upload(item: WorkItem, key: str, *, by: Person) -> None:
    """Throw away a file that was handed in with the draft of an item; changes nothing when there is none.

    Raises Conflict when somebody else has the item or it is done, NotAllowed when the person may not do it.
    """
    with transaction.atomic(), moving.lock(item.instance_id, quietly=True) as instance:
        item = _open_item(item, by, instance)
        Attachment.objects.filter(work_item=item, is_draft=True, key=key).delete()


def complete_work_item(item: WorkItem, *, by: Person, answers: Answers, submission_key: str) -> Submission:
    """Finish a work item with the answers of all its screens; the flow's writes are committed with it, or neither.

    The same submission again (same person, same key) returns the first one and changes nothing (R5.4).

    Raises:
        Invalid: an answer is missing or cannot be taken; `.screen` and `.errors` say where.
        Conflict: it was completed, canceled or claimed by somebody else meanwhile, or its instance is suspended.
        NotAllowed: the person may not do it.
    """
    try:
        with moving.in_time(), transaction.atomic():  # what the flow writes may be locked by somebody else
            submission = _complete_work_item(item, by, answers, submission_key)
            failpoints.reach("item.before_commit")
        failpoints.reach("item.committed")
    except Exception:
        # Whatever stopped this attempt, it may have been that the very same submission got there first.
        same = Submission.objects.filter(work_item=item, key=submission_key, user=by).first()
        if same is None:
            raise
        return same
    return submission


def _complete_work_item(item: WorkItem, by: Person, answers: Answers, submission_key: str) -> Submission:
    item = _open_item(item, by, to_submit=True)  # a first look, so that a late form does not run its flow for nothing
    flow = item.get_flow()
    with origin.caused_by(item.instance):
        result = runner.run_screens(flow, context_for(item, by), answers)
    with moving.lock(item.instance_id) as instance:
        if instance.starter_id == by.pk:
            instance.starter = by  # the same person, of whom more is known already
        item = _open_item(item, by, instance, to_submit=True)
        submission = Submission.objects.create(
            work_item=item, key=submission_key, user=by, answers=_kept(flow, result.answers), created_at=clock.now()
        )
        item.move(
            WorkItemStatus.COMPLETED,
            by=by,
            completed_by=by,
            completed_label=name_of(by),
            completed_at=clock.now(),
            revision=item.revision + 1,
        )
        if hasattr(item, "draft"):
            item.draft.delete()
        moving.tell_about(instance, item)
        moving.keep_outbox(item.step_instance, result)
        moving.submit_form(instance, item, result, by=by)
        moving.settle(instance)
    return submission


def context_for(item: WorkItem, user: Person) -> flows.Context:
    """What the item's screen flow is given, for this person.

    Raises Conflict when an input of its step cannot be had.
    """
    step = item.step_instance
    try:
        facts = moving.facts_of(step) if step.step.inputs else {}
        inputs = {name: expressions.value_of(source, facts) for name, source in step.step.inputs.items()}
    except Fault as fault:
        raise Conflict(_("This form cannot be shown: %(error)s Tell those who built it.") % {"error": fault}) from fault
    return flows.Context(record=item.record, inputs=inputs, user=user, key=step.key, reach=Reach(user, item))


def signal_records_changed(records: Sequence[Model], *, but_not: Instance | None = None) -> None:
    """In the transaction that changes records of one model: their live instances are to look at their conditions again (R3.8).

    `but_not`: the instance whose own flow changes them, which settles in any case.
    """
    about = {"record_model": model_label(records[0]), "record_id__in": [str(record.pk) for record in records]}
    live = Instance.objects.live().filter(**about).exclude(pk=but_not.pk if but_not else 0)
    signals = [Signal(instance_id=pk, created_at=clock.now()) for pk in live.values_list("pk", flat=True)]
    if signals:
        Signal.objects.bulk_create(signals)
        dispatch.after_commit(drains=len(signals))


def settle(instance_id: int) -> bool:
    """Do whatever the facts permit now. Safe at any time, any number of times: it repairs a lost or doubled signal (R3.1).

    Does not wait for whoever is moving the instance right now: they settle it themselves. Returns whether it was free.
    """
    return moving.settle_again(instance_id)


def _open_item(item: WorkItem, by: Person, instance: Instance | None = None, *, to_submit: bool = False) -> WorkItem:
    """The item as it is now, if `by` may work on it: the one place where that is decided, asked again under the lock of `instance`."""
    parts = ("step_instance__stage_instance", "step_instance__step", "claimed_by", "draft", *([] if instance else ["instance"]))
    item = WorkItem.objects.marked_for(by).with_siblings().select_related(*parts).get(pk=item.pk)
    if instance is None:
        instance = item.instance
    item.instance = item.step_instance.instance = instance
    if (item.record_model, item.record_id) == (instance.record_model, instance.record_id):
        item.record = instance.get_record()
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
    if to_submit and item.record_id and item.record is None:
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
    return {name: [value.replace("\0", "") for value in values] for name, values in flow.form.own_answers(answers).items()}
