"""A saved, deleted or due record: which orchestrations it starts, and which instances look again at their conditions.

The start request is inserted in the transaction that saves the record, so a save that matters is made inside `transaction.atomic()` (as
the admin and our own pages do). Outside of one, Django commits the save by itself, a moment before the request.

Only `save()` and `delete()` of a model instance are seen; `QuerySet.update`, `bulk_create` and raw SQL send no signal. A model whose
queryset is a `bulk.TellingQuerySet` tells of the first two; else `triggers.notify(queryset)` says that the records have changed.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from functools import cached_property
from itertools import islice
from typing import Any

from django.db.models import DateTimeField, FilteredRelation, Model, Q, QuerySet
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver
from django.utils import timezone

from orchestration import bulk, clock, engine, expressions, origin
from orchestration.errors import Fault
from orchestration.models import Orchestration, StartRequest, Version
from orchestration.models.definitions import StartsOn, StartType
from orchestration.models.records import model_label, model_named
from orchestration.states import VersionStatus

NEVER_WATCHED = frozenset({"orchestration", "sessions", "contenttypes", "admin", "migrations", "guardian"})
"""Apps whose saves are never a trigger."""

KNOWN_FOR = 1.0
"""Seconds for which a process trusts what it knows of the watched models. So long, at most, do other processes overlook an activation."""

AT_A_TIME = 500
"""Records of a bulk change that are looked at together."""

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

    @cached_property
    def needs_prior(self) -> bool:
        """Whether an update is compared with what the record was before (R2.1)."""
        return any(version.changed_into or _reads(version, "prior") for version in self.on_update)


class Watched:
    """What the saves of each watched model start, so that a save of any other model costs no query.

    A model is watched when an active version says so, or when an orchestration is about its records. What is known is checked by one
    small query, by the first save after `KNOWN_FOR` seconds; versions are read again only when something has changed.
    """

    def __init__(self) -> None:
        self._interests: dict[str, Interest] = {}
        self._seen: list[Any] | None = None
        self._until = 0.0

    def forget(self, **_signal: Any) -> None:
        """Check at the next save."""
        self._until = 0.0

    def get(self, label: str) -> Interest | None:
        """What is interested in a save of this model; None when nothing at all is."""
        if time.monotonic() >= self._until:
            self._check()
            self._until = time.monotonic() + KNOWN_FOR
        return self._interests.get(label)

    def _check(self) -> None:
        active = FilteredRelation("versions", condition=Q(versions__status=VersionStatus.ACTIVE))
        about = Orchestration.objects.exclude(record_model="").annotate(active=active).order_by("pk")
        seen = list(about.values_list("pk", "record_model", "start_type", "active", "active__activated_at"))
        if seen != self._seen:
            # Published whole: other threads may be reading, or doing the same.
            self._interests, self._seen = _interests({label for _pk, label, *_rest in seen}), seen


def _interests(labels: Iterable[str]) -> dict[str, Interest]:
    """The interest in each of these models."""
    interests = {label: Interest() for label in labels}
    for version in _active():
        interest = interests.setdefault(version.orchestration.record_model, Interest())
        if version.starts_on == StartsOn.DUE:
            interest.on_due.append(version)
        if version.starts_on in (StartsOn.CREATED, StartsOn.SAVED):
            interest.on_create.append(version)
        if version.starts_on in (StartsOn.UPDATED, StartsOn.SAVED):
            interest.on_update.append(version)
    return interests


watched = Watched()
post_save.connect(watched.forget, sender=Version, dispatch_uid="orchestration.forget_at_activation")
post_save.connect(watched.forget, sender=Orchestration, dispatch_uid="orchestration.forget_at_change")


@receiver(pre_save, dispatch_uid="orchestration.record_about_to_be_saved")
def record_about_to_be_saved(sender: type[Model], instance: Model, raw: bool = False, using: str = "default", **_signal: Any) -> None:
    """Fetch the record's prior values, when a version compares with them and would start on the new ones (R2.1)."""
    interest = None if raw else _interest_in(sender)
    if interest is not None and interest.needs_prior and not instance._state.adding:
        instance._orchestration_prior = sender._base_manager.using(using).filter(pk=instance.pk).first()  # type: ignore[attr-defined]


