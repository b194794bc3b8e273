"""What a worker runs (drain, the one kind of job) and what the ticker runs (tick)."""

import logging
import time
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import InterfaceError, InternalError, OperationalError, connection

from orchestration import claiming, clock, conf, dispatch, effects, engine, failpoints, runner, triggers
from orchestration.claiming import Claim
from orchestration.errors import Busy, Stale
from orchestration.models import Effect, Instance, Signal, StartRequest, StepInstance

log = logging.getLogger(__name__)

MOST_LOOKS = 200
"""Instances that one tick looks at again; the others come next."""

NOT_BEFORE = timedelta(minutes=5)
"""How long an instance that cannot even be settled is left alone."""

MOMENTARY = (OperationalError, InterfaceError, InternalError)
"""What a database says when it is busy, restarts or cuts a session off. Bad data is something else."""

MOST_TRIED = 8
"""How many start requests are looked at in search of one that no other worker has in hand, frozen or not."""

TURN = 0.2
"""Seconds for which steps are done one after the other; then starts, signals and effects have a turn."""


def drain() -> None:
    """Do whatever is ready, one thing after the other, until nothing is left or the time is up.

    Carries no arguments and decides nothing: a lost, doubled or late drain changes nothing but the delay.
    """
    until = time.monotonic() + conf.DRAIN_SECONDS
    with dispatch.gathered(), engine.Heartbeat() as heartbeat, runner.alarm():
        while time.monotonic() < until:
            if not any([_start_next(), _signal_next(), _steps_next(heartbeat), effects.deliver_next()]):
                return
    dispatch.hint()


def tick() -> None:
    """One turn of the ticker: take up what was lost, and wake workers for whatever is due (R4.2)."""
    triggers.start_what_is_due()
    for step in StepInstance.objects.lease_expired():
        try:
            engine.rescue_step(step)
            failpoints.reach("tick.rescued")
        except Exception:  # one bad row must not keep the others from being rescued
            log.exception("Step %d could not be rescued.", step.pk)
    _signal_second_looks()
    if due := _due():
        dispatch.hint(due)


def _due() -> int:
    """How many things wait for a worker, as far as that matters for waking workers."""
    most = dispatch.MOST_HINTS
    waiting = [StartRequest.objects.pending(), Signal.objects.all(), Effect.objects.due()]
    waiting += [StepInstance.objects.ready().filter(lane=lane) for lane in claiming.lanes()[:most]]
    return sum(len(things.values_list("pk")[:most]) for things in waiting)


def _start_next() -> bool:
    for request_id in StartRequest.objects.pending().values_list("pk", flat=True)[:MOST_TRIED]:
        try:
            if engine.take_up_start(request_id):
                return True
        except MOMENTARY as error:  # it stays pending: a start is never lost because the database was busy
            log.warning("Start request %d has to wait: %s", request_id, error)
            connection.close_if_unusable_or_obsolete()
        except Exception as error:
            log.exception("Start request %d could not be handled.", request_id)
            engine.refuse_start(request_id, error)
            return True
    return False


def _signal_second_looks() -> None:
    """Conditions that may have come true by themselves: workers are to look (R3.8). The ticker itself locks nothing."""
    due = list(Instance.objects.to_look_at().values_list("pk", flat=True)[:MOST_LOOKS])
    Signal.objects.bulk_create(Signal(instance_id=pk, created_at=clock.now()) for pk in due)
    Instance.objects.filter(pk__in=due).update(look_again_at=clock.now() + timedelta(seconds=conf.LOOK_SECONDS))


def _signal_next() -> bool:
    return any(_settle(instance_id) for instance_id in Signal.objects.values_list("instance_id", flat=True)[:MOST_TRIED])


def _settle(instance_id: int) -> bool:
    """Settle one instance. Returns whether it came to that."""
    try:
        return engine.settle(instance_id)
    except (*MOMENTARY, Busy) as error:
        log.warning("Instance %d has to wait: %s", instance_id, error)
        connection.close_if_unusable_or_obsolete()
        return False
    except Exception:  # one broken instance must not keep the others waiting
        log.exception("Instance %d could not be settled.", instance_id)
        Signal.objects.filter(instance_id=instance_id).delete()
        Instance.objects.filter(pk=instance_id).update(look_again_at=clock.now() + NOT_BEFORE)
        return True


def _steps_next(heartbeat: engine.Heartbeat) -> bool:
    """Do one step after the other for a while. Returns whether there was any."""
    until = time.monotonic() + TURN
    claim = first = engine.claim_step()
    while claim is not None:
        heartbeat.at(claim)
        claim = _attempt(claim, go_on=time.monotonic() < until)
    return first is not None


def _attempt(claim: Claim, *, go_on: bool) -> Claim | None:
    try:
        return engine.run_step(claim, go_on=go_on)
    except Stale as stale:
        log.warning("%s", stale)
    except Busy:  # what the attempt did is rolled back; when its lease has ended, the step is taken up again
        log.warning("Step %d: somebody else does not let go of its instance.", claim.step_id)
    except Exception as error:
        log.info("Step %d: attempt failed: %s", claim.step_id, error)
        if isinstance(error, DatabaseError):
            connection.close_if_unusable_or_obsolete()
        engine.fail_step(claim, error)
    return None
