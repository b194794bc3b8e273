"""Who may see and do what. The only module that asks guardian."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import CharField, Model, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, get_groups_with_perms, get_objects_for_user, remove_perm

from orchestration import flows
from orchestration.errors import FlowMissing
from orchestration.models import Attachment, Flow, Instance, Orchestration, WorkItem
from orchestration.models.records import model_label, model_named
from orchestration.states import VersionStatus


def may(user: Any, permission: str, thing: Model | None = None) -> bool:
    """Whether an active person has "app.codename" for everything, or for `thing`."""
    if not user.is_active:
        return False
    return user.has_perm(permission) or (thing is not None and user.has_perm(permission, thing))


def grant(permission: str, to: Any, thing: Model | None = None) -> None:
    """Give a user or a group "app.codename", for everything or for `thing` alone."""
    assign_perm(permission, to, thing)


def may_add_record(user: Any, model: type[Model]) -> bool:
    """Whether the person may add records of this model."""
    return may(user, _permission("add", model))


def records_for(user: Any, model: type[Model]) -> QuerySet[Any]:
    """The records of this model that the person may see."""
    permission = _permission("view", model)
    if may(user, permission):
        return model._default_manager.all()
    if not user.is_active:
        return model._default_manager.none()
    return get_objects_for_user(user, permission, model, accept_global_perms=False, with_superuser=False)


def may_view_record(user: Any, record: Model) -> bool:
    """Whether the person may see the record."""
    return may(user, _permission("view", record), record)


def may_change_record(user: Any, record: Model) -> bool:
    """Whether the person may write the record."""
    return may(user, _permission("change", record), record)


def may_open(user: Any, attachment: Attachment) -> bool:
    """Whether the person may open the file: with its record, else with its instance; a part of a draft with its work item."""
    if attachment.is_draft:
        return attachment.work_item is not None and work_items_for(user).filter(pk=attachment.work_item.pk).exists()
    record = attachment.get_record()
    if record is not None:
        return may_view_record(user, record)
    return attachment.instance is not None and instances_for(user).filter(pk=attachment.instance.pk).exists()


def may_run(user: Any, key: str) -> bool:
    """Whether the person may run the flow with this key."""
    if may(user, "orchestration.run_flow"):
        return True
    flow = Flow.objects.filter(key=key).first()
    return flow is not None and may(user, "orchestration.run_flow", flow)


def groups_that_run(flow: Flow) -> set[Group]:
    """The groups whose members may run this flow."""
    found: Any = get_groups_with_perms(flow, attach_perms=True)
    return {group for group, permissions in found.items() if "run_flow" in permissions}


def let_run(flow: Flow, groups: Iterable[Group]) -> None:
    """Let the members of these groups run the flow, and of no other group that was let before."""
    wanted, before = set(groups), groups_that_run(flow)
    for group in wanted - before:
        assign_perm("orchestration.run_flow", group, flow)
    for group in before - wanted:
        remove_perm("orchestration.run_flow", group, flow)


def rights_on(orchestration: Orchestration) -> dict[Group, set[str]]:
    """What each group may do with this orchestration: "view", "change", "debug", …"""
    found: Any = get_groups_with_perms(orchestration, attach_perms=True)
    return {group: {permission.rpartition("_")[0] for permission in permissions} for group, permissions in found.items()}


def set_rights(group: Group, orchestration: Orchestration, wanted: Iterable[str], among: Iterable[str]) -> None:
    """Give a group these rights on the orchestration, and take the others of `among`."""
    wanted, before = set(wanted), rights_on(orchestration).get(group, set())
    for right in among:
        if right in wanted and right not in before:
            assign_perm(f"orchestration.{right}_orchestration", group, orchestration)
        elif right in before and right not in wanted:
            remove_perm(f"orchestration.{right}_orchestration", group, orchestration)


def may_start(user: Any, orchestration: Orchestration) -> bool:
    """Whether the person may start it by hand."""
    return may(user, "orchestration.start_orchestration", orchestration)


def startable_by(user: Any, record: Model) -> QuerySet[Orchestration]:
    """The orchestrations about records of this model that the person may start by hand, and that have an active version."""
    if not user.is_active:
        return Orchestration.objects.none()
    permission = "orchestration.start_orchestration"
    found = Orchestration.objects.filter(record_model=model_label(record), versions__status=VersionStatus.ACTIVE)
    if may(user, permission):
        return found
    return get_objects_for_user(user, permission, found, accept_global_perms=False, with_superuser=False)


def may_see_definition(user: Any, orchestration: Orchestration | None = None) -> bool:
    """Whether the person may look at how it is built; whoever may build, debug or activate it may."""
    rights = ("view", "change", "debug", "activate")
    return any(may(user, f"orchestration.{right}_orchestration", orchestration) for right in rights)


def definitions_for(user: Any) -> QuerySet[Orchestration]:
    """The orchestrations whose definitions the person may look at."""
    if may_see_definition(user):
        return Orchestration.objects.all()
    if not user.is_active:
        return Orchestration.objects.none()
    rights = [f"orchestration.{right}_orchestration" for right in ("view", "change", "debug", "activate")]
    return get_objects_for_user(user, rights, Orchestration, any_perm=True, accept_global_perms=False, with_superuser=False)


def may_build(user: Any, orchestration: Orchestration | None = None) -> bool:
    """Whether the person may change its drafts."""
    return may(user, "orchestration.change_orchestration", orchestration)


def may_debug(user: Any, orchestration: Orchestration | None = None) -> bool:
    """Whether the person may make debug runs of it: as anybody, with everything rolled back."""
    return may(user, "orchestration.debug_orchestration", orchestration)


def may_activate(user: Any, orchestration: Orchestration | None = None) -> bool:
    """Whether the person may activate and deactivate its versions, and open and close its rollout gate."""
    return may(user, "orchestration.activate_orchestration", orchestration)


def may_see_go_live(user: Any, orchestration: Orchestration) -> bool:
    """Whether the person may see what stands between a version and its activation: whoever builds it, or activates it."""
    return may_build(user, orchestration) or may_activate(user, orchestration)


def may_share(user: Any, orchestration: Orchestration) -> bool:
    """Whether the person may say what groups may do with it: who may change groups. Building alone would make every right one's own."""
    return may(user, "auth.change_group") and may_see_definition(user, orchestration)


