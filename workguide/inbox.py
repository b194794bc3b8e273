"""Who has what to do: the questions that inbox, home and header ask."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from orchestration import access
from orchestration.models import Instance, StageInstance, WorkItem
from orchestration.states import InstanceStatus, StageStatus, WorkItemStatus


@dataclass(frozen=True)
class Counts:
    """How much is open for somebody: `mine`, `unclaimed` in what they share with others, and `shared` in all."""

    mine: int
    unclaimed: int
    shared: int
    newest: int

    @property
    def waiting(self) -> int:
        """What the person could do now."""
        return self.mine + self.unclaimed


def counts(user: AbstractUser) -> Counts:
    """One query."""
    waiting = _has(user) | _unclaimed()
    found = (
        WorkItem.objects.open()
        .for_user(user)
        .aggregate(
            mine=Count("pk", filter=_has(user)),
            unclaimed=Count("pk", filter=_unclaimed()),
            shared=Count("pk", filter=_shared()),
            newest=Max("pk", filter=waiting),
        )
    )
    return Counts(**{name: number or 0 for name, number in found.items()})


def mine(user: AbstractUser) -> QuerySet[WorkItem]:
    """Open items that the person has: assigned to them, or claimed; the oldest first."""
    return _shown(WorkItem.objects.open().for_user(user).filter(_has(user)))


def shared(user: AbstractUser) -> QuerySet[WorkItem]:
    """Open items of the person's groups and queues; those that nobody has claimed come first, the oldest of them on top."""
    items = WorkItem.objects.open().for_user(user).filter(_shared())
    return _shown(items).order_by(F("claimed_at").asc(nulls_first=True), "pk")


def unclaimed(user: AbstractUser) -> QuerySet[WorkItem]:
    """Open items of the person's groups and queues that nobody has claimed, the oldest first."""
    return _shown(WorkItem.objects.open().for_user(user).filter(_unclaimed()))


def done(user: AbstractUser) -> QuerySet[WorkItem]:
    """What the person completed, the latest first."""
    items = WorkItem.objects.filter(completed_by=user.pk, status=WorkItemStatus.COMPLETED)
    return _shown(items).order_by("-completed_at", "-pk")


def started(user: AbstractUser) -> QuerySet[Instance]:
    """The instances that the person started, the newest first, each with how far it has come."""
    return with_progress(Instance.objects.filter(starter=user.pk)).order_by("-pk")


def in_error(user: AbstractUser) -> QuerySet[Instance]:
    """The instances in error that the person may help on."""
    return with_progress(access.instances_operated_by(user).filter(status=InstanceStatus.ERROR)).order_by("-pk")


def with_progress(instances: QuerySet[Instance]) -> QuerySet[Instance]:
    """The instances with `stages`, `stages_done` and the label of the stage that they are in."""
    passed = StageInstance.objects.filter(instance=OuterRef("pk")).order_by()
    ended = passed.filter(status__in=[StageStatus.COMPLETED, StageStatus.SKIPPED]).values("instance")
    current = passed.order_by("-pk").values("stage__label")[:1]
    return instances.select_related("orchestration", "version").annotate(
        stages=Count("version__stages", distinct=True),
        stages_done=Coalesce(Subquery(ended.annotate(n=Count("stage", distinct=True)).values("n")), 0),
        stage_label=Subquery(current),
    )


def search(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    """Those whose label, record or orchestration contains each of the words."""
    label = [] if rows.model is Instance else ["label"]
    orchestration = "orchestration__label" if rows.model is Instance else "instance__orchestration__label"
    for word in words.split()[:8]:
        found = Q()
        for name in (*label, "record_label", orchestration):
            found |= Q(**{f"{name}__icontains": word})
        rows = rows.filter(found)
    return rows


def with_parts(items: QuerySet[WorkItem]) -> QuerySet[WorkItem]:
    """The items with all that a row shows."""
    return items.select_related(
        *("instance__orchestration", "step_instance__stage_instance__stage", "step_instance__step"),
        *("user", "group", "queue", "claimed_by", "draft"),
    )


def _shown(items: QuerySet[WorkItem]) -> QuerySet[WorkItem]:
    return with_parts(items).order_by("assigned_at", "pk")


def _has(user: AbstractUser) -> Q:
    return Q(user=user) | Q(claimed_by=user)


def _shared() -> Q:
    return Q(user=None)


def _unclaimed() -> Q:
    return Q(user=None, claimed_by=None)
