"""A saved record: which orchestrations it starts, and which instances look again at their conditions.

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
    """What the saves of each watched model start, so that a save of any other model costs no query.

    A model is watched when an active version says so, or when instances are about records of it.
    """

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}
        self._until = 0.0

    def forget(self, **_signal: Any) -> None:
        """Look again at the next save."""
        self._until = 0.0

    def get(self, label: str) -> list[Version] | None:
        """The active versions that a save of this model may start; None when nothing is interested in it at all."""
        if time.monotonic() >= self._until:
            self._versions = {label: [] for label in Orchestration.objects.values_list("record_model", flat=True) if label}
            for version in Version.objects.filter(status=VersionStatus.ACTIVE).select_related("orchestration"):
                if version.orchestration.start_type == StartType.RECORD_TRIGGERED:
                    self._versions[version.orchestration.record_model].append(version)
            self._until = time.monotonic() + KNOWN_FOR
        return self._versions.get(label)


watched = Watched()
request_started.connect(watched.forget, dispatch_uid="orchestration.forget_at_request")
post_save.connect(watched.forget, sender=Version, dispatch_uid="orchestration.forget_at_activation")


@receiver(post_save, dispatch_uid="orchestration.record_saved")
def record_saved(sender: type[Model], instance: Model, created: bool, raw: bool = False, **_signal: Any) -> None:
    """Ask for a start of each orchestration that watches this save, in the saving transaction (R2.2)."""
    if raw or sender._meta.app_label in NEVER_WATCHED:
        return
    versions = watched.get(model_label(instance))
    if versions is None:
        return
    moments = (StartsOn.SAVED, StartsOn.CREATED if created else StartsOn.UPDATED)
    for version in versions:
        if version.starts_on in moments and not _is_own_save(version.orchestration, instance):
            engine.request_start(version.orchestration, record=instance, by=origin.user(), caused_by=origin.cause())
    if not created:
        engine.signal_record_changed(instance, but_not=origin.cause())


def _is_own_save(orchestration: Orchestration, record: Model) -> bool:
    """Whether an instance of this orchestration is itself saving the record that it is about (R2.6)."""
    cause = origin.cause()
    return (
        cause is not None
        and cause.orchestration_id == orchestration.pk
        and (cause.record_model, cause.record_id) == (model_label(record), str(record.pk))
    )
