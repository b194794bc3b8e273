"""A saved record, and which orchestrations it starts.

Only `save()` of a model instance is seen; `QuerySet.update`, `bulk_create` and raw SQL send no signal.
"""

import time
from typing import Any

from django.core.signals import request_started
from django.db.models import Model
from django.db.models.signals import post_save
from django.dispatch import receiver

from orchestration import engine, origin
from orchestration.models import Orchestration, Version
from orchestration.models.definitions import StartsOn, StartType
from orchestration.models.records import model_label
from orchestration.states import VersionStatus

NEVER_WATCHED = frozenset({"orchestration", "sessions", "contenttypes", "admin", "migrations", "guardian"})
"""Apps whose saves are never a trigger."""

KNOWN_FOR = 1.0
"""Seconds for which a process trusts what it knows of the watched models; in a web process at most for one request."""


class Watched:
    """Which models some active version watches, so that the save of any other costs no query."""

    def __init__(self) -> None:
        self._labels: frozenset[str] = frozenset()
        self._until = 0.0

    def forget(self, **_signal: Any) -> None:
        """Look again at the next save."""
        self._until = 0.0

    def __contains__(self, label: str) -> bool:
        if time.monotonic() >= self._until:
            self._labels = frozenset(_active().values_list("orchestration__record_model", flat=True))
            self._until = time.monotonic() + KNOWN_FOR
        return label in self._labels


watched = Watched()
request_started.connect(watched.forget, dispatch_uid="orchestration.forget_at_request")
post_save.connect(watched.forget, sender=Version, dispatch_uid="orchestration.forget_at_activation")


@receiver(post_save, dispatch_uid="orchestration.record_saved")
def record_saved(sender: type[Model], instance: Model, created: bool, raw: bool = False, **_signal: Any) -> None:
    """Ask for a start of each orchestration that watches this save, in the saving transaction (R2.2)."""
    if raw or sender._meta.app_label in NEVER_WATCHED:
        return
    label = model_label(instance)
    if label not in watched:
        return
    cause = origin.cause()
    moments = [StartsOn.SAVED, StartsOn.CREATED if created else StartsOn.UPDATED]
    for version in _active().filter(orchestration__record_model=label, starts_on__in=moments):
        orchestration = version.orchestration
        if cause and _is_own_save(orchestration, instance):
            continue
        engine.request_start(orchestration, record=instance, by=origin.user(), caused_by=cause)


def _active() -> Any:
    return Version.objects.filter(status=VersionStatus.ACTIVE, orchestration__start_type=StartType.RECORD_TRIGGERED).select_related(
        "orchestration"
    )


def _is_own_save(orchestration: Orchestration, record: Model) -> bool:
    """Whether an instance of this orchestration is itself saving the record that it is about (R2.6)."""
    cause = origin.cause()
    return (
        cause is not None
        and cause.orchestration_id == orchestration.pk
        and (cause.record_model, cause.record_id) == (model_label(record), str(record.pk))
    )
