"""Delivers what flows sent, after their step was committed: at least once, always under the same key."""

import logging
from datetime import timedelta

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet

from orchestration import clock, conf, failpoints
from orchestration.models import Effect
from orchestration.states import EffectStatus

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12


def deliver_next() -> bool:
    """Deliver the oldest due effect. Returns whether there was one."""
    now = clock.now()
    lease = timedelta(seconds=conf.EFFECT_LEASE_SECONDS)  # meanwhile nobody else tries; a worker that dies over it leaves it due again
    with transaction.atomic():
        effect = Effect.objects.due().select_for_update(skip_locked=True).first()
        if effect is None:
            return False
        effect.attempt += 1
        Effect.objects.filter(pk=effect.pk).update(attempt=F("attempt") + 1, due_at=now + lease)
    failpoints.reach("effect.claimed")
    try:
        _send_mail(effect)
    except Exception as error:  # whatever a mail server or its backend can raise: it is tried again, then given up
        _note_failure(effect, error)
    else:
        failpoints.reach("effect.sent")
        _only_this_attempt(effect).update(status=EffectStatus.DELIVERED, delivered_at=clock.now(), error="")
    return True


def _send_mail(effect: Effect) -> None:
    payload = effect.payload
    message_id = f"<{effect.key}@{conf.MAIL_DOMAIN}>"  # the same for each attempt, so that a mailbox can tell
    EmailMessage(payload["subject"], payload["body"], None, [payload["to"]], headers={"Message-ID": message_id}).send()


def _note_failure(effect: Effect, error: Exception) -> None:
    gave_up = effect.attempt >= MAX_ATTEMPTS
    log.warning("%s: attempt %d failed (%s)%s", effect.key, effect.attempt, error, "; given up" if gave_up else "")
    _only_this_attempt(effect).update(
        status=EffectStatus.FAILED if gave_up else EffectStatus.PENDING,
        due_at=clock.now() + timedelta(seconds=min(3600, 2 * 2**effect.attempt)),
        error=f"{type(error).__name__}: {error}"[:2000],
    )


def _only_this_attempt(effect: Effect) -> QuerySet[Effect]:
    return Effect.objects.filter(pk=effect.pk, attempt=effect.attempt, status=EffectStatus.PENDING)
