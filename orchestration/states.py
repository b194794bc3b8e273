"""Every status there is and every legal move between two, as tables."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class VersionStatus(TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    INACTIVE = "inactive", _("Inactive")


class InstanceStatus(TextChoices):
    IN_PROGRESS = "in_progress", _("In progress")
    SUSPENDED = "suspended", _("Suspended")
    COMPLETED = "completed", _("Completed")
    CANCELED = "canceled", _("Canceled")
    ERROR = "error", _("Error")


class StageStatus(TextChoices):
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    SKIPPED = "skipped", _("Skipped")
    DISCONTINUED = "discontinued", _("Discontinued")
    CANCELED = "canceled", _("Canceled")
    ERROR = "error", _("Error")


class StepStatus(TextChoices):
    NOT_STARTED = "not_started", _("Not started")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    SKIPPED = "skipped", _("Skipped")
    DISCONTINUED = "discontinued", _("Discontinued")
    CANCELED = "canceled", _("Canceled")
    ERROR = "error", _("Error")


class WorkItemStatus(TextChoices):
    ASSIGNED = "assigned", _("Assigned")
    COMPLETED = "completed", _("Completed")
    CANCELED = "canceled", _("Canceled")


class StartOutcome(TextChoices):
    """What came of a start request."""

    PENDING = "pending", _("Pending")
    STARTED = "started", _("Started")
    SKIPPED = "skipped", _("Skipped")
    REFUSED = "refused", _("Refused")


class EffectStatus(TextChoices):
    """How far something that leaves the database has come."""

    PENDING = "pending", _("Pending")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    DROPPED = "dropped", _("Dropped")


LIVE = (InstanceStatus.IN_PROGRESS, InstanceStatus.SUSPENDED, InstanceStatus.ERROR)
"""An instance in one of these has not ended."""

FINISHED = (StepStatus.COMPLETED, StepStatus.SKIPPED)
"""A step in one of these lets the steps after it begin, and its stage exit."""

Moves = Mapping[str, tuple[str, ...]]

_V, _I, _G, _S, _W = VersionStatus, InstanceStatus, StageStatus, StepStatus, WorkItemStatus

VERSION_MOVES: Moves = {
    _V.DRAFT: (_V.ACTIVE,),
    _V.ACTIVE: (_V.INACTIVE,),
    _V.INACTIVE: (_V.ACTIVE,),
}
INSTANCE_MOVES: Moves = {
    _I.IN_PROGRESS: (_I.SUSPENDED, _I.COMPLETED, _I.CANCELED, _I.ERROR),
    _I.SUSPENDED: (_I.IN_PROGRESS, _I.CANCELED, _I.ERROR),
    _I.ERROR: (_I.IN_PROGRESS, _I.CANCELED),
    _I.COMPLETED: (),
    _I.CANCELED: (),
}
STAGE_MOVES: Moves = {
    _G.IN_PROGRESS: (_G.COMPLETED, _G.SKIPPED, _G.DISCONTINUED, _G.CANCELED, _G.ERROR),
    _G.ERROR: (_G.IN_PROGRESS, _G.DISCONTINUED, _G.CANCELED),
    _G.COMPLETED: (),
    _G.SKIPPED: (),
    _G.DISCONTINUED: (),
    _G.CANCELED: (),
}
STEP_MOVES: Moves = {
    _S.NOT_STARTED: (_S.IN_PROGRESS, _S.SKIPPED, _S.DISCONTINUED, _S.CANCELED, _S.ERROR),
    _S.IN_PROGRESS: (_S.COMPLETED, _S.SKIPPED, _S.DISCONTINUED, _S.CANCELED, _S.ERROR),
    _S.ERROR: (_S.NOT_STARTED, _S.IN_PROGRESS, _S.COMPLETED, _S.SKIPPED, _S.DISCONTINUED, _S.CANCELED),
    _S.COMPLETED: (),
    _S.SKIPPED: (),
    _S.DISCONTINUED: (),
    _S.CANCELED: (),
}
WORK_ITEM_MOVES: Moves = {
    _W.ASSIGNED: (_W.COMPLETED, _W.CANCELED),
    _W.COMPLETED: (),
    _W.CANCELED: (),
}


class IllegalMove(Exception):
    """A move that the tables do not have: a defect in the caller, never a message for a person."""


def check_move(moves: Moves, before: str, after: str) -> None:
    """Raise IllegalMove unless `moves` lets a row go from `before` to `after`."""
    if after not in moves[before]:
        raise IllegalMove(f"{before} → {after}")