@receiver(post_save, dispatch_uid="orchestration.record_saved")
def record_saved(sender: type[Model], instance: Model, created: bool, raw: bool = False, **_signal: Any) -> None:
    """Ask for the starts that this save brings, and for a second look by its instances, in the saving transaction (R2.2, R3.8)."""
    interest = None if raw else _interest_in(sender)
    if interest is not None:
        prior = instance.__dict__.pop("_orchestration_prior", None)
        _heard(interest, [instance], {instance.pk: prior}, created=created)


@receiver(post_delete, dispatch_uid="orchestration.record_deleted")
def record_deleted(sender: type[Model], instance: Model, **_signal: Any) -> None:
    """The record's live instances look again, find it gone, and are canceled (R9.1)."""
    if _interest_in(sender) is not None:
        engine.signal_records_changed([instance])


@receiver(bulk.changing, dispatch_uid="orchestration.records_about_to_change")
def records_about_to_change(sender: type[Model], records: QuerySet[Any], **_signal: Any) -> Callable[[], None] | None:
    """Remember which records a bulk update is about to change, and what they were where that matters."""
    interest = _interest_in(sender)
    if interest is None:
        return None
    prior: dict[Any, Any]
    if interest.needs_prior:
        prior = {record.pk: record for record in sender._base_manager.using(records.db).filter(pk__in=records.order_by().values("pk"))}
    else:
        prior = dict.fromkeys(records.order_by().values_list("pk", flat=True))

    def changed() -> None:
        for keys in _portions(prior):
            _notify(interest, sender._base_manager.using(records.db).filter(pk__in=keys), prior)

    return changed


@receiver(bulk.created, dispatch_uid="orchestration.records_created")
def records_created(sender: type[Model], records: Sequence[Model], **_signal: Any) -> None:
    """Records of a `bulk_create` start what any new record would."""
    interest = _interest_in(sender)
    if interest is not None:
        for some in _portions(records):
            _heard(interest, some, {}, created=True)


def notify(records: QuerySet[Any], *, created: bool = False) -> None:
    """Say that records were changed (or created) without `save()`: after `QuerySet.update`, `bulk_create` or raw SQL.

    Each is treated as if it had just been saved; prior values are not known. Call it in the transaction of the change. It costs a few
    statements for every few hundred records.
    """
    interest = _interest_in(records.model)
    if interest is not None:
        _notify(interest, records, {}, created=created)


def _notify(interest: Interest, records: QuerySet[Any], prior: Mapping[Any, Model | None], *, created: bool = False) -> None:
    """Go through the records, with what conditions read of their relations, some at a time."""
    versions = [*(interest.on_create if created else interest.on_update)]
    related = {name for version in versions for name in _relations(version, records.model)}
    found = records.select_related(*related) if related else records
    for some in _portions(found.iterator(chunk_size=AT_A_TIME)):
        _heard(interest, some, prior, created=created)


def _heard(interest: Interest, records: Sequence[Model], prior: Mapping[Any, Model | None], *, created: bool) -> None:
    """Records of one model have been saved: ask for the starts, and for a second look by their live instances."""
    starting = interest.on_create if created else interest.on_update
    engine.request_starts(
        [
            *(request for version in starting for record in records for request in _wanted(version, record, prior.get(record.pk))),
            *(request for version in interest.on_due for request in _due(version, records)),
        ]
    )
    if not created:
        engine.signal_records_changed(records, but_not=origin.cause())


def start_what_is_due() -> None:
    """Start what the time that a record names has come for (R2.3); called by the ticker."""
    for version in _active().filter(starts_on=StartsOn.DUE):
        _start_due_records(version)


