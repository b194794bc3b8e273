"""Who gets a work item: expression → active → able → else the fallback queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Q
from django.utils.translation import gettext as _

from orchestration import access, expressions
from orchestration.errors import Fault
from orchestration.models import Queue, WorkItem
from orchestration.models.instances import name_of
from orchestration.models.people import Person


@dataclass(frozen=True)
class Assignee:
    """A user, a group or a queue (or none of them), and a `warning` when it is not the one that was meant."""

    user: Person | None = None
    group: Group | None = None
    queue: Queue | None = None
    warning: str = ""

    @property
    def label(self) -> str:
        """Its name, for people."""
        return name_of(self.user) if self.user else str(self.group or self.queue or "")

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a work item that say who has it."""
        return {"user": self.user, "group": self.group, "queue": self.queue, "assignee_label": self.label}


def resolve(source: Mapping[str, Any], flow: str, scope: expressions.Scope) -> Assignee:
    """Whom `source` means, as people are now, to do the screen flow `flow` about the record in `scope`.

    Raises Fault when the definition's assignee cannot be evaluated at all.
    """
    found = meant(source, scope)
    if isinstance(found, Group):
        return Assignee(group=found) if found.user_set.filter(is_active=True).exists() else _nobody_in(found)
    if isinstance(found, Queue):
        return Assignee(queue=found) if found.has_active_member else _nobody_in(found)
    if found is None:
        return _fallback(_("The assignee %(source)s names nobody.") % {"source": worded(source)})
    if not found.is_active:
        return _fallback(_("%(name)s no longer has an active account.") % {"name": name_of(found)})
    if lack := access.why_not_able(found, flow, scope["record"]):
        return _fallback(_("%(name)s cannot do it: %(lack)s") % {"name": name_of(found), "lack": lack})
    return Assignee(user=found)


def meant(source: Mapping[str, Any], scope: expressions.Scope) -> Any:
    """The user, group or queue that `source` means; None when it names nobody. Raises Fault when it cannot be evaluated at all."""
    match source:
        case {"queue": name}:
            return Queue.objects.filter(api_name=name).first()
        case {"group": name}:
            return Group.objects.filter(name=name).first()
        case {"user": name}:
            return user_named(name)
        case {"path": str(path)}:
            value = expressions.read(path, scope)
            if value is None or isinstance(value, Group | Queue | get_user_model()):
                return value
            if isinstance(value, str):
                return user_named(value)
            if (
                isinstance(value, Mapping) and "id" in value and value.get("model") == get_user_model()._meta.label_lower
            ):  # chosen on an earlier form
                return get_user_model()._default_manager.filter(pk=value["id"]).first()
            raise Fault(
                _("The assignee “%(path)s” is %(value)r: neither a user, a group nor a queue.") % {"path": path, "value": value},
                kind="assignee",
            )
    raise Fault(_("The step has no assignee."), kind="assignee")


def user_named(name: str) -> Any:
    """The user with this name, or None."""
    users = get_user_model()
    return users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()


def members(item: WorkItem) -> list[Any]:
    """Everybody to whom an item is assigned: its person, the members of its group or of its queue."""
    users = get_user_model()._default_manager.order_by("pk")
    if item.user_id is not None:
        return list(users.filter(pk=item.user_id))
    if item.group_id is not None:
        return list(users.filter(groups=item.group_id))
    inside = Q(queue_memberships__queue=item.queue_id) | Q(groups__queue_memberships__queue=item.queue_id)
    return list(users.filter(inside).distinct()) if item.queue_id is not None else []


def _nobody_in(meant: Group | Queue) -> Assignee:
    return _fallback(_("Nobody in “%(name)s” has an active account.") % {"name": meant})


def _fallback(warning: str) -> Assignee:
    return Assignee(queue=Queue.objects.filter(is_fallback=True).first(), warning=warning)


def worded(source: Mapping[str, Any]) -> str:
    """What a definition says of an assignee, for people."""
    return ", ".join(f"{kind} “{name}”" for kind, name in source.items())
