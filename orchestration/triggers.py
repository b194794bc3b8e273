"""A saved, deleted or due record: which orchestrations it starts, and which instances look again at their conditions.

The start request is inserted in the transaction that saves the record, so a save that matters is made inside `transaction.atomic()` (as
the admin and our own pages do). Outside of one, Django commits the save by itself, a moment before the request.

Only `save()` and `delete()` of a model instance are seen; `QuerySet.update`, `bulk_create` and raw SQL send no signal. For those,
`triggers.notify(queryset)` says that the records have changed.
"""

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from django.core.signals import request_started
from django.db.models import DateTimeField, Model, QuerySet
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver
from django.utils import timezone

from orchestration import clock, engine, expressions, origin
from orchestration.errors import Fault
from orchestration.models import Orchestration, StartRequest, Version
from orchestration.models.definitions import StartsOn, StartType
from orchestration.models.records import model_label, model_named
from orchestration.states import VersionStatus

NEVER_WATCHED = frozenset({"orchestration", "sessions", "contenttypes", "admin", "migrations", "guardian"})
"""Apps whose saves are never a trigger."""

KNOWN_FOR = 1.0
"""Seconds for which a process trusts what it knows of the watched models; in a web process at most for one request."""

MOST_DUE = 500
"""Records that one tick starts by their time, for each version; the others come with the next."""


OVERLAP = timedelta(minutes=10)
"""How much of the time already gone through a tick goes through again."""


@dataclass
class Interest:
    """What is interested in the saves of one model."""

    on_create: list[Version] = field(default_factory=list)
    on_update: list[Version] = field(default_factory=list)
    on_due: list[Version] = field(default_factory=list)


class Watched:
    """What the saves of each watched model start, so that a save of any other model costs no query.

    A model is watched when an active version says so, or when an orchestration is about its records.
    """

    def __init__(self) -> None:
        self._interests: dict[str, Interest] = {}
        self._until = 0.0

    def forget(self, **_signal: Any) -> None:
        """Look again at the next save."""
        self._until = 0.0

    def get(self, label: str) -> Interest | None:
        """What is interested in a save of this model; None when nothing at all is."""
        if time.monotonic() >= self._until:
            self._interests = {label: Interest() for label in Orchestration.objects.values_list("record_model", flat=True) if label}
            for version in _active():
                self._add(version)
            self._until = time.monotonic() + KNOWN_FOR
        return self._interests.get(label)

    def _add(self, version: Version) -> None:
        interest = self._interests[version.orchestration.record_model]
        if version.starts_on == StartsOn.DUE:
            interest.on_due.append(version)
        if version.starts_on in (StartsOn.CREATED, StartsOn.SAVED):
            interest.on_create.append(version)
        if version.starts_on in (StartsOn.UPDATED, StartsOn.SAVED):
            interest.on_update.append(version)


watched = Watched()
request_started.connect(watched.forget, dispatch_uid="orchestration.forget_at_request")
post_save.connect(watched.forget, sender=Version, dispatch_uid="orchestration.forget_at_activation")
post_save.connect(watched.forget, sender=Orchestration, dispatch_uid="orchestration.forget_at_change")


@receiver(pre_save, dispatch_uid="orchestration.record_about_to_be_saved")
def record_about_to_be_saved(sender: type[Model], instance: Model, raw: bool = False, using: str = "default", **_signal: Any) -> None:
    """Fetch the record's prior values, when a version compares with them and would start on the new ones (R2.1)."""
    interest = _interest_in(sender, instance, raw)
    if interest is None or instance._state.adding:
        return
    if any(version.changed_into or _reads_prior(version) for version in interest.on_update):
        instance._orchestration_prior = sender._base_manager.using(using).filter(pk=instance.pk).first()  # type: ignore[attr-defined]


@receiver(post_save, dispatch_uid="orchestration.record_saved")
def record_saved(sender: type[Model], instance: Model, created: bool, raw: bool = False, **_signal: Any) -> None:
    """Ask for the starts that this save brings, and for a second look by its instances, in the saving transaction (R2.2, R3.8)."""
    interest = _interest_in(sender, instance, raw)
    if interest is None:
        return
    prior = instance.__dict__.pop("_orchestration_prior", None)
    for version in interest.on_create if created else interest.on_update:
        if not _is_own_save(version.orchestration, instance):
            _start_if_wanted(version, instance, prior)
    for version in interest.on_due:
        _start_if_due(version, instance)
    if not created:
        engine.signal_record_changed(instance, but_not=origin.cause())


