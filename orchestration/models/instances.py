"""What runs: instances, their stages and steps, the work items they open, and the milestones that record every move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, When
from django.utils.translation import gettext_lazy as _

import orchestration.models.rows as rows
from orchestration import clock, flows
from orchestration.models.definitions import Orchestration, Stage, Step, Version
from orchestration.models.flows import FlowVersion
from orchestration.models.people import Person, Queue, QueueMember
from orchestration.models.records import AboutRecord, model_label
from orchestration.states import (
    INSTANCE_MOVES,
    LIVE,
    STAGE_MOVES,
    STEP_MOVES,
    WORK_ITEM_MOVES,
    InstanceStatus,
    Moves,
    StageStatus,
    StepStatus,
    WorkItemStatus,
    check_move,
)

User = settings.AUTH_USER_MODEL


def name_of(user: Person | None) -> str:
    """How history calls a person, also after the account is gone."""
    return (user.get_full_name() or user.get_username())[:150] if user else ""


class Moved(models.Model):
    """A row with a status that changes only by `move`."""

    MOVES: Moves
    MILESTONES: dict[str, str]
    status: models.CharField[str, str]

    class Meta:
        abstract = True

    def milestone_place(self) -> dict[str, Any]:
        """The columns that say where in an instance this row stands."""
        raise NotImplementedError

    def move(
        self,
        status: str,
        *,
        by: Person | None = None,
        reason: str = "",
        data: dict[str, Any] | None = None,
        **columns: Any,
    ) -> None:
        """Go to `status` (and set `columns`), and record the milestone, in one go.

        The row is changed only if its status is still the one that this object knows.

        Raises:
            IllegalMove: the tables have no such move; StaleRow: somebody else moved the row meanwhile.
        """
        before: str = self.status
        check_move(self.MOVES, before, status)
        self.status = status
        for name, value in columns.items():
            setattr(self, name, value)
        is_written = not self._state.adding  # one that is not will be inserted as it is then
        if is_written and not rows.update(self, ("status", *columns), status=before):
            raise StaleRow(f"{self._meta.label} {self.pk} is no longer {before}")
        Milestone.record(
            self.MILESTONES[status],
            **self.milestone_place(),
            before=before,
            after=status,
            by=by,
            reason=reason,
            data=data,
        )


class StaleRow(Exception):
    """A compare-and-set found another status than expected: the caller worked on facts that were not locked."""


class InstanceQuerySet(models.QuerySet["Instance"]):
    def live(self) -> Self:
        """Those that have not ended."""
        return self.filter(status__in=LIVE)

    def for_record(self, record: models.Model) -> Self:
        """Those about this record."""
        return self.filter(record_model=model_label(record), record_id=str(record.pk))

    def locked(self, pk: int) -> Instance:
        """The instance, with its row locked until the transaction ends. Take it last, after every business row.

        On SQLite the transaction itself is the lock (it begins IMMEDIATE).
        """
        return self.select_for_update(no_key=True, of=("self",)).select_related("version", "orchestration").get(pk=pk)

    def to_look_at(self) -> Self:
        """Those whose conditions may have come true by themselves meanwhile."""
        return self.filter(look_again_at__lte=clock.now(), status=InstanceStatus.IN_PROGRESS).order_by("look_again_at")

    def lock_if_free(self, pk: int) -> bool:
        """Lock the row like `locked`, unless somebody else has it: then at once False."""
        return self.select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first() is not None


class Instance(AboutRecord, Moved):
    """A live copy of an orchestration, about one record or about none."""

    MOVES = INSTANCE_MOVES
    MILESTONES = {
        InstanceStatus.IN_PROGRESS: "instance_resumed",
        InstanceStatus.SUSPENDED: "instance_suspended",
        InstanceStatus.COMPLETED: "instance_completed",
        InstanceStatus.CANCELED: "instance_canceled",
        InstanceStatus.ERROR: "instance_failed",
    }

    orchestration = models.ForeignKey(Orchestration, models.PROTECT, related_name="instances")
    version = models.ForeignKey(Version, models.PROTECT, related_name="instances")
    status = models.CharField(_("status"), max_length=20, choices=InstanceStatus.choices, default=InstanceStatus.IN_PROGRESS)
    is_guarded = models.BooleanField(_("the only live one of its record"), default=True)
    start_values = models.JSONField(_("record at the start"), default=dict, encoder=DjangoJSONEncoder)
    inputs = models.JSONField(_("inputs"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    variables = models.JSONField(_("variables"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    starter = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    starter_label = models.CharField(_("started by"), max_length=150, blank=True)
    caused_by = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    depth = models.PositiveSmallIntegerField(_("depth in its chain of causes"), default=0)
    started_at = models.DateTimeField(_("started at"), default=clock.now)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    look_again_at = models.DateTimeField(
        _("look again at"), null=True, blank=True, help_text=_("When a condition that can come true by itself is looked at next.")
    )

    objects = InstanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("instance")
        verbose_name_plural = _("instances")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["orchestration", "record_model", "record_id"],
                condition=Q(status__in=LIVE, is_guarded=True) & ~Q(record_id=""),
                name="one_live_instance_per_record",
            ),
        ]
        indexes = [
            models.Index(fields=["record_model", "record_id", "-id"], name="instance_by_record"),
            models.Index(fields=["starter", "-id"], name="instance_by_starter"),
            models.Index(fields=["status", "-id"], name="instance_by_status"),
            models.Index(fields=["look_again_at"], name="instance_look_again", condition=Q(look_again_at__isnull=False)),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begin_anew()

    def __str__(self) -> str:
        return f"{self.orchestration} {self.pk} · {self.record_label}".rstrip(" ·")

    def begin_anew(self) -> None:
        """Forget what a transaction before this one noted on the object."""
        # What the transaction that moves it will have to tell after its commit: workers to wake, and pages to refresh.
        self.ready_steps = 0
        self.news: set[str] = set()
        # While it is locked: steps that are not inserted yet, and milestones; `moving.write` writes each kind by one statement.
        self.unwritten: list[StepInstance] = []
        self.untold: list[Told] | None = None
        self._seen: tuple[Any] | None = None
        # What `moving.settle` notes on its way: where it stands, if that was read just now; the stage begun just now; whether a
        # handler has left the current one; and whether a condition may come true by itself.
        self.present: tuple[StageInstance, list[StepInstance]] | None = None
        self.fresh_stage: int | None = None
        self.left_stage = False
        self.looks_by_itself = False

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.status in LIVE

    def get_record(self) -> Any:
        """The record as it is now. While the row is locked no flow runs, so it is read once, and everybody sees the same."""
        if self.untold is None:
            return super().get_record()
        if self._seen is None:
            self._seen = (super().get_record(),)
        return self._seen[0]

    @property
    def lane(self) -> int | None:
        """Where its ready steps wait for a worker: with those of its orchestration; nowhere while it is not in progress."""
        return self.orchestration_id if self.status == InstanceStatus.IN_PROGRESS else None

    def move(self, status: str, **columns: Any) -> None:
        """Go to `status`; steps that are ready can be claimed while it is in progress, and only then (R7.3, R8.1)."""
        lane = self.lane
        super().move(status, **columns)
        if status in LIVE and self.lane != lane:
            self.step_instances.filter(ready_at__isnull=False).update(lane=self.lane)
            for step in self.unwritten:
                step.lane = self.lane if step.ready_at else None

    def milestone_place(self) -> dict[str, Any]:
        return {"instance": self}


class StageInstance(Moved):
    """One passage through a stage. Going back makes the next iteration."""

    MOVES = STAGE_MOVES
    MILESTONES = {
        StageStatus.IN_PROGRESS: "stage_resumed",
        StageStatus.COMPLETED: "stage_completed",
        StageStatus.SKIPPED: "stage_skipped",
        StageStatus.DISCONTINUED: "stage_discontinued",
        StageStatus.CANCELED: "stage_canceled",
        StageStatus.ERROR: "stage_failed",
    }

    instance = models.ForeignKey(Instance, models.CASCADE, related_name="stage_instances")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    iteration = models.PositiveIntegerField(_("iteration"), default=1)
    status = models.CharField(_("status"), max_length=20, choices=StageStatus.choices, default=StageStatus.IN_PROGRESS)
    looked = models.JSONField(_("condition when last looked at"), default=dict, blank=True)
    error = models.JSONField(_("error"), default=dict, blank=True)
    started_at = models.DateTimeField(_("started at"), default=clock.now)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("stage instance")
        verbose_name_plural = _("stage instances")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["instance", "stage", "iteration"], name="stage_iteration_once"),
            models.UniqueConstraint(
                fields=["instance"],
                condition=Q(status__in=[StageStatus.IN_PROGRESS, StageStatus.ERROR]),
                name="one_stage_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.stage)

    def begin(self) -> None:
        """Insert it as the next iteration of its stage."""
        passages = f'SELECT COUNT(*) + 1 FROM "{self._meta.db_table}" WHERE instance_id = %s AND stage_id = %s'  # noqa: S608
        rows.insert(StageInstance, [self], iteration=(passages, [self.instance_id, self.stage_id]))

    def milestone_place(self) -> dict[str, Any]:
        return {"instance": self.instance, "stage_instance": self}


class StepInstanceQuerySet(models.QuerySet["StepInstance"]):
    def ready(self) -> Self:
        """Background steps that a worker may claim now, oldest first."""
        return self.filter(ready_at__lte=clock.now(), lane__isnull=False).order_by("ready_at", "pk")

    def lease_expired(self) -> Self:
        """Claimed steps whose worker has not come back in time."""
        return self.filter(lease_until__lt=clock.now())


def null_once_finished(collector: Any, field: Any, items: Any, using: str) -> None:
    """For the flow version that a step is pinned to: it cannot be deleted while the step may still use it (R1.4)."""
    if still_open := {step for step in items if step.MOVES[step.status]}:
        raise models.ProtectedError(_("Steps still use it: %(steps)s.") % {"steps": ", ".join(map(str, still_open))}, still_open)
    models.SET_NULL(collector, field, items, using)


class StepInstance(Moved):
    """One step of one passage through a stage, with its latest attempt.

    `ready_at` is set while it is to be taken up by a worker (from that moment on), and `lane` with it while its instance is in
    progress: the orchestration's number, since orchestrations take turns (R4.2). `token` and `lease_until` are set while a worker has it.
    """

    MOVES = STEP_MOVES
    MILESTONES = {
        StepStatus.NOT_STARTED: "step_retried",
        StepStatus.IN_PROGRESS: "step_started",
        StepStatus.COMPLETED: "step_completed",
        StepStatus.SKIPPED: "step_skipped",
        StepStatus.DISCONTINUED: "step_discontinued",
        StepStatus.CANCELED: "step_canceled",
        StepStatus.ERROR: "step_failed",
    }

    instance = models.ForeignKey(Instance, models.CASCADE, related_name="step_instances")
    stage_instance = models.ForeignKey(StageInstance, models.CASCADE, related_name="step_instances")
    step = models.ForeignKey(Step, models.PROTECT, related_name="+")
    status = models.CharField(_("status"), max_length=20, choices=StepStatus.choices, default=StepStatus.NOT_STARTED)
    flow_version = models.ForeignKey(
        FlowVersion, null_once_finished, null=True, blank=True, related_name="+", verbose_name=_("flow's version")
    )
    checkpoint = models.JSONField(
        _("checkpoint"), default=dict, blank=True, help_text=_("Where a flow with call-outs or waits has come to, and what it knows there.")
    )
    handles = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="recoveries", verbose_name=_("handles"))
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    tries_left = models.PositiveSmallIntegerField(_("tries left"), default=0)
    ready_at = models.DateTimeField(_("ready at"), null=True, blank=True)
    lane = models.BigIntegerField(_("lane"), null=True, blank=True)
    token = models.CharField(_("token of the running attempt"), max_length=32, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    callback_key = models.CharField(
        _("callback key"), max_length=32, blank=True, help_text=_("Set while, and after, its flow waits for a call from outside.")
    )
    callback = models.JSONField(_("callback"), null=True, blank=True)
    outputs = models.JSONField(_("outputs"), default=dict, encoder=DjangoJSONEncoder)
    looked = models.JSONField(_("condition when last looked at"), default=dict, blank=True)
    error = models.JSONField(_("latest error"), default=dict, blank=True)
    usage = models.JSONField(_("used by the latest attempt"), default=dict, blank=True, help_text=_("What is limited, and how much of it."))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = StepInstanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("step instance")
        verbose_name_plural = _("step instances")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["stage_instance", "step"], condition=Q(handles__isnull=True), name="step_once_in_stage_instance"
            ),
            models.UniqueConstraint(
                fields=["handles"],
                condition=Q(status__in=[StepStatus.NOT_STARTED, StepStatus.IN_PROGRESS]),
                name="one_recovery_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ready_at__isnull=True, token="", lease_until__isnull=True)
                | Q(status=StepStatus.IN_PROGRESS, ready_at__isnull=False, token="", lease_until__isnull=True)
                | Q(status=StepStatus.IN_PROGRESS, ready_at__isnull=True, lease_until__isnull=False) & ~Q(token=""),
                name="step_ready_or_claimed_or_neither",
            ),
            models.CheckConstraint(condition=Q(lane__isnull=True) | Q(ready_at__isnull=False), name="step_in_a_lane_is_ready"),
        ]
        indexes = [
            models.Index(fields=["lane", "ready_at", "id"], name="step_by_lane", condition=Q(lane__isnull=False)),
            models.Index(fields=["lease_until"], name="step_leased", condition=Q(lease_until__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.step)

    @property
    def key(self) -> str:
        """The idempotency key that each attempt of it shows to the outside."""
        return f"step-{self.pk}"

    def get_flow(self) -> flows.Flow:
        """Its flow, of the version that it is pinned to. Raises FlowMissing."""
        return flows.get(self.step.flow, self.flow_version_id)

    def milestone_place(self) -> dict[str, Any]:
        return {"instance": self.instance, "stage_instance": self.stage_instance, "step_instance": self}


def null_once_done(collector: Any, field: Any, items: Any, using: str) -> None:
    """For a foreign key of a work item: nobody can be deleted who has open work; of what is done only the name is kept (R9.2)."""
    if still_open := {item for item in items if item.is_open}:
        raise models.ProtectedError(_("There is open work: %(items)s.") % {"items": ", ".join(map(str, still_open))}, still_open)
    models.SET_NULL(collector, field, items, using)


def _assigned_to(user: Person) -> Q:
    groups = Group.objects.filter(user=user).values("pk")
    queues = Queue.objects.filter(Q(members__user=user) | Q(members__group__in=groups)).values("pk")
    return Q(user=user) | Q(group__in=groups) | Q(queue__in=queues)


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    def open(self) -> Self:
        """Those that somebody still has to do."""
        return self.filter(status=WorkItemStatus.ASSIGNED)

    def for_user(self, user: Person) -> Self:
        """Those assigned to the person, to one of their groups, or to one of their queues. Membership is read now."""
        return self.filter(_assigned_to(user))

    def marked_for(self, user: Person) -> Self:
        """The same items, each with `is_theirs`: whether `for_user` would have it."""
        return self.annotate(is_theirs=Case(When(_assigned_to(user), then=True), default=False))

    def for_record(self, record: models.Model) -> Self:
        """Those about this record."""
        return self.filter(record_model=model_label(record), record_id=str(record.pk))

    def with_siblings(self) -> Self:
        """The same items, each with `is_last`: whether no other item of its step is open."""
        others = WorkItem.objects.open().filter(step_instance=OuterRef("step_instance")).exclude(pk=OuterRef("pk"))
        return self.annotate(is_last=~Exists(others))

    def with_nobody(self) -> Self:
        """Open ones that nobody with an active account has, or shares (R5.2)."""
        in_group = get_user_model()._default_manager.filter(is_active=True, groups=OuterRef("group"))
        in_queue = QueueMember.objects.filter(queue=OuterRef("queue")).filter(Q(user__is_active=True) | Q(group__user__is_active=True))
        return self.open().exclude(user__is_active=True).exclude(Exists(in_group)).exclude(Exists(in_queue))


class WorkItem(AboutRecord, Moved):
    """What lands with a user, a group or a queue: a screen flow to finish, about a record."""

    MOVES = WORK_ITEM_MOVES
    MILESTONES = {
        WorkItemStatus.COMPLETED: "work_item_completed",
        WorkItemStatus.CANCELED: "work_item_canceled",
    }

    instance = models.ForeignKey(Instance, models.CASCADE, related_name="work_items")
    step_instance = models.ForeignKey(StepInstance, models.CASCADE, related_name="work_items")
    label = models.CharField(_("label"), max_length=100)
    flow = models.CharField(_("flow"), max_length=120)
    status = models.CharField(_("status"), max_length=20, choices=WorkItemStatus.choices, default=WorkItemStatus.ASSIGNED)
    user = models.ForeignKey(User, null_once_done, null=True, blank=True, related_name="work_items")
    group = models.ForeignKey(Group, null_once_done, null=True, blank=True, related_name="work_items")
    queue = models.ForeignKey(Queue, null_once_done, null=True, blank=True, related_name="work_items")
    assignee_label = models.CharField(_("assignee"), max_length=150, blank=True)
    assigned_at = models.DateTimeField(_("assigned at"), default=clock.now)
    claimed_by = models.ForeignKey(User, null_once_done, null=True, blank=True, related_name="claimed_work_items")
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    completed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="completed_work_items")
    completed_label = models.CharField(_("completed by"), max_length=150, blank=True)
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    revision = models.PositiveIntegerField(_("revision"), default=1)

    is_theirs: bool  # what `marked_for` adds
    is_last: bool  # what `with_siblings` adds

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        ordering = ["pk"]
        permissions = [("reassign_workitem", _("Can reassign work items"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True, group__isnull=True)
                | Q(user__isnull=True, queue__isnull=True)
                | Q(group__isnull=True, queue__isnull=True),
                name="work_item_has_one_assignee",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "id"], name="open_item_by_user", condition=Q(status="assigned")),
            models.Index(fields=["group", "id"], name="open_item_by_group", condition=Q(status="assigned")),
            models.Index(fields=["queue", "id"], name="open_item_by_queue", condition=Q(status="assigned")),
            models.Index(fields=["completed_by", "-id"], name="item_by_completer"),
            models.Index(fields=["record_model", "record_id", "-id"], name="item_by_record"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do it."""
        return self.status == WorkItemStatus.ASSIGNED

    @property
    def flow_version(self) -> int | None:
        """The key of the version of its flow that its step is pinned to; None for a flow in code, at no cost."""
        return self.step_instance.flow_version_id if self.flow.startswith(f"{flows.BUILT}.") else None

    def get_flow(self) -> flows.Flow:
        """Its screen flow, of the version that somebody may have begun to fill in (R1.4). Raises FlowMissing."""
        return flows.get(self.flow, self.flow_version)

    @property
    def is_shared(self) -> bool:
        """Whether several people may do it, so that one of them can claim it."""
        return self.queue_id is not None or self.group_id is not None

    def milestone_place(self) -> dict[str, Any]:
        return {
            "instance": self.instance,
            "stage_instance": self.step_instance.stage_instance,
            "step_instance": self.step_instance,
            "work_item": self,
        }

    def change(self, kind: str, *, by: Person | None, reason: str = "", data: dict[str, Any] | None = None, **columns: Any) -> None:
        """Change who has it (not its status) and record the milestone."""
        columns["revision"] = self.revision + 1
        for name, value in columns.items():
            setattr(self, name, value)
        self.save(update_fields=list(columns))
        place = self.milestone_place()
        Milestone.record(kind, **place, before=self.status, after=self.status, by=by, reason=reason, data=data)


