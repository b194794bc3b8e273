"""Delivers what flows sent, after their step was committed: at least once, always under the same key."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet

from orchestration import clock, conf, failpoints, outside
from orchestration.errors import Fault, describe
from orchestration.models import Attachment, Effect
from orchestration.models.outbox import EffectKind
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
        SENDERS[effect.kind](effect)
    except Exception as error:  # whatever a mail server or its backend can raise: it is tried again, then given up
        _note_failure(effect, error)
    else:
        failpoints.reach("effect.sent")
        _only_this_attempt(effect).update(status=EffectStatus.DELIVERED, delivered_at=clock.now(), error="")
    return True


def _send_mail(effect: Effect) -> None:
    payload = effect.payload
    message_id = f"<{effect.key}@{conf.MAIL_DOMAIN}>"  # the same for each attempt, so that a mailbox can tell
    to = [payload["to"]] if isinstance(payload["to"], str) else payload["to"]
    mail = EmailMessage(payload["subject"], payload["body"], None, to, headers={"Message-ID": message_id})
    for attachment in Attachment.objects.filter(key__in=payload.get("attachments", ())):
        mail.attach(attachment.name, attachment.read(), attachment.content_type)
    mail.send()


def _post_to_slack(effect: Effect) -> None:
    outside.post(effect.payload["endpoint"], effect.payload["text"])


SENDERS: Mapping[str, Callable[[Effect], None]] = {EffectKind.MAIL: _send_mail, EffectKind.SLACK: _post_to_slack}
"""How each kind of effect leaves."""


def _note_failure(effect: Effect, error: Exception) -> None:
    """Put it off, for as long as the other side asks or longer each time; or give it up, after many attempts or a refusal for good."""
    gave_up = effect.attempt >= MAX_ATTEMPTS or isinstance(error, Fault)
    about = describe(error)
    log.warning("%s: attempt %d failed (%s)%s", effect.key, effect.attempt, about["message"], "; given up" if gave_up else "")
    pause = max(min(3600.0, 2.0 * 2**effect.attempt), getattr(error, "after", 0.0))
    _only_this_attempt(effect).update(
        status=EffectStatus.FAILED if gave_up else EffectStatus.PENDING,
        due_at=clock.now() + timedelta(seconds=pause),
        error=f"{about['type']}: {about['message']}"[:2000],
    )


def _only_this_attempt(effect: Effect) -> QuerySet[Effect]:
    return Effect.objects.filter(pk=effect.pk, attempt=effect.attempt, status=EffectStatus.PENDING)