def may_operate(user: Any, orchestration: Orchestration) -> bool:
    """Whether the person may intervene in its instances."""
    return may(user, "orchestration.operate_orchestration", orchestration)


def may_reassign(user: Any, orchestration: Orchestration) -> bool:
    """Whether the person may give work items of its instances to others."""
    return may_operate(user, orchestration) or may(user, "orchestration.reassign_workitem")


def work_items_for(user: Any) -> QuerySet[WorkItem]:
    """The items, open or done, that the person may see: theirs, their groups' and queues', those they did or operate."""
    if not user.is_active:
        return WorkItem.objects.none()
    mine = WorkItem.objects.for_user(user)
    operated = WorkItem.objects.filter(instance__orchestration__in=_operated_by(user))
    did = WorkItem.objects.filter(completed_by=user)
    return WorkItem.objects.filter(Q(pk__in=mine.values("pk")) | Q(pk__in=operated.values("pk")) | Q(pk__in=did.values("pk")))


def instances_for(user: Any) -> QuerySet[Instance]:
    """The instances that the person may see: of records they may view, those they started, worked on or operate."""
    if not user.is_active:
        return Instance.objects.none()
    visible = Q(starter=user) | Q(orchestration__in=_operated_by(user))
    visible |= Q(pk__in=WorkItem.objects.for_user(user).values("instance"))
    visible |= Q(pk__in=WorkItem.objects.filter(completed_by=user).values("instance"))
    for label in Orchestration.objects.exclude(record_model="").values_list("record_model", flat=True).distinct():
        visible |= _of_viewable_records(user, label)
    return Instance.objects.filter(visible)


def instances_operated_by(user: Any) -> QuerySet[Instance]:
    """The instances in which the person may intervene."""
    if not user.is_active:
        return Instance.objects.none()
    return Instance.objects.filter(orchestration__in=_operated_by(user))


def why_not(user: Any, item: WorkItem) -> str:
    """Why the person may not complete the item, in a sentence; empty when they may. Its status is not looked at.

    The item was read with `marked_for` this person.
    """
    if not user.is_active:
        return _("This account is no longer active.")
    if not item.is_theirs:
        return _("This is assigned to %(assignee)s. Ask them, or an operator, to do it.") % {
            "assignee": item.assignee_label or _("nobody yet")
        }
    return why_not_able(user, item.flow, item.record, item.flow_version)


def why_not_able(user: Any, key: str, record: Model | None, version: int | None = None) -> str:
    """What permission a person lacks to run the screen flow (of this version, or the active one) on the record; empty when none."""
    if not may_run(user, key):
        return _("You have no permission to run this form. Ask an administrator for “Can run flow”.")
    if record is None:
        return ""
    if not may_view_record(user, record):
        return _("You have no permission to view the record that this is about. Ask an administrator for it.")
    try:
        flow = flows.get(key, version)
    except FlowMissing as missing:
        return str(missing)
    if flow.changes_record and not flow.as_system and not may_change_record(user, record):
        return _("This form changes the record, and you have no permission to change it. Ask an administrator for it.")
    return ""


def _permission(action: str, record: Model | type[Model]) -> str:
    meta = record._meta
    return f"{meta.app_label}.{action}_{meta.model_name}"


def _operated_by(user: Any) -> QuerySet[Orchestration]:
    if may(user, "orchestration.operate_orchestration"):
        return Orchestration.objects.all()
    return get_objects_for_user(user, "orchestration.operate_orchestration", Orchestration, accept_global_perms=False, with_superuser=False)


def _of_viewable_records(user: Any, label: str) -> Q:
    model = model_named(label)
    if model is None:
        return Q(pk__in=[])
    permission = _permission("view", model)
    if may(user, permission):
        return Q(record_model=label)
    viewable = get_objects_for_user(user, permission, model, accept_global_perms=False, with_superuser=False)
    keys = viewable.annotate(key=Cast("pk", CharField())).values("key")
    return Q(record_model=label, record_id__in=keys)