class Draft(models.Model):
    """What has been filled in so far, valid or not. One per work item; it survives logout, release and restart."""

    work_item = models.OneToOneField(WorkItem, models.CASCADE, related_name="draft")
    answers = models.JSONField(_("answers"), default=dict, help_text=_("For each field the list of raw values."))
    screen = models.PositiveSmallIntegerField(_("screen"), default=0)
    saved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField(_("saved at"), default=clock.now)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")

    def __str__(self) -> str:
        return f"{self.work_item} · {self.saved_at:%Y-%m-%d %H:%M}"


class Submission(models.Model):
    """The one submission that completed a work item. `key` tells the same submission, sent twice, from another one."""

    work_item = models.OneToOneField(WorkItem, models.CASCADE, related_name="submission")
    key = models.CharField(_("key"), max_length=64)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    answers = models.JSONField(_("answers"), default=dict)
    created_at = models.DateTimeField(_("created at"), default=clock.now)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")

    def __str__(self) -> str:
        return f"{self.work_item} · {self.created_at:%Y-%m-%d %H:%M}"


class MilestoneKind(models.TextChoices):
    INSTANCE_STARTED = "instance_started", _("Instance started")
    INSTANCE_RESUMED = "instance_resumed", _("Instance resumed")
    INSTANCE_SUSPENDED = "instance_suspended", _("Instance suspended")
    INSTANCE_COMPLETED = "instance_completed", _("Instance completed")
    INSTANCE_CANCELED = "instance_canceled", _("Instance canceled")
    INSTANCE_FAILED = "instance_failed", _("Instance failed")
    STAGE_STARTED = "stage_started", _("Stage started")
    STAGE_RESUMED = "stage_resumed", _("Stage resumed")
    STAGE_COMPLETED = "stage_completed", _("Stage completed")
    STAGE_SKIPPED = "stage_skipped", _("Stage skipped")
    STAGE_DISCONTINUED = "stage_discontinued", _("Stage discontinued")
    STAGE_CANCELED = "stage_canceled", _("Stage canceled")
    STAGE_FAILED = "stage_failed", _("Stage failed")
    STEP_STARTED = "step_started", _("Step started")
    STEP_COMPLETED = "step_completed", _("Step completed")
    STEP_SKIPPED = "step_skipped", _("Step skipped")
    STEP_DISCONTINUED = "step_discontinued", _("Step discontinued")
    STEP_CANCELED = "step_canceled", _("Step canceled")
    STEP_FAILED = "step_failed", _("Step failed")
    STEP_RETRIED = "step_retried", _("Step taken up again")
    VARIABLE_CHANGED = "variable_changed", _("Variable changed")
    ATTEMPT_FAILED = "attempt_failed", _("Attempt failed")
    ATTEMPT_DEFERRED = "attempt_deferred", _("Attempt put off")
    CALLBACK_RECEIVED = "callback_received", _("Callback received")
    ATTEMPT_LOST = "attempt_lost", _("Attempt lost")
    WORK_ITEM_ASSIGNED = "work_item_assigned", _("Work item assigned")
    WORK_ITEM_CLAIMED = "work_item_claimed", _("Work item claimed")
    WORK_ITEM_RELEASED = "work_item_released", _("Work item released")
    WORK_ITEM_REASSIGNED = "work_item_reassigned", _("Work item reassigned")
    WORK_ITEM_COMPLETED = "work_item_completed", _("Work item completed")
    WORK_ITEM_CANCELED = "work_item_canceled", _("Work item canceled")


