"""How somebody stands to a work item at this moment: what they may do with it, and if not, why."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from orchestration import access
from orchestration.errors import FlowMissing
from orchestration.models import WorkItem
from orchestration.states import InstanceStatus, WorkItemStatus


@dataclass(frozen=True)
class Standing:
    """`kind` picks the banner's look; `sentence` says it; `may_answer` and `may_submit` what follows from it."""

    kind: str
    sentence: str = ""
    may_answer: bool = False
    may_submit: bool = False


def standing(item: WorkItem, user: AbstractUser) -> Standing:
    """Where the person stands; the engine decides again when they act."""
    if item.status == WorkItemStatus.COMPLETED:
        return Standing("completed")
    if item.status == WorkItemStatus.CANCELED:
        return Standing("canceled")
    if item.record_id and item.record is None:
        return Standing("gone", _("The record this was about, “%(record)s”, was deleted.") % {"record": item.record_label})
    if not item.instance.is_live:
        return Standing("ended", _("This instance has ended, so there is nothing left to do here."))
    if item.claimed_by_id not in (None, user.pk):
        return Standing("claimed")
    if why := access.why_not(user, item) or _missing(item):
        return Standing("denied", why)
    if item.instance.status == InstanceStatus.SUSPENDED:
        return Standing("suspended", may_answer=True)
    if item.claimed_by_id == user.pk:
        return Standing("mine", may_answer=True, may_submit=True)
    return Standing("unclaimed" if item.is_shared else "assigned", may_answer=True, may_submit=True)


def _missing(item: WorkItem) -> str:
    try:
        item.get_flow()
    except FlowMissing as missing:
        return str(missing)
    return ""
