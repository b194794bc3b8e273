"""What live work depends on cannot be deleted: the refusal names what uses it (R9.2)."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, ProtectedError, Q, QuerySet
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils.translation import gettext as _

from orchestration import flow_builder
from orchestration.models import Endpoint, Flow, FlowVersion, Queue, Step
from orchestration.models.definitions import RunAs
from orchestration.states import LIVE, VersionStatus


class InUse(ProtectedError, PermissionDenied):
    """Cannot be deleted now. Also a PermissionDenied, so that a page which does not expect it answers 403 with the reason."""


@receiver(pre_delete, sender=get_user_model(), dispatch_uid="orchestration.user_is_used")
def refuse_used_user(instance: Any, **_signal: Any) -> None:
    """Raise ProtectedError when a live definition assigns work to the user, or runs a step as that user."""
    name = instance.get_username()
    _refuse(instance, _live_steps().filter(Q(assignee__user=name) | Q(run_as=RunAs.USER, run_as_user=name)))


@receiver(pre_delete, sender=Queue, dispatch_uid="orchestration.queue_is_used")
def refuse_used_queue(instance: Queue, **_signal: Any) -> None:
    """Raise ProtectedError when a live definition assigns work to the queue."""
    _refuse(instance, _live_steps().filter(assignee__queue=instance.api_name))


@receiver(pre_delete, sender=Group, dispatch_uid="orchestration.group_is_used")
def refuse_used_group(instance: Group, **_signal: Any) -> None:
    """Raise ProtectedError when a live definition assigns work to the group."""
    _refuse(instance, _live_steps().filter(assignee__group=instance.name))


@receiver(pre_delete, sender=Flow, dispatch_uid="orchestration.flow_is_used")
def refuse_used_flow(instance: Flow, **_signal: Any) -> None:
    """Raise ProtectedError when a live definition runs or asks the flow, or an active flow does."""
    if used := [usage for usage in flow_builder.used_by(instance.key) if usage.is_live]:
        names = "; ".join(map(str, used))
        raise InUse(_("“%(thing)s” is used by %(names)s.") % {"thing": instance, "names": names}, {usage.of for usage in used})


@receiver(pre_delete, sender=Endpoint, dispatch_uid="orchestration.endpoint_is_used")
def refuse_used_endpoint(instance: Endpoint, **_signal: Any) -> None:
    """Raise ProtectedError when an active flow calls it."""
    if used := [usage for usage in flow_builder.calling(instance.api_name) if usage.is_live]:
        names = "; ".join(map(str, used))
        raise InUse(_("“%(thing)s” is used by %(names)s.") % {"thing": instance, "names": names}, {usage.of for usage in used})


@receiver(pre_delete, sender=FlowVersion, dispatch_uid="orchestration.flow_version_is_active")
def refuse_active_flow_version(instance: FlowVersion, origin: Any = None, **_signal: Any) -> None:
    """Raise ProtectedError when it is the active version, unless the whole flow is deleted."""
    if instance.status == VersionStatus.ACTIVE and isinstance(origin, FlowVersion | QuerySet) and _is_of_versions(origin):
        raise InUse(_("%(version)s is active. Activate another version first.") % {"version": instance}, {instance})


def _is_of_versions(origin: Any) -> bool:
    return (origin.model if isinstance(origin, QuerySet) else type(origin)) is FlowVersion


def _live_steps() -> QuerySet[Step]:
    """The steps of active versions, and of those that have live instances."""
    live = Q(version__status=VersionStatus.ACTIVE) | Q(version__instances__status__in=LIVE)
    return Step.objects.filter(live).select_related("version__orchestration").distinct()


def _refuse(thing: object, steps: QuerySet[Step]) -> None:
    used_by: set[Model] = set(steps)
    if used_by:
        names = "; ".join(sorted(f"{step.version} › {step.label}" for step in steps))
        raise InUse(_("“%(thing)s” is used by %(names)s.") % {"thing": thing, "names": names}, used_by)