@dataclass(slots=True)
class Told:
    """A milestone that is recorded and not written yet: its columns, and the rows that it is about, which may have no key yet."""

    instance_id: int
    stage_instance: StageInstance | None
    step_instance: StepInstance | None
    work_item_id: int | None
    kind: str
    at: datetime
    actor_id: int | None
    actor_label: str
    before: str
    after: str
    reason: str
    data: dict[str, Any]

    @property
    def stage_instance_id(self) -> int | None:
        return self.stage_instance.pk if self.stage_instance else None

    @property
    def step_instance_id(self) -> int | None:
        return self.step_instance.pk if self.step_instance else None


class MilestoneQuerySet(models.QuerySet["Milestone"]):
    def newest_id(self) -> int:
        """The highest number given so far, 0 when there is none: a version of everything."""
        return self.order_by("-pk").values_list("pk", flat=True).first() or 0


class Milestone(models.Model):
    """One recorded move: history and timeline at once. `data` is what the move added to what expressions can read."""

    instance = models.ForeignKey(Instance, models.CASCADE, related_name="milestones")
    stage_instance = models.ForeignKey(StageInstance, models.CASCADE, null=True, related_name="milestones")
    step_instance = models.ForeignKey(StepInstance, models.CASCADE, null=True, related_name="milestones")
    work_item = models.ForeignKey(WorkItem, models.CASCADE, null=True, related_name="milestones")
    kind = models.CharField(_("kind"), max_length=30, choices=MilestoneKind.choices)
    at = models.DateTimeField(_("at"), default=clock.now)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    actor_label = models.CharField(_("who"), max_length=150, blank=True)
    before = models.CharField(_("before"), max_length=20, blank=True)
    after = models.CharField(_("after"), max_length=20, blank=True)
    reason = models.TextField(_("why"), blank=True)
    data = models.JSONField(_("what changed"), default=dict, encoder=DjangoJSONEncoder)

    objects = MilestoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.sentence

    @classmethod
    def record(
        cls,
        kind: str,
        *,
        instance: Instance,
        stage_instance: StageInstance | None = None,
        step_instance: StepInstance | None = None,
        work_item: WorkItem | None = None,
        by: Person | None = None,
        before: str = "",
        after: str = "",
        reason: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """One milestone, at this moment, by `by` or by the engine itself; of a locked instance it is written with the others."""
        about = (instance.pk, stage_instance, step_instance, work_item.pk if work_item else None)
        told = Told(*about, kind, clock.now(), by.pk if by else None, name_of(by), before, after, str(reason), data or {})
        if instance.untold is None:
            cls.write([told])
        else:
            instance.untold.append(told)

    @classmethod
    def write(cls, told: list[Told]) -> None:
        """Insert them, in their order."""
        rows.insert(cls, told, with_keys=False)

    @property
    def subject(self) -> str:
        """What moved, by name."""
        return str(self.work_item or self.step_instance or self.stage_instance or self.instance.orchestration)

    @property
    def sentence(self) -> str:
        """The move in words, without who and when."""
        return f"{self.get_kind_display()}: {self.subject}"
