"""Who gets a work item: expression → active → able → else the fallback queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Model
from django.utils.translation import gettext as _

from orchestration import access, expressions
from orchestration.errors import Fault
from orchestration.models import Queue, Step
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


def resolve(step: Step, record: Model | None, scope: expressions.Scope) -> Assignee:
    """The assignee of an interactive step, as its definition says and people are now.

    Raises Fault when the definition's assignee cannot be evaluated at all.
    """
    meant = _meant(step.assignee, scope)
    if isinstance(meant, Group):
        return Assignee(group=meant)
    if isinstance(meant, Queue):
        return Assignee(queue=meant)
    if meant is None:
        return _fallback(_("The assignee %(source)s names nobody.") % {"source": _worded(step.assignee)})
    if not meant.is_active:
        return _fallback(_("%(name)s no longer has an active account.") % {"name": name_of(meant)})
    if lack := access.why_not_able(meant, step.flow, record):
        return _fallback(_("%(name)s cannot do it: %(lack)s") % {"name": name_of(meant), "lack": lack})
    return Assignee(user=meant)


def _meant(source: dict[str, Any], scope: expressions.Scope) -> Any:
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


def _fallback(warning: str) -> Assignee:
    return Assignee(queue=Queue.objects.filter(is_fallback=True).first(), warning=warning)


def _worded(source: dict[str, Any]) -> str:
    return ", ".join(f"{kind} “{name}”" for kind, name in source.items())
