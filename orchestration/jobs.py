"""What a worker runs (drain, the one kind of job) and what the ticker runs (tick)."""

import logging
import time

from django.db import Error as DatabaseError
from django.db import InterfaceError, InternalError, OperationalError, connection

from orchestration import conf, dispatch, effects, engine
from orchestration.errors import Stale
from orchestration.models import Effect, StartRequest, StepInstance

log = logging.getLogger(__name__)

MOMENTARY = (OperationalError, InterfaceError, InternalError)
"""What a database says when it is busy, restarts or cuts a session off. Bad data is something else."""

MOST_TRIED = 8
"""How many start requests are looked at in search of one that no other worker has in hand, frozen or not."""


def drain() -> None:
    """Do whatever is ready, one thing after the other, until nothing is left or the time is up.

    Carries no arguments and decides nothing: a lost, doubled or late drain changes nothing but the delay.
    """
    until = time.monotonic() + conf.DRAIN_SECONDS
    while time.monotonic() < until:
        if not (_start_next() or _step_next() or effects.deliver_next()):
            return
    dispatch.hint()


def tick() -> None:
    """One turn of the ticker: take up what was lost, and wake workers for whatever is due (R4.2)."""
    for step in StepInstance.objects.lease_expired():
        try:
            engine.rescue_step(step)
        except Exception:  # one bad row must not keep the others from being rescued
            log.exception("Step %d could not be rescued.", step.pk)
    if due := _due():
        dispatch.hint(due)


def _due() -> int:
    """How many things wait for a worker, as far as that matters for waking workers."""
    most = dispatch.MOST_HINTS
    waiting = (StartRequest.objects.pending(), StepInstance.objects.ready(), Effect.objects.due())
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


def _step_next() -> bool:
    claim = engine.claim_step()
    if claim is None:
        return False
    try:
        engine.run_step(claim)
    except Stale as stale:
        log.warning("%s", stale)
    except Exception as error:
        log.info("Step %d: attempt failed: %s", claim.step_id, error)
        if isinstance(error, DatabaseError):
            connection.close_if_unusable_or_obsolete()
        engine.fail_step(claim, error)
    return True