def _active() -> QuerySet[Version]:
    return Version.objects.filter(status=VersionStatus.ACTIVE, orchestration__start_type=StartType.RECORD_TRIGGERED).select_related(
        "orchestration"
    )


def _interest_in(model: type[Model]) -> Interest | None:
    return None if model._meta.app_label in NEVER_WATCHED else watched.get(model_label(model))


def _portions(things: Iterable[Any]) -> Iterator[list[Any]]:
    """The things, some at a time."""
    left = iter(things)
    while some := list(islice(left, AT_A_TIME)):
        yield some


def _is_own_save(orchestration: Orchestration, record: Model) -> bool:
    """Whether an instance of this orchestration is itself saving the record that it is about (R2.6)."""
    cause = origin.cause()
    return (
        cause is not None
        and cause.orchestration_id == orchestration.pk
        and (cause.record_model, cause.record_id) == (model_label(record), str(record.pk))
    )


# By a save -----------------------------------------------------------------------------------------------------------


def _wanted(version: Version, record: Model, prior: Model | None) -> Iterator[StartRequest]:
    """A start request if the entry condition holds, and did not before where that matters (R2.1)."""
    if _is_own_save(version.orchestration, record):
        return
    try:
        condition = expressions.condition(version.entry_condition)
        if not condition.look(_facts(record, prior)).met:
            return
        if version.changed_into and prior is not None and condition.look(_facts(prior, prior)).met:
            return
    except Fault as fault:
        yield engine.refused_request(version.orchestration, record, fault, by=origin.user())
        return
    yield engine.new_request(version.orchestration, record, by=origin.user())


def _facts(record: Model, prior: Model | None) -> dict[str, Any]:
    """What an entry condition can read: the record as it is being saved, and as it was."""
    return {"record": record, "prior": prior, "starter": origin.user(), "now": clock.now(), "today": timezone.localdate(clock.now())}


def _reads(version: Version, name: str) -> list[list[str]]:
    """What the entry condition reads of `name`, each as the names that follow."""
    try:
        reads = expressions.condition(version.entry_condition).reads
    except Fault:
        return []
    return [rest for first, *rest in (path.split(".") for path in reads) if first == name]


def _relations(version: Version, model: type[Model]) -> Iterator[str]:
    """The foreign keys of the record that the entry condition follows, so that a bulk change need not ask for each record."""
    keys = {field.name for field in model._meta.concrete_fields if field.is_relation}
    yield from (names[0] for names in _reads(version, "record") if len(names) > 1 and names[0] in keys)


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
    for some in _portions(model._default_manager.filter(**{f"{name}__range": window}).order_by(name).iterator()):
        if started >= MOST_DUE:
            reached = _due_at(version, some[0]) or now
            break
        requests = list(_due(version, some))
        engine.request_starts(requests)
        started += len(requests)
    if started or now - since > OVERLAP / 10:
        Version.objects.filter(pk=version.pk).update(due_until=reached)


def _due(version: Version, records: Sequence[Model]) -> Iterator[StartRequest]:
    """A start request for each record whose time came after the activation and was not used yet."""
    since, now = version.activated_at, clock.now()
    times = [(record, _due_at(version, record)) for record in records]
    due = [(record, at) for record, at in times if since is not None and at is not None and since < at <= now]
    if not due:
        return
    about = {"record_id__in": [str(record.pk) for record, _at in due], "due_at__isnull": False}
    used = set(StartRequest.objects.filter(orchestration=version.orchestration, **about).values_list("record_id", "due_at"))
    for record, at in due:
        if (str(record.pk), at) not in used:
            yield engine.new_request(version.orchestration, record, by=None, due_at=at)


def _due_at(version: Version, record: Model) -> datetime | None:
    """When the record's time comes; a date counts from its first moment, in the site's time zone."""
    value = getattr(record, version.start_field, None)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = timezone.make_aware(datetime.combine(value, time_of_day()))
    return value + version.start_offset if isinstance(value, datetime) else None