@receiver(post_delete, dispatch_uid="orchestration.record_deleted")
def record_deleted(sender: type[Model], instance: Model, **_signal: Any) -> None:
    """The record's live instances look again, find it gone, and are canceled (R9.1)."""
    if _interest_in(sender, instance) is not None:
        engine.signal_record_changed(instance)


def notify(records: QuerySet[Any], *, created: bool = False) -> None:
    """Say that records were changed (or created) without `save()`: after `QuerySet.update`, `bulk_create` or raw SQL.

    Each is treated as if it had just been saved; prior values are not known. Call it in the transaction of the change.
    """
    for record in records:
        record_saved(sender=type(record), instance=record, created=created)


def start_what_is_due() -> None:
    """Start what the time that a record names has come for (R2.3); called by the ticker."""
    for version in _active().filter(starts_on=StartsOn.DUE):
        _start_due_records(version)


def _active() -> QuerySet[Version]:
    return Version.objects.filter(status=VersionStatus.ACTIVE, orchestration__start_type=StartType.RECORD_TRIGGERED).select_related(
        "orchestration"
    )


def _interest_in(sender: type[Model], record: Model, raw: bool = False) -> Interest | None:
    if raw or sender._meta.app_label in NEVER_WATCHED:
        return None
    return watched.get(model_label(record))


def _is_own_save(orchestration: Orchestration, record: Model) -> bool:
    """Whether an instance of this orchestration is itself saving the record that it is about (R2.6)."""
    cause = origin.cause()
    return (
        cause is not None
        and cause.orchestration_id == orchestration.pk
        and (cause.record_model, cause.record_id) == (model_label(record), str(record.pk))
    )


# By a save -----------------------------------------------------------------------------------------------------------


def _start_if_wanted(version: Version, record: Model, prior: Model | None) -> None:
    """Ask for a start if the entry condition holds, and did not before where that matters (R2.1)."""
    try:
        condition = expressions.condition(version.entry_condition)
        if not condition.look(_facts(record, prior)).met:
            return
        if version.changed_into and prior is not None and condition.look(_facts(prior, prior)).met:
            return
    except Fault as fault:
        engine.note_refusal(version.orchestration, record, fault, by=origin.user())
        return
    engine.request_start(version.orchestration, record=record, by=origin.user(), caused_by=origin.cause())


def _facts(record: Model, prior: Model | None) -> dict[str, Any]:
    """What an entry condition can read: the record as it is being saved, and as it was."""
    return {"record": record, "prior": prior, "starter": origin.user(), "now": clock.now(), "today": timezone.localdate(clock.now())}


def _reads_prior(version: Version) -> bool:
    try:
        return any(path.startswith("prior") for path in expressions.condition(version.entry_condition).reads)
    except Fault:
        return False


# By a time -----------------------------------------------------------------------------------------------------------


def _start_due_records(version: Version) -> None:
    """Go through the records whose time came since the last tick, so that a tick costs nothing for what is not due.

    Looks a little further back each time, for times that a slow transaction committed late; the constraint “one start per record
    and due time” makes that harmless.
    """
    model = model_named(version.orchestration.record_model)
    since = version.due_until or version.activated_at
    if model is None or since is None:
        return
    name, now, started = version.start_field, clock.now(), 0
    window: list[Any] = [since - OVERLAP - version.start_offset, now - version.start_offset]
    if not isinstance(model._meta.get_field(name), DateTimeField):
        window = [timezone.localdate(moment) for moment in window]
    reached = now
    for record in model._default_manager.filter(**{f"{name}__range": window}).order_by(name).iterator():
        if started == MOST_DUE:
            reached = _due_at(version, record) or now
            break
        started += _start_if_due(version, record)
    if started or now - since > OVERLAP / 10:
        Version.objects.filter(pk=version.pk).update(due_until=reached)


def _start_if_due(version: Version, record: Model) -> bool:
    """Ask for a start if the record's time came after the activation and was not used yet. Returns whether it did."""
    due_at = _due_at(version, record)
    if due_at is None or version.activated_at is None or not version.activated_at < due_at <= clock.now():
        return False
    same = StartRequest.objects.filter(orchestration=version.orchestration, record_id=str(record.pk), due_at=due_at)
    if same.exists():
        return False
    engine.request_start(version.orchestration, record=record, caused_by=origin.cause(), due_at=due_at)
    return True


def _due_at(version: Version, record: Model) -> datetime | None:
    """When the record's time comes; a date counts from its first moment, in the site's time zone."""
    value = getattr(record, version.start_field, None)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = timezone.make_aware(datetime.combine(value, time_of_day()))
    return value + version.start_offset if isinstance(value, datetime) else None
